//! What is about to change, written before the rows are and forgotten when their events are published: a kill between the two
//! must not leave a row whose change nobody is told of.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::ChangeType;
use crate::Error;

/// Length of what follows it, events published before, object, slot, kind, by whom, length of the row before; then that row
/// and the one after.
const HEADER: usize = 4 + 8 + 2 + 8 + 1 + 1 + 4;
const NO_ROW: u32 = u32::MAX;

/// A row that changes. Rows are as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// How many events had been published.
    pub events: u64,
    pub object: usize,
    pub slot: u64,
    pub kind: ChangeType,
    pub by_user: bool,
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal of an org, with what a kill left in it.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Vec<Entry>), Error> {
        let path = dir.join("changes.journal");
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let mut bytes = vec![];
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(Error::file("read", &path))?;
        Ok((Self { file }, entries(&bytes)))
    }

    /// Notes a change. It is durable against a kill of the process when this returns.
    pub(crate) fn note(&self, entry: &Entry) -> std::io::Result<()> {
        let before = entry.before.as_deref();
        let rest = HEADER - 4 + before.map_or(0, <[u8]>::len) + entry.after.len();
        let mut bytes = Vec::with_capacity(rest + 4);
        bytes.extend_from_slice(&(rest as u32).to_le_bytes());
        bytes.extend_from_slice(&entry.events.to_le_bytes());
        bytes.extend_from_slice(&(entry.object as u16).to_le_bytes());
        bytes.extend_from_slice(&entry.slot.to_le_bytes());
        bytes.push(entry.kind as u8);
        bytes.push(u8::from(entry.by_user));
        bytes.extend_from_slice(&before.map_or(NO_ROW, |row| row.len() as u32).to_le_bytes());
        bytes.extend_from_slice(before.unwrap_or_default());
        bytes.extend_from_slice(&entry.after);
        (&self.file).write_all(&bytes)
    }

    /// All that was noted is published.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
        self.file.set_len(0)
    }
}

/// The entries; one that was cut short by a kill changed nothing yet.
fn entries(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = vec![];
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + HEADER) {
        let word = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| header[from + i]));
        let half = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| header[from + i]));
        let end = at + 4 + half(0) as usize;
        let kinds = [
            ChangeType::Create,
            ChangeType::Update,
            ChangeType::Delete,
            ChangeType::Undelete,
        ];
        let (Some(rows), Some(kind)) = (bytes.get(at + HEADER..end), kinds.get(usize::from(header[22]))) else {
            break;
        };
        let (before, after) = match half(24) {
            NO_ROW => (None, rows),
            len if rows.len() < len as usize => break,
            len => (Some(rows[..len as usize].to_vec()), &rows[len as usize..]),
        };
        entries.push(Entry {
            events: word(4),
            object: u16::from_le_bytes([header[12], header[13]]).into(),
            slot: word(14),
            kind: *kind,
            by_user: header[23] == 1,
            before,
            after: after.to_vec(),
        });
        at = end;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_again_until_they_are_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, left) = Journal::open(dir.path()).unwrap();
        assert_eq!(left, []);
        let all = [
            (ChangeType::Create, None),
            (ChangeType::Undelete, Some(b"before".to_vec())),
        ]
        .map(|(kind, before)| Entry {
            events: 7,
            object: 3,
            slot: 1 << 40,
            kind,
            by_user: before.is_some(),
            before,
            after: b"after".to_vec(),
        });
        for entry in &all {
            journal.note(entry).unwrap();
        }
        // What a kill left behind.
        (&journal.file).write_all(&[99, 0, 0, 0, 1]).unwrap();
        let (journal, left) = Journal::open(dir.path()).unwrap();
        assert_eq!(left, all);
        journal.clear().unwrap();
        assert_eq!(Journal::open(dir.path()).unwrap().1, []);
    }
}
