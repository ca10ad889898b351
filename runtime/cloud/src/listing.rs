//! Looking into Cloud Storage without reading all of it: a project's buckets, and one level of a bucket's names.

use serde_json::Value;

use crate::endpoints::Service::Storage as GCS;
use crate::errors::Error;
use crate::http_json::Call;
use crate::storage::{Object, Storage, bucket_path};

/// What is right below a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// Objects.
    pub objects: Vec<Object>,
    /// Prefixes of what is further below, each with its slash at the end.
    pub prefixes: Vec<String>,
    /// Whether that is all; otherwise there is more.
    pub complete: bool,
}

impl Storage {
    /// The names of a project's buckets.
    ///
    /// # Errors
    /// When Cloud Storage refuses.
    pub async fn list_buckets(&self, project: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let json = Call::get(GCS, "/storage/v1/b".into(), format!("list buckets of `{project}`"))
                .query("project", project)
                .query("maxResults", 1000)
                .query("fields", "items(name),nextPageToken")
                .query_opt("pageToken", page.as_deref())
                .send_json(&self.transport)
                .await?;
            let items = json["items"].as_array().into_iter().flatten();
            names.extend(items.filter_map(|item| item["name"].as_str().map(str::to_owned)));
            page = next(&json);
            if page.is_none() {
                return Ok(names);
            }
        }
    }

    /// What is right below `prefix` (which ends in `/`), in so many pages of a thousand at most.
    ///
    /// # Errors
    /// `NotFound` when there is no such bucket.
    pub async fn list_level(&self, bucket: &str, prefix: &str, pages: usize) -> Result<Level, Error> {
        let action = format!("list gs://{bucket}/{prefix}");
        let mut level = Level::default();
        let mut page: Option<String> = None;
        for _ in 0..pages {
            let json = Call::get(GCS, format!("{}/o", bucket_path(bucket)), &*action)
                .query("prefix", prefix)
                .query("delimiter", "/")
                .query("maxResults", 1000)
                .query_opt("pageToken", page.as_deref())
                .send_json(&self.transport)
                .await?;
            for item in json["items"].as_array().into_iter().flatten() {
                level.objects.push(Object::from_json(&action, item)?);
            }
            let found = json["prefixes"].as_array().into_iter().flatten();
            level
                .prefixes
                .extend(found.filter_map(Value::as_str).map(str::to_owned));
            page = next(&json);
            if page.is_none() {
                level.complete = true;
                break;
            }
        }
        Ok(level)
    }
}

fn next(json: &Value) -> Option<String> {
    let token = json["nextPageToken"].as_str();
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
