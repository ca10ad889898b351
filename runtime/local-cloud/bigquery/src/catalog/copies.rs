//! Tables made of another one: copies, clones and snapshots. Each has rows of its own; what it came from stands in its document.

use serde_json::{Map, Value, json};

use super::history::State;
use super::names::TableName;
use super::{changes, partitions, tables};
use crate::engine::Session;
use crate::error::Fault;
use crate::types::{columns, quoted};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Copy,
    Clone,
    Snapshot,
}

/// What a table takes from the one that it is made of.
const TAKEN: &[&str] = &[
    "clustering",
    "defaultCollation",
    "defaultRoundingMode",
    "description",
    "labels",
    "rangePartitioning",
    "requirePartitionFilter",
    "schema",
    "tableConstraints",
    "timePartitioning",
];

/// Makes a table of the rows of `source`, which is `from` at a time in milliseconds; nothing of its name may exist. What
/// `settings` say goes before what the source says. Answers how many rows it has.
pub(crate) fn create(
    tx: &Session<'_>,
    kind: Kind,
    name: &TableName,
    from: &TableName,
    source: &State,
    at: i64,
    mut settings: Map<String, Value>,
) -> Result<u64, Fault> {
    for key in TAKEN {
        if !source.doc[*key].is_null() && !settings.contains_key(*key) {
            settings.insert((*key).to_owned(), source.doc[*key].clone());
        }
    }
    let mut doc = tables::create(tx, name, &settings)?;
    let time = chrono::DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    match kind {
        Kind::Copy => {}
        Kind::Clone => doc["cloneDefinition"] = json!({"baseTableReference": from.reference(), "cloneTime": time}),
        Kind::Snapshot => {
            doc["type"] = json!("SNAPSHOT");
            doc["snapshotDefinition"] = json!({"baseTableReference": from.reference(), "snapshotTime": time});
        }
    }
    tables::save(tx, name, &doc)?;
    let mut names: Vec<String> = columns(&source.doc["schema"]["fields"])?
        .iter()
        .map(|c| quoted(&c.name))
        .collect();
    names.extend(partitions::stored(&source.doc).iter().map(|name| (*name).to_owned()));
    if names.is_empty() {
        return Ok(0);
    }
    let names = names.join(", ");
    let rows = tx.execute(
        &format!(
            "INSERT INTO {} ({names}) SELECT {names} FROM {}",
            name.duck(),
            source.sql
        ),
        &[],
    )?;
    changes::forget(tx, name)?;
    Ok(rows)
}
