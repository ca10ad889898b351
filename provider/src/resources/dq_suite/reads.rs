//! What of a target is read, and what of it results show: files, increments, samples of the table, samples of wrong values.

use chrono::{DateTime, Utc};
use headwater_spec::{DqFiles, DqIncremental, DqSamples, Glob};
use headwater_suite::{Check, SetMode, StatisticKind};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{
    Attr, Attribute, Diagnostic, Diagnostics, Path, Type, Validator, Value, equal, parse_duration, validate,
};

use super::check::Known;
use super::model::{Model, perhaps};
use super::target::Target;

/// Files of a lake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FilesModel {
    pub(super) uri: Attr<String>,
}

/// What has come since.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IncrementalModel {
    pub(super) column: Attr<String>,
    pub(super) overlap: Attr<String>,
    pub(super) start: Attr<String>,
}

/// Wrong values that are shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplesModel {
    pub(super) rows: Attr<i64>,
    pub(super) unmasked_columns: Attr<Vec<Attr<String>>>,
}

impl FilesModel {
    pub(super) fn known(&self) -> Option<DqFiles> {
        Some(DqFiles {
            uri: self.uri.known()?.clone(),
        })
    }

    /// As a spec says it.
    pub(super) fn of(files: &DqFiles) -> Self {
        Self {
            uri: files.uri.as_str().into(),
        }
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

impl IncrementalModel {
    pub(super) fn known(&self) -> Option<DqIncremental> {
        Some(DqIncremental {
            column: self.column.known()?.clone(),
            overlap_seconds: parse_duration(self.overlap.as_deref()?).ok()?.as_secs(),
            start: match perhaps(&self.start)? {
                None => None,
                Some(start) => Some(instant(&start)?),
            },
        })
    }

    /// As a spec says it, in the spelling of the state where that means the same.
    pub(super) fn of(state: Option<&Self>, spec: &DqIncremental) -> Self {
        if let Some(state) = state.filter(|state| state.known().as_ref() == Some(spec)) {
            return state.clone();
        }
        Self {
            column: spec.column.as_str().into(),
            overlap: format!("{}s", spec.overlap_seconds).into(),
            start: spec
                .start
                .map(|start| start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
                .into(),
        }
    }
}

impl SamplesModel {
    pub(super) fn known(&self) -> Option<DqSamples> {
        let columns = match perhaps(&self.unmasked_columns)? {
            None => Vec::new(),
            Some(columns) => columns
                .iter()
                .map(|column| column.known().cloned())
                .collect::<Option<_>>()?,
        };
        Some(DqSamples {
            rows: match perhaps(&self.rows)? {
                None => None,
                Some(rows) => Some(u32::try_from(rows).ok()?),
            },
            unmasked_columns: columns,
        })
    }

    /// As a spec says it.
    pub(super) fn of(state: Option<&Self>, spec: &DqSamples) -> Self {
        if let Some(state) = state.filter(|state| state.known().as_ref() == Some(spec)) {
            return state.clone();
        }
        let columns: Vec<Attr<String>> = spec
            .unmasked_columns
            .iter()
            .map(|column| column.as_str().into())
            .collect();
        Self {
            rows: spec.rows.map(i64::from).into(),
            unmasked_columns: if columns.is_empty() { Attr::Null } else { columns.into() },
        }
    }
}

fn percent() -> Validator {
    const RULE: &str = "must be above 0 and at most 100, such as 10";
    Validator::new(RULE, |value: &Value| {
        let number = value
            .as_number()
            .and_then(|number| number.to_string().parse::<f64>().ok());
        match number {
            Some(number) if !(number > 0.0 && number <= 100.0) => Err(format!("{RULE}, got {number}")),
            _ => Ok(()),
        }
    })
}

/// The attributes of a target beside its table.
pub(super) fn attributes() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "files",
            Attribute::object([(
                "uri",
                Attribute::string()
                    .required()
                    .validate(validate::matches(
                        "must name Parquet files of a bucket, such as `gs://BUCKET/orders/*.parquet`",
                        |text| Glob::parse(text).is_ok(),
                    ))
                    .describe("The files: `gs://BUCKET/NAME.parquet`. `*` stands for any characters but `/`, `**` for any."),
            )])
            .optional()
            .describe("Parquet files of a lake, judged in the place of a table: in the runtime, as they stream in. All have the columns of the first by name. Expectations that ask BigQuery are errors of the plan."),
        ),
        (
            "incremental",
            Attribute::object([
                (
                    "column",
                    Attribute::string()
                        .required()
                        .validate(validate::length(1..))
                        .describe("The column that says when a row came: a TIMESTAMP, DATETIME (a time of UTC) or DATE. Where the table is partitioned by it, only the partitions of the increment are read. A row without it is judged by no run."),
                ),
                (
                    "overlap",
                    Attribute::string()
                        .default("2h")
                        .equivalent(equal::duration)
                        .validate(crate::durations::between("0s", "8760h"))
                        .describe("Rows that are so much older than the newest that was judged are judged again: as late as rows may come."),
                ),
                (
                    "start",
                    Attribute::string()
                        .optional()
                        .equivalent(equal::instant)
                        .validate(validate::instant())
                        .describe("Where the first run begins; absent: with all rows."),
                ),
            ])
            .optional()
            .describe("Only rows are read that have come since the last run that had a verdict; each run notes in `watermark_to` of the table of runs how far it went. An increment without rows passes, which its `reason` says."),
        ),
        (
            "sample_percent",
            Attribute::number()
                .optional()
                .validate(percent())
                .describe("Only so many percent of the table's blocks are read (`TABLESAMPLE SYSTEM`), and billed. For tables, not views, and not for expectations whose meaning needs all rows, such as `unique` and `row_count`."),
        ),
    ]
}

/// `results.samples`.
pub(super) fn samples() -> Attribute {
    Attribute::object([
        (
            "rows",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(0..=20))
                .describe("How many wrong values of an expectation a run prints, from 0 to 20; absent: 20."),
        ),
        (
            "unmasked_columns",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::unique())
                .validate(validate::each(validate::length(1..)))
                .describe("Columns with policy tags whose values are shown all the same."),
        ),
    ])
    .optional()
    .describe("Which values of the data results show. Of columns that carry policy tags they show `***`, and wrong values of them are not even asked for.")
}

/// What is wrong without asking anybody.
pub(super) fn check(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if config.files.known().is_some() {
        let of_tables = [
            ("partition_filter", config.partition_filter.is_null()),
            ("incremental", config.incremental.is_null()),
            ("sample_percent", config.sample_percent.is_null()),
            ("max_bytes_billed", config.max_bytes_billed.is_null()),
        ];
        for (name, _) in of_tables.into_iter().filter(|(_, absent)| !absent) {
            problems.push(
                Diagnostic::invalid(name, format!("`{name}` is about tables, and `files` are judged"))
                    .hint("Take it out, or judge a table: narrow files by the names in `files.uri`."),
            );
        }
    }
    for one in config.placed() {
        let Ok(expectation) = &one.read else { continue };
        let known = Known {
            placed: &one,
            expectation,
        };
        if config.files.known().is_some() && expectation.check.asks_bigquery() {
            problems.push(
                Diagnostic::invalid(
                    known.path(),
                    format!("`{}` asks BigQuery, and files are judged where they are read", one.kind),
                )
                .hint("Take it into another suite, which judges a table."),
            );
        }
        if config.sample_percent.known().is_some_and(|percent| *percent < 100.0) && needs_all(&expectation.check) {
            problems.push(
                Diagnostic::invalid(
                    known.path(),
                    format!("`{}` is about all rows, and `sample_percent` reads some", known.path()),
                )
                .hint("Take it into another suite without `sample_percent`; for `unique`, the primary key or a narrow `partition_filter` costs less than all columns."),
            );
        }
    }
    problems
}

/// Whether it means something else of a part of the rows.
const fn needs_all(check: &Check) -> bool {
    match check {
        Check::Unique(_)
        | Check::RowCount(_)
        | Check::RowCountEquals(_)
        | Check::SqlEquals(_)
        | Check::SqlAggregate(_)
        | Check::Reconcile(_)
        | Check::Freshness(_)
        | Check::Anomaly(_) => true,
        Check::Statistic(c) => matches!(
            c.statistic,
            StatisticKind::Sum | StatisticKind::DistinctCount | StatisticKind::DistinctRatio
        ),
        Check::DistinctSet(c) => !matches!(c.mode, SetMode::In),
        _ => false,
    }
}

/// What does not fit the table.
pub(super) fn fits(planned: &Model, target: &Target) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if planned.sample_percent.known().is_some() && target.kind != "TABLE" {
        let kind = target.kind.to_ascii_lowercase().replace('_', " ");
        problems.push(
            Diagnostic::invalid(
                "sample_percent",
                format!("the table is a {kind}, and samples are taken of tables"),
            )
            .hint("Judge the table below it, or take `sample_percent` out."),
        );
    }
    if let Some(incremental) = planned.incremental.known()
        && let Some(column) = incremental.column.as_deref()
    {
        let at = Path::attr("incremental").child("column");
        match target.type_of(column) {
            None => problems.push(target.unknown(at, column)),
            Some("TIMESTAMP" | "DATETIME" | "DATE") => {}
            Some(other) => problems.push(
                Diagnostic::invalid(at, format!("`{column}` is of type {other}, which says no time"))
                    .hint("Name a column of type TIMESTAMP, DATETIME or DATE."),
            ),
        }
    }
    for (index, column) in planned
        .results
        .known()
        .and_then(|results| results.samples.known())
        .and_then(|samples| samples.unmasked_columns.known())
        .into_iter()
        .flatten()
        .enumerate()
    {
        if let Some(column) = column.known()
            && target.type_of(column).is_none()
        {
            let at = Path::attr("results")
                .child("samples")
                .child("unmasked_columns")
                .index(index);
            problems.push(target.unknown(at, column));
        }
    }
    problems
}

/// What of the table a plan has to assume that a run reads, as a condition: what the first one does.
pub(super) fn first_increment(planned: &Model, target: &Target) -> Option<String> {
    let incremental = planned.incremental.known()?.known()?;
    let (start, of) = (incremental.start?, target.type_of(&incremental.column)?);
    let start = format!(
        "TIMESTAMP '{}'",
        start.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    );
    let constant = if of == "TIMESTAMP" {
        start
    } else {
        format!("{of}({start})")
    };
    Some(format!("`{}` >= {constant}", incremental.column))
}

/// Whether an increment keeps to partitions by itself: its column is theirs, and also the first run has a bound.
pub(super) fn filters_by(planned: &Model, partitioned_by: &str) -> bool {
    planned.incremental.known().is_some_and(|incremental| {
        incremental
            .column
            .as_deref()
            .is_some_and(|column| column.eq_ignore_ascii_case(partitioned_by))
            && !incremental.start.is_null()
    })
}
