//! The SQL of an action as Dataform's executor writes it, given what exists under its name. Pure: nothing is asked and nothing is
//! carried out here.
//!
//! Where Dataform's own command line writes SQL that BigQuery refuses or that loses data, this writes what was meant:
//!
//! - A filter of partitions is qualified column by column; there only its first word is.
//! - `onSchemaChange` works, and writes the columns that the table has after the change; there the script is refused.
//! - A materialized view or a table under the name is dropped as what it is.
//!
//! As there, a row whose unique key holds a NULL matches nothing and is inserted by every run: assert the key to be non-null.

mod incremental;
mod qualify;
mod schema_change;

use crate::graph::{Action, Assertion, Kind, Operation, Table};
use crate::run::{Existing, ExistingKind};

/// One job of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A statement or script.
    pub sql: String,
    /// What its result means.
    pub meaning: Meaning,
    /// Whether it may be begun again after a failure that left nothing behind: a script with statements of the project's own may
    /// have done a part of its work, and an operation is never begun twice.
    pub repeatable: bool,
}

/// What the result of a [`Step`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Done is done.
    Nothing,
    /// One number: how many rows violate an assertion; NULL is none.
    Violations,
}

/// Why there is no SQL for an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Something that is not Dataform's to drop has the name.
    #[error("{target} exists and is neither a table nor a view ({found}); drop it or rename the action")]
    Foreign {
        /// The name.
        target: String,
        /// `type` of its resource.
        found: String,
    },
    /// `insert_overwrite` needs partitions.
    #[error(
        "{target} has incrementalStrategy \"insert_overwrite\" and no partitionBy; add bigquery: {{ partitionBy: … }}"
    )]
    NoPartitions {
        /// The name.
        target: String,
    },
}

/// The jobs of an action, in order. `existing` is what had the name when the run began; `unique` becomes a part of the names of what
/// a script makes for itself. A disabled action has none.
///
/// # Errors
/// When there is no SQL for it.
pub fn statements(
    action: &Action,
    existing: Option<&Existing>,
    full_refresh: bool,
    unique: &str,
) -> Result<Vec<Step>, StatementError> {
    if action.disabled() {
        return Ok(Vec::new());
    }
    match action {
        Action::Table(table) => Ok(vec![of_table(table, existing, full_refresh, unique)?]),
        Action::Operation(operation) => Ok(of_operation(operation)),
        Action::Assertion(assertion) => of_assertion(assertion, existing),
    }
}

/// Whether an incremental table is written to, instead of being made anew.
#[must_use]
pub fn writes_incrementally(table: &Table, existing: Option<&Existing>, full_refresh: bool) -> bool {
    table.kind() == Kind::Incremental
        && existing.is_some_and(|e| e.kind == ExistingKind::Table)
        && (!full_refresh || table.protected)
}

fn of_table(
    table: &Table,
    existing: Option<&Existing>,
    full_refresh: bool,
    unique: &str,
) -> Result<Step, StatementError> {
    let incremental = writes_incrementally(table, existing, full_refresh);
    let (before, after) = if incremental {
        (&table.incremental_pre_ops, &table.incremental_post_ops)
    } else {
        (&table.pre_ops, &table.post_ops)
    };
    let mut parts: Vec<String> = before.clone();
    match existing {
        Some(existing) if incremental => parts.push(incremental::write(table, existing, unique)?),
        _ => {
            parts.extend(dropping(&table.target, existing, wanted(table))?);
            parts.push(create(table));
        }
    }
    parts.extend(after.iter().cloned());
    let own = before.iter().chain(after).any(|statement| !statement.trim().is_empty());
    Ok(Step {
        sql: script(&parts),
        meaning: Meaning::Nothing,
        repeatable: !own && (!incremental || incremental::writes_last(table)),
    })
}

fn wanted(table: &Table) -> ExistingKind {
    match table.kind() {
        Kind::View => ExistingKind::View,
        Kind::MaterializedView => ExistingKind::MaterializedView,
        _ => ExistingKind::Table,
    }
}

/// The statement that drops what is in the way. BigQuery replaces only like by like.
fn dropping(
    target: &crate::Target,
    existing: Option<&Existing>,
    wanted: ExistingKind,
) -> Result<Option<String>, StatementError> {
    let Some(existing) = existing.filter(|e| e.kind != wanted) else {
        return Ok(None);
    };
    let what = match existing.kind {
        ExistingKind::Table => "table",
        ExistingKind::View => "view",
        ExistingKind::MaterializedView => "materialized view",
        ExistingKind::Other => {
            let found = existing.document["type"]
                .as_str()
                .unwrap_or("of another type")
                .to_owned();
            return Err(StatementError::Foreign {
                target: target.to_string(),
                found,
            });
        }
    };
    Ok(Some(format!("drop {what} if exists {}", target.sql())))
}

fn create(table: &Table) -> String {
    let what = match table.kind() {
        Kind::View => "view",
        Kind::MaterializedView => "materialized view",
        _ => "table",
    };
    let bigquery = &table.bigquery;
    let mut lines = vec![format!("create or replace {what} {}", table.target.sql())];
    if !bigquery.partition_by.is_empty() {
        lines.push(format!("partition by {}", bigquery.partition_by));
    }
    if !bigquery.cluster_by.is_empty() {
        lines.push(format!("cluster by {}", bigquery.cluster_by.join(", ")));
    }
    if !bigquery.connection.is_empty() {
        lines.push(format!("with connection {}", connection(&bigquery.connection)));
    }
    let options = options(table);
    if !options.is_empty() {
        lines.push(format!("options({})", options.join(", ")));
    }
    lines.push("as".to_owned());
    lines.push(table.query.clone());
    lines.join("\n")
}

fn options(table: &Table) -> Vec<String> {
    let bigquery = &table.bigquery;
    let mut options = Vec::new();
    if !bigquery.partition_by.is_empty() && bigquery.partition_expiration_days != 0 {
        options.push(format!(
            "partition_expiration_days={}",
            bigquery.partition_expiration_days
        ));
    }
    if !bigquery.partition_by.is_empty() && bigquery.require_partition_filter {
        options.push("require_partition_filter=true".to_owned());
    }
    for (name, value) in [
        ("table_format", &bigquery.table_format),
        ("file_format", &bigquery.file_format),
        ("storage_uri", &bigquery.storage_uri),
    ] {
        if !value.is_empty() && !value.ends_with("_UNSPECIFIED") {
            options.push(format!("{name}={}", string(value)));
        }
    }
    options.extend(
        bigquery
            .additional_options
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    options
}

/// `DEFAULT`, or `` `project.location.name` `` for that and for a resource's name.
fn connection(name: &str) -> String {
    if name.eq_ignore_ascii_case("default") {
        return "default".to_owned();
    }
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["projects", project, "locations", location, "connections", id] => format!("`{project}.{location}.{id}`"),
        _ => format!("`{}`", name.trim_matches('`')),
    }
}

fn of_operation(operation: &Operation) -> Vec<Step> {
    let queries = operation.queries.iter().filter(|query| !query.trim().is_empty());
    queries
        .map(|query| Step {
            sql: query.clone(),
            meaning: Meaning::Nothing,
            repeatable: false,
        })
        .collect()
}

/// A view of what violates it, which also checks its syntax, and the count of that view.
fn of_assertion(assertion: &Assertion, existing: Option<&Existing>) -> Result<Vec<Step>, StatementError> {
    let target = assertion.target.sql();
    let mut parts: Vec<String> = dropping(&assertion.target, existing, ExistingKind::View)?
        .into_iter()
        .collect();
    parts.push(format!("create or replace view {target} as {}", assertion.query));
    let count = format!("select sum(1) as row_count from {target}");
    Ok(vec![
        Step {
            sql: script(&parts),
            meaning: Meaning::Nothing,
            repeatable: true,
        },
        Step {
            sql: count,
            meaning: Meaning::Violations,
            repeatable: true,
        },
    ])
}

/// Statements as one script. A comment that ends a statement must not swallow the semicolon behind it.
fn script(parts: &[String]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| part.trim().trim_end_matches(';').trim_end())
        .filter(|part| !part.is_empty())
        .collect();
    let last = parts.len().saturating_sub(1);
    let mut text = String::new();
    for (place, part) in parts.iter().enumerate() {
        text.push_str(part);
        if place < last {
            let commented = part
                .lines()
                .last()
                .is_some_and(|line| line.contains("--") || line.contains('#'));
            text.push_str(if commented { "\n;\n" } else { ";\n" });
        }
    }
    text
}

/// A string literal.
fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// An identifier, quoted if it is nothing but one; an expression stays as it is.
fn column(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { format!("`{name}`") } else { name.to_owned() }
}
