//! Grants in the access entries of BigQuery datasets, which are older than IAM's policies.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset>

use serde_json::{Map, Value as Json, json};

use super::bindings::same_condition;
use super::rules::same_member;
use super::{Condition, Grant};

/// BigQuery answers these roles by their older names.
const OLDER: [(&str, &str); 3] = [
    ("roles/bigquery.dataOwner", "OWNER"),
    ("roles/bigquery.dataEditor", "WRITER"),
    ("roles/bigquery.dataViewer", "READER"),
];

fn older(role: &str) -> &str {
    OLDER.iter().find(|(new, _)| *new == role).map_or(role, |(_, old)| old)
}

/// The member of an entry that names its grantee, and the name.
fn grantee(member: &str) -> (&'static str, String) {
    match member.split_once(':') {
        None if member == "allAuthenticatedUsers" => ("specialGroup", member.to_owned()),
        Some(("user" | "serviceAccount", email)) => ("userByEmail", email.to_owned()),
        Some(("group", email)) => ("groupByEmail", email.to_owned()),
        Some(("domain", domain)) => ("domain", domain.to_owned()),
        Some(("projectOwner", _)) => ("specialGroup", "projectOwners".to_owned()),
        Some(("projectEditor", _)) => ("specialGroup", "projectWriters".to_owned()),
        Some(("projectViewer", _)) => ("specialGroup", "projectReaders".to_owned()),
        _ => ("iamMember", member.to_owned()),
    }
}

fn condition_of(grant: &Grant, entry: &Json) -> Option<Condition> {
    Condition::read(&entry["condition"], grant.condition.as_ref())
}

fn is_it(grant: &Grant, entry: &Json) -> bool {
    let (kind, name) = grantee(&grant.member);
    let named = entry[kind]
        .as_str()
        .is_some_and(|found| found.eq_ignore_ascii_case(&name));
    let by_iam = entry["iamMember"]
        .as_str()
        .is_some_and(|found| same_member(found, &grant.member));
    let role = entry["role"].as_str().unwrap_or_default();
    (named || by_iam) && older(role) == older(&grant.role) && same_condition(grant, condition_of(grant, entry).as_ref())
}

/// The grant as a dataset has it.
pub(super) fn find(dataset: &Json, grant: &Grant) -> Option<Grant> {
    let entry = dataset["access"].as_array()?.iter().find(|entry| is_it(grant, entry))?;
    Some(Grant {
        condition: condition_of(grant, entry),
        ..grant.clone()
    })
}

/// Adds the grant; `false` when it is there.
pub(super) fn add(dataset: &mut Json, grant: &Grant) -> bool {
    if find(dataset, grant).is_some() {
        return false;
    }
    let (kind, name) = grantee(&grant.member);
    let mut entry = Map::new();
    entry.insert("role".into(), older(&grant.role).into());
    entry.insert(kind.into(), name.into());
    if let Some(condition) = &grant.condition {
        entry.insert("condition".into(), condition.document());
    }
    if !dataset["access"].is_array() {
        dataset["access"] = json!([]);
    }
    if let Some(entries) = dataset["access"].as_array_mut() {
        entries.push(Json::Object(entry));
    }
    true
}

/// Takes the grant away; `false` when it is not there.
pub(super) fn remove(dataset: &mut Json, grant: &Grant) -> bool {
    let Some(entries) = dataset["access"].as_array_mut() else {
        return false;
    };
    let before = entries.len();
    entries.retain(|entry| !is_it(grant, entry));
    entries.len() < before
}
