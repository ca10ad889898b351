//! From an event to messages: one for each record, and snapshots for what an event does not tell.

use chrono::{DateTime, Utc};
use headwater_salesforce::Change;

use super::rows::Row;
use crate::{ChangeMessage, ChangeType};

/// Behind every change of a commit.
pub(super) const BEHIND_ALL: i64 = 2_000_000_000;

/// The moment of a commit.
pub(super) fn committed_at(change: &Change) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(change.commit_timestamp_ms).unwrap_or_default()
}

fn change_type(change: &Change) -> ChangeType {
    use headwater_salesforce::ChangeType as Told;
    match change.change_type {
        Told::Create => ChangeType::Create,
        Told::Update => ChangeType::Update,
        Told::Delete | Told::GapDelete => ChangeType::Delete,
        Told::Undelete => ChangeType::Undelete,
        Told::GapCreate | Told::GapUpdate | Told::GapUndelete | Told::GapOverflow => ChangeType::Snapshot,
    }
}

/// The change of one of an event's records, as the event tells it.
pub(super) fn message(change: &Change, record_id: &str) -> ChangeMessage {
    let texts = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect();
    ChangeMessage {
        entity: change.entity.clone(),
        record_id: record_id.to_owned(),
        change_type: change_type(change),
        commit_number: change.commit_number,
        sequence_number: change.sequence_number.into(),
        commit_timestamp: committed_at(change),
        transaction_key: change.transaction_key.clone(),
        change_origin: change.change_origin.clone(),
        commit_user: change.commit_user.clone(),
        changed_fields: texts(&change.changed_fields),
        nulled_fields: texts(&change.nulled_fields),
        diff_fields: texts(&change.diff_fields),
        fields: change.fields.clone(),
    }
}

/// The change of a record whose event does not tell all, from the record as it was read later: what changed since is told
/// again by later events. `None` when it is not there any more: the event of its end is still to come.
pub(super) fn completed(change: &Change, record_id: &str, row: Option<&Row>) -> Option<ChangeMessage> {
    let mut message = message(change, record_id);
    if change.change_type.is_gap() {
        let row = row?;
        message.change_type = if row.deleted {
            ChangeType::Delete
        } else {
            ChangeType::Snapshot
        };
        if !row.deleted {
            message.fields = row.fields.clone();
        }
        return Some(message);
    }
    for name in &change.diff_fields {
        if let Some(value) = row.and_then(|row| row.fields.get(&**name)) {
            message.fields.insert(name.to_string(), value.clone());
        }
    }
    Some(message)
}

/// Where in the order of changes a record that was read belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub commit_number: i64,
    pub sequence_number: i64,
    pub at: DateTime<Utc>,
}

/// A record that was read, as a change at a place.
pub(super) fn snapshot(entity: &str, row: Row, place: Place) -> ChangeMessage {
    ChangeMessage {
        entity: entity.to_owned(),
        record_id: row.id,
        change_type: if row.deleted {
            ChangeType::Delete
        } else {
            ChangeType::Snapshot
        },
        commit_number: place.commit_number,
        sequence_number: place.sequence_number,
        commit_timestamp: place.at,
        transaction_key: String::new(),
        change_origin: String::new(),
        commit_user: String::new(),
        changed_fields: vec![],
        nulled_fields: vec![],
        diff_fields: vec![],
        fields: if row.deleted { Default::default() } else { row.fields },
    }
}

#[cfg(test)]
mod tests {
    use headwater_salesforce::ChangeType as Told;
    use serde_json::json;

    use super::*;

    fn change(change_type: Told) -> Change {
        Change {
            entity: "Account".into(),
            record_ids: vec!["001".into()],
            change_type,
            sequence_number: 3,
            commit_number: 77,
            commit_timestamp_ms: 1_700_000_000_123,
            ..Change::default()
        }
    }

    fn row(deleted: bool) -> Row {
        let fields = json!({ "Name": "x", "Notes": "whole" });
        Row {
            id: "001".into(),
            deleted,
            fields: fields.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn gaps_become_what_the_record_is() {
        for (told, found, expected) in [
            (Told::GapUpdate, Some(row(false)), Some(ChangeType::Snapshot)),
            (Told::GapCreate, Some(row(true)), Some(ChangeType::Delete)),
            (Told::GapUndelete, None, None),
        ] {
            let message = completed(&change(told), "001", found.as_ref());
            assert_eq!(message.as_ref().map(|m| m.change_type), expected);
            if let Some(message) = message {
                assert_eq!((message.commit_number, message.sequence_number), (77, 3));
                assert_eq!(message.fields.is_empty(), message.change_type == ChangeType::Delete);
            }
        }
        assert_eq!(message(&change(Told::GapDelete), "001").change_type, ChangeType::Delete);
    }

    #[test]
    fn a_difference_becomes_the_whole_text() {
        let mut told = change(Told::Update);
        told.diff_fields = vec!["Notes".into()];
        told.fields = json!({ "Name": "y" }).as_object().cloned().unwrap_or_default();
        let message = completed(&told, "001", Some(&row(false))).expect("a message");
        assert_eq!(
            serde_json::Value::Object(message.fields),
            json!({ "Name": "y", "Notes": "whole" })
        );
        assert_eq!(message.diff_fields, ["Notes"]);
        assert_eq!(completed(&told, "001", None).map(|m| m.fields.len()), Some(1));
    }
}
