//! The sessions that can be read: each is a directory with the rows as they were when it was made, and with what was
//! answered. So a session outlives the process, changes of its table, and the table.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prost::Message;
use serde_json::{Value, json};

use crate::catalog::{int, now_ms};
use crate::error::{Fault, Reason};
use crate::wire::storage::ReadSession;

/// How long a session can be read. At Google it is six hours; here its rows take room on a laptop's disk.
pub(super) const LIFE_MS: i64 = 3_600_000;
const ANSWER: &str = "session.json";
const ROWS: &str = "rows";

/// Rows that lie one after the other in the file, as one message of Arrow's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) rows: u64,
    pub(super) at: u64,
    pub(super) length: u64,
}

/// A session that was answered.
pub(super) struct Session {
    pub(super) answer: ReadSession,
    /// The message of the rows' Arrow schema.
    pub(super) schema: Bytes,
    pub(super) parts: Vec<Part>,
    pub(super) expires_ms: i64,
    pub(super) file: PathBuf,
}

pub(crate) struct Sessions {
    dir: PathBuf,
    known: Mutex<HashMap<String, Arc<Session>>>,
}

impl Sessions {
    /// Learns of the sessions that are stored.
    pub(crate) fn open(dir: PathBuf) -> std::io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut known = HashMap::new();
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            match load(&entry.path()) {
                Some(session) => {
                    let id = entry.file_name().to_string_lossy().into_owned();
                    known.insert(id, Arc::new(session));
                }
                // It was being made when the process ended: nobody was told of it.
                None => fs::remove_dir_all(entry.path())?,
            }
        }
        Ok(Self {
            dir,
            known: Mutex::new(known),
        })
    }

    /// The file that the rows of a new session are written to. Forgets what has expired.
    pub(super) fn begin(&self, id: &str) -> Result<PathBuf, Fault> {
        self.sweep();
        let dir = self.dir.join(id);
        fs::create_dir_all(&dir).map_err(failed)?;
        Ok(dir.join(ROWS))
    }

    /// Keeps a session whose rows are written.
    pub(super) fn keep(&self, id: &str, session: Session) -> Result<(), Fault> {
        let parts = session.parts.iter().map(|p| json!([p.rows, p.at, p.length]));
        let doc = json!({
            "answer": STANDARD.encode(session.answer.encode_to_vec()),
            "schema": STANDARD.encode(&session.schema),
            "expires": session.expires_ms,
            "parts": parts.collect::<Vec<Value>>(),
        });
        let (dir, partial) = (self.dir.join(id), self.dir.join(id).join("partial"));
        fs::write(&partial, doc.to_string()).map_err(failed)?;
        fs::rename(&partial, dir.join(ANSWER)).map_err(failed)?;
        self.lock().insert(id.to_owned(), Arc::new(session));
        Ok(())
    }

    /// Forgets a session that could not be made.
    pub(super) fn abandon(&self, id: &str) {
        fs::remove_dir_all(self.dir.join(id)).ok();
    }

    pub(super) fn find(&self, id: &str) -> Result<Arc<Session>, Fault> {
        let found = self.lock().get(id).cloned();
        match found {
            Some(session) if session.expires_ms > now_ms() => Ok(session),
            Some(_) => Err(Fault::new(
                Reason::ConditionNotMet,
                format!("The read session {id} has expired: create another one"),
            )),
            None => Err(Fault::not_found("Read session", id)),
        }
    }

    fn sweep(&self) {
        let now = now_ms();
        let mut known = self.lock();
        // Who is reading one has its file open, and reads it to the end.
        known.retain(|id, session| {
            let live = session.expires_ms > now;
            if !live {
                fs::remove_dir_all(self.dir.join(id)).ok();
            }
            live
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(dir: &Path) -> Option<Session> {
    let doc: Value = serde_json::from_slice(&fs::read(dir.join(ANSWER)).ok()?).ok()?;
    let bytes = |key: &str| STANDARD.decode(doc[key].as_str()?).ok();
    let part = |part: &Value| {
        Some(Part {
            rows: part[0].as_u64()?,
            at: part[1].as_u64()?,
            length: part[2].as_u64()?,
        })
    };
    Some(Session {
        answer: ReadSession::decode(bytes("answer")?.as_slice()).ok()?,
        schema: bytes("schema")?.into(),
        parts: doc["parts"].as_array()?.iter().map(part).collect::<Option<_>>()?,
        expires_ms: int(&doc["expires"])?,
        file: dir.join(ROWS),
    })
}

/// What the disk refused.
#[allow(clippy::needless_pass_by_value)]
pub(super) fn failed(error: std::io::Error) -> Fault {
    Fault::new(
        Reason::BackendError,
        format!("the rows of a read session cannot be written or read: {error}"),
    )
}
