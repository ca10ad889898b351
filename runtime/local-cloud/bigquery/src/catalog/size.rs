//! How large a table is: its rows, and its logical bytes as BigQuery counts them
//! (<https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes>).
//! A large table's bytes are an estimate from its first rows.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::names::TableName;
use super::tables::is_stored;
use crate::engine::Session;
use crate::error::Fault;
use crate::types::{Ty, columns, quoted};

/// The rows that are measured.
const SAMPLE: u64 = 5_000;
/// Of tables of more rows the count is remembered.
const COUNTED: u64 = 100_000;
/// A table that changes all the time, as a stream's does, is measured no more often: its first rows stay much the same.
const LATELY: Duration = Duration::from_secs(10);

/// Rows and bytes of a table; of a view nothing.
pub(crate) fn of(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(u64, u64), Fault> {
    let rows = rows(tx, name, doc)?;
    Ok((rows, bytes(tx, name, doc, rows, None)?))
}

pub(crate) fn rows(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<u64, Fault> {
    if !is_stored(doc) {
        return Ok(0);
    }
    let counted = tx.query(&format!("SELECT count(*) FROM {}", name.duck()), &[])?;
    Ok(counted.first().map_or(0, |r| r[0].int()).unsigned_abs())
}

/// The same for an estimate: what a query has read is told by it, and must not cost more than the query. A large table is
/// counted once for each version.
pub(crate) fn about(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<u64, Fault> {
    let (what, version) = (name.duck(), version(doc));
    if let Some(known) = tx.recall(&what, &version, Duration::ZERO) {
        return Ok(known);
    }
    let found = rows(tx, name, doc)?;
    if found > COUNTED {
        tx.remember(&what, &version, found);
    }
    Ok(found)
}

fn version(doc: &Value) -> String {
    format!("{} {}", doc["creationTime"], doc["lastModifiedTime"])
}

/// Bytes of some columns (by their names in lower case) of so many rows, or of all columns.
pub(crate) fn bytes(
    tx: &Session<'_>,
    name: &TableName,
    doc: &Value,
    rows: u64,
    only: Option<&BTreeSet<String>>,
) -> Result<u64, Fault> {
    let wanted = |column: &str| only.is_none_or(|only| only.contains(&column.to_lowercase()));
    let widths: Vec<String> = columns(&doc["schema"]["fields"])?
        .iter()
        .filter(|c| wanted(&c.name))
        .map(|c| format!("coalesce({}, 0)", width(&quoted(&c.name), &c.ty, 0)))
        .collect();
    if rows == 0 || widths.is_empty() {
        return Ok(0);
    }
    let measured = rows.min(SAMPLE);
    let sql = format!(
        "SELECT CAST(sum({}) AS BIGINT) FROM (SELECT * FROM {} LIMIT {measured})",
        widths.join(" + "),
        name.duck()
    );
    let version = version(doc);
    let estimated = rows > SAMPLE;
    // One that was filled anew, or grew to twice its size, is another.
    let what = format!("{} {} {sql}", doc["creationTime"], rows.max(1).ilog2());
    let known = estimated.then(|| tx.recall(&what, &version, LATELY)).flatten();
    let found = match known {
        Some(known) => known,
        None => {
            let measured = tx.query(&sql, &[])?;
            let found = measured.first().map_or(0, |row| row[0].int()).unsigned_abs();
            if estimated {
                tx.remember(&what, &version, found);
            }
            found
        }
    };
    let scaled = u128::from(found) * u128::from(rows) / u128::from(measured);
    Ok(u64::try_from(scaled).unwrap_or(u64::MAX))
}

/// The bytes of one value, as an expression; NULL takes none.
fn width(value: &str, ty: &Ty, depth: usize) -> String {
    let fixed = |bytes: u8| format!("(CASE WHEN {value} IS NULL THEN 0 ELSE {bytes} END)");
    match ty {
        Ty::Bool => fixed(1),
        Ty::Numeric | Ty::Interval => fixed(16),
        Ty::BigNumeric => fixed(32),
        Ty::String | Ty::Unknown => format!("(2 + strlen({value}))"),
        Ty::Bytes => format!("(2 + octet_length({value}))"),
        Ty::Json => format!("(2 + strlen(CAST({value} AS VARCHAR)))"),
        Ty::Struct(fields) => {
            let inner: Vec<String> = fields
                .iter()
                .map(|f| {
                    let field = format!("({value}).{}", quoted(&f.name));
                    format!("coalesce({}, 0)", width(&field, &f.ty, depth))
                })
                .collect();
            format!("({})", inner.join(" + "))
        }
        Ty::Array(item) => {
            let e = format!("_hw_w{depth}");
            let inner = width(&e, item, depth + 1);
            format!("list_sum(list_transform({value}, lambda {e}: coalesce({inner}, 0)))")
        }
        _ => fixed(8),
    }
}
