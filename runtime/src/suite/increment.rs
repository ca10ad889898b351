//! What an incremental run reads: the rows above the watermark of the last run that had a verdict, less an overlap, up to the newest
//! that is there when the run begins.
//!
//! How far it goes is asked once for a run, by a job whose id is the run's: a task that is tried again reads the answer of the first,
//! and judges the same rows.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use headwater_cloud::{Cloud, Document, Error, Kind, TableRef};
use headwater_spec::{DqIncremental, watermark_job_id};

use super::Run;
use super::evaluate::query;

/// The rows of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Increment {
    /// Rows above this are read; none: all.
    pub from: Option<DateTime<Utc>>,
    /// The newest row; none: there is nothing.
    pub upto: Option<DateTime<Utc>>,
    /// Where the next run begins, less its overlap. A row whose time is to come does not move it beyond the present.
    pub watermark: Option<DateTime<Utc>>,
    /// The condition on rows.
    pub filter: String,
}

/// The type of a column that says when a row came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Timestamp,
    Datetime,
    Date,
}

/// A column that says when a row came.
#[derive(Debug, Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    of: Type,
}

impl<'a> Column<'a> {
    fn find(table: &'a Document, name: &str) -> Result<Self, Error> {
        let fields = table["schema"]["fields"].as_array().into_iter().flatten();
        let mut named = fields.filter_map(|field| Some((field["name"].as_str()?, field["type"].as_str()?)));
        let found = named.find(|(other, _)| other.eq_ignore_ascii_case(name));
        let wrong = |what: String| {
            let message = format!("{what}: `incremental.column` is a TIMESTAMP, DATETIME or DATE of the table");
            Error::new(Kind::Invalid, "find what has come", message)
        };
        let (name, of) = found.ok_or_else(|| wrong(format!("there is no column {name}")))?;
        let of = match of {
            "TIMESTAMP" => Type::Timestamp,
            "DATETIME" => Type::Datetime,
            "DATE" => Type::Date,
            other => return Err(wrong(format!("the column {name} is of type {other}"))),
        };
        Ok(Self { name, of })
    }

    fn sql(self) -> String {
        format!("`{}`", self.name)
    }

    /// A constant of the column's type, by which BigQuery leaves partitions out. Of a time it is the day that holds it.
    fn constant(self, at: DateTime<Utc>) -> String {
        match self.of {
            Type::Timestamp => format!("TIMESTAMP '{}'", stamp(at)),
            Type::Datetime => format!("DATETIME '{}'", at.format("%Y-%m-%dT%H:%M:%S%.6f")),
            Type::Date => format!("DATE '{}'", at.format("%Y-%m-%d")),
        }
    }
}

/// An instant as it is written everywhere.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// One that was written so.
pub fn parsed(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// Where a run begins: behind the watermark less the overlap, or with the first row at `start`.
fn lower(
    incremental: &DqIncremental,
    column: Column<'_>,
    before: Option<DateTime<Utc>>,
) -> (Option<DateTime<Utc>>, Option<String>) {
    let name = column.sql();
    match before {
        Some(before) => {
            let overlap = TimeDelta::try_seconds(i64::try_from(incremental.overlap_seconds).unwrap_or(i64::MAX));
            let from = overlap
                .and_then(|overlap| before.checked_sub_signed(overlap))
                .unwrap_or(before);
            (Some(from), Some(format!("{name} > {}", column.constant(from))))
        }
        None => {
            let start = incremental.start;
            (
                start,
                start.map(|start| format!("{name} >= {}", column.constant(start))),
            )
        }
    }
}

fn both(conditions: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    // A filter may end in a comment.
    let conditions: Vec<String> = conditions
        .into_iter()
        .flatten()
        .map(|one| format!("({one}\n)"))
        .collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// The query that says how far there are rows.
fn newest(column: Column<'_>, source: &str, from: Option<DateTime<Utc>>) -> String {
    let name = column.sql();
    let instant = match column.of {
        Type::Timestamp => "m".to_owned(),
        Type::Datetime | Type::Date => "TIMESTAMP(m, 'UTC')".to_owned(),
    };
    let text = |value: &str| format!("FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', {value}, 'UTC')");
    let from = from.map_or_else(
        || "CAST(NULL AS STRING)".to_owned(),
        |from| format!("'{}'", stamp(from)),
    );
    format!(
        "SELECT {from}, {}, {} FROM (SELECT MAX({name}) AS m FROM {source})",
        text(&instant),
        text(&format!("LEAST({instant}, CURRENT_TIMESTAMP())"))
    )
}

/// Finds the rows of this run, behind those of the run `before`.
pub async fn find(
    cloud: &Cloud,
    run: &Run<'_>,
    (table, document): (&TableRef, &Document),
    incremental: &DqIncremental,
    before: Option<DateTime<Utc>>,
) -> Result<Increment, Error> {
    let given = run.suite.target.partition_filter.clone();
    let column = Column::find(document, &incremental.column)?;
    let (from, condition) = lower(incremental, column, before);
    let source = table.rows(both([given.clone(), condition]).as_deref());
    let sql = newest(column, &source, from);
    let bigquery = cloud.bigquery();
    let id = |attempt| watermark_job_id(&run.spec.name, &run.id, attempt);
    let (job, _) = query(&bigquery, run, &sql, id).await?;
    let rows = bigquery.results(&job).await?;
    let at = |column| rows.text(0, column).and_then(parsed);
    // Of a task that is tried again this is the first attempt's, whatever has been judged since.
    let (from, upto) = (at(0), at(1));
    let name = column.sql();
    let above = match (from, before) {
        (Some(from), None) => Some(format!("{name} >= {}", column.constant(from))),
        (Some(from), Some(_)) => Some(format!("{name} > {}", column.constant(from))),
        (None, _) => None,
    };
    let until = upto.map(|upto| format!("{name} <= {}", column.constant(upto)));
    Ok(Increment {
        from,
        upto,
        watermark: at(2).max(before),
        filter: both([given, above, until]).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incremental() -> DqIncremental {
        DqIncremental {
            column: "ordered".into(),
            overlap_seconds: 7200,
            start: parsed("2026-01-01T00:00:00Z"),
        }
    }

    #[test]
    fn a_run_begins_behind_the_watermark_less_the_overlap() {
        let before = parsed("2026-02-03T01:00:00.000001Z");
        let cases = [
            (
                Type::Timestamp,
                before,
                "`ordered` > TIMESTAMP '2026-02-02T23:00:00.000001Z'",
            ),
            (
                Type::Datetime,
                before,
                "`ordered` > DATETIME '2026-02-02T23:00:00.000001'",
            ),
            // The day of the watermark is judged again as long as the overlap reaches into the day before.
            (Type::Date, before, "`ordered` > DATE '2026-02-02'"),
            (
                Type::Timestamp,
                None,
                "`ordered` >= TIMESTAMP '2026-01-01T00:00:00.000000Z'",
            ),
        ];
        let column = |of| Column { name: "ordered", of };
        for (of, before, expected) in cases {
            let (_, condition) = lower(&incremental(), column(of), before);
            assert_eq!(condition.as_deref(), Some(expected));
        }
        let all = DqIncremental {
            start: None,
            ..incremental()
        };
        assert_eq!(lower(&all, column(Type::Date), None), (None, None));
    }

    #[test]
    fn filters_keep_to_themselves() {
        let one = both([Some("a = 1 -- or b".to_owned()), None, Some("c".to_owned())]);
        assert_eq!(one.as_deref(), Some("(a = 1 -- or b\n) AND (c\n)"));
        assert_eq!(both([None, None]), None);
    }
}
