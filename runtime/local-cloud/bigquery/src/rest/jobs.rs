//! Jobs over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Parameters, Reply, Shared, body, number, page, parameter};
use crate::Caller;
use crate::catalog::int;
use crate::error::Fault;
use crate::jobs;
use crate::service::blocking;

pub(super) async fn insert(
    State(service): Shared,
    Path(project): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let body = body(&headers, &bytes)?;
    Ok(Json(
        blocking(&service, move |s| jobs::insert(s, &project, &caller, &body, None)).await?,
    ))
}

pub(super) async fn get(State(service): Shared, Path((project, job)): Path<(String, String)>) -> Reply {
    Ok(Json(blocking(&service, move |s| jobs::get(s, &project, &job)).await?))
}

pub(super) async fn cancel(State(service): Shared, Path((project, job)): Path<(String, String)>) -> Reply {
    let doc = blocking(&service, move |s| jobs::cancel(s, &project, &job)).await?;
    Ok(Json(json!({"kind": "bigquery#jobCancelResponse", "job": doc})))
}

pub(super) async fn delete(
    State(service): Shared,
    Path((project, job)): Path<(String, String)>,
) -> Result<Response, Fault> {
    blocking(&service, move |s| jobs::delete(s, &project, &job)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn list(State(service): Shared, Path(project): Path<String>, Query(query): Parameters) -> Reply {
    let all = blocking(&service, move |s| jobs::list(s, &project)).await?;
    let state = parameter(&query, "stateFilter").map(str::to_ascii_uppercase);
    let (from, to) = (number(&query, "minCreationTime")?, number(&query, "maxCreationTime")?);
    let wanted = |doc: &Value| {
        let created = int(&doc["statistics"]["creationTime"])
            .unwrap_or_default()
            .unsigned_abs();
        // A script's statements are listed only to who asks for them.
        let parent = &doc["statistics"]["parentJobId"];
        let listed = parameter(&query, "parentJobId").map_or(parent.is_null(), |wanted| parent == wanted);
        listed
            && state.as_deref().is_none_or(|s| doc["status"]["state"] == s)
            && from.is_none_or(|f| created >= f)
            && to.is_none_or(|t| created <= t)
    };
    let items = all
        .into_iter()
        .filter(wanted)
        .map(|doc| {
            let mut item = json!({"kind": "bigquery#job", "state": doc["status"]["state"]});
            for key in [
                "id",
                "jobReference",
                "configuration",
                "statistics",
                "status",
                "user_email",
            ] {
                item[key] = doc[key].clone();
            }
            if !doc["status"]["errorResult"].is_null() {
                item["errorResult"] = doc["status"]["errorResult"].clone();
            }
            item
        })
        .collect();
    let (items, next) = page::of_list(items, &query)?;
    let mut answer = json!({"kind": "bigquery#jobList", "etag": "jobs"});
    page::fill(&mut answer, "jobs", items, next);
    Ok(Json(answer))
}
