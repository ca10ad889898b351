//! The tables of verdicts: their columns, and the documents that make them. The provider makes them, the runtime fills them.

use serde_json::{Value, json};

use crate::{BigQueryType as T, SystemColumn};

const fn column(name: &'static str, data_type: T, mode: &'static str, description: &'static str) -> SystemColumn {
    SystemColumn {
        name,
        data_type,
        mode,
        description,
    }
}

const RUN_ID: SystemColumn = column(
    "run_id",
    T::String,
    "REQUIRED",
    "The run: the Cloud Run execution, or a name of its own.",
);
const SUITE: SystemColumn = column("suite", T::String, "REQUIRED", "The suite's name.");
const TARGET: SystemColumn = column(
    "target",
    T::String,
    "REQUIRED",
    "What was judged: PROJECT.DATASET.TABLE, or gs:// and the names of files.",
);
const STARTED: SystemColumn = column(
    "started",
    T::Timestamp,
    "REQUIRED",
    "When the run began. The table's partitions.",
);

/// The columns of the table of runs. `run_id` and `suite` are its key.
pub const DQ_RUN_COLUMNS: &[SystemColumn] = &[
    RUN_ID,
    SUITE,
    TARGET,
    STARTED,
    column("ended", T::Timestamp, "REQUIRED", "When the run ended."),
    column(
        "mode",
        T::String,
        "REQUIRED",
        "Where it was evaluated: pushdown (the table, by BigQuery), gate (a batch, before it is loaded) or files (in process).",
    ),
    column("state", T::String, "REQUIRED", "pass, warn, fail or error."),
    column(
        "transition",
        T::String,
        "NULLABLE",
        "Compared with the run before: new, ongoing or recovered.",
    ),
    column(
        "severity",
        T::String,
        "NULLABLE",
        "Of the gravest expectation that did not hold.",
    ),
    column(
        "suite_hash",
        T::String,
        "REQUIRED",
        "SHA-256 of the spec that was executed.",
    ),
    column(
        "expectations",
        T::Int64,
        "REQUIRED",
        "How many expectations were evaluated.",
    ),
    column("failed", T::Int64, "REQUIRED", "How many of them failed."),
    column(
        "errors",
        T::Int64,
        "REQUIRED",
        "How many of them could not be evaluated.",
    ),
    column("rows_evaluated", T::Int64, "NULLABLE", "Rows of the target."),
    column("bytes_processed", T::Int64, "NULLABLE", "Bytes that BigQuery read."),
    column("bytes_billed", T::Int64, "NULLABLE", "Bytes that BigQuery billed."),
    column("slot_ms", T::Int64, "NULLABLE", "Slot milliseconds that it took."),
    column("engine_version", T::String, "REQUIRED", "The version of the runtime."),
    column(
        "reason",
        T::String,
        "NULLABLE",
        "Why the suite as a whole could not be evaluated, or that there was nothing to judge.",
    ),
    column(
        "watermark_from",
        T::Timestamp,
        "NULLABLE",
        "Of an incremental run: rows above it were judged. NULL: all rows.",
    ),
    column(
        "watermark_to",
        T::Timestamp,
        "NULLABLE",
        "Of an incremental run: where the next one begins, less its overlap.",
    ),
];

/// The columns of the table of results. `run_id`, `suite` and `expectation_id` are its key.
pub const DQ_RESULT_COLUMNS: &[SystemColumn] = &[
    RUN_ID,
    SUITE,
    TARGET,
    STARTED,
    column(
        "expectation_id",
        T::String,
        "REQUIRED",
        "The expectation, as history and alerts name it.",
    ),
    column("type", T::String, "REQUIRED", "What is demanded, such as not_null."),
    column("dimension", T::String, "REQUIRED", "The aspect of quality."),
    column(
        "severity",
        T::String,
        "REQUIRED",
        "How grave a failure is: info, warn or error.",
    ),
    column(
        "on_fail",
        T::String,
        "REQUIRED",
        "What a failure means for data: record, fail or quarantine.",
    ),
    column("columns", T::String, "REPEATED", "The columns that are judged."),
    column("state", T::String, "REQUIRED", "pass, fail, error or skipped."),
    column("evaluated", T::Int64, "NULLABLE", "Rows that were judged."),
    column(
        "missing",
        T::Int64,
        "NULLABLE",
        "Rows that were left out because a value is missing.",
    ),
    column("unexpected", T::Int64, "NULLABLE", "Rows that do not hold."),
    column(
        "pass_ratio",
        T::Float64,
        "NULLABLE",
        "The part of the evaluated rows that hold, from 0 to 1.",
    ),
    column("mostly", T::Float64, "NULLABLE", "The part that must hold."),
    column("observed", T::String, "NULLABLE", "What was seen, as JSON."),
    column(
        "expected",
        T::String,
        "NULLABLE",
        "The check with its arguments, as JSON.",
    ),
    column(
        "row_condition",
        T::String,
        "NULLABLE",
        "Which rows were meant, as JSON.",
    ),
    column(
        "reason",
        T::String,
        "NULLABLE",
        "Why it could not be evaluated, or why it failed.",
    ),
    column("owner", T::String, "NULLABLE", "Whom to ask."),
];

/// The document that makes a table of verdicts: partitioned by day, clustered by suite; see
/// <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>.
#[must_use]
pub fn dq_table(columns: &[SystemColumn], description: &str) -> Value {
    let fields = columns.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.data_type.api(),
            "mode": column.mode,
            "description": column.description,
        })
    });
    json!({
        "description": description,
        "schema": {"fields": fields.collect::<Vec<_>>()},
        "timePartitioning": {"type": "DAY", "field": STARTED.name},
        "clustering": {"fields": [SUITE.name]},
    })
}
