//! `selected_fields`: which columns and fields of a table a session reads, and how DuckDB takes them out of a row.

use serde_json::Value;

use crate::catalog::evolve::{field_name, fields, position};
use crate::error::Fault;
use crate::types::{Ty, field_type, quoted};

/// A column of the session: its field of the schema, and its expression.
pub(super) struct Column {
    pub(super) field: Value,
    pub(super) sql: String,
}

/// The columns in the order of the table; all of them where none is named.
pub(super) fn columns(schema: &Value, selected: &[String]) -> Result<Vec<Column>, Fault> {
    let all = fields(schema);
    let paths: Vec<Vec<&str>> = selected.iter().map(|path| path.split('.').collect()).collect();
    if let Some(missing) = paths.iter().position(|path| !exists(all, path)) {
        return Err(Fault::invalid(format!(
            "The following selected fields do not exist in the table schema: {}",
            selected[missing]
        )));
    }
    let wanted = if paths.is_empty() {
        all.to_vec()
    } else {
        narrowed(all, &paths)
    };
    let column = |field: Value| {
        let sql = value(&quoted(field_name(&field)), &field, whole(all, &field), 0)?;
        Ok(Column { field, sql })
    };
    wanted.into_iter().map(column).collect()
}

fn exists(all: &[Value], path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    position(all, first).is_some_and(|at| exists(fields(&all[at]), rest))
}

/// The fields that some path leads to or through, each with what is wanted of it.
fn narrowed(all: &[Value], paths: &[Vec<&str>]) -> Vec<Value> {
    let mut out = Vec::new();
    for field in all {
        let own = paths.iter().filter(|p| p[0].eq_ignore_ascii_case(field_name(field)));
        let inner: Vec<Vec<&str>> = own.map(|p| p[1..].to_vec()).collect();
        if inner.is_empty() {
            continue;
        }
        let mut field = field.clone();
        if inner.iter().all(|path| !path.is_empty()) {
            field["fields"] = Value::Array(narrowed(fields(&field), &inner));
        }
        out.push(field);
    }
    out
}

/// Whether all of a field is wanted.
fn whole(all: &[Value], field: &Value) -> bool {
    position(all, field_name(field)).is_some_and(|at| all[at] == *field)
}

/// The value of a field, with only those fields of a record that are wanted.
fn value(sql: &str, field: &Value, whole: bool, depth: usize) -> Result<String, Fault> {
    let ty = field_type(field)?;
    if whole {
        return Ok(format!("CAST({sql} AS {})", ty.duck()));
    }
    let Ty::Array(_) = ty else {
        return record(sql, field, depth);
    };
    let item = format!("_hw_f{depth}");
    let inner = record(&item, field, depth + 1)?;
    Ok(format!("list_transform({sql}, lambda {item}: {inner})"))
}

fn record(sql: &str, field: &Value, depth: usize) -> Result<String, Fault> {
    let inner: Result<Vec<String>, Fault> = fields(field)
        .iter()
        .map(|f| {
            let name = quoted(field_name(f));
            // What is not known to be whole is taken field by field, which is the same in the end.
            let all = f["fields"].is_null();
            Ok(format!(
                "{name} := {}",
                value(&format!("({sql}).{name}"), f, all, depth)?
            ))
        })
        .collect();
    Ok(format!(
        "CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({}) END",
        inner?.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_selected_by_paths() {
        let schema = json!({"fields": [
            {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
            {"name": "r", "type": "RECORD", "mode": "NULLABLE", "fields": [
                {"name": "a", "type": "STRING", "mode": "NULLABLE"}, {"name": "b", "type": "DATE", "mode": "NULLABLE"}]},
            {"name": "l", "type": "RECORD", "mode": "REPEATED", "fields": [
                {"name": "x", "type": "STRING", "mode": "NULLABLE"}, {"name": "y", "type": "DATE", "mode": "NULLABLE"}]},
        ]});
        let select = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
            columns(&schema, &paths).map(|c| c.into_iter().map(|c| c.sql).collect::<Vec<_>>())
        };
        assert_eq!(select(&[]).unwrap().len(), 3);
        assert_eq!(
            select(&["R.B", "ID"]).unwrap(),
            [
                "CAST(\"id\" AS BIGINT)",
                "CASE WHEN \"r\" IS NULL THEN NULL ELSE struct_pack(\"b\" := CAST((\"r\").\"b\" AS DATE)) END"
            ]
        );
        assert_eq!(
            select(&["l.y"]).unwrap(),
            [
                "list_transform(\"l\", lambda _hw_f0: CASE WHEN _hw_f0 IS NULL THEN NULL ELSE \
                 struct_pack(\"y\" := CAST((_hw_f0).\"y\" AS DATE)) END)"
            ]
        );
        assert_eq!(
            select(&["r", "r.a"]).unwrap(),
            ["CAST(\"r\" AS STRUCT(\"a\" VARCHAR, \"b\" DATE))"]
        );
        for wrong in ["z", "r.z", "id.z"] {
            assert!(select(&[wrong]).unwrap_err().message.ends_with(wrong));
        }
    }
}
