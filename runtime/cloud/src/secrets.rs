//! Secret Manager v1: secrets, their versions, and payloads that cannot be printed.
//! <https://cloud.google.com/secret-manager/docs/reference/rest>

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Document;
use crate::endpoints::Service::SecretManager as SM;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};

/// Secret Manager.
#[derive(Clone)]
pub struct SecretManager {
    transport: Arc<Transport>,
}

/// A secret's bytes. Has no `Display`, no serialisation, and a `Debug` that shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretPayload(Vec<u8>);

impl SecretPayload {
    /// Wraps bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one place that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// When they are not UTF-8; the error does not quote them.
    pub fn expose_text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.0).map_err(|_| Error::new(Kind::Invalid, "read secret", "it is not UTF-8 text"))
    }
}

impl fmt::Debug for SecretPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretPayload(redacted)")
    }
}

impl SecretManager {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// `projects/P/secrets/S`.
    #[must_use]
    pub fn secret_name(project: &str, secret: &str) -> String {
        format!("projects/{project}/secrets/{secret}")
    }

    /// A secret's document: labels, annotations, replication; never its payload.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get(&self, name: &str) -> Result<Document, Error> {
        Call::get(SM, path(name), format!("read secret `{name}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a secret without a version. A document without `replication` gets automatic replication.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create(&self, name: &str, document: &Document) -> Result<Document, Error> {
        let action = format!("create secret `{name}`");
        let Some((parent, id)) = name.rsplit_once("/secrets/") else {
            return Err(Error::new(Kind::Invalid, action, "it is no full resource name"));
        };
        let mut body = document.clone();
        if body.get("replication").is_none() {
            body["replication"] = json!({"automatic": {}});
        }
        Call::post(SM, format!("{}/secrets", path(parent)), action)
            .query("secretId", id)
            .json(&body)
            .create(&self.transport, || self.get(name))
            .await
    }

    /// Changes the fields that `update_mask` names (`annotations,labels`). A document that carries `etag` fails with
    /// `Conflict` when the secret has changed since.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn patch(&self, name: &str, document: &Document, update_mask: &str) -> Result<Document, Error> {
        Call::patch(SM, path(name), format!("change secret `{name}`"))
            .query("updateMask", update_mask)
            .json(document)
            .send_json(&self.transport)
            .await
    }

    /// Deletes a secret with all of its versions; `false` when there was none.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete(&self, name: &str) -> Result<bool, Error> {
        Call::delete(SM, path(name), format!("delete secret `{name}`"))
            .send_delete(&self.transport)
            .await
    }

    /// Adds a version and returns its full name, `projects/P/secrets/S/versions/N`. Not repeated when an answer is
    /// lost, because versions have no client-chosen ids.
    ///
    /// # Errors
    /// `NotFound` when there is no such secret.
    pub async fn add_version(&self, secret: &str, payload: &SecretPayload) -> Result<String, Error> {
        let action = format!("add a version to secret `{secret}`");
        let crc = crc32c::crc32c(payload.expose());
        let body = json!({"payload": {"data": STANDARD.encode(payload.expose()), "dataCrc32c": crc.to_string()}});
        let version = Call::post(SM, format!("{}:addVersion", path(secret)), &*action)
            .json(&body)
            .send_json(&self.transport)
            .await?;
        let name = version["name"].as_str().map(str::to_owned);
        name.ok_or_else(|| Error::new(Kind::Unexpected, action, "the version has no name"))
    }

    /// A version's document: state and times, not its payload.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_version(&self, version: &str) -> Result<Document, Error> {
        Call::get(SM, path(version), format!("read secret version `{version}`"))
            .send_json(&self.transport)
            .await
    }

    /// The versions of a secret, the newest first.
    ///
    /// # Errors
    /// `NotFound` when there is no such secret.
    pub async fn list_versions(&self, secret: &str) -> Result<Vec<Document>, Error> {
        let mut versions = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let json = Call::get(
                SM,
                format!("{}/versions", path(secret)),
                format!("list versions of secret `{secret}`"),
            )
            .query_opt("pageToken", page.as_deref())
            .send_json(&self.transport)
            .await?;
            versions.extend(json["versions"].as_array().cloned().unwrap_or_default());
            page = json["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if page.is_none() {
                return Ok(versions);
            }
        }
    }

    /// The payload of `projects/P/secrets/S/versions/N` (or `…/latest`), checked against its checksum.
    ///
    /// # Errors
    /// `NotFound` when there is none, `FailedPrecondition` when it is disabled or destroyed.
    pub async fn access(&self, version: &str) -> Result<SecretPayload, Error> {
        let action = format!("access secret version `{version}`");
        let answer = Call::get(SM, format!("{}:access", path(version)), &*action)
            .send_json(&self.transport)
            .await?;
        let payload = &answer["payload"];
        let bytes = payload["data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        let Some(bytes) = bytes else {
            return Err(Error::new(Kind::Unexpected, action, "the payload is not base64"));
        };
        let sum = payload["dataCrc32c"]
            .as_str()
            .and_then(|digits| digits.parse::<u64>().ok());
        if sum.is_some_and(|sum| sum != u64::from(crc32c::crc32c(&bytes))) {
            return Err(Error::new(
                Kind::Unavailable,
                action,
                "the payload was damaged on its way",
            ));
        }
        Ok(SecretPayload(bytes))
    }

    /// Destroys a version's payload for ever.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn destroy_version(&self, version: &str) -> Result<(), Error> {
        self.verb(version, "destroy").await
    }

    /// Makes a version inaccessible until it is enabled again.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn disable_version(&self, version: &str) -> Result<(), Error> {
        self.verb(version, "disable").await
    }

    async fn verb(&self, version: &str, verb: &str) -> Result<(), Error> {
        Call::post(
            SM,
            format!("{}:{verb}", path(version)),
            format!("{verb} secret version `{version}`"),
        )
        .repeatable()
        .json(&json!({}))
        .send(&self.transport)
        .await
        .map(drop)
    }
}

fn path(name: &str) -> String {
    let segments: Vec<String> = name.split('/').map(segment).collect();
    format!("/v1/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_not_printed() {
        let payload = SecretPayload::new("hush");
        assert!(!format!("{payload:?}").contains("hush"));
        assert_eq!(payload.expose_text().expect("text"), "hush");
    }
}
