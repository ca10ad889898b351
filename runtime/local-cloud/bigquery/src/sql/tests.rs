//! What no statement may do, whatever it says. What statements answer is in tests/conformance/sql.

use super::params::Params;
use super::state::State;
use super::{Translator, script};
use crate::engine::Engine;
use crate::error::Fault;

/// Runs one query.
fn answer(engine: &Engine, sql: &str) -> Result<(), Fault> {
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
        tx.query(&translated.sql, &[]).map(drop)
    })
}

#[test]
fn no_malformed_statement_does_harm() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::without_keys(dir.path());
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
