//! Tables over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Parameters, Reply, Shared, body, if_match, page, parameter, policies};
use crate::catalog::evolve::described;
use crate::catalog::names::TableName;
use crate::catalog::policies::Owner;
use crate::catalog::{datasets, partitions, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::service::{blocking, text};
use crate::sql::Translator;
use crate::sql::params::Params;
use crate::sql::state::State as ScriptState;

type Name = Path<(String, String, String)>;

fn name(path: &(String, String, String)) -> TableName {
    TableName::new(&path.0, &path.1, &path.2)
}

pub(super) async fn list(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    Query(query): Parameters,
) -> Reply {
    let found = {
        let (project, dataset) = (project.clone(), dataset.clone());
        blocking(&service, move |s| {
            s.engine.read(|tx| {
                datasets::load(tx, &project, &dataset)?;
                tables::list(tx, &project, &dataset)
            })
        })
        .await?
    };
    let items: Vec<Value> = found
        .iter()
        .map(|(table, doc)| tables::list_item(&TableName::new(&project, &dataset, table), doc))
        .collect();
    let total = items.len();
    let (items, next) = page::of_list(items, &query)?;
    let mut answer = json!({"kind": "bigquery#tableList", "etag": "tables", "totalItems": total});
    page::fill(&mut answer, "tables", items, next);
    Ok(Json(answer))
}

/// Reads what a request says in GoogleSQL: a view's query is checked and gives the view its schema. What a client says
/// about the columns (descriptions) is kept.
fn resolve(translator: &Translator<'_>, name: &TableName, body: &mut Value, old: Option<&Value>) -> Result<(), Fault> {
    if body["view"]["useLegacySql"] == true {
        return Err(Fault::query(
            "the local BigQuery does not support views in legacy SQL; set useLegacySql to false",
        ));
    }
    for kind in ["view", "materializedView"] {
        let Some(query) = text(&body[kind]["query"]).map(str::to_owned) else {
            continue;
        };
        if old.is_some_and(|old| old[kind]["query"] == query.as_str()) {
            continue;
        }
        let free = body[kind]["allowNonIncrementalDefinition"] == true;
        let derived = translator.view_schema(name, &query, (kind == "materializedView").then_some(free))?;
        body["schema"] = described(&derived, &body["schema"])?;
    }
    Ok(())
}

/// A translator for what stands in the metadata: nothing but the project is known.
fn with_translator<T>(
    tx: &Session<'_>,
    project: &str,
    work: impl FnOnce(&Translator<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (params, state) = (Params::default(), ScriptState::default());
    work(&Translator::new(tx, project, None, &params, &state))
}

pub(super) async fn insert(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let body = body(&headers, &bytes)?;
    let reference = &body["tableReference"];
    let Some(table) = text(&reference["tableId"]).map(str::to_owned) else {
        return Err(Fault::new(
            Reason::Required,
            "Required parameter is missing: tableReference.tableId",
        ));
    };
    if text(&reference["datasetId"]).is_some_and(|d| d != dataset) {
        return Err(Fault::invalid("the table's dataset is not the dataset of the request"));
    }
    let name = TableName::new(&project, &dataset, &table);
    for unsupported in ["externalDataConfiguration", "snapshotDefinition", "cloneDefinition"] {
        if body[unsupported].is_object() {
            return Err(Fault::not_implemented(&format!("tables with {unsupported}")));
        }
    }
    let answer = blocking(&service, move |s| {
        s.sweep();
        s.engine.write(&[name.key()], |tx| {
            with_translator(tx, &project, |translator| {
                let mut body = body.clone();
                resolve(translator, &name, &mut body, None)?;
                let doc = tables::create(tx, &name, &tables::settable(&body))?;
                if tables::is_stored(&doc) {
                    translator.apply_defaults(&name, &Value::Null, &doc)?;
                }
                tables::resource(tx, &name, &doc, &s.base_url, true)
            })
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn get(State(service): Shared, Path(path): Name, Query(query): Parameters) -> Reply {
    let name = name(&path);
    let stats = parameter(&query, "view") != Some("BASIC");
    let selected = parameter(&query, "selectedFields").map(str::to_owned);
    let answer = blocking(&service, move |s| {
        s.engine.read(|tx| {
            let doc = tables::load(tx, &name)?;
            let mut out = tables::resource(tx, &name, &doc, &s.base_url, stats)?;
            if let (Some(selected), Some(fields)) = (&selected, out["schema"]["fields"].as_array_mut()) {
                fields.retain(|f| {
                    let wanted = selected
                        .split(',')
                        .map(|s| s.split('.').next().unwrap_or_default().trim());
                    let name = f["name"].as_str().unwrap_or_default();
                    wanted.into_iter().any(|w| w.eq_ignore_ascii_case(name))
                });
            }
            Ok(out)
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn patch(service: Shared, path: Name, headers: HeaderMap, bytes: Bytes) -> Reply {
    change(service, path, headers, bytes, false).await
}

pub(super) async fn update(service: Shared, path: Name, headers: HeaderMap, bytes: Bytes) -> Reply {
    change(service, path, headers, bytes, true).await
}

async fn change(State(service): Shared, Path(path): Name, headers: HeaderMap, bytes: Bytes, replace: bool) -> Reply {
    let body = body(&headers, &bytes)?;
    let expected = if_match(&headers);
    let name = name(&path);
    let answer = blocking(&service, move |s| {
        s.engine.write(&[name.key()], |tx| {
            with_translator(tx, &name.project, |translator| {
                let old = tables::load(tx, &name)?;
                let mut body = body.clone();
                resolve(translator, &name, &mut body, Some(&old))?;
                let doc = tables::change(tx, &name, &body, replace, expected.as_deref())?;
                if tables::is_stored(&doc) {
                    translator.apply_defaults(&name, &old, &doc)?;
                }
                tables::resource(tx, &name, &doc, &s.base_url, true)
            })
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn delete(State(service): Shared, Path(path): Name) -> Result<Response, Fault> {
    let name = name(&path);
    blocking(&service, move |s| {
        let key = partitions::split(name.clone()).0.key();
        s.engine.write(&[key], |tx| tables::delete(tx, &name))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `tables/TABLE:getIamPolicy` and its like.
pub(super) async fn verb(service: Shared, Path(path): Name, headers: HeaderMap, bytes: Bytes) -> Reply {
    policies::verb(service, Owner::Table, path, &headers, &bytes).await
}

/// Nobody is kept from any row: a table has no row access policies.
pub(super) async fn row_access_policies(State(service): Shared, Path(path): Name) -> Reply {
    let name = name(&path);
    blocking(&service, move |s| s.engine.read(|tx| tables::load(tx, &name).map(drop))).await?;
    Ok(Json(json!({})))
}
