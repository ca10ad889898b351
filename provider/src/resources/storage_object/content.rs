//! The content of an object: from a file or from the configuration; its checksum, and its way to the bucket.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use bytes::Bytes;
use headwater_cloud::{Checksum, ObjectPath, Precondition, Storage};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Diagnostic};

use super::Object;
use crate::problems::Explain as _;

/// What is read and sent at a time.
const CHUNK: usize = 1 << 20;

/// Where the bytes are. Those of a secret are in the configuration only.
#[derive(Clone)]
pub(super) enum Content {
    File(PathBuf),
    Text(Bytes),
    Secret(Bytes),
}

impl Content {
    /// What a model and the configuration say; `None` while it is not known.
    pub(super) fn of(model: &Object, config: &Object) -> Option<Content> {
        if let Some(path) = model.source.as_deref() {
            return Some(Content::File(path.into()));
        }
        if let Some(text) = model.content.as_deref() {
            return Some(Content::Text(text.as_bytes().to_vec().into()));
        }
        let secret = config.content_wo.as_deref()?;
        Some(Content::Secret(secret.as_bytes().to_vec().into()))
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Content::Secret(_))
    }

    /// What the bucket would say of it.
    pub(super) async fn checksum(&self) -> Result<Checksum, Diagnostic> {
        let mut sum = Checksum::default();
        match self {
            Content::Text(bytes) | Content::Secret(bytes) => sum.update(bytes),
            Content::File(path) => {
                let path = path.clone();
                sum = blocking(move || {
                    let mut file = open(&path)?;
                    let mut buffer = vec![0; CHUNK];
                    loop {
                        match file.read(&mut buffer).map_err(|error| unreadable(&path, &error))? {
                            0 => return Ok(sum),
                            count => sum.update(&buffer[..count]),
                        }
                    }
                })
                .await?;
            }
        }
        Ok(sum)
    }

    /// Sends it. What is not what was planned does not become an object.
    pub(super) async fn upload(
        self,
        storage: &Storage,
        path: &ObjectPath,
        metadata: &Json,
        precondition: Precondition,
        planned: &Attr<String>,
    ) -> Result<headwater_cloud::Object, UploadError> {
        let mut upload = storage.upload_with(path, metadata, precondition).await?;
        let mut sum = Checksum::default();
        match self {
            Content::Text(bytes) | Content::Secret(bytes) => {
                sum.update(&bytes);
                upload.write(bytes).await?;
            }
            Content::File(source) => {
                let sent = blocking(move || {
                    let mut file = open(&source)?;
                    loop {
                        let mut buffer = vec![0; CHUNK];
                        let count = file.read(&mut buffer).map_err(|error| unreadable(&source, &error))?;
                        if count == 0 {
                            return Ok((upload, sum, Ok(())));
                        }
                        buffer.truncate(count);
                        sum.update(&buffer);
                        if let Err(error) = upload.blocking_write(buffer.into()) {
                            return Ok((upload, sum, Err(error)));
                        }
                    }
                });
                let (back, sent_sum, outcome) = sent.await?;
                outcome?;
                (upload, sum) = (back, sent_sum);
            }
        }
        if planned.as_deref().is_some_and(|planned| planned != sum.crc32c()) {
            return Err(UploadError::Changed);
        }
        Ok(upload.finish().await?)
    }
}

/// Why there is no object.
pub(super) enum UploadError {
    Cloud(headwater_cloud::Error),
    Other(Diagnostic),
    /// The file is not the one that was planned.
    Changed,
}

impl From<headwater_cloud::Error> for UploadError {
    fn from(error: headwater_cloud::Error) -> Self {
        UploadError::Cloud(error)
    }
}

impl From<Diagnostic> for UploadError {
    fn from(problem: Diagnostic) -> Self {
        UploadError::Other(problem)
    }
}

impl UploadError {
    pub(super) fn explain(self, summary: String) -> Diagnostic {
        match self {
            UploadError::Cloud(error) => match Err::<(), _>(error).explain(summary) {
                Err(problem) => problem,
                Ok(()) => Diagnostic::error("no error"),
            },
            UploadError::Other(problem) => problem,
            UploadError::Changed => Diagnostic::invalid("source", "the file changed between plan and apply")
                .hint("Nothing was written. Plan again."),
        }
    }
}

fn open(path: &PathBuf) -> Result<File, Diagnostic> {
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::invalid("source", format!("cannot read the file `{}`", path.display()))
        .detail(error.to_string())
        .hint("The file must be there when the plan is made; write `${path.module}/…` for one beside the configuration. Something that is made in the same apply can be given as `content`.")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Diagnostic> + Send + 'static,
) -> Result<T, Diagnostic> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Diagnostic::error("reading the file was aborted")))
}
