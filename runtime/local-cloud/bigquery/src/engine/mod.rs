//! The storage engine: the only module that sees DuckDB. One database file, connections cloned per request,
//! transactions whose writers are ordered by table. Speaks DuckDB's SQL; GoogleSQL is translated elsewhere.

mod attempts;
mod batches;
mod cell;
mod connections;
mod duck_type;
mod faults;
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

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use duckdb::types::{ToSql, ToSqlOutput, Value};
use duckdb::{Connection, params_from_iter};

pub(crate) use batches::ROWS_AT_ONCE;
pub(crate) use cell::Cell;
/// The version of Arrow that DuckDB's crate speaks; the workspace's own is another one.
pub(crate) use duckdb::arrow;
use faults::fault;
pub(crate) use locks::Key;

use crate::KeyService;
use crate::error::{Error, Fault, Reason};
use crate::types::Field;

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
    connections: connections::Connections,
    locks: locks::Locks,
    busy: attempts::Busy,
    /// The size of the log, in bytes, from which on it is moved into the database file.
    full_log: AtomicU64,
    measured: Mutex<HashMap<String, Measured>>,
}

struct Measured {
    version: String,
    at: Instant,
    found: u64,
}

/// From this size on, the log is moved into the database file at the next moment without other work.
const FULL_LOG: u64 = 96 << 20;
/// How long others are kept waiting for such a moment to come.
const MOMENT: Duration = Duration::from_secs(2);
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
        let connections = connections::Connections::open(connections::Opener {
            file: dir.join("warehouse.duckdb"),
            spill,
            memory_limit_mb,
            spill_limit_mb,
            keys: Arc::clone(keys),
        })?;
        Ok(Self {
            connections,
            locks: locks::Locks::default(),
            busy: attempts::Busy::default(),
            full_log: AtomicU64::new(FULL_LOG),
            measured: Mutex::default(),
        })
    }

    /// A connection of one's own for as long as the session lives.
    pub(crate) fn session(&self) -> Result<Session<'_>, Fault> {
        Ok(Session {
            engine: self,
            connection: Some(self.connections.lend()?),
            healthy: true,
            watched: std::cell::Cell::new(false),
            began_ms: 0,
            committing: Arc::default(),
            read: RefCell::default(),
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
        session.read.replace(Some(HashMap::new()));
        let result = work(&session);
        session.healthy = session.roll_back().is_ok();
        result
    }

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, else none of it happened.
    /// `work` may run more than once when another transaction was in the way, or others had taken the memory.
    pub(crate) fn write<T>(
        &self,
        keys: &[Key],
        work: impl FnMut(&Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let result = self.write_in_turn(keys, work);
        self.empty_log();
        result
    }

    fn write_in_turn<T>(
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
        session.read.replace(Some(HashMap::new()));
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

    /// Moves a log that has grown into the database file. DuckDB does so by itself only when a commit happens to find no
    /// other transaction, which under load is never; until then, what was changed stays in memory.
    fn empty_log(&self) {
        let size = std::fs::metadata(self.connections.log()).map_or(0, |log| log.len());
        if size < self.full_log.load(Ordering::Relaxed) {
            return;
        }
        // Whoever waits in vain lets the log grow before others are kept waiting again.
        self.full_log.store(size + FULL_LOG / 2, Ordering::Relaxed);
        if let Some(_moment) = self.busy.moment(MOMENT) {
            self.checkpoint();
            self.full_log.store(FULL_LOG, Ordering::Relaxed);
        }
    }

    /// Moves the log into the database file, so that the next start has nothing to replay.
    pub(crate) fn checkpoint(&self) {
        let began = Instant::now();
        match self.session().and_then(|session| session.run("CHECKPOINT")) {
            Ok(()) => tracing::debug!(took = ?began.elapsed(), "the warehouse's log was moved into its file"),
            Err(error) => tracing::debug!(%error, "the warehouse's log was left for the next start to replay"),
        }
    }
}

pub(crate) struct Session<'a> {
    engine: &'a Engine,
    connection: Option<Connection>,
    healthy: bool,
    watched: std::cell::Cell<bool>,
    began_ms: i64,
    committing: Arc<Mutex<bool>>,
    /// What was read in its transaction, until that changes something; None outside of transactions.
    read: RefCell<Option<HashMap<String, Option<String>>>>,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let reusable = self.healthy && !self.watched.get();
        let connection = self.connection.take().filter(|_| reusable);
        self.engine.connections.take_back(connection);
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
        match self.run("COMMIT") {
            Err(fault) if fault.message.contains(faults::COMMITTED) => Ok(()),
            other => other,
        }
    }

    fn fault(&self, error: &duckdb::Error) -> Fault {
        let fault = fault(error);
        if fault.given_up {
            self.engine.connections.give_up(&fault.message);
        }
        fault
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
        self.changes();
        self.duck()?.execute_batch(sql).map_err(|e| self.fault(&e))
    }

    /// One statement; how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Bind<'_>]) -> Result<u64, Fault> {
        tracing::trace!(sql, "duckdb");
        self.changes();
        let changed = self
            .duck()?
            .execute(sql, params_from_iter(params))
            .map_err(|e| self.fault(&e))?;
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
        read().map_err(|e| self.fault(&e))
    }

    /// The one text of the first row, where there is one: read once in a transaction that changes nothing meanwhile.
    pub(crate) fn text(&self, sql: &str, params: &[Bind<'_>]) -> Result<Option<String>, Fault> {
        let key = format!("{sql} {params:?}");
        if let Some(found) = self.read.borrow().as_ref().and_then(|read| read.get(&key)) {
            return Ok(found.clone());
        }
        let found = self.query(sql, params)?.first().map(|row| row[0].text().to_owned());
        self.keep(sql, params, found.clone());
        Ok(found)
    }

    /// What [`Session::text`] is to answer, when it was found otherwise.
    pub(crate) fn keep(&self, sql: &str, params: &[Bind<'_>], found: Option<String>) {
        if let Some(read) = self.read.borrow_mut().as_mut() {
            read.insert(format!("{sql} {params:?}"), found);
        }
    }

    /// Forgets what was read.
    fn changes(&self) {
        if let Some(read) = self.read.borrow_mut().as_mut() {
            read.clear();
        }
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

    fn rows(engine: &Engine) -> Vec<Vec<Cell>> {
        engine.read(|tx| tx.query("SELECT x FROM a", &[])).unwrap()
    }

    #[test]
    fn a_failed_checkpoint_loses_nothing_and_the_database_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        let write = |sql: &str| engine.write(&[], |tx| tx.run(sql));
        write("CREATE TABLE a(x BIGINT); INSERT INTO a VALUES (1)").unwrap();
        write("SET GLOBAL debug_checkpoint_abort = 'before_truncate'").unwrap();
        engine.checkpoint();
        assert_eq!(rows(&engine), vec![vec![Cell::Int(1)]]);

        // The same by DuckDB itself, when the commit has held.
        write("SET GLOBAL debug_checkpoint_abort = 'before_truncate'; SET GLOBAL wal_autocheckpoint = '1KB'").unwrap();
        write("INSERT INTO a SELECT 2 FROM range(10000)").unwrap();
        assert_eq!(rows(&engine).len(), 10_001);
        write("INSERT INTO a VALUES (3)").unwrap();
        assert_eq!(rows(&engine).len(), 10_002);
    }

    #[test]
    fn a_database_is_opened_anew_when_the_last_who_holds_it_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        let write = |sql: &str| engine.write(&[], |tx| tx.run(sql));
        write("CREATE TABLE a(x BIGINT); INSERT INTO a VALUES (1)").unwrap();
        let (began, has_begun) = std::sync::mpsc::channel();
        let (end, to_end) = std::sync::mpsc::channel();
        let engine = &engine;
        std::thread::scope(|scope| {
            let mut attempts = 0;
            let slow = scope.spawn(move || {
                engine.read(|tx| {
                    attempts += 1;
                    if attempts == 1 {
                        began.send(()).unwrap();
                        to_end.recv().unwrap();
                    }
                    tx.query("SELECT x FROM a", &[])
                })
            });
            has_begun.recv().unwrap();
            write("SET GLOBAL debug_checkpoint_abort = 'before_truncate'").unwrap();
            engine.checkpoint();
            let next = scope.spawn(|| rows(engine));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!next.is_finished());
            end.send(()).unwrap();
            assert_eq!(next.join().unwrap(), vec![vec![Cell::Int(1)]]);
            assert_eq!(slow.join().unwrap().unwrap(), vec![vec![Cell::Int(1)]]);
        });
    }

    #[test]
    fn a_log_that_has_grown_is_moved_into_the_file_though_somebody_is_always_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        let stop = std::sync::atomic::AtomicBool::new(false);
        engine
            .write(&[], |tx| tx.run("CREATE TABLE a(x BIGINT, y TEXT)"))
            .unwrap();
        let largest = std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        engine
                            .read(|tx| {
                                std::thread::sleep(Duration::from_millis(20));
                                tx.query("SELECT count(*) FROM a", &[])
                            })
                            .unwrap();
                    }
                });
            }
            let mut largest = 0;
            for _ in 0..40 {
                engine
                    .write(&[], |tx| {
                        tx.run("INSERT INTO a SELECT range, repeat(chr(65 + (range % 50)::INT), 400) FROM range(20000)")
                    })
                    .unwrap();
                largest = largest.max(std::fs::metadata(engine.connections.log()).map_or(0, |log| log.len()));
            }
            stop.store(true, Ordering::Relaxed);
            largest
        });
        assert!(largest < 2 * FULL_LOG, "{largest}");
        let rows = engine.read(|tx| tx.query("SELECT count(*) FROM a", &[])).unwrap();
        assert_eq!(rows, vec![vec![Cell::Int(800_000)]]);
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
