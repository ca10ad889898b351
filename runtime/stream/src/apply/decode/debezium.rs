//! Debezium's envelope: before, after, source, op. <https://debezium.io/documentation/reference/stable/connectors/postgresql.html>
//!
//! The order of changes is what the connector's `source` says: the log sequence number (PostgreSQL), the file and position
//! in it (MySQL, MariaDB), the change's LSN (SQL Server), the SCN (Oracle), the ordinal in the oplog (MongoDB is not read).

use std::borrow::Cow;

use headwater_spec::Debezium;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Poison, members, place};
use crate::apply::event::{Event, Happened, Position};

/// What stands for a large value that an update left as it was.
const UNCHANGED: &str = "__debezium_unavailable_value";

pub(super) fn decode<'m>(data: &'m str, settings: &Debezium, published: i64) -> Result<Option<Event<'m>>, Poison> {
    // A tombstone, which follows a delete for the sake of log compaction.
    if data.is_empty() || data == "null" {
        return Ok(None);
    }
    let document: Value = serde_json::from_str(data).map_err(|error| Poison::malformed(place(&error)))?;
    let texts: &'m RawValue = serde_json::from_str(data).map_err(|error| Poison::malformed(place(&error)))?;
    let envelope = document.get("payload").unwrap_or(&document);
    let Some(op) = envelope["op"].as_str() else {
        return Err(Poison::incomplete("op: it is no change event of Debezium's"));
    };
    let source = &envelope["source"];
    let (happened, image) = match op {
        "c" => (Happened::Create, &envelope["after"]),
        "r" => (Happened::Snapshot, &envelope["after"]),
        "u" => (Happened::Update, &envelope["after"]),
        "d" => (Happened::Delete, &envelope["before"]),
        // Truncations and logical messages concern no record.
        "m" => return Ok(None),
        "t" => {
            return Err(Poison::new(
                "unsupported",
                "a truncation of the table cannot be applied record by record",
            ));
        }
        _ => return Err(Poison::new("unknown_operation", "its op is not c, r, u, d, t or m")),
    };
    let table = source["table"].as_str().or_else(|| source["collection"].as_str());
    let table = table.ok_or_else(|| Poison::incomplete("source.table"))?;
    let row = image.as_object().ok_or_else(|| {
        Poison::incomplete(if happened == Happened::Delete {
            "before"
        } else {
            "after"
        })
    })?;
    let keys = settings.keys.get(table).map(Vec::as_slice).unwrap_or_default();
    if keys.is_empty() {
        return Err(Poison::new(
            "unknown_entity",
            format!("the stream has no entity {table}"),
        ));
    }
    let mut parts = Vec::new();
    for key in keys {
        let part = match row.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            _ => return Err(Poison::incomplete(&format!("value of the key {key}"))),
        };
        parts.push(part);
    }
    let after = || {
        let member = |of: &'m RawValue, name: &str| {
            let all = members(of)?;
            all.into_iter().rev().find(|(own, _)| own == name).map(|(_, json)| json)
        };
        let envelope = member(texts, "payload").unwrap_or(texts);
        members(member(envelope, "after")?)
    };
    let fields: Vec<(Cow<'m, str>, &'m RawValue)> = match happened {
        Happened::Delete => Vec::new(),
        _ => after()
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| row.get(&**name).and_then(Value::as_str) != Some(UNCHANGED))
            .collect(),
    };
    let millis = source["ts_ms"].as_i64().or_else(|| envelope["ts_ms"].as_i64());
    Ok(Some(Event {
        entity: table.to_owned().into(),
        // A key of several columns is one text; the separator cannot be mistaken for a part of one.
        record: parts
            .iter()
            .map(|part| part.replace('\\', "\\\\").replace('|', "\\|"))
            .collect::<Vec<_>>()
            .join("|")
            .into(),
        happened,
        position: position(source).ok_or_else(|| Poison::incomplete("position in source"))?,
        at: millis.and_then(|millis| millis.checked_mul(1000)).unwrap_or(published),
        transaction: text(&source["txId"])
            .or_else(|| text(&source["gtid"]))
            .unwrap_or_default()
            .into(),
        origin: source["connector"].as_str().unwrap_or_default().to_owned().into(),
        user: Cow::default(),
        fields,
        nulled: Vec::new(),
    }))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn position(source: &Value) -> Option<Position> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    // PostgreSQL: changes of one transaction have rising numbers of their own.
    if let Some(lsn) = number(&source["lsn"]) {
        return Some(Position {
            commit: lsn,
            sequence: 0,
        });
    }
    // MySQL: mysql-bin.000003, a position of 32 bits in most files, and the row of an event.
    if let (Some(file), Some(at)) = (source["file"].as_str(), number(&source["pos"])) {
        let file: i64 = file.rsplit('.').next()?.parse().ok()?;
        return Some(Position {
            commit: file.checked_mul(1 << 36)?.checked_add(at)?,
            sequence: number(&source["row"]).unwrap_or(0),
        });
    }
    // SQL Server: three hexadecimal numbers, and the place in the change.
    if let Some(lsn) = source["change_lsn"].as_str().or_else(|| source["commit_lsn"].as_str()) {
        let mut parts = lsn.split(':').map(|part| i64::from_str_radix(part, 16).ok());
        let (file, block, slot) = (parts.next()??, parts.next()??, parts.next()??);
        return Some(Position {
            commit: file.checked_mul(1 << 32)?.checked_add(block)?,
            sequence: slot
                .checked_mul(1 << 16)?
                .checked_add(number(&source["event_serial_no"]).unwrap_or(0))?,
        });
    }
    number(&source["scn"]).map(|scn| Position {
        commit: scn,
        sequence: 0,
    })
}
