//! Metadata of objects, and their removal: <https://cloud.google.com/storage/docs/json_api/v1/objects>.

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::buckets::live;
use super::preconditions::Preconditions;
use super::record::{Bucket, Object, retire};
use crate::http::answer::{Answer, ApiError, no_content, ok};
use crate::http::call::Call;
use crate::http::patch::merge;
use crate::http::route::{Method, method};

/// What the caller of an insert, patch or update may set.
const SETTABLE: [&str; 12] = [
    "contentType",
    "contentEncoding",
    "contentDisposition",
    "contentLanguage",
    "cacheControl",
    "metadata",
    "temporaryHold",
    "eventBasedHold",
    "customTime",
    "retention",
    "storageClass",
    "contexts",
];

pub(super) fn methods() -> Vec<Method> {
    vec![
        method("storage.objects.get", "GET", "/storage/v1/b/{bucket}/o/{object}", get),
        method(
            "storage.objects.delete",
            "DELETE",
            "/storage/v1/b/{bucket}/o/{object}",
            delete,
        ),
        method(
            "storage.objects.patch",
            "PATCH",
            "/storage/v1/b/{bucket}/o/{object}",
            patch,
        ),
        method(
            "storage.objects.update",
            "PUT",
            "/storage/v1/b/{bucket}/o/{object}",
            update,
        ),
    ]
}

/// What of a given resource is for the caller to set.
pub(super) fn settable(mut resource: Map<String, Value>) -> Map<String, Value> {
    resource.retain(|name, value| SETTABLE.contains(&name.as_str()) && !value.is_null());
    let mut settings = Map::new();
    merge(&mut settings, resource);
    drop_empty(&mut settings);
    settings
}

fn drop_empty(settings: &mut Map<String, Value>) {
    if settings
        .get("metadata")
        .is_some_and(|metadata| metadata.as_object().is_none_or(Map::is_empty))
    {
        settings.shift_remove("metadata");
    }
}

async fn get(call: Call) -> Answer {
    if call.query.get("alt") == Some("media") {
        return super::download::download(call).await;
    }
    let object = live(&call)?;
    Preconditions::of(&call.query)?.check_read(&object)?;
    ok(&object.resource(&call.cloud))
}

async fn patch(mut call: Call) -> Answer {
    let mut body = call.json().await?;
    body.retain(|name, _| SETTABLE.contains(&name.as_str()));
    change(call, move |settings| merge(settings, body)).await
}

async fn update(mut call: Call) -> Answer {
    let body = settable(call.json().await?);
    change(call, move |settings| {
        let class = settings
            .get("storageClass")
            .cloned()
            .unwrap_or_else(|| json!("STANDARD"));
        *settings = body;
        settings.insert("storageClass".into(), class);
    })
    .await
}

async fn change(call: Call, edit: impl FnOnce(&mut Map<String, Value>) + Send + 'static) -> Answer {
    let (bucket, name) = (call.param("bucket").to_owned(), call.param("object").to_owned());
    let generation = call.query.number("generation")?;
    let checks = Preconditions::of(&call.query)?;
    let object = call
        .cloud
        .store
        .write(move |txn| {
            let mut object = Object::read(txn, &bucket, &name, generation)?;
            checks.check_write(Some(&object))?;
            edit(&mut object.settings);
            drop_empty(&mut object.settings);
            object.metageneration += 1;
            object.updated = Utc::now();
            txn.put(object.key(), &object)?;
            Ok::<_, ApiError>(object)
        })
        .await?;
    ok(&object.resource(&call.cloud))
}

async fn delete(call: Call) -> Answer {
    let (bucket, name) = (call.param("bucket").to_owned(), call.param("object").to_owned());
    let generation = call.query.number("generation")?;
    let checks = Preconditions::of(&call.query)?;
    let unnamed = call
        .cloud
        .store
        .write(move |txn| {
            let object = Object::read(txn, &bucket, &name, generation)?;
            checks.check_write(Some(&object))?;
            let home = Bucket::read(txn, &bucket)?;
            if generation.is_none() {
                return retire(txn, &home, object);
            }
            home.guard(&object)?;
            txn.remove(object.key());
            Ok::<_, ApiError>(vec![object.blob])
        })
        .await?;
    call.cloud.blobs.remove(&unnamed);
    no_content()
}
