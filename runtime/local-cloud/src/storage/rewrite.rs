//! Objects made of other objects: copy, rewrite, move, compose. Copies share the body on disk and cost nothing.

use serde_json::{Map, Value, json};

use super::buckets::check_object_name;
use super::objects::settable;
use super::preconditions::Preconditions;
use super::record::{Bucket, NewObject, Object, retire};
use super::upload::no_such_source;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::store::View;

const MOST_SOURCES: usize = 32;

pub(super) async fn copy(call: Call) -> Answer {
    let (call, object) = duplicate(call).await?;
    ok(&object.resource(&call.cloud))
}

pub(super) async fn rewrite(call: Call) -> Answer {
    let (call, object) = duplicate(call).await?;
    ok(&json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": object.size.to_string(),
        "objectSize": object.size.to_string(),
        "done": true,
        "resource": object.resource(&call.cloud),
    }))
}

async fn duplicate(mut call: Call) -> Result<(Call, Object), ApiError> {
    let body = call.json().await?;
    let (to_bucket, to_name) = (call.param("toBucket").to_owned(), call.param("toObject").to_owned());
    check_object_name(&to_name)?;
    let checks = Preconditions::of(&call.query)?;
    let source_checks = Preconditions::of_source(&call.query)?;
    let generation = call.query.number("sourceGeneration")?;
    let source = Object::read(
        &call.cloud.store.snapshot()?,
        call.param("bucket"),
        call.param("object"),
        generation,
    )?;
    source_checks.check_write(Some(&source))?;
    // A body gives the metadata of the copy as a whole; without one the source's is taken over.
    let given = settable(body);
    let mut settings = if given.is_empty() {
        source.settings.clone()
    } else {
        given
    };
    for hold in ["temporaryHold", "eventBasedHold"] {
        settings.shift_remove(hold);
    }
    let (object, unnamed) = share(&call, &source, to_bucket, to_name, settings, checks, None).await?;
    call.cloud.blobs.remove(&unnamed);
    Ok((call, object))
}

/// Moves within a bucket, in one transaction.
pub(super) async fn move_object(call: Call) -> Answer {
    let to_name = call.param("toObject").to_owned();
    check_object_name(&to_name)?;
    let checks = Preconditions::of(&call.query)?;
    let source_checks = Preconditions::of_source(&call.query)?;
    let bucket = call.param("bucket").to_owned();
    let source = Object::read(&call.cloud.store.snapshot()?, &bucket, call.param("object"), None)?;
    source_checks.check_write(Some(&source))?;
    let settings = source.settings.clone();
    let (object, unnamed) = share(&call, &source, bucket, to_name, settings, checks, Some(source.clone())).await?;
    call.cloud.blobs.remove(&unnamed);
    ok(&object.resource(&call.cloud))
}

/// A new object with the body of `source`, which is removed in the same transaction if it is to be `moved`.
async fn share(
    call: &Call,
    source: &Object,
    bucket: String,
    name: String,
    settings: Map<String, Value>,
    checks: Preconditions,
    moved: Option<Object>,
) -> Result<(Object, Vec<String>), ApiError> {
    let blobs = call.cloud.blobs.clone();
    let (blob, size, crc32c) = (source.blob.clone(), source.size, source.crc32c);
    let body = tokio::task::spawn_blocking(move || blobs.link(&blob, size, crc32c)).await;
    let body = body
        .map_err(|e| ApiError::internal(e.to_string()))?
        .map_err(no_such_source)?;
    let new = NewObject {
        bucket,
        name,
        body,
        md5: source.md5.clone(),
        component_count: source.component_count,
        settings,
    };
    call.cloud
        .store
        .write(move |txn| {
            let mut unnamed = Vec::new();
            if let Some(source) = moved.filter(|source| source.name != new.name) {
                let current = Object::find(txn, &source.bucket, &source.name, None)?;
                if current.is_none_or(|current| current.generation != source.generation) {
                    return Err(ApiError::condition_not_met());
                }
                let home = Bucket::read(txn, &source.bucket)?;
                unnamed.extend(retire(txn, &home, source)?);
            }
            let (object, replaced) = new.commit(txn, &checks)?;
            unnamed.extend(replaced);
            Ok::<_, ApiError>((object, unnamed))
        })
        .await
}

pub(super) async fn compose(mut call: Call) -> Answer {
    let mut request = call.json().await?;
    let (bucket, name) = (call.param("bucket").to_owned(), call.param("object").to_owned());
    check_object_name(&name)?;
    let checks = Preconditions::of(&call.query)?;
    let listed = match request.remove("sourceObjects") {
        Some(Value::Array(sources)) if !sources.is_empty() => sources,
        _ => return Err(ApiError::required("sourceObjects")),
    };
    if listed.len() > MOST_SOURCES {
        let message = "The number of source components provided (33 or more) exceeds the maximum (32)";
        return Err(ApiError::invalid(message));
    }
    let snapshot = call.cloud.store.snapshot()?;
    checks.check_write(Object::find(&snapshot, &bucket, &name, None)?.as_ref())?;
    let sources = sources(&snapshot, &bucket, &listed)?;
    let components = sources.iter().map(|source| source.component_count.unwrap_or(1)).sum();
    let destination = match request.remove("destination") {
        Some(Value::Object(destination)) => destination,
        _ => Map::new(),
    };
    let mut settings = settable(destination);
    if let Some(kind) = sources.first().and_then(|first| first.settings.get("contentType")) {
        settings.entry("contentType").or_insert(kind.clone());
    }
    let blobs = call.cloud.blobs.clone();
    let body = tokio::task::spawn_blocking(move || {
        let mut partial = blobs.begin()?;
        for source in &sources {
            if let Err(error) = partial.append_file(&blobs.path(&source.blob)) {
                partial.discard();
                return Err(error);
            }
        }
        blobs.seal(partial)
    });
    let body = body
        .await
        .map_err(|e| ApiError::internal(e.to_string()))?
        .map_err(no_such_source)?;
    let new = NewObject {
        bucket,
        name,
        body,
        md5: None,
        component_count: Some(components),
        settings,
    };
    let (object, unnamed) = call.cloud.store.write(move |txn| new.commit(txn, &checks)).await?;
    call.cloud.blobs.remove(&unnamed);
    ok(&object.resource(&call.cloud))
}

fn sources(view: &impl View, bucket: &str, listed: &[Value]) -> Result<Vec<Object>, ApiError> {
    let number = |value: &Value| {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .or_else(|| value.as_i64())
    };
    let each = listed.iter().map(|source| {
        let name = source["name"]
            .as_str()
            .ok_or_else(|| ApiError::required("sourceObjects.name"))?;
        let object = Object::read(view, bucket, name, number(&source["generation"]))?;
        let wanted = number(&source["objectPreconditions"]["ifGenerationMatch"]);
        if wanted.is_some_and(|wanted| wanted != object.generation) {
            return Err(ApiError::condition_not_met());
        }
        Ok(object)
    });
    each.collect()
}
