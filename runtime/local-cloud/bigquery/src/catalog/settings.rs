//! What a table's settings must satisfy: partitioning, clustering, constraints, expirations, labels.
//! Limits: <https://cloud.google.com/bigquery/quotas#table_limits>.

use serde_json::{Map, Value, json};

use super::evolve::{fields, position};
use super::int;
use super::names::{TableName, check_labels};
use super::tables::{self, is_stored};
use crate::engine::Session;
use crate::error::Fault;
use crate::schema;

const MOST_CLUSTERING: usize = 4;
const MOST_KEY_COLUMNS: usize = 16;
const MOST_PARTITIONS: i64 = 10_000;

/// Checks a table's document and writes its settings as BigQuery answers them.
pub(super) fn check(doc: &mut Value) -> Result<(), Fault> {
    check_labels(doc)?;
    if !doc["schema"].is_null() {
        doc["schema"] = schema::normalise_schema(&doc["schema"])?;
    }
    numbers(doc)?;
    drop_empty(doc);
    if doc["type"] == "VIEW" {
        return Ok(());
    }
    let columns = fields(&doc["schema"]).to_vec();
    time_partitioning(&doc["timePartitioning"], &columns)?;
    range_partitioning(&doc["rangePartitioning"], &columns)?;
    if doc["timePartitioning"].is_object() && doc["rangePartitioning"].is_object() {
        return Err(Fault::invalid(
            "Only one of timePartitioning and rangePartitioning should be specified",
        ));
    }
    clustering(&doc["clustering"], &columns)?;
    let partitioned = doc["timePartitioning"].is_object() || doc["rangePartitioning"].is_object();
    if doc["requirePartitionFilter"] == true && !partitioned {
        return Err(Fault::invalid(
            "require_partition_filter cannot be set for a table that is not partitioned",
        ));
    }
    primary_key(&doc["tableConstraints"]["primaryKey"], &columns)
}

/// Times and numbers may be sent as numbers and are answered as text; a zero means none.
fn numbers(doc: &mut Value) -> Result<(), Fault> {
    let number = |value: &mut Value, key: &str| -> Result<(), Fault> {
        if value[key].is_null() {
            return Ok(());
        }
        let found = int(&value[key]).filter(|n| *n >= 0);
        let found = found.ok_or_else(|| Fault::invalid(format!("Invalid value for {key}: {}", value[key])))?;
        if found == 0 {
            value.as_object_mut().map(|map| map.remove(key));
        } else {
            value[key] = json!(found.to_string());
        }
        Ok(())
    };
    number(doc, "expirationTime")?;
    for (key, inner) in [
        ("timePartitioning", "expirationMs"),
        ("materializedView", "refreshIntervalMs"),
    ] {
        if doc[key].is_object() {
            number(&mut doc[key], inner)?;
        }
    }
    if doc["rangePartitioning"]["range"].is_object() {
        let range = &mut doc["rangePartitioning"]["range"];
        for key in ["start", "end", "interval"] {
            if let Some(number) = int(&range[key]) {
                range[key] = json!(number.to_string());
            }
        }
    }
    Ok(())
}

/// An empty list says that there is none.
fn drop_empty(doc: &mut Value) {
    let empty = |v: &Value| v.as_array().is_some_and(Vec::is_empty);
    let remove = |map: &mut Map<String, Value>, key: &str| map.remove(key);
    if empty(&doc["clustering"]["fields"]) || (doc["clustering"].is_object() && doc["clustering"]["fields"].is_null()) {
        doc.as_object_mut().map(|map| remove(map, "clustering"));
    }
    if doc["tableConstraints"].is_object()
        && let Some(constraints) = doc["tableConstraints"].as_object_mut()
    {
        if constraints
            .get("primaryKey")
            .is_some_and(|k| k["columns"].is_null() || empty(&k["columns"]))
        {
            constraints.remove("primaryKey");
        }
        if constraints.get("foreignKeys").is_some_and(empty) {
            constraints.remove("foreignKeys");
        }
        if constraints.is_empty() {
            doc.as_object_mut().map(|map| remove(map, "tableConstraints"));
        }
    }
}

fn column<'c>(columns: &'c [Value], name: &str, purpose: &str) -> Result<&'c Value, Fault> {
    match position(columns, name) {
        Some(at) => Ok(&columns[at]),
        None => Err(Fault::invalid(format!(
            "The field specified for {purpose} cannot be found in the schema: {name}"
        ))),
    }
}

fn time_partitioning(value: &Value, columns: &[Value]) -> Result<(), Fault> {
    if !value.is_object() {
        return Ok(());
    }
    let kind = value["type"].as_str().unwrap_or_default();
    if !["DAY", "HOUR", "MONTH", "YEAR"].contains(&kind) {
        return Err(Fault::invalid(format!(
            "Invalid value for timePartitioning.type: \"{kind}\" is not DAY, HOUR, MONTH or YEAR"
        )));
    }
    let Some(name) = value["field"].as_str() else {
        return Ok(());
    };
    let field = column(columns, name, "partitioning")?;
    let ty = field["type"].as_str().unwrap_or_default();
    if !["DATE", "TIMESTAMP", "DATETIME"].contains(&ty) || field["mode"] == "REPEATED" {
        return Err(Fault::invalid(format!(
            "The field specified for time partitioning can only be of type TIMESTAMP, DATE or DATETIME. The type found \
             is: {ty}."
        )));
    }
    if kind == "HOUR" && ty == "DATE" {
        return Err(Fault::invalid(
            "Hourly partitioning is not supported on a field of type DATE; choose DAY, MONTH or YEAR",
        ));
    }
    Ok(())
}

fn range_partitioning(value: &Value, columns: &[Value]) -> Result<(), Fault> {
    if !value.is_object() {
        return Ok(());
    }
    let name = value["field"].as_str().unwrap_or_default();
    let field = column(columns, name, "partitioning")?;
    let ty = field["type"].as_str().unwrap_or_default();
    if ty != "INTEGER" || field["mode"] == "REPEATED" {
        return Err(Fault::invalid(format!(
            "The field specified for range partitioning can only be of type INTEGER. The type found is: {ty}."
        )));
    }
    let bound = |key: &str| {
        int(&value["range"][key]).ok_or_else(|| {
            Fault::invalid(format!(
                "Invalid value for rangePartitioning.range.{key}: a number is needed"
            ))
        })
    };
    let (start, end, interval) = (bound("start")?, bound("end")?, bound("interval")?);
    if interval <= 0 || end <= start {
        return Err(Fault::invalid(
            "rangePartitioning.range needs an interval above 0 and an end after its start",
        ));
    }
    if end.saturating_sub(start) / interval > MOST_PARTITIONS {
        return Err(Fault::invalid(format!(
            "rangePartitioning.range makes more than {MOST_PARTITIONS} partitions; choose a larger interval"
        )));
    }
    Ok(())
}

fn clustering(value: &Value, columns: &[Value]) -> Result<(), Fault> {
    let names: Vec<&str> = value["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.len() > MOST_CLUSTERING {
        return Err(Fault::invalid(format!(
            "Too many clustering fields: {} given, at most {MOST_CLUSTERING} are allowed",
            names.len()
        )));
    }
    for (i, name) in names.iter().enumerate() {
        let field = column(columns, name, "clustering")?;
        let ty = field["type"].as_str().unwrap_or_default();
        if field["mode"] == "REPEATED" || ["FLOAT", "RECORD", "JSON", "BYTES", "TIME", "INTERVAL"].contains(&ty) {
            let shown = if field["mode"] == "REPEATED" { "ARRAY" } else { ty };
            return Err(Fault::invalid(format!(
                "Clustering is not possible on a field of type {shown}: {name}"
            )));
        }
        if names[..i].iter().any(|n| n.eq_ignore_ascii_case(name)) {
            return Err(Fault::invalid(format!("Duplicate clustering field: {name}")));
        }
    }
    Ok(())
}

fn primary_key(value: &Value, columns: &[Value]) -> Result<(), Fault> {
    let names: Vec<&str> = value["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.len() > MOST_KEY_COLUMNS {
        return Err(Fault::invalid(format!(
            "Too many primary key columns: {} given, at most {MOST_KEY_COLUMNS} are allowed",
            names.len()
        )));
    }
    for (i, name) in names.iter().enumerate() {
        let field = column(columns, name, "the primary key")?;
        if field["mode"] == "REPEATED" || field["type"] == "RECORD" || field["type"] == "JSON" {
            return Err(Fault::invalid(format!(
                "Primary key column {name} must not be repeated, a RECORD or JSON"
            )));
        }
        if names[..i].iter().any(|n| n.eq_ignore_ascii_case(name)) {
            return Err(Fault::invalid(format!("Duplicate primary key column: {name}")));
        }
    }
    Ok(())
}

/// Foreign keys name columns of this table and the whole primary key of another.
pub(super) fn check_foreign_keys(tx: &Session<'_>, name: &TableName, doc: &mut Value) -> Result<(), Fault> {
    if !doc["tableConstraints"]["foreignKeys"].is_array() {
        return Ok(());
    }
    let columns = fields(&doc["schema"]).to_vec();
    let own = doc["tableConstraints"]["primaryKey"].clone();
    let keys = &mut doc["tableConstraints"]["foreignKeys"];
    let count = keys.as_array().map_or(0, Vec::len);
    for (i, key) in keys.as_array_mut().into_iter().flatten().enumerate() {
        if key["name"].as_str().is_none_or(str::is_empty) {
            key["name"] = json!(if count == 1 {
                "fk$1".to_owned()
            } else {
                format!("fk${}", i + 1)
            });
        }
        let reference = TableName::from_reference(&key["referencedTable"], &name.project)?;
        key["referencedTable"] = reference.reference();
        let target = if reference == *name {
            own.clone()
        } else {
            let other = tables::load(tx, &reference)?;
            other["tableConstraints"]["primaryKey"].clone()
        };
        let pairs = key["columnReferences"].as_array().cloned().unwrap_or_default();
        let mut wanted: Vec<&str> = Vec::new();
        for pair in &pairs {
            column(
                &columns,
                pair["referencingColumn"].as_str().unwrap_or_default(),
                "the foreign key",
            )?;
            wanted.extend(pair["referencedColumn"].as_str());
        }
        let known: Vec<&str> = target["columns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let whole =
            known.len() == wanted.len() && known.iter().all(|k| wanted.iter().any(|w| w.eq_ignore_ascii_case(k)));
        if known.is_empty() || !whole {
            return Err(Fault::invalid(format!(
                "The referenced columns of foreign key {} must be the primary key of {}",
                key["name"].as_str().unwrap_or_default(),
                reference.id()
            )));
        }
    }
    Ok(())
}

/// Partitioning is for good; its expiration may change.
pub(super) fn check_partitioning_kept(old: &Value, new: &Value) -> Result<(), Fault> {
    if !is_stored(old) {
        return Ok(());
    }
    let kind = |doc: &Value| {
        let time = &doc["timePartitioning"];
        (
            time["type"].clone(),
            time["field"].clone(),
            doc["rangePartitioning"].clone(),
        )
    };
    let (before, after) = (kind(old), kind(new));
    if before == after {
        return Ok(());
    }
    Err(Fault::invalid(if before.0.is_null() && before.2.is_null() {
        "Cannot convert non partitioned/clustered table to partitioned/clustered table."
    } else {
        "Cannot change partitioning/clustering spec for a partitioned/clustered table."
    }))
}

/// What a column is used for, where that forbids to drop, rename or retype it.
pub(crate) fn role(doc: &Value, column: &str) -> Option<&'static str> {
    let is = |value: &Value| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(column));
    let any = |value: &Value| value.as_array().into_iter().flatten().any(is);
    if is(&doc["timePartitioning"]["field"]) || is(&doc["rangePartitioning"]["field"]) {
        return Some("the partitioning column");
    }
    if any(&doc["clustering"]["fields"]) {
        return Some("a clustering column");
    }
    if any(&doc["tableConstraints"]["primaryKey"]["columns"]) {
        return Some("part of the primary key");
    }
    let keys = doc["tableConstraints"]["foreignKeys"].as_array();
    let mut references = keys
        .into_iter()
        .flatten()
        .flat_map(|k| k["columnReferences"].as_array().into_iter().flatten());
    references
        .any(|r| is(&r["referencingColumn"]))
        .then_some("part of a foreign key")
}
