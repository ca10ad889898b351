//! IAM policies of buckets: <https://cloud.google.com/storage/docs/json_api/v1/buckets/setIamPolicy>.

use serde_json::{Value, json};

use super::record::Bucket;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::iam;
use crate::store::{StoreError, Txn, key};

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

/// What Google grants on a new bucket: to its project's owners, editors and viewers.
pub(super) fn seed(txn: &mut Txn<'_>, bucket: &Bucket) -> Result<(), StoreError> {
    let project = &bucket.project;
    let owners = vec![format!("projectEditor:{project}"), format!("projectOwner:{project}")];
    let viewers = vec![format!("projectViewer:{project}")];
    let mut bindings = vec![
        ("roles/storage.legacyBucketOwner", owners.clone()),
        ("roles/storage.legacyBucketReader", viewers.clone()),
    ];
    if bucket.is_uniform() {
        bindings.push(("roles/storage.legacyObjectOwner", owners));
        bindings.push(("roles/storage.legacyObjectReader", viewers));
    }
    iam::seed(txn, key_of(&bucket.name), &bindings)
}

fn shown(mut policy: Value, bucket: &str) -> Value {
    policy["kind"] = json!("storage#policy");
    policy["resourceId"] = json!(format!("projects/_/buckets/{bucket}"));
    policy
}

async fn get(call: Call) -> Answer {
    let bucket = call.param("bucket");
    Bucket::read(&call.cloud.store.snapshot()?, bucket)?;
    let policy = iam::get_version(&call.cloud, &key_of(bucket), iam::requested(&call.query)?)?;
    ok(&shown(policy, bucket))
}

async fn set(mut call: Call) -> Answer {
    let policy = call.json().await?;
    let name = call.param("bucket").to_owned();
    Bucket::read(&call.cloud.store.snapshot()?, &name)?;
    let stale = ApiError::condition_not_met();
    let own = name.clone();
    let set = iam::set_or(&call.cloud, key_of(&name), policy, stale, move |policy, txn| {
        let bucket = Bucket::read(txn, &own)?;
        if policy.is_public() && bucket.keeps_the_public_out() {
            return Err(ApiError::new(
                412,
                "FAILED_PRECONDITION",
                "conditionNotMet",
                "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is \
                 enforced.",
            ));
        }
        if policy.is_conditional() && !bucket.is_uniform() {
            return Err(ApiError::invalid(
                "IAM Conditions can only be set on buckets with uniform bucket-level access enabled.",
            ));
        }
        Ok(())
    });
    ok(&shown(set.await?, &name))
}

async fn test(call: Call) -> Answer {
    Bucket::read(&call.cloud.store.snapshot()?, call.param("bucket"))?;
    let permissions: Vec<&str> = call.query.all("permissions").collect();
    ok(&json!({ "kind": "storage#testIamPermissionsResponse", "permissions": permissions }))
}
