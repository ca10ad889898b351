//! Cloud Storage resources over JSON REST: buckets, object metadata, listing, deletion, and small objects whole.
//! Moving large objects is in `objects.rs`. <https://cloud.google.com/storage/docs/json_api/v1>

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::Document;
use crate::endpoints::Service::Storage as GCS;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};
use crate::objects::{DataPlane, ObjectBytes};

/// Deletions in flight when a prefix is emptied.
const PARALLEL_DELETES: usize = 16;
/// Pages of a thousand objects that are looked at to say how much a bucket holds.
const COUNTED_PAGES: usize = 20;

/// Cloud Storage.
#[derive(Clone)]
pub struct Storage {
    pub(crate) transport: Arc<Transport>,
    pub(crate) data: Arc<DataPlane>,
}

/// An object's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Bucket.
    pub bucket: String,
    /// Name within the bucket.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The content's version; rises with every write.
    pub generation: i64,
    /// The metadata's version within the generation.
    pub metageneration: i64,
    /// RFC 3339.
    pub updated: String,
    /// Base64 of the big-endian CRC32C.
    pub crc32c: String,
}

impl Object {
    pub(crate) fn from_json(action: &str, json: &Value) -> Result<Self, Error> {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| json[name].as_str().and_then(|digits| digits.parse::<i64>().ok());
        let (Some(generation), Some(name)) = (number("generation"), json["name"].as_str()) else {
            return Err(Error::new(
                Kind::Unexpected,
                action,
                "the object has no name or generation",
            ));
        };
        Ok(Self {
            bucket: text("bucket"),
            name: name.to_owned(),
            size: number("size")
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            generation,
            metageneration: number("metageneration").unwrap_or_default(),
            updated: text("updated"),
            crc32c: text("crc32c"),
        })
    }
}

/// How much a bucket holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Objects and noncurrent versions.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether that is all; otherwise it is at least so much.
    pub complete: bool,
}

/// A bucket and a name (or prefix) in it: `gs://bucket/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// Bucket.
    pub bucket: String,
    /// Name or prefix, without a leading slash; may be empty.
    pub name: String,
}

impl ObjectPath {
    /// Reads `gs://bucket` or `gs://bucket/name`.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let bad = || {
            Error::new(Kind::Invalid, format!("read `{url}`"), "it is no Cloud Storage URL")
                .with_hint("write it as gs://bucket or gs://bucket/path")
        };
        let rest = url.strip_prefix("gs://").ok_or_else(bad)?;
        let (bucket, name) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains(char::is_whitespace) {
            return Err(bad());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            name: name.trim_end_matches('/').to_owned(),
        })
    }

    /// The path of `name` below this one.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let name = name.trim_start_matches('/');
        Self {
            bucket: self.bucket.clone(),
            name: if self.name.is_empty() {
                name.to_owned()
            } else {
                format!("{}/{name}", self.name)
            },
        }
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            write!(f, "gs://{}", self.bucket)
        } else {
            write!(f, "gs://{}/{}", self.bucket, self.name)
        }
    }
}

/// What must hold for a write or a delete to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// No object of that name exists.
    Absent,
    /// The live object is of this generation.
    Generation(i64),
}

impl Precondition {
    pub(crate) fn generation(self) -> Option<i64> {
        match self {
            Precondition::None => None,
            Precondition::Absent => Some(0),
            Precondition::Generation(generation) => Some(generation),
        }
    }
}

impl Storage {
    pub(crate) fn new(transport: Arc<Transport>, data: Arc<DataPlane>) -> Self {
        Self { transport, data }
    }

    /// A bucket's document.
    ///
    /// # Errors
    /// `NotFound` when there is none; see [`crate::OptionalExt::optional`].
    pub async fn get_bucket(&self, bucket: &str) -> Result<Document, Error> {
        Call::get(GCS, bucket_path(bucket), format!("read bucket `{bucket}`"))
            .query("projection", "noAcl")
            .send_json(&self.transport)
            .await
    }

    /// Creates a bucket from a document that carries at least `name`.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken, by anybody.
    pub async fn create_bucket(&self, project: &str, bucket: &Document) -> Result<Document, Error> {
        let name = bucket["name"].as_str().unwrap_or_default();
        Call::post(GCS, "/storage/v1/b".into(), format!("create bucket `{name}`"))
            .query("project", project)
            .query("projection", "noAcl")
            .json(bucket)
            .create(&self.transport, || self.get_bucket(name))
            .await
    }

    /// Changes the fields that the document names; `null` clears.
    ///
    /// # Errors
    /// `PreconditionFailed` when the bucket's metageneration is not the given one.
    pub async fn patch_bucket(
        &self,
        bucket: &str,
        change: &Document,
        if_metageneration_match: Option<i64>,
    ) -> Result<Document, Error> {
        Call::patch(GCS, bucket_path(bucket), format!("change bucket `{bucket}`"))
            .query_opt("ifMetagenerationMatch", if_metageneration_match)
            .query("projection", "noAcl")
            .json(change)
            .send_json(&self.transport)
            .await
    }

    /// Locks a bucket's retention policy for ever.
    ///
    /// # Errors
    /// `PreconditionFailed` when the bucket's metageneration is not the given one.
    pub async fn lock_retention(&self, bucket: &str, if_metageneration_match: i64) -> Result<Document, Error> {
        let path = format!("{}/lockRetentionPolicy", bucket_path(bucket));
        Call::post(GCS, path, format!("lock the retention policy of bucket `{bucket}`"))
            .query("ifMetagenerationMatch", if_metageneration_match)
            .send_json(&self.transport)
            .await
    }

    /// Deletes an empty bucket; `false` when there was none.
    ///
    /// # Errors
    /// `FailedPrecondition` when it holds objects.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<bool, Error> {
        Call::delete(GCS, bucket_path(bucket), format!("delete bucket `{bucket}`"))
            .send_delete(&self.transport)
            .await
    }

    /// Every object whose name starts with `prefix`, in the order of names.
    ///
    /// # Errors
    /// `NotFound` when there is no such bucket.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, Error> {
        let mut objects = Vec::new();
        let mut page = None;
        loop {
            let (found, next) = self.list_page(bucket, prefix, page.as_deref()).await?;
            objects.extend(found);
            if next.is_none() {
                return Ok(objects);
            }
            page = next;
        }
    }

    /// How much a bucket holds, noncurrent versions included; a big one is not counted to its end.
    ///
    /// # Errors
    /// `NotFound` when there is no such bucket.
    pub async fn usage(&self, bucket: &str) -> Result<Usage, Error> {
        let mut usage = Usage::default();
        let mut page = None;
        for _ in 0..COUNTED_PAGES {
            let (found, next) = self.versions_page(bucket, page.as_deref()).await?;
            usage.objects += found.len() as u64;
            usage.bytes += found.iter().map(|object| object.size).sum::<u64>();
            if next.is_none() {
                usage.complete = true;
                break;
            }
            page = next;
        }
        Ok(usage)
    }

    async fn list_page(
        &self,
        bucket: &str,
        prefix: &str,
        page: Option<&str>,
    ) -> Result<(Vec<Object>, Option<String>), Error> {
        self.page(bucket, prefix, page, false).await
    }

    async fn versions_page(&self, bucket: &str, page: Option<&str>) -> Result<(Vec<Object>, Option<String>), Error> {
        self.page(bucket, "", page, true).await
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        page: Option<&str>,
        versions: bool,
    ) -> Result<(Vec<Object>, Option<String>), Error> {
        let action = format!("list gs://{bucket}/{prefix}");
        let json = Call::get(GCS, format!("{}/o", bucket_path(bucket)), &*action)
            .query("prefix", prefix)
            .query("versions", versions)
            .query("maxResults", 1000)
            .query_opt("pageToken", page)
            .send_json(&self.transport)
            .await?;
        let items = json["items"].as_array().into_iter().flatten();
        let objects = items
            .map(|item| Object::from_json(&action, item))
            .collect::<Result<_, _>>()?;
        Ok((
            objects,
            json["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
        ))
    }

    /// The "directories" right below `prefix` (which ends in `/`), as full prefixes with their trailing slash.
    ///
    /// # Errors
    /// `NotFound` when there is no such bucket.
    pub async fn list_prefixes(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, Error> {
        let mut prefixes = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let json = Call::get(
                GCS,
                format!("{}/o", bucket_path(bucket)),
                format!("list gs://{bucket}/{prefix}"),
            )
            .query("prefix", prefix)
            .query("delimiter", "/")
            .query_opt("pageToken", page.as_deref())
            .send_json(&self.transport)
            .await?;
            let found = json["prefixes"].as_array().into_iter().flatten();
            prefixes.extend(found.filter_map(Value::as_str).map(str::to_owned));
            page = json["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if page.is_none() {
                return Ok(prefixes);
            }
        }
    }

    /// An object's metadata.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn stat(&self, path: &ObjectPath) -> Result<Object, Error> {
        let action = format!("read metadata of {path}");
        let json = Call::get(GCS, object_path(path), &*action)
            .send_json(&self.transport)
            .await?;
        Object::from_json(&action, &json)
    }

    /// An object's metadata as the service sends it.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn describe(&self, path: &ObjectPath) -> Result<Document, Error> {
        Call::get(GCS, object_path(path), format!("read metadata of {path}"))
            .send_json(&self.transport)
            .await
    }

    /// Changes the metadata that the document names, of this generation only; `null` clears.
    ///
    /// # Errors
    /// `PreconditionFailed` when the live object is of another generation.
    pub async fn patch_object(
        &self,
        path: &ObjectPath,
        change: &Document,
        generation: Option<i64>,
    ) -> Result<Document, Error> {
        Call::patch(GCS, object_path(path), format!("change metadata of {path}"))
            .query_opt("ifGenerationMatch", generation)
            .json(change)
            .send_json(&self.transport)
            .await
    }

    /// A small object whole, with the generation that was read.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get(&self, path: &ObjectPath) -> Result<ObjectBytes, Error> {
        let action = format!("read {path}");
        let answer = Call::get(GCS, object_path(path), &*action)
            .query("alt", "media")
            .send(&self.transport)
            .await?;
        let generation = answer
            .headers
            .get("x-goog-generation")
            .and_then(|value| value.to_str().ok());
        let generation = generation
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::new(Kind::Unexpected, action, "the answer names no generation"))?;
        Ok(ObjectBytes {
            generation,
            bytes: answer.body,
        })
    }

    /// Writes a small object whole. With a precondition the write is repeated when an answer was lost, and a
    /// precondition that then fails is looked into: our own bytes count as success.
    ///
    /// # Errors
    /// `PreconditionFailed` when the precondition does not hold.
    pub async fn put(
        &self,
        path: &ObjectPath,
        content_type: &'static str,
        bytes: Bytes,
        precondition: Precondition,
    ) -> Result<Object, Error> {
        let action = format!("write {path}");
        let crc = crc32c_base64(&bytes);
        let json = Call::post(GCS, format!("/upload{}/o", bucket_path(&path.bucket)), &*action)
            .query("uploadType", "media")
            .query("name", &path.name)
            .query_opt("ifGenerationMatch", precondition.generation())
            .content(content_type, bytes)
            .write(&self.transport, || async {
                let found = self.stat(path).await?;
                Ok((found.crc32c == crc).then_some(found))
            })
            .await?;
        match json {
            Written::Document(json) => Object::from_json(&action, &json),
            Written::Earlier(object) => Ok(object),
        }
    }

    /// Deletes an object; `false` when there was none.
    ///
    /// # Errors
    /// `PreconditionFailed` when the live generation is another.
    pub async fn delete(&self, path: &ObjectPath, precondition: Precondition) -> Result<bool, Error> {
        Call::delete(GCS, object_path(path), format!("delete {path}"))
            .query_opt("ifGenerationMatch", precondition.generation())
            .send_delete(&self.transport)
            .await
    }

    /// Deletes every object whose name starts with `prefix`; returns how many.
    ///
    /// # Errors
    /// The first deletion that fails; the others may have happened.
    pub async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<u64, Error> {
        let mut deleted = 0;
        loop {
            // Always the first page: deletion empties it, and no page token outlives what it pointed at.
            let (objects, next) = self.list_page(bucket, prefix, None).await?;
            deleted += futures::stream::iter(objects)
                .map(|object| async move {
                    let path = ObjectPath {
                        bucket: bucket.to_owned(),
                        name: object.name,
                    };
                    self.delete(&path, Precondition::None).await.map(u64::from)
                })
                .buffer_unordered(PARALLEL_DELETES)
                .try_fold(0, |sum, one| async move { Ok(sum + one) })
                .await?;
            if next.is_none() {
                return Ok(deleted);
            }
        }
    }

    /// Deletes everything in a bucket, noncurrent versions included; returns how many.
    ///
    /// # Errors
    /// The first deletion that fails; the others may have happened.
    pub async fn empty_bucket(&self, bucket: &str) -> Result<u64, Error> {
        let mut deleted = 0;
        loop {
            let (objects, next) = self.versions_page(bucket, None).await?;
            deleted += futures::stream::iter(objects)
                .map(|object| async move {
                    let path = ObjectPath {
                        bucket: bucket.to_owned(),
                        name: object.name,
                    };
                    Call::delete(GCS, object_path(&path), format!("delete {path}"))
                        .query("generation", object.generation)
                        .send_delete(&self.transport)
                        .await
                        .map(u64::from)
                })
                .buffer_unordered(PARALLEL_DELETES)
                .try_fold(0, |sum, one| async move { Ok(sum + one) })
                .await?;
            if next.is_none() {
                return Ok(deleted);
            }
        }
    }
}

pub(crate) enum Written {
    Document(Value),
    Earlier(Object),
}

impl Call {
    /// A small write: repeated on failures that may hide a success, and then compared with what is there.
    async fn write<F>(self, transport: &Transport, ours: impl Fn() -> F) -> Result<Written, Error>
    where
        F: Future<Output = Result<Option<Object>, Error>>,
    {
        match self.repeatable().send_noting_ambiguity(transport).await {
            Ok(json) => Ok(Written::Document(json)),
            Err((error, true)) if error.kind() == Kind::PreconditionFailed => match ours().await {
                Ok(Some(object)) => Ok(Written::Earlier(object)),
                Ok(None) => Err(error),
                Err(second) => Err(second),
            },
            Err((error, _)) => Err(error),
        }
    }
}

pub(crate) fn crc32c_base64(bytes: &[u8]) -> String {
    let mut sum = Checksum::default();
    sum.update(bytes);
    sum.crc32c()
}

/// What Cloud Storage would say of a content: its CRC32C and its size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checksum {
    crc: u32,
    size: u64,
}

impl Checksum {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        self.size += bytes.len() as u64;
    }

    /// The sum as an object's `crc32c` has it.
    #[must_use]
    pub fn crc32c(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self.crc.to_be_bytes())
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

pub(crate) fn bucket_path(bucket: &str) -> String {
    format!("/storage/v1/b/{}", segment(bucket))
}

fn object_path(path: &ObjectPath) -> String {
    format!("{}/o/{}", bucket_path(&path.bucket), segment(&path.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (text, bucket, name) in [("gs://b", "b", ""), ("gs://b/", "b", ""), ("gs://b/x/y/", "b", "x/y")] {
            let path = ObjectPath::parse(text).expect(text);
            assert_eq!((path.bucket.as_str(), path.name.as_str()), (bucket, name));
        }
        for bad in ["", "b/x", "gs://", "gs:///x", "s3://b", "gs://a b"] {
            assert!(ObjectPath::parse(bad).is_err(), "{bad}");
        }
        let path = ObjectPath::parse("gs://b/lake").expect("path").join("/x.json");
        assert_eq!(path.to_string(), "gs://b/lake/x.json");
        assert_eq!(
            ObjectPath::parse("gs://b").expect("path").join("x").to_string(),
            "gs://b/x"
        );
    }

    #[test]
    fn checksum_of_the_documentation() {
        // RFC 3720 B.4: 32 bytes of zeros have the CRC32C 0x8a9136aa.
        assert_eq!(crc32c_base64(&[0; 32]), "ipE2qg==");
    }
}
