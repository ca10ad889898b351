//! The org on disk: its manifest, its metadata, its tables. What changes rows is `change`; what selects them is `soql`.

pub(crate) mod row;
pub(crate) mod table;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cdc::Cdc;
use crate::references::References;
use crate::schema::Schema;
use crate::time::Clock;
use table::{Reader, Table};

/// `org.json`: what was generated, and from what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub format: u32,
    pub seed: u64,
    pub accounts: u64,
    /// The end of the generated history, in milliseconds.
    pub history_end_ms: i64,
    /// Rows per object, deleted ones included.
    pub rows: std::collections::BTreeMap<String, u64>,
}

pub(crate) const FORMAT: u32 = 1;

impl Manifest {
    pub(crate) fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("org.json");
        let bytes = std::fs::read(&path).map_err(|_| Error::NoOrg {
            path: dir.to_path_buf(),
        })?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|e| Error::Damaged {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        if manifest.format != FORMAT {
            return Err(Error::Damaged {
                path,
                reason: format!("format {} instead of {FORMAT}", manifest.format),
            });
        }
        Ok(manifest)
    }
}

/// An opened org. Tables are locked one by one, and only for as long as an index is read or a version appended; whoever
/// changes rows holds [`Org::writing`] first, so that changes are one after the other.
#[derive(Debug)]
pub(crate) struct Org {
    pub dir: PathBuf,
    pub manifest: Manifest,
    pub clock: Clock,
    pub cdc: Cdc,
    schema: RwLock<Arc<Schema>>,
    tables: Vec<RwLock<Table>>,
    writer: Mutex<i64>,
    /// From the first deletion on; only for who holds [`Org::writing`].
    references: Mutex<Option<References>>,
}

impl Org {
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let manifest = Manifest::load(dir)?;
        let schema = Schema::load(dir)?;
        let tables = schema
            .objects
            .iter()
            .map(|o| Table::open(dir, &o.name).map(RwLock::new))
            .collect::<Result<_, _>>()?;
        let cdc = Cdc::open(dir, manifest.seed)?;
        let org = Self {
            dir: dir.to_path_buf(),
            cdc,
            manifest,
            clock: Clock::default(),
            schema: RwLock::new(Arc::new(schema)),
            tables,
            writer: Mutex::new(i64::MIN),
            references: Mutex::default(),
        };
        crate::change::Changer::recover(&org).map_err(Error::file("read", &dir.join("changes.journal")))?;
        Ok(org)
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Replaces the metadata, durably.
    pub(crate) fn set_schema(&self, schema: Schema) -> Result<(), Error> {
        let mut current = self.schema.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        schema.save(&self.dir)?;
        *self.references() = None;
        *current = Arc::new(schema);
        Ok(())
    }

    /// A table to read, with everything that is due made visible.
    pub(crate) fn table(&self, object: usize) -> RwLockReadGuard<'_, Table> {
        let now = self.clock.now();
        self.tables[object]
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .settle(now);
        self.tables[object]
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn table_mut(&self, object: usize) -> RwLockWriteGuard<'_, Table> {
        let now = self.clock.now();
        let mut table = self.tables[object]
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        table.settle(now);
        table
    }

    pub(crate) fn references(&self) -> MutexGuard<'_, Option<References>> {
        self.references
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The right to change rows; its value is the last stamp given.
    pub(crate) fn writing(&self) -> MutexGuard<'_, i64> {
        self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn reader(&self, object: usize) -> Reader {
        Reader::new(
            self.tables[object]
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .files(),
        )
    }
}
