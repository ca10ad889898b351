//! IAM policies, for every resource that has one: kept, versioned by etag, given back. Nobody is denied anything.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::store::View;

/// The policy under a key; an empty one if none was set.
pub(crate) fn get(cloud: &Cloud, key: &[u8]) -> Result<Value, ApiError> {
    let stored: Option<Value> = cloud.store.get(key)?;
    Ok(stored.unwrap_or_else(|| json!({ "version": 1, "etag": "ACAB", "bindings": [] })))
}

/// Replaces the policy, unless it was read before the last change.
pub(crate) async fn set(cloud: &Cloud, key: Vec<u8>, mut policy: Map<String, Value>) -> Result<Value, ApiError> {
    cloud
        .store
        .write(move |txn| {
            let current: Option<Value> = txn.get(&key)?;
            let current = current
                .as_ref()
                .and_then(|policy| policy["etag"].as_str())
                .unwrap_or("ACAB");
            let read = policy
                .get("etag")
                .and_then(Value::as_str)
                .filter(|etag| !etag.is_empty());
            if read.is_some_and(|etag| etag != current) {
                return Err(ApiError::aborted(
                    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential \
                     backoff.",
                ));
            }
            let generation = txn.next_generation()?;
            policy.retain(|name, _| matches!(name.as_str(), "version" | "bindings"));
            policy.entry("version").or_insert(json!(1));
            policy.entry("bindings").or_insert(json!([]));
            policy.insert("etag".into(), json!(STANDARD.encode(generation.to_be_bytes())));
            let policy = Value::Object(policy);
            txn.put(key, &policy)?;
            Ok(policy)
        })
        .await
}

/// `RESOURCE:setIamPolicy`, for services whose body is `{"policy": …}`.
pub(crate) async fn set_call(mut call: Call, key: Vec<u8>) -> Answer {
    let mut body = call.json().await?;
    let Some(Value::Object(policy)) = body.remove("policy") else {
        return Err(ApiError::required("policy"));
    };
    ok(&set(&call.cloud, key, policy).await?)
}

/// `RESOURCE:testIamPermissions`: the caller has every permission it asks about.
pub(crate) async fn test_call(mut call: Call) -> Answer {
    let body = call.json().await?;
    ok(&json!({ "permissions": body.get("permissions").cloned().unwrap_or_else(|| json!([])) }))
}
