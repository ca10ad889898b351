//! The storage engine: the only module that sees DuckDB. One database file, connections cloned per request,
//! transactions whose writers are ordered by table. Speaks DuckDB's SQL; GoogleSQL is translated elsewhere.

mod attempts;
mod batches;
mod cell;
mod duck_type;
mod float_operators;
mod lists;
mod locks;
mod macros;
mod moments;
mod native;
mod numbers;
mod ranges;
mod terms;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use duckdb::types::{ToSql, ToSqlOutput, Value};
use duckdb::{Config, Connection, params_from_iter};

pub(crate) use batches::ROWS_AT_ONCE;
pub(crate) use cell::Cell;
/// The version of Arrow that DuckDB's crate speaks; the workspace's own is another one.
pub(crate) use duckdb::arrow;
pub(crate) use locks::Key;

use crate::KeyService;
use crate::error::{Error, Fault, Reason};
use crate::types::{self, Field};

/// A parameter of an internal statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bind<'a> {
    Text(&'a str),
    Int(i64),
}

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Int(value) => value.to_sql(),
        }
    }
}

/// Stops what a session is executing, unless it is being committed: a COMMIT that is interrupted may have happened.
#[derive(Clone)]
pub(crate) struct Interrupter {
    handle: Arc<duckdb::InterruptHandle>,
    committing: Arc<Mutex<bool>>,
}

impl Interrupter {
    pub(crate) fn interrupt(&self) {
        let committing = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        if !*committing {
            self.handle.interrupt();
        }
    }
}

pub(crate) struct Engine {
    base: Mutex<Connection>,
    pool: Mutex<Vec<Connection>>,
    locks: locks::Locks,
    busy: attempts::Busy,
    measured: Mutex<HashMap<String, Measured>>,
}

struct Measured {
    version: String,
    at: Instant,
    found: u64,
}

const POOL_SIZE: usize = 16;
/// How often, 50 ms apart, a transaction that could not be rolled back for want of memory is tried again to be.
const ROLLBACKS: u32 = 200;
/// How many measurements are remembered.
const MEASURED: usize = 1024;

impl Engine {
    /// For tests of what asks no key service.
    #[cfg(test)]
    pub(crate) fn without_keys(dir: &Path) -> Self {
        let keys: Arc<dyn KeyService> = Arc::new(crate::NoKeys);
        Self::open(dir, 512, None, &keys).unwrap()
    }

    pub(crate) fn open(
        dir: &Path,
        memory_limit_mb: u64,
        spill_limit_mb: Option<u64>,
        keys: &Arc<dyn KeyService>,
    ) -> Result<Self, Error> {
        let directory = |path: &Path| {
            std::fs::create_dir_all(path).map_err(|source| Error::Directory {
                path: path.to_owned(),
                source,
            })
        };
        let spill = dir.join("spill");
        directory(dir)?;
        // Nothing in it outlives the process that wrote it.
        std::fs::remove_dir_all(&spill).ok();
        directory(&spill)?;
        let file = dir.join("warehouse.duckdb");
        let failed = |path: &PathBuf, e: &duckdb::Error| Error::Warehouse {
            path: path.clone(),
            message: e.to_string(),
        };
        let connect = || -> duckdb::Result<Connection> {
            let config = Config::default()
                .max_memory(&format!("{memory_limit_mb}MB"))?
                .enable_autoload_extension(false)?
                .with("autoinstall_known_extensions", "false")?
                .with("temp_directory", spill.to_string_lossy())?;
            let connection = Connection::open_with_flags(&file, config)?;
            if let Some(limit) = spill_limit_mb {
                connection.execute_batch(&format!("SET GLOBAL max_temp_directory_size = '{limit}MB'"))?;
            }
            prepare(&connection)?;
            native::register(&connection, Arc::clone(keys))?;
            float_operators::register(&connection)?;
            macros::install(&connection)?;
            Ok(connection)
        };
        let base = connect().map_err(|e| failed(&file, &e))?;
        Ok(Self {
            base: Mutex::new(base),
            pool: Mutex::default(),
            locks: locks::Locks::default(),
            busy: attempts::Busy::default(),
            measured: Mutex::default(),
        })
    }

    /// A connection of one's own for as long as the session lives.
    pub(crate) fn session(&self) -> Result<Session<'_>, Fault> {
        let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => {
                let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
                let connection = base.try_clone().map_err(|e| fault(&e))?;
                prepare(&connection).map_err(|e| fault(&e))?;
                connection
            }
        };
        Ok(Session {
            engine: self,
            connection: Some(connection),
            healthy: true,
            watched: std::cell::Cell::new(false),
            began_ms: 0,
            committing: Arc::default(),
        })
    }

    /// Runs `work` on one snapshot.
    ///
    /// It may run more than once when others had taken the memory.
    pub(crate) fn read<T>(&self, mut work: impl FnMut(&Session<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut attempts = self.busy.enter();
        loop {
            attempts.begin();
            match self.read_once(&mut work) {
                Err(fault) if attempts.again(&fault, false) => {}
                other => return other,
            }
        }
    }

    fn read_once<T>(&self, work: &mut impl FnMut(&Session<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut session = self.session()?;
        session.run("BEGIN TRANSACTION READ ONLY")?;
        let result = work(&session);
        session.healthy = session.roll_back().is_ok();
        result
    }

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, else none of it happened.
    /// `work` may run more than once when another transaction was in the way, or others had taken the memory.
    pub(crate) fn write<T>(
        &self,
        keys: &[Key],
        mut work: impl FnMut(&Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _guard = self.locks.acquire(keys);
        let mut attempts = self.busy.enter();
        loop {
            attempts.begin();
            let mut committing = false;
            match self.write_once(&mut work, &mut committing) {
                Err(fault) if attempts.again(&fault, committing) => {}
                other => return other,
            }
        }
    }

    fn write_once<T>(
        &self,
        work: &mut impl FnMut(&Session<'_>) -> Result<T, Fault>,
        committing: &mut bool,
    ) -> Result<T, Fault> {
        let mut session = self.session()?;
        session.began_ms = chrono::Utc::now().timestamp_millis();
        session.run("BEGIN TRANSACTION")?;
        let result = work(&session).and_then(|value| session.commit().map(|()| value));
        if result.is_err() {
            let rolled_back = session.roll_back();
            session.healthy = rolled_back.is_ok();
            // After a failed COMMIT there may be nothing left to roll back: then it may have happened.
            let nothing_left = rolled_back.is_err_and(|fault| fault.reason != Reason::ResourcesExceeded);
            *committing = session.committing() && nothing_left;
        }
        result
    }

    /// Moves the log into the database file, so that the next start has nothing to replay.
    pub(crate) fn checkpoint(&self) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = base.execute_batch("CHECKPOINT") {
            tracing::debug!(%error, "the warehouse's log was left for the next start to replay");
        }
    }
}

fn prepare(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("SET TimeZone='UTC'")
}

pub(crate) struct Session<'a> {
    engine: &'a Engine,
    connection: Option<Connection>,
    healthy: bool,
    watched: std::cell::Cell<bool>,
    began_ms: i64,
    committing: Arc<Mutex<bool>>,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let (true, Some(connection)) = (self.healthy && !self.watched.get(), self.connection.take()) {
            let mut pool = self.engine.pool.lock().unwrap_or_else(PoisonError::into_inner);
            if pool.len() < POOL_SIZE {
                pool.push(connection);
            }
        }
    }
}

impl Session<'_> {
    fn duck(&self) -> Result<&Connection, Fault> {
        self.connection
            .as_ref()
            .ok_or_else(|| Fault::new(Reason::BackendError, "the session has ended"))
    }

    /// From here on somebody may interrupt this connection at any time: nobody else gets it afterwards.
    pub(crate) fn interrupter(&self) -> Result<Interrupter, Fault> {
        self.watched.set(true);
        Ok(Interrupter {
            handle: self.duck()?.interrupt_handle(),
            committing: Arc::clone(&self.committing),
        })
    }

    fn committing(&self) -> bool {
        *self.committing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on nobody interrupts it any more.
    fn commit(&self) -> Result<(), Fault> {
        *self.committing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.run("COMMIT")
    }

    /// Even this takes DuckDB a little memory, which it may have to wait for.
    fn roll_back(&self) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            match self.run("ROLLBACK") {
                Err(fault) if fault.reason == Reason::ResourcesExceeded && tries < ROLLBACKS => {
                    std::thread::sleep(Duration::from_millis(50));
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// When its transaction began, in milliseconds since 1970; 0 for one that only reads.
    pub(crate) fn began_ms(&self) -> i64 {
        self.began_ms
    }

    /// Statements without parameters or answer.
    pub(crate) fn run(&self, sql: &str) -> Result<(), Fault> {
        self.duck()?.execute_batch(sql).map_err(|e| fault(&e))
    }

    /// One statement; how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Bind<'_>]) -> Result<u64, Fault> {
        tracing::trace!(sql, "duckdb");
        let changed = self
            .duck()?
            .execute(sql, params_from_iter(params))
            .map_err(|e| fault(&e))?;
        Ok(changed as u64)
    }

    pub(crate) fn query(&self, sql: &str, params: &[Bind<'_>]) -> Result<Vec<Vec<Cell>>, Fault> {
        tracing::trace!(sql, "duckdb");
        let read = || -> duckdb::Result<Vec<Vec<Cell>>> {
            let mut statement = self
                .duck()
                .map_err(|_| duckdb::Error::QueryReturnedNoRows)?
                .prepare(sql)?;
            let mut rows = statement.query(params_from_iter(params))?;
            let width = rows.as_ref().map_or(0, duckdb::Statement::column_count);
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let cells = (0..width).map(|i| row.get::<_, Value>(i).map(Cell::from_duck));
                out.push(cells.collect::<duckdb::Result<Vec<Cell>>>()?);
            }
            Ok(out)
        };
        read().map_err(|e| fault(&e))
    }

    /// What was measured of this version of something, or not so long ago of another.
    pub(crate) fn recall(&self, what: &str, version: &str, lately: Duration) -> Option<u64> {
        let all = self.engine.measured.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(what)
            .filter(|measured| measured.version == version || measured.at.elapsed() < lately)
            .map(|measured| measured.found)
    }

    pub(crate) fn remember(&self, what: &str, version: &str, found: u64) {
        let mut all = self.engine.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MEASURED {
            all.clear();
        }
        let measured = Measured {
            version: version.to_owned(),
            at: Instant::now(),
            found,
        };
        all.insert(what.to_owned(), measured);
    }

    /// The columns that a query answers, without running it.
    pub(crate) fn describe(&self, sql: &str) -> Result<Vec<Field>, Fault> {
        self.query(&format!("DESCRIBE {sql}"), &[])?
            .iter()
            .map(|row| {
                Ok(Field {
                    name: row[0].text().to_owned(),
                    ty: duck_type::parse(row[1].text())?,
                })
            })
            .collect()
    }
}

/// `Could not convert string 'x' to INT64` in BigQuery's words.
fn bad_value(detail: &str) -> Option<String> {
    let rest = detail.strip_prefix("Could not convert string ")?;
    let (value, kind) = rest.rsplit_once(" to ")?;
    let kind = kind.split(' ').next().unwrap_or(kind);
    let kind = match kind {
        "DECIMAL(38,9)" => "NUMERIC",
        types::BIGNUMERIC => "BIGNUMERIC",
        "INT64" => "int64",
        "DOUBLE" => "double",
        "BOOL" => "bool",
        _ => return None,
    };
    let value = value.trim_matches(|c| c == '\'' || c == '"');
    Some(if kind.chars().all(char::is_uppercase) {
        format!("Invalid {kind} value: {value}")
    } else {
        format!("Bad {kind} value: {value}")
    })
}

/// `invalid date field format: "x", …` in BigQuery's words.
fn bad_moment(detail: &str) -> Option<String> {
    let (what, rest) = detail.split_once(" field ")?;
    let kind = what.strip_prefix("invalid ").unwrap_or(what);
    let (_, rest) = rest.split_once(": \"")?;
    let (value, rest) = rest.split_once('"')?;
    Some(match kind {
        "date" => format!("Invalid date: '{value}'"),
        "time" => format!("Invalid time string \"{value}\""),
        "timestamp" if rest.contains("ZONE") => format!("Invalid timestamp: '{value}'"),
        "timestamp" => format!("Invalid datetime string \"{value}\""),
        _ => return None,
    })
}

/// DuckDB's words turned into BigQuery's.
fn fault(error: &duckdb::Error) -> Fault {
    let text = match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    let (kind, detail) = text.split_once(" Error: ").unwrap_or(("", &text));
    // The rest quotes DuckDB's SQL, which the user did not write.
    let detail = detail.split("\n\nLINE ").next().unwrap_or(detail).trim();
    let detail = detail.split("\nCandidate ").next().unwrap_or(detail).trim();
    match kind {
        "INTERRUPT" => Fault::new(
            Reason::Stopped,
            "Job execution was cancelled: User requested cancellation",
        ),
        "Out of Memory" => Fault::new(
            Reason::ResourcesExceeded,
            format!(
                "Resources exceeded during query execution: {}",
                detail.lines().next().unwrap_or_default()
            ),
        ),
        "TransactionContext" => Fault {
            conflict: true,
            ..Fault::new(Reason::BackendError, format!("Transaction was aborted: {detail}"))
        },
        "Catalog" if detail.contains("write-write conflict") => Fault {
            conflict: true,
            ..Fault::new(Reason::BackendError, format!("Transaction was aborted: {detail}"))
        },
        "Constraint" => match detail.strip_prefix("NOT NULL constraint failed: ") {
            Some(column) => {
                let column = column.rsplit('.').next().unwrap_or(column);
                Fault::invalid(format!("Required field {column} cannot be null"))
            }
            None => Fault::invalid(detail),
        },
        "IO" | "FATAL" | "INTERNAL" => Fault::new(Reason::BackendError, detail),
        "Conversion" => {
            let known = bad_value(detail)
                .or_else(|| words::of(detail))
                .or_else(|| bad_moment(detail));
            Fault::query(known.unwrap_or_else(|| detail.to_owned()))
        }
        _ => Fault::query(words::of(detail).unwrap_or_else(|| detail.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(dir: &Path) -> Engine {
        Engine::without_keys(dir)
    }

    #[test]
    fn a_failed_transaction_leaves_nothing_and_a_committed_one_survives() {
        let dir = tempfile::tempdir().unwrap();
        {
            let engine = engine(dir.path());
            engine
                .write(&[], |tx| tx.run("CREATE TABLE a(x BIGINT); INSERT INTO a VALUES (1)"))
                .unwrap();
            let failed: Result<(), Fault> = engine.write(&[], |tx| {
                tx.run("CREATE TABLE b(x BIGINT); INSERT INTO a VALUES (2)")?;
                Err(Fault::invalid("no"))
            });
            assert_eq!(failed.unwrap_err().message, "no");
        }
        let engine = engine(dir.path());
        let rows = engine.read(|tx| tx.query("SELECT x FROM a", &[])).unwrap();
        assert_eq!(rows, vec![vec![Cell::Int(1)]]);
        assert!(engine.read(|tx| tx.query("SELECT x FROM b", &[])).is_err());
    }

    #[test]
    fn writers_of_one_row_wait_for_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        engine
            .write(&[], |tx| tx.run("CREATE TABLE a(x BIGINT); INSERT INTO a VALUES (0)"))
            .unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let key = Key::Table("p".into(), "d".into(), "a".into());
                    for _ in 0..5 {
                        engine
                            .write(std::slice::from_ref(&key), |tx| {
                                tx.execute("UPDATE a SET x = x + 1", &[])
                            })
                            .unwrap();
                    }
                });
            }
        });
        let rows = engine.read(|tx| tx.query("SELECT x FROM a", &[])).unwrap();
        assert_eq!(rows, vec![vec![Cell::Int(20)]]);
    }

    #[test]
    fn the_engine_has_what_the_warehouse_needs_without_a_download() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        let rows = engine
            .read(|tx| tx.query("SELECT extension_name FROM duckdb_extensions() WHERE loaded", &[]))
            .unwrap();
        for name in ["icu", "json", "parquet"] {
            assert!(rows.iter().any(|r| r[0].text() == name), "{name} is missing");
        }
    }
}
