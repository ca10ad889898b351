//! Earlier states of tables, for `FOR SYSTEM_TIME AS OF`: a small table is copied before a statement or job changes it. What is
//! streamed into a table and what is done to a large one keeps no earlier state, and a time that only such a state could answer
//! is refused. So is one between states of a middling table that changes all the time, as the current table of a stream does.

use serde_json::Value;

use super::names::{ANONYMOUS, TableName};
use super::{int, now_ms, parse_doc, tables};
use crate::engine::{Bind, Session};
use crate::error::Fault;
use crate::types::quoted;

/// Tables of more rows are not copied.
const MOST_ROWS: i64 = 20_000;
/// Tables of more rows are copied only now and then.
const FEW_ROWS: i64 = 1_000;
/// How often at most.
const NOW_AND_THEN_MS: i64 = 10_000;
/// How many states of a table are kept.
const MOST_STATES: usize = 10;
/// BigQuery's own longest window for time travel.
const WINDOW_MS: i64 = 7 * 24 * 3_600_000;

const SCHEMA: &str = "_headwater_history";
pub(super) const TABLES: &str = "CREATE SCHEMA IF NOT EXISTS _headwater_history;
    CREATE TABLE IF NOT EXISTS _headwater.history(project VARCHAR, dataset VARCHAR, name VARCHAR, id VARCHAR, since BIGINT,
        until BIGINT, doc VARCHAR)";

/// A table as it was.
pub(crate) struct State {
    /// What DuckDB's SQL selects its rows from.
    pub(crate) sql: String,
    pub(crate) doc: Value,
}

fn binds(name: &TableName) -> [Bind<'_>; 3] {
    [&name.project, &name.dataset, &name.table].map(|text| Bind::Text(text))
}

fn stored(id: &str) -> String {
    format!("{SCHEMA}.{}", quoted(id))
}

/// Keeps a table's rows as they are, because they are about to change. Its writers must be locked out.
pub(crate) fn keep(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    let since = int(&doc["lastModifiedTime"]).unwrap_or_default();
    // What this transaction has written itself was never there for others.
    if name.dataset == ANONYMOUS || !tables::is_stored(doc) || since >= tx.began_ms() {
        return Ok(());
    }
    let counted = tx.query(&format!("SELECT count(*) FROM {}", name.duck()), &[])?;
    let rows = counted.first().map_or(0, |row| row[0].int());
    let now = now_ms();
    if rows > MOST_ROWS || (rows > FEW_ROWS && now - newest(tx, name)? < NOW_AND_THEN_MS) {
        return Ok(());
    }
    let (id, text) = (uuid::Uuid::new_v4().simple().to_string(), doc.to_string());
    tx.run(&format!(
        "CREATE TABLE {} AS SELECT * FROM {}",
        stored(&id),
        name.duck()
    ))?;
    let [project, dataset, table] = binds(name);
    let all = [
        project,
        dataset,
        table,
        Bind::Text(&id),
        Bind::Int(since),
        Bind::Int(now),
        Bind::Text(&text),
    ];
    tx.execute("INSERT INTO _headwater.history VALUES (?, ?, ?, ?, ?, ?, ?)", &all)?;
    prune(tx, name, MOST_STATES, now - WINDOW_MS)
}

/// When the newest state that is kept of a table ended; 0 if there is none.
fn newest(tx: &Session<'_>, name: &TableName) -> Result<i64, Fault> {
    let sql = "SELECT coalesce(max(until), 0) FROM _headwater.history WHERE project = ? AND dataset = ? AND name = ?";
    let found = tx.query(sql, &binds(name))?;
    Ok(found.first().map_or(0, |row| row[0].int()))
}

/// The state of a table at a time in milliseconds.
pub(crate) fn at(tx: &Session<'_>, name: &TableName, doc: &Value, at: i64) -> Result<State, Fault> {
    if at > now_ms() {
        return Err(Fault::query(format!(
            "Invalid time travel timestamp {at} for table {}. It is in the future",
            name.id()
        )));
    }
    let changed = int(&doc["lastModifiedTime"]).unwrap_or_default();
    if at >= changed {
        return Ok(State {
            sql: name.duck(),
            doc: doc.clone(),
        });
    }
    let [project, dataset, table] = binds(name);
    let sql = "SELECT id, doc FROM _headwater.history WHERE project = ? AND dataset = ? AND name = ? AND since <= ? AND until > ?";
    let found = tx.query(sql, &[project, dataset, table, Bind::Int(at), Bind::Int(at)])?;
    if let Some(row) = found.first() {
        return Ok(State {
            sql: stored(row[0].text()),
            doc: parse_doc(row[1].text()),
        });
    }
    let born = int(&doc["creationTime"]).unwrap_or_default();
    Err(Fault::query(if at < born {
        format!(
            "Invalid time travel timestamp {at} for table {}. Cannot read before {born}",
            name.id()
        )
    } else {
        format!(
            "Invalid time travel timestamp {at} for table {}. The local BigQuery keeps the last {MOST_STATES} states of tables of at \
             most {MOST_ROWS} rows that were changed by statements and jobs, of more than {FEW_ROWS} rows one in {} s; it has none of \
             that time, and can read this table from {changed} on",
            name.id(),
            NOW_AND_THEN_MS / 1000
        )
    }))
}

/// Forgets all earlier states of a table.
pub(super) fn forget(tx: &Session<'_>, name: &TableName) -> Result<(), Fault> {
    prune(tx, name, 0, i64::MAX)
}

/// Forgets all but the newest states, and those that ended before a time.
fn prune(tx: &Session<'_>, name: &TableName, most: usize, ended: i64) -> Result<(), Fault> {
    let sql =
        "SELECT id, until FROM _headwater.history WHERE project = ? AND dataset = ? AND name = ? ORDER BY until DESC";
    let states = tx.query(sql, &binds(name))?;
    for (number, state) in states.iter().enumerate() {
        if number >= most || state[1].int() < ended {
            let id = state[0].text();
            tx.run(&format!("DROP TABLE IF EXISTS {}", stored(id)))?;
            tx.execute("DELETE FROM _headwater.history WHERE id = ?", &[Bind::Text(id)])?;
        }
    }
    Ok(())
}
