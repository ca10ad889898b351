//! Schemas that clients send: checked, and written as BigQuery answers them.

use serde_json::{Map, Value, json};

use crate::error::Fault;
use crate::types::{Ty, field_type, storage_type};

const MOST_COLUMNS: usize = 10_000;
const DEEPEST_RECORD: usize = 15;
const LONGEST_NAME: usize = 300;
const LONGEST_DESCRIPTION: usize = 1024;
/// Beginnings of names that BigQuery keeps for itself.
const RESERVED: &[&str] = &[
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
];

/// Checks a schema and writes its types, modes and limits as BigQuery does.
pub(crate) fn normalise_schema(schema: &Value) -> Result<Value, Fault> {
    let fields = schema["fields"].as_array().cloned().unwrap_or_default();
    if fields.len() > MOST_COLUMNS {
        return Err(Fault::invalid(format!(
            "Too many columns: {} given, at most {MOST_COLUMNS} are allowed",
            fields.len()
        )));
    }
    Ok(json!({"fields": normalise_fields(&fields, 0)?}))
}

fn normalise_fields(fields: &[Value], depth: usize) -> Result<Vec<Value>, Fault> {
    if depth > DEEPEST_RECORD {
        return Err(Fault::invalid(format!(
            "Records are nested too deeply: at most {DEEPEST_RECORD} levels are allowed"
        )));
    }
    let mut seen = std::collections::HashSet::new();
    let mut out = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field["name"].as_str().unwrap_or_default();
        check_column_name(name)?;
        if !seen.insert(name.to_lowercase()) {
            return Err(Fault::invalid(format!("Field {name} already exists in schema")));
        }
        let ty = field_type(field)?;
        let item = match &ty {
            Ty::Array(item) => item,
            other => other,
        };
        let mode = field["mode"].as_str().filter(|m| !m.is_empty()).unwrap_or("NULLABLE");
        let mode = mode.to_ascii_uppercase();
        if !["NULLABLE", "REQUIRED", "REPEATED"].contains(&mode.as_str()) {
            return Err(Fault::invalid(format!(
                "Invalid value for mode: {mode} is not a valid value ({name})"
            )));
        }
        let mut doc = Map::new();
        doc.insert("name".into(), json!(name));
        doc.insert("type".into(), json!(item.rest()));
        doc.insert("mode".into(), json!(mode));
        for (key, value) in field.as_object().into_iter().flatten() {
            if !["name", "type", "mode", "fields"].contains(&key.as_str()) && !value.is_null() {
                doc.insert(key.clone(), value.clone());
            }
        }
        check_settings(name, item, &mut doc)?;
        storage_type(field)?;
        if matches!(item, Ty::Struct(_)) {
            let inner = field["fields"].as_array().cloned().unwrap_or_default();
            if inner.is_empty() {
                return Err(Fault::invalid(format!("Field {name} is type RECORD but has no schema")));
            }
            doc.insert("fields".into(), Value::Array(normalise_fields(&inner, depth + 1)?));
        }
        out.push(Value::Object(doc));
    }
    Ok(out)
}

/// What a field says besides its name, type and mode; numbers become text, empty settings vanish.
fn check_settings(name: &str, ty: &Ty, doc: &mut Map<String, Value>) -> Result<(), Fault> {
    for (key, allowed) in [
        ("maxLength", matches!(ty, Ty::String | Ty::Bytes)),
        ("precision", ty.is_decimal()),
        ("scale", ty.is_decimal()),
        ("timestampPrecision", *ty == Ty::Timestamp),
    ] {
        let Some(value) = doc.get(key) else { continue };
        let number = match value {
            Value::String(text) => text.parse::<u64>().ok(),
            other => other.as_u64(),
        };
        let Some(number) = number.filter(|_| allowed) else {
            return Err(Fault::invalid(format!(
                "Invalid value for {key}: {value} cannot be set for field {name} of type {}",
                ty.rest()
            )));
        };
        // Zero is how a client says that there is none.
        if number == 0 && key != "scale" {
            doc.remove(key);
        } else {
            doc.insert(key.into(), json!(number.to_string()));
        }
    }
    if doc.contains_key("scale") && !doc.contains_key("precision") {
        if doc["scale"] != "0" {
            return Err(Fault::invalid(format!(
                "Invalid schema: field {name} has a scale and no precision"
            )));
        }
        doc.remove("scale");
    }
    check_digits(name, ty, doc)?;
    let text = |key: &str| doc.get(key).and_then(Value::as_str);
    if text("description").is_some_and(|d| d.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Fault::invalid(format!(
            "The description of field {name} is longer than {LONGEST_DESCRIPTION} characters"
        )));
    }
    match text("collation") {
        None => {}
        Some("" | "und:ci") if *ty == Ty::String => {}
        Some(other) => {
            return Err(Fault::invalid(format!(
                "Invalid collation \"{other}\" for field {name}: only STRING fields have one, and it is \"und:ci\" or empty"
            )));
        }
    }
    match text("roundingMode") {
        None | Some("ROUNDING_MODE_UNSPECIFIED") => {}
        Some("ROUND_HALF_AWAY_FROM_ZERO" | "ROUND_HALF_EVEN") if ty.is_decimal() => {}
        Some(other) => {
            return Err(Fault::invalid(format!(
                "Invalid rounding mode {other} for field {name}: only NUMERIC and BIGNUMERIC fields have one"
            )));
        }
    }
    for (key, empty) in [
        (
            "roundingMode",
            text("roundingMode") == Some("ROUNDING_MODE_UNSPECIFIED"),
        ),
        ("description", text("description") == Some("")),
        ("collation", text("collation") == Some("")),
        ("defaultValueExpression", text("defaultValueExpression") == Some("")),
        (
            "policyTags",
            doc.get("policyTags")
                .is_some_and(|p| p["names"].as_array().is_none_or(Vec::is_empty)),
        ),
    ] {
        if empty {
            doc.remove(key);
        }
    }
    Ok(())
}

/// NUMERIC has 29 digits before the point and 9 after it, BIGNUMERIC 38 and 38.
fn check_digits(name: &str, ty: &Ty, doc: &Map<String, Value>) -> Result<(), Fault> {
    let number = |key: &str| doc.get(key).and_then(Value::as_str).and_then(|t| t.parse::<u32>().ok());
    let Some(precision) = number("precision") else {
        return Ok(());
    };
    let scale = number("scale").unwrap_or(0);
    let (whole, fraction) = if *ty == Ty::Numeric { (29, 9) } else { (38, 38) };
    if scale > fraction || precision < scale.max(1) || precision > whole + scale {
        return Err(Fault::invalid(format!(
            "Invalid precision {precision} and scale {scale} for field {name}: in {} the scale must be between 0 and \
             {fraction}, and the precision between max(scale, 1) and scale + {whole}",
            ty.sql()
        )));
    }
    Ok(())
}

fn check_column_name(name: &str) -> Result<(), Fault> {
    let start = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = name
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == ' ');
    if !start || !rest || name.chars().count() > LONGEST_NAME {
        return Err(Fault::invalid(format!(
            "Invalid field name \"{name}\". Fields must contain only letters, numbers, and underscores, start with a \
             letter or underscore, and be at most 300 characters long."
        )));
    }
    let upper = name.to_uppercase();
    if let Some(prefix) = RESERVED.iter().find(|p| upper.starts_with(**p)) {
        return Err(Fault::invalid(format!(
            "Invalid field name \"{name}\". Field names are not allowed to start with the (case-insensitive) prefix {prefix}"
        )));
    }
    Ok(())
}
