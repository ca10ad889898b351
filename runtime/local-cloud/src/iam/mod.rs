//! IAM: policies for every resource that has one, and service accounts. Policies are validated as Google does, kept,
//! versioned by etag and given back; nobody is denied anything.

mod accounts;
mod policy;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::{Call, Query};
use crate::store::{StoreError, Txn, View};

pub(crate) use accounts::{address, methods};
pub(crate) use policy::Policy;

/// The policy under a key as version 3 shows it; an empty one if none was set.
pub(crate) fn get(cloud: &Cloud, key: &[u8]) -> Result<Value, ApiError> {
    get_version(cloud, key, 3)
}

/// The policy under a key as a caller sees it who understands this version: 3 with conditions, below without.
pub(crate) fn get_version(cloud: &Cloud, key: &[u8], version: i64) -> Result<Value, ApiError> {
    let snapshot = cloud.store.snapshot()?;
    let stored: Option<Policy> = snapshot.get(key)?;
    Ok(stored.unwrap_or_default().shown(&snapshot, version)?)
}

/// Replaces the policy, unless it was read before the last change.
pub(crate) async fn set(cloud: &Cloud, key: Vec<u8>, policy: Map<String, Value>) -> Result<Value, ApiError> {
    set_or(cloud, key, policy, stale(), |_, _| Ok(())).await
}

/// The answer to an etag that is not the current one, of most services.
pub(crate) fn stale() -> ApiError {
    ApiError::aborted(
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. The \
         request's ETag did not match the current policy's ETag.",
    )
}

/// As [`set`], with the service's own answer to an old etag, and what it demands beyond what IAM does.
pub(crate) async fn set_or(
    cloud: &Cloud,
    key: Vec<u8>,
    policy: Map<String, Value>,
    conflict: ApiError,
    demands: impl FnOnce(&Policy, &Txn<'_>) -> Result<(), ApiError> + Send + 'static,
) -> Result<Value, ApiError> {
    let set = cloud.store.write(move |txn| {
        let current: Policy = txn.get(&key)?.unwrap_or_default();
        let read = policy
            .get("etag")
            .and_then(Value::as_str)
            .filter(|etag| !etag.is_empty());
        if read.is_some_and(|etag| etag != current.etag) {
            return Err(conflict);
        }
        let mut new = Policy::checked(&policy, &current, txn)?;
        demands(&new, txn)?;
        new.etag = next_etag(txn)?;
        txn.put(key, &new)?;
        Ok::<_, ApiError>(new.shown(txn, 3)?)
    });
    set.await
}

/// The policy that a new resource has from the start: role and members each.
pub(crate) fn seed(txn: &mut Txn<'_>, key: Vec<u8>, bindings: &[(&str, Vec<String>)]) -> Result<(), StoreError> {
    let policy = Policy::seeded(bindings, next_etag(txn)?);
    txn.put(key, &policy)
}

fn next_etag(txn: &mut Txn<'_>) -> Result<String, StoreError> {
    Ok(STANDARD.encode(txn.next_generation()?.to_be_bytes()))
}

/// The version of policies that a GET's query asks for.
pub(crate) fn requested(query: &Query) -> Result<i64, ApiError> {
    let names = ["options.requestedPolicyVersion", "optionsRequestedPolicyVersion"];
    for name in names {
        if let Some(version) = query.number(name)? {
            return known_version(version);
        }
    }
    Ok(1)
}

fn known_version(version: i64) -> Result<i64, ApiError> {
    match version {
        0 | 1 | 3 => Ok(version.max(1)),
        _ => Err(ApiError::invalid(format!("Invalid policy version: {version}."))),
    }
}

/// `RESOURCE:getIamPolicy` by POST, for services whose body is `{"options": …}`.
pub(crate) async fn get_call(mut call: Call, key: Vec<u8>) -> Answer {
    let body = call.json().await?;
    let asked = body.get("options").and_then(|options| {
        let version = &options["requestedPolicyVersion"];
        version.as_i64().or_else(|| version.as_str()?.parse().ok())
    });
    let version = match asked {
        Some(version) => known_version(version)?,
        None => requested(&call.query)?,
    };
    ok(&get_version(&call.cloud, &key, version)?)
}

/// `RESOURCE:setIamPolicy`, for services whose body is `{"policy": …}`.
pub(crate) async fn set_call(mut call: Call, key: Vec<u8>) -> Answer {
    let policy = policy_of(&mut call).await?;
    ok(&set(&call.cloud, key, policy).await?)
}

/// The policy in a body `{"policy": …, "updateMask": …}`.
pub(crate) async fn policy_of(call: &mut Call) -> Result<Map<String, Value>, ApiError> {
    let mut body = call.json().await?;
    let Some(Value::Object(mut policy)) = body.remove("policy") else {
        return Err(ApiError::required("policy"));
    };
    let audits = body
        .get("updateMask")
        .and_then(Value::as_str)
        .is_some_and(|mask| mask.contains("auditConfigs") || mask.contains("audit_configs"));
    if !audits {
        policy.shift_remove("auditConfigs");
    }
    Ok(policy)
}

/// `RESOURCE:testIamPermissions`: the caller has every permission it asks about.
pub(crate) async fn test_call(mut call: Call) -> Answer {
    let body = call.json().await?;
    ok(&json!({ "permissions": body.get("permissions").cloned().unwrap_or_else(|| json!([])) }))
}
