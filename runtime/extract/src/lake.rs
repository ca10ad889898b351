//! The pipeline's small documents in the lake, each read with its generation and written against it, so that two
//! writers cannot both believe that they were last.

use bytes::Bytes;
use headwater_cloud::{ObjectPath, OptionalExt as _, Precondition, Storage};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::errors::{Error, Result};

/// A document and the generation that it was read or written at; generation 0 stands for absent.
#[derive(Debug, Clone)]
pub(crate) struct Versioned<T> {
    pub value: T,
    pub generation: i64,
}

/// One bucket's documents.
#[derive(Clone)]
pub(crate) struct Lake {
    storage: Storage,
    bucket: String,
}

impl Lake {
    pub fn new(storage: Storage, bucket: &str) -> Self {
        Self {
            storage,
            bucket: bucket.to_owned(),
        }
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub fn path(&self, name: &str) -> ObjectPath {
        ObjectPath {
            bucket: self.bucket.clone(),
            name: name.to_owned(),
        }
    }

    /// A document; `None` when there is none.
    pub async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<Versioned<T>>> {
        let path = self.path(name);
        let Some(found) = self.storage.get(&path).await.optional()? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&found.bytes).map_err(|source| Error::Document {
            path: path.to_string(),
            source,
        })?;
        Ok(Some(Versioned {
            value,
            generation: found.generation,
        }))
    }

    /// Writes a document over the given generation (0: none may exist) and returns its new one.
    pub async fn write<T: Serialize>(&self, name: &str, value: &T, over: i64) -> Result<i64, headwater_cloud::Error> {
        let precondition = if over == 0 {
            Precondition::Absent
        } else {
            Precondition::Generation(over)
        };
        self.put(name, value, precondition).await
    }

    /// Writes a document that has only one writer, whatever is there.
    pub async fn overwrite<T: Serialize>(&self, name: &str, value: &T) -> Result<i64, headwater_cloud::Error> {
        self.put(name, value, Precondition::None).await
    }

    async fn put<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        precondition: Precondition,
    ) -> Result<i64, headwater_cloud::Error> {
        let mut text = serde_json::to_vec_pretty(value).map_err(|source| {
            headwater_cloud::Error::new(
                headwater_cloud::Kind::Unexpected,
                format!("write {name}"),
                "it does not serialise",
            )
            .with_source(source)
        })?;
        text.push(b'\n');
        let path = self.path(name);
        let object = self
            .storage
            .put(&path, "application/json", Bytes::from(text), precondition)
            .await?;
        Ok(object.generation)
    }

    /// Deletes a document of a known generation; absence is fine.
    pub async fn delete(&self, name: &str, generation: i64) -> Result<(), headwater_cloud::Error> {
        self.storage
            .delete(&self.path(name), Precondition::Generation(generation))
            .await
            .map(drop)
    }
}
