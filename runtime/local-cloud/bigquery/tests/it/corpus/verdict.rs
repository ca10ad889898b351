//! Whether an answer is the expected one. Expected values are natural JSON; what REST writes as text is read by the
//! column's type.

use serde_json::{Value, json};

use super::reading::Expectation;
use super::warehouse::Answer;

/// How far two numbers may be apart, relatively: documents print 15 to 17 digits.
const TOLERANCE: f64 = 1e-13;

/// The difference, where there is one.
pub fn judge(expected: &Expectation, answer: &Answer) -> Result<(), String> {
    match (expected, answer) {
        (Expectation::Setup, Answer::Rows { .. }) => Ok(()),
        (Expectation::Setup, Answer::Error { message, .. }) => Err(format!("  the setup failed: {message}")),
        (Expectation::Error { reason, text }, Answer::Error { reason: r, message }) => {
            if reason == r && message.contains(text.as_str()) {
                Ok(())
            } else {
                Err(format!("  expected ({reason}) {text}\n  found    ({r}) {message}"))
            }
        }
        (Expectation::Error { reason, text }, Answer::Rows { columns, rows }) => {
            let found = table(columns, rows);
            Err(format!("  expected ({reason}) {text}\n  found    {found}"))
        }
        (Expectation::Rows { rows, .. }, Answer::Error { message, .. }) => {
            let rows = Value::Array(rows.clone());
            Err(format!("  expected {rows}\n  found    {message}"))
        }
        (
            Expectation::Rows {
                rows: expected,
                any_order,
                types,
            },
            Answer::Rows { columns, rows },
        ) => {
            let found: Vec<String> = columns.iter().map(sql_type).collect();
            if let Some(types) = types
                && *types != found
            {
                return Err(format!(
                    "  expected {}\n  found    {}",
                    types.join(", "),
                    found.join(", ")
                ));
            }
            let same = if *any_order {
                in_any_order(expected, rows, columns)
            } else {
                expected.len() == rows.len() && expected.iter().zip(rows).all(|(e, r)| row(e, r, columns))
            };
            if same {
                Ok(())
            } else {
                let expected = Value::Array(expected.clone());
                Err(format!("  expected {expected}\n  found    {}", table(columns, rows)))
            }
        }
    }
}

fn in_any_order(expected: &[Value], rows: &[Value], columns: &[Value]) -> bool {
    let mut rows: Vec<&Value> = rows.iter().collect();
    let all = expected.iter().all(|e| {
        let place = rows.iter().position(|r| row(e, r, columns));
        place.map(|at| rows.swap_remove(at)).is_some()
    });
    all && rows.is_empty()
}

/// A column's type as GoogleSQL names it.
fn sql_type(field: &Value) -> String {
    let item = match field["type"].as_str().unwrap_or_default() {
        "INTEGER" => "INT64".into(),
        "FLOAT" => "FLOAT64".into(),
        "BOOLEAN" => "BOOL".into(),
        "RECORD" => {
            let fields = field["fields"].as_array().into_iter().flatten();
            let fields: Vec<String> = fields
                .map(|f| {
                    format!("{} {}", f["name"].as_str().unwrap_or_default(), sql_type(f))
                        .trim()
                        .to_owned()
                })
                .collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        other => other.to_owned(),
    };
    if field["mode"] == "REPEATED" {
        format!("ARRAY<{item}>")
    } else {
        item
    }
}

fn fields(field: &Value) -> &[Value] {
    field["fields"].as_array().map_or(&[], Vec::as_slice)
}

/// A row, or a STRUCT: an array of its values, or an object with their names.
fn row(expected: &Value, found: &Value, columns: &[Value]) -> bool {
    let cells = found["f"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    match expected {
        Value::Array(values) => {
            values.len() == columns.len()
                && values
                    .iter()
                    .zip(cells)
                    .zip(columns)
                    .all(|((e, c), f)| cell(e, &c["v"], f))
        }
        Value::Object(values) => {
            values.len() == columns.len()
                && values
                    .iter()
                    .zip(cells)
                    .zip(columns)
                    .all(|(((name, e), c), f)| f["name"] == **name && cell(e, &c["v"], f))
        }
        _ => false,
    }
}

fn cell(expected: &Value, found: &Value, field: &Value) -> bool {
    if field["mode"] == "REPEATED" {
        let (Value::Array(expected), Value::Array(found)) = (expected, found) else {
            return false;
        };
        let same = |(e, f): (&Value, &Value)| item(e, &f["v"], field);
        return expected.len() == found.len() && expected.iter().zip(found).all(same);
    }
    item(expected, found, field)
}

fn item(expected: &Value, found: &Value, field: &Value) -> bool {
    // JSON's own null is the text `null`.
    if expected.is_null() && field["type"] == "JSON" && found == "null" {
        return true;
    }
    if expected.is_null() || found.is_null() {
        return expected.is_null() && found.is_null();
    }
    let kind = field["type"].as_str().unwrap_or_default();
    if kind == "RECORD" {
        return row(expected, found, fields(field));
    }
    let Some(text) = found.as_str() else { return false };
    match (kind, expected) {
        ("FLOAT", Value::Number(number)) => {
            let (Some(expected), Ok(found)) = (number.as_f64(), text.parse::<f64>()) else {
                return false;
            };
            expected == found || ((expected - found) / expected).abs() < TOLERANCE
        }
        ("BOOLEAN", Value::Bool(expected)) => text == expected.to_string(),
        ("INTEGER" | "NUMERIC" | "BIGNUMERIC", Value::Number(number)) => text == number.to_string(),
        ("JSON", expected) => serde_json::to_string(expected).is_ok_and(|e| e == text),
        ("TIMESTAMP", Value::String(expected)) => timestamp(text) == expected.replace(" UTC", "+00"),
        (_, Value::String(expected)) => text == expected,
        _ => false,
    }
}

/// Microseconds as CAST prints them.
fn timestamp(micros: &str) -> String {
    let micros: i64 = micros.parse().unwrap_or_default();
    let Some(at) = chrono::DateTime::from_timestamp_micros(micros) else {
        return String::new();
    };
    let mut fraction = format!(".{:06}", micros.rem_euclid(1_000_000));
    if fraction == ".000000" {
        fraction.clear();
    } else if fraction.ends_with("000") {
        fraction.truncate(4);
    }
    format!("{}{fraction}+00", at.format("%Y-%m-%d %H:%M:%S"))
}

/// What was found, in the form of what is expected.
fn table(columns: &[Value], rows: &[Value]) -> Value {
    let rows = rows.iter().map(|r| natural_row(r, columns)).collect();
    Value::Array(rows)
}

fn natural_row(found: &Value, columns: &[Value]) -> Value {
    let cells = found["f"].as_array().into_iter().flatten().zip(columns);
    Value::Array(cells.map(|(c, f)| natural(&c["v"], f)).collect())
}

fn natural(found: &Value, field: &Value) -> Value {
    if let (Value::Array(items), true) = (found, field["mode"] == "REPEATED") {
        let mut one = field.clone();
        one["mode"] = json!("NULLABLE");
        return Value::Array(items.iter().map(|i| natural(&i["v"], &one)).collect());
    }
    let Some(text) = found.as_str() else {
        return if found.is_null() {
            Value::Null
        } else {
            natural_row(found, fields(field))
        };
    };
    match field["type"].as_str().unwrap_or_default() {
        "INTEGER" | "FLOAT" | "BOOLEAN" | "JSON" => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        "TIMESTAMP" => json!(timestamp(text)),
        _ => json!(text),
    }
}
