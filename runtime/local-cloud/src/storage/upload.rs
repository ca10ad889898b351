//! Uploads: <https://cloud.google.com/storage/docs/uploads-downloads>. Simple and multipart ones are here, resumable ones
//! begin here and go on in [`super::resumable`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::buckets::check_object_name;
use super::multipart;
use super::objects::settable;
use super::preconditions::Preconditions;
use super::record::{Bucket, NewObject, Object, crc32c_text};
use super::resumable;
use crate::blobs::{Partial, Sums};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;

pub(super) async fn insert(call: Call) -> Answer {
    if call.query.get("upload_id").is_some() {
        return resumable::receive(call).await;
    }
    let kind = call.query.get("uploadType").or_else(|| call.query.get("upload_type"));
    let kind = kind.map(str::to_owned).unwrap_or_else(|| {
        let multipart = call
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("multipart/"));
        if multipart { "multipart".into() } else { "media".into() }
    });
    match kind.as_str() {
        "media" => media(call).await,
        "multipart" => multi(call).await,
        "resumable" => resumable::begin(call).await,
        other => Err(ApiError::invalid(format!(
            "Invalid value for parameter uploadType: \"{other}\""
        ))),
    }
}

async fn media(mut call: Call) -> Answer {
    let mut plan = Plan::of(&call, Map::new())?;
    if let Some(kind) = call.header("content-type") {
        plan.settings.entry("contentType").or_insert(json!(kind));
    }
    plan.look(&call.cloud)?;
    let body = call.stream();
    let partial = call.cloud.blobs.receive(body).await?;
    finish(&call, plan, partial).await
}

async fn multi(mut call: Call) -> Answer {
    let boundary = multipart::boundary(call.header("content-type").unwrap_or_default())
        .ok_or_else(|| ApiError::invalid("a multipart upload needs a Content-Type with a boundary"))?;
    let mut parts = multipart::Reader::new(call.stream(), &boundary);
    let (_, resource) = parts.small_part().await?;
    let resource = crate::http::call::parse_object(&resource)?;
    let mut plan = Plan::of(&call, resource)?;
    plan.look(&call.cloud)?;
    let (headers, body) = parts.last_part().await?;
    if let Some(kind) = headers.get("content-type") {
        plan.settings.entry("contentType").or_insert(json!(kind));
    }
    let partial = call.cloud.blobs.receive(Box::pin(body)).await?;
    finish(&call, plan, partial).await
}

async fn finish(call: &Call, plan: Plan, partial: Partial) -> Answer {
    let sums = plan.sums.clone().with_headers(&call.headers);
    if let Err(error) = sums.check(&partial.sums) {
        partial.discard();
        return Err(error);
    }
    let object = plan.commit(&call.cloud, partial, |_, _| Ok(())).await?;
    ok(&object.resource(&call.cloud))
}

/// What is to be uploaded, as far as it is known before the body is.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Plan {
    pub(super) bucket: String,
    pub(super) name: String,
    pub(super) settings: Map<String, Value>,
    pub(super) checks: Preconditions,
    pub(super) sums: Expected,
}

impl Plan {
    pub(super) fn of(call: &Call, mut resource: Map<String, Value>) -> Result<Plan, ApiError> {
        let text = |resource: &Map<String, Value>, name: &str| resource.get(name)?.as_str().map(str::to_owned);
        let name = call
            .query
            .get("name")
            .map(str::to_owned)
            .or_else(|| text(&resource, "name"));
        let name = name.ok_or_else(|| ApiError::required("name"))?;
        check_object_name(&name)?;
        if let Some(encoding) = call.query.get("contentEncoding") {
            resource.insert("contentEncoding".into(), json!(encoding));
        }
        Ok(Plan {
            bucket: call.param("bucket").to_owned(),
            name,
            checks: Preconditions::of(&call.query)?,
            sums: Expected {
                crc32c: text(&resource, "crc32c"),
                md5: text(&resource, "md5Hash"),
            },
            settings: settable(resource),
        })
    }

    /// Fails before the body is received if it would fail after it.
    pub(super) fn look(&self, cloud: &Cloud) -> Result<(), ApiError> {
        let snapshot = cloud.store.snapshot()?;
        Bucket::read(&snapshot, &self.bucket)?;
        self.checks
            .check_write(Object::find(&snapshot, &self.bucket, &self.name, None)?.as_ref())
    }

    /// Seals the body and makes the object; `also` runs in the same transaction.
    pub(super) async fn commit(
        self,
        cloud: &Cloud,
        partial: Partial,
        also: impl FnOnce(&mut crate::store::Txn<'_>, &Object) -> Result<(), ApiError> + Send + 'static,
    ) -> Result<Object, ApiError> {
        let blobs = cloud.blobs.clone();
        let sealed = tokio::task::spawn_blocking(move || blobs.seal(partial)).await;
        let body = sealed.map_err(|e| ApiError::internal(e.to_string()))??;
        let md5 = Some(STANDARD.encode(body.sums.md5()));
        let Plan {
            bucket,
            name,
            settings,
            checks,
            ..
        } = self;
        let new = NewObject {
            bucket,
            name,
            body,
            md5,
            component_count: None,
            settings,
        };
        let committed = cloud.store.write(move |txn| {
            let (object, unnamed) = new.commit(txn, &checks)?;
            also(txn, &object)?;
            Ok::<_, ApiError>((object, unnamed))
        });
        let (object, unnamed) = committed.await?;
        cloud.blobs.remove(&unnamed);
        Ok(object)
    }
}

/// The checksums that a client says its body has, in base64.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Expected {
    crc32c: Option<String>,
    md5: Option<String>,
}

impl Expected {
    /// Also what `X-Goog-Hash` and `Content-MD5` say.
    pub(super) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        let listed = headers
            .get_all("x-goog-hash")
            .iter()
            .filter_map(|value| value.to_str().ok());
        for hash in listed.flat_map(|value| value.split(',')) {
            match hash.trim().split_once('=') {
                Some(("crc32c", sum)) => self.crc32c = Some(sum.to_owned()),
                Some(("md5", sum)) => self.md5 = Some(sum.to_owned()),
                _ => {}
            }
        }
        if let Some(md5) = headers.get("content-md5").and_then(|value| value.to_str().ok()) {
            self.md5 = Some(md5.to_owned());
        }
        self
    }

    pub(super) fn check(&self, sums: &Sums) -> Result<(), ApiError> {
        let computed = [
            ("CRC32C", &self.crc32c, crc32c_text(sums.crc32c)),
            ("MD5 hash", &self.md5, STANDARD.encode(sums.md5())),
        ];
        for (kind, given, computed) in computed {
            if let Some(given) = given.as_deref().filter(|given| given.trim() != computed) {
                let message = format!("Provided {kind} \"{given}\" doesn't match calculated {kind} \"{computed}\".");
                return Err(ApiError::invalid(message));
            }
        }
        Ok(())
    }
}

/// The body of a source went away between the look at its metadata and the look at its file.
pub(super) fn no_such_source(error: std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::NotFound {
        return ApiError::not_found("The source object was deleted while it was read.");
    }
    error.into()
}
