//! What is chosen for Change Data Capture: channels and their members, platform events, managed subscriptions with the
//! positions that they committed. Kept in `cdc.json`; clients see it through the Tooling API.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::id;

/// The channel that is always there.
pub(crate) const DEFAULT_CHANNEL: &str = "ChangeEvents";

/// A custom channel, `Sales__chn`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub id: String,
    pub name: String,
    pub label: String,
}

/// An object chosen for a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub id: String,
    pub channel: String,
    /// By its own name, `Account`.
    pub object: String,
}

/// A platform event, `Order__e`, with fields of text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PlatformEvent {
    pub name: String,
    pub fields: Vec<String>,
}

/// A subscription whose position the org keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Managed {
    pub id: String,
    pub developer_name: String,
    pub topic: String,
    /// `LATEST` or `EARLIEST`, until something is committed.
    pub default_replay: String,
    /// `RUN` or `STOP`.
    pub state: String,
    #[serde(default)]
    pub committed: Option<u64>,
}

/// See the module.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Channels {
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub members: Vec<Member>,
    #[serde(default)]
    pub platform_events: Vec<PlatformEvent>,
    #[serde(default)]
    pub managed: Vec<Managed>,
    /// Events before this position were expired by a test.
    #[serde(default)]
    pub floor: u64,
    /// How many ids were given out.
    #[serde(default)]
    given: u64,
}

impl Channels {
    pub(crate) fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("cdc.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::file("read", &path)(e)),
        };
        serde_json::from_slice(&bytes).map_err(|e| Error::Damaged {
            path,
            reason: e.to_string(),
        })
    }

    /// Writes beside and renames, so that a kill leaves the old or the new one.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), Error> {
        let (path, beside) = (dir.join("cdc.json"), dir.join("cdc.json.new"));
        let bytes = serde_json::to_vec_pretty(self).map_err(|e| Error::Damaged {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        std::fs::write(&beside, bytes).map_err(Error::file("write", &beside))?;
        std::fs::rename(&beside, &path).map_err(Error::file("write", &path))
    }

    /// A new record's id.
    pub(crate) fn next_id(&mut self, prefix: &str) -> String {
        self.given += 1;
        id::make_string(prefix, self.given)
    }

    /// Whether changes of an object are captured at all.
    pub(crate) fn captures(&self, object: &str) -> bool {
        self.members.iter().any(|m| m.object == object)
    }

    pub(crate) fn has_channel(&self, name: &str) -> bool {
        name == DEFAULT_CHANNEL || self.channels.iter().any(|c| c.name == name)
    }

    /// Chooses an object for a channel; the member's id, an old one's when it was chosen already.
    pub(crate) fn choose(&mut self, channel: &str, object: &str) -> String {
        let chosen = self.members.iter().find(|m| m.channel == channel && m.object == object);
        if let Some(member) = chosen {
            return member.id.clone();
        }
        let id = self.next_id("0v8");
        self.members.push(Member {
            id: id.clone(),
            channel: channel.into(),
            object: object.into(),
        });
        id
    }
}
