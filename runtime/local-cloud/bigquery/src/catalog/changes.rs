//! What is remembered of change data capture: for each key of a table the sequence number of the last change, also of
//! keys whose row was deleted, so that a change that comes late does nothing.

use super::names::TableName;
use crate::engine::{Bind, Session};
use crate::error::Fault;
use crate::types::quoted;

pub(super) const TABLES: &str = "CREATE SCHEMA IF NOT EXISTS _headwater_changes";
/// The column of the sequence numbers.
pub(crate) const SEQUENCE: &str = "_hw_sequence";

/// The table of the sequence numbers, as DuckDB's SQL names it.
pub(crate) fn seen(table: &TableName) -> String {
    format!("_headwater_changes.{}", quoted(&table.id()))
}

/// Makes the table of the sequence numbers with these columns for the key, where it is missing or of another key.
pub(crate) fn prepare(tx: &Session<'_>, table: &TableName, key: &[&str]) -> Result<(), Fault> {
    let found = tx.query(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = '_headwater_changes' AND table_name = ? \
         ORDER BY column_index",
        &[Bind::Text(&table.id())],
    )?;
    let found: Vec<&str> = found.iter().map(|row| row[0].text()).collect();
    if found.split_last().is_some_and(|(_, known)| known != key) {
        forget(tx, table)?;
    }
    let columns: Vec<String> = key.iter().map(|k| quoted(k)).collect();
    tx.run(&format!(
        "CREATE TABLE IF NOT EXISTS {} AS SELECT {}, CAST('' AS VARCHAR) AS {SEQUENCE} FROM {} LIMIT 0",
        seen(table),
        columns.join(", "),
        table.duck()
    ))
}

/// Forgets the changes of a table.
pub(crate) fn forget(tx: &Session<'_>, table: &TableName) -> Result<(), Fault> {
    tx.run(&format!("DROP TABLE IF EXISTS {}", seen(table)))
}

pub(super) fn rename(tx: &Session<'_>, from: &TableName, to: &TableName) -> Result<(), Fault> {
    tx.run(&format!(
        "ALTER TABLE IF EXISTS {} RENAME TO {}",
        seen(from),
        quoted(&to.id())
    ))
}
