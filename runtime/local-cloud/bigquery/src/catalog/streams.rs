//! Write streams: what is known of each, and the rows that are not in their table yet, in a table of DuckDB's beside
//! it. Knows what streams are, not what clients send.

use serde_json::{Value, json};

use super::names::TableName;
use super::{now_ms, one_doc, parse_doc};
use crate::engine::{Bind, Session};
use crate::error::Fault;
use crate::types::quoted;

/// The schema of DuckDB's that holds rows which wait.
pub(crate) const WAITING: &str = "_headwater_waiting";
/// The column that numbers a stream's rows.
pub(crate) const NUMBER: &str = "_hw_number";

/// A stream that is not used for so long is abandoned.
const LIFE_MS: i64 = 7 * 24 * 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows are in the table at once.
    Committed,
    /// Rows come into the table when the stream is committed.
    Pending,
    /// Rows come into the table when they are flushed.
    Buffered,
}

/// What is known of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) table: TableName,
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) created_ms: i64,
    /// When its rows came into the table.
    pub(crate) committed_ms: Option<i64>,
    /// How many rows it has been sent: the offset of the next one.
    pub(crate) next: i64,
    /// How many of them are in the table, if it is a buffered one.
    pub(crate) flushed: i64,
    pub(crate) finalized: bool,
}

impl Stream {
    pub(crate) fn new(table: &TableName, kind: Kind) -> Self {
        Self {
            table: table.clone(),
            id: uuid::Uuid::new_v4().simple().to_string(),
            kind,
            created_ms: now_ms(),
            committed_ms: None,
            next: 0,
            flushed: 0,
            finalized: false,
        }
    }

    /// The table of the rows that wait, without its schema.
    pub(crate) fn waiting(&self) -> String {
        format!("s{}", self.id)
    }

    /// The same as DuckDB's SQL names it.
    pub(crate) fn waiting_sql(&self) -> String {
        format!("{WAITING}.{}", quoted(&self.waiting()))
    }

    fn doc(&self) -> Value {
        let kind = match self.kind {
            Kind::Committed => "COMMITTED",
            Kind::Pending => "PENDING",
            Kind::Buffered => "BUFFERED",
        };
        json!({
            "kind": kind, "created": self.created_ms, "committed": self.committed_ms, "next": self.next,
            "flushed": self.flushed, "finalized": self.finalized, "used": now_ms(),
        })
    }

    fn read(table: &TableName, id: &str, doc: &Value) -> Self {
        let number = |key: &str| doc[key].as_i64();
        Self {
            table: table.clone(),
            id: id.to_owned(),
            kind: match doc["kind"].as_str() {
                Some("PENDING") => Kind::Pending,
                Some("BUFFERED") => Kind::Buffered,
                _ => Kind::Committed,
            },
            created_ms: number("created").unwrap_or_default(),
            committed_ms: number("committed"),
            next: number("next").unwrap_or_default(),
            flushed: number("flushed").unwrap_or_default(),
            finalized: doc["finalized"] == true,
        }
    }

    /// Drops the rows that wait.
    pub(crate) fn empty(&self, tx: &Session<'_>) -> Result<(), Fault> {
        tx.run(&format!("DROP TABLE IF EXISTS {}", self.waiting_sql()))
    }
}

fn binds<'a>(table: &'a TableName, id: &'a str) -> [Bind<'a>; 4] {
    let [project, dataset, name] = [&table.project, &table.dataset, &table.table].map(|text| Bind::Text(text));
    [project, dataset, name, Bind::Text(id)]
}

pub(super) const TABLES: &str = "CREATE SCHEMA IF NOT EXISTS _headwater_waiting;
    CREATE TABLE IF NOT EXISTS _headwater.write_streams(project VARCHAR, dataset VARCHAR, name VARCHAR, id VARCHAR,
        doc VARCHAR)";

pub(crate) fn insert(tx: &Session<'_>, stream: &Stream) -> Result<(), Fault> {
    let doc = stream.doc().to_string();
    let [project, dataset, name, id] = binds(&stream.table, &stream.id);
    let all = [project, dataset, name, id, Bind::Text(&doc)];
    tx.execute("INSERT INTO _headwater.write_streams VALUES (?, ?, ?, ?, ?)", &all)?;
    Ok(())
}

pub(crate) fn find(tx: &Session<'_>, table: &TableName, id: &str) -> Result<Option<Stream>, Fault> {
    let sql = "SELECT doc FROM _headwater.write_streams WHERE project = ? AND dataset = ? AND name = ? AND id = ?";
    let doc = one_doc(tx, sql, &binds(table, id))?;
    Ok(doc.map(|doc| Stream::read(table, id, &doc)))
}

pub(crate) fn save(tx: &Session<'_>, stream: &Stream) -> Result<(), Fault> {
    let doc = stream.doc().to_string();
    let [project, dataset, name, id] = binds(&stream.table, &stream.id);
    let sql = "UPDATE _headwater.write_streams SET doc = ? WHERE project = ? AND dataset = ? AND name = ? AND id = ?";
    tx.execute(sql, &[Bind::Text(&doc), project, dataset, name, id])?;
    Ok(())
}

/// Forgets streams that have not been used for long, with the rows that wait: nobody will commit or flush them any more.
pub(super) fn forget_abandoned(tx: &Session<'_>) -> Result<(), Fault> {
    let before = now_ms() - LIFE_MS;
    for row in tx.query(
        "SELECT project, dataset, name, id, doc FROM _headwater.write_streams",
        &[],
    )? {
        let doc = parse_doc(row[4].text());
        let used = doc["used"].as_i64().or_else(|| doc["created"].as_i64());
        if used.is_some_and(|used| used >= before) {
            continue;
        }
        let table = TableName::new(row[0].text(), row[1].text(), row[2].text());
        Stream::read(&table, row[3].text(), &doc).empty(tx)?;
        let sql = "DELETE FROM _headwater.write_streams WHERE project = ? AND dataset = ? AND name = ? AND id = ?";
        tx.execute(sql, &binds(&table, row[3].text()))?;
    }
    Ok(())
}

/// Forgets the streams of a table, with the rows that wait.
pub(super) fn forget(tx: &Session<'_>, table: &TableName) -> Result<(), Fault> {
    let [project, dataset, name, _] = binds(table, "");
    let key = [project, dataset, name];
    let sql = "SELECT id, doc FROM _headwater.write_streams WHERE project = ? AND dataset = ? AND name = ?";
    let found = tx.query(sql, &key)?;
    for row in &found {
        Stream::read(table, row[0].text(), &parse_doc(row[1].text())).empty(tx)?;
    }
    if !found.is_empty() {
        let sql = "DELETE FROM _headwater.write_streams WHERE project = ? AND dataset = ? AND name = ?";
        tx.execute(sql, &key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    #[test]
    fn a_stream_that_nobody_has_used_for_long_goes_with_its_rows() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::without_keys(dir.path());
        crate::catalog::prepare(&engine).unwrap();
        let table = TableName::new("p", "d", "t");
        let streams = [Kind::Pending, Kind::Buffered].map(|kind| Stream::new(&table, kind));
        let [old, new] = &streams;
        engine
            .write(&[], |tx| {
                for stream in &streams {
                    insert(tx, stream)?;
                    tx.run(&format!("CREATE TABLE {} ({NUMBER} BIGINT)", stream.waiting_sql()))?;
                }
                let week = now_ms() - LIFE_MS - 1;
                let doc = json!({"kind": "PENDING", "created": week, "used": week}).to_string();
                let binds = [Bind::Text(&doc), Bind::Text(&old.id)];
                tx.execute("UPDATE _headwater.write_streams SET doc = ? WHERE id = ?", &binds)
            })
            .unwrap();
        crate::catalog::sweep(&engine).unwrap();
        let left = engine
            .read(|tx| tx.query("SELECT id FROM _headwater.write_streams", &[]))
            .unwrap();
        assert_eq!((left.len(), left[0][0].text()), (1, new.id.as_str()));
        let waiting = "SELECT table_name FROM duckdb_tables() WHERE schema_name = '_headwater_waiting'";
        let left = engine.read(|tx| tx.query(waiting, &[])).unwrap();
        assert_eq!((left.len(), left[0][0].text()), (1, new.waiting().as_str()));
    }
}
