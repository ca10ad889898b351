//! The floor of `cargo xtask bench warehouse`: statements in DuckDB's own SQL, run by the same DuckDB in a process of its own.
//!
//! `by_hand DATABASE` reads `{"setup": [SQL…], "runs": N, "statements": [{"name", "before": [SQL…], "sql"}…]}` from stdin and
//! prints `{NAME: [seconds…]}`. What stands in `before` is not timed. Results are fetched to the last row.

#![expect(clippy::print_stdout, reason = "a program's result")]

use std::collections::BTreeMap;
use std::time::Instant;

use duckdb::{Connection, Row};
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    setup: Vec<String>,
    runs: usize,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    name: String,
    #[serde(default)]
    before: Vec<String>,
    sql: String,
}

/// Runs a statement and reads all that it answers.
fn execute(connection: &Connection, sql: &str) -> Result<(), duckdb::Error> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let _: &Row<'_> = row;
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("usage: by_hand DATABASE")?;
    let plan: Plan = serde_json::from_reader(std::io::stdin())?;
    let connection = Connection::open(path)?;
    for sql in &plan.setup {
        connection.execute_batch(sql)?;
    }
    let mut seconds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for statement in &plan.statements {
        for _ in 0..plan.runs {
            for sql in &statement.before {
                connection.execute_batch(sql)?;
            }
            let since = Instant::now();
            execute(&connection, &statement.sql)?;
            seconds
                .entry(&statement.name)
                .or_default()
                .push(since.elapsed().as_secs_f64());
        }
    }
    println!("{}", serde_json::to_string(&seconds)?);
    Ok(())
}
