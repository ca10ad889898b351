//! The rows of one object: an immutable file that the generator wrote, a log of later versions of rows, and in memory, per
//! record, where its newest version lies and when it was last touched (16 bytes). A record's slot follows from its id.
//!
//! Versions are never overwritten, so a list of locations is a consistent snapshot for as long as anyone holds it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;

/// Where a version of a row lies. The highest bit marks a deleted record, the next one the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location(pub u64);

const DELETED: u64 = 1 << 63;
const IN_LOG: u64 = 1 << 62;
const NOWHERE: u64 = u64::MAX;

impl Location {
    pub(crate) fn is_deleted(self) -> bool {
        self.0 & DELETED != 0
    }
    fn offset(self) -> u64 {
        self.0 & !(DELETED | IN_LOG)
    }
}

/// What the index knows of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub location: Location,
    /// SystemModstamp in milliseconds.
    pub stamp: i64,
}

/// A change that carries its stamp already but cannot be seen yet, as a transaction that commits late.
#[derive(Debug)]
struct Pending {
    visible_ms: i64,
    slot: u64,
    entry: Entry,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    entries: Vec<Entry>,
    files: Files,
    log_end: u64,
    base_rows: u64,
    pending: Vec<Pending>,
}

/// The two files, shared with readers of snapshots.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    base: Arc<File>,
    log: Arc<File>,
}

/// Header of a log record: kind (0 row, 1 purged), deleted, slot, stamp; then the row with its length, as in the base.
const LOG_HEADER: usize = 1 + 1 + 8 + 8;

impl Table {
    pub(crate) fn open(dir: &Path, object: &str) -> Result<Self, Error> {
        let base_path = dir.join(format!("{object}.rows"));
        let base = File::open(&base_path).map_err(Error::file("open", &base_path))?;
        let index_path = dir.join(format!("{object}.index"));
        let entries = read_index(&index_path)?;
        let log_path = dir.join(format!("{object}.log"));
        let log = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&log_path)
            .map_err(Error::file("open", &log_path))?;
        let base_rows = entries.len() as u64;
        let mut table = Self {
            entries,
            files: Files {
                base: Arc::new(base),
                log: Arc::new(log),
            },
            log_end: 0,
            base_rows,
            pending: vec![],
        };
        table.replay(&log_path)?;
        Ok(table)
    }

    /// Reads the log into the index. A record cut short by a kill was never answered for, and is dropped.
    fn replay(&mut self, path: &PathBuf) -> Result<(), Error> {
        let mut bytes = vec![];
        File::open(path)
            .and_then(|mut f| f.read_to_end(&mut bytes))
            .map_err(Error::file("read", path))?;
        let mut at = 0usize;
        while let Some(header) = bytes.get(at..at + LOG_HEADER + 4) {
            let word = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| header[from + i]));
            let len = u32::from_le_bytes(std::array::from_fn(|i| header[LOG_HEADER + i])) as usize;
            let next = at + LOG_HEADER + 4 + len;
            if bytes.len() < next {
                break;
            }
            let (purged, deleted) = (header[0] == 1, header[1] == 1);
            let location = match (purged, deleted) {
                (true, _) => NOWHERE,
                (false, true) => (at + LOG_HEADER) as u64 | IN_LOG | DELETED,
                (false, false) => (at + LOG_HEADER) as u64 | IN_LOG,
            };
            self.put(
                word(2),
                Entry {
                    location: Location(location),
                    stamp: word(10).cast_signed(),
                },
            );
            at = next;
        }
        self.log_end = at as u64;
        self.files
            .log
            .set_len(self.log_end)
            .map_err(Error::file("truncate", path))
    }

    fn put(&mut self, slot: u64, entry: Entry) {
        let at = slot as usize;
        if at >= self.entries.len() {
            self.entries.resize(
                at + 1,
                Entry {
                    location: Location(NOWHERE),
                    stamp: i64::MIN,
                },
            );
        }
        self.entries[at] = entry;
    }

    /// The slots in use or once used: the next new record gets this one.
    pub(crate) fn slots(&self) -> u64 {
        let pending = self.pending.iter().map(|p| p.slot + 1).max().unwrap_or(0);
        pending.max(self.entries.len() as u64)
    }

    /// Whether no record was ever changed: the files are as generated.
    pub(crate) fn version(&self) -> (u64, u64) {
        (self.base_rows, self.log_end)
    }

    /// The record in a slot, deleted or not; `None` when there is none, or none yet.
    pub(crate) fn entry(&self, slot: u64) -> Option<Entry> {
        self.entries
            .get(usize::try_from(slot).ok()?)
            .copied()
            .filter(|e| e.location.0 != NOWHERE)
    }

    /// Whether a change to this record is still to become visible.
    pub(crate) fn is_pending(&self, slot: u64) -> bool {
        self.pending.iter().any(|p| p.slot == slot)
    }

    /// All records with their slots, in the order of their ids.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Entry)> + '_ {
        self.entries_from(0, u64::MAX)
    }

    /// [`Table::entries`] of the slots from `first` to (exclusive) `last`.
    pub(crate) fn entries_from(&self, first: u64, last: u64) -> impl Iterator<Item = (u64, Entry)> + '_ {
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(self.entries.len());
        let start = usize::try_from(first).unwrap_or(usize::MAX).min(end);
        let slots = start as u64..;
        slots
            .zip(self.entries[start..end].iter().copied())
            .filter(|(_, e)| e.location.0 != NOWHERE)
    }

    pub(crate) fn files(&self) -> Files {
        self.files.clone()
    }

    /// Appends a version of a record. It is durable against a kill of the process when this returns. With
    /// `visible_ms` it shows only after [`Table::settle`] was called at that time or later.
    pub(crate) fn write(
        &mut self,
        slot: u64,
        row: &[u8],
        deleted: bool,
        stamp: i64,
        visible_ms: Option<i64>,
    ) -> std::io::Result<()> {
        let at = self.append(0, slot, row, deleted, stamp)?;
        let location = Location(at | IN_LOG | if deleted { DELETED } else { 0 });
        let entry = Entry { location, stamp };
        match visible_ms {
            Some(visible_ms) => self.pending.push(Pending {
                visible_ms,
                slot,
                entry,
            }),
            None => self.put(slot, entry),
        }
        Ok(())
    }

    /// Removes a record for good; its id is never used again.
    pub(crate) fn purge(&mut self, slot: u64, stamp: i64) -> std::io::Result<()> {
        self.append(1, slot, b"", true, stamp)?;
        self.put(
            slot,
            Entry {
                location: Location(NOWHERE),
                stamp,
            },
        );
        Ok(())
    }

    fn append(&mut self, kind: u8, slot: u64, row: &[u8], deleted: bool, stamp: i64) -> std::io::Result<u64> {
        let mut record = Vec::with_capacity(LOG_HEADER + 4 + row.len());
        record.push(kind);
        record.push(u8::from(deleted));
        record.extend_from_slice(&slot.to_le_bytes());
        record.extend_from_slice(&stamp.to_le_bytes());
        record.extend_from_slice(&(row.len() as u32).to_le_bytes());
        record.extend_from_slice(row);
        (&*self.files.log).write_all(&record)?;
        let at = self.log_end + LOG_HEADER as u64;
        self.log_end += record.len() as u64;
        Ok(at)
    }

    /// Makes visible what is due.
    pub(crate) fn settle(&mut self, now_ms: i64) {
        if self.pending.is_empty() {
            return;
        }
        let (due, rest) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|p| p.visible_ms <= now_ms);
        self.pending = rest;
        let due: Vec<Pending> = due;
        for p in due {
            self.put(p.slot, p.entry);
        }
    }
}

/// The generator's index file: per slot the location and the stamp.
pub(crate) fn push_index(out: &mut Vec<u8>, offset: u64, deleted: bool, stamp: i64) {
    let location = offset | if deleted { DELETED } else { 0 };
    out.extend_from_slice(&location.to_le_bytes());
    out.extend_from_slice(&stamp.to_le_bytes());
}

fn read_index(path: &Path) -> Result<Vec<Entry>, Error> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let len = file.metadata().map_err(Error::file("read", path))?.len();
    let mut entries = Vec::with_capacity((len / 16) as usize);
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]).map_err(Error::file("read", path))? {
                0 => break,
                n => filled += n,
            }
        }
        let (records, _) = buffer[..filled].as_chunks::<16>();
        entries.extend(records.iter().map(|r| {
            let word = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| r[from + i]));
            Entry {
                location: Location(word(0)),
                stamp: word(8).cast_signed(),
            }
        }));
        if filled < buffer.len() {
            return Ok(entries);
        }
    }
}

/// Reads rows by location; in a run of ascending locations it reads ahead.
#[derive(Debug)]
pub(crate) struct Reader {
    files: Files,
    windows: [Window; 2],
}

#[derive(Debug)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// Where the row after the last one read would begin: asked for next, a scan is under way.
    expected: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            start: 0,
            bytes: vec![],
            // Nowhere: who reads a single row must not pay for a scan.
            expected: 1 << 63,
        }
    }
}

const AHEAD: usize = 1 << 20;
const SINGLE: usize = 4096;
/// Who reads so near behind the last row reads on; rows that were changed lie all over the log.
const NEAR: u64 = 32 << 10;

impl Reader {
    pub(crate) fn new(files: Files) -> Self {
        Self {
            files,
            windows: Default::default(),
        }
    }

    /// The encoded row at a location.
    pub(crate) fn row(&mut self, location: Location) -> std::io::Result<&[u8]> {
        let in_log = location.0 & IN_LOG != 0;
        let file = if in_log { &self.files.log } else { &self.files.base };
        let window = &mut self.windows[usize::from(in_log)];
        let offset = location.offset();
        let ahead = offset.wrapping_sub(window.expected) < NEAR;
        let size = if ahead { AHEAD } else { SINGLE };
        window.load(file, offset, 4, size)?;
        let at = (offset - window.start) as usize;
        let len = u32::from_le_bytes(std::array::from_fn(|i| window.bytes[at + i])) as usize;
        window.load(file, offset, 4 + len, size)?;
        window.expected = offset + 4 + len as u64;
        let at = (offset - window.start) as usize + 4;
        Ok(&window.bytes[at..at + len])
    }
}

impl Window {
    /// Makes sure that `need` bytes from `offset` on are there, reading `size` when they are not.
    fn load(&mut self, file: &File, offset: u64, need: usize, size: usize) -> std::io::Result<()> {
        if offset >= self.start && offset + need as u64 <= self.start + self.bytes.len() as u64 {
            return Ok(());
        }
        self.start = offset;
        self.bytes.resize(size.max(need), 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            match file.read_at(&mut self.bytes[filled..], offset + filled as u64)? {
                0 => break,
                n => filled += n,
            }
        }
        self.bytes.truncate(filled);
        if filled < need {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "a row ends after its file",
            ));
        }
        Ok(())
    }
}
