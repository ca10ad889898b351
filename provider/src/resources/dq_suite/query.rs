//! SQL in a suite, checked by BigQuery while it is planned: errors where they stand.

use headwater_cloud::TableRef;
use headwater_suite::Check;
use tfplugin_framework::{Attr, Diagnostics, Path, Result};

use super::expectation::path;
use super::model::Model;
use crate::clients::Clients;
use crate::queries;

/// What is read, as it stands behind FROM.
fn source(table: &TableRef, filter: Option<&str>) -> String {
    match filter {
        Some(filter) => format!("(SELECT * FROM {} WHERE {filter}\n)", table.sql()),
        None => table.sql(),
    }
}

/// Checks the filter, and each query that the user wrote.
pub(super) async fn check(clients: &Clients, planned: &Model, table: &TableRef, location: Option<&str>) -> Result<()> {
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
    let source = source(table, filter);
    for one in planned.placed() {
        let Ok(expectation) = &one.read else { continue };
        let at = path(one.kind, one.index);
        let queries = match &expectation.check {
            Check::SqlRows(c) => vec![("query", &c.query)],
            Check::SqlEquals(c) if c.other_source == "bigquery" => {
                vec![("query", &c.query), ("other_query", &c.other_query)]
            }
            Check::SqlEquals(c) => vec![("query", &c.query)],
            _ => Vec::new(),
        };
        for (attribute, text) in queries {
            ask(text.replace("{batch}", &source), text, at.child(attribute)).await;
        }
    }
    problems.into_result()
}
