//! `headwater_storage_object`: an object in a bucket, whose content is a file or stands in the configuration.
//! <https://cloud.google.com/storage/docs/json_api/v1/objects>

mod content;
mod document;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{Kind, ObjectPath, OptionalExt as _, Precondition};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Identity, Path, Plan, Resource, Result, Schema, Timeouts, Type, exactly_one_of,
    required_with, validate,
};

use self::content::{Content, UploadError};
use crate::clients::Clients;
use crate::names;
use crate::problems::Explain as _;

/// Content that an import brings back into the configuration's place; more is not read.
const INLINE: u64 = 1 << 20;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct StorageObject;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Object {
    bucket: Attr<String>,
    name: Attr<String>,
    source: Attr<String>,
    content: Attr<String>,
    content_wo: Attr<String>,
    content_wo_version: Attr<i64>,
    content_type: Attr<String>,
    content_encoding: Attr<String>,
    content_disposition: Attr<String>,
    content_language: Attr<String>,
    cache_control: Attr<String>,
    storage_class: Attr<String>,
    metadata: Attr<BTreeMap<String, Attr<String>>>,
    size: Attr<i64>,
    crc32c: Attr<String>,
    md5: Attr<String>,
    generation: Attr<i64>,
    url: Attr<String>,
    id: Attr<String>,
}

impl Object {
    fn path(&self) -> Result<ObjectPath, Diagnostic> {
        Ok(ObjectPath {
            bucket: self.bucket.require("bucket")?.clone(),
            name: self.name.require("name")?.clone(),
        })
    }

    /// What follows from the names.
    fn named(mut self) -> Object {
        self.id = match (&self.bucket, &self.name) {
            (Attr::Known(bucket), Attr::Known(name)) => format!("{bucket}/{name}").into(),
            _ => Attr::Unknown,
        };
        self.url = self.id.clone().map(|id| format!("gs://{id}"));
        self
    }

    /// Whether nothing is said of where the content comes from, as after an import.
    fn has_no_origin(&self) -> bool {
        self.source.is_null() && self.content.is_null() && self.content_wo_version.is_null()
    }

    /// What is known of the content before it is written.
    fn plan_content(&mut self, prior: Option<&Object>, sum: Option<headwater_cloud::Checksum>) {
        let same_secret = prior.is_some_and(|prior| {
            self.content_wo_version == prior.content_wo_version && !self.content_wo_version.is_null()
        });
        let same = match (&sum, prior) {
            (Some(sum), Some(prior)) => prior.crc32c.as_deref() == Some(&sum.crc32c()),
            (None, Some(_)) => same_secret,
            (_, None) => false,
        };
        let same = same
            && prior.is_some_and(|prior| prior.storage_class == self.storage_class || self.storage_class.is_unknown());
        if let (true, Some(prior)) = (same, prior) {
            self.generation = prior.generation;
            self.size = prior.size;
            self.crc32c = prior.crc32c.clone();
            self.md5 = prior.md5.clone();
            self.storage_class = prior.storage_class.clone();
            return;
        }
        self.generation = Attr::Unknown;
        self.md5 = Attr::Unknown;
        let secret = !self.content_wo_version.is_null();
        (self.size, self.crc32c) = match sum {
            Some(sum) => (
                i64::try_from(sum.size()).unwrap_or(i64::MAX).into(),
                sum.crc32c().into(),
            ),
            // A checksum of a short secret would give it away.
            None if secret => (Attr::Unknown, Attr::Null),
            None => (Attr::Unknown, Attr::Unknown),
        };
        if secret {
            self.md5 = Attr::Null;
        }
    }
}

fn text(about: &str) -> Attribute {
    Attribute::string()
        .optional()
        .validate(validate::length(1..))
        .describe(about)
}

fn computed(about: &str) -> Attribute {
    Attribute::string().computed().use_state_for_unknown().describe(about)
}

#[async_trait]
impl Resource for StorageObject {
    type Model = Object;

    fn type_name(&self) -> &'static str {
        "headwater_storage_object"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("gs://{bucket}/{name}"))
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "bucket",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::bucket())
                    .describe("The bucket's name: the id of a `headwater_storage_bucket`."),
            ),
            (
                "name",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(document::object_name())
                    .describe("The object's name in the bucket, such as `config/rules.json`."),
            ),
            (
                "source",
                text("The path of the file whose content the object has. The file is read at every plan, so that a file that changed is seen, and streamed, so that it may be big."),
            ),
            ("content", Attribute::string().optional().describe("The content itself, as text. It is kept in the state.")),
            (
                "content_wo",
                Attribute::string().optional().write_only().sensitive().validate(validate::length(1..)).describe("The content itself, which reaches neither plan nor state. A change of it is seen by its `content_wo_version`."),
            ),
            (
                "content_wo_version",
                Attribute::number()
                    .optional()
                    .validate(validate::whole_number())
                    .validate(validate::range(1..))
                    .describe("Raise it to write `content_wo` again."),
            ),
            (
                "content_type",
                Attribute::string().default("application/octet-stream").validate(validate::length(1..)).describe("The content's media type."),
            ),
            ("content_encoding", text("How the content is packed, such as `gzip`.")),
            ("content_disposition", text("How browsers show the content, such as `attachment`.")),
            ("content_language", text("The content's language, such as `en`.")),
            ("cache_control", text("How long caches may keep the content, such as `no-store` or `public, max-age=3600`.")),
            (
                "storage_class",
                Attribute::string()
                    .optional_computed()
                    .use_state_for_unknown()
                    .validate(validate::one_of(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]))
                    .describe("The storage class; a change writes the content again. Default: the bucket's."),
            ),
            (
                "metadata",
                Attribute::map(Type::String)
                    .optional()
                    .validate(document::metadata_keys())
                    .describe("Metadata of your own."),
            ),
            ("size", Attribute::number().computed().use_state_for_unknown().describe("The content's size in bytes.")),
            ("crc32c", computed("The content's CRC32C in base64, by which a change of the file or of the object is seen. Null with `content_wo`.")),
            ("md5", computed("The content's MD5 in base64. Null with `content_wo`.")),
            ("generation", Attribute::number().computed().use_state_for_unknown().describe("The content's version; rises with every write.")),
            ("url", computed("The object as a URL: `gs://BUCKET/NAME`.")),
            ("id", computed("`BUCKET/NAME`.")),
        ])
        .check(exactly_one_of(["source", "content", "content_wo"]))
        .check(required_with("content_wo", ["content_wo_version"]))
        .check(required_with("content_wo_version", ["content_wo"]))
        .describe("An object in a bucket. Who else writes it is noticed by its checksum, and never overwritten between plan and apply. The metadata key `headwater-content` says where the content comes from, for imports.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(3600))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(3600))
                .delete(Duration::from_secs(300)),
        )
    }

    async fn plan(&self, _cx: &mut Cx, plan: Plan<Object>) -> Result<Object> {
        let mut planned = plan.proposed.named();
        let sum = match Content::of(&planned, &plan.config) {
            Some(content) if !content.is_secret() => Some(content.checksum().await?),
            _ => None,
        };
        let prior = plan.prior.as_ref().filter(|prior| prior.id == planned.id);
        planned.plan_content(prior, sum);
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Object) -> Result<Object> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let path = planned.path()?;
        let content = self.content(cx, &planned)?;
        let sum = content.checksum().await?;
        let document = planned.document();
        let uploaded = content.upload(&storage, &path, &document, Precondition::Absent, &planned.crc32c);
        match uploaded.await {
            Ok(_) => {}
            Err(UploadError::Cloud(error)) if error.kind() == Kind::PreconditionFailed => {
                let found = storage.describe(&path).await;
                let found = found.explain(format!("cannot read the object `{path}`"))?;
                // What a killed apply left behind is what this one would write.
                let ours = found["crc32c"] == sum.crc32c().as_str() && planned.is_described_by(&found);
                if !ours {
                    return Err(taken(&path).into());
                }
                tracing::info!(object = %path, "object of an earlier apply adopted");
            }
            Err(error) => return Err(error.explain(format!("cannot write the object `{path}`")).into()),
        }
        let made = storage.describe(&path).await;
        Ok(planned.read(&made.explain(format!("cannot read the object `{path}`"))?))
    }

    async fn read(&self, cx: &mut Cx, mut state: Object) -> Result<Option<Object>> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let path = state.path()?;
        let summary = format!("cannot read the object `{path}`");
        let found = storage.describe(&path).await.optional().explain(&*summary)?;
        let Some(found) = found else { return Ok(None) };
        if state.has_no_origin() {
            state.take_origin(&found);
            let size = found["size"].as_str().and_then(|text| text.parse::<u64>().ok());
            if document::is_inline(&found) && size.is_some_and(|size| size <= INLINE) {
                let content = storage.get(&path).await.explain(summary)?;
                state.content = String::from_utf8(content.bytes.to_vec()).ok().into();
            }
        }
        Ok(Some(state.read(&found)))
    }

    async fn update(&self, cx: &mut Cx, prior: Object, planned: Object) -> Result<Object> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let path = planned.path()?;
        let summary = format!("cannot change the object `{path}`");
        let seen = prior.generation.known().copied();
        if planned.generation.is_unknown() {
            let content = self.content(cx, &planned)?;
            let precondition = seen.map_or(Precondition::None, Precondition::Generation);
            let document = planned.document();
            let uploaded = content.upload(&storage, &path, &document, precondition, &planned.crc32c);
            uploaded.await.map_err(|error| error.explain(summary.clone()))?;
        } else {
            let present = storage.describe(&path).await.explain(&*summary)?;
            if let Some(change) = planned.change(&present) {
                storage.patch_object(&path, &change, seen).await.explain(&*summary)?;
            }
        }
        Ok(planned.read(&storage.describe(&path).await.explain(summary)?))
    }

    async fn delete(&self, cx: &mut Cx, state: Object) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let path = state.path()?;
        let deleted = clients.cloud()?.storage().delete(&path, Precondition::None).await;
        deleted.explain(format!("cannot delete the object `{path}`"))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Object> {
        let parts = id.strip_prefix("gs://").unwrap_or(id).split_once('/');
        let usable = |(bucket, name): &(&str, &str)| {
            names::bucket().check(&(*bucket).into(), &Path::root()).is_empty()
                && document::object_name().check(&(*name).into(), &Path::root()).is_empty()
        };
        let (bucket, name) = parts
            .filter(usable)
            .ok_or_else(|| names::not_an_id(id, "`gs://BUCKET/NAME` or `BUCKET/NAME`"))?;
        Ok(Object {
            bucket: bucket.into(),
            name: name.into(),
            ..Object::default()
        })
    }
}

impl StorageObject {
    fn content(&self, cx: &Cx, planned: &Object) -> Result<Content> {
        let config: Object = cx.config()?;
        let content = Content::of(planned, &config);
        Ok(content.ok_or_else(|| Diagnostic::invalid("content", "the content is not known"))?)
    }
}

fn taken(path: &ObjectPath) -> Diagnostic {
    Diagnostic::invalid("name", format!("the object `{path}` exists already")).hint(format!(
        "Import it: `terraform import ADDRESS {path}`, delete it, or choose another `name`. It is not overwritten."
    ))
}
