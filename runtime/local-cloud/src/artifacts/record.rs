//! What is stored: repositories, blobs, uploads that are under way, manifests, tags.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::clock::stamp;
use crate::store::{StoreError, Txn, View, key, under};

/// The name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) repository: String,
}

impl Place {
    fn key(&self, kind: &str, more: &[&str]) -> Vec<u8> {
        let mut parts = vec!["ar", kind, &self.project, &self.location, &self.repository];
        parts.extend(more);
        key(&parts)
    }

    fn under(&self, kind: &str, more: &[&str]) -> Vec<u8> {
        let mut prefix = self.key(kind, more);
        prefix.push(0);
        prefix
    }

    pub(super) fn name(&self) -> String {
        format!(
            "projects/{}/locations/{}/repositories/{}",
            self.project, self.location, self.repository
        )
    }

    /// What names of its images begin with.
    pub(super) fn uri(&self) -> String {
        format!("{}-docker.pkg.dev/{}/{}", self.location, self.project, self.repository)
    }

    pub(super) fn repository_key(&self) -> Vec<u8> {
        self.key("r", &[])
    }

    pub(super) fn blob_key(&self, digest: &str) -> Vec<u8> {
        self.key("b", &[digest])
    }

    pub(super) fn manifest_key(&self, image: &str, digest: &str) -> Vec<u8> {
        self.key("m", &[image, digest])
    }

    pub(super) fn tag_key(&self, image: &str, tag: &str) -> Vec<u8> {
        self.key("t", &[image, tag])
    }

    pub(super) fn repository(&self, view: &impl View) -> Result<Option<Repository>, StoreError> {
        view.get(&self.repository_key())
    }

    pub(super) fn blob(&self, view: &impl View, digest: &str) -> Result<Option<Blob>, StoreError> {
        view.get(&self.blob_key(digest))
    }

    /// All manifests, or those of one image.
    pub(super) fn manifests(&self, view: &impl View, image: Option<&str>) -> Result<Vec<Manifest>, StoreError> {
        match image {
            Some(image) => view.all(&self.under("m", &[image])),
            None => view.all(&self.under("m", &[])),
        }
    }

    /// The tags of an image, by name.
    pub(super) fn tags(&self, view: &impl View, image: &str) -> Result<Vec<Tag>, StoreError> {
        view.all(&self.under("t", &[image]))
    }

    /// The manifest that a tag or a digest means.
    pub(super) fn manifest(
        &self,
        view: &impl View,
        image: &str,
        reference: &str,
    ) -> Result<Option<Manifest>, StoreError> {
        if reference.contains(':') {
            return view.get(&self.manifest_key(image, reference));
        }
        match view.get::<Tag>(&self.tag_key(image, reference))? {
            Some(tag) => view.get(&self.manifest_key(image, &tag.digest)),
            None => Ok(None),
        }
    }

    /// Removes manifests with their tags, of one image or of all, and the blobs that no manifest names any more; the files of
    /// these. One that was just sent may be of an image whose manifest is still to come, unless everything goes.
    pub(super) fn forget(&self, txn: &mut Txn<'_>, image: Option<&str>) -> Result<Vec<String>, StoreError> {
        for manifest in self.manifests(txn, image)? {
            for tag in self.tags(txn, &manifest.image)? {
                txn.remove(self.tag_key(&manifest.image, &tag.tag));
            }
            txn.remove(self.manifest_key(&manifest.image, &manifest.digest));
        }
        let named: Vec<String> = self
            .manifests(txn, None)?
            .iter()
            .flat_map(Manifest::references)
            .collect();
        let mut files = Vec::new();
        for blob in txn.all::<Blob>(&self.under("b", &[]))? {
            let fresh = image.is_some() && Utc::now() - blob.created < chrono::TimeDelta::hours(1);
            let own = image.is_none() || blob.image == image.unwrap_or_default();
            if !named.contains(&blob.digest) && (own || !fresh) {
                txn.remove(self.blob_key(&blob.digest));
                files.push(blob.file);
            }
        }
        Ok(files)
    }
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) place: Place,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// What the caller may set.
    pub(super) settings: Map<String, Value>,
}

impl Repository {
    /// The resource of the API.
    pub(super) fn resource(&self, view: &impl View) -> Result<Value, StoreError> {
        let blobs = view.all::<Blob>(&self.place.under("b", &[]))?;
        let size: u64 = blobs.iter().map(|blob| blob.size).sum();
        let mut resource = json!({ "name": self.place.name() });
        if let Some(fields) = resource.as_object_mut() {
            fields.extend(self.settings.clone());
        }
        resource["format"] = json!("DOCKER");
        resource["mode"] = json!("STANDARD_REPOSITORY");
        resource["createTime"] = json!(stamp(self.created));
        resource["updateTime"] = json!(stamp(self.updated));
        resource["registryUri"] = json!(self.place.uri());
        if size > 0 {
            resource["sizeBytes"] = json!(size.to_string());
        }
        Ok(resource)
    }
}

/// A blob that was received whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Blob {
    pub(super) digest: String,
    /// The image that it was sent for.
    pub(super) image: String,
    /// Where its bytes are.
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) created: DateTime<Utc>,
}

/// An upload that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) image: String,
    /// Where its bytes are.
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) updated: DateTime<Utc>,
}

impl Upload {
    pub(super) fn key(id: &str) -> Vec<u8> {
        key(&["ar", "u", id])
    }
}

/// What a tag means.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) tag: String,
    pub(super) digest: String,
}

/// A manifest: an image, or a list of such.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) image: String,
    pub(super) digest: String,
    pub(super) media_type: String,
    /// As it was sent, to the byte.
    pub(super) body: String,
    pub(super) uploaded: DateTime<Utc>,
}

impl Manifest {
    pub(super) fn document(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The digests of what it consists of.
    pub(super) fn references(&self) -> Vec<String> {
        let document = self.document();
        let listed = ["layers", "manifests"].map(|list| document[list].as_array().cloned().unwrap_or_default());
        let all = listed.concat();
        let all = all.iter().chain([&document["config"]]);
        all.filter_map(|part| part["digest"].as_str().map(str::to_owned))
            .collect()
    }

    /// How large the image is: its manifest, its configuration, its layers.
    pub(super) fn size(&self) -> u64 {
        let document = self.document();
        let layers = document["layers"].as_array().cloned().unwrap_or_default();
        let parts = layers.iter().chain([&document["config"]]);
        self.body.len() as u64 + parts.filter_map(|part| part["size"].as_u64()).sum::<u64>()
    }
}

/// All repositories of a project.
pub(super) fn repositories(view: &impl View, project: &str) -> Result<Vec<Repository>, StoreError> {
    view.all(&under(&["ar", "r", project]))
}

/// `sha256:…` of bytes.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    digest_text(&Sha256::digest(bytes))
}

/// A sum as a digest.
pub(super) fn digest_text(sum: &[u8]) -> String {
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
