//! The events of the bench: every fifth makes a record, the others change one of those; each is a JSON text of 500 bytes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use headwater_stream::{ChangeMessage, ChangeType};
use serde_json::{Map, Value, json};

pub const BYTES: usize = 500;
/// Ordering keys, as a bridge that puts records into buckets has them.
pub const KEYS: u64 = 32;
/// So many events in a row have the same ordering key.
pub const RUN: u64 = 100;
/// Of so many events, one makes a record.
const MAKES: u64 = 5;
/// Changes go to one of so many records of a key.
const RECENT: u64 = 2_000;
const FIRST_COMMIT: i64 = 10_985_937_854_362;

/// The columns that the events fill: name and type.
pub const COLUMNS: &[(&str, &str)] = &[
    ("Name", "STRING"),
    ("AnnualRevenue", "NUMERIC"),
    ("NumberOfEmployees", "INT64"),
    ("Latitude", "FLOAT64"),
    ("Active", "BOOL"),
    ("Founded", "DATE"),
    ("LastSeen", "TIMESTAMP"),
    ("BillingCity", "STRING"),
    ("Phone", "STRING"),
    ("Description", "STRING"),
];

/// The commit number of an event.
pub fn commit(number: u64) -> i64 {
    FIRST_COMMIT + i64::try_from(number).unwrap_or_default()
}

/// The event that has a commit number.
pub fn number(commit: i64) -> Option<u64> {
    u64::try_from(commit - FIRST_COMMIT).ok()
}

fn record_id(record: u64) -> String {
    format!("001{record:012}AAA")
}

/// The id of the record that an event is about.
pub fn about(number: u64) -> String {
    record_id(record(number).0)
}

/// The record that an event is about, and whether it makes it.
fn record(number: u64) -> (u64, bool) {
    let run = number / RUN;
    let (key, round, within) = (run % KEYS, run / KEYS, number % RUN);
    let made = round * (RUN / MAKES) + within / MAKES;
    let makes = within.is_multiple_of(MAKES);
    let at = if makes {
        made
    } else {
        // Some earlier one, spread without chance.
        made - number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (made.min(RECENT) + 1)
    };
    (at * KEYS + key, makes)
}

pub fn ordering_key(number: u64) -> String {
    format!("Account/{}", number / RUN % KEYS)
}

pub fn message(number: u64) -> ChangeMessage {
    let (record, makes) = record(number);
    let at = DateTime::from_timestamp_millis(1_769_864_700_000).unwrap_or_default()
        + TimeDelta::milliseconds(i64::try_from(number).unwrap_or_default());
    let record = record_id(record);
    let text = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let mut fields: Map<String, Value> = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set(
        "AnnualRevenue",
        json!(f64::from(u32::try_from(number % 1_000_000).unwrap_or_default()) + 0.25),
    );
    set("LastSeen", json!(text));
    set("NumberOfEmployees", json!(number % 5000));
    if makes {
        set("Name", json!(format!("Account {number}")));
        set(
            "Latitude",
            json!(-122.47 + f64::from(u32::try_from(number % 1000).unwrap_or_default()) / 1024.0),
        );
        set("Active", json!(true));
        set("Founded", json!("1987-05-04"));
        set("BillingCity", json!("Springfield"));
    }
    let mut message = ChangeMessage {
        entity: "Account".into(),
        record_id: record,
        change_type: if makes { ChangeType::Create } else { ChangeType::Update },
        commit_number: commit(number),
        sequence_number: 1,
        commit_timestamp: at,
        transaction_key: format!("0002343d-9d90-e395-ed20-{number:012}"),
        change_origin: "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/".into(),
        commit_user: "005000000000001AAA".into(),
        changed_fields: if makes {
            Vec::new()
        } else {
            fields.keys().cloned().collect()
        },
        nulled_fields: Vec::new(),
        diff_fields: Vec::new(),
        fields,
    };
    // What is missing to the size is a text.
    let room = BYTES.saturating_sub(message.to_json().len() + r#","Description":"""#.len());
    message
        .fields
        .insert("Description".into(), Value::String("d".repeat(room)));
    message
}

/// Events by their ordering keys, each in order.
pub fn by_key(numbers: std::ops::Range<u64>) -> Vec<(String, Vec<u64>)> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for number in numbers {
        all.entry(ordering_key(number)).or_default().push(number);
    }
    all.into_iter().collect()
}
