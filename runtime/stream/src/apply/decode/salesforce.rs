//! The bridge's message, [`crate::ChangeMessage`], read without looking into its values.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Members, Poison, Text, place};
use crate::apply::cell::micros;
use crate::apply::event::{Event, Happened, Position};
use crate::message::ChangeType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'m> {
    #[serde(borrow)]
    entity: Cow<'m, str>,
    #[serde(borrow)]
    record_id: Cow<'m, str>,
    change_type: ChangeType,
    #[serde(borrow)]
    commit_number: Cow<'m, str>,
    sequence_number: i64,
    #[serde(borrow)]
    commit_timestamp: Cow<'m, str>,
    #[serde(borrow, default)]
    transaction_key: Cow<'m, str>,
    #[serde(borrow, default)]
    change_origin: Cow<'m, str>,
    #[serde(borrow, default)]
    commit_user: Cow<'m, str>,
    #[serde(borrow, default)]
    nulled_fields: Vec<Text<'m>>,
    #[serde(borrow, default)]
    fields: Members<'m>,
}

pub(super) fn decode(data: &str) -> Result<Option<Event<'_>>, Poison> {
    let message: Message<'_> = serde_json::from_str(data).map_err(|error| Poison::malformed(place(&error)))?;
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
        entity: message.entity,
        record: message.record_id,
        happened,
        position: Position {
            commit: commit.map_err(|_| Poison::malformed("commitNumber is not a number of 64 bits"))?,
            sequence: message.sequence_number,
        },
        at: micros(&message.commit_timestamp).ok_or_else(|| Poison::malformed("commitTimestamp is not RFC 3339"))?,
        transaction: message.transaction_key,
        origin: message.change_origin,
        user: message.commit_user,
        fields: message.fields.0,
        nulled: message.nulled_fields.into_iter().map(|Text(name)| name).collect(),
    }))
}
