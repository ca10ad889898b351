//! The last verdict of each suite, out of the tables of verdicts.

use std::collections::BTreeMap;

use headwater_cloud::{BigQuery, Error, TableRef};
use serde_json::{Map, Value};

use super::model::{Suite, Verdict};
use crate::suite::text;

/// An audit reads no more of these tables than this, and BigQuery bills no more.
const MOST_BYTES: u64 = 10 << 30;

/// Reads the verdicts of suites that share their tables.
pub async fn read(bigquery: &BigQuery, suites: &mut [Suite]) -> Vec<(String, Error)> {
    let mut shared: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, suite) in suites.iter().enumerate() {
        if let Some(results) = &suite.results {
            shared.entry(results.clone()).or_default().push(index);
        }
    }
    let mut failed = Vec::new();
    for ((runs, results), indexes) in shared {
        if let Err(error) = of_tables(bigquery, &runs, &results, suites, &indexes).await {
            failed.push((runs, error));
        }
    }
    failed
}

async fn of_tables(
    bigquery: &BigQuery,
    runs: &str,
    results: &str,
    suites: &mut [Suite],
    indexes: &[usize],
) -> Result<(), Error> {
    let (Some(runs), Some(results)) = (TableRef::parse(runs), TableRef::parse(results)) else {
        return Ok(());
    };
    let names: Vec<String> = indexes.iter().map(|index| text(&suites[*index].name)).collect();
    let last = format!(
        "SELECT TO_JSON_STRING(STRUCT(suite, run_id, FORMAT_TIMESTAMP('%FT%TZ', started) AS at, mode, state, rows_evaluated, \
         suite_hash)) FROM (SELECT * FROM {} WHERE suite IN ({}) QUALIFY ROW_NUMBER() OVER (PARTITION BY suite ORDER BY started \
         DESC) = 1)",
        runs.sql(),
        names.join(", ")
    );
    let last = objects(bigquery, &last).await?;
    let word =
        |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut ids = Vec::new();
    for row in &last {
        let found = indexes.iter().find(|index| suites[**index].name == word(row, "suite"));
        if let Some(index) = found {
            ids.push(text(&word(row, "run_id")));
            suites[*index].verdict = Some(Verdict {
                run: word(row, "run_id"),
                at: word(row, "at"),
                mode: word(row, "mode"),
                state: word(row, "state"),
                rows: row.get("rows_evaluated").and_then(Value::as_u64),
                suite_hash: word(row, "suite_hash"),
            });
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let said = format!(
        "SELECT TO_JSON_STRING(STRUCT(suite, run_id, expectation_id, state, unexpected)) FROM {} WHERE suite IN ({}) AND run_id IN ({})",
        results.sql(),
        names.join(", "),
        ids.join(", ")
    );
    for row in objects(bigquery, &said).await? {
        let suite = indexes.iter().copied().find(|index| {
            let suite = &suites[*index];
            suite.name == word(&row, "suite") && suite.verdict.as_ref().is_some_and(|v| v.run == word(&row, "run_id"))
        });
        let id = word(&row, "expectation_id");
        let Some(index) = suite else { continue };
        if let Some(expectation) = suites[index].expectations.iter_mut().find(|one| one.id == id) {
            expectation.state = Some(word(&row, "state"));
            expectation.unexpected = row.get("unexpected").and_then(Value::as_u64);
        }
    }
    Ok(())
}

/// Rows of a query of one column of JSON objects.
async fn objects(bigquery: &BigQuery, sql: &str) -> Result<Vec<Map<String, Value>>, Error> {
    let answer = bigquery.query_within(sql, None, Some(MOST_BYTES)).await?;
    let object = |row: &Vec<Value>| serde_json::from_str(row.first()?.as_str()?).ok();
    Ok(answer.rows.iter().filter_map(object).collect())
}
