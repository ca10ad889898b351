//! Dashboards. <https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards>
//!
//! Layouts are checked; what widgets hold is kept as it came.

use serde_json::{Map, Value, json};

use super::{check_labels, collection, invalid};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::page::page;
use crate::store::{View, key, under};

const KIND: &str = "dashboards";
const FIELDS: [&str; 10] = [
    "name",
    "displayName",
    "etag",
    "labels",
    "gridLayout",
    "mosaicLayout",
    "rowLayout",
    "columnLayout",
    "dashboardFilters",
    "annotations",
];

fn key_of(name: &str) -> Vec<u8> {
    key(&["monitoring", KIND, name])
}

fn name_of(call: &Call) -> String {
    format!("{}{}", collection(call, KIND), call.param("dashboard"))
}

fn found(view: &impl View, name: &str) -> Result<Map<String, Value>, ApiError> {
    view.get(&key_of(name))?
        .ok_or_else(|| ApiError::not_found(format!("Requested entity was not found: {name}")))
}

/// A version of a dashboard: the same for the same content.
fn etag(dashboard: &Map<String, Value>) -> String {
    format!("{:08x}", crc32c::crc32c(json!(dashboard).to_string().as_bytes()))
}

fn check(dashboard: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(unknown) = dashboard.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(ApiError::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{unknown}\" at 'dashboard': Cannot find field."
        )));
    }
    if dashboard
        .get("displayName")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(ApiError::invalid("Field display_name is required."));
    }
    let layouts = dashboard.keys().filter(|name| name.ends_with("Layout")).count();
    if layouts != 1 {
        return Err(ApiError::invalid(format!(
            "A dashboard has exactly one layout; this one has {layouts}."
        )));
    }
    check_labels(dashboard, "labels", "dashboard.labels")?;
    if let Some(mosaic) = dashboard.get("mosaicLayout") {
        check_mosaic(mosaic)?;
    }
    Ok(())
}

fn check_mosaic(mosaic: &Value) -> Result<(), ApiError> {
    let number = |value: &Value| {
        value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .unwrap_or_default()
    };
    let columns = number(&mosaic["columns"]);
    if !(1..=48).contains(&columns) {
        return Err(invalid(
            "mosaicLayout.columns",
            columns,
            "the number of columns must be between 1 and 48.",
        ));
    }
    for (index, tile) in mosaic["tiles"].as_array().into_iter().flatten().enumerate() {
        let [x, y, width, height] = ["xPos", "yPos", "width", "height"].map(|name| number(&tile[name]));
        if x < 0 || y < 0 || width < 1 || height < 1 || x + width > columns {
            let value = format!("{width} by {height} at {x}, {y}");
            let why = "tiles must be contained within the columns and have a size of at least 1.";
            return Err(invalid(&format!("mosaicLayout.tiles[{index}]"), value, why));
        }
        if !tile["widget"].is_object() {
            return Err(ApiError::invalid(format!(
                "Field mosaicLayout.tiles[{index}].widget is required."
            )));
        }
    }
    Ok(())
}

/// Whole numbers of 64 bits travel as text.
fn as_answered(dashboard: &mut Map<String, Value>) {
    let mut numbers: Vec<&mut Value> = Vec::new();
    for (layout, value) in dashboard.iter_mut() {
        match layout.as_str() {
            "gridLayout" => numbers.extend(value.get_mut("columns")),
            "rowLayout" => numbers.extend(weights(value, "rows")),
            "columnLayout" => numbers.extend(weights(value, "columns")),
            _ => {}
        }
    }
    for number in numbers.into_iter().filter(|number| number.is_number()) {
        *number = json!(number.to_string());
    }
}

fn weights<'a>(layout: &'a mut Value, member: &str) -> impl Iterator<Item = &'a mut Value> {
    let parts = layout.get_mut(member).and_then(Value::as_array_mut);
    parts.into_iter().flatten().filter_map(|part| part.get_mut("weight"))
}

/// The id that a caller wants, or one of our own.
fn id(given: Option<&str>, prefix: &str) -> Result<String, ApiError> {
    let Some(given) = given.filter(|name| !name.is_empty()) else {
        return Ok(crate::blobs::new_id());
    };
    let id = given.strip_prefix(prefix).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(invalid(
            "dashboard.name",
            given,
            "it must be projects/PROJECT/dashboards/DASHBOARD.",
        ));
    }
    Ok(id.to_owned())
}

pub(super) async fn create(mut call: Call) -> Answer {
    let mut dashboard = call.json().await?;
    let prefix = collection(&call, KIND);
    dashboard.shift_remove("etag");
    dashboard.retain(|_, value| !value.is_null());
    check(&dashboard)?;
    as_answered(&mut dashboard);
    let name = format!(
        "{prefix}{}",
        id(dashboard.get("name").and_then(Value::as_str), &prefix)?
    );
    dashboard.insert("name".into(), json!(name));
    let validate_only = call.query.flag("validateOnly");
    let made = call.cloud.store.write(move |txn| {
        if txn.bytes(&key_of(&name))?.is_some() {
            return Err(ApiError::exists(format!("Dashboard {name} already exists.")));
        }
        let etag = etag(&dashboard);
        dashboard.insert("etag".into(), json!(etag));
        if !validate_only {
            txn.put(key_of(&name), &dashboard)?;
        }
        Ok(dashboard)
    });
    ok(&Value::Object(made.await?))
}

pub(super) async fn list(call: Call) -> Answer {
    let prefix = collection(&call, KIND);
    let all: Vec<Map<String, Value>> = call.cloud.store.snapshot()?.all(&under(&["monitoring", KIND]))?;
    let of_project = |dashboard: &Map<String, Value>| {
        dashboard
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.starts_with(&prefix))
    };
    let all = all.into_iter().filter(of_project).map(Value::Object).collect();
    ok(&page(&call.query, KIND, all, 1000)?)
}

pub(super) async fn get(call: Call) -> Answer {
    ok(&Value::Object(found(&call.cloud.store.snapshot()?, &name_of(&call))?))
}

/// Replaces it whole.
pub(super) async fn patch(mut call: Call) -> Answer {
    let mut dashboard = call.json().await?;
    let name = name_of(&call);
    let given = dashboard.shift_remove("etag");
    dashboard.retain(|_, value| !value.is_null());
    check(&dashboard)?;
    as_answered(&mut dashboard);
    dashboard.insert("name".into(), json!(name));
    let validate_only = call.query.flag("validateOnly");
    let changed = call.cloud.store.write(move |txn| {
        let present = found(txn, &name)?;
        if given.is_some_and(|given| given.is_string() && Some(&given) != present.get("etag")) {
            return Err(ApiError::aborted(
                "The dashboard was changed since it was read: its etag is another.",
            ));
        }
        let etag = etag(&dashboard);
        dashboard.insert("etag".into(), json!(etag));
        if !validate_only {
            txn.put(key_of(&name), &dashboard)?;
        }
        Ok(dashboard)
    });
    ok(&Value::Object(changed.await?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = name_of(&call);
    let deleted = call.cloud.store.write(move |txn| {
        found(txn, &name)?;
        txn.remove(key_of(&name));
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}
