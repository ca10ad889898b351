//! Datasets: a DuckDB schema and a document each.

use serde_json::{Map, Value, json};

use super::{
    changes, check_etag, etag, int, merge, names, now_ms, one_doc, parse_doc, routines, streams, tables, without_nulls,
};
use crate::engine::{Bind, Session};
use crate::error::{Fault, Reason};

/// What a client may set; the rest of a dataset is ours to say.
const SETTABLE: &[&str] = &[
    "access",
    "defaultCollation",
    "defaultEncryptionConfiguration",
    "defaultPartitionExpirationMs",
    "defaultRoundingMode",
    "defaultTableExpirationMs",
    "description",
    "friendlyName",
    "isCaseInsensitive",
    "labels",
    "location",
    "maxTimeTravelHours",
    "resourceTags",
    "storageBillingModel",
    "externalDatasetReference",
];

fn not_found(project: &str, dataset: &str) -> Fault {
    Fault::not_found("Dataset", &format!("{project}:{dataset}"))
}

fn find(tx: &Session<'_>, project: &str, dataset: &str) -> Result<Option<Value>, Fault> {
    let binds = [Bind::Text(project), Bind::Text(dataset)];
    one_doc(
        tx,
        "SELECT doc FROM _headwater.datasets WHERE project = ? AND dataset = ?",
        &binds,
    )
}

pub(crate) fn load(tx: &Session<'_>, project: &str, dataset: &str) -> Result<Value, Fault> {
    find(tx, project, dataset)?.ok_or_else(|| not_found(project, dataset))
}

fn save(tx: &Session<'_>, project: &str, dataset: &str, doc: &Value) -> Result<(), Fault> {
    let text = doc.to_string();
    let binds = [Bind::Text(&text), Bind::Text(project), Bind::Text(dataset)];
    tx.execute(
        "UPDATE _headwater.datasets SET doc = ? WHERE project = ? AND dataset = ?",
        &binds,
    )?;
    Ok(())
}

/// The resource that clients see.
pub(crate) fn resource(project: &str, dataset: &str, doc: &Value, base_url: &str) -> Value {
    let mut out = json!({
        "kind": "bigquery#dataset",
        "etag": etag(doc),
        "id": format!("{project}:{dataset}"),
        "selfLink": format!("{base_url}/bigquery/v2/projects/{project}/datasets/{dataset}"),
        "datasetReference": {"projectId": project, "datasetId": dataset},
    });
    merge(&mut out, doc);
    out
}

fn settable(body: &Value) -> Map<String, Value> {
    let known = |key: &str| SETTABLE.contains(&key);
    body.as_object()
        .into_iter()
        .flatten()
        .filter(|(k, _)| known(k))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn check(doc: &mut Value) -> Result<(), Fault> {
    names::check_labels(doc)?;
    for key in [
        "defaultTableExpirationMs",
        "defaultPartitionExpirationMs",
        "maxTimeTravelHours",
    ] {
        if doc[key].is_null() {
            continue;
        }
        let value = int(&doc[key]).ok_or_else(|| Fault::invalid(format!("Invalid value for {key}: not a number")))?;
        if key == "defaultTableExpirationMs" && (1..3_600_000).contains(&value) {
            return Err(Fault::invalid(
                "Default table expiration must be at least one hour (3600000 milliseconds)",
            ));
        }
        if key == "maxTimeTravelHours" && (!(48..=168).contains(&value) || value % 24 != 0) {
            return Err(Fault::invalid(format!(
                "Invalid value for maxTimeTravelHours: {value} is not a multiple of 24 between 48 and 168"
            )));
        }
        if value < 0 {
            return Err(Fault::invalid(format!("Invalid value for {key}: {value} is negative")));
        }
        if value == 0 {
            doc.as_object_mut().map(|map| map.remove(key));
        } else {
            doc[key] = json!(value.to_string());
        }
    }
    for (key, allowed) in [
        ("storageBillingModel", &["LOGICAL", "PHYSICAL"][..]),
        ("defaultCollation", &["", "und:ci"]),
        ("defaultRoundingMode", &["ROUND_HALF_AWAY_FROM_ZERO", "ROUND_HALF_EVEN"]),
    ] {
        let given = doc[key].as_str().filter(|v| !v.ends_with("_UNSPECIFIED"));
        if let Some(given) = given
            && !allowed.contains(&given)
        {
            return Err(Fault::invalid(format!("Invalid value for {key}: \"{given}\"")));
        }
    }
    check_access(&doc["access"])?;
    if let Some(access) = doc.get_mut("access") {
        older_roles(access);
    }
    Ok(())
}

/// BigQuery takes these roles by either name and answers the older one.
/// <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset.FIELDS.access>
fn older_roles(access: &mut Value) {
    for entry in access.as_array_mut().into_iter().flatten() {
        let older = match entry["role"].as_str() {
            Some("roles/bigquery.dataOwner") => "OWNER",
            Some("roles/bigquery.dataEditor") => "WRITER",
            Some("roles/bigquery.dataViewer") => "READER",
            _ => continue,
        };
        entry["role"] = json!(older);
    }
}

/// Every entry names one grantee or one thing that is let in; who is a person or group has a role.
fn check_access(access: &Value) -> Result<(), Fault> {
    const PEOPLE: &[&str] = &["userByEmail", "groupByEmail", "domain", "specialGroup", "iamMember"];
    const THINGS: &[&str] = &["view", "routine", "dataset"];
    for entry in access.as_array().into_iter().flatten() {
        let count = |keys: &[&str]| keys.iter().filter(|k| !entry[**k].is_null()).count();
        let (people, things) = (count(PEOPLE), count(THINGS));
        if people + things != 1 {
            return Err(Fault::invalid(
                "Invalid access entry: exactly one of userByEmail, groupByEmail, domain, specialGroup, iamMember, view, \
                 routine and dataset must be given",
            ));
        }
        if people == 1 && entry["role"].as_str().is_none_or(str::is_empty) {
            return Err(Fault::new(
                Reason::Required,
                "Required parameter is missing: access.role",
            ));
        }
        let group = entry["specialGroup"].as_str();
        const GROUPS: &[&str] = &[
            "projectOwners",
            "projectReaders",
            "projectWriters",
            "allAuthenticatedUsers",
        ];
        if let Some(group) = group
            && !GROUPS.contains(&group)
        {
            return Err(Fault::invalid(format!("Invalid special group: {group}")));
        }
    }
    Ok(())
}

pub(crate) fn insert(tx: &Session<'_>, project: &str, body: &Value) -> Result<Value, Fault> {
    let reference = &body["datasetReference"];
    let dataset = reference["datasetId"].as_str().unwrap_or_default();
    names::check_dataset(dataset)?;
    if reference["projectId"].as_str().is_some_and(|p| p != project) {
        return Err(Fault::invalid(
            "the dataset's project is not the project of the request",
        ));
    }
    if find(tx, project, dataset)?.is_some() {
        return Err(Fault::duplicate("Dataset", &format!("{project}:{dataset}")));
    }
    let mut doc = without_nulls(&Value::Object(settable(body)));
    check(&mut doc)?;
    let now = now_ms().to_string();
    let defaults = json!({
        "location": "US", "type": "DEFAULT", "maxTimeTravelHours": "168", "creationTime": now, "lastModifiedTime": now,
        "access": [
            {"role": "WRITER", "specialGroup": "projectWriters"}, {"role": "OWNER", "specialGroup": "projectOwners"},
            {"role": "READER", "specialGroup": "projectReaders"},
        ],
    });
    for (key, value) in defaults.as_object().into_iter().flatten() {
        if doc[key].is_null() {
            doc[key] = value.clone();
        }
    }
    // BigQuery's multi-regions are upper case, its regions lower.
    let location = doc["location"].as_str().unwrap_or_default().to_owned();
    doc["location"] = match location.to_ascii_uppercase().as_str() {
        multi @ ("US" | "EU") => json!(multi),
        _ => json!(location.to_ascii_lowercase()),
    };
    // DuckDB's names do not tell cases apart, so a dataset that differs only by case is refused.
    if tx
        .run(&format!("CREATE SCHEMA {}", names::schema(project, dataset)))
        .is_err()
    {
        return Err(Fault::duplicate(
            "Dataset",
            &format!("{project}:{dataset} (names that differ only by case)"),
        ));
    }
    let text = doc.to_string();
    let binds = [Bind::Text(project), Bind::Text(dataset), Bind::Text(&text)];
    tx.execute("INSERT INTO _headwater.datasets VALUES (?, ?, ?)", &binds)?;
    Ok(doc)
}

/// `patch` merges, `update` replaces.
pub(crate) fn change(
    tx: &Session<'_>,
    project: &str,
    dataset: &str,
    body: &Value,
    replace: bool,
    if_match: Option<&str>,
) -> Result<Value, Fault> {
    let old = load(tx, project, dataset)?;
    check_etag(if_match, &old)?;
    let mut doc = old.clone();
    let settable = settable(body);
    if replace && let Some(map) = doc.as_object_mut() {
        map.retain(|key, _| !SETTABLE.contains(&key.as_str()) || ["location", "access"].contains(&key.as_str()));
    }
    merge(&mut doc, &Value::Object(settable));
    if doc["location"].is_null() {
        doc["location"] = old["location"].clone();
    }
    let place = |doc: &Value| doc["location"].as_str().unwrap_or_default().to_ascii_lowercase();
    if place(&doc) != place(&old) {
        return Err(Fault::invalid("Cannot change the location of a dataset"));
    }
    doc["location"] = old["location"].clone();
    check(&mut doc)?;
    if doc["maxTimeTravelHours"].is_null() {
        doc["maxTimeTravelHours"] = json!("168");
    }
    doc["lastModifiedTime"] = json!(now_ms().to_string());
    save(tx, project, dataset, &doc)?;
    Ok(doc)
}

pub(crate) fn delete(tx: &Session<'_>, project: &str, dataset: &str, contents: bool) -> Result<(), Fault> {
    load(tx, project, dataset)?;
    let used = !tables::list(tx, project, dataset)?.is_empty() || !routines::list(tx, project, dataset)?.is_empty();
    if used && !contents {
        return Err(Fault::new(
            Reason::ResourceInUse,
            format!("Dataset {project}:{dataset} is still in use"),
        ));
    }
    for (table, _) in tables::list(tx, project, dataset)? {
        let table = names::TableName::new(project, dataset, &table);
        streams::forget(tx, &table)?;
        changes::forget(tx, &table)?;
    }
    let binds = [Bind::Text(project), Bind::Text(dataset)];
    for kind in ["tables", "routines", "policies", "datasets"] {
        let sql = format!("DELETE FROM _headwater.{kind} WHERE project = ? AND dataset = ?");
        tx.execute(&sql, &binds)?;
    }
    tx.run(&format!("DROP SCHEMA {} CASCADE", names::schema(project, dataset)))
}

/// Names and documents, by name.
pub(crate) fn list(tx: &Session<'_>, project: &str) -> Result<Vec<(String, Value)>, Fault> {
    let sql = "SELECT dataset, doc FROM _headwater.datasets WHERE project = ? ORDER BY dataset";
    let rows = tx.query(sql, &[Bind::Text(project)])?;
    Ok(rows
        .iter()
        .map(|r| (r[0].text().to_owned(), parse_doc(r[1].text())))
        .collect())
}

/// Projects that have a dataset.
pub(crate) fn projects(tx: &Session<'_>) -> Result<Vec<String>, Fault> {
    let rows = tx.query("SELECT DISTINCT project FROM _headwater.datasets ORDER BY project", &[])?;
    Ok(rows.iter().map(|r| r[0].text().to_owned()).collect())
}
