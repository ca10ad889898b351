//! A change of records, as an event tells it.

use std::sync::Arc;

use serde_json::{Map, Value};

/// What happened to the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "Salesforce's own words")]
pub enum ChangeType {
    #[default]
    Create,
    Update,
    Delete,
    Undelete,
    /// The same, without values: the records must be read.
    GapCreate,
    GapUpdate,
    GapDelete,
    GapUndelete,
    /// So much changed in one transaction that the rest of it is not told: all that changed since must be read.
    GapOverflow,
}

impl ChangeType {
    const NAMES: [(&'static str, Self); 9] = [
        ("CREATE", Self::Create),
        ("UPDATE", Self::Update),
        ("DELETE", Self::Delete),
        ("UNDELETE", Self::Undelete),
        ("GAP_CREATE", Self::GapCreate),
        ("GAP_UPDATE", Self::GapUpdate),
        ("GAP_DELETE", Self::GapDelete),
        ("GAP_UNDELETE", Self::GapUndelete),
        ("GAP_OVERFLOW", Self::GapOverflow),
    ];

    /// Reads Salesforce's spelling.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
    }

    /// Salesforce's spelling.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether the event holds no values though records changed.
    pub fn is_gap(self) -> bool {
        matches!(
            self,
            Self::GapCreate | Self::GapUpdate | Self::GapDelete | Self::GapUndelete | Self::GapOverflow
        )
    }
}

/// See the module. <https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm>
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// The object, `Account`.
    pub entity: String,
    /// The records, all changed alike; 18 characters each.
    pub record_ids: Vec<String>,
    /// What happened to them.
    pub change_type: ChangeType,
    /// The API and client that it came through.
    pub change_origin: String,
    /// The same for all changes of a transaction.
    pub transaction_key: String,
    /// The place in the transaction, from 1.
    pub sequence_number: i32,
    /// When it was committed, in milliseconds since 1970.
    pub commit_timestamp_ms: i64,
    /// Rises from transaction to transaction.
    pub commit_number: i64,
    /// The user.
    pub commit_user: String,
    /// What an update touched.
    pub changed_fields: Vec<Arc<str>>,
    /// What it set to null.
    pub nulled_fields: Vec<Arc<str>>,
    /// What it changed in a long text: the event holds a difference, which is not in [`Change::fields`].
    pub diff_fields: Vec<Arc<str>>,
    /// Values by the names of describe, compound fields by their parts. Absent from an update: unchanged; from a create: null.
    /// An undelete has all. Dates, times and datetimes (UTC, milliseconds) as ISO 8601.
    pub fields: Map<String, Value>,
}
