//! How a stored table's schema may change: what the API allows in place, and the changes of DuckDB's table that go
//! with it. Rules: <https://cloud.google.com/bigquery/docs/managing-table-schemas>.

use serde_json::{Value, json};

use super::int;
use super::names::TableName;
use crate::engine::Session;
use crate::error::Fault;
use crate::types::{self, quoted};

/// The fields of a schema or of a RECORD.
pub(crate) fn fields(schema: &Value) -> &[Value] {
    schema["fields"].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn field_name(field: &Value) -> &str {
    field["name"].as_str().unwrap_or_default()
}

/// Names of columns do not tell cases apart.
pub(crate) fn position(fields: &[Value], name: &str) -> Option<usize> {
    fields.iter().position(|f| field_name(f).eq_ignore_ascii_case(name))
}

fn same<'v>(fields: &'v [Value], field: &Value) -> Option<&'v Value> {
    position(fields, field_name(field)).map(|at| &fields[at])
}

/// Columns stay where they are, new ones come last: as they are stored. The same within records.
pub(crate) fn in_stored_order(old: &Value, new: &Value) -> Value {
    json!({"fields": ordered(fields(old), fields(new))})
}

fn ordered(old: &[Value], new: &[Value]) -> Vec<Value> {
    let mut out: Vec<Value> = new.to_vec();
    out.sort_by_key(|f| position(old, field_name(f)).unwrap_or(usize::MAX));
    for field in &mut out {
        if let (Some(old), true) = (same(old, field), field["fields"].is_array()) {
            field["fields"] = Value::Array(ordered(fields(old), fields(field)));
        }
    }
    out
}

/// Brings the stored columns from one schema to another: new columns, relaxed modes and longer limits, nothing else.
pub(crate) fn evolve(tx: &Session<'_>, name: &TableName, old: &Value, new: &Value) -> Result<(), Fault> {
    let (old_fields, new_fields) = (fields(old), fields(new));
    let mismatch =
        |detail: String| Fault::invalid(format!("Provided Schema does not match Table {}. {detail}", name.id()));
    check_all(old_fields, new_fields, "").map_err(mismatch)?;
    let table = name.duck();
    for field in new_fields {
        let column = quoted(field_name(field));
        let Some(old) = same(old_fields, field) else {
            let definition = types::storage_definition(field)?;
            tx.run(&format!("ALTER TABLE {table} ADD COLUMN {column} {definition}"))?;
            continue;
        };
        if old["mode"] == "REQUIRED" && field["mode"] == "NULLABLE" {
            tx.run(&format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"))?;
        }
        let (before, after) = (types::storage_type(old)?, types::storage_type(field)?);
        if before != after {
            tx.run(&format!(
                "ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {after}"
            ))?;
        }
    }
    if old_fields.is_empty() && !new_fields.is_empty() {
        tx.run(&format!("ALTER TABLE {table} DROP COLUMN _headwater_empty"))?;
    }
    Ok(())
}

fn check_all(old: &[Value], new: &[Value], prefix: &str) -> Result<(), String> {
    let path = |field: &Value| format!("{prefix}{}", field_name(field));
    if let Some(lost) = old.iter().find(|o| same(new, o).is_none()) {
        return Err(format!("Field {} is missing in new schema", path(lost)));
    }
    for field in new {
        match same(old, field) {
            None if field["mode"] == "REQUIRED" && !old.is_empty() => {
                return Err(format!(
                    "Cannot add required fields to an existing schema. (field: {})",
                    path(field)
                ));
            }
            None => {}
            Some(old) => check_one(old, field, &path(field))?,
        }
    }
    Ok(())
}

fn check_one(old: &Value, new: &Value, shown: &str) -> Result<(), String> {
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    if old["type"] != new["type"] {
        return Err(format!(
            "Field {shown} has changed type from {} to {}",
            text(old, "type"),
            text(new, "type")
        ));
    }
    let (from, to) = (text(old, "mode"), text(new, "mode"));
    if from != to && !(from == "REQUIRED" && to == "NULLABLE") {
        return Err(format!("Field {shown} has changed mode from {from} to {to}"));
    }
    if !loosened(old, new) {
        return Err(format!(
            "Field {shown} has changed type from {} to {}",
            types::parameterised(old),
            types::parameterised(new)
        ));
    }
    check_all(fields(old), fields(new), &format!("{shown}."))
}

/// Whether every value that the old limits of length, precision and scale allow is allowed by the new ones.
pub(crate) fn loosened(old: &Value, new: &Value) -> bool {
    let limit = |field: &Value, key: &str| int(&field[key]);
    let longer = match (limit(old, "maxLength"), limit(new, "maxLength")) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(from), Some(to)) => from <= to,
    };
    let digits = |field: &Value| {
        let scale = limit(field, "scale").unwrap_or(0);
        limit(field, "precision").map(|precision| (precision - scale, scale))
    };
    let wider = match (digits(old), digits(new)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((whole, scale)), Some((new_whole, new_scale))) => whole <= new_whole && scale <= new_scale,
    };
    longer && wider
}

/// A view's columns with what a client says about them: descriptions and policy tags, nothing else.
pub(crate) fn described(derived: &Value, given: &Value) -> Result<Value, Fault> {
    let mut out = fields(derived).to_vec();
    for field in fields(given) {
        let Some(at) = position(&out, field_name(field)) else {
            return Err(Fault::invalid(format!(
                "Provided Schema does not match the query of the view: it has no field {}",
                field_name(field)
            )));
        };
        for key in ["description", "policyTags"] {
            if !field[key].is_null() {
                out[at][key] = field[key].clone();
            } else if let Some(map) = out[at].as_object_mut() {
                map.remove(key);
            }
        }
        if field["fields"].is_array() {
            let inner = described(&out[at], field)?;
            out[at]["fields"] = inner["fields"].clone();
        }
    }
    Ok(json!({"fields": out}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_may_only_be_loosened() {
        let numeric = |p: i64, s: i64| json!({"precision": p.to_string(), "scale": s.to_string()});
        for (old, new, fine) in [
            (json!({"maxLength": "5"}), json!({"maxLength": "6"}), true),
            (json!({"maxLength": "5"}), json!({}), true),
            (json!({"maxLength": "5"}), json!({"maxLength": "4"}), false),
            (json!({}), json!({"maxLength": "4"}), false),
            (numeric(10, 2), numeric(12, 4), true),
            (numeric(10, 2), numeric(10, 4), false),
            (numeric(10, 2), json!({}), true),
        ] {
            assert_eq!(loosened(&old, &new), fine, "{old} {new}");
        }
    }
}
