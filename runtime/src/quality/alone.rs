//! Expectations asked for one by one, when the query of all of them failed: values that overflow, or SQL of the suite's own
//! that is wrong, must not take the others' verdicts with them.

use headwater_cloud::{BigQuery, Error, Kind};
use headwater_quality::Suite;
use headwater_quality::engine::{Context, State, SuiteResult};
use headwater_quality::sql::{Pushdown, Show, schema};
use serde_json::Value;

/// What is judged.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The `schema` of the table's document.
    pub schema: &'a Value,
    /// What stands behind FROM.
    pub sql: &'a str,
    pub location: Option<&'a str>,
}

/// Judges a source, each expectation by a query of its own. What `most_bytes` no longer allow, after the queries before it, gets
/// no verdict.
pub async fn each(
    bigquery: &BigQuery,
    suite: &Suite,
    source: Source<'_>,
    most_bytes: Option<u64>,
    show: &Show,
    context: &Context,
) -> Result<SuiteResult, Error> {
    let Source {
        schema: table_schema,
        sql: source,
        location,
    } = source;
    let columns = schema(table_schema);
    let mut whole = SuiteResult {
        suite: suite.name.clone(),
        state: State::Pass,
        rows: 0,
        results: Vec::with_capacity(suite.expectations.len()),
    };
    let mut left = most_bytes;
    for expectation in &suite.expectations {
        let one = Suite {
            expectations: vec![expectation.clone()],
            ..suite.clone()
        };
        let pushdown = Pushdown::showing(&one, &columns, source, show, context);
        if let Some(left) = left.as_mut() {
            match bigquery.dry_run(&pushdown.sql(), location).await {
                Ok(found) if found.bytes > *left => {
                    let why = format!(
                        "it would read {} bytes, and {left} are left of the limit: raise it",
                        found.bytes
                    );
                    add(&mut whole, pushdown.unanswered(&why));
                    continue;
                }
                Ok(found) => *left -= found.bytes,
                // What is wrong with it is said when it is asked.
                Err(error) if error.kind() == Kind::Invalid => {}
                Err(error) => return Err(error),
            }
        }
        let result = match asked(bigquery, &pushdown, location, most_bytes).await {
            Err(error) if error.kind() == Kind::Invalid => pushdown.unanswered(&error.to_string()),
            result => result?,
        };
        add(&mut whole, result);
    }
    Ok(whole)
}

fn add(whole: &mut SuiteResult, one: SuiteResult) {
    whole.state = whole.state.max(one.state);
    whole.rows = whole.rows.max(one.rows);
    whole.results.extend(one.results);
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
