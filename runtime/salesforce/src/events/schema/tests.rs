//! Payloads written by hand against schemas as Salesforce gives them.

use serde_json::json;

use super::*;
use crate::describe::{FieldDescribe, ObjectSummary};

fn describe() -> ObjectDescribe {
    let field = |name: &str, data_type: &str, compound: Option<&str>| FieldDescribe {
        name: name.into(),
        data_type: data_type.into(),
        compound_field_name: compound.map(str::to_owned),
        ..FieldDescribe::default()
    };
    ObjectDescribe {
        object: ObjectSummary {
            name: "Contact".into(),
            ..ObjectSummary::default()
        },
        fields: vec![
            field("Id", "id", None),
            field("Name", "string", Some("Name")),
            field("FirstName", "string", Some("Name")),
            field("LastName", "string", Some("Name")),
            field("MailingCity", "string", Some("MailingAddress")),
            field("MailingState", "string", Some("MailingAddress")),
            field("MailingStateCode", "string", Some("MailingAddress")),
            field("MailingAddress", "address", None),
            field("Born__c", "date", None),
            field("Seen__c", "datetime", None),
            field("Calls__c", "time", None),
            field("Score__c", "double", None),
            field("Count__c", "int", None),
            field("Active__c", "boolean", None),
            field("Place__Latitude__s", "double", Some("Place__c")),
            field("Notes__c", "textarea", None),
        ],
    }
}

fn schema() -> Value {
    let optional = |name: &str, of: Value| json!({ "name": name, "type": ["null", of], "default": null });
    let list = json!({ "type": "array", "items": "string" });
    json!({ "type": "record", "name": "ContactChangeEvent", "namespace": "com.sforce.eventbus", "fields": [
        { "name": "ChangeEventHeader", "type": { "type": "record", "name": "ChangeEventHeader", "fields": [
            { "name": "entityName", "type": "string" },
            { "name": "recordIds", "type": list },
            { "name": "changeType", "type": { "type": "enum", "name": "ChangeType", "symbols": ["CREATE", "UPDATE", "UNDELETE"] } },
            { "name": "sequenceNumber", "type": "int" },
            { "name": "commitNumber", "type": "long" },
            { "name": "nulledFields", "type": list },
            { "name": "diffFields", "type": list },
            { "name": "changedFields", "type": list } ] } },
        optional("Name", json!({ "type": "record", "name": "PersonName", "fields": [
            optional("FirstName", json!("string")), optional("LastName", json!("string")) ] })),
        optional("MailingAddress", json!({ "type": "record", "name": "Address", "fields": [
            optional("City", json!("string")), optional("State", json!("string")), optional("StateCode", json!("string")) ] })),
        optional("Born__c", json!("long")),
        optional("Seen__c", json!("long")),
        optional("Calls__c", json!("long")),
        optional("Score__c", json!("double")),
        optional("Count__c", json!("int")),
        optional("Active__c", json!("boolean")),
        optional("Hidden__c", json!("string")),
        optional("Place__c", json!({ "type": "record", "name": "Location", "fields": [ optional("Latitude", json!("double")) ] })),
        optional("Notes__c", json!("string")),
    ] })
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn long(&mut self, value: i64) -> &mut Self {
        let mut n = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while n >= 0x80 {
            self.0.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.long(i64::try_from(text.len()).unwrap());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn texts(&mut self, texts: &[&str]) -> &mut Self {
        if !texts.is_empty() {
            // A block with its size, as some writers make them.
            self.long(-i64::try_from(texts.len()).unwrap()).long(99);
            for text in texts {
                self.text(text);
            }
        }
        self.long(0)
    }

    fn nulls(&mut self, count: usize) {
        for _ in 0..count {
            self.long(0);
        }
    }

    fn header(&mut self, kind: i64, nulled: &[&str], diff: &[&str], changed: &[&str]) -> &mut Self {
        self.text("Contact")
            .texts(&["003A", "003B"])
            .long(kind)
            .long(7)
            .long(9_007_199_254_740_993);
        self.texts(nulled).texts(diff).texts(changed)
    }
}

fn decode(payload: &[u8]) -> Result<Change> {
    EventSchema::new(&schema(), &describe()).unwrap().decode(payload)
}

fn names(list: &[Arc<str>]) -> Vec<&str> {
    list.iter().map(|n| &**n).collect()
}

#[test]
fn values_are_flattened_and_written_as_extracts_write_them() {
    let mut w = Writer::default();
    w.header(0, &[], &[], &[]);
    w.long(1).long(1).text("Ada").long(1).text("Lovelace");
    w.long(1).long(1).text("Paris").long(0).long(1).text("IDF");
    w.long(1)
        .long(-86_400_000)
        .long(1)
        .long(1_700_000_000_123)
        .long(1)
        .long(36_000_007);
    w.long(1).0.extend_from_slice(&12_500.25f64.to_le_bytes());
    w.long(1).long(-3).long(1).0.push(1);
    w.long(1).text("secret");
    w.long(1).long(1).0.extend_from_slice(&48.5f64.to_le_bytes());
    w.long(0);
    let change = decode(&w.0).unwrap();
    assert_eq!(
        Value::Object(change.fields.clone()),
        json!({ "FirstName": "Ada", "LastName": "Lovelace", "MailingCity": "Paris", "MailingStateCode": "IDF",
            "Born__c": "1969-12-31", "Seen__c": "2023-11-14T22:13:20.123Z", "Calls__c": "10:00:00.007",
            "Score__c": 12_500.25, "Count__c": -3, "Active__c": true, "Place__Latitude__s": 48.5 })
    );
    assert_eq!(
        (change.sequence_number, change.commit_number),
        (7, 9_007_199_254_740_993)
    );
    assert_eq!(change.record_ids, ["003A", "003B"]);
    for cut in 0..w.0.len() {
        assert!(decode(&w.0[..cut]).is_err(), "{cut}");
    }
    w.0.push(0);
    assert!(decode(&w.0).is_err());
}

#[test]
fn updates_tell_changed_nulled_and_unchanged_apart() {
    let mut w = Writer::default();
    // Born__c and Notes__c at 3 and 11, the parts of the address; a compound field without a map of its own.
    w.header(1, &["0x0008", "2-0x2"], &["0x0800"], &["0x0808", "2-0x3", "1-0x1"]);
    w.long(1).long(1).text("Eve").long(0);
    w.long(1).long(1).text("Lyon").long(0).long(0);
    w.nulls(8);
    w.long(1).text("--- a difference");
    let change = decode(&w.0).unwrap();
    assert_eq!(
        Value::Object(change.fields.clone()),
        json!({ "FirstName": "Eve", "MailingCity": "Lyon", "Born__c": null, "MailingState": null })
    );
    assert_eq!(names(&change.nulled_fields), ["Born__c", "MailingState"]);
    assert_eq!(names(&change.diff_fields), ["Notes__c"]);
    assert_eq!(
        names(&change.changed_fields),
        ["Born__c", "Notes__c", "MailingCity", "MailingState", "FirstName"]
    );
    let mut w = Writer::default();
    w.header(1, &["0x2"], &[], &["0x2"]);
    w.nulls(11);
    let change = decode(&w.0).unwrap();
    assert_eq!(
        Value::Object(change.fields),
        json!({ "FirstName": null, "LastName": null })
    );
}

#[test]
fn an_undelete_is_complete() {
    let mut w = Writer::default();
    w.header(2, &[], &[], &[]);
    w.nulls(11);
    let change = decode(&w.0).unwrap();
    assert_eq!(change.fields.len(), 13);
    assert!(change.fields.values().all(Value::is_null));
}

#[test]
fn what_is_no_change_event_is_refused() {
    assert_eq!(entity(&schema()).as_deref(), Some("Contact"));
    assert_eq!(
        entity(&json!({ "name": "Thing__ChangeEvent" })).as_deref(),
        Some("Thing__c")
    );
    assert_eq!(entity(&json!({ "name": "Order__e" })), None);
    for wrong in [
        json!("string"),
        json!({ "type": "record", "name": "X", "fields": [] }),
        json!({ "type": "record", "name": "X", "fields": [{ "name": "a", "type": "Unknown" }] }),
    ] {
        assert!(EventSchema::new(&wrong, &describe()).is_err(), "{wrong}");
    }
}
