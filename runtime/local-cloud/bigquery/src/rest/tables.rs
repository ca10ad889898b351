//! Tables over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Parameters, Reply, Shared, body, if_match, page};
use crate::catalog::names::TableName;
use crate::catalog::{datasets, tables};
use crate::engine::Session;
use crate::error::Fault;
use crate::service::{blocking, text};
use crate::sql::Translator;
use crate::sql::params::Params;

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

/// A view's query is checked, and gives the view its schema.
fn resolve_view(tx: &Session<'_>, project: &str, body: &mut Value) -> Result<(), Fault> {
    let Some(query) = text(&body["view"]["query"]).map(str::to_owned) else {
        return Ok(());
    };
    if body["view"]["useLegacySql"] == true {
        return Err(Fault::query(
            "the local BigQuery does not support views in legacy SQL; set useLegacySql to false",
        ));
    }
    body["view"]["useLegacySql"] = json!(false);
    let params = Params::default();
    let mut schema = Translator::new(tx, project, None, &params).view_columns(&query)?;
    // What a client says about the columns (descriptions) is kept.
    let given = body["schema"]["fields"].as_array().cloned().unwrap_or_default();
    for field in schema["fields"].as_array_mut().into_iter().flatten() {
        if let Some(given) = given.iter().find(|g| g["name"] == field["name"])
            && !given["description"].is_null()
        {
            field["description"] = given["description"].clone();
        }
    }
    body["schema"] = schema;
    Ok(())
}

pub(super) async fn insert(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let body = body(&headers, &bytes)?;
    let table = body["tableReference"]["tableId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let name = TableName::new(&project, &dataset, &table);
    for unsupported in [
        "externalDataConfiguration",
        "materializedView",
        "snapshotDefinition",
        "cloneDefinition",
    ] {
        if body[unsupported].is_object() {
            return Err(Fault::not_implemented(&format!("tables with {unsupported}")));
        }
    }
    let answer = blocking(&service, move |s| {
        s.sweep();
        s.engine.write(&[name.key()], |tx| {
            let mut body = body.clone();
            resolve_view(tx, &project, &mut body)?;
            let doc = tables::create(tx, &name, &tables::settable(&body))?;
            tables::resource(tx, &name, &doc, &s.base_url)
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn get(State(service): Shared, Path(path): Name) -> Reply {
    let name = name(&path);
    let answer = blocking(&service, move |s| {
        s.engine.read(|tx| {
            let doc = tables::load(tx, &name)?;
            tables::resource(tx, &name, &doc, &s.base_url)
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
            let mut body = body.clone();
            resolve_view(tx, &name.project, &mut body)?;
            let doc = tables::change(tx, &name, &body, replace, expected.as_deref())?;
            tables::resource(tx, &name, &doc, &s.base_url)
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn delete(State(service): Shared, Path(path): Name) -> Result<Response, Fault> {
    let name = name(&path);
    blocking(&service, move |s| {
        s.engine.write(&[name.key()], |tx| tables::delete(tx, &name))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
