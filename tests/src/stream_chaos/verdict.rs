//! What must be true at the end, computed from the org's own log of events, its records, and what was published as poison.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Poisoned;
use super::history::{self, Told};
use super::world::{ENTITIES, SOFT, World};
use crate::bigquery::query;
use crate::truth::{of_org, of_table};

/// Behind every change of a commit: what was read because events were lost.
const BEHIND_ALL: i64 = 2_000_000_000;

type Key = (String, i64, i64);

/// What the events of a run are judged by.
pub struct Expected<'a> {
    /// The number of the first event that counts.
    pub first: usize,
    /// Events that the org could not tell any more: behind this commit, before this number.
    pub expired: &'a [(i64, usize)],
}

/// A verdict on all tables: what is wrong, and how many changes there were.
pub struct Verdict {
    /// Nothing: all is well.
    pub problems: Vec<String>,
    /// Changes of records that the org told of.
    pub changes: usize,
    /// Those that only a repair told, because the org could not any more.
    pub repaired: usize,
}

/// Judges the tables.
pub fn tables(world: &World, expected: &Expected<'_>) -> Verdict {
    let mut verdict = Verdict {
        problems: vec![],
        changes: 0,
        repaired: 0,
    };
    let mut told: HashMap<String, Vec<Told>> = HashMap::new();
    for change in history::read(&world.org_dir(), expected.first) {
        told.entry(change.entity.clone()).or_default().push(change);
    }
    for entity in ENTITIES {
        let told = told.remove(entity).unwrap_or_default();
        changelog(world, entity, &told, expected, &mut verdict);
        current(world, entity, &told, &mut verdict.problems);
    }
    verdict
}

/// Every change once, no other.
fn changelog(world: &World, entity: &str, told: &[Told], expected: &Expected<'_>, verdict: &mut Verdict) {
    let sql = format!("SELECT _record_id, _commit_number, _sequence_number, _operation FROM raw.{entity}_changes");
    let mut found: HashMap<Key, String> = HashMap::new();
    let mut problem = |text: String| verdict.problems.push(format!("{entity}_changes: {text}"));
    for row in query(&world.cloud, &sql).rows {
        let cell = |place: usize| row[place].clone().unwrap_or_default();
        let key = (cell(0), cell(1).parse().unwrap(), cell(2).parse().unwrap());
        if found.insert(key.clone(), cell(3)).is_some() {
            problem(format!("{key:?} is there twice"));
        }
    }
    // Records that were read behind a commit because events were lost.
    let read_again: HashSet<(&str, i64)> = found
        .keys()
        .filter(|key| key.2 == BEHIND_ALL)
        .map(|key| (key.0.as_str(), key.1))
        .collect();
    let mut overflows = HashSet::new();
    let mut known = HashSet::new();
    for change in told {
        if change.kind == "GAP_OVERFLOW" {
            overflows.insert((change.commit, change.sequence));
            continue;
        }
        verdict.changes += 1;
        let key = (change.record.clone(), change.commit, change.sequence);
        match found.get(&key) {
            Some(operation) if is_right(change.kind, operation) => {}
            Some(operation) => problem(format!("{key:?} is {operation} instead of {}", change.kind)),
            None => {
                let lost = expected
                    .expired
                    .iter()
                    .any(|(commit, event)| change.commit > *commit && change.event < *event);
                let again = read_again.iter().any(|(record, _)| *record == change.record);
                match (lost, again) {
                    (true, true) => verdict.repaired += 1,
                    (true, false) => problem(format!("{key:?} expired and was not read again")),
                    (false, _) => problem(format!("{key:?} ({}) is missing", change.kind)),
                }
            }
        }
        known.insert(key);
    }
    for (key, operation) in &found {
        let read = operation == "SNAPSHOT" || operation == "DELETE";
        let initial = key.1 == 0 && key.2 == 0 && operation == "SNAPSHOT";
        let repair = key.2 == BEHIND_ALL && !expected.expired.is_empty();
        let allowed = initial || (read && (repair || overflows.contains(&(key.1, key.2))));
        if !known.contains(key) && !allowed {
            problem(format!("{key:?} ({operation}) is too much"));
        }
    }
}

fn is_right(told: &str, operation: &str) -> bool {
    match told {
        "GAP_DELETE" => operation == "DELETE",
        // The record was read instead.
        "GAP_CREATE" | "GAP_UPDATE" | "GAP_UNDELETE" => operation == "SNAPSHOT" || operation == "DELETE",
        told => operation == told,
    }
}

/// Every record as the org has it, value by value.
fn current(world: &World, entity: &str, told: &[Told], problems: &mut Vec<String>) {
    let rows = query(&world.cloud, &format!("SELECT * FROM raw.{entity}"));
    let place = |name: &str| rows.columns.iter().position(|(n, _)| n == name).unwrap();
    let (id, deleted) = (place("_record_id"), place("_deleted"));
    let mut table = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for row in &rows.rows {
        let record = row[id].clone().unwrap();
        if row[deleted].as_deref() == Some("true") {
            gone.insert(record.clone());
        }
        if table.insert(record.clone(), row).is_some() {
            problems.push(format!("{entity}: {record} is there twice"));
        }
    }
    for record in world.org.export(entity) {
        let id = record["Id"].as_str().unwrap();
        let Some(row) = table.remove(id) else {
            problems.push(format!("{entity}: {id} is missing"));
            continue;
        };
        if gone.remove(id) {
            problems.push(format!("{entity}: {id} is deleted and should not be"));
        }
        for ((name, kind), cell) in rows.columns.iter().zip(row) {
            if name.starts_with('_') {
                continue;
            }
            // An empty text does not exist in Salesforce.
            let expected = record.get(name).filter(|v| !v.is_null() && v.as_str() != Some(""));
            let expected = expected.map(|value| of_org(kind, value));
            let have = cell.as_deref().map(|cell| of_table(kind, cell));
            if !same(kind, expected.as_deref(), have.as_deref()) {
                problems.push(format!(
                    "{entity}: {id}.{name} ({kind}) is {have:?} instead of {expected:?}"
                ));
            }
        }
    }
    // What is left is deleted in the org, and here when it is to stay.
    for record in table.keys() {
        if entity != SOFT || !gone.contains(record) {
            problems.push(format!("{entity}: {record} is there and not in the org"));
        }
    }
    if entity == SOFT {
        let live: BTreeSet<String> = rows.rows.iter().map(|row| row[id].clone().unwrap()).collect();
        for change in told.iter().filter(|c| c.kind == "DELETE") {
            if !live.contains(&change.record) {
                problems.push(format!("{entity}: the deleted {} is missing", change.record));
            }
        }
    }
}

/// Change events carry numbers as doubles.
fn same(kind: &str, expected: Option<&str>, have: Option<&str>) -> bool {
    let double = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
    match kind {
        "NUMERIC" | "BIGNUMERIC" => double(expected) == double(have),
        _ => expected == have,
    }
}

/// Every poisonous message is among the dead letters once, with its bytes.
pub fn dead_letters(letters: &[(Vec<u8>, serde_json::Value)], poison: &[Poisoned]) -> Vec<String> {
    let mut left: HashMap<&str, &Poisoned> = poison.iter().map(|p| (p.id.as_str(), p)).collect();
    let mut problems = vec![];
    for (data, attributes) in letters {
        let id = attributes["headwater-message-id"].as_str().unwrap_or_default();
        match left.remove(id) {
            Some(one) if one.data == *data && attributes["headwater-reason-code"].is_string() => {}
            Some(_) => problems.push(format!("the dead letter {id} is not what it was")),
            None if poison.iter().any(|p| p.id == id) => {
                problems.push(format!("the dead letter {id} is there twice"));
            }
            None => problems.push(format!("the dead letter {id} was no poison: {attributes}")),
        }
    }
    problems.extend(left.keys().map(|id| format!("the dead letter {id} is missing")));
    problems
}
