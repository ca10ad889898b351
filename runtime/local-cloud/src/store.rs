//! The durable store of metadata: documents under byte keys in one redb file.
//!
//! One thread writes. It takes the closures that wait for it, applies each to the same transaction and commits once, so
//! that requests share an fsync and an answer is only given for what is on disk. A closure that fails leaves no trace:
//! its changes stay in an overlay until it has succeeded. Readers see the last commit and never wait.
//!
//! Bodies of objects are not here but in [`crate::blobs`].

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use headwater_local_writer::{Limits, Writer};
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

const DOCUMENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("documents");
const CACHE_BYTES: usize = 64 << 20;
const LIMITS: Limits = Limits {
    waiting: 1024,
    batch: 256,
};

/// What can go wrong with the store itself; never a caller's fault.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the store's file could not be read or written")]
    Io(#[source] Arc<redb::Error>),
    #[error("the store holds a document that cannot be decoded")]
    Decode(#[source] Arc<serde_json::Error>),
    #[error("the store is closed")]
    Closed,
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        StoreError::Io(Arc::new(error.into()))
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Decode(Arc::new(e)))
}

/// A key: its parts joined with NUL, which no name that reaches the store contains. Parts sort as their bytes do.
pub(crate) fn key(parts: &[&str]) -> Vec<u8> {
    parts.join("\0").into_bytes()
}

/// The prefix of all keys that begin with `parts` and go on.
pub(crate) fn under(parts: &[&str]) -> Vec<u8> {
    let mut prefix = key(parts);
    prefix.push(0);
    prefix
}

/// What a scan does after an entry.
pub(crate) enum Next {
    Continue,
    Stop,
    /// Go on at this key or the first one after it.
    Seek(Vec<u8>),
}

/// Sees a key and a value, says how to go on.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<Next, StoreError> + 'a;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// What can be read, of a committed state or of a transaction's own.
pub(crate) trait View {
    /// The bytes stored under a key.
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first entry at or after `from` (or strictly after it).
    fn first(&self, from: Bound<&[u8]>) -> Result<Option<Entry>, StoreError>;

    /// Walks the entries whose key starts with `prefix`, from `start`, in order.
    fn scan(&self, prefix: &[u8], start: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// The document under a key.
    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError>
    where
        Self: Sized,
    {
        self.bytes(key)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// All documents under a prefix, in the order of their keys.
    fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<T>, StoreError>
    where
        Self: Sized,
    {
        let mut found = Vec::new();
        self.scan(prefix, prefix, &mut |_, value| {
            found.push(decode(value)?);
            Ok(Next::Continue)
        })?;
        Ok(found)
    }

    /// Whether any key starts with `prefix`.
    fn any(&self, prefix: &[u8]) -> Result<bool, StoreError> {
        let first = self.first(Bound::Included(prefix))?;
        Ok(first.is_some_and(|(key, _)| key.starts_with(prefix)))
    }
}

/// A committed state; later commits do not change it.
pub(crate) struct Snapshot {
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

fn scan_table(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    start: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let mut from = start.max(prefix).to_vec();
    'seek: loop {
        for entry in table.range::<&[u8]>((Bound::Included(from.as_slice()), Bound::Unbounded))? {
            let (key, value) = entry?;
            if !key.value().starts_with(prefix) {
                return Ok(());
            }
            match visit(key.value(), value.value())? {
                Next::Continue => {}
                Next::Stop => return Ok(()),
                Next::Seek(to) => {
                    from = to;
                    continue 'seek;
                }
            }
        }
        return Ok(());
    }
}

fn first_in_table(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    from: Bound<&[u8]>,
) -> Result<Option<Entry>, StoreError> {
    match table.range::<&[u8]>((from, Bound::Unbounded))?.next() {
        None => Ok(None),
        Some(entry) => {
            let (key, value) = entry?;
            Ok(Some((key.value().to_vec(), value.value().to_vec())))
        }
    }
}

impl View for Snapshot {
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.table.get(key)?.map(|guard| guard.value().to_vec()))
    }

    fn first(&self, from: Bound<&[u8]>) -> Result<Option<Entry>, StoreError> {
        first_in_table(&self.table, from)
    }

    fn scan(&self, prefix: &[u8], start: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        scan_table(&self.table, prefix, start, visit)
    }
}

/// The changes of one request, all or none.
pub(crate) struct Txn<'a> {
    table: &'a Table<'a, &'static [u8], &'static [u8]>,
    overlay: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Txn<'_> {
    /// Stores a document.
    pub(crate) fn put<T: Serialize>(&mut self, key: Vec<u8>, document: &T) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(document).map_err(|e| StoreError::Decode(Arc::new(e)))?;
        self.overlay.insert(key, Some(bytes));
        Ok(())
    }

    /// Removes a document if there is one.
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.overlay.insert(key, None);
    }

    /// A number that rises strictly over the life of the store and reads like microseconds since 1970.
    pub(crate) fn next_generation(&mut self) -> Result<i64, StoreError> {
        let at = key(&["meta", "generation"]);
        let last: i64 = self.get(&at)?.unwrap_or(0);
        let next = chrono::Utc::now().timestamp_micros().max(last + 1);
        self.put(at, &next)?;
        Ok(next)
    }
}

impl View for Txn<'_> {
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(own) = self.overlay.get(key) {
            return Ok(own.clone());
        }
        Ok(self.table.get(key)?.map(|guard| guard.value().to_vec()))
    }

    fn first(&self, from: Bound<&[u8]>) -> Result<Option<Entry>, StoreError> {
        let mut after = from.map(<[u8]>::to_vec);
        loop {
            let from = after.as_ref().map(Vec::as_slice);
            let own = self.overlay.range::<[u8], _>((from, Bound::Unbounded)).next();
            let stored = first_in_table(self.table, from)?;
            let Some((key, value)) = own else { return Ok(stored) };
            match (&stored, value) {
                (Some((theirs, _)), _) if theirs < key => return Ok(stored),
                (_, Some(bytes)) => return Ok(Some((key.clone(), bytes.clone()))),
                (_, None) => after = Bound::Excluded(key.clone()),
            }
        }
    }

    fn scan(&self, prefix: &[u8], start: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        // A transaction scans little; one look-up per entry keeps the merge with the overlay simple.
        let mut from = Bound::Included(start.max(prefix).to_vec());
        while let Some((key, value)) = self.first(from.as_ref().map(Vec::as_slice))? {
            if !key.starts_with(prefix) {
                break;
            }
            from = match visit(&key, &value)? {
                Next::Continue => Bound::Excluded(key),
                Next::Stop => break,
                Next::Seek(to) => Bound::Included(to),
            };
        }
        Ok(())
    }
}

type Finish = headwater_local_writer::Finish<StoreError>;
type Work = Box<dyn FnOnce(&mut Txn<'_>) -> (bool, Finish) + Send>;

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
        let db = Arc::new(builder.create(path).map_err(redb::Error::from)?);
        let txn = db.begin_write()?;
        txn.open_table(DOCUMENTS)?;
        txn.commit()?;
        let own = db.clone();
        let commit = move |batch, finished: &mut Vec<Finish>| apply(&own, batch, finished);
        let writer = Writer::start("store-writer", LIMITS, commit).map_err(redb::Error::Io)?;
        Ok(Store { db, writer })
    }

    /// The last committed state.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot {
            table: self.db.begin_read()?.open_table(DOCUMENTS)?,
        })
    }

    /// Reads one document of the last committed state.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.snapshot()?.get(key)
    }

    /// Runs `change` in a transaction. Returns after its effects are durable; an error undoes them.
    pub(crate) async fn write<T, E>(
        &self,
        change: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let work = package(change, move |result| drop(answer.send(result)));
        if !self.writer.put(work).await {
            return Err(StoreError::Closed.into());
        }
        wait.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// [`Store::write`] for callers on threads of their own.
    pub(crate) fn write_blocking<T, E>(
        &self,
        change: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = std::sync::mpsc::channel();
        let work = package(change, move |result| drop(answer.send(result)));
        if !self.writer.put_from_thread(work) {
            return Err(StoreError::Closed.into());
        }
        wait.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Waits for what is queued to be durable and stops the writing thread.
    pub(crate) fn close(&self) {
        self.writer.close();
    }
}

fn package<T, E>(
    change: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    answer: impl FnOnce(Result<T, E>) + Send + 'static,
) -> Work
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    Box::new(move |txn| {
        let result = change(txn);
        let done = result.is_ok();
        let finish: Finish = Box::new(move |committed| match (result, committed) {
            (Ok(_), Err(error)) => answer(Err(error.into())),
            (result, _) => answer(result),
        });
        (done, finish)
    })
}

fn apply(db: &Database, batch: Vec<Work>, finished: &mut Vec<Finish>) -> Result<(), StoreError> {
    let txn = db.begin_write()?;
    let mut changed = false;
    {
        let mut table = txn.open_table(DOCUMENTS)?;
        for work in batch {
            let mut own = Txn {
                table: &table,
                overlay: BTreeMap::new(),
            };
            // A panic in one request must not take the store from all others; its caller sees the store as closed.
            let Ok((done, finish)) = catch_unwind(AssertUnwindSafe(|| work(&mut own))) else {
                continue;
            };
            let overlay = own.overlay;
            finished.push(finish);
            if !done {
                continue;
            }
            for (key, value) in overlay {
                changed = true;
                match value {
                    Some(bytes) => drop(table.insert(key.as_slice(), bytes.as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
            }
        }
    }
    if changed {
        txn.commit()?;
    } else {
        txn.abort()?;
    }
    Ok(())
}
