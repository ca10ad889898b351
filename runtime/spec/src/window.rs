//! What bounds a read of an object, and what is recorded about its result: windows, watermarks, parts, manifests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The half-open interval `[from, to)` of the source's cursor field. `from` absent: everything before `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Inclusive lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Exclusive upper bound.
    pub to: DateTime<Utc>,
}

impl Window {
    /// A read of everything there is.
    pub const fn is_full(&self) -> bool {
        self.from.is_none()
    }

    /// Nothing can lie in it.
    pub fn is_empty(&self) -> bool {
        self.from.is_some_and(|from| from >= self.to)
    }
}

/// The committed upper bound of an object: `watermark.json`. It moves only after the MERGE is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Everything before this instant is in the target table.
    pub committed: DateTime<Utc>,
    /// The batch that moved it here.
    pub batch: String,
    /// The run that moved it here.
    pub run: String,
    /// A hash of what decides which rows are read (object, `where`): when it changes, the object is read anew in full.
    pub selection: String,
    /// The table that holds the rows, by name and time of creation: a table that was dropped and made again is read anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// When the last full read was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_full: Option<DateTime<Utc>>,
}

/// One Parquet object of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The object's name in the bucket.
    pub object: String,
    /// Its generation.
    pub generation: i64,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// All parts of a batch: `manifest.json`, written when the last part is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The batch.
    pub batch: String,
    /// What was read.
    pub window: Window,
    /// The SOQL that read it.
    pub soql: String,
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Rows in all parts.
    pub rows: u64,
    /// Bytes in all parts.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_half_open() {
        let at = |s: i64| DateTime::<Utc>::from_timestamp(s, 0).unwrap();
        assert!(
            Window {
                from: Some(at(5)),
                to: at(5)
            }
            .is_empty()
        );
        assert!(
            Window {
                from: Some(at(6)),
                to: at(5)
            }
            .is_empty()
        );
        assert!(
            !Window {
                from: Some(at(4)),
                to: at(5)
            }
            .is_empty()
        );
        assert!(!Window { from: None, to: at(5) }.is_empty());
    }
}
