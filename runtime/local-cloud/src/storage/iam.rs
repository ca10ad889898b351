//! IAM policies of buckets. They are kept and given back; nobody is denied anything.

use serde_json::{Value, json};

use super::record::Bucket;
use crate::http::answer::{Answer, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::iam;
use crate::store::key;

pub(super) fn methods() -> Vec<Method> {
    vec![
        method("storage.buckets.getIamPolicy", "GET", "/storage/v1/b/{bucket}/iam", get),
        method("storage.buckets.setIamPolicy", "PUT", "/storage/v1/b/{bucket}/iam", set),
        method(
            "storage.buckets.testIamPermissions",
            "GET",
            "/storage/v1/b/{bucket}/iam/testPermissions",
            test,
        ),
    ]
}

pub(super) fn key_of(bucket: &str) -> Vec<u8> {
    key(&["storage", "iam", bucket])
}

fn shown(mut policy: Value, bucket: &str) -> Value {
    policy["kind"] = json!("storage#policy");
    policy["resourceId"] = json!(format!("projects/_/buckets/{bucket}"));
    policy
}

async fn get(call: Call) -> Answer {
    let bucket = call.param("bucket");
    Bucket::read(&call.cloud.store.snapshot()?, bucket)?;
    ok(&shown(iam::get(&call.cloud, &key_of(bucket))?, bucket))
}

async fn set(mut call: Call) -> Answer {
    let policy = call.json().await?;
    let bucket = call.param("bucket");
    Bucket::read(&call.cloud.store.snapshot()?, bucket)?;
    let policy = iam::set(&call.cloud, key_of(bucket), policy).await?;
    ok(&shown(policy, bucket))
}

async fn test(call: Call) -> Answer {
    Bucket::read(&call.cloud.store.snapshot()?, call.param("bucket"))?;
    let permissions: Vec<&str> = call.query.all("permissions").collect();
    ok(&json!({ "kind": "storage#testIamPermissionsResponse", "permissions": permissions }))
}
