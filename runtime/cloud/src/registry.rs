//! Images in a registry, by the OCI distribution protocol: <https://github.com/opencontainers/distribution-spec>. As far as
//! whoever pushes needs it: what is there is not sent again, a blob goes in one request (Artifact Registry takes no chunks), from a
//! file piece by piece, and the manifest last. What an image is made of is not known here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::{Body, Response, Url};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use crate::errors::{Error, Kind, classify};
use crate::http_json::Transport;
use crate::image_name::ImageName;
use crate::retry::{Safety, run};

/// One blob may take so long on a slow line.
const UPLOAD: Duration = Duration::from_secs(900);
const PIECE: usize = 256 << 10;

/// One image's place in a registry.
#[derive(Clone)]
pub struct Registry {
    transport: Arc<Transport>,
    base: String,
    path: String,
}

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
pub enum BlobSource {
    /// In memory.
    Bytes(Bytes),
    /// In a file, which is read piece by piece.
    File {
        /// Which.
        path: PathBuf,
        /// How long it is.
        size: u64,
    },
}

impl BlobSource {
    fn size(&self) -> u64 {
        match self {
            BlobSource::Bytes(bytes) => bytes.len() as u64,
            BlobSource::File { size, .. } => *size,
        }
    }

    async fn body(&self) -> Result<Body, std::io::Error> {
        let path = match self {
            BlobSource::Bytes(bytes) => return Ok(bytes.clone().into()),
            BlobSource::File { path, .. } => path,
        };
        let file = tokio::fs::File::open(path).await?;
        let pieces = futures::stream::try_unfold(file, |mut file| async move {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
            Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
        });
        Ok(Body::wrap_stream(pieces))
    }
}

impl Registry {
    pub(crate) fn new(transport: Arc<Transport>, image: &ImageName) -> Self {
        let base = transport.endpoints.registry(&image.host());
        Self {
            transport,
            base,
            path: image.path(),
        }
    }

    /// Whether the image is there under a tag or a digest.
    ///
    /// # Errors
    /// When the registry refuses, or cannot be reached.
    pub async fn has_manifest(&self, reference: &str) -> Result<bool, Error> {
        let action = format!("look for the image `{}@{reference}`", self.path);
        self.has(&format!("manifests/{reference}"), &action).await
    }

    /// Sends a blob unless it is there; `true` when it was sent.
    ///
    /// # Errors
    /// When the registry refuses, or the blob cannot be read.
    pub async fn push_blob(&self, digest: &str, source: &BlobSource) -> Result<bool, Error> {
        let action = format!("push the blob `{digest}` of `{}`", self.path);
        let action = &action;
        run(self.transport.retry(), Safety::Repeatable, |_| async move {
            if self.head(&format!("blobs/{digest}"), action).await? {
                return Ok(false);
            }
            self.send_blob(digest, source, action).await.map(|()| true)
        })
        .await
    }

    /// Puts the manifest there under a tag or its digest: from then on, there is the image.
    ///
    /// # Errors
    /// When the registry refuses: most of all, when it lacks a blob that the manifest names.
    pub async fn push_manifest(&self, reference: &str, media_type: &str, manifest: Bytes) -> Result<(), Error> {
        let action = format!("push the image `{}:{reference}`", self.path);
        let (action, manifest) = (&action, &manifest);
        run(self.transport.retry(), Safety::Repeatable, |_| async move {
            let url = self.url(&format!("manifests/{reference}"), action)?;
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value(media_type, action)?)]);
            let sent = self.send(Method::PUT, url, headers, Some(manifest.clone().into()), action);
            done(sent.await?, action).await.map(drop)
        })
        .await
    }

    async fn send_blob(&self, digest: &str, source: &BlobSource, action: &str) -> Result<(), Error> {
        let begin = self.url("blobs/uploads/", action)?;
        let empty = HeaderMap::from_iter([(header::CONTENT_LENGTH, value("0", action)?)]);
        let begun = self.send(Method::POST, begin.clone(), empty, None, action).await?;
        let begun = done(begun, action).await?;
        let location = begun.headers().get(header::LOCATION).and_then(|at| at.to_str().ok());
        // A location is absolute, or relative to what was asked.
        let mut at = location
            .and_then(|at| begin.join(at).ok())
            .ok_or_else(|| Error::new(Kind::Unexpected, action, "the registry does not say where to upload"))?;
        at.query_pairs_mut().append_pair("digest", digest);
        let read = |source: std::io::Error| {
            Error::new(Kind::Invalid, action, "the blob cannot be read from its file").with_source(source)
        };
        let body = source.body().await.map_err(read)?;
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, value("application/octet-stream", action)?),
            (header::CONTENT_LENGTH, value(&source.size().to_string(), action)?),
        ]);
        let sent = self.send(Method::PUT, at, headers, Some(body), action).await?;
        done(sent, action).await.map(drop)
    }

    async fn has(&self, path: &str, action: &str) -> Result<bool, Error> {
        let look = |_| self.head(path, action);
        run(self.transport.retry(), Safety::Repeatable, look).await
    }

    async fn head(&self, path: &str, action: &str) -> Result<bool, Error> {
        let url = self.url(path, action)?;
        let accepted = [
            (header::ACCEPT, "application/vnd.oci.image.manifest.v1+json"),
            (header::ACCEPT, "application/vnd.oci.image.index.v1+json"),
            (header::ACCEPT, "application/vnd.docker.distribution.manifest.v2+json"),
        ];
        let mut headers = HeaderMap::new();
        for (name, kind) in accepted {
            headers.append(name, value(kind, action)?);
        }
        let answer = self.send(Method::HEAD, url, headers, None, action).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            _ => done(answer, action).await.map(|_| true),
        }
    }

    fn url(&self, path: &str, action: &str) -> Result<Url, Error> {
        let text = format!("{}/v2/{}/{path}", self.base, self.path);
        Url::parse(&text).map_err(|source| Error::new(Kind::Invalid, action, "it makes no URL").with_source(source))
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Body>,
        action: &str,
    ) -> Result<Response, Error> {
        let own = Url::parse(&self.base).is_ok_and(|base| base.origin() == url.origin());
        let mut request = self.transport.client()?.request(method, url).headers(headers);
        // A registry may have blobs sent to somebody else, whom the token is not for.
        if own {
            request = request.headers(self.transport.authorization(action).await?);
        }
        if let Some(body) = body {
            request = request.timeout(UPLOAD).body(body);
        }
        request.send().await.map_err(|source| {
            let kind = if source.is_connect() {
                Kind::Unreachable
            } else {
                Kind::Unavailable
            };
            let message = format!("no answer from the registry ({})", self.base);
            Error::new(kind, action, message).with_source(source.without_url())
        })
    }
}

fn value(text: &str, action: &str) -> Result<http::HeaderValue, Error> {
    let refused = |source| Error::new(Kind::Invalid, action, "it makes no header").with_source(source);
    http::HeaderValue::from_str(text).map_err(refused)
}

/// The answer if it is a good one; otherwise what the registry says is wrong.
async fn done(answer: Response, action: &str) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let after = answer.headers().get(header::RETRY_AFTER);
    let after = after.and_then(|text| text.to_str().ok()?.trim().parse().ok());
    let body = answer.bytes().await.unwrap_or_default();
    Err(refused(action, status, &body).with_retry_after(after.map(Duration::from_secs)))
}

/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
fn refused(action: &str, status: StatusCode, body: &[u8]) -> Error {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let first = &parsed["errors"][0];
    let Some(code) = first["code"].as_str() else {
        return Error::from_answer(action, false, status.as_u16(), body);
    };
    let message = first["message"].as_str().filter(|message| !message.is_empty());
    let message = message.map_or_else(|| code.to_owned(), |message| format!("{message} ({code})"));
    let kind = match code {
        "UNAUTHORIZED" => Kind::Unauthenticated,
        "DENIED" => Kind::PermissionDenied,
        "TOOMANYREQUESTS" => Kind::RateLimited,
        "NAME_UNKNOWN" | "MANIFEST_UNKNOWN" | "BLOB_UNKNOWN" => Kind::NotFound,
        _ => classify(status.as_u16(), "", "", false),
    };
    Error::new(kind, action, message)
        .with_reason(Some(code.to_owned()))
        .with_status(Some(status.as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_refuses_is_classified() {
        for (status, body, kind, says) in [
            (
                404,
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"Repository \"r\" not found"}]}"#,
                Kind::NotFound,
                "Repository \"r\" not found (NAME_UNKNOWN)",
            ),
            (
                403,
                r#"{"errors":[{"code":"DENIED"}]}"#,
                Kind::PermissionDenied,
                "DENIED",
            ),
            (
                400,
                r#"{"errors":[{"code":"DIGEST_INVALID","message":"m"}]}"#,
                Kind::Invalid,
                "m (DIGEST_INVALID)",
            ),
            (503, "", Kind::Unavailable, "status 503"),
        ] {
            let error = refused("push", StatusCode::from_u16(status).expect("a status"), body.as_bytes());
            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
