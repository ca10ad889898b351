//! Suites over tables of BigQuery: pushed down as one query each, whose bytes are known, shown and limited before it runs.

use headwater_cloud::{BigQuery, Kind, TableRef};
use headwater_quality::Suite;
use headwater_quality::engine::{Context, SuiteResult};
use headwater_quality::sql::{Pushdown, Show, schema};

use super::{QualityError, alone};
use crate::printer::Printer;

/// A table's full name.
pub fn named(name: &str) -> Result<TableRef, QualityError> {
    TableRef::parse(name).ok_or_else(|| QualityError::Table(name.to_owned()))
}

/// How a table is judged.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Samples of rows bring these columns along.
    pub keys: &'a [String],
    /// So many bytes may be read.
    pub most_bytes: Option<u64>,
    /// What is known beside the data.
    pub context: &'a Context,
}

/// Judges a table.
pub async fn judge(
    bigquery: &BigQuery,
    suite: &Suite,
    table: &TableRef,
    wanted: Wanted<'_>,
    printer: Printer,
) -> Result<SuiteResult, QualityError> {
    let Wanted {
        keys,
        most_bytes,
        context,
    } = wanted;
    let document = bigquery.get_table(table).await?;
    let location = document["location"].as_str();
    let columns = schema(&document["schema"]);
    if let Some(key) = keys.iter().find(|key| columns.index_of(key).is_err()) {
        let names: Vec<&str> = columns.fields().iter().map(|f| f.name().as_str()).collect();
        return Err(QualityError::Key(key.clone(), names.join(", ")));
    }
    let pushdown = Pushdown::with_keys(suite, &columns, &table.sql(), keys, context);
    let bytes = affordable(bigquery, &pushdown, table, location, most_bytes).await?;
    printer.note(&format!("{}: one query over {bytes} bytes", table.id()));
    match alone::asked(bigquery, &pushdown, location, most_bytes).await {
        Err(error) if error.kind() == Kind::Invalid && suite.expectations.len() > 1 => {
            printer.note(&format!(
                "{}: the query failed ({error}); each expectation is asked for alone",
                table.id()
            ));
            let source = alone::Source {
                schema: &document["schema"],
                sql: &table.sql(),
                location,
            };
            Ok(alone::each(bigquery, suite, source, most_bytes, &Show::default(), context).await?)
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
