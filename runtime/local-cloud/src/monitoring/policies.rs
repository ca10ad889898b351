//! Alert policies. <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies>

use serde_json::{Map, Value, json};

use super::{check, collection, enabled, record, shapes::POLICY, unfiltered};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{read, updated};
use crate::page::page;
use crate::store::{Txn, View, key, under};

const KIND: &str = "alertPolicies";

pub(super) fn key_of(name: &str) -> Vec<u8> {
    key(&["monitoring", KIND, name])
}

fn name_of(call: &Call) -> String {
    format!("{}{}", collection(call, KIND), call.param("policy"))
}

/// All policies of a project, oldest first.
pub(super) fn all(view: &impl View, prefix: &str) -> Result<Vec<Map<String, Value>>, ApiError> {
    let all: Vec<Map<String, Value>> = view.all(&under(&["monitoring", KIND]))?;
    let of_project = |policy: &Map<String, Value>| name(policy).starts_with(prefix);
    Ok(all.into_iter().filter(of_project).collect())
}

fn name(policy: &Map<String, Value>) -> &str {
    policy.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn found(view: &impl View, name: &str) -> Result<Map<String, Value>, ApiError> {
    view.get(&key_of(name))?
        .ok_or_else(|| ApiError::not_found(format!("Cannot find policy {name}.")))
}

/// What a caller says of a policy, in its one form.
fn message(mut body: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let enabled = enabled(&mut body, "alert_policy")?;
    let mut message = read(body, POLICY, "alert_policy")?;
    message.insert("enabled".into(), enabled);
    Ok(message)
}

/// Checks it and gives names to conditions that have none.
fn complete(txn: &mut Txn<'_>, name: &str, policy: &mut Map<String, Value>) -> Result<(), ApiError> {
    check::policy(policy, |channel| {
        Ok(txn.bytes(&super::channels::key_of(channel))?.is_some())
    })?;
    let own = format!("{name}/conditions/");
    for condition in policy
        .get_mut("conditions")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let has_own = condition["name"].as_str().is_some_and(|given| given.starts_with(&own));
        if !has_own {
            condition["name"] = json!(format!("{own}{}", txn.next_generation()?));
        }
    }
    Ok(())
}

pub(super) async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (prefix, record) = (collection(&call, KIND), record(&call));
    let mut policy = message(body)?;
    let made = call.cloud.store.write(move |txn| {
        let name = format!("{prefix}{}", txn.next_generation()?);
        complete(txn, &name, &mut policy)?;
        policy.insert("name".into(), json!(name));
        policy.insert("creationRecord".into(), record.clone());
        policy.insert("mutationRecord".into(), record);
        txn.put(key_of(&name), &policy)?;
        Ok::<_, ApiError>(policy)
    });
    ok(&Value::Object(made.await?))
}

pub(super) async fn list(call: Call) -> Answer {
    unfiltered(&call)?;
    let all = all(&call.cloud.store.snapshot()?, &collection(&call, KIND))?;
    ok(&page(
        &call.query,
        KIND,
        all.into_iter().map(Value::Object).collect(),
        1000,
    )?)
}

pub(super) async fn get(call: Call) -> Answer {
    ok(&Value::Object(found(&call.cloud.store.snapshot()?, &name_of(&call))?))
}

pub(super) async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (name, record) = (name_of(&call), record(&call));
    let mask = call.query.get("updateMask").map(str::to_owned);
    let given = message(body)?;
    let changed = call.cloud.store.write(move |txn| {
        let present = found(txn, &name)?;
        let mut policy = updated(&present, &given, mask.as_deref(), POLICY)?;
        complete(txn, &name, &mut policy)?;
        // A policy is on or off, whatever a mask leaves of it.
        policy.entry("enabled").or_insert(json!(true));
        policy.insert("name".into(), json!(name));
        policy.insert(
            "creationRecord".into(),
            present.get("creationRecord").cloned().unwrap_or_default(),
        );
        policy.insert("mutationRecord".into(), record);
        txn.put(key_of(&name), &policy)?;
        Ok::<_, ApiError>(policy)
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
