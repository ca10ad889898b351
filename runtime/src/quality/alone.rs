//! Expectations asked for one by one, when the query of all of them failed: values that overflow, or SQL of the suite's own
//! that is wrong, must not take the others' verdicts with them.

use headwater_cloud::{BigQuery, Error, Kind};
use headwater_quality::Suite;
use headwater_quality::engine::{State, SuiteResult};
use headwater_quality::sql::{Pushdown, schema};
use serde_json::Value;

/// Judges a source that has the columns of a table's `schema`, each expectation by a query of its own.
pub async fn each(
    bigquery: &BigQuery,
    suite: &Suite,
    table_schema: &Value,
    source: &str,
    location: Option<&str>,
    most_bytes: Option<u64>,
) -> Result<SuiteResult, Error> {
    let columns = schema(table_schema);
    let mut whole = SuiteResult {
        suite: suite.name.clone(),
        state: State::Pass,
        rows: 0,
        results: Vec::with_capacity(suite.expectations.len()),
    };
    for expectation in &suite.expectations {
        let one = Suite {
            expectations: vec![expectation.clone()],
            ..suite.clone()
        };
        let pushdown = Pushdown::new(&one, &columns, source);
        let result = match asked(bigquery, &pushdown, location, most_bytes).await {
            Err(error) if error.kind() == Kind::Invalid => pushdown.unanswered(&error.to_string()),
            result => result?,
        };
        whole.state = whole.state.max(result.state);
        whole.rows = whole.rows.max(result.rows);
        whole.results.extend(result.results);
    }
    Ok(whole)
}

/// What the query of a suite answers.
pub async fn asked(
    bigquery: &BigQuery,
    pushdown: &Pushdown<'_>,
    location: Option<&str>,
    most_bytes: Option<u64>,
) -> Result<SuiteResult, Error> {
    let answer = bigquery.query_within(&pushdown.sql(), location, most_bytes).await?;
    Ok(pushdown.conclude(answer.rows.first().map_or(&[], Vec::as_slice)))
}
