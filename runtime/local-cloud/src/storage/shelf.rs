//! The objects as files, for the local BigQuery: it reads them where they lie and writes its exports.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use super::preconditions::Preconditions;
use super::record::{Bucket, NewObject, Object};
use crate::blobs::Blobs;
use crate::http::answer::ApiError;
use crate::store::{Store, View, under};

/// The store of objects without its HTTP surface. Its calls block.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) store: Arc<Store>,
    pub(crate) blobs: Blobs,
}

/// A live object and where its body is.
pub(crate) struct Shelved {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) path: PathBuf,
}

impl Shelf {
    /// The live objects of a bucket whose name begins with `prefix`, in order.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Shelved>, ApiError> {
        let snapshot = self.store.snapshot()?;
        Bucket::read(&snapshot, bucket)?;
        let mut keys = under(&["storage", "o", bucket]);
        keys.extend(prefix.as_bytes());
        let objects: Vec<Object> = snapshot.all(&keys)?;
        let shelved = objects.into_iter().map(|object| Shelved {
            path: self.blobs.path(&object.blob),
            name: object.name,
            size: object.size,
        });
        Ok(shelved.collect())
    }

    /// Copies a file into a bucket as an object.
    pub(crate) fn put(&self, bucket: &str, name: &str, path: &Path) -> Result<(), ApiError> {
        let body = self.blobs.import(path).map_err(|e: io::Error| ApiError::from(e))?;
        let mut settings = Map::new();
        settings.insert("contentType".into(), json!("application/octet-stream"));
        let md5 = Some(STANDARD.encode(body.sums.md5()));
        let (bucket, name) = (bucket.to_owned(), name.to_owned());
        let new = NewObject {
            bucket,
            name,
            body,
            md5,
            component_count: None,
            settings,
        };
        let committed = self
            .store
            .write_blocking(move |txn| new.commit(txn, &Preconditions::default()).map(|(_, unnamed)| unnamed))?;
        self.blobs.remove(&committed);
        Ok(())
    }
}
