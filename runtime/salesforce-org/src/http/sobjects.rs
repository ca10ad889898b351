//! `sobjects`: what objects there are, single records, and what changed between two points in time.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::error::bytes_response;
use super::{ApiError, App, Call, blocking, empty, json_response};
use crate::id;
use crate::render::Records;
use crate::schema::{Object, Schema, describe};
use crate::soql::ast::{Item, Path, Query};
use crate::soql::eval::Evaluator;
use crate::soql::{Selected, bind};
use crate::store::row::Layout;
use crate::time;

pub(super) async fn handle(app: &Arc<App>, base: &str, rest: &[&str], call: Call) -> Result<Response, ApiError> {
    let base = base.to_owned();
    let [name, rest @ ..] = rest else {
        return Ok(json_response(200, &describe::global(&app.org.schema(), &base)));
    };
    let schema = app.org.schema();
    let number = schema.find(name).ok_or_else(ApiError::not_found)?;
    let rest: Vec<String> = rest.iter().map(|s| super::decode_path(s)).collect();
    let parts: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (call.method.clone(), &parts[..]) {
        (Method::GET, []) => {
            let body =
                json!({ "objectDescribe": describe::summary(&schema.objects[number], &base), "recentItems": [] });
            Ok(json_response(200, &body))
        }
        (Method::GET, ["describe"]) => Ok(described(&schema, number, &base, &call)),
        (Method::GET, [what @ ("updated" | "deleted")]) => {
            let deleted = *what == "deleted";
            let range = range(app, &call)?;
            blocking(app, move |app| Ok(changed(app, &schema, number, deleted, range))).await
        }
        (Method::GET, [id]) => {
            let (id, fields) = ((*id).to_owned(), call.parameter("fields").map(str::to_owned));
            blocking(app, move |app| {
                let slot = live_slot(app, &schema, number, &id)?;
                single(app, &schema, number, slot, &base, fields.as_deref())
            })
            .await
        }
        (Method::GET, [field, value]) => {
            let (field, value) = ((*field).to_owned(), (*value).to_owned());
            blocking(app, move |app| {
                let slot =
                    super::write::by_external_id(app, number, &field, &value)?.ok_or_else(ApiError::not_found)?;
                single(app, &schema, number, slot, &base, None)
            })
            .await
        }
        (Method::POST, []) => blocking(app, move |app| super::write::create(app, number, &call)).await,
        (Method::PATCH, [id]) => {
            let id = (*id).to_owned();
            blocking(app, move |app| {
                let slot = live_slot(app, &schema, number, &id)?;
                super::write::update(app, number, slot, &call)?;
                Ok(empty(204))
            })
            .await
        }
        (Method::PATCH, [field, value]) => {
            let (field, value) = ((*field).to_owned(), (*value).to_owned());
            blocking(app, move |app| super::write::upsert(app, number, &field, &value, &call)).await
        }
        (Method::DELETE, [id]) => {
            let id = (*id).to_owned();
            blocking(app, move |app| {
                let slot = live_slot(app, &schema, number, &id)?;
                super::write::delete(app, number, slot)
            })
            .await
        }
        _ => Err(ApiError::new(
            405,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{}' not allowed", call.method),
        )),
    }
}

fn described(schema: &Schema, number: usize, base: &str, call: &Call) -> Response {
    let modified = schema.objects[number].modified_ms / 1000 * 1000;
    let since = call.header("if-modified-since").and_then(time::parse_http_date);
    let mut response = if since.is_some_and(|since| since >= modified) {
        empty(304)
    } else {
        json_response(200, &describe::object(schema, number, base))
    };
    if let Ok(value) = HeaderValue::from_str(&time::http_date(modified)) {
        response.headers_mut().insert(http::header::LAST_MODIFIED, value);
    }
    response
}

/// The slot of a record that is there; the errors tell a wrong id from a deleted record.
fn live_slot(app: &App, schema: &Schema, number: usize, id: &str) -> Result<u64, ApiError> {
    let object = &schema.objects[number];
    let Some(full) = id::normalize(id) else {
        let message = format!("Provided external ID field does not exist or is not accessible: {id}");
        return Err(ApiError::new(404, "NOT_FOUND", message));
    };
    let slot = id::slot(&object.prefix, full.as_bytes()).ok_or_else(ApiError::not_found)?;
    match app.org.table(number).entry(slot) {
        Some(entry) if entry.location.is_deleted() => Err(ApiError::new(404, "ENTITY_IS_DELETED", "entity is deleted")),
        Some(_) => Ok(slot),
        None => Err(ApiError::not_found()),
    }
}

fn single(
    app: &App,
    schema: &Schema,
    number: usize,
    slot: u64,
    base: &str,
    fields: Option<&str>,
) -> Result<Response, ApiError> {
    let object: &Object = &schema.objects[number];
    let names: Vec<String> = match fields {
        Some(list) => list.split(',').map(|f| f.trim().to_owned()).collect(),
        None => object.readable().map(|f| f.name.clone()).collect(),
    };
    let select = names
        .into_iter()
        .map(|name| Item::Field {
            path: Path {
                parts: name.split('.').map(str::to_owned).collect(),
                position: 0,
            },
            alias: None,
        })
        .collect();
    let query = Query {
        select,
        object: object.name.clone(),
        object_position: 0,
        alias: None,
        condition: None,
        group_by: vec![],
        having: None,
        order_by: vec![],
        limit: None,
        offset: 0,
        all_rows: true,
    };
    let plan = bind(&app.org, "", &query)?;
    let entry = app.org.table(number).entry(slot).ok_or_else(ApiError::not_found)?;
    let mut reader = app.org.reader(number);
    let row = reader.row(entry.location).map_err(|e| ApiError::io(&e))?;
    let mut layout = Layout::default();
    layout.parse(row);
    let mut out = vec![];
    if let Selected::Records(outputs) = &plan.selected {
        let evaluator = Evaluator::new(&app.org);
        Records {
            schema,
            base,
            object,
            outputs,
            evaluator,
        }
        .write(row, &layout, &mut out);
    }
    Ok(bytes_response(200, "application/json;charset=UTF-8", out))
}

/// `start` and `end` of a replication call: at most thirty days back.
fn range(app: &App, call: &Call) -> Result<(i64, i64), ApiError> {
    let read = |name: &str| {
        let text = call.parameter(name).map(|t| t.replace(' ', "+"));
        text.as_deref().and_then(time::parse_datetime).ok_or_else(|| {
            ApiError::new(
                400,
                "INVALID_FIELD",
                format!("{name} must be a date and time such as 2026-01-31T00:00:00+00:00"),
            )
        })
    };
    let (start, end) = (read("start")?, read("end")?);
    if start >= end {
        return Err(ApiError::new(
            400,
            "INVALID_REPLICATION_DATE",
            "end date must be after start date",
        ));
    }
    if app.org.clock.now() - start > 30 * time::DAY {
        return Err(ApiError::new(
            400,
            "INVALID_REPLICATION_DATE",
            "startDate cannot be more than 30 days ago",
        ));
    }
    Ok((start, end))
}

fn changed(app: &App, schema: &Schema, number: usize, deleted: bool, (start, end): (i64, i64)) -> Response {
    let object = &schema.objects[number];
    let table = app.org.table(number);
    let within = table
        .entries()
        .filter(|(_, e)| e.location.is_deleted() == deleted && e.stamp >= start && e.stamp < end);
    let covered = time::datetime_rest(end.min(app.org.clock.now()) / 60_000 * 60_000);
    let id = |slot: u64| id::make_string(&object.prefix, slot);
    let body: Value = if deleted {
        let records: Vec<Value> = within
            .map(|(slot, e)| json!({ "id": id(slot), "deletedDate": time::datetime_rest(e.stamp) }))
            .collect();
        let earliest = time::datetime_rest(app.org.clock.now() - 30 * time::DAY);
        json!({ "deletedRecords": records, "earliestDateAvailable": earliest, "latestDateCovered": covered })
    } else {
        json!({ "ids": within.map(|(slot, _)| id(slot)).collect::<Vec<_>>(), "latestDateCovered": covered })
    };
    json_response(200, &body)
}
