//! `bridge/repairs/` in the lake: what was read from the org because events did not tell it.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use headwater_cloud::{ObjectPath, Precondition, Storage};
use serde::Serialize;

use super::errors::Result;

/// The record of a repair.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Repair {
    /// `gap`, `overflow` or `expired`.
    pub kind: &'static str,
    channel: String,
    /// The commit at which events were missing.
    commit_number: String,
    /// What changed since then was read; absent: single records were.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
    /// Records that were read, by entity.
    read: BTreeMap<String, u64>,
}

impl Repair {
    pub fn new(
        kind: &'static str,
        channel: &str,
        commit_number: i64,
        since: Option<DateTime<Utc>>,
        read: BTreeMap<String, u64>,
    ) -> Self {
        Self {
            kind,
            channel: channel.to_owned(),
            commit_number: commit_number.to_string(),
            since,
            at: Utc::now(),
            read,
        }
    }

    pub fn records(&self) -> u64 {
        self.read.values().sum()
    }
}

/// Where they are written.
#[derive(Clone)]
pub(super) struct Records {
    pub storage: Storage,
    pub bucket: String,
    /// With a slash at its end.
    pub prefix: String,
}

impl Records {
    pub async fn write(&self, repair: &Repair) -> Result<()> {
        let at = repair.at.to_rfc3339_opts(SecondsFormat::Millis, true).replace(':', "-");
        let path = ObjectPath {
            bucket: self.bucket.clone(),
            name: format!("{}{at}-{}-{:08x}.json", self.prefix, repair.kind, rand::random::<u32>()),
        };
        let text = serde_json::to_vec_pretty(repair).unwrap_or_default();
        self.storage
            .put(&path, "application/json", Bytes::from(text), Precondition::None)
            .await?;
        Ok(())
    }
}
