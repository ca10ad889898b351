//! SQL in a suite, and the one query that the suite becomes, checked by BigQuery while it is planned: errors where they stand,
//! and the bytes that it would read.

use headwater_cloud::TableRef;
use headwater_quality::engine::Context;
use headwater_quality::sql::{Pushdown, schema};
use headwater_suite::{API_VERSION, Check, Suite};
use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path, Result};

use super::beyond;
use super::expectation::path;
use super::model::Model;
use super::reads;
use super::target::Target;
use crate::clients::Clients;
use crate::problems::sentence;
use crate::{queries, stakes};

/// Checks the filter, each query that the user wrote, and the whole.
pub(super) async fn check(clients: &Clients, planned: &Model, table: &TableRef, target: &Target) -> Result<()> {
    let location = target.location.as_deref();
    let mut problems = Diagnostics::new();
    let mut ask = async |sql: String, user_text: &str, at: Path| {
        if let Err(problem) = queries::dry_run(clients, &sql, user_text, location, at).await {
            problems.push(problem);
        }
    };
    let filter = match &planned.partition_filter {
        Attr::Known(filter) => Some(filter.as_str()),
        Attr::Null => None,
        Attr::Unknown => return Ok(()),
    };
    if let Some(filter) = filter {
        let sql = format!("SELECT 1 FROM {} WHERE {filter}", table.sql());
        ask(sql, filter, "partition_filter".into()).await;
    }
    let percent = match &planned.sample_percent {
        Attr::Known(percent) => Some(*percent),
        Attr::Null => None,
        Attr::Unknown => return Ok(()),
    };
    let increment = reads::first_increment(planned, target);
    let both = match (filter, &increment) {
        (Some(filter), Some(increment)) => Some(format!("({filter}\n) AND {increment}")),
        (filter, increment) => filter.map(str::to_owned).or_else(|| increment.clone()),
    };
    let source = table.some_rows(both.as_deref(), percent);
    for one in planned.placed() {
        let Ok(expectation) = &one.read else { continue };
        let at = path(one.kind, one.index);
        let queries = match &expectation.check {
            Check::SqlRows(c) => vec![("query", &c.query)],
            Check::SqlEquals(c) if c.other_source == "bigquery" => {
                vec![("query", &c.query), ("other_query", &c.other_query)]
            }
            Check::SqlEquals(c) => vec![("query", &c.query)],
            other => {
                for (attribute, text, sql) in beyond::queries(other, &source) {
                    let at = attribute.split('.').fold(at.clone(), |at, part| at.child(part));
                    ask(sql, text, at).await;
                }
                Vec::new()
            }
        };
        for (attribute, text) in queries {
            ask(text.replace("{batch}", &source), text, at.child(attribute)).await;
        }
    }
    problems.into_result()?;
    check_whole(clients, planned, &source, target).await
}

/// Codes of reasons that are known before any row is read.
const BEFOREHAND: [&str; 4] = ["missing_column", "wrong_type", "wrong_value", "unsupported"];

/// Checks the query that the suite becomes: what BigQuery cannot evaluate, and what it would read.
async fn check_whole(clients: &Clients, planned: &Model, source: &str, target: &Target) -> Result<()> {
    let Some(expectations) = planned.known_expectations() else {
        return Ok(());
    };
    let suite = Suite {
        api_version: API_VERSION.to_owned(),
        name: planned.name.as_deref().unwrap_or_default().to_owned(),
        description: None,
        expectations,
    };
    let (results, sql) = {
        let pushdown = Pushdown::new(&suite, &schema(&target.schema), source, Context::none());
        (pushdown.conclude(&[]).results, pushdown.sql())
    };
    let refused = planned
        .placed()
        .into_iter()
        .zip(results)
        .filter_map(|(placed, result)| {
            let reason = result.reason.filter(|reason| BEFOREHAND.contains(&reason.code))?;
            let at = path(placed.kind, placed.index);
            Some(
                Diagnostic::invalid(at.clone(), format!("`{at}` cannot be evaluated in BigQuery"))
                    .detail(sentence(&reason.message))
                    .hint("Change it, or demand the same by `sql_rows`."),
            )
        });
    refused.collect::<Diagnostics>().into_result()?;
    let location = target.location.as_deref();
    let Some(found) = queries::dry_run(clients, &sql, "", location, "expectations").await? else {
        return Ok(());
    };
    match planned
        .max_bytes_billed
        .known()
        .and_then(|limit| u64::try_from(*limit).ok())
    {
        // What an increment reads, only a run knows.
        Some(limit) if found.bytes > limit && planned.incremental.is_null() => {
            let problem = Diagnostic::invalid(
                "max_bytes_billed",
                format!(
                    "the suite would read {}, and the limit is {}",
                    stakes::bytes(found.bytes),
                    stakes::bytes(limit)
                ),
            );
            let hint = format!(
                "Narrow it by `partition_filter`, or raise the limit to at least {}.",
                found.bytes
            );
            Err(problem.hint(hint).into())
        }
        _ => Ok(()),
    }
}
