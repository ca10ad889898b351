//! What a gate does with rows: those against a check of rows whose `on_fail` is `quarantine` are set apart, each with all its
//! reasons; the others are let through.
//!
//! A [`Split`] is made of a suite and of what an evaluation with [`Options::rows`](crate::engine::Options) found. It says where
//! rows go and not whether any may go anywhere: that is the suite's state, and for the caller to heed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, ListArray, RecordBatch, StringArray};
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::engine::SuiteResult;
use crate::suite::{OnFail, Suite};

/// The column that rows set apart have behind their own: the ids of the expectations that they are against, in the suite's
/// order.
pub const REASONS: &str = "_headwater_reasons";

/// Which rows of the data are set apart, and why.
#[derive(Debug, Clone)]
pub struct Split {
    /// How many rows were judged.
    rows: usize,
    /// The rows that are set apart; none: there are none.
    apart: Option<BooleanBuffer>,
    quarantined: u64,
    /// The expectations that some row is against, and these rows.
    reasons: Vec<(String, BooleanBuffer)>,
}

/// A batch's rows.
#[derive(Debug)]
pub struct Parts {
    /// Those that are let through, in their order.
    pub accepted: RecordBatch,
    /// Those that are set apart, in their order, and behind their columns [`REASONS`]; none: all are let through.
    pub quarantined: Option<RecordBatch>,
}

impl Split {
    /// Of a suite and its evaluation over the data. An expectation without a verdict sets nothing apart.
    #[must_use]
    pub fn of(suite: &Suite, result: &SuiteResult) -> Self {
        let rows = usize::try_from(result.rows).unwrap_or(usize::MAX);
        let reasons: Vec<(String, BooleanBuffer)> = suite
            .expectations
            .iter()
            .zip(&result.results)
            .filter(|(expectation, _)| expectation.on_fail == OnFail::Quarantine)
            .filter_map(|(_, result)| Some((result.id.clone(), result.failing.clone()?)))
            .filter(|(_, failing)| failing.len() == rows && failing.count_set_bits() > 0)
            .collect();
        let apart = reasons
            .iter()
            .map(|(_, failing)| failing)
            .fold(None, |all: Option<BooleanBuffer>, failing| {
                Some(all.map_or_else(|| failing.clone(), |all| &all | failing))
            });
        Self {
            rows,
            quarantined: apart.as_ref().map_or(0, BooleanBuffer::count_set_bits) as u64,
            apart,
            reasons,
        }
    }

    /// How many rows are set apart.
    #[must_use]
    pub const fn quarantined(&self) -> u64 {
        self.quarantined
    }

    /// Whether any of `len` rows from `from` on is set apart.
    #[must_use]
    pub fn any(&self, from: usize, len: usize) -> bool {
        let Some(apart) = &self.apart else { return false };
        let from = from.min(apart.len());
        let len = len.min(apart.len() - from);
        apart.slice(from, len).count_set_bits() > 0
    }

    /// The expectations that a row is against; none of one that is let through.
    pub fn against(&self, row: usize) -> impl Iterator<Item = &str> {
        let against = self.reasons.iter().filter(move |(_, rows)| rows.value(row));
        against.map(|(id, _)| id.as_str())
    }

    /// Parts a batch, whose first row is the data's row `offset`.
    ///
    /// # Errors
    /// The batch goes beyond the rows that were judged, or has a column [`REASONS`] already.
    pub fn batch(&self, batch: &RecordBatch, offset: usize) -> Result<Parts, ArrowError> {
        let len = batch.num_rows();
        if offset.checked_add(len).is_none_or(|end| end > self.rows) {
            return Err(ArrowError::InvalidArgumentError(format!(
                "{len} rows from {offset} on, of {} that were judged",
                self.rows
            )));
        }
        let apart = self.apart.as_ref().map(|apart| apart.slice(offset, len));
        let Some(apart) = apart.filter(|apart| apart.count_set_bits() > 0) else {
            return Ok(Parts {
                accepted: batch.clone(),
                quarantined: None,
            });
        };
        let rows = filter_record_batch(batch, &BooleanArray::new(apart.clone(), None))?;
        let mut columns = rows.columns().to_vec();
        columns.push(self.reasons(&apart, offset)?);
        Ok(Parts {
            accepted: filter_record_batch(batch, &BooleanArray::new(!&apart, None))?,
            quarantined: Some(RecordBatch::try_new(quarantine_schema(&batch.schema())?, columns)?),
        })
    }

    /// The reasons of the rows that are set apart of a batch.
    fn reasons(&self, apart: &BooleanBuffer, offset: usize) -> Result<ArrayRef, ArrowError> {
        let mut ids: Vec<&str> = Vec::new();
        let mut lengths = Vec::with_capacity(apart.count_set_bits());
        for row in apart.set_indices() {
            let before = ids.len();
            ids.extend(self.against(offset + row));
            lengths.push(ids.len() - before);
        }
        let ids = StringArray::from(ids);
        let list = ListArray::try_new(element(), OffsetBuffer::from_lengths(lengths), Arc::new(ids), None)?;
        Ok(Arc::new(list) as Arc<dyn Array>)
    }
}

/// The columns of rows that are set apart: their own and [`REASONS`], a repeated text.
///
/// # Errors
/// There is such a column already.
pub fn quarantine_schema(schema: &SchemaRef) -> Result<SchemaRef, ArrowError> {
    if schema.column_with_name(REASONS).is_some() {
        return Err(ArrowError::SchemaError(format!(
            "the data has a column {REASONS} already, as rows have that were set apart before; leave it out first"
        )));
    }
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new(REASONS, DataType::List(element()), false)));
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// An item of the reasons, by the name that Parquet's specification gives it.
fn element() -> FieldRef {
    Arc::new(Field::new("element", DataType::Utf8, false))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::{REASONS, Split};
    use crate::engine::{InMemory, Options, State, evaluate};
    use crate::suite::{API_VERSION, Suite};

    fn data() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("row", DataType::Int64, false),
            Field::new("id", DataType::Int64, true),
            Field::new("status", DataType::Utf8, true),
        ]);
        let id = [Some(1), Some(2), None, Some(2), Some(5), Some(6)];
        let status = [Some("new"), Some("old"), None, Some("paid"), Some("old"), Some("new")];
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(Int64Array::from_iter_values(0..6)),
                Arc::new(Int64Array::from_iter(id)),
                Arc::new(StringArray::from_iter(status)),
            ],
        )
        .expect("a table")
    }

    fn split(expectations: &str) -> (State, Split) {
        let suite = format!(r#"{{"api_version":"{API_VERSION}","name":"s","expectations":[{expectations}]}}"#);
        let suite = Suite::from_json(suite.as_bytes()).expect("a suite");
        let data = data();
        let mut source = InMemory {
            schema: data.schema(),
            batches: vec![data.slice(0, 4), data.slice(4, 2)],
        };
        let options = Options {
            rows: true,
            ..Options::default()
        };
        let result = evaluate(&suite, &mut source, options).expect("evaluates");
        (result.state, Split::of(&suite, &result))
    }

    const UNIQUE: &str = r#"{"check":{"unique":{"columns":["id"]}},"on_fail":"quarantine"}"#;
    const THERE: &str = r#"{"check":{"not_null":{"column":"id"}},"on_fail":"quarantine","mostly":0.5}"#;
    const KNOWN: &str = r#"{"id":"known","check":{"in_set":{"column":"status","values":{"strings":["new","paid"]}}},
        "where":{"compare":{"column":"row","op":"<","value":{"ints":[4]}}},"on_fail":"quarantine"}"#;
    const RECORDED: &str = r#"{"check":{"is_null":{"column":"status"}},"on_fail":"record"}"#;
    const REFUSED: &str = r#"{"check":{"json":{"column":"row"}},"on_fail":"quarantine"}"#;

    /// What a split makes of the data in batches of a size: each row with its reasons, and none for those let through.
    fn parted(split: &Split, size: usize) -> Vec<(i64, Vec<String>)> {
        let data = data();
        let mut rows = Vec::new();
        for at in (0..6).step_by(size) {
            let batch = data.slice(at, size.min(6 - at));
            let parts = split.batch(&batch, at).expect("parts");
            assert_eq!(split.any(at, batch.num_rows()), parts.quarantined.is_some());
            assert_eq!(parts.accepted.schema(), data.schema());
            for row in parts.accepted.column(0).as_primitive::<Int64Type>().values() {
                rows.push((*row, Vec::new()));
            }
            let Some(apart) = parts.quarantined else { continue };
            assert_eq!(apart.schema().fields().last().expect("a column").name(), REASONS);
            // Their values are the data's own.
            let own = apart.project(&[0, 1, 2]).expect("columns");
            let originals: Vec<RecordBatch> = own
                .column(0)
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .map(|row| data.slice(usize::try_from(*row).expect("a row"), 1))
                .collect();
            assert_eq!(own, concat_batches(&data.schema(), &originals).expect("rows"));
            let reasons = apart.column(3).as_list::<i32>();
            for (at, row) in own.column(0).as_primitive::<Int64Type>().values().iter().enumerate() {
                let ids = reasons.value(at);
                let ids = ids.as_string::<i32>().iter().flatten().map(str::to_owned);
                rows.push((*row, ids.collect()));
            }
        }
        rows.sort();
        rows
    }

    #[test]
    fn each_row_goes_one_way_with_all_its_reasons() {
        let (state, split) = split(&[UNIQUE, RECORDED, KNOWN, THERE].join(","));
        assert_eq!(state, State::Fail);
        assert_eq!(split.quarantined(), 3);
        for size in [1, 2, 4, 6] {
            let rows = parted(&split, size);
            let expected: [(i64, &[&str]); 6] = [
                (0, &[]),
                (1, &["unique.id", "known"]),
                (2, &["not_null.id"]),
                (3, &["unique.id"]),
                (4, &[]),
                (5, &[]),
            ];
            let expected = expected.map(|(row, ids)| (row, ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()));
            assert_eq!(rows, expected, "batches of {size}");
        }
        assert!(split.any(0, 2) && split.any(3, 100) && !split.any(4, 2) && !split.any(100, 1));
    }

    #[test]
    fn what_has_no_verdict_or_is_only_recorded_sets_nothing_apart() {
        let (state, split) = split(&[RECORDED, REFUSED].join(","));
        assert_eq!((state, split.quarantined()), (State::Error, 0));
        assert!(parted(&split, 6).iter().all(|(_, reasons)| reasons.is_empty()));
    }

    #[test]
    fn other_rows_than_those_judged_are_refused() {
        let (_, split) = split(THERE);
        assert!(split.batch(&data(), 1).is_err());
        assert!(split.batch(&data(), usize::MAX).is_err());
        let apart = split.batch(&data(), 0).expect("parts").quarantined.expect("a row");
        let again = split
            .batch(&apart.slice(0, 1), 2)
            .expect_err("a column that is there already");
        assert!(again.to_string().contains(REASONS));
    }
}
