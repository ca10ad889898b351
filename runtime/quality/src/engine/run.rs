//! Runs a plan over a source, and draws the conclusions.

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::SchemaRef;

use super::aggregate::Said;
use super::column::Column;
use super::mask::Mask;
use super::outcome::{ExpectationResult, Reason, SuiteResult};
use super::plan::{Plan, Running, Work};
use super::rows::Test;
use super::tally::{Options, Tally};
use super::view::{Batch, Verdict, View};
use super::{EvaluateError, Source};
use super::{shape, verdict};
use crate::suite::{Expectation, Suite};

/// Evaluates a suite. What cannot be evaluated ends in the state `error` with a reason, and never passes.
///
/// # Errors
/// The data cannot be read to its end: then there is no verdict at all.
pub fn evaluate(suite: &Suite, source: &mut dyn Source, options: Options<'_>) -> Result<SuiteResult, EvaluateError> {
    let schema = source.schema();
    let Plan {
        columns,
        conditions,
        mut running,
    } = Plan::new(suite, &schema, options);
    let masks = |batch: &Batch| -> Vec<Result<Mask, Reason>> {
        let all = Mask::All(batch.len);
        conditions
            .iter()
            .map(|condition| match condition {
                None => Ok(all.clone()),
                Some((bound, nan)) => bound.mask(&View {
                    batch,
                    meant: &all,
                    nan: *nan,
                }),
            })
            .collect()
    };

    // What the schema alone decides needs no data, and to count rows none of the columns.
    let mut rows = 0u64;
    for read in source.scan(&columns)? {
        let read = read?;
        let batch = prepare(&read, rows, None);
        rows += batch.len as u64;
        let masks = masks(&batch);
        for one in &mut running {
            if let Err(reason) = first_look(one, &batch, &masks) {
                one.work = Work::Failed(reason);
            }
        }
    }

    let mut second = Vec::new();
    let mut concluded = Vec::with_capacity(running.len());
    for (at, one) in running.into_iter().enumerate() {
        let (conclusion, again) = between(one.work, &schema, &columns);
        if let Some(again) = again {
            second.push(Second {
                at,
                again,
                condition: one.condition,
                nan: one.nan,
                reads: one.reads,
            });
        }
        concluded.push(conclusion);
    }
    if !second.is_empty() {
        second_pass(second, source, &columns, rows, &masks, &mut concluded)?;
    }
    let results: Vec<ExpectationResult> = suite
        .expectations
        .iter()
        .zip(concluded)
        .map(|(expectation, conclusion)| result(expectation, conclusion))
        .collect();
    Ok(verdict::suite(suite, rows, results))
}

/// Brings a batch's columns into the forms of the kernels; with `only`, these slots alone are in the batch.
fn prepare(read: &RecordBatch, offset: u64, only: Option<(&[usize], usize)>) -> Batch {
    let columns = match only {
        None => read.columns().iter().map(Column::of).collect(),
        Some((slots, of)) => {
            let absent = || Err(Reason::new("unreadable", "the column was not read again".into()));
            let mut columns: Vec<Result<Column, Reason>> = (0..of).map(|_| absent()).collect();
            for (slot, array) in slots.iter().zip(read.columns()) {
                columns[*slot] = Column::of(array);
            }
            columns
        }
    };
    Batch {
        columns,
        offset,
        len: read.num_rows(),
    }
}

fn first_look(one: &mut Running, batch: &Batch, masks: &[Result<Mask, Reason>]) -> Result<(), Reason> {
    if let Work::Skipped | Work::Failed(_) | Work::Decided(_) = one.work {
        return Ok(());
    }
    let view = View {
        batch,
        meant: masks[one.condition].as_ref().map_err(Clone::clone)?,
        nan: one.nan,
    };
    match &mut one.work {
        Work::Skipped | Work::Failed(_) | Work::Decided(_) => Ok(()),
        Work::Rows(test, tally) => {
            let verdict = test(&view)?;
            tally.add(&view, &verdict)
        }
        Work::Unique(keys, tally) => {
            let verdict = keys.add(&view)?;
            tally.count(&view, &verdict);
            Ok(())
        }
        Work::Gather(gathering, ..) => gathering.add(&view),
        Work::Aggregate(aggregate) => aggregate.add(&view),
        Work::Type(_, slot, missing) => {
            *missing |= view.column(*slot)?.valid(view.nan).count() < batch.len;
            Ok(())
        }
    }
}

/// How an expectation ended.
enum Conclusion {
    Skipped,
    Failed(Reason),
    Said(Said),
    Rows(Box<Tally>),
}

/// What is done in a second pass.
enum Again {
    Judge(Test, Box<Tally>),
    Show(BooleanBuffer),
}

struct Second {
    at: usize,
    again: Again,
    condition: usize,
    nan: crate::suite::Nan,
    reads: Vec<usize>,
}

fn between(work: Work, schema: &SchemaRef, columns: &[usize]) -> (Conclusion, Option<Again>) {
    let said = |said: Result<Said, Reason>| match said {
        Ok(said) => Conclusion::Said(said),
        Err(reason) => Conclusion::Failed(reason),
    };
    match work {
        Work::Skipped => (Conclusion::Skipped, None),
        Work::Failed(reason) => (Conclusion::Failed(reason), None),
        Work::Decided(decided) => (Conclusion::Said(decided), None),
        Work::Rows(_, tally) => (Conclusion::Rows(Box::new(tally)), None),
        Work::Aggregate(aggregate) => (said(aggregate.finish()), None),
        Work::Type(check, slot, missing) => {
            let field = schema.field(columns[slot]);
            (Conclusion::Said(shape::of_type(&check, field, missing)), None)
        }
        Work::Gather(gathering, tally) => (
            Conclusion::Skipped,
            Some(Again::Judge(gathering.test(), Box::new(tally))),
        ),
        Work::Unique(keys, mut tally) => {
            let duplicates = keys.duplicates();
            let found = duplicates.count_set_bits();
            tally.counts.unexpected = found as u64;
            if let Some(failing) = &mut tally.failing {
                failing.append_buffer(&duplicates);
            }
            let again = (found > 0 && tally.is_curious()).then(|| Again::Show(tally.wanted(&duplicates)));
            (Conclusion::Rows(Box::new(tally)), again)
        }
    }
}

fn second_pass(
    mut second: Vec<Second>,
    source: &mut dyn Source,
    columns: &[usize],
    rows: u64,
    masks: &dyn Fn(&Batch) -> Vec<Result<Mask, Reason>>,
    concluded: &mut [Conclusion],
) -> Result<(), EvaluateError> {
    let mut slots: Vec<usize> = second.iter().flat_map(|s| s.reads.iter().copied()).collect();
    slots.sort_unstable();
    slots.dedup();
    let positions: Vec<usize> = slots.iter().map(|slot| columns[*slot]).collect();
    // To judge takes all rows; to show, those that are to be shown.
    let all = second.iter().any(|one| matches!(one.again, Again::Judge(..)));
    let shown: Vec<BooleanBuffer> = second
        .iter()
        .filter_map(|one| match &one.again {
            Again::Show(rows) => Some(rows.clone()),
            Again::Judge(..) => None,
        })
        .collect();
    let wanted = |from: usize, len: usize| {
        let any = |rows: &BooleanBuffer| {
            // A source may know of more rows than it gave.
            let from = from.min(rows.len());
            rows.slice(from, len.min(rows.len() - from)).count_set_bits() > 0
        };
        all || shown.iter().any(any)
    };
    let known = usize::try_from(rows).unwrap_or(usize::MAX);
    let (mut seen, mut end) = (0, 0);
    for read in source.scan_some(&positions, &wanted)? {
        let (from, read) = read?;
        seen += read.num_rows();
        end = from + read.num_rows();
        if end > known {
            break;
        }
        let batch = prepare(&read, from as u64, Some((&slots, columns.len())));
        let masks = masks(&batch);
        for one in &mut second {
            if let Err(reason) = second_look(one, &batch, &masks, from, &mut concluded[one.at]) {
                concluded[one.at] = Conclusion::Failed(reason);
            }
        }
    }
    if end > known || (all && seen != known) {
        return Err(EvaluateError::Changed {
            before: rows,
            after: end.max(seen) as u64,
        });
    }
    for one in second {
        if let (Again::Judge(_, tally), Conclusion::Skipped) = (one.again, &concluded[one.at]) {
            concluded[one.at] = Conclusion::Rows(tally);
        }
    }
    Ok(())
}

fn second_look(
    one: &mut Second,
    batch: &Batch,
    masks: &[Result<Mask, Reason>],
    from: usize,
    conclusion: &mut Conclusion,
) -> Result<(), Reason> {
    let view = View {
        batch,
        meant: masks[one.condition].as_ref().map_err(Clone::clone)?,
        nan: one.nan,
    };
    match (&mut one.again, conclusion) {
        (Again::Judge(test, tally), Conclusion::Skipped) => {
            let verdict: Verdict = test(&view)?;
            tally.add(&view, &verdict)
        }
        (Again::Show(duplicates), Conclusion::Rows(tally)) => tally.collect(&view, &duplicates.slice(from, batch.len)),
        _ => Ok(()),
    }
}

fn result(expectation: &Expectation, conclusion: Conclusion) -> ExpectationResult {
    match conclusion {
        Conclusion::Skipped => ExpectationResult::of(expectation),
        Conclusion::Failed(reason) => ExpectationResult::without_verdict(expectation, reason),
        Conclusion::Said(said) => verdict::said(expectation, said),
        Conclusion::Rows(tally) => ExpectationResult {
            counts: tally.most_frequent(),
            sample_rows: tally.sample_rows,
            complete: tally.complete,
            failing: tally.failing.map(|mut bits| bits.finish()),
            ..verdict::rows(expectation, tally.counts, tally.samples)
        },
    }
}
