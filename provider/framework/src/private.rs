//! What a resource remembers beside its state, hidden from the user.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// Keys with this prefix belong to the framework.
const RESERVED: &str = ".";
/// Set in every plan that has a prior state: core hands it to the second plan of a replacement.
const HAD_PRIOR: &str = ".had_prior";

/// Small values kept with a resource: an ETag, a hash. Never secrets: the state file holds it in clear text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Private {
    entries: BTreeMap<String, Json>,
}

impl Private {
    /// The value under this key, when there is one of this shape.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.entries.get(key).and_then(|json| T::deserialize(json).ok())
    }

    /// Remembers a value. Keys that start with a dot are the framework's and are ignored.
    pub fn set(&mut self, key: &str, value: impl Serialize) {
        if key.starts_with(RESERVED) {
            tracing::warn!(key, "private key is reserved");
            return;
        }
        match serde_json::to_value(value) {
            Ok(json) => {
                self.entries.insert(key.to_owned(), json);
            }
            Err(error) => tracing::warn!(key, %error, "private value cannot be stored"),
        }
    }

    /// Forgets a value.
    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long the stored bytes may be.
    const MAX: usize = 16 << 20;

    /// Reads the stored bytes; what another version wrote and this one cannot read counts as empty.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Private::default();
        }
        match Some(bytes)
            .filter(|bytes| bytes.len() <= Self::MAX)
            .map(serde_json::from_slice)
        {
            Some(Ok(entries)) => Private { entries },
            _ => {
                tracing::warn!(bytes = bytes.len(), "private state is not ours and was dropped");
                Private::default()
            }
        }
    }

    /// The bytes to store: none when empty.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        serde_json::to_vec(&self.entries).unwrap_or_default()
    }

    pub(crate) fn mark_had_prior(&mut self) {
        self.entries.insert(HAD_PRIOR.to_owned(), Json::Bool(true));
    }

    /// Takes the mark away and says whether it was there.
    pub(crate) fn take_had_prior(&mut self) -> bool {
        self.entries.remove(HAD_PRIOR).is_some()
    }
}
