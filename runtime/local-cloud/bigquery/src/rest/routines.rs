//! Routines over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Parameters, Reply, Shared, body, if_match, page, parameter, policies};
use crate::catalog::names::TableName;
use crate::catalog::policies::Owner;
use crate::catalog::{datasets, routines};
use crate::engine::Session;
use crate::error::Fault;
use crate::service::blocking;
use crate::sql::Translator;
use crate::sql::params::Params;
use crate::sql::state::State as ScriptState;

type Name = Path<(String, String, String)>;

fn name(path: &(String, String, String)) -> TableName {
    TableName::new(&path.0, &path.1, &path.2)
}

/// Refuses a routine whose body cannot be.
fn check(tx: &Session<'_>, name: &TableName, settings: &Value) -> Result<(), Fault> {
    let (params, state) = (Params::default(), ScriptState::default());
    let translator = Translator::new(tx, &name.project, None, &params, &state);
    translator.check_routine(&routines::id(name), &name.project, settings)
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
                routines::list(tx, &project, &dataset)
            })
        })
        .await?
    };
    let kind = parameter(&query, "filter").and_then(|f| f.strip_prefix("routineType:"));
    let kind = kind.map(|k| k.trim().trim_matches('"').to_owned());
    let whole = parameter(&query, "readMask").is_some();
    let items = found
        .iter()
        .filter(|(_, doc)| kind.as_deref().is_none_or(|k| doc["routineType"] == k))
        .map(|(routine, doc)| {
            let name = TableName::new(&project, &dataset, routine);
            if whole {
                routines::resource(&name, doc)
            } else {
                routines::list_item(&name, doc)
            }
        })
        .collect();
    let (items, next) = page::of_list(items, &query)?;
    let mut answer = json!({});
    page::fill(&mut answer, "routines", items, next);
    Ok(Json(answer))
}

pub(super) async fn insert(
    State(service): Shared,
    Path((project, dataset)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let body = body(&headers, &bytes)?;
    let name = routines::name(&body["routineReference"], &project, &dataset)?;
    if (&name.project, &name.dataset) != (&project, &dataset) {
        return Err(Fault::invalid(
            "the routine's dataset is not the dataset of the request",
        ));
    }
    let answer = blocking(&service, move |s| {
        s.engine.write(&[routines::key(&name)], |tx| {
            let doc = routines::create(tx, &name, &routines::settable(&body))?;
            check(tx, &name, &doc)?;
            Ok(routines::resource(&name, &doc))
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn get(State(service): Shared, Path(path): Name) -> Reply {
    let name = name(&path);
    let answer = blocking(&service, move |s| {
        s.engine
            .read(|tx| Ok(routines::resource(&name, &routines::load(tx, &name)?)))
    });
    Ok(Json(answer.await?))
}

pub(super) async fn update(State(service): Shared, Path(path): Name, headers: HeaderMap, bytes: Bytes) -> Reply {
    let body = body(&headers, &bytes)?;
    let expected = if_match(&headers);
    let name = name(&path);
    let answer = blocking(&service, move |s| {
        s.engine.write(&[routines::key(&name)], |tx| {
            let doc = routines::update(tx, &name, &routines::settable(&body), expected.as_deref())?;
            check(tx, &name, &doc)?;
            Ok(routines::resource(&name, &doc))
        })
    });
    Ok(Json(answer.await?))
}

pub(super) async fn delete(State(service): Shared, Path(path): Name) -> Result<Response, Fault> {
    let name = name(&path);
    blocking(&service, move |s| {
        s.engine
            .write(&[routines::key(&name)], |tx| routines::delete(tx, &name))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `routines/ROUTINE:getIamPolicy` and its like.
pub(super) async fn verb(service: Shared, Path(path): Name, headers: HeaderMap, bytes: Bytes) -> Reply {
    policies::verb(service, Owner::Routine, path, &headers, &bytes).await
}
