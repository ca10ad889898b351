//! Change Data Capture: which objects are captured (`channels`), what a transaction's changes become (`transaction`, `encode`
//! by the `shape` of an object), and the bus that keeps the events (`log`). Serving them is `pubsub`.

mod avro;
mod bitmap;
pub(crate) mod channels;
mod encode;
pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod platform;
pub(crate) mod shape;
pub(crate) mod transaction;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use serde_json::Value;

use crate::Error;
use crate::schema::{Object, Schema};
use channels::Channels;
use journal::Journal;
use log::{Fresh, Log};
use shape::Shape;
use transaction::Transaction;

/// How long events are kept.
pub(crate) const RETENTION_MS: i64 = 72 * 3600 * crate::time::SECOND;

/// What happened to the records of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ChangeType {
    Create,
    Update,
    Delete,
    Undelete,
    GapCreate,
    GapUpdate,
    GapDelete,
    GapUndelete,
    GapOverflow,
}

impl ChangeType {
    /// In the order of the schema's enumeration.
    pub(crate) const SYMBOLS: [&str; 9] = [
        "CREATE",
        "UPDATE",
        "DELETE",
        "UNDELETE",
        "GAP_CREATE",
        "GAP_UPDATE",
        "GAP_DELETE",
        "GAP_UNDELETE",
        "GAP_OVERFLOW",
    ];

    fn index(self) -> i64 {
        self as i64
    }

    /// The gap that stands for a change.
    pub(crate) fn as_gap(self) -> Self {
        match self {
            Self::Create | Self::GapCreate => Self::GapCreate,
            Self::Update | Self::GapUpdate => Self::GapUpdate,
            Self::Delete | Self::GapDelete => Self::GapDelete,
            Self::Undelete | Self::GapUndelete => Self::GapUndelete,
            Self::GapOverflow => Self::GapOverflow,
        }
    }
}

/// What the header says of the transaction.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub commit_number: i64,
    pub commit_ms: i64,
    pub sequence: i32,
    pub user: String,
    pub origin: String,
}

impl Stamp {
    /// The same for all events of a transaction, of no other.
    fn transaction_key(&self) -> String {
        let (a, b) = (
            crate::rng::mix(self.commit_number.cast_unsigned(), 1),
            crate::rng::mix(self.commit_number.cast_unsigned(), 2),
        );
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xffff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    }
}

/// What the next events are to be, because a test says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// So many events more come as gaps.
    pub left: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Cdc {
    dir: PathBuf,
    pub log: Log,
    pub journal: Journal,
    /// Changes of which it was open at the last end whether they were published.
    unfinished: Mutex<Vec<journal::Entry>>,
    channels: RwLock<Channels>,
    /// Every schema that was ever used, by id: old events need them.
    schemas: RwLock<HashMap<String, String>>,
    shapes: RwLock<HashMap<String, (i64, Arc<Shape>)>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last_commit: i64,
    gaps: Gaps,
    /// Transactions that can be seen later only.
    pending: Vec<(i64, Transaction)>,
}

impl Cdc {
    pub(crate) fn open(dir: &Path, seed: u64) -> Result<Self, Error> {
        let log = Log::open(dir, seed)?;
        let (journal, unfinished) = Journal::open(dir)?;
        let channels = Channels::load(dir)?;
        let schemas = load_schemas(dir)?;
        // Numbers rise over restarts too, whatever a test did to the clock meanwhile.
        let last_commit = log.last_time().map_or(0, |ms| ms * 10_000 + 9_999);
        Ok(Self {
            dir: dir.to_path_buf(),
            log,
            journal,
            unfinished: Mutex::new(unfinished),
            channels: RwLock::new(channels),
            schemas: RwLock::new(schemas),
            shapes: RwLock::default(),
            state: Mutex::new(State {
                last_commit,
                gaps: Gaps { left: 0 },
                pending: vec![],
            }),
        })
    }

    pub(crate) fn channels(&self) -> Channels {
        self.channels
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Whether changes of an object are captured.
    pub(crate) fn captures(&self, object: &str) -> bool {
        self.channels
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .captures(object)
    }

    /// Changes what is chosen, durably.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Channels) -> T) -> Result<T, Error> {
        let mut channels = self.channels.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut changed = channels.clone();
        let value = change(&mut changed);
        changed.save(&self.dir)?;
        *channels = changed;
        Ok(value)
    }

    /// The changes that the last end interrupted, once.
    pub(crate) fn unfinished(&self) -> Vec<journal::Entry> {
        let mut unfinished = self
            .unfinished
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut unfinished)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The shape of an object's events now; its schema is known from here on.
    pub(crate) fn shape(&self, object: &Object) -> Result<Arc<Shape>, Error> {
        let known = self.shapes.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((modified, shape)) = known.get(&object.name)
            && *modified == object.modified_ms
        {
            return Ok(Arc::clone(shape));
        }
        drop(known);
        let shape = Arc::new(Shape::of(object));
        self.know(&shape.schema_id, &shape.schema_json)?;
        let mut known = self.shapes.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(object.name.clone(), (object.modified_ms, Arc::clone(&shape)));
        Ok(shape)
    }

    /// The text of a schema that was ever used.
    pub(crate) fn schema_json(&self, id: &str) -> Option<String> {
        let schemas = self.schemas.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        schemas.get(id).cloned()
    }

    /// Keeps a schema.
    pub(crate) fn know(&self, id: &str, text: &str) -> Result<(), Error> {
        let mut schemas = self.schemas.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if schemas.contains_key(id) {
            return Ok(());
        }
        let path = self.dir.join("event-schemas.jsonl");
        let line = format!("{}\n", serde_json::json!({ "id": id, "schema": text }));
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))
            .map_err(Error::file("write", &path))?;
        schemas.insert(id.to_owned(), text.to_owned());
        Ok(())
    }

    /// So many of the next events come as gaps.
    pub(crate) fn set_gaps(&self, gaps: Gaps) {
        self.state().gaps = gaps;
    }

    /// Publishes a transaction, or keeps it until `visible_ms`.
    pub(crate) fn commit(
        &self,
        schema: &Schema,
        transaction: Transaction,
        now_ms: i64,
        visible_ms: Option<i64>,
    ) -> std::io::Result<()> {
        if let Some(visible) = visible_ms {
            self.state().pending.push((visible, transaction));
            return Ok(());
        }
        self.settle(schema, now_ms)?;
        self.publish(schema, &transaction, now_ms)
    }

    /// Publishes what is due.
    pub(crate) fn settle(&self, schema: &Schema, now_ms: i64) -> std::io::Result<()> {
        let due: Vec<_> = {
            let mut state = self.state();
            if state.pending.is_empty() {
                return Ok(());
            }
            let (due, rest) = std::mem::take(&mut state.pending)
                .into_iter()
                .partition(|(visible, _)| *visible <= now_ms);
            state.pending = rest;
            due
        };
        for (_, transaction) in due {
            self.publish(schema, &transaction, now_ms)?;
        }
        Ok(())
    }

    fn publish(&self, schema: &Schema, transaction: &Transaction, now_ms: i64) -> std::io::Result<()> {
        // Numbers rise in the order of the log: the lock is held until the events stand there.
        let mut state = self.state();
        let commit_number = (state.last_commit + 1).max(now_ms.saturating_mul(10_000));
        let mut events = vec![];
        for (n, group) in transaction.groups().enumerate() {
            let object = &schema.objects[group.object];
            let shape = self.shape(object).map_err(std::io::Error::other)?;
            let mut kind = group.kind;
            if state.gaps.left > 0 {
                state.gaps.left -= 1;
                kind = kind.as_gap();
            }
            let stamp = Stamp {
                commit_number,
                commit_ms: now_ms,
                sequence: i32::try_from(n + 1).unwrap_or(i32::MAX),
                user: transaction.user.clone(),
                origin: transaction.origin.clone(),
            };
            let nothing = encode::Content::default();
            let content = if kind == group.kind { &group.content } else { &nothing };
            events.push(Fresh {
                subject: group.object as u16,
                schema_id: shape.schema_id.clone(),
                payload: encode::event(&shape, kind, &group.ids, &stamp, content),
            });
        }
        if !events.is_empty() {
            self.log.append(&events, now_ms)?;
            state.last_commit = commit_number;
        }
        Ok(())
    }
}

fn load_schemas(dir: &Path) -> Result<HashMap<String, String>, Error> {
    let path = dir.join("event-schemas.jsonl");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(e) => return Err(Error::file("read", &path)(e)),
    };
    // A line cut short by a kill belongs to no event.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines
        .filter_map(|line| Some((line["id"].as_str()?.to_owned(), line["schema"].as_str()?.to_owned())))
        .collect())
}
