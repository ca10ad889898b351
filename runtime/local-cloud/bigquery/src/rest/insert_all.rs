//! tabledata.insertAll: rows as JSON, each with its own errors, without doubles for an insertId.

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Reply, Shared, body};
use crate::catalog::names::TableName;
use crate::catalog::tables;
use crate::engine::Session;
use crate::error::Fault;
use crate::service::{blocking, text};
use crate::types::{Field, Ty, columns, literal, quoted};

const MOST_ROWS: usize = 50_000;

/// What is wrong with a row.
struct Bad {
    location: String,
    message: String,
}

impl Bad {
    fn new(location: &str, message: impl Into<String>) -> Self {
        Self {
            location: location.to_owned(),
            message: message.into(),
        }
    }
}

pub(super) async fn insert_all(
    State(service): Shared,
    Path((project, dataset, table)): Path<(String, String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let request = body(&headers, &bytes)?;
    let name = TableName::new(&project, &dataset, &table);
    if request["templateSuffix"].is_string() {
        return Err(Fault::not_implemented("insertAll with templateSuffix"));
    }
    let rows = request["rows"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        return Err(Fault::invalid("No rows present in the request."));
    }
    if rows.len() > MOST_ROWS {
        return Err(Fault::invalid(format!(
            "too many rows present in the request, limit: {MOST_ROWS} row count: {}",
            rows.len()
        )));
    }
    let (skip, ignore) = (
        request["skipInvalidRows"] == true,
        request["ignoreUnknownValues"] == true,
    );
    let answer = blocking(&service, move |s| {
        // An id that was seen in the last minute is taken for a repetition.
        let fresh: Vec<bool> = rows
            .iter()
            .map(|r| text(&r["insertId"]).is_none_or(|id| s.first_time(&name.id(), id)))
            .collect();
        // A value that is refused aborts the transaction that it is tried in, so they are tried outside of it.
        let trial = s.engine.session()?;
        let result = s.engine.write(&[name.key()], |tx| {
            insert(tx, &trial, &name, &rows, &fresh, skip, ignore)
        });
        let bad = match &result {
            Ok(errors) if errors.is_empty() => return Ok(json!({"kind": "bigquery#tableDataInsertAllResponse"})),
            Ok(errors) => Some(errors),
            Err(_) => None,
        };
        for (i, row) in rows.iter().enumerate() {
            let refused = bad.is_none_or(|errors| errors.iter().any(|e| e["index"] == i));
            if let (true, true, Some(id)) = (fresh[i], refused, text(&row["insertId"])) {
                s.forget(&name.id(), id);
            }
        }
        Ok(json!({"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": result?}))
    });
    Ok(Json(answer.await?))
}

/// Inserts what is good; the errors of the rest. Without `skip`, one bad row stops all.
fn insert(
    tx: &Session<'_>,
    trial: &Session<'_>,
    name: &TableName,
    rows: &[Value],
    fresh: &[bool],
    skip: bool,
    ignore: bool,
) -> Result<Vec<Value>, Fault> {
    let mut doc = tables::load(tx, name)?;
    tables::must_be_table(name, &doc)?;
    let fields = columns(&doc["schema"]["fields"])?;
    let required: Vec<&str> = doc["schema"]["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|f| f["mode"] == "REQUIRED")
        .filter_map(|f| f["name"].as_str())
        .collect();
    if fields.is_empty() {
        return Err(Fault::invalid(format!(
            "The destination table has no schema: {}",
            name.id()
        )));
    }
    let mut tuples: Vec<(usize, String)> = Vec::new();
    let mut errors: Vec<Option<Bad>> = rows.iter().map(|_| None).collect();
    for (i, row) in rows.iter().enumerate() {
        match tuple(&row["json"], &fields, &required, ignore) {
            Ok(tuple) => tuples.push((i, tuple)),
            Err(bad) => errors[i] = Some(bad),
        }
    }
    // Text that is no date, number or the like is found by DuckDB: all rows at once, one by one only if that fails.
    let values = |list: &[(usize, String)]| list.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>().join(", ");
    let casts: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(i, f)| format!("CAST(c{i} AS {})", f.ty.duck()))
        .collect();
    let names: Vec<String> = (0..fields.len()).map(|i| format!("c{i}")).collect();
    let select = |list: &[(usize, String)]| {
        format!(
            "SELECT {} FROM (VALUES {}) AS v({})",
            casts.join(", "),
            values(list),
            names.join(", ")
        )
    };
    let mut good = tuples;
    if !good.is_empty() && verify(trial, &select(&good)).is_err() {
        let mut kept = Vec::new();
        for (i, tuple) in good {
            let one = [(i, tuple)];
            match verify(trial, &select(&one)) {
                Ok(()) => kept.extend(one),
                Err(fault) => errors[i] = Some(Bad::new("", fault.message)),
            }
        }
        good = kept;
    }
    let any_bad = errors.iter().any(Option::is_some);
    let mut answer = Vec::new();
    for (i, error) in errors.iter().enumerate() {
        match error {
            Some(bad) => answer.push(json!({"index": i, "errors": [
                {"reason": "invalid", "location": bad.location, "debugInfo": "", "message": bad.message}]})),
            None if any_bad && !skip => answer.push(json!({"index": i, "errors": [
                {"reason": "stopped", "location": "", "debugInfo": "", "message": ""}]})),
            None => {}
        }
    }
    if any_bad && !skip {
        return Ok(answer);
    }
    good.retain(|(i, _)| fresh[*i]);
    if !good.is_empty() {
        let targets: Vec<String> = fields.iter().map(|f| quoted(&f.name)).collect();
        tx.execute(
            &format!("INSERT INTO {} ({}) {}", name.duck(), targets.join(", "), select(&good)),
            &[],
        )?;
        tables::touch(tx, name, &mut doc)?;
    }
    Ok(answer)
}

/// Evaluates every value of a SELECT without keeping it.
fn verify(trial: &Session<'_>, select: &str) -> Result<(), Fault> {
    trial.run(&format!(
        "CREATE OR REPLACE TEMP TABLE _hw_rows AS {select}; DROP TABLE _hw_rows"
    ))
}

fn tuple(row: &Value, fields: &[Field], required: &[&str], ignore: bool) -> Result<String, Bad> {
    let Some(object) = row.as_object() else {
        return Err(Bad::new("", "the row is not an object"));
    };
    if !ignore
        && let Some(unknown) = object
            .keys()
            .find(|k| !fields.iter().any(|f| f.name.eq_ignore_ascii_case(k)))
    {
        return Err(Bad::new(unknown, format!("no such field: {unknown}.")));
    }
    let cells: Result<Vec<String>, Bad> = fields
        .iter()
        .map(|field| {
            let value = object
                .iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(&field.name))
                .map_or(&Value::Null, |(_, v)| v);
            if value.is_null() && required.contains(&field.name.as_str()) {
                return Err(Bad::new(
                    &field.name,
                    format!("Missing required field: {}.", field.name),
                ));
            }
            cell(value, &field.ty, &field.name, ignore)
        })
        .collect();
    Ok(format!("({})", cells?.join(", ")))
}

fn cell(value: &Value, ty: &Ty, path: &str, ignore: bool) -> Result<String, Bad> {
    let wrong = |found: &str| {
        Bad::new(
            path,
            format!(
                "Cannot convert value to {} (bad value): {found}",
                ty.sql().to_lowercase()
            ),
        )
    };
    let cast = |text: &str| format!("CAST({} AS {})", literal(text), ty.duck());
    Ok(match (ty, value) {
        (Ty::Array(_), Value::Null) => "[]".into(),
        (_, Value::Null) => format!("CAST(NULL AS {})", ty.duck()),
        (Ty::Array(item), Value::Array(items)) => {
            let items: Result<Vec<String>, Bad> = items.iter().map(|i| cell(i, item, path, ignore)).collect();
            format!("CAST([{}] AS {})", items?.join(", "), ty.duck())
        }
        (Ty::Array(_), _) => {
            return Err(Bad::new(
                path,
                format!("Array specified for non-repeated field or the reverse: {path}."),
            ));
        }
        (Ty::Struct(fields), Value::Object(object)) => {
            if !ignore
                && let Some(unknown) = object
                    .keys()
                    .find(|k| !fields.iter().any(|f| f.name.eq_ignore_ascii_case(k)))
            {
                return Err(Bad::new(
                    &format!("{path}.{unknown}"),
                    format!("no such field: {path}.{unknown}."),
                ));
            }
            let parts: Result<Vec<String>, Bad> = fields
                .iter()
                .map(|f| {
                    let inner = object
                        .iter()
                        .find(|(k, _)| k.eq_ignore_ascii_case(&f.name))
                        .map_or(&Value::Null, |(_, v)| v);
                    Ok(format!(
                        "{} := {}",
                        quoted(&f.name),
                        cell(inner, &f.ty, &format!("{path}.{}", f.name), ignore)?
                    ))
                })
                .collect();
            format!("struct_pack({})", parts?.join(", "))
        }
        (Ty::Json, Value::String(text)) => cast(text),
        (Ty::Json, other) => cast(&other.to_string()),
        (Ty::Struct(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
            return Err(Bad::new(path, format!("This field: {path} is not a record.")));
        }
        (Ty::String, Value::String(text)) => cast(text),
        (Ty::String, other) => cast(&other.to_string()),
        (Ty::Bytes, Value::String(text)) => format!("from_base64({})", literal(text)),
        (Ty::Int64, Value::Number(n)) => match n.as_i64().or_else(|| whole(n.as_f64())) {
            Some(n) => cast(&n.to_string()),
            None => return Err(wrong(&n.to_string())),
        },
        (Ty::Int64, Value::String(text)) => match text.trim().parse::<i64>() {
            Ok(n) => cast(&n.to_string()),
            Err(_) => return Err(wrong(text)),
        },
        (Ty::Bool, Value::Bool(b)) => cast(&b.to_string()),
        (Ty::Bool, Value::String(text)) if ["true", "false"].contains(&text.to_lowercase().as_str()) => cast(text),
        (Ty::Timestamp, Value::Number(n)) => {
            let micros = n.as_f64().map(|s| (s * 1e6).round());
            #[allow(clippy::cast_possible_truncation)]
            let micros = micros.map(|m| m as i64).ok_or_else(|| wrong(&n.to_string()))?;
            format!("make_timestamptz({micros})")
        }
        (Ty::BigNumeric, Value::String(text)) => {
            format!("CAST(_headwater.exact_text({}) AS {})", literal(text), ty.duck())
        }
        (Ty::Float64 | Ty::Numeric | Ty::BigNumeric, Value::Number(n)) => cast(&n.to_string()),
        (Ty::Bytes | Ty::Bool, other) => return Err(wrong(&other.to_string())),
        (_, Value::String(text)) => cast(text),
        (_, other) => return Err(wrong(&other.to_string())),
    })
}

#[allow(clippy::cast_possible_truncation)]
fn whole(value: Option<f64>) -> Option<i64> {
    value.filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64)
}
