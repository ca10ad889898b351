//! The connections to the one database file. DuckDB gives a database up when a checkpoint fails; it is opened anew
//! as soon as nobody holds a connection to it.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duckdb::{Config, Connection};

use super::faults::fault;
use super::{float_operators, macros, native};
use crate::KeyService;
use crate::error::{Error, Fault, Reason};

/// How many connections that nobody needs are kept.
const POOL_SIZE: usize = 16;
/// From which size on DuckDB moves its log into the file. Each time it writes whole row groups anew of which little has
/// changed: with its own 16 MB a stream's MERGEs spent half of their time on that.
const LOG: &str = "64MB";
/// How long one waits for others to let go of a database that was given up.
const PATIENCE: Duration = Duration::from_secs(60);

thread_local! {
    /// How many connections this thread holds: it must not wait for itself.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// How the database file is opened.
pub(super) struct Opener {
    pub(super) file: PathBuf,
    pub(super) spill: PathBuf,
    pub(super) memory_limit_mb: u64,
    pub(super) spill_limit_mb: Option<u64>,
    pub(super) keys: Arc<dyn KeyService>,
}

impl Opener {
    fn open(&self) -> duckdb::Result<Connection> {
        let config = Config::default()
            .max_memory(&format!("{}MB", self.memory_limit_mb))?
            .enable_autoload_extension(false)?
            .with("autoinstall_known_extensions", "false")?
            .with("temp_directory", self.spill.to_string_lossy())?
            .with("wal_autocheckpoint", LOG)?;
        let connection = Connection::open_with_flags(&self.file, config)?;
        if let Some(limit) = self.spill_limit_mb {
            connection.execute_batch(&format!("SET GLOBAL max_temp_directory_size = '{limit}MB'"))?;
        }
        prepare(&connection)?;
        native::register(&connection, Arc::clone(&self.keys))?;
        float_operators::register(&connection)?;
        macros::install(&connection)?;
        Ok(connection)
    }
}

pub(super) struct Connections {
    opener: Opener,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// None while it cannot be opened anew.
    base: Option<Connection>,
    pool: Vec<Connection>,
    lent: usize,
    given_up: bool,
}

impl Connections {
    pub(super) fn open(opener: Opener) -> Result<Self, Error> {
        let base = opener.open().map_err(|e| Error::Warehouse {
            path: opener.file.clone(),
            message: e.to_string(),
        })?;
        Ok(Self {
            opener,
            state: Mutex::new(State {
                base: Some(base),
                pool: Vec::new(),
                lent: 0,
                given_up: false,
            }),
            returned: Condvar::new(),
        })
    }

    /// The file that commits are appended to until they are moved into the database's.
    pub(super) fn log(&self) -> PathBuf {
        let mut log = self.opener.file.clone().into_os_string();
        log.push(".wal");
        PathBuf::from(log)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lend(&self) -> Result<Connection, Fault> {
        let mut state = self.state();
        if state.given_up || state.base.is_none() {
            if HELD.get() > 0 {
                return Err(given_up("is being opened anew"));
            }
            state = self
                .returned
                .wait_timeout_while(state, PATIENCE, |state| state.given_up && state.lent > 0)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            self.reopen(&mut state)?;
        }
        let connection = match (state.pool.pop(), &state.base) {
            (Some(connection), _) => Ok(connection),
            (None, Some(base)) => base
                .try_clone()
                .and_then(|connection| prepare(&connection).map(|()| connection)),
            (None, None) => return Err(given_up("is not open")),
        };
        let connection = connection.map_err(|e| {
            let fault = fault(&e);
            state.given_up |= fault.given_up;
            fault
        })?;
        state.lent += 1;
        HELD.set(HELD.get() + 1);
        Ok(connection)
    }

    /// Unless somebody else has done so meanwhile.
    fn reopen(&self, state: &mut State) -> Result<(), Fault> {
        if !state.given_up && state.base.is_some() {
            return Ok(());
        }
        if state.lent > 0 {
            return Err(given_up("waits for a query to end before it is opened anew"));
        }
        state.pool.clear();
        // The old one must be gone: within a process DuckDB does not notice that a file is open twice.
        state.base = None;
        match self.opener.open() {
            Ok(base) => {
                tracing::warn!("the warehouse was opened anew");
                state.base = Some(base);
                state.given_up = false;
                Ok(())
            }
            Err(error) => Err(Fault::new(
                Reason::BackendError,
                format!("the warehouse cannot be opened anew: {error}"),
            )),
        }
    }

    /// Takes back what was lent; None is one that nobody is to get any more.
    pub(super) fn take_back(&self, connection: Option<Connection>) {
        let mut state = self.state();
        if let Some(connection) = connection.filter(|_| !state.given_up && state.pool.len() < POOL_SIZE) {
            state.pool.push(connection);
        }
        state.lent -= 1;
        HELD.set(HELD.get().saturating_sub(1));
        self.returned.notify_all();
    }

    /// DuckDB answers nothing any more.
    pub(super) fn give_up(&self, why: &str) {
        let mut state = self.state();
        if !state.given_up {
            tracing::warn!(why, "DuckDB has given the warehouse up");
            state.given_up = true;
        }
    }
}

fn given_up(what: &str) -> Fault {
    Fault {
        given_up: true,
        ..Fault::new(Reason::BackendError, format!("the warehouse {what}, try again"))
    }
}

fn prepare(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("SET TimeZone='UTC'")
}
