//! Verdicts as rows: what the runs before say, and writing a run's own, by MERGE over its id.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use headwater_cloud::{Cloud, DatasetRef, Error, JobRef, TableRef, Wait};
use headwater_quality::engine::State;
use headwater_quality::report::state_of;
use headwater_spec::{BigQueryType, DQ_RESULT_COLUMNS, DQ_RUN_COLUMNS, SystemColumn};
use serde_json::{Value, json};

use super::alert::{Transition, severity, severity_word};
use super::evaluate::Evaluation;
use super::increment::{parsed, stamp};
use super::{Run, word};

/// What is known of other runs, and of this one if it was tried before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct History {
    pub own: Option<State>,
    pub before: Option<State>,
    /// Where the last verdict on this target ends, of an incremental suite.
    pub watermark: Option<DateTime<Utc>>,
}

pub fn runs(run: &Run<'_>) -> TableRef {
    let dataset = &run.suite.results.dataset;
    DatasetRef::new(&dataset.project, &dataset.dataset).table(&run.suite.results.run_table)
}

pub fn results_table(run: &Run<'_>) -> TableRef {
    let dataset = &run.suite.results.dataset;
    DatasetRef::new(&dataset.project, &dataset.dataset).table(&run.suite.results.result_table)
}

/// A text in GoogleSQL.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Asks what the runs before say.
pub async fn history(cloud: &Cloud, run: &Run<'_>) -> Result<History, Error> {
    let own = format!("run_id = {}", text(&run.id));
    let watermark = match &run.suite.target.incremental {
        Some(_) => format!(
            "FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', ARRAY_AGG(IF({own} OR state = 'error' OR target != {}, NULL, watermark_to) \
             IGNORE NULLS ORDER BY started DESC LIMIT 1)[SAFE_OFFSET(0)], 'UTC')",
            text(&run.suite.target.name())
        ),
        None => "NULL".to_owned(),
    };
    let sql = format!(
        "SELECT ARRAY_AGG(IF({own}, state, NULL) IGNORE NULLS LIMIT 1)[SAFE_OFFSET(0)], \
         ARRAY_AGG(IF({own} OR state = 'pass' AND reason IS NOT NULL, NULL, state) IGNORE NULLS ORDER BY started DESC LIMIT 1)[SAFE_OFFSET(0)], \
         {watermark} FROM {} WHERE suite = {}",
        runs(run).sql(),
        text(&run.spec.name)
    );
    let location = run.suite.results.dataset.location.as_str();
    let rows = cloud.bigquery().query(&sql, Some(location)).await?;
    Ok(History {
        own: rows.text(0, 0).and_then(state_of),
        before: rows.text(0, 1).and_then(state_of),
        watermark: rows.text(0, 2).and_then(parsed),
    })
}

/// The run's row.
pub fn run_row(run: &Run<'_>, evaluation: &Evaluation, transition: Option<Transition>) -> Value {
    let count = |wanted: &[State]| {
        evaluation
            .results()
            .iter()
            .filter(|r| wanted.contains(&r.state))
            .count()
    };
    json!({
        "run_id": run.id,
        "suite": run.spec.name,
        "target": run.suite.target.name(),
        "started": stamp(run.started),
        "ended": stamp(Utc::now()),
        "mode": run.mode.word(),
        "state": word(evaluation.state()),
        "transition": transition.map(Transition::word),
        "severity": severity(evaluation).map(severity_word),
        "suite_hash": run.spec.hash(),
        "expectations": count(&[State::Pass, State::Warn, State::Fail, State::Error]),
        "failed": count(&[State::Warn, State::Fail]),
        "errors": count(&[State::Error]),
        "rows_evaluated": evaluation.result.as_ref().map(|result| result.rows),
        "bytes_processed": evaluation.bytes_processed,
        "bytes_billed": evaluation.bytes_billed,
        "slot_ms": evaluation.slot_ms,
        "engine_version": env!("CARGO_PKG_VERSION"),
        "reason": evaluation.said(),
        "watermark_from": evaluation.increment.as_ref().and_then(|increment| increment.from).map(stamp),
        "watermark_to": evaluation.increment.as_ref().and_then(|increment| increment.watermark).map(stamp),
    })
}

/// A row for each expectation. No value of a cell: what is observed of rows is counts.
pub fn results(run: &Run<'_>, evaluation: &Evaluation) -> Vec<Value> {
    let started = run.started.to_rfc3339_opts(SecondsFormat::Micros, true);
    let expectations = run.suite.suite.expectations.iter();
    expectations
        .zip(evaluation.results())
        .map(|(expectation, result)| {
            let rows = result.rows;
            let observed = result.observed.to_json(false);
            json!({
                "run_id": run.id,
                "suite": run.spec.name,
                "target": run.suite.target.name(),
                "started": started,
                "expectation_id": result.id,
                "type": result.check,
                "dimension": serde_json::to_value(expectation.judged_dimension()).unwrap_or_default(),
                "severity": severity_word(result.severity),
                "on_fail": serde_json::to_value(result.on_fail).unwrap_or_default(),
                "columns": result.columns,
                "state": word(result.state),
                "evaluated": rows.map(|rows| rows.evaluated),
                "missing": rows.map(|rows| rows.missing),
                "unexpected": rows.map(|rows| rows.unexpected),
                "pass_ratio": result.pass_ratio,
                "mostly": rows.map(|_| expectation.mostly),
                "observed": (!observed.is_null()).then(|| observed.to_string()),
                "expected": serde_json::to_string(&expectation.check).ok(),
                "row_condition": expectation.row_condition.as_ref().and_then(|condition| serde_json::to_string(condition).ok()),
                "reason": result.reason.as_ref().map(|reason| format!("{}: {}", reason.code, reason.message)),
                "owner": expectation.owner,
            })
        })
        .collect()
}

/// Writes the rows: results first, then the run, which says that they are whole. A repeated write changes nothing.
pub async fn write(
    cloud: &Cloud,
    run: &Run<'_>,
    evaluation: &Evaluation,
    transition: Option<Transition>,
) -> Result<(), Error> {
    let results = results(run, evaluation);
    if !results.is_empty() {
        let keys = ["run_id", "suite", "expectation_id"];
        merge(cloud, run, &results_table(run), DQ_RESULT_COLUMNS, &keys, results).await?;
    }
    let row = run_row(run, evaluation, transition);
    merge(cloud, run, &runs(run), DQ_RUN_COLUMNS, &["run_id", "suite"], vec![row]).await
}

async fn merge(
    cloud: &Cloud,
    run: &Run<'_>,
    table: &TableRef,
    columns: &[SystemColumn],
    keys: &[&str],
    rows: Vec<Value>,
) -> Result<(), Error> {
    let configuration = json!({
        "labels": run.spec.labels,
        "query": {
            "query": statement(table, columns, keys),
            "useLegacySql": false,
            "parameterMode": "NAMED",
            "queryParameters": [{
                "name": "rows",
                "parameterType": {"type": "STRING"},
                "parameterValue": {"value": Value::Array(rows).to_string()},
            }],
        },
    });
    let job = JobRef {
        project: run.spec.project.clone(),
        location: Some(run.suite.results.dataset.location.clone()),
        // It may be repeated: each time is a job of its own.
        id: format!(
            "headwater_{}_{}_{:08x}",
            run.spec.name,
            table.table,
            rand::random::<u32>()
        ),
    };
    let wait = Wait::at_most(Duration::from_secs(600));
    cloud.bigquery().run_job(&job, &configuration, wait).await.map(drop)
}

fn statement(table: &TableRef, columns: &[SystemColumn], keys: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
    let read: Vec<String> = columns
        .iter()
        .map(|column| format!("{} AS `{}`", value(column), column.name))
        .collect();
    let on: Vec<String> = keys.iter().map(|key| format!("t.{key} = s.{key}")).collect();
    let set: Vec<String> = names.iter().map(|name| format!("{name} = s.{name}")).collect();
    let inserted: Vec<String> = names.iter().map(|name| format!("s.{name}")).collect();
    format!(
        "MERGE {} t USING (SELECT {} FROM UNNEST(JSON_QUERY_ARRAY(@rows)) r) s ON {} \
         WHEN MATCHED THEN UPDATE SET {} WHEN NOT MATCHED THEN INSERT ({}) VALUES ({})",
        table.sql(),
        read.join(", "),
        on.join(" AND "),
        set.join(", "),
        names.join(", "),
        inserted.join(", ")
    )
}

fn value(column: &SystemColumn) -> String {
    let at = format!("r, '$.{}'", column.name);
    match column.data_type {
        _ if column.mode == "REPEATED" => format!("JSON_VALUE_ARRAY({at})"),
        BigQueryType::String => format!("JSON_VALUE({at})"),
        other => format!("CAST(JSON_VALUE({at}) AS {})", other.sql()),
    }
}
