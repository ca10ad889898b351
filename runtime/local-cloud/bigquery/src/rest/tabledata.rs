//! tabledata.list: pages of a table's rows.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::json;

use super::page::{self, Rows};
use super::{Parameters, Reply, Shared, parameter};
use crate::catalog::names::TableName;
use crate::catalog::{etag, partitions, size, tables};
use crate::error::Fault;
use crate::service::blocking;
use crate::types::columns;

pub(super) async fn list(
    State(service): Shared,
    Path((project, dataset, table)): Path<(String, String, String)>,
    Query(query): Parameters,
) -> Reply {
    let rows = Rows::from_query(&query)?;
    let selected: Option<Vec<String>> =
        parameter(&query, "selectedFields").map(|s| s.split(',').map(|f| f.trim().to_owned()).collect());
    let (name, partition) = partitions::split(TableName::new(&project, &dataset, &table));
    let answer = blocking(&service, move |s| {
        s.engine.read(|tx| {
            let doc = tables::load(tx, &name)?;
            tables::must_be_stored(&name, &doc)?;
            let mut fields = columns(&doc["schema"]["fields"])?;
            if let Some(selected) = &selected {
                if let Some(missing) = selected
                    .iter()
                    .find(|s| !fields.iter().any(|f| f.name.eq_ignore_ascii_case(s)))
                {
                    return Err(Fault::invalid(format!("No such field: {missing}")));
                }
                fields.retain(|f| selected.iter().any(|s| s.eq_ignore_ascii_case(&f.name)));
            }
            let from = match &partition {
                Some(partition) => format!("{} WHERE {}", name.duck(), partition.condition(&name, &doc)?),
                None => name.duck(),
            };
            let total = match &partition {
                Some(_) => tx.query(&format!("SELECT count(*) FROM {from}"), &[])?[0][0]
                    .int()
                    .unsigned_abs(),
                None => size::rows(tx, &name, &doc)?,
            };
            let (found, next) = rows.read(tx, &from, &fields, total)?;
            let mut answer =
                json!({"kind": "bigquery#tableDataList", "etag": etag(&doc), "totalRows": total.to_string()});
            page::fill(&mut answer, "rows", found, next);
            Ok(answer)
        })
    });
    Ok(Json(answer.await?))
}
