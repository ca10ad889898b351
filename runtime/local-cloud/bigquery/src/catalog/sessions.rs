//! Sessions: what queries leave for the later ones of the same session, as one document each.
//! <https://cloud.google.com/bigquery/docs/sessions-intro>

use serde_json::{Value, json};

use super::names::TableName;
use super::{now_ms, one_doc, tables};
use crate::engine::{Bind, Session};
use crate::error::Fault;

/// A session that nobody uses for so long ends.
const IDLE_MS: i64 = 24 * 3_600_000;

pub(super) const TABLES: &str =
    "CREATE TABLE IF NOT EXISTS _headwater.sessions(project VARCHAR, id VARCHAR, used BIGINT, doc VARCHAR)";

/// Begins a session; its id.
pub(crate) fn begin(tx: &Session<'_>, project: &str) -> Result<String, Fault> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let all = [
        Bind::Text(project),
        Bind::Text(&id),
        Bind::Int(now_ms()),
        Bind::Text("{}"),
    ];
    tx.execute("INSERT INTO _headwater.sessions VALUES (?, ?, ?, ?)", &all)?;
    Ok(id)
}

pub(crate) fn load(tx: &Session<'_>, project: &str, id: &str) -> Result<Value, Fault> {
    let sql = "SELECT doc FROM _headwater.sessions WHERE project = ? AND id = ? AND used > ?";
    let all = [Bind::Text(project), Bind::Text(id), Bind::Int(now_ms() - IDLE_MS)];
    one_doc(tx, sql, &all)?.ok_or_else(|| Fault::not_found("Session", id))
}

/// Keeps what a query has left; a session that has ended stays ended.
pub(crate) fn save(tx: &Session<'_>, project: &str, id: &str, doc: &Value) -> Result<(), Fault> {
    let text = doc.to_string();
    let all = [
        Bind::Text(&text),
        Bind::Int(now_ms()),
        Bind::Text(project),
        Bind::Text(id),
    ];
    let sql = "UPDATE _headwater.sessions SET doc = ?, used = ? WHERE project = ? AND id = ?";
    tx.execute(sql, &all).map(drop)
}

/// The temporary tables of a session.
pub(crate) fn temporary_tables(doc: &Value) -> Vec<TableName> {
    let all = doc["tables"].as_object().into_iter().flatten();
    all.filter_map(|(_, reference)| TableName::from_reference(reference, "").ok())
        .collect()
}

/// Ends a session, with its temporary tables.
pub(crate) fn end(tx: &Session<'_>, project: &str, id: &str) -> Result<(), Fault> {
    let doc = load(tx, project, id)?;
    for table in temporary_tables(&doc) {
        if let Some(doc) = tables::find(tx, &table)? {
            tables::drop_table(tx, &table, &doc)?;
        }
    }
    let all = [Bind::Text(project), Bind::Text(id)];
    tx.execute("DELETE FROM _headwater.sessions WHERE project = ? AND id = ?", &all)
        .map(drop)
}

/// Forgets the sessions that nobody has used for a day; their tables have expired by themselves.
pub(super) fn forget_idle(tx: &Session<'_>) -> Result<(), Fault> {
    let idle = [Bind::Int(now_ms() - IDLE_MS)];
    tx.execute("DELETE FROM _headwater.sessions WHERE used <= ?", &idle)
        .map(drop)
}

/// What a job and a query say of their session.
pub(crate) fn info(id: &str) -> Value {
    json!({"sessionId": id})
}
