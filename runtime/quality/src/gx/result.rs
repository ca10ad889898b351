//! Validation results as Great Expectations 1.24 writes them.

use serde_json::{Map, Value, json};

use super::config;
use crate::engine::{ExpectationResult, RowCounts, State, SuiteResult};
use crate::suite::{Check, Expectation, Suite};

/// The version whose form this is.
pub const VERSION: &str = "1.24.1";

/// How much a result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultFormat {
    /// Whether it succeeded.
    BooleanOnly,
    /// Also counts and the first values.
    Basic,
    /// Also the most frequent values.
    Summary,
    /// Also all values and their rows.
    Complete,
}

/// What a result says about its run beside the verdicts.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// When it ran, as ISO 8601 with an offset.
    pub time: String,
    /// Its name.
    pub name: Option<String>,
    /// What was validated: a path or a table.
    pub asset: String,
    /// How many values are shown.
    pub samples: usize,
}

/// A suite's validation result.
#[must_use]
pub fn validation_result(suite: &Suite, outcome: &SuiteResult, format: ResultFormat, run: &RunInfo) -> Value {
    let pairs = suite.expectations.iter().zip(&outcome.results);
    let results: Vec<Value> = pairs
        .filter(|(_, r)| r.state != State::Skipped)
        .map(|(expectation, result)| one(expectation, result, format, run))
        .collect();
    let evaluated = results.len();
    let successful = results.iter().filter(|r| r["success"] == true).count();
    json!({
        "success": successful == evaluated,
        "results": results,
        "suite_name": outcome.suite,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": evaluated,
            "successful_expectations": successful,
            "unsuccessful_expectations": evaluated - successful,
            "success_percent": (evaluated > 0).then(|| successful as f64 / evaluated as f64 * 100.0),
        },
        "meta": {
            "great_expectations_version": VERSION,
            "run_id": {"run_name": run.name, "run_time": run.time},
            "validation_time": run.time,
            "batch_parameters": null,
            "batch_spec": {"path": run.asset},
            "batch_markers": {"ge_load_time": run.time},
            "active_batch_definition": {
                "datasource_name": "headwater",
                "data_connector_name": "headwater",
                "data_asset_name": run.asset,
                "batch_identifiers": {},
            },
            "validation_id": null,
            "checkpoint_id": null,
        },
        "id": null,
    })
}

fn one(expectation: &Expectation, result: &ExpectationResult, format: ResultFormat, run: &RunInfo) -> Value {
    let config = config(expectation);
    let mut written = json!({
        "type": config.r#type,
        "kwargs": config.kwargs,
        "meta": config.meta,
        "id": config.id,
        "severity": config.severity.as_deref().unwrap_or("critical"),
    });
    if !config.notes.is_null() {
        written["notes"] = config.notes;
    }
    // Whether it is satisfied; what that means for the data is not said there.
    let success = result.state == State::Pass;
    let reason = result.reason.as_ref();
    json!({
        "success": success,
        "expectation_config": written,
        "result": if reason.is_some() { json!({}) } else { body(expectation, result, format, run) },
        "meta": {},
        "exception_info": {
            "raised_exception": reason.is_some(),
            "exception_traceback": reason.map(|r| r.code),
            "exception_message": reason.map(|r| r.message.as_str()),
        },
    })
}

fn body(expectation: &Expectation, result: &ExpectationResult, format: ResultFormat, run: &RunInfo) -> Value {
    if format == ResultFormat::BooleanOnly {
        return json!({});
    }
    if let Some(counts) = &result.rows {
        return Value::Object(of_rows(expectation, result, counts, format, run));
    }
    let mut body = Map::new();
    match &expectation.check {
        Check::ColumnExists(_) => {}
        Check::DistinctSet(_) => {
            body.insert("observed_value".into(), Value::Null);
            if let Value::Object(details) = &result.details {
                body.extend(details.clone());
            }
        }
        _ => {
            body.insert("observed_value".into(), result.observed.to_json(true));
            if !result.details.is_null() {
                body.insert("details".into(), result.details.clone());
            }
        }
    }
    Value::Object(body)
}

fn percent(part: u64, whole: u64) -> Value {
    if whole == 0 {
        Value::Null
    } else {
        (part as f64 / whole as f64 * 100.0).into()
    }
}

fn of_rows(
    expectation: &Expectation,
    result: &ExpectationResult,
    counts: &RowCounts,
    format: ResultFormat,
    run: &RunInfo,
) -> Map<String, Value> {
    let of_presence = matches!(expectation.check, Check::NotNull(_) | Check::IsNull(_));
    let mut body = Map::new();
    body.insert("element_count".into(), counts.elements.into());
    body.insert("unexpected_count".into(), counts.unexpected.into());
    body.insert(
        "unexpected_percent".into(),
        percent(counts.unexpected, counts.evaluated),
    );
    let shown: Vec<Value> = result.samples.iter().map(|c| c.to_json(true)).collect();
    body.insert("partial_unexpected_list".into(), shown.into());
    if !of_presence {
        let of_elements = |part: u64| percent(part, counts.elements);
        body.insert("missing_count".into(), counts.missing.into());
        body.insert("missing_percent".into(), of_elements(counts.missing));
        body.insert("unexpected_percent_total".into(), of_elements(counts.unexpected));
        body.insert(
            "unexpected_percent_nonmissing".into(),
            percent(counts.unexpected, counts.evaluated),
        );
    }
    if format >= ResultFormat::Summary {
        let frequent = result.counts.iter().map(|(cell, n)| {
            // There, the values of several columns are counted as tuples.
            let value = match cell.to_json(true) {
                Value::Object(row) => row.into_iter().map(|(_, v)| v).collect(),
                other => other,
            };
            json!({"value": value, "count": n})
        });
        body.insert("partial_unexpected_counts".into(), frequent.collect::<Vec<_>>().into());
        let rows: Vec<u64> = result.sample_rows.iter().take(run.samples).copied().collect();
        body.insert("partial_unexpected_index_list".into(), json!(rows));
    }
    if format == ResultFormat::Complete {
        let all: Vec<Value> = result.complete.iter().flatten().map(|c| c.to_json(true)).collect();
        body.insert("unexpected_list".into(), all.into());
        let rows: Vec<usize> = result
            .failing
            .as_ref()
            .map(|bits| bits.set_indices().collect())
            .unwrap_or_default();
        body.insert("unexpected_index_list".into(), json!(rows));
    }
    body
}
