//! Routines: user-defined functions, table functions and procedures as documents. What a body means is decided in `sql`.
//! The resource: <https://cloud.google.com/bigquery/docs/reference/rest/v2/routines>.

use serde_json::{Map, Value, json};

use super::names::TableName;
use super::policies::{self, Owner};
use super::{check_etag, datasets, etag, now_ms, one_doc, parse_doc, without_nulls};
use crate::engine::{Bind, Key, Session};
use crate::error::{Fault, Reason};

/// What a client may set.
const SETTABLE: &[&str] = &[
    "arguments",
    "dataGovernanceType",
    "definitionBody",
    "description",
    "determinismLevel",
    "externalRuntimeOptions",
    "importedLibraries",
    "language",
    "pythonOptions",
    "remoteFunctionOptions",
    "returnTableType",
    "returnType",
    "routineType",
    "securityMode",
    "sparkOptions",
    "strictMode",
];
const KINDS: &[&str] = &[
    "SCALAR_FUNCTION",
    "PROCEDURE",
    "TABLE_VALUED_FUNCTION",
    "AGGREGATE_FUNCTION",
];
const LANGUAGES: &[&str] = &["SQL", "JAVASCRIPT", "PYTHON", "JAVA", "SCALA"];
const LONGEST_NAME: usize = 256;

/// A routine's name has the parts of a table's.
pub(crate) fn id(name: &TableName) -> String {
    name.id()
}

/// What a change of a routine locks: not the table of the same name.
pub(crate) fn key(name: &TableName) -> Key {
    Key::Table(
        name.project.clone(),
        name.dataset.clone(),
        format!("routine:{}", name.table),
    )
}

fn reference(name: &TableName) -> Value {
    json!({"projectId": name.project, "datasetId": name.dataset, "routineId": name.table})
}

/// From a `RoutineReference`; without a project the request's own is meant.
pub(crate) fn name(value: &Value, project: &str, dataset: &str) -> Result<TableName, Fault> {
    let part = |key: &str, other: &str| {
        let given = value[key].as_str().filter(|v| !v.is_empty());
        given.unwrap_or(other).to_owned()
    };
    let routine = part("routineId", "");
    if routine.is_empty() {
        return Err(Fault::new(
            Reason::Required,
            "Required parameter is missing: routineReference.routineId",
        ));
    }
    Ok(TableName::new(
        &part("projectId", project),
        &part("datasetId", dataset),
        &routine,
    ))
}

fn binds(name: &TableName) -> [Bind<'_>; 3] {
    [
        Bind::Text(&name.project),
        Bind::Text(&name.dataset),
        Bind::Text(&name.table),
    ]
}

pub(crate) fn find(tx: &Session<'_>, name: &TableName) -> Result<Option<Value>, Fault> {
    let sql = "SELECT doc FROM _headwater.routines WHERE project = ? AND dataset = ? AND lower(name) = lower(?)";
    one_doc(tx, sql, &binds(name))
}

pub(crate) fn not_found(name: &TableName) -> Fault {
    Fault::not_found("Routine", &id(name))
}

pub(crate) fn load(tx: &Session<'_>, name: &TableName) -> Result<Value, Fault> {
    match find(tx, name)? {
        Some(doc) => Ok(doc),
        None => {
            datasets::load(tx, &name.project, &name.dataset)?;
            Err(not_found(name))
        }
    }
}

pub(crate) fn list(tx: &Session<'_>, project: &str, dataset: &str) -> Result<Vec<(String, Value)>, Fault> {
    let sql = "SELECT name, doc FROM _headwater.routines WHERE project = ? AND dataset = ? ORDER BY name";
    let rows = tx.query(sql, &[Bind::Text(project), Bind::Text(dataset)])?;
    Ok(rows
        .iter()
        .map(|r| (r[0].text().to_owned(), parse_doc(r[1].text())))
        .collect())
}

/// The resource that clients see.
pub(crate) fn resource(name: &TableName, doc: &Value) -> Value {
    let mut out = doc.clone();
    out["etag"] = json!(etag(doc));
    out["routineReference"] = reference(name);
    out
}

/// The part of the resource that a list shows.
pub(crate) fn list_item(name: &TableName, doc: &Value) -> Value {
    let mut out = json!({"etag": etag(doc), "routineReference": reference(name)});
    for key in ["routineType", "language", "creationTime", "lastModifiedTime"] {
        if !doc[key].is_null() {
            out[key] = doc[key].clone();
        }
    }
    out
}

pub(crate) fn settable(body: &Value) -> Map<String, Value> {
    body.as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| SETTABLE.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn check(name: &TableName, doc: &mut Value) -> Result<(), Fault> {
    let first = name
        .table
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !first || name.table.len() > LONGEST_NAME || !name.table.chars().all(valid) {
        return Err(Fault::invalid(format!(
            "Invalid routine ID \"{}\". Routine IDs must be alphanumeric (plus underscores), start with a letter or an \
             underscore and be at most {LONGEST_NAME} characters long.",
            name.table
        )));
    }
    if doc["language"].is_null() {
        doc["language"] = json!("SQL");
    }
    let one_of = |value: &Value, key: &str, allowed: &[&str]| match value[key].as_str() {
        Some(text) if allowed.contains(&text) => Ok(()),
        Some(text) => Err(Fault::invalid(format!(
            "Invalid value for {key}: \"{text}\" is not one of {}",
            allowed.join(", ")
        ))),
        None => Err(Fault::new(
            Reason::Required,
            format!("Required parameter is missing: {key}"),
        )),
    };
    one_of(doc, "routineType", KINDS)?;
    one_of(doc, "language", LANGUAGES)?;
    let remote = doc["remoteFunctionOptions"].is_object() || doc["sparkOptions"].is_object();
    if !remote && doc["definitionBody"].as_str().is_none_or(str::is_empty) {
        return Err(Fault::new(
            Reason::Required,
            "Required parameter is missing: definitionBody",
        ));
    }
    let table_function = doc["routineType"] == "TABLE_VALUED_FUNCTION";
    if doc["language"] == "JAVASCRIPT" && !table_function && doc["returnType"].is_null() {
        return Err(Fault::invalid("A JavaScript function must have a returnType"));
    }
    if !table_function && doc["returnTableType"].is_object() {
        return Err(Fault::invalid(
            "returnTableType is only allowed for TABLE_VALUED_FUNCTION",
        ));
    }
    let mut seen = std::collections::HashSet::new();
    for argument in doc["arguments"].as_array().into_iter().flatten() {
        let argument_name = argument["name"].as_str().unwrap_or_default();
        if argument_name.is_empty() {
            return Err(Fault::invalid("Invalid value for arguments: an argument has no name"));
        }
        if !seen.insert(argument_name.to_lowercase()) {
            return Err(Fault::invalid(format!("Duplicate argument name {argument_name}")));
        }
        if argument["argumentKind"] != "ANY_TYPE" && argument["dataType"].is_null() && argument["tableType"].is_null() {
            return Err(Fault::invalid(format!(
                "Argument {argument_name} needs a dataType, or argumentKind ANY_TYPE"
            )));
        }
    }
    Ok(())
}

/// Makes a routine from the settable part of a resource. Nothing of that name may exist.
pub(crate) fn create(tx: &Session<'_>, name: &TableName, settings: &Map<String, Value>) -> Result<Value, Fault> {
    datasets::load(tx, &name.project, &name.dataset)?;
    let mut doc = without_nulls(&Value::Object(settings.clone()));
    check(name, &mut doc)?;
    if find(tx, name)?.is_some() {
        return Err(Fault::duplicate("Routine", &id(name)));
    }
    let now = now_ms().to_string();
    doc["creationTime"] = json!(now);
    doc["lastModifiedTime"] = json!(now);
    let text = doc.to_string();
    let [p, d, n] = binds(name);
    tx.execute(
        "INSERT INTO _headwater.routines VALUES (?, ?, ?, ?)",
        &[p, d, n, Bind::Text(&text)],
    )?;
    Ok(doc)
}

/// Replaces everything that can be set: routines have no patch.
pub(crate) fn update(
    tx: &Session<'_>,
    name: &TableName,
    settings: &Map<String, Value>,
    if_match: Option<&str>,
) -> Result<Value, Fault> {
    let old = load(tx, name)?;
    check_etag(if_match, &old)?;
    let mut doc = without_nulls(&Value::Object(settings.clone()));
    check(name, &mut doc)?;
    if doc["routineType"] != old["routineType"] {
        return Err(Fault::invalid(format!(
            "Cannot change the type of routine {} from {} to {}",
            id(name),
            old["routineType"].as_str().unwrap_or_default(),
            doc["routineType"].as_str().unwrap_or_default()
        )));
    }
    doc["creationTime"] = old["creationTime"].clone();
    doc["lastModifiedTime"] = json!(now_ms().to_string());
    let text = doc.to_string();
    let [p, d, n] = binds(name);
    let sql = "UPDATE _headwater.routines SET doc = ? WHERE project = ? AND dataset = ? AND lower(name) = lower(?)";
    tx.execute(sql, &[Bind::Text(&text), p, d, n])?;
    Ok(doc)
}

pub(crate) fn delete(tx: &Session<'_>, name: &TableName) -> Result<(), Fault> {
    load(tx, name)?;
    policies::forget(tx, Owner::Routine, name)?;
    let sql = "DELETE FROM _headwater.routines WHERE project = ? AND dataset = ? AND lower(name) = lower(?)";
    tx.execute(sql, &binds(name)).map(drop)
}
