//! Datasets and projects over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{Parameters, Reply, Shared, body, if_match, page, parameter};
use crate::catalog::datasets;
use crate::engine::Key;
use crate::error::Fault;
use crate::service::blocking;

fn key(project: &str, dataset: &str) -> [Key; 1] {
    [Key::Dataset(project.to_owned(), dataset.to_owned())]
}

pub(super) async fn projects(State(service): Shared, Query(query): Parameters) -> Reply {
    let names = blocking(&service, |s| s.engine.read(datasets::projects)).await?;
    let items = names
        .iter()
        .map(|name| {
            json!({"kind": "bigquery#project", "id": name, "numericId": "1", "friendlyName": name,
                "projectReference": {"projectId": name}})
        })
        .collect::<Vec<_>>();
    let total = items.len();
    let (items, next) = page::of_list(items, &query)?;
    let mut answer = json!({"kind": "bigquery#projectList", "etag": "projects", "totalItems": total});
    page::fill(&mut answer, "projects", items, next);
    Ok(Json(answer))
}

pub(super) async fn service_account(Path(project): Path<String>) -> Reply {
    Ok(Json(json!({
        "kind": "bigquery#getServiceAccountResponse",
        "email": format!("bq-local@{project}.iam.gserviceaccount.com"),
    })))
}

pub(super) async fn list(State(service): Shared, Path(project): Path<String>, Query(query): Parameters) -> Reply {
    let owner = project.clone();
    let found = blocking(&service, move |s| s.engine.read(|tx| datasets::list(tx, &owner))).await?;
    let filter = parameter(&query, "filter").unwrap_or_default().to_owned();
    let hidden = parameter(&query, "all").is_some_and(|v| v == "true");
    let matches = |labels: &serde_json::Value| {
        filter
            .split_whitespace()
            .filter_map(|f| f.strip_prefix("labels."))
            .all(|f| match f.split_once(':') {
                Some((key, value)) => labels[key] == value,
                None => !labels[f].is_null(),
            })
    };
    let items = found
        .into_iter()
        .filter(|(name, doc)| (hidden || !name.starts_with('_')) && matches(&doc["labels"]))
        .map(|(name, doc)| {
            let mut item = json!({
                "kind": "bigquery#dataset", "id": format!("{project}:{name}"),
                "datasetReference": {"projectId": project, "datasetId": name}, "location": doc["location"],
            });
            for key in ["labels", "friendlyName"] {
                if !doc[key].is_null() {
                    item[key] = doc[key].clone();
                }
            }
            item
        })
        .collect();
    let (items, next) = page::of_list(items, &query)?;
    let mut answer = json!({"kind": "bigquery#datasetList", "etag": "datasets"});
    page::fill(&mut answer, "datasets", items, next);
    Ok(Json(answer))
}

pub(super) async fn insert(
    State(service): Shared,
    Path(project): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let body = body(&headers, &bytes)?;
    let answer = blocking(&service, move |s| {
        let dataset = body["datasetReference"]["datasetId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let doc = s
            .engine
            .write(&key(&project, &dataset), |tx| datasets::insert(tx, &project, &body))?;
        Ok(datasets::resource(&project, &dataset, &doc, &s.base_url))
    });
    Ok(Json(answer.await?))
}

pub(super) async fn get(State(service): Shared, Path((project, dataset)): Path<(String, String)>) -> Reply {
    let answer = blocking(&service, move |s| {
        let doc = s.engine.read(|tx| datasets::load(tx, &project, &dataset))?;
        Ok(datasets::resource(&project, &dataset, &doc, &s.base_url))
    });
    Ok(Json(answer.await?))
}

pub(super) async fn patch(service: Shared, path: Path<(String, String)>, headers: HeaderMap, bytes: Bytes) -> Reply {
    change(service, path, headers, bytes, false).await
}

pub(super) async fn update(service: Shared, path: Path<(String, String)>, headers: HeaderMap, bytes: Bytes) -> Reply {
    change(service, path, headers, bytes, true).await
}

async fn change(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
    replace: bool,
) -> Reply {
    let body = body(&headers, &bytes)?;
    let expected = if_match(&headers);
    let answer = blocking(&service, move |s| {
        let doc = s.engine.write(&key(&project, &dataset), |tx| {
            datasets::change(tx, &project, &dataset, &body, replace, expected.as_deref())
        })?;
        Ok(datasets::resource(&project, &dataset, &doc, &s.base_url))
    });
    Ok(Json(answer.await?))
}

pub(super) async fn delete(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    Query(query): Parameters,
) -> Result<Response, Fault> {
    let contents = parameter(&query, "deleteContents").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    blocking(&service, move |s| {
        s.engine.write(&key(&project, &dataset), |tx| {
            datasets::delete(tx, &project, &dataset, contents)
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn no_models() -> Reply {
    Ok(Json(json!({})))
}
