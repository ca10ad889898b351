//! Suites over tables of BigQuery: pushed down as one query each, whose bytes are known, shown and limited before it runs.

use headwater_cloud::{BigQuery, Error, Kind, TableRef};
use headwater_quality::Suite;
use headwater_quality::engine::{State, SuiteResult};
use headwater_quality::sql::{Pushdown, schema};

use super::QualityError;
use crate::printer::Printer;

/// A table's full name.
pub fn named(name: &str) -> Result<TableRef, QualityError> {
    TableRef::parse(name).ok_or_else(|| QualityError::Table(name.to_owned()))
}

/// Judges a table.
pub async fn judge(
    bigquery: &BigQuery,
    suite: &Suite,
    table: &TableRef,
    most_bytes: Option<u64>,
    printer: Printer,
) -> Result<SuiteResult, QualityError> {
    let document = bigquery.get_table(table).await?;
    let location = document["location"].as_str();
    let columns = schema(&document["schema"]);
    let pushdown = Pushdown::new(suite, &columns, &table.sql());
    let bytes = affordable(bigquery, &pushdown, table, location, most_bytes).await?;
    printer.note(&format!("{}: one query over {bytes} bytes", table.id()));
    match asked(bigquery, &pushdown, location, most_bytes).await {
        Err(error) if error.kind() == Kind::Invalid && suite.expectations.len() > 1 => {
            // Values that overflow, or SQL of the suite's own that is wrong, must not take the others' verdicts with them.
            printer.note(&format!(
                "{}: the query failed ({error}); each expectation is asked for alone",
                table.id()
            ));
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
                let pushdown = Pushdown::new(&one, &columns, &table.sql());
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
        Err(error) if error.kind() == Kind::Invalid => Ok(pushdown.unanswered(&error.to_string())),
        result => Ok(result?),
    }
}

/// The bytes of a query, if they are within the limit.
async fn affordable(
    bigquery: &BigQuery,
    pushdown: &Pushdown<'_>,
    table: &TableRef,
    location: Option<&str>,
    most: Option<u64>,
) -> Result<u64, QualityError> {
    let bytes = match bigquery.dry_run(&pushdown.sql(), location).await {
        // What is wrong with it is said when it is asked.
        Err(error) if error.kind() == Kind::Invalid => return Ok(0),
        answer => answer?.bytes,
    };
    match most {
        Some(most) if bytes > most => Err(QualityError::TooExpensive {
            table: table.id(),
            bytes,
            most,
        }),
        _ => Ok(bytes),
    }
}

async fn asked(
    bigquery: &BigQuery,
    pushdown: &Pushdown<'_>,
    location: Option<&str>,
    most_bytes: Option<u64>,
) -> Result<SuiteResult, Error> {
    let answer = bigquery.query_within(&pushdown.sql(), location, most_bytes).await?;
    Ok(pushdown.conclude(answer.rows.first().map_or(&[], Vec::as_slice)))
}
