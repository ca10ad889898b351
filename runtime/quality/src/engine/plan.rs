//! What each expectation of a suite does with batches of a table: bound to its columns, or refused with a reason.

use arrow::datatypes::SchemaRef;
use hashbrown::HashMap;

use super::aggregate::{self, Aggregate, Said};
use super::column::Kind;
use super::condition::{self, Bound};
use super::derived::{self, Derived};
use super::keys::Keys;
use super::late::{self, Gathering};
use super::outcome::Reason;
use super::rows::{self, Test, named};
use super::schema_change;
use super::shape;
use super::tally::{Options, Shape, Tally};
use crate::suite::{Check, ColumnType, Condition, Expectation, IgnoreRows, Kind as CheckKind, Nan, OnFail, Suite};

/// What an expectation is doing.
pub enum Work {
    /// It is not asked for.
    Skipped,
    /// It cannot be evaluated.
    Failed(Reason),
    /// It was decided by the schema.
    Decided(Said),
    /// It judges each row.
    Rows(Test, Tally),
    /// It gathers rows to find equal ones.
    Unique(Keys, Tally),
    /// It gathers numbers to judge rows by.
    Gather(Gathering, Tally),
    /// It adds batches up.
    Aggregate(Box<dyn Aggregate>),
    /// It needs to know whether a column has missing values.
    Type(ColumnType, usize, bool),
}

/// An expectation at work.
pub struct Running {
    /// What it does.
    pub work: Work,
    /// Which of the plan's row conditions it has.
    pub condition: usize,
    /// What a NaN is to it.
    pub nan: Nan,
    /// The places of the columns that it reads, the row condition's among them.
    pub reads: Vec<usize>,
}

/// All expectations of a suite over a table.
pub struct Plan {
    /// The table's columns that are read, by position, rising. A column's place in this list is its slot.
    pub columns: Vec<usize>,
    /// Each row condition once for each sense of NaN; the first means all rows.
    pub conditions: Vec<Option<(Bound, Nan)>>,
    /// The expectations, in the suite's order.
    pub running: Vec<Running>,
}

impl Plan {
    /// Binds a suite to a table.
    pub fn new(suite: &Suite, schema: &SchemaRef, options: Options<'_>) -> Self {
        let positions: HashMap<&str, usize> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(i, f)| (f.name().as_str(), i))
            .collect();
        let mut columns: Vec<usize> = suite
            .expectations
            .iter()
            .filter(|e| e.enabled)
            .flat_map(names)
            .filter_map(|name| positions.get(name).copied())
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let slots = |name: &str| -> Result<(usize, Kind), Reason> {
            let position = positions.get(name).ok_or_else(|| {
                let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                Reason::new(
                    "missing_column",
                    format!("there is no column {name:?}; there are {}", known.join(", ")),
                )
            })?;
            let slot = columns.binary_search(position).unwrap_or_default();
            Ok((slot, Kind::of(schema.field(*position).data_type())))
        };
        let mut conditions = vec![None];
        let mut known: Vec<(&Condition, Nan, usize)> = Vec::new();
        let mut running = Vec::new();
        for expectation in &suite.expectations {
            let reads = names(expectation)
                .iter()
                .filter_map(|n| slots(n).ok())
                .map(|(s, _)| s)
                .collect();
            let mut at = 0;
            let work = (|| {
                if !expectation.enabled {
                    return Ok(Work::Skipped);
                }
                if let Some(condition) = &expectation.row_condition {
                    let nan = expectation.nan;
                    at = match known.iter().find(|(c, n, _)| *c == condition && *n == nan) {
                        Some((_, _, at)) => *at,
                        None => {
                            conditions.push(Some((condition::bind(condition, &slots)?, nan)));
                            known.push((condition, nan, conditions.len() - 1));
                            conditions.len() - 1
                        }
                    };
                }
                let options = Options {
                    rows: options.rows && expectation.on_fail == OnFail::Quarantine,
                    ..options
                };
                work(expectation, schema, options, &slots)
            })();
            running.push(Running {
                work: work.unwrap_or_else(Work::Failed),
                condition: at,
                nan: expectation.nan,
                reads,
            });
        }
        Self {
            columns,
            conditions,
            running,
        }
    }
}

/// The columns whose values an expectation reads.
fn names(expectation: &Expectation) -> Vec<&str> {
    let mut names = match expectation.check.kind() {
        // What only BigQuery is asked for reads nothing here.
        CheckKind::Row | CheckKind::Aggregate if expectation.check.asks_bigquery() => Vec::new(),
        CheckKind::Row | CheckKind::Aggregate => expectation.check.columns(),
        CheckKind::Shape if matches!(expectation.check, Check::Type(_)) => expectation.check.columns(),
        CheckKind::Shape | CheckKind::Query => Vec::new(),
    };
    if let Some(condition) = &expectation.row_condition {
        names.extend(condition.columns());
    }
    names
}

fn work(
    expectation: &Expectation,
    schema: &SchemaRef,
    options: Options<'_>,
    slots: &rows::Slots<'_>,
) -> Result<Work, Reason> {
    let check = &expectation.check;
    if let Check::SchemaChange(c) = check {
        return schema_change::judge(c, &expectation.identity(), schema, options.context).map(Work::Decided);
    }
    let kind = |name: &str| slots(name).map(|(_, kind)| kind);
    if let Some(Derived { asked, judge }) = derived::of(expectation, options.context, &kind)?
        && let Some(asked) = aggregate::bind(&asked, slots)?
    {
        return Ok(Work::Aggregate(derived::judged(asked, judge)));
    }
    if let Some(said) = shape::check(check, schema) {
        return said.map(Work::Decided);
    }
    if let Some((test, shape)) = rows::bind(check, slots)? {
        return Ok(Work::Rows(test, Tally::new(options, shape)));
    }
    if let Some((gathering, slot)) = late::bind(check, slots)? {
        return Ok(Work::Gather(gathering, Tally::new(options, Shape::One(slot))));
    }
    if let Some(aggregate) = aggregate::bind(check, slots)? {
        return Ok(Work::Aggregate(aggregate));
    }
    match check {
        Check::Unique(c) => {
            let places = c
                .columns
                .iter()
                .map(|name| slots(name))
                .collect::<Result<Vec<_>, _>>()?;
            for (_, kind) in &places {
                super::keys::comparable(kind)?;
            }
            let places: Vec<usize> = places.into_iter().map(|(slot, _)| slot).collect();
            let (shape, ignore) = match places.as_slice() {
                [one] => (Shape::One(*one), IgnoreRows::AnyMissing),
                _ => (named(&c.columns, &places), c.ignore_rows),
            };
            Ok(Work::Unique(Keys::new(places, ignore), Tally::new(options, shape)))
        }
        Check::Type(c) => Ok(Work::Type(c.clone(), slots(&c.column)?.0, false)),
        Check::RowCountEquals(c) => Err(unsupported(format!(
            "the rows of {} are counted where the table is: this runs in BigQuery, not over a file",
            c.table
        ))),
        Check::ForeignKey(c) => Err(unsupported(format!(
            "keys are looked up where {} is: in BigQuery, not over a file",
            c.references.table
        ))),
        Check::Reconcile(c) => Err(unsupported(format!(
            "rows are compared with {} where both are: in BigQuery, not over a file",
            c.with.table
        ))),
        Check::SqlCondition(_) | Check::SqlAggregate(_) => Err(unsupported(
            "it is GoogleSQL, which BigQuery evaluates, and no file is evaluated by it".into(),
        )),
        Check::SqlRows(_) | Check::SqlEquals(_) => Err(unsupported(
            "a query runs where its tables are: in BigQuery, not over a file".into(),
        )),
        other => Err(unsupported(format!("{} is not evaluated over a file", other.name()))),
    }
}

const fn unsupported(message: String) -> Reason {
    Reason::new("unsupported", message)
}
