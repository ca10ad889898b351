//! The message between the bridge and the applier: one change of one record, as JSON in a Pub/Sub message.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A change of one record. Its key is (record, commit number, sequence number); changes of a record are ordered by the
/// latter two, whatever the order in which they arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeMessage {
    /// The Salesforce object, such as `Account`.
    pub entity: String,
    /// The record's id, 18 characters.
    pub record_id: String,
    /// What happened.
    pub change_type: ChangeType,
    /// The number of the commit; as text, because it exceeds what a double holds.
    #[serde(with = "decimal")]
    pub commit_number: i64,
    /// The place of the change in its transaction.
    pub sequence_number: i64,
    /// When it was committed.
    #[serde(with = "milliseconds")]
    pub commit_timestamp: DateTime<Utc>,
    /// The transaction.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transaction_key: String,
    /// What made the change.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub change_origin: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit_user: String,
    /// The fields that an update set, nulled ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_fields: Vec<String>,
    /// The fields that are null now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nulled_fields: Vec<String>,
    /// The fields whose value came as a difference to the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diff_fields: Vec<String>,
    /// Values by the names that describe has. Numbers are JSON numbers, dates `2026-01-31`, times `13:05:00.000`, points in
    /// time `2026-01-31T13:05:00.000Z`, bytes base64.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// How many ordering keys an entity has. Pub/Sub takes messages of one key only in a request, so a key for each record would be
/// a request for each; and a worker is given all of a key as long as it has not acknowledged what it was given of it before,
/// so there are many more of them than workers.
pub const BUCKETS: u16 = 128;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeType {
    /// Made: the fields are the whole record.
    Create,
    /// Some fields changed: those that are there, and the nulled ones.
    Update,
    /// Deleted.
    Delete,
    /// Brought back.
    Undelete,
    /// Read from the org: the fields are the whole record.
    Snapshot,
    /// A change without values: the bridge reads the record again and sends a snapshot.
    GapCreate,
    /// As [`ChangeType::GapCreate`].
    GapUpdate,
    /// As [`ChangeType::GapCreate`].
    GapDelete,
    /// As [`ChangeType::GapCreate`].
    GapUndelete,
    /// So many changes that they are not told one by one.
    GapOverflow,
}

impl ChangeType {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::Snapshot => "SNAPSHOT",
            Self::GapCreate => "GAP_CREATE",
            Self::GapUpdate => "GAP_UPDATE",
            Self::GapDelete => "GAP_DELETE",
            Self::GapUndelete => "GAP_UNDELETE",
            Self::GapOverflow => "GAP_OVERFLOW",
        }
    }

    /// Whether it says that something happened and not what.
    #[must_use]
    pub const fn is_gap(self) -> bool {
        matches!(
            self,
            Self::GapCreate | Self::GapUpdate | Self::GapDelete | Self::GapUndelete | Self::GapOverflow
        )
    }

    /// Whether the fields are the whole record: what is absent is null.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Create | Self::Snapshot)
    }
}

impl fmt::Display for ChangeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes that are no such message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not JSON of this shape. The parser's words may quote a value: they are for the dead letter, not for logs.
    #[error("the message is not a change: {0}")]
    Shape(String),
}

impl ChangeMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub fn from_json(bytes: &[u8]) -> Result<Self, MessageError> {
        serde_json::from_slice(bytes).map_err(|error| MessageError::Shape(error.to_string()))
    }

    /// The message's data.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The record's place among the [`BUCKETS`] of its entity, the same in every release: changes of a record stay in order
    /// only as long as all of them have the same key.
    #[must_use]
    pub fn bucket(&self) -> u16 {
        // FNV-1a, 64 bits; the upper half is folded in because a remainder looks at the lower bits only.
        let hash = self.record_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        ((hash ^ (hash >> 32)) % u64::from(BUCKETS)) as u16
    }

    /// The ordering key, such as `Account/042`. A bucket is one entity's: an entity whose tables are slow holds up no other.
    #[must_use]
    pub fn ordering_key(&self) -> String {
        format!("{}/{:03}", self.entity, self.bucket())
    }

    /// The attributes, by which subscriptions can filter.
    #[must_use]
    pub fn attributes(&self, pipeline: &str) -> HashMap<String, String> {
        let pairs = [
            ("entity", self.entity.clone()),
            ("changeType", self.change_type.name().to_owned()),
            ("recordId", self.record_id.clone()),
            ("commitNumber", self.commit_number.to_string()),
            ("sequenceNumber", self.sequence_number.to_string()),
            ("pipeline", pipeline.to_owned()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// A whole number as text.
mod decimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::custom("commitNumber is not a decimal number in text"))
    }
}

/// RFC 3339 with milliseconds.
mod milliseconds {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        DateTime::<Utc>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"entity":"Account","recordId":"001000000000001AAA","changeType":"UPDATE","commitNumber":"10985937854362","sequenceNumber":2,"commitTimestamp":"2026-01-31T13:05:00.120Z","changedFields":["Name","Amount"],"nulledFields":["Amount"],"fields":{"Name":"x"}}"#;

    #[test]
    fn a_message_keeps_its_bytes() {
        let message = ChangeMessage::from_json(TEXT.as_bytes()).expect("a message");
        assert_eq!(String::from_utf8(message.to_json()).expect("text"), TEXT);
        assert_eq!(message.ordering_key(), "Account/001");
        let attributes = message.attributes("crm");
        assert_eq!(attributes["commitNumber"], "10985937854362");
        assert_eq!(attributes["changeType"], "UPDATE");
        assert_eq!(attributes.len(), 6);
    }

    #[test]
    fn records_are_spread_over_the_buckets() {
        let mut message = ChangeMessage::from_json(TEXT.as_bytes()).expect("a message");
        let mut filled = vec![0; usize::from(BUCKETS)];
        for n in 0..12_800 {
            message.record_id = format!("0010000000{n:05}AAA");
            filled[usize::from(message.bucket())] += 1;
        }
        let (least, most) = (filled.iter().min(), filled.iter().max());
        assert!(least > Some(&50) && most < Some(&150), "{least:?} to {most:?}");
    }

    #[test]
    fn what_is_no_message_says_why() {
        for (from, to, says) in [
            ("\"10985937854362\"", "10985937854362", "invalid type"),
            ("10985937854362", "x", "commitNumber is not"),
            ("UPDATE", "MERGE", "unknown variant"),
            ("recordId", "record", "recordId"),
            ("2026-01-31T", "yesterday", "invalid"),
        ] {
            let error = ChangeMessage::from_json(TEXT.replace(from, to).as_bytes()).expect_err(to);
            assert!(error.to_string().contains(says), "{to}: {error}");
        }
    }
}
