//! Statements and their answers as data: `cases.txt`.

use serde_json::Value;

use super::params::Params;
use super::state::State;
use super::{Translator, script};
use crate::encode::{Format, row};
use crate::engine::Engine;
use crate::error::Fault;

/// Runs one query and answers its rows without the `f` and `v` around them.
fn answer(engine: &Engine, sql: &str) -> Result<String, Fault> {
    let query = match script::parse(sql)?.pop() {
        Some(script::Step::Sql(written)) => match written.statement {
            sqlparser::ast::Statement::Query(query) => query,
            _ => return Err(Fault::query("not a query")),
        },
        _ => return Err(Fault::query("not a query")),
    };
    let (params, state) = (Params::default(), State::default());
    engine.read(|tx| {
        let translated = Translator::new(tx, "p", None, &params, &state).top_query(&query)?;
        let columns = tx.describe(&translated.sql)?;
        let format = Format { int64_timestamps: true };
        let cells = tx.query(&translated.sql, &[])?;
        let rows: Vec<Value> = cells.iter().map(|c| plain(row(c, &columns, format))).collect();
        Ok(Value::Array(rows).to_string())
    })
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(mut map) => match (map.remove("f"), map.remove("v")) {
            (Some(inner), _) | (None, Some(inner)) => plain(inner),
            _ => Value::Null,
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

#[test]
fn statements_answer_as_bigquery_does() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), 512).unwrap();
    crate::catalog::prepare(&engine).unwrap();
    let mut failures = Vec::new();
    let mut cases = 0;
    let mut lines = include_str!("cases.txt")
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty());
    while let (Some(sql), Some(expected)) = (lines.next(), lines.next()) {
        cases += 1;
        let found = match answer(&engine, sql) {
            Ok(rows) => format!("-> {rows}"),
            Err(fault) => format!("!! {}", fault.message),
        };
        let as_expected = if expected.starts_with("!!") {
            found.starts_with(expected)
        } else {
            found == expected
        };
        if !as_expected {
            failures.push(format!("{sql}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {cases} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(cases > 80, "the file of cases was read");
}

#[test]
fn no_malformed_statement_does_harm() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), 512).unwrap();
    crate::catalog::prepare(&engine).unwrap();
    let deep = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
    let nulls = "SELECT '\\0'";
    for sql in [
        "",
        ";",
        "SELECT",
        "SELECT (",
        "SELECT * FROM",
        "'",
        "\"",
        "`",
        "SELECT 1 FROM FROM",
        "\u{0}",
        &deep,
        nulls,
    ] {
        assert!(answer(&engine, sql).is_err(), "{sql:.40}");
    }
}
