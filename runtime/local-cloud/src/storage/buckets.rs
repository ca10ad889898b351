//! Buckets: <https://cloud.google.com/storage/docs/json_api/v1/buckets>.

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::preconditions::Preconditions;
use super::record::{Bucket, Object};
use super::settings::{SETTABLE, lock, normalise};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, no_content, ok};
use crate::http::call::{Call, percent_decode, percent_encode};
use crate::http::patch::merge;
use crate::http::route::{Method, method};
use crate::store::{Next, View, under};

/// What is fixed once the bucket exists.
const IMMUTABLE: [&str; 4] = [
    "location",
    "customPlacementConfig",
    "hierarchicalNamespace",
    "objectRetention",
];

pub(super) fn methods() -> Vec<Method> {
    vec![
        method("storage.buckets.insert", "POST", "/storage/v1/b", insert),
        method("storage.buckets.list", "GET", "/storage/v1/b", list),
        method("storage.buckets.get", "GET", "/storage/v1/b/{bucket}", get),
        method("storage.buckets.patch", "PATCH", "/storage/v1/b/{bucket}", patch),
        method("storage.buckets.update", "PUT", "/storage/v1/b/{bucket}", update),
        method("storage.buckets.delete", "DELETE", "/storage/v1/b/{bucket}", delete),
        method(
            "storage.buckets.lockRetentionPolicy",
            "POST",
            "/storage/v1/b/{bucket}/lockRetentionPolicy",
            lock_retention,
        ),
        method(
            "storage.buckets.getStorageLayout",
            "GET",
            "/storage/v1/b/{bucket}/storageLayout",
            layout,
        ),
        method(
            "storage.managedFolders.list",
            "GET",
            "/storage/v1/b/{bucket}/managedFolders",
            no_folders,
        ),
        method(
            "storage.folders.list",
            "GET",
            "/storage/v1/b/{bucket}/folders",
            no_folders,
        ),
        method(
            "storage.projects.serviceAccount.get",
            "GET",
            "/storage/v1/projects/{project}/serviceAccount",
            service_account,
        ),
    ]
}

async fn insert(mut call: Call) -> Answer {
    let body = call.json().await?;
    let project = call
        .query
        .get("project")
        .ok_or_else(|| ApiError::required("project"))?
        .to_owned();
    let name = body
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::required("name"))?
        .to_owned();
    check_name(&name)?;
    let mut settings = Map::new();
    merge(&mut settings, changeable(body, false));
    if call.query.flag("enableObjectRetention") {
        settings.insert("objectRetention".into(), json!({ "mode": "Enabled" }));
    }
    let settings = normalise(settings, &Map::new())?;
    let bucket = call
        .cloud
        .store
        .write(move |txn| {
            if let Some(existing) = txn.get::<Bucket>(&Bucket::key(&name))? {
                return Err(ApiError::exists(if existing.project == project {
                    "Your previous request to create the named bucket succeeded and you already own it."
                } else {
                    "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                     system. Please select a different name and try again."
                }));
            }
            let generation = txn.next_generation()?;
            let now = Utc::now();
            let bucket = Bucket {
                name,
                project,
                generation,
                metageneration: 1,
                created: now,
                updated: now,
                settings,
            };
            txn.put(Bucket::key(&bucket.name), &bucket)?;
            super::iam::seed(txn, &bucket)?;
            Ok(bucket)
        })
        .await?;
    ok(&bucket.resource(&call.cloud))
}

async fn list(call: Call) -> Answer {
    let project = call.query.get("project").ok_or_else(|| ApiError::required("project"))?;
    let prefix = call.query.get("prefix").unwrap_or_default();
    let most = call.query.page_size("maxResults", 1000, 1000)?;
    let from = call
        .query
        .get("pageToken")
        .map(|token| percent_decode(token, false))
        .unwrap_or_default();
    let snapshot = call.cloud.store.snapshot()?;
    let (mut items, mut next) = (Vec::new(), None);
    snapshot.scan(
        &under(&["storage", "b"]),
        &Bucket::key(prefix.max(&from)),
        &mut |_, bytes| {
            let Ok(bucket) = serde_json::from_slice::<Bucket>(bytes) else {
                return Ok(Next::Continue);
            };
            if bucket.project != project || !bucket.name.starts_with(prefix) {
                return Ok(Next::Continue);
            }
            if items.len() == most {
                next = Some(percent_encode(&bucket.name));
                return Ok(Next::Stop);
            }
            items.push(bucket.resource(&call.cloud));
            Ok(Next::Continue)
        },
    )?;
    let mut page = json!({ "kind": "storage#buckets" });
    if !items.is_empty() {
        page["items"] = Value::Array(items);
    }
    if let Some(next) = next {
        page["nextPageToken"] = Value::String(next);
    }
    ok(&page)
}

async fn get(call: Call) -> Answer {
    let bucket = Bucket::read(&call.cloud.store.snapshot()?, call.param("bucket"))?;
    Preconditions::of(&call.query)?.check_metageneration(bucket.metageneration, true)?;
    ok(&bucket.resource(&call.cloud))
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    change(call, move |settings| merge(settings, changeable(body, true))).await
}

async fn update(mut call: Call) -> Answer {
    let body = call.json().await?;
    change(call, move |settings| {
        let fixed: Map<String, Value> = settings
            .iter()
            .filter(|(name, _)| kept_by_update(name))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let mut new = Map::new();
        merge(&mut new, changeable(body, true));
        new.extend(fixed);
        *settings = new;
    })
    .await
}

fn kept_by_update(name: &str) -> bool {
    matches!(
        name,
        "location" | "locationType" | "customPlacementConfig" | "hierarchicalNamespace" | "objectRetention"
    )
}

async fn change(call: Call, edit: impl FnOnce(&mut Map<String, Value>) + Send + 'static) -> Answer {
    let name = call.param("bucket").to_owned();
    let checks = Preconditions::of(&call.query)?;
    let bucket = call
        .cloud
        .store
        .write(move |txn| {
            let mut bucket = Bucket::read(txn, &name)?;
            checks.check_metageneration(bucket.metageneration, false)?;
            let before = bucket.settings.clone();
            let mut settings = before.clone();
            edit(&mut settings);
            bucket.settings = normalise(settings, &before)?;
            bucket.metageneration += 1;
            bucket.updated = Utc::now();
            txn.put(Bucket::key(&name), &bucket)?;
            Ok::<_, ApiError>(bucket)
        })
        .await?;
    ok(&bucket.resource(&call.cloud))
}

async fn delete(call: Call) -> Answer {
    let name = call.param("bucket").to_owned();
    let checks = Preconditions::of(&call.query)?;
    call.cloud
        .store
        .write(move |txn| {
            let bucket = Bucket::read(txn, &name)?;
            checks.check_metageneration(bucket.metageneration, false)?;
            if txn.any(&under(&["storage", "o", &name]))? || txn.any(&under(&["storage", "v", &name]))? {
                return Err(ApiError::exists("The bucket you tried to delete is not empty."));
            }
            txn.remove(Bucket::key(&name));
            txn.remove(super::iam::key_of(&name));
            Ok(())
        })
        .await?;
    no_content()
}

async fn layout(call: Call) -> Answer {
    let bucket = Bucket::read(&call.cloud.store.snapshot()?, call.param("bucket"))?;
    ok(&json!({
        "kind": "storage#storageLayout",
        "bucket": bucket.name,
        "location": bucket.settings.get("location"),
        "locationType": bucket.settings.get("locationType"),
        "hierarchicalNamespace": { "enabled": bucket.is_hierarchical() },
    }))
}

/// A bucket without a hierarchical namespace has none and never will.
async fn no_folders(call: Call) -> Answer {
    let bucket = Bucket::read(&call.cloud.store.snapshot()?, call.param("bucket"))?;
    if bucket.is_hierarchical() {
        return Err(ApiError::unimplemented("folders of a hierarchical namespace"));
    }
    ok(&json!({}))
}

/// From then on the period can only grow.
async fn lock_retention(call: Call) -> Answer {
    if call.query.get("ifMetagenerationMatch").is_none() {
        return Err(ApiError::required("ifMetagenerationMatch"));
    }
    let name = call.param("bucket").to_owned();
    let checks = Preconditions::of(&call.query)?;
    let locked = call.cloud.store.write(move |txn| {
        let mut bucket = Bucket::read(txn, &name)?;
        checks.check_metageneration(bucket.metageneration, false)?;
        lock(&mut bucket.settings)?;
        bucket.metageneration += 1;
        bucket.updated = Utc::now();
        txn.put(Bucket::key(&name), &bucket)?;
        Ok::<_, ApiError>(bucket)
    });
    ok(&locked.await?.resource(&call.cloud))
}

async fn service_account(call: Call) -> Answer {
    let number = Cloud::project_number(call.param("project"));
    ok(&json!({
        "kind": "storage#serviceAccount",
        "email_address": format!("service-{number}@gs-project-accounts.iam.gserviceaccount.com"),
    }))
}

/// <https://cloud.google.com/storage/docs/buckets#naming>
fn check_name(name: &str) -> Result<(), ApiError> {
    let most = if name.contains('.') { 222 } else { 63 };
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let valid = (3..=most).contains(&name.len())
        && name.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.split('.').all(|part| !part.is_empty() && part.len() <= 63)
        && !name.starts_with("goog")
        && !name.contains("google")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if valid {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("Invalid bucket name: '{name}'")))
    }
}

/// Of what was sent, what is for the caller to set. Predefined ACLs are not: nobody is denied.
fn changeable(mut body: Map<String, Value>, exists: bool) -> Map<String, Value> {
    body.retain(|name, _| SETTABLE.contains(&name.as_str()) && !(exists && IMMUTABLE.contains(&name.as_str())));
    body
}

/// The name of an object: <https://cloud.google.com/storage/docs/objects#naming>.
pub(super) fn check_object_name(name: &str) -> Result<(), ApiError> {
    let valid = (1..=1024).contains(&name.len()) && !name.contains(['\r', '\n', '\0']) && name != "." && name != "..";
    if valid {
        Ok(())
    } else {
        Err(ApiError::invalid(format!(
            "Invalid object name: '{}'",
            name.escape_debug()
        )))
    }
}

/// The live object for what a path names.
pub(super) fn live(call: &Call) -> Result<Object, ApiError> {
    let generation = call.query.number("generation")?;
    Object::read(
        &call.cloud.store.snapshot()?,
        call.param("bucket"),
        call.param("object"),
        generation,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for (name, valid) in [
            ("abc", true),
            ("a.b-c_d", true),
            ("ab", false),
            ("Abc", false),
            ("-abc", false),
            ("abc.", false),
            ("a..b", false),
            ("googbucket", false),
            ("192.168.1.1", false),
            (
                "a234567890123456789012345678901234567890123456789012345678901234",
                false,
            ),
        ] {
            assert_eq!(check_name(name).is_ok(), valid, "{name}");
        }
    }
}
