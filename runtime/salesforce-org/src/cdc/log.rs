//! The event bus on disk: events in the order of their publication, never overwritten; in memory, per event, where it lies,
//! when it came and on what it was published. A replay id is a position in it, made opaque.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, RwLock};

use tokio::sync::watch;

use crate::Error;

/// Header of a record: length of what follows it, time, subject, length of the schema's id; then that id and the payload.
const HEADER: usize = 4 + 8 + 2 + 1;

/// What an event is about: an object by its number, or a platform event by its number from here on.
pub(crate) const PLATFORM: u16 = 1 << 15;

/// Where an event lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: u64,
    len: u32,
    time_ms: i64,
    subject: u16,
}

/// An event to be published.
pub(crate) struct Fresh {
    pub subject: u16,
    pub schema_id: String,
    pub payload: Vec<u8>,
}

/// An event that was read.
#[derive(Debug)]
pub(crate) struct Published {
    /// How many events had been published with it.
    pub position: u64,
    pub schema_id: String,
    pub payload: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    file: Arc<File>,
    entries: RwLock<Vec<Entry>>,
    count: watch::Sender<u64>,
    key: u64,
}

impl Log {
    /// Opens the log of an org. An event cut short by a kill was never delivered, and is dropped.
    pub(crate) fn open(dir: &Path, seed: u64) -> Result<Self, Error> {
        let path = dir.join("events.log");
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let entries = scan(&file).map_err(Error::file("read", &path))?;
        let end = entries.last().map_or(0, |e| e.offset + u64::from(e.len));
        file.set_len(end).map_err(Error::file("truncate", &path))?;
        let (count, _) = watch::channel(entries.len() as u64);
        Ok(Self {
            file: Arc::new(file),
            entries: RwLock::new(entries),
            count,
            key: crate::rng::mix(seed, 0x5eed),
        })
    }

    /// Publishes events in one write.
    pub(crate) fn append(&self, events: &[Fresh], now_ms: i64) -> std::io::Result<u64> {
        let mut entries = self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut offset = entries.last().map_or(0, |e| e.offset + u64::from(e.len));
        let mut bytes = vec![];
        let mut fresh = vec![];
        for event in events {
            let from = bytes.len();
            let rest = HEADER - 4 + event.schema_id.len() + event.payload.len();
            bytes.extend_from_slice(&(rest as u32).to_le_bytes());
            bytes.extend_from_slice(&now_ms.to_le_bytes());
            bytes.extend_from_slice(&event.subject.to_le_bytes());
            bytes.push(event.schema_id.len() as u8);
            bytes.extend_from_slice(event.schema_id.as_bytes());
            bytes.extend_from_slice(&event.payload);
            let len = (bytes.len() - from) as u32;
            fresh.push(Entry {
                offset,
                len,
                time_ms: now_ms,
                subject: event.subject,
            });
            offset += u64::from(len);
        }
        (&*self.file).write_all(&bytes)?;
        entries.extend(fresh);
        let count = entries.len() as u64;
        drop(entries);
        self.count.send_replace(count);
        Ok(count)
    }

    /// How many events there are, and news of more.
    pub(crate) fn count(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// When the last event came.
    pub(crate) fn last_time(&self) -> Option<i64> {
        let entries = self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        entries.last().map(|e| e.time_ms)
    }

    /// The first position whose next event is not older than `since_ms`, from `floor` on.
    pub(crate) fn earliest(&self, floor: u64, since_ms: i64) -> u64 {
        let entries = self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let young = entries
            .iter()
            .position(|e| e.time_ms >= since_ms)
            .unwrap_or(entries.len());
        (young as u64).max(floor)
    }

    /// The next events behind a position on subjects that `wanted` knows, `most` of them, and the position after them.
    pub(crate) fn read(
        &self,
        from: u64,
        most: usize,
        wanted: impl Fn(u16) -> bool,
    ) -> std::io::Result<(Vec<Published>, u64)> {
        let (found, next) = {
            let entries = self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            let mut at = usize::try_from(from).unwrap_or(usize::MAX).min(entries.len());
            let mut found = vec![];
            while at < entries.len() && found.len() < most {
                if wanted(entries[at].subject) {
                    found.push((at as u64 + 1, entries[at]));
                }
                at += 1;
            }
            (found, at as u64)
        };
        let mut out = Vec::with_capacity(found.len());
        for (position, entry) in found {
            let mut bytes = vec![0; entry.len as usize];
            self.file.read_exact_at(&mut bytes, entry.offset)?;
            let id_len = bytes[HEADER - 1] as usize;
            out.push(Published {
                position,
                schema_id: String::from_utf8_lossy(&bytes[HEADER..HEADER + id_len]).into_owned(),
                payload: bytes.split_off(HEADER + id_len),
            });
        }
        Ok((out, next))
    }

    /// Whether an event from number `from` on, of a subject, names a record.
    pub(crate) fn tells(&self, from: u64, subject: u16, id: &[u8]) -> std::io::Result<bool> {
        let (events, _) = self.read(from, usize::MAX, |s| s == subject)?;
        Ok(events.iter().any(|e| e.payload.windows(id.len()).any(|w| w == id)))
    }

    /// The replay id of a position: not a number to a client, and not to be made up.
    pub(crate) fn replay_id(&self, position: u64) -> Vec<u8> {
        let hidden = (position ^ self.key).to_be_bytes();
        let check = (crate::rng::mix(self.key, position) as u16).to_be_bytes();
        [&hidden[..], &check[..]].concat()
    }

    /// The position of a replay id; `None` when it was not given out by this org.
    pub(crate) fn position(&self, replay_id: &[u8]) -> Option<u64> {
        let hidden: [u8; 8] = replay_id.get(..8)?.try_into().ok()?;
        let position = u64::from_be_bytes(hidden) ^ self.key;
        (self.replay_id(position) == replay_id && position <= *self.count.borrow()).then_some(position)
    }
}

fn scan(file: &File) -> std::io::Result<Vec<Entry>> {
    let end = file.metadata()?.len();
    let mut entries = vec![];
    let mut offset = 0;
    // Headers are read out of large pieces: one call for each event would take long over a million of them.
    let mut piece = vec![0; 1 << 20];
    let mut start = u64::MAX;
    let mut held = 0;
    while offset + HEADER as u64 <= end {
        if offset < start || offset + HEADER as u64 > start + held {
            start = offset;
            held = u64::min(end - start, piece.len() as u64);
            file.read_exact_at(&mut piece[..held as usize], start)?;
        }
        let header = &piece[(offset - start) as usize..];
        let len = 4 + u32::from_le_bytes(std::array::from_fn(|i| header[i]));
        if offset + u64::from(len) > end || (len as usize) < HEADER {
            break;
        }
        entries.push(Entry {
            offset,
            len,
            time_ms: i64::from_le_bytes(std::array::from_fn(|i| header[4 + i])),
            subject: u16::from_le_bytes([header[12], header[13]]),
        });
        offset += u64::from(len);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(subject: u16, text: &str) -> Fresh {
        Fresh {
            subject,
            schema_id: "id".into(),
            payload: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn events_are_kept_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), 1).unwrap();
        log.append(&[event(1, "a"), event(2, "b")], 10).unwrap();
        log.append(&[event(1, "c")], 20).unwrap();
        let id = log.replay_id(1);
        drop(log);
        // What a kill left behind.
        let path = dir.path().join("events.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[200, 0, 0, 0, 1]);
        std::fs::write(&path, bytes).unwrap();
        let log = Log::open(dir.path(), 1).unwrap();
        let read = |from, most, subject| {
            let (events, next) = log.read(from, most, |s| s == subject).unwrap();
            let events: Vec<_> = events
                .into_iter()
                .map(|e| (e.position, String::from_utf8(e.payload).unwrap()))
                .collect();
            (events, next)
        };
        assert_eq!(read(0, 9, 1), (vec![(1, "a".into()), (3, "c".into())], 3));
        assert_eq!(read(0, 1, 1), (vec![(1, "a".into())], 1));
        assert_eq!(read(log.position(&id).unwrap(), 9, 2), (vec![(2, "b".into())], 3));
        assert_eq!(
            (log.earliest(0, 15), log.earliest(3, 0), log.earliest(0, 99)),
            (2, 3, 3)
        );
        assert_eq!(log.position(b"nonsense.."), None);
        assert_eq!(Log::open(dir.path(), 2).unwrap().position(&id), None);
    }
}
