//! The bridge's message, [`crate::ChangeMessage`], read without looking into its values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Poison, place};
use crate::apply::cell::micros;
use crate::apply::event::{Event, Happened, Position};
use crate::message::ChangeType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    entity: Cow<'a, str>,
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    change_type: ChangeType,
    #[serde(borrow)]
    commit_number: Cow<'a, str>,
    sequence_number: i64,
    #[serde(borrow)]
    commit_timestamp: Cow<'a, str>,
    #[serde(default)]
    transaction_key: String,
    #[serde(default)]
    change_origin: String,
    #[serde(default)]
    commit_user: String,
    #[serde(default)]
    nulled_fields: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, Box<RawValue>>,
}

pub(super) fn decode(data: &[u8]) -> Result<Option<Event>, Poison> {
    let message: Message<'_> = serde_json::from_slice(data).map_err(|error| Poison::malformed(place(&error)))?;
    let happened = match message.change_type {
        ChangeType::Create => Happened::Create,
        ChangeType::Update => Happened::Update,
        ChangeType::Delete => Happened::Delete,
        ChangeType::Undelete => Happened::Undelete,
        ChangeType::Snapshot => Happened::Snapshot,
        // What happened is not told here: the bridge reads the record again and sends it whole.
        ChangeType::GapCreate
        | ChangeType::GapUpdate
        | ChangeType::GapDelete
        | ChangeType::GapUndelete
        | ChangeType::GapOverflow => return Ok(None),
    };
    if message.record_id.is_empty() {
        return Err(Poison::incomplete("recordId"));
    }
    let commit = message.commit_number.parse();
    Ok(Some(Event {
        entity: message.entity.into_owned(),
        record: message.record_id.into_owned(),
        happened,
        position: Position {
            commit: commit.map_err(|_| Poison::malformed("commitNumber is not a number of 64 bits"))?,
            sequence: message.sequence_number,
        },
        at: micros(&message.commit_timestamp).ok_or_else(|| Poison::malformed("commitTimestamp is not RFC 3339"))?,
        transaction: message.transaction_key,
        origin: message.change_origin,
        user: message.commit_user,
        fields: message.fields.into_iter().collect(),
        nulled: message.nulled_fields,
    }))
}
