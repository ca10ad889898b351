//! Which jobs were accepted: a file beside the warehouse with a line for each, durable before the answer is sent.
//!
//! A job's record is written once, by the transaction that ends it. What has a line here and no record when the next process
//! starts was lost with the one that accepted it. Also here: which ids may be taken, without asking the warehouse. Not here:
//! what jobs do, and their records.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// From this size on, the lines of jobs that are done are dropped.
const FULL: u64 = 4 << 20;

pub(crate) struct Journal {
    path: PathBuf,
    lines: Mutex<Lines>,
    /// Hashes of project and id of every job there ever was; two may share one.
    taken: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

struct Lines {
    file: File,
    bytes: u64,
    full: u64,
}

impl Journal {
    /// The journal of a directory, and what its last process had accepted: in it are also jobs that ended.
    pub(crate) fn open(dir: &Path) -> std::io::Result<(Self, Vec<Value>)> {
        let path = dir.join("jobs.jsonl");
        let accepted = match File::open(&path) {
            Ok(file) => read(file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let file = File::options().create(true).append(true).open(&path)?;
        let bytes = file.metadata()?.len();
        let journal = Self {
            path,
            lines: Mutex::new(Lines {
                file,
                bytes,
                full: FULL,
            }),
            taken: Mutex::default(),
            hasher: RandomState::new(),
        };
        Ok((journal, accepted))
    }

    /// Notes a job; it is durable when this returns. `running` are the jobs that are not done, this one perhaps among them: asked
    /// for when the file has grown.
    pub(crate) fn accept(&self, job: &Value, running: impl FnOnce() -> Vec<Value>) -> std::io::Result<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.bytes > lines.full {
            *lines = self.rewritten(&running())?;
        }
        let line = line(job);
        let before = lines.bytes;
        match lines.file.write_all(&line).and_then(|()| lines.file.sync_data()) {
            Ok(()) => lines.bytes = before + line.len() as u64,
            Err(error) => {
                // Behind half a line, the next one could not be read.
                lines.file.set_len(before)?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Forgets all that is done.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        *lines = self.rewritten(&[])?;
        Ok(())
    }

    fn rewritten(&self, jobs: &[Value]) -> std::io::Result<Lines> {
        let next = self.path.with_extension("next");
        let text: Vec<u8> = jobs.iter().flat_map(line).collect();
        File::create(&next)?;
        // What is appended goes to the end, also after a line that failed was cut off.
        let mut file = File::options().append(true).open(&next)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&next, &self.path)?;
        if let Some(dir) = self.path.parent() {
            File::open(dir)?.sync_all()?;
        }
        let bytes = text.len() as u64;
        Ok(Lines {
            file,
            bytes,
            full: bytes + FULL,
        })
    }

    /// From here on the id may be taken.
    pub(crate) fn take(&self, project: &str, id: &str) {
        let hash = self.hasher.hash_one((project, id));
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
    }

    /// Whether the id may be taken; the warehouse knows whether it is.
    pub(crate) fn may_be_taken(&self, project: &str, id: &str) -> bool {
        let hash = self.hasher.hash_one((project, id));
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&hash)
    }
}

fn line(job: &Value) -> Vec<u8> {
    let mut line = job.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// The jobs of a journal's lines. The last line may be cut short: of that job nobody was told.
fn read(file: File) -> std::io::Result<Vec<Value>> {
    let mut jobs = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(job) => jobs.push(job),
            Err(error) => tracing::warn!(%error, "a line of the journal of jobs is not whole"),
        }
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_accepted_is_read_again_and_a_line_that_is_cut_short_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, before) = Journal::open(dir.path()).unwrap();
        assert!(before.is_empty());
        for id in ["a", "b"] {
            journal.accept(&json!({"id": id}), Vec::new).unwrap();
        }
        let mut file = File::options()
            .append(true)
            .open(dir.path().join("jobs.jsonl"))
            .unwrap();
        file.write_all(b"{\"id\": \"c").unwrap();
        let (journal, accepted) = Journal::open(dir.path()).unwrap();
        assert_eq!(accepted, [json!({"id": "a"}), json!({"id": "b"})]);
        journal.clear().unwrap();
        journal.accept(&json!({"id": "d"}), Vec::new).unwrap();
        assert_eq!(Journal::open(dir.path()).unwrap().1, [json!({"id": "d"})]);
    }

    #[test]
    fn a_full_journal_keeps_the_lines_of_what_runs() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(dir.path()).unwrap();
        let long = "x".repeat(1 << 20);
        for id in 0..12 {
            let running = || vec![json!({"id": "runs"})];
            journal.accept(&json!({"id": id, "query": long}), running).unwrap();
        }
        let (_, accepted) = Journal::open(dir.path()).unwrap();
        assert_eq!(accepted[0], json!({"id": "runs"}));
        assert_eq!(accepted.last().unwrap()["id"], 11);
        assert!(accepted.len() < 8, "{}", accepted.len());
    }

    #[test]
    fn an_id_is_taken_from_when_it_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(dir.path()).unwrap();
        assert!(!journal.may_be_taken("p", "a"));
        journal.take("p", "a");
        assert!(journal.may_be_taken("p", "a") && !journal.may_be_taken("q", "a"));
    }
}
