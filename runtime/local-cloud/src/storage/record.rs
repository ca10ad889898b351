//! Buckets and objects as they are stored, and as resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::preconditions::Preconditions;
use crate::clock::stamp_millis;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::http::call::percent_encode;
use crate::store::{StoreError, Txn, View, key};

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) project: String,
    pub(crate) generation: i64,
    pub(crate) metageneration: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    /// What the caller may set, as it is shown.
    pub(crate) settings: Map<String, Value>,
}

impl Bucket {
    pub(crate) fn key(name: &str) -> Vec<u8> {
        key(&["storage", "b", name])
    }

    pub(crate) fn read(view: &impl View, name: &str) -> Result<Bucket, ApiError> {
        let bucket = view.get(&Self::key(name))?;
        bucket.ok_or_else(|| ApiError::not_found("The specified bucket does not exist."))
    }

    pub(crate) fn versioning(&self) -> bool {
        self.settings
            .get("versioning")
            .and_then(|v| v.get("enabled"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// Whether access is granted by IAM on the bucket alone.
    pub(crate) fn is_uniform(&self) -> bool {
        let access = self.settings.get("iamConfiguration");
        access.is_some_and(|access| access["uniformBucketLevelAccess"]["enabled"] == true)
    }

    pub(crate) fn keeps_the_public_out(&self) -> bool {
        let access = self.settings.get("iamConfiguration");
        access.is_some_and(|access| access["publicAccessPrevention"] == "enforced")
    }

    pub(crate) fn is_hierarchical(&self) -> bool {
        let namespace = self.settings.get("hierarchicalNamespace");
        namespace.is_some_and(|namespace| namespace["enabled"] == true)
    }

    fn retention_seconds(&self) -> Option<i64> {
        let period = self.settings.get("retentionPolicy")?.get("retentionPeriod")?;
        period
            .as_str()
            .and_then(|text| text.parse().ok())
            .or_else(|| period.as_i64())
    }

    /// Whether an object may be removed or replaced.
    pub(crate) fn guard(&self, object: &Object) -> Result<(), ApiError> {
        let held = |hold: &str| object.settings.get(hold).and_then(Value::as_bool).unwrap_or(false);
        if held("temporaryHold") || held("eventBasedHold") {
            let message = format!(
                "Object '{}/{}' is under active hold and cannot be deleted or overwritten.",
                self.name, object.name
            );
            return Err(ApiError::forbidden("objectUnderActiveHold", message));
        }
        let until = self
            .retention_seconds()
            .map(|seconds| object.created + chrono::TimeDelta::seconds(seconds));
        match until {
            Some(until) if until > Utc::now() => {
                let message = format!(
                    "Object '{}/{}' is subject to bucket's retention policy and cannot be deleted or overwritten until {}",
                    self.name,
                    object.name,
                    stamp_millis(until)
                );
                Err(ApiError::forbidden("retentionPolicyNotMet", message))
            }
            _ => Ok(()),
        }
    }

    /// The resource of the API.
    pub(crate) fn resource(&self, cloud: &Cloud) -> Value {
        let mut out = Map::new();
        out.insert("kind".into(), json!("storage#bucket"));
        out.insert(
            "selfLink".into(),
            json!(format!("{}/storage/v1/b/{}", cloud.base_url, self.name)),
        );
        out.insert("id".into(), json!(self.name));
        out.insert("name".into(), json!(self.name));
        out.insert(
            "projectNumber".into(),
            json!(Cloud::project_number(&self.project).to_string()),
        );
        out.insert("generation".into(), json!(self.generation.to_string()));
        out.insert("metageneration".into(), json!(self.metageneration.to_string()));
        out.extend(self.settings.clone());
        out.insert("timeCreated".into(), json!(stamp_millis(self.created)));
        out.insert("updated".into(), json!(stamp_millis(self.updated)));
        out.insert("etag".into(), json!(etag(0, self.metageneration)));
        Value::Object(out)
    }
}

/// One generation of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) metageneration: i64,
    pub(crate) size: u64,
    pub(crate) crc32c: u32,
    /// Base64; composed objects have none.
    pub(crate) md5: Option<String>,
    pub(crate) blob: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    /// When it ceased to be the live one.
    pub(crate) deleted: Option<DateTime<Utc>>,
    pub(crate) component_count: Option<u64>,
    /// What the caller may set, as it is shown.
    pub(crate) settings: Map<String, Value>,
}

impl Object {
    pub(crate) fn live_key(bucket: &str, name: &str) -> Vec<u8> {
        key(&["storage", "o", bucket, name])
    }

    pub(crate) fn old_key(bucket: &str, name: &str, generation: i64) -> Vec<u8> {
        key(&["storage", "v", bucket, name, &format!("{generation:020}")])
    }

    pub(crate) fn missing(bucket: &str, name: &str) -> ApiError {
        ApiError::not_found(format!("No such object: {bucket}/{name}"))
    }

    /// The live object, or the given generation of it.
    pub(crate) fn find(
        view: &impl View,
        bucket: &str,
        name: &str,
        generation: Option<i64>,
    ) -> Result<Option<Object>, StoreError> {
        let live: Option<Object> = view.get(&Self::live_key(bucket, name))?;
        match (live, generation) {
            (live, None) => Ok(live),
            (Some(live), Some(generation)) if live.generation == generation => Ok(Some(live)),
            (_, Some(generation)) => view.get(&Self::old_key(bucket, name, generation)),
        }
    }

    /// As [`Object::find`], for what must be there; tells a missing bucket from a missing object.
    pub(crate) fn read(
        view: &impl View,
        bucket: &str,
        name: &str,
        generation: Option<i64>,
    ) -> Result<Object, ApiError> {
        match Self::find(view, bucket, name, generation)? {
            Some(object) => Ok(object),
            None => {
                Bucket::read(view, bucket)?;
                Err(match generation {
                    Some(generation) => Self::missing(bucket, &format!("{name}#{generation}")),
                    None => Self::missing(bucket, name),
                })
            }
        }
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        match self.deleted {
            None => Self::live_key(&self.bucket, &self.name),
            Some(_) => Self::old_key(&self.bucket, &self.name, self.generation),
        }
    }

    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_str)
    }

    pub(crate) fn etag(&self) -> String {
        etag(self.generation, self.metageneration)
    }

    pub(crate) fn crc32c_text(&self) -> String {
        crc32c_text(self.crc32c)
    }

    /// The resource of the API.
    pub(crate) fn resource(&self, cloud: &Cloud) -> Value {
        let (bucket, name) = (&self.bucket, percent_encode(&self.name));
        let base = &cloud.base_url;
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
        put("kind", json!("storage#object"));
        put("id", json!(format!("{bucket}/{}/{}", self.name, self.generation)));
        put("selfLink", json!(format!("{base}/storage/v1/b/{bucket}/o/{name}")));
        let media = format!(
            "{base}/download/storage/v1/b/{bucket}/o/{name}?generation={}&alt=media",
            self.generation
        );
        put("mediaLink", json!(media));
        put("name", json!(self.name));
        put("bucket", json!(bucket));
        put("generation", json!(self.generation.to_string()));
        put("metageneration", json!(self.metageneration.to_string()));
        put("size", json!(self.size.to_string()));
        if let Some(md5) = &self.md5 {
            put("md5Hash", json!(md5));
        }
        put("crc32c", json!(self.crc32c_text()));
        put("etag", json!(self.etag()));
        put("timeCreated", json!(stamp_millis(self.created)));
        put("updated", json!(stamp_millis(self.updated)));
        put("timeStorageClassUpdated", json!(stamp_millis(self.created)));
        put("timeFinalized", json!(stamp_millis(self.created)));
        if let Some(deleted) = self.deleted {
            put("timeDeleted", json!(stamp_millis(deleted)));
        }
        if let Some(count) = self.component_count {
            put("componentCount", json!(count));
        }
        out.extend(self.settings.clone());
        Value::Object(out)
    }
}

/// The big-endian base64 form of a checksum.
pub(crate) fn crc32c_text(sum: u32) -> String {
    STANDARD.encode(sum.to_be_bytes())
}

/// An opaque tag of one state of a resource.
fn etag(generation: i64, metageneration: i64) -> String {
    let mut bytes = vec![8u8];
    bytes.extend(generation.to_be_bytes());
    bytes.push(16);
    bytes.extend(metageneration.to_be_bytes());
    STANDARD.encode(bytes)
}

/// A body and its metadata that are to become the live object under a name.
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) body: crate::blobs::Sealed,
    /// Base64; composed objects have none.
    pub(crate) md5: Option<String>,
    pub(crate) component_count: Option<u64>,
    pub(crate) settings: Map<String, Value>,
}

impl NewObject {
    /// Makes it the live object if the preconditions hold. Gives the object and the bodies that nothing names any more.
    pub(crate) fn commit(self, txn: &mut Txn<'_>, checks: &Preconditions) -> Result<(Object, Vec<String>), ApiError> {
        let NewObject {
            bucket,
            name,
            mut body,
            md5,
            component_count,
            mut settings,
        } = self;
        let home = Bucket::read(txn, &bucket)?;
        let existing = Object::find(txn, &bucket, &name, None)?;
        checks.check_write(existing.as_ref())?;
        let class = home
            .settings
            .get("storageClass")
            .cloned()
            .unwrap_or_else(|| json!("STANDARD"));
        settings.entry("storageClass").or_insert(class);
        if home.settings.get("defaultEventBasedHold") == Some(&json!(true)) {
            settings.entry("eventBasedHold").or_insert(json!(true));
        }
        let generation = txn.next_generation()?;
        let unnamed = match existing {
            Some(old) => retire(txn, &home, old)?,
            None => Vec::new(),
        };
        let now = Utc::now();
        let object = Object {
            bucket,
            name,
            generation,
            metageneration: 1,
            size: body.sums.size,
            crc32c: body.sums.crc32c,
            md5,
            blob: body.id.clone(),
            created: now,
            updated: now,
            deleted: None,
            component_count,
            settings,
        };
        txn.put(object.key(), &object)?;
        body.keep();
        Ok((object, unnamed))
    }
}

/// Ends an object's time as the live one: it becomes an old generation where the bucket keeps those, else it goes.
pub(crate) fn retire(txn: &mut Txn<'_>, bucket: &Bucket, mut object: Object) -> Result<Vec<String>, ApiError> {
    let key = object.key();
    if bucket.versioning() {
        object.deleted = Some(Utc::now());
        txn.put(object.key(), &object)?;
        txn.remove(key);
        return Ok(Vec::new());
    }
    bucket.guard(&object)?;
    txn.remove(key);
    Ok(vec![object.blob])
}
