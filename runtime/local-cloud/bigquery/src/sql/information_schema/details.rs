//! The views of INFORMATION_SCHEMA that tell details: options, field paths, constraints, routines and their parameters.

use serde_json::Value;

use super::{moment, yes};
use crate::catalog::evolve::{field_name, fields};
use crate::error::Fault;
use crate::standard_type;
use crate::types::{Ty, declared, literal};

type Columns = &'static [(&'static str, Ty)];

pub(super) const COLUMN_FIELD_PATHS: Columns = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("column_name", Ty::String),
    ("field_path", Ty::String),
    ("data_type", Ty::String),
    ("description", Ty::String),
    ("collation_name", Ty::String),
    ("rounding_mode", Ty::String),
];
pub(super) const MATERIALIZED_VIEWS: Columns = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("last_refresh_time", Ty::Timestamp),
    ("refresh_watermark", Ty::Timestamp),
];
pub(super) const TABLE_OPTIONS: Columns = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("option_name", Ty::String),
    ("option_type", Ty::String),
    ("option_value", Ty::String),
];
pub(super) const SCHEMATA_OPTIONS: Columns = &[
    ("catalog_name", Ty::String),
    ("schema_name", Ty::String),
    ("option_name", Ty::String),
    ("option_type", Ty::String),
    ("option_value", Ty::String),
];
pub(super) const TABLE_CONSTRAINTS: Columns = &[
    ("constraint_catalog", Ty::String),
    ("constraint_schema", Ty::String),
    ("constraint_name", Ty::String),
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("constraint_type", Ty::String),
    ("is_deferrable", Ty::String),
    ("initially_deferred", Ty::String),
    ("enforced", Ty::String),
];
pub(super) const KEY_COLUMN_USAGE: Columns = &[
    ("constraint_catalog", Ty::String),
    ("constraint_schema", Ty::String),
    ("constraint_name", Ty::String),
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("column_name", Ty::String),
    ("ordinal_position", Ty::Int64),
    ("position_in_unique_constraint", Ty::Int64),
];
pub(super) const ROUTINES: Columns = &[
    ("specific_catalog", Ty::String),
    ("specific_schema", Ty::String),
    ("specific_name", Ty::String),
    ("routine_catalog", Ty::String),
    ("routine_schema", Ty::String),
    ("routine_name", Ty::String),
    ("routine_type", Ty::String),
    ("data_type", Ty::String),
    ("routine_body", Ty::String),
    ("routine_definition", Ty::String),
    ("external_language", Ty::String),
    ("is_deterministic", Ty::String),
    ("security_type", Ty::String),
    ("created", Ty::Timestamp),
    ("last_altered", Ty::Timestamp),
];
pub(super) const PARAMETERS: Columns = &[
    ("specific_catalog", Ty::String),
    ("specific_schema", Ty::String),
    ("specific_name", Ty::String),
    ("ordinal_position", Ty::Int64),
    ("parameter_mode", Ty::String),
    ("is_result", Ty::String),
    ("parameter_name", Ty::String),
    ("data_type", Ty::String),
    ("parameter_default", Ty::String),
    ("is_aggregate", Ty::String),
];

/// A text, or NULL where there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "NULL".into(), literal)
}

/// Every field of a table, those within records too.
pub(super) fn materialized_view(mut row: Vec<String>, doc: &Value) -> Option<Vec<String>> {
    if doc["type"] != "MATERIALIZED_VIEW" {
        return None;
    }
    let refreshed = moment(&doc["materializedView"]["lastRefreshTime"]);
    row.extend([refreshed.clone(), refreshed]);
    Some(row)
}

pub(super) fn field_paths(head: &[String], doc: &Value, rows: &mut Vec<Vec<String>>) -> Result<(), Fault> {
    for field in fields(&doc["schema"]) {
        paths(head, field_name(field), "", field, rows)?;
    }
    Ok(())
}

fn paths(head: &[String], column: &str, prefix: &str, field: &Value, rows: &mut Vec<Vec<String>>) -> Result<(), Fault> {
    let path = format!("{prefix}{}", field_name(field));
    let mut row = head.to_vec();
    row.extend([
        literal(column),
        literal(&path),
        literal(&declared(field)?),
        text(&field["description"]),
        field["collation"].as_str().map_or_else(|| literal("NULL"), literal),
        text(&field["roundingMode"]),
    ]);
    rows.push(row);
    for inner in fields(field) {
        paths(head, column, &format!("{path}."), inner, rows)?;
    }
    Ok(())
}

/// A constant as GoogleSQL writes it.
fn quoted(value: &Value) -> String {
    serde_json::to_string(value.as_str().unwrap_or_default()).unwrap_or_default()
}

/// Options that are set, as OPTIONS(…) would say them: name, type and value.
pub(super) fn options(doc: &Value, dataset: bool) -> Vec<[String; 3]> {
    let mut out = Vec::new();
    let mut push = |name: &str, ty: &str, value: String| out.push([literal(name), literal(ty), literal(&value)]);
    for (key, name) in [("description", "description"), ("friendlyName", "friendly_name")] {
        if doc[key].is_string() {
            push(name, "STRING", quoted(&doc[key]));
        }
    }
    if let Some(labels) = doc["labels"].as_object().filter(|l| !l.is_empty()) {
        let pairs: Vec<String> = labels
            .iter()
            .map(|(k, v)| format!("STRUCT({}, {})", quoted(&Value::from(k.as_str())), quoted(v)))
            .collect();
        push(
            "labels",
            "ARRAY<STRUCT<STRING, STRING>>",
            format!("[{}]", pairs.join(", ")),
        );
    }
    let days = |value: &Value| {
        let ms = crate::catalog::int(value)?;
        #[allow(clippy::cast_precision_loss)]
        Some(format!("{:?}", ms as f64 / 86_400_000.0))
    };
    let durations: &[(&Value, &str)] = if dataset {
        &[
            (&doc["defaultTableExpirationMs"], "default_table_expiration_days"),
            (
                &doc["defaultPartitionExpirationMs"],
                "default_partition_expiration_days",
            ),
        ]
    } else {
        &[(&doc["timePartitioning"]["expirationMs"], "partition_expiration_days")]
    };
    for (value, name) in durations {
        if let Some(days) = days(value) {
            push(name, "FLOAT64", days);
        }
    }
    for (key, name) in [("requirePartitionFilter", "require_partition_filter")] {
        if let Some(value) = doc[key].as_bool() {
            push(name, "BOOL", value.to_string());
        }
    }
    if let Some(value) = doc["materializedView"]["enableRefresh"].as_bool() {
        push("enable_refresh", "BOOL", value.to_string());
    }
    out
}

/// The keys of a table: name, kind, and columns with the position of what they refer to.
struct Key {
    name: String,
    kind: &'static str,
    columns: Vec<(String, Option<usize>)>,
}

fn keys(table: &str, doc: &Value) -> Vec<Key> {
    let mut out = Vec::new();
    let constraints = &doc["tableConstraints"];
    let names = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let primary = names(&constraints["primaryKey"]["columns"]);
    if !primary.is_empty() {
        out.push(Key {
            name: format!("{table}.pk$"),
            kind: "PRIMARY KEY",
            columns: primary.into_iter().map(|c| (c, None)).collect(),
        });
    }
    for key in constraints["foreignKeys"].as_array().into_iter().flatten() {
        let pairs = key["columnReferences"].as_array().into_iter().flatten().enumerate();
        out.push(Key {
            name: format!("{table}.{}", key["name"].as_str().unwrap_or_default()),
            kind: "FOREIGN KEY",
            columns: pairs
                .map(|(i, p)| {
                    (
                        p["referencingColumn"].as_str().unwrap_or_default().to_owned(),
                        Some(i + 1),
                    )
                })
                .collect(),
        });
    }
    out
}

fn constraint_head(head: &[String], name: &str) -> Vec<String> {
    let mut row = vec![head[0].clone(), head[1].clone(), literal(name)];
    row.extend_from_slice(head);
    row
}

pub(super) fn constraints(head: &[String], table: &str, doc: &Value, rows: &mut Vec<Vec<String>>) {
    for key in keys(table, doc) {
        let mut row = constraint_head(head, &key.name);
        row.extend([literal(key.kind), yes(false), yes(false), yes(false)]);
        rows.push(row);
    }
}

pub(super) fn key_columns(head: &[String], table: &str, doc: &Value, rows: &mut Vec<Vec<String>>) {
    for key in keys(table, doc) {
        for (i, (column, refers)) in key.columns.iter().enumerate() {
            let mut row = constraint_head(head, &key.name);
            row.push(literal(column));
            row.push((i + 1).to_string());
            row.push(refers.map_or_else(|| "NULL".into(), |r| r.to_string()));
            rows.push(row);
        }
    }
}

/// A routine's row; its head is the project, the dataset and the name.
pub(super) fn routine(head: &[String], doc: &Value) -> Vec<String> {
    let sql = doc["language"].as_str().unwrap_or("SQL") == "SQL";
    let kind = match doc["routineType"].as_str().unwrap_or_default() {
        "PROCEDURE" => "PROCEDURE",
        "TABLE_VALUED_FUNCTION" => "TABLE FUNCTION",
        _ => "FUNCTION",
    };
    let ty = standard_type::read(&doc["returnType"]).map_or_else(|_| "NULL".into(), |ty| literal(&ty.sql()));
    let mut row = head.to_vec();
    row.extend_from_slice(head);
    row.extend([
        literal(kind),
        ty,
        literal(if sql { "SQL" } else { "EXTERNAL" }),
        text(&doc["definitionBody"]),
        if sql { "NULL".into() } else { text(&doc["language"]) },
        match doc["determinismLevel"].as_str() {
            Some(level) => yes(level == "DETERMINISTIC"),
            None => "NULL".into(),
        },
        text(&doc["securityMode"]),
        moment(&doc["creationTime"]),
        moment(&doc["lastModifiedTime"]),
    ]);
    row
}

pub(super) fn parameters(head: &[String], doc: &Value, rows: &mut Vec<Vec<String>>) {
    for (i, argument) in doc["arguments"].as_array().into_iter().flatten().enumerate() {
        let ty = standard_type::read(&argument["dataType"]).map_or_else(|_| "ANY TYPE".into(), |ty| ty.sql());
        let mut row = head.to_vec();
        row.extend([
            (i + 1).to_string(),
            text(&argument["mode"]),
            yes(false),
            text(&argument["name"]),
            literal(&ty),
            "NULL".into(),
            match argument["isAggregate"].as_bool() {
                Some(aggregate) => yes(aggregate),
                None => "NULL".into(),
            },
        ]);
        rows.push(row);
    }
}
