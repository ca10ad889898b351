//! Platform events: what a client may publish itself. Their fields are texts; who creates one says their names.

use serde_json::{Value, json};

use super::channels::PlatformEvent;
use super::shape::fingerprint;

/// The schema of a platform event and its id.
pub(crate) fn schema(event: &PlatformEvent) -> (String, String) {
    let mut fields = vec![
        json!({ "name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime" }),
        json!({ "name": "CreatedById", "type": "string", "doc": "CreatedBy:EntityId" }),
    ];
    fields.extend(event.fields.iter().map(|name| -> Value {
        json!({ "name": name, "type": ["null", "string"], "doc": "Data:Text", "default": null })
    }));
    let mut schema =
        json!({ "name": event.name, "namespace": "com.sforce.eventbus", "type": "record", "fields": fields });
    let id = fingerprint(&schema.to_string());
    schema["uuid"] = id.clone().into();
    (id, schema.to_string())
}

/// Whether a payload is one of this event: a long, a text, and a nullable text for each field, to the last byte.
pub(crate) fn is_valid(event: &PlatformEvent, payload: &[u8]) -> bool {
    let mut rest = payload;
    let read = long(&mut rest).is_some()
        && text(&mut rest).is_some()
        && event.fields.iter().all(|_| match long(&mut rest) {
            Some(0) => true,
            Some(1) => text(&mut rest).is_some(),
            _ => false,
        });
    read && rest.is_empty()
}

fn long(rest: &mut &[u8]) -> Option<i64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        n |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((n >> 1).cast_signed() ^ -(n & 1).cast_signed());
        }
    }
    None
}

fn text(rest: &mut &[u8]) -> Option<()> {
    let len = usize::try_from(long(rest)?).ok()?;
    let text = rest.get(..len)?;
    *rest = &rest[len..];
    std::str::from_utf8(text).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_checked() {
        let event = PlatformEvent {
            name: "Order__e".into(),
            fields: vec!["Number__c".into()],
        };
        for (payload, valid) in [
            (&[2u8, 2, b'x', 2, 2, b'7'][..], true),
            (&[2, 2, b'x', 0], true),
            (&[2, 2, b'x'], false),
            (&[2, 2, b'x', 0, 0], false),
            (&[2, 2, 0xff, 0], false),
            (&[2, 9, b'x', 0], false),
            (&[], false),
        ] {
            assert_eq!(is_valid(&event, payload), valid, "{payload:?}");
        }
    }
}
