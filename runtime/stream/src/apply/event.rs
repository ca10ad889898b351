//! A change as it came, before it meets its table: who, what, when, and values as JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// The place of a change among those of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub commit: i64,
    pub sequence: i64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Happened {
    /// Made: what is absent is null.
    Create,
    /// Fields set.
    Update,
    Delete,
    Undelete,
    /// Read whole from the source: what is absent is null.
    Snapshot,
}

impl Happened {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::Snapshot => "SNAPSHOT",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "CREATE" => Self::Create,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "UNDELETE" => Self::Undelete,
            "SNAPSHOT" => Self::Snapshot,
            _ => return None,
        })
    }

    /// Whether the record's fields are all there.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Create | Self::Snapshot)
    }
}

/// A change out of a message, most of whose texts lie in the message.
#[derive(Debug)]
pub(crate) struct Event<'m> {
    pub entity: Cow<'m, str>,
    pub record: Cow<'m, str>,
    pub happened: Happened,
    pub position: Position,
    /// Microseconds since 1970.
    pub at: i64,
    pub transaction: Cow<'m, str>,
    pub origin: Cow<'m, str>,
    pub user: Cow<'m, str>,
    /// Fields with their values; null is a value.
    pub fields: Vec<(Cow<'m, str>, &'m RawValue)>,
    /// Fields that are null now, when they are told apart from the others.
    pub nulled: Vec<Cow<'m, str>>,
}
