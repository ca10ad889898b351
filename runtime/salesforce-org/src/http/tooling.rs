//! The Tooling API, as far as Change Data Capture is chosen and seen through it: channels, their members, managed
//! subscriptions.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/tooling_api_objects_platformeventchannelmember.htm>

use axum::response::Response;
use http::Method;
use serde_json::{Map, Value, json};

use super::{ApiError, App, Call, empty, json_response};
use crate::cdc::channels::{Channel, Channels, DEFAULT_CHANNEL, Managed};
use crate::cdc::shape::event_name;
use crate::soql::ast::{Condition, Item, Op, Value as Literal};

const CHANNEL: &str = "PlatformEventChannel";
const MEMBER: &str = "PlatformEventChannelMember";
const MANAGED: &str = "ManagedEventSubscription";

/// `…/tooling/…`.
pub(super) fn handle(app: &App, base: &str, rest: &[&str], call: &Call) -> Result<Response, ApiError> {
    match (&call.method, rest) {
        (&Method::GET, ["query"]) => query(app, base, call.parameter("q").unwrap_or("")),
        (&Method::POST, ["sobjects", object @ (CHANNEL | MEMBER | MANAGED)]) => create(app, object, call),
        (&Method::GET, ["sobjects", object @ (CHANNEL | MEMBER | MANAGED), id]) => {
            let rows = rows(&app.org.cdc.channels(), object);
            let row = rows
                .into_iter()
                .find(|r| r["Id"] == *id)
                .ok_or_else(ApiError::not_found)?;
            Ok(json_response(200, &Value::Object(with_attributes(row, base, object))))
        }
        (&Method::DELETE, ["sobjects", object @ (CHANNEL | MEMBER | MANAGED), id]) => delete(app, object, id),
        _ => Err(ApiError::new(
            501,
            "FEATURE_NOT_ENABLED",
            format!("the simulator does not serve {} {}", call.method, call.path),
        )),
    }
}

/// The records of an object, every field of them.
fn rows(channels: &Channels, object: &str) -> Vec<Map<String, Value>> {
    let rows: Vec<Value> = match object {
        CHANNEL => channels
            .channels
            .iter()
            .map(|c| {
                json!({ "Id": c.id, "DeveloperName": c.name.trim_end_matches("__chn"), "FullName": c.name,
                    "ChannelType": "data", "MasterLabel": c.label, "NamespacePrefix": null })
            })
            .collect(),
        MEMBER => channels
            .members
            .iter()
            .map(|m| {
                let entity = event_name(&m.object);
                let name = format!("{}_{entity}", m.channel);
                json!({ "Id": m.id, "DeveloperName": name, "FullName": name, "EventChannel": m.channel,
                    "SelectedEntity": entity, "MasterLabel": name, "FilterExpression": null, "NamespacePrefix": null })
            })
            .collect(),
        _ => channels
            .managed
            .iter()
            .map(|m| {
                json!({ "Id": m.id, "DeveloperName": m.developer_name, "FullName": m.developer_name,
                    "TopicName": m.topic, "DefaultReplay": m.default_replay, "State": m.state,
                    "MasterLabel": m.developer_name, "NamespacePrefix": null })
            })
            .collect(),
    };
    let maps = rows.into_iter().filter_map(|row| match row {
        Value::Object(map) => Some(map),
        _ => None,
    });
    maps.collect()
}

fn with_attributes(row: Map<String, Value>, base: &str, object: &str) -> Map<String, Value> {
    let url = format!("{base}/tooling/sobjects/{object}/{}", row["Id"].as_str().unwrap_or(""));
    let mut out = Map::new();
    out.insert("attributes".into(), json!({ "type": object, "url": url }));
    out.extend(row);
    out
}

fn query(app: &App, base: &str, soql: &str) -> Result<Response, ApiError> {
    let query = crate::soql::parse(soql)?;
    let object = [CHANNEL, MEMBER, MANAGED]
        .into_iter()
        .find(|o| o.eq_ignore_ascii_case(&query.object))
        .ok_or_else(|| {
            let message = format!("sObject type '{}' is not supported.", query.object);
            ApiError::new(400, "INVALID_TYPE", message)
        })?;
    let mut records = vec![];
    for row in rows(&app.org.cdc.channels(), object) {
        if !query.condition.as_ref().map_or(Ok(true), |c| holds(c, &row))? {
            continue;
        }
        let mut out = Map::new();
        for item in &query.select {
            let Item::Field { path, .. } = item else {
                return Err(unsupported("aggregates"));
            };
            let (name, value) = field(&row, &path.parts)?;
            out.insert(name.to_owned(), value.clone());
        }
        let mut record = with_attributes(row.clone(), base, object);
        record.retain(|name, _| name == "attributes");
        record.extend(out);
        records.push(Value::Object(record));
    }
    if !query.group_by.is_empty() || !query.order_by.is_empty() || query.offset > 0 {
        return Err(unsupported("GROUP BY, ORDER BY and OFFSET"));
    }
    records.truncate(query.limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX));
    let body = json!({ "size": records.len(), "totalSize": records.len(), "done": true, "queryLocator": null,
        "entityTypeName": object, "records": records });
    Ok(json_response(200, &body))
}

fn unsupported(what: &str) -> ApiError {
    let message = format!("the simulator's Tooling API does not support {what}");
    ApiError::new(501, "FEATURE_NOT_ENABLED", message)
}

fn field<'a>(row: &'a Map<String, Value>, path: &[String]) -> Result<(&'a str, &'a Value), ApiError> {
    let wanted = path.last().map_or("", String::as_str);
    let found = row.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(name, value)| (name.as_str(), value)).ok_or_else(|| {
        let message = format!("No such column '{wanted}' on the entity");
        ApiError::new(400, "INVALID_FIELD", message)
    })
}

fn holds(condition: &Condition, row: &Map<String, Value>) -> Result<bool, ApiError> {
    let equal = |value: &Value, literal: &Literal| match literal {
        Literal::Text(text) => value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(text)),
        Literal::Null => value.is_null(),
        _ => false,
    };
    Ok(match condition {
        Condition::And(all) => {
            for c in all {
                if !holds(c, row)? {
                    return Ok(false);
                }
            }
            true
        }
        Condition::Or(any) => {
            for c in any {
                if holds(c, row)? {
                    return Ok(true);
                }
            }
            false
        }
        Condition::Not(c) => !holds(c, row)?,
        Condition::Compare {
            path,
            op: op @ (Op::Eq | Op::Ne),
            value,
            ..
        } => equal(field(row, &path.parts)?.1, value) == (*op == Op::Eq),
        Condition::In {
            path, negated, values, ..
        } => {
            let cell = field(row, &path.parts)?.1;
            values.iter().any(|v| equal(cell, v)) != *negated
        }
        _ => return Err(unsupported("this condition")),
    })
}

/// `POST sobjects/X` with `{FullName, Metadata}`.
fn create(app: &App, object: &str, call: &Call) -> Result<Response, ApiError> {
    let body = call.json()?;
    let full_name = body["FullName"].as_str().unwrap_or("").to_owned();
    let metadata = |name: &str| body["Metadata"][name].as_str().unwrap_or("").to_owned();
    let refused = |message: String| ApiError::new(400, "INVALID_INPUT", message);
    let schema = app.org.schema();
    let changed = app.org.cdc.change(|channels| match object {
        CHANNEL => {
            if !full_name.ends_with("__chn") || channels.has_channel(&full_name) {
                return Err(refused(format!("{full_name} is not a new name that ends with __chn")));
            }
            let id = channels.next_id("0YL");
            channels.channels.push(Channel {
                id: id.clone(),
                name: full_name.clone(),
                label: metadata("label"),
            });
            Ok(id)
        }
        MEMBER => {
            let (channel, entity) = (metadata("eventChannel"), metadata("selectedEntity"));
            if !channels.has_channel(&channel) {
                return Err(refused(format!("there is no channel {channel}")));
            }
            let object = schema
                .objects
                .iter()
                .find(|o| event_name(&o.name) == entity || o.name == entity);
            let object = object.ok_or_else(|| refused(format!("there is no entity {entity}")))?;
            Ok(channels.choose(&channel, &object.name))
        }
        _ => {
            if full_name.is_empty() || channels.managed.iter().any(|m| m.developer_name == full_name) {
                return Err(refused(format!("{full_name:?} is not a new name")));
            }
            let or = |value: String, default: &str| if value.is_empty() { default.into() } else { value };
            let id = channels.next_id("18x");
            channels.managed.push(Managed {
                id: id.clone(),
                developer_name: full_name.clone(),
                topic: metadata("topicName"),
                default_replay: or(metadata("defaultReplay"), "LATEST"),
                state: or(metadata("state"), "RUN"),
                committed: None,
            });
            Ok(id)
        }
    });
    let id = changed.map_err(|e| ApiError::new(500, "UNKNOWN_EXCEPTION", e.to_string()))??;
    let body = json!({ "id": id, "success": true, "errors": [], "warnings": [], "infos": [] });
    Ok(json_response(201, &body))
}

fn delete(app: &App, object: &str, id: &str) -> Result<Response, ApiError> {
    let deleted = app.org.cdc.change(|channels| {
        let before = (channels.channels.len(), channels.members.len(), channels.managed.len());
        match object {
            CHANNEL => {
                let name = channels.channels.iter().find(|c| c.id == id).map(|c| c.name.clone());
                channels.channels.retain(|c| c.id != id);
                channels
                    .members
                    .retain(|m| Some(&m.channel) != name.as_ref() || m.channel == DEFAULT_CHANNEL);
            }
            MEMBER => channels.members.retain(|m| m.id != id),
            _ => channels.managed.retain(|m| m.id != id),
        }
        before != (channels.channels.len(), channels.members.len(), channels.managed.len())
    });
    match deleted {
        Ok(true) => Ok(empty(204)),
        Ok(false) => Err(ApiError::not_found()),
        Err(e) => Err(ApiError::new(500, "UNKNOWN_EXCEPTION", e.to_string())),
    }
}
