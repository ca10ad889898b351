//! Whether a table's columns are what they were: names, types and modes, those within STRUCTs too. The order does not count.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::aggregate::Said;
use super::context::Context;
use super::outcome::{Observed, Reason};
use super::shape::googlesql;
use crate::suite::{Change, ColumnMode, SchemaChange};

/// Under this key of its metadata a field has the name of a type that Arrow has none for.
pub const TYPE: &str = "googlesql";

/// Columns by their paths.
type Columns = BTreeMap<String, Column>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    data_type: String,
    mode: ColumnMode,
}

const fn word(mode: ColumnMode) -> &'static str {
    match mode {
        ColumnMode::Nullable => "NULLABLE",
        ColumnMode::Required => "REQUIRED",
        ColumnMode::Repeated => "REPEATED",
    }
}

impl Column {
    /// `INT64`, `INT64 REQUIRED`.
    fn written(&self) -> String {
        match self.mode {
            ColumnMode::Nullable => self.data_type.clone(),
            mode => format!("{} {}", self.data_type, word(mode)),
        }
    }

    fn read(text: &str) -> Self {
        for mode in [ColumnMode::Required, ColumnMode::Repeated] {
            if let Some(data_type) = text.strip_suffix(word(mode)).and_then(|rest| rest.strip_suffix(' ')) {
                return Self {
                    data_type: canonical(data_type),
                    mode,
                };
            }
        }
        Self {
            data_type: canonical(text),
            mode: ColumnMode::Nullable,
        }
    }
}

/// The one name of a type that has several, without its parameters.
fn canonical(name: &str) -> String {
    let plain = name.split('(').next().unwrap_or(name).trim().to_ascii_uppercase();
    let one = match plain.as_str() {
        "INTEGER" | "INT" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT" => "INT64",
        "FLOAT" => "FLOAT64",
        "BOOLEAN" => "BOOL",
        "DECIMAL" => "NUMERIC",
        "BIGDECIMAL" => "BIGNUMERIC",
        "RECORD" => "STRUCT",
        other => return other.to_owned(),
    };
    one.to_owned()
}

fn columns(fields: &Fields, within: &str, found: &mut Columns) {
    for field in fields {
        let path = format!("{within}{}", field.name());
        let (inner, mode) = match field.data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                (item, ColumnMode::Repeated)
            }
            _ if field.is_nullable() => (field, ColumnMode::Nullable),
            _ => (field, ColumnMode::Required),
        };
        let column = Column {
            data_type: type_of(inner),
            mode,
        };
        if let DataType::Struct(fields) = inner.data_type() {
            columns(fields, &format!("{path}."), found);
        }
        found.insert(path, column);
    }
}

fn type_of(field: &Field) -> String {
    let named = field.metadata().get(TYPE).cloned();
    canonical(&named.unwrap_or_else(|| googlesql(field.data_type()).into_iter().next().unwrap_or_default()))
}

/// What was recorded of a run.
fn recorded(observed: &Value) -> Option<Columns> {
    let columns = observed["columns"].as_object()?;
    let column = |(path, text): (&String, &Value)| Some((path.clone(), Column::read(text.as_str()?)));
    columns.iter().map(column).collect()
}

/// What a table's columns say.
pub fn judge(check: &SchemaChange, id: &str, schema: &SchemaRef, context: &Context) -> Result<Said, Reason> {
    let mut now = Columns::new();
    columns(schema.fields(), "", &mut now);
    let written: Map<String, Value> = now
        .iter()
        .map(|(path, column)| (path.clone(), column.written().into()))
        .collect();
    let mut observed = json!({ "columns": written });
    let before = if let Some(baseline) = &check.baseline {
        observed["compared_with"] = "baseline".into();
        let column = |column: &crate::suite::BaselineColumn| Column {
            data_type: canonical(&column.r#type),
            mode: column.mode,
        };
        Some(baseline.iter().map(|one| (one.name.clone(), column(one))).collect())
    } else {
        let mut earlier = context.earlier(id)?.iter().rev();
        earlier
            .find_map(|one| Some((one.at, recorded(&one.observed)?)))
            .map(|(at, columns)| {
                observed["compared_with"] = at.to_rfc3339_opts(SecondsFormat::Secs, true).into();
                columns
            })
    };
    let Some(before) = before else {
        return Ok(Said::new(true, Observed::Json(observed)));
    };
    let changes = changes(&before, &now);
    let success = changes.iter().all(|(change, _)| check.allow.contains(change));
    if !changes.is_empty() {
        let mut named: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (change, text) in changes {
            named.entry(name(change)).or_default().push(text);
        }
        observed["changes"] = json!(named);
    }
    Ok(Said::new(success, Observed::Json(observed)))
}

const fn name(change: Change) -> &'static str {
    match change {
        Change::Add => "add",
        Change::Remove => "remove",
        Change::Type => "type",
        Change::Mode => "mode",
    }
}

fn changes(before: &Columns, now: &Columns) -> Vec<(Change, String)> {
    let mut changes = Vec::new();
    for (path, column) in now {
        match before.get(path) {
            None => changes.push((Change::Add, format!("{path} {}", column.written()))),
            Some(old) => {
                if old.data_type != column.data_type {
                    changes.push((
                        Change::Type,
                        format!("{path} {} -> {}", old.data_type, column.data_type),
                    ));
                }
                if old.mode != column.mode {
                    changes.push((
                        Change::Mode,
                        format!("{path} {} -> {}", word(old.mode), word(column.mode)),
                    ));
                }
            }
        }
    }
    let gone = before.iter().filter(|(path, _)| !now.contains_key(*path));
    changes.extend(gone.map(|(path, column)| (Change::Remove, format!("{path} {}", column.written()))));
    changes
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::engine::{Earlier, State};
    use crate::sql::schema;

    fn table(fields: &Value) -> SchemaRef {
        schema(&json!({ "fields": fields }))
    }

    fn said(check: &SchemaChange, fields: &Value, before: Option<Value>) -> (bool, Value) {
        let now: DateTime<Utc> = "2026-02-01T00:00:00Z".parse().expect("a time");
        let earlier = before.map(|observed| {
            let one = Earlier {
                at: now,
                state: State::Fail,
                observed,
            };
            ("schema_change".to_owned(), one)
        });
        let context = Context {
            now: Some(now),
            history: Some(earlier.into_iter().collect()),
        };
        let said = judge(check, "schema_change", &table(fields), &context).expect("a verdict");
        (said.success, said.observed.to_json(false))
    }

    #[test]
    fn each_change_is_named_and_allowed_or_not() {
        let fields = json!([
            {"name": "id", "type": "INTEGER", "mode": "REQUIRED"}, {"name": "place", "type": "GEOGRAPHY"},
            {"name": "lines", "type": "RECORD", "mode": "REPEATED", "fields": [
                {"name": "sku", "type": "STRING"}, {"name": "doc", "type": "JSON"}]}]);
        let mut check = SchemaChange::default();
        let (success, first) = said(&check, &fields, None);
        assert!(success);
        assert_eq!(
            first,
            json!({"columns": {"id": "INT64 REQUIRED", "place": "GEOGRAPHY", "lines": "STRUCT REPEATED",
                "lines.sku": "STRING", "lines.doc": "JSON"}})
        );
        let (success, same) = said(&check, &fields, Some(first.clone()));
        assert!(success && same["changes"].is_null(), "{same}");
        assert_eq!(same["compared_with"], "2026-02-01T00:00:00Z");

        let other = json!([
            {"name": "id", "type": "INTEGER"}, {"name": "new", "type": "DATE"},
            {"name": "lines", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "sku", "type": "INTEGER"}]}]);
        let (success, changed) = said(&check, &other, Some(first.clone()));
        assert!(!success);
        assert_eq!(
            changed["changes"],
            json!({"add": ["new DATE"], "mode": ["id REQUIRED -> NULLABLE"], "remove": ["lines.doc JSON", "place GEOGRAPHY"],
                "type": ["lines.sku STRING -> INT64"]})
        );
        check.allow = vec![Change::Add, Change::Mode, Change::Remove];
        assert!(!said(&check, &other, Some(first.clone())).0);
        check.allow.push(Change::Type);
        assert!(said(&check, &other, Some(first)).0);
    }

    #[test]
    fn a_baseline_needs_no_run_before() {
        let check: SchemaChange = serde_json::from_value(json!({"baseline": [
            {"name": "id", "type": "integer", "mode": "REQUIRED"}, {"name": "price", "type": "NUMERIC(10, 2)"}]}))
        .expect("a check");
        let fields = json!([{"name": "id", "type": "INT64", "mode": "REQUIRED"}, {"name": "price", "type": "NUMERIC"}]);
        let judged = judge(&check, "schema_change", &table(&fields), Context::none()).expect("a verdict");
        assert!(judged.success, "{:?}", judged.observed);
        let of_runs = judge(
            &SchemaChange::default(),
            "schema_change",
            &table(&fields),
            Context::none(),
        );
        assert_eq!(of_runs.expect_err("none are kept").code, "no_history");
    }
}
