//! The durable store: resources, messages and what of them is acknowledged, in one redb file.
//!
//! One thread writes. It takes the changes that wait for it, applies them to one transaction and commits once, so that
//! calls share an fsync and are answered only for what is on disk. What a change does to memory happens on that thread
//! too, in the order of the commits. Readers see the last commit and never wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use headwater_local_writer::{Limits, Writer};
use prost::Message;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition};
use tokio::sync::oneshot;

use crate::refusal::Refusal;

/// Records under their kind and name.
const RECORDS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("records");
/// (log, position) → a message.
const MESSAGES: TableDefinition<'static, (u64, u64), &[u8]> = TableDefinition::new("messages");
/// (cursor, block) → which positions of the block are acknowledged; see [`crate::cursor`].
const ACKS: TableDefinition<'static, (u64, u64), &[u8]> = TableDefinition::new("acks");

const CACHE_BYTES: usize = 96 << 20;
const LIMITS: Limits = Limits {
    waiting: 4096,
    batch: 512,
};

/// What can go wrong with the store itself; never a caller's fault.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the store's file could not be read or written")]
    Io(#[source] Arc<redb::Error>),
    #[error("the store holds a record that cannot be decoded")]
    Decode(#[from] prost::DecodeError),
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        StoreError::Io(Arc::new(error))
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(StorageError, TableError, TransactionError, CommitError, DatabaseError);

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io(source) => Refusal::internal(format!("{error}: {source}")),
            StoreError::Decode(_) => Refusal::internal(error.to_string()),
        }
    }
}

/// A committed state; later commits do not change it.
pub(crate) struct Snapshot {
    records: ReadOnlyTable<&'static str, &'static [u8]>,
    messages: ReadOnlyTable<(u64, u64), &'static [u8]>,
    acks: ReadOnlyTable<(u64, u64), &'static [u8]>,
}

fn record<R: Message + Default>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<R>, StoreError> {
    Ok(match table.get(key)? {
        Some(bytes) => Some(R::decode(bytes.value())?),
        None => None,
    })
}

fn acks_of(
    table: &impl ReadableTable<(u64, u64), &'static [u8]>,
    cursor: u64,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    for entry in table.range((cursor, 0)..=(cursor, u64::MAX))? {
        let (key, bytes) = entry?;
        found.push((key.value().1, bytes.value().to_vec()));
    }
    Ok(found)
}

impl Snapshot {
    pub(crate) fn record<R: Message + Default>(&self, key: &str) -> Result<Option<R>, StoreError> {
        record(&self.records, key)
    }

    /// All records: their keys and bytes.
    pub(crate) fn records(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        for entry in self.records.iter()? {
            let (key, bytes) = entry?;
            found.push((key.value().to_owned(), bytes.value().to_vec()));
        }
        Ok(found)
    }

    /// One message of a log.
    pub(crate) fn message(&self, log: u64, position: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.messages.get((log, position))?.map(|bytes| bytes.value().to_vec()))
    }

    /// Walks the messages of a log from a position on, until `visit` says stop.
    pub(crate) fn messages(
        &self,
        log: u64,
        from: u64,
        mut visit: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        for entry in self.messages.range((log, from)..=(log, u64::MAX))? {
            let (key, bytes) = entry?;
            if !visit(key.value().1, bytes.value()) {
                break;
            }
        }
        Ok(())
    }

    /// The rows of a cursor.
    pub(crate) fn acks(&self, cursor: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        acks_of(&self.acks, cursor)
    }
}

/// The transaction that is open. A change checks first and writes then: what it has written before it fails stays.
pub(crate) struct Txn<'t> {
    records: Table<'t, &'static str, &'static [u8]>,
    messages: Table<'t, (u64, u64), &'static [u8]>,
    acks: Table<'t, (u64, u64), &'static [u8]>,
}

impl Txn<'_> {
    pub(crate) fn record<R: Message + Default>(&self, key: &str) -> Result<Option<R>, StoreError> {
        record(&self.records, key)
    }

    pub(crate) fn put(&mut self, key: &str, record: &impl Message) -> Result<(), StoreError> {
        self.records.insert(key, record.encode_to_vec().as_slice())?;
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.records.remove(key)?;
        Ok(())
    }

    /// A number that was never given before.
    pub(crate) fn next_id(&mut self) -> Result<u64, StoreError> {
        let last = match self.records.get("meta/id")? {
            Some(bytes) => u64::decode(bytes.value())?,
            None => 0,
        };
        self.put("meta/id", &(last + 1))?;
        Ok(last + 1)
    }

    pub(crate) fn put_message(&mut self, log: u64, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.messages.insert((log, position), bytes)?;
        Ok(())
    }

    /// Removes messages before a position, at most so many; says whether that was all.
    pub(crate) fn remove_messages(&mut self, log: u64, before: u64, most: usize) -> Result<bool, StoreError> {
        let mut doomed = Vec::new();
        for entry in self.messages.range((log, 0)..(log, before))?.take(most) {
            doomed.push(entry?.0.value());
        }
        for key in &doomed {
            self.messages.remove(key)?;
        }
        Ok(doomed.len() < most)
    }

    /// The rows of a cursor.
    pub(crate) fn acks(&self, cursor: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        acks_of(&self.acks, cursor)
    }

    pub(crate) fn put_acks(&mut self, cursor: u64, block: u64, bits: &[u8]) -> Result<(), StoreError> {
        self.acks.insert((cursor, block), bits)?;
        Ok(())
    }

    pub(crate) fn remove_acks(&mut self, cursor: u64, block: u64) -> Result<(), StoreError> {
        self.acks.remove((cursor, block))?;
        Ok(())
    }

    pub(crate) fn remove_cursor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.acks.retain_in((cursor, 0)..=(cursor, u64::MAX), |_, _| false)?;
        Ok(())
    }
}

type Finish = headwater_local_writer::Finish<StoreError>;
type Work = Box<dyn FnOnce(&mut Txn<'_>) -> Finish + Send>;

/// The store; cheap to share.
pub(crate) struct Store {
    db: Arc<Database>,
    writer: Writer<Work>,
}

impl Store {
    /// Opens the file, creates it when missing, and starts the writing thread.
    pub(crate) fn open(path: &Path) -> Result<Store, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let db = Arc::new(builder.create(path)?);
        let txn = db.begin_write()?;
        txn.open_table(RECORDS)?;
        txn.open_table(MESSAGES)?;
        txn.open_table(ACKS)?;
        txn.commit()?;
        let own = db.clone();
        let commit = move |batch, finished: &mut Vec<Finish>| apply(&own, batch, finished);
        let writer = Writer::start("pubsub-writer", LIMITS, commit).map_err(redb::Error::Io)?;
        Ok(Store { db, writer })
    }

    /// The last committed state.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let txn = self.db.begin_read()?;
        Ok(Snapshot {
            records: txn.open_table(RECORDS)?,
            messages: txn.open_table(MESSAGES)?,
            acks: txn.open_table(ACKS)?,
        })
    }

    /// Makes `change`, and returns when it is durable. `then` is called in between, on the writing thread.
    pub(crate) async fn write<T, C, F>(&self, change: C, then: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        C: FnOnce(&mut Txn<'_>) -> Result<T, Refusal> + Send + 'static,
        F: FnOnce(&T) + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let work: Work = Box::new(move |txn| {
            let result = change(txn);
            Box::new(move |committed| {
                let result = match (result, committed) {
                    (Ok(_), Err(error)) => Err(error.into()),
                    (result, _) => result,
                };
                if let Ok(done) = &result {
                    then(done);
                }
                drop(answer.send(result));
            })
        });
        if !self.writer.put(work).await {
            return Err(Refusal::stopping());
        }
        wait.await.unwrap_or_else(|_| Err(Refusal::stopping()))
    }

    /// Waits for what is queued to be durable and stops the writing thread.
    pub(crate) fn close(&self) {
        self.writer.close();
    }
}

fn apply(db: &Database, batch: Vec<Work>, finished: &mut Vec<Finish>) -> Result<(), StoreError> {
    let txn = db.begin_write()?;
    {
        let mut open = Txn {
            records: txn.open_table(RECORDS)?,
            messages: txn.open_table(MESSAGES)?,
            acks: txn.open_table(ACKS)?,
        };
        for work in batch {
            // A panic in one call must not take the store from all others; its caller sees the store as closed.
            if let Ok(finish) = catch_unwind(AssertUnwindSafe(|| work(&mut open))) {
                finished.push(finish);
            }
        }
    }
    txn.commit()?;
    Ok(())
}
