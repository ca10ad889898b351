//! Versions of secrets and their payloads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Secret, bytes_of, check_etag, etag, secret_key};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::{Next, StoreError, Txn, View, key, under};

const MOST_BYTES: usize = 64 << 10;

pub(super) fn methods() -> Vec<Method> {
    vec![
        method(
            "secretmanager.projects.secrets.addVersion",
            "POST",
            "/v1/projects/{project}/secrets/{secret}:addVersion",
            add,
        ),
        method(
            "secretmanager.projects.secrets.versions.list",
            "GET",
            "/v1/projects/{project}/secrets/{secret}/versions",
            list,
        ),
        method(
            "secretmanager.projects.secrets.versions.access",
            "GET",
            "/v1/projects/{project}/secrets/{secret}/versions/{version}:access",
            access_call,
        ),
        method(
            "secretmanager.projects.secrets.versions.get",
            "GET",
            "/v1/projects/{project}/secrets/{secret}/versions/{version}",
            get,
        ),
        method(
            "secretmanager.projects.secrets.versions.enable",
            "POST",
            "/v1/projects/{project}/secrets/{secret}/versions/{version}:enable",
            |call| change(call, State::Enabled),
        ),
        method(
            "secretmanager.projects.secrets.versions.disable",
            "POST",
            "/v1/projects/{project}/secrets/{secret}/versions/{version}:disable",
            |call| change(call, State::Disabled),
        ),
        method(
            "secretmanager.projects.secrets.versions.destroy",
            "POST",
            "/v1/projects/{project}/secrets/{secret}/versions/{version}:destroy",
            |call| change(call, State::Destroyed),
        ),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Enabled,
    Disabled,
    Destroyed,
}

/// A version. Its payload is under a key of its own, so that no listing ever touches it.
#[derive(Clone, Serialize, Deserialize)]
struct Version {
    secret: String,
    number: u64,
    state: State,
    created: DateTime<Utc>,
    destroyed: Option<DateTime<Utc>>,
    version: i64,
    checked: bool,
}

impl Version {
    fn key(project: &str, secret: &str, number: u64) -> Vec<u8> {
        key(&["secret", "v", project, secret, &format!("{number:010}")])
    }

    fn payload_key(project: &str, secret: &str, number: u64) -> Vec<u8> {
        key(&["secret", "payload", project, secret, &format!("{number:010}")])
    }

    fn name(&self) -> String {
        format!("{}/versions/{}", self.secret, self.number)
    }

    fn read(view: &impl View, project: &str, id: &str, wanted: &str) -> Result<Version, ApiError> {
        let secret = Secret::read(view, project, id)?;
        let alias = secret
            .settings
            .get("versionAliases")
            .and_then(|aliases| aliases.get(wanted));
        let number = match (wanted, alias) {
            ("latest", _) => Some(secret.added),
            (_, Some(alias)) => alias.as_u64().or_else(|| alias.as_str()?.parse().ok()),
            (wanted, None) => wanted.parse().ok(),
        };
        let found = match number {
            Some(number) => view.get(&Version::key(project, id, number))?,
            None => None,
        };
        found.ok_or_else(|| {
            let name = secret.name();
            ApiError::not_found(format!("Secret Version [{name}/versions/{wanted}] not found."))
        })
    }

    fn resource(&self) -> Value {
        let mut out = json!({
            "name": self.name(),
            "createTime": stamp(self.created),
            "state": self.state,
            "replicationStatus": { "automatic": {} },
            "etag": etag(self.version),
        });
        if let Some(destroyed) = self.destroyed {
            out["destroyTime"] = json!(stamp(destroyed));
        }
        if self.checked {
            out["clientSpecifiedPayloadChecksum"] = json!(true);
        }
        out
    }
}

/// Removes the versions of a secret with their payloads.
pub(super) fn remove_all(txn: &mut Txn<'_>, project: &str, id: &str) -> Result<(), ApiError> {
    for space in ["v", "payload"] {
        let prefix = under(&["secret", space, project, id]);
        let mut keys = Vec::new();
        txn.scan(&prefix, &prefix, &mut |key, _| {
            keys.push(key.to_vec());
            Ok::<_, StoreError>(Next::Continue)
        })?;
        for key in keys {
            txn.remove(key);
        }
    }
    Ok(())
}

async fn add(mut call: Call) -> Answer {
    let body = call.json().await?;
    let payload = body.get("payload").unwrap_or(&Value::Null);
    let text = payload["data"].as_str().unwrap_or_default();
    let data = bytes_of(text).ok_or_else(|| ApiError::invalid("payload.data is not base64"))?;
    if data.is_empty() {
        return Err(ApiError::invalid("Secret Payload cannot be empty."));
    }
    if data.len() > MOST_BYTES {
        return Err(ApiError::invalid("The payload is larger than 65536 bytes."));
    }
    let sum = u64::from(crc32c::crc32c(&data));
    let given = &payload["dataCrc32c"];
    let given = given.as_u64().or_else(|| given.as_str()?.parse().ok());
    if given.is_some_and(|given| given != sum) {
        return Err(ApiError::invalid(
            "The provided checksum does not match the payload: payload.data_crc32c",
        ));
    }
    let checked = given.is_some();
    let (project, id) = (call.param("project").to_owned(), call.param("secret").to_owned());
    let version = call.cloud.store.write(move |txn| {
        let mut secret = Secret::read(txn, &project, &id)?;
        secret.added += 1;
        let number = secret.added;
        let generation = txn.next_generation()?;
        let version = Version {
            secret: secret.name(),
            number,
            state: State::Enabled,
            created: Utc::now(),
            destroyed: None,
            version: generation,
            checked,
        };
        txn.put(secret_key(&project, &id), &secret)?;
        txn.put(Version::key(&project, &id, number), &version)?;
        txn.put(Version::payload_key(&project, &id, number), &STANDARD.encode(data))?;
        Ok::<_, ApiError>(version)
    });
    ok(&version.await?.resource())
}

async fn list(call: Call) -> Answer {
    let (project, id) = (call.param("project"), call.param("secret"));
    let state = match call.query.get("filter") {
        None => None,
        Some(filter) => match filter.split_once([':', '=']) {
            Some((field, value)) if field.trim().eq_ignore_ascii_case("state") => {
                Some(value.trim().to_ascii_uppercase())
            }
            _ => {
                return Err(ApiError::unimplemented(format_args!(
                    "the filter of secret versions '{filter}'"
                )));
            }
        },
    };
    let snapshot = call.cloud.store.snapshot()?;
    Secret::read(&snapshot, project, id)?;
    let mut versions: Vec<Version> = snapshot.all(&under(&["secret", "v", project, id]))?;
    versions.retain(|version| state.as_ref().is_none_or(|state| json!(version.state) == json!(state)));
    versions.reverse();
    let resources: Vec<Value> = versions.iter().map(Version::resource).collect();
    let total = resources.len();
    let mut body = page(&call.query, "versions", resources, 1000)?;
    body["totalSize"] = json!(total);
    ok(&body)
}

async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&Version::read(
        &snapshot,
        call.param("project"),
        call.param("secret"),
        call.param("version"),
    )?
    .resource())
}

async fn access_call(call: Call) -> Answer {
    let (name, data) = access(
        &call.cloud.store.snapshot()?,
        call.param("project"),
        call.param("secret"),
        call.param("version"),
    )?;
    let sum = crc32c::crc32c(&data).to_string();
    ok(&json!({ "name": name, "payload": { "data": STANDARD.encode(data), "dataCrc32c": sum } }))
}

/// The payload of a version, by number, alias or `latest`, with the version's full name.
pub(crate) fn access(
    view: &impl View,
    project: &str,
    secret: &str,
    version: &str,
) -> Result<(String, Vec<u8>), ApiError> {
    let version = Version::read(view, project, secret, version)?;
    let name = version.name();
    if version.state != State::Enabled {
        let state = json!(version.state);
        let state = state.as_str().unwrap_or_default();
        return Err(ApiError::failed_precondition(format!(
            "Secret Version [{name}] is in {state} state."
        )));
    }
    let payload: Option<String> = view.get(&Version::payload_key(project, secret, version.number))?;
    let data = payload.and_then(|text| STANDARD.decode(text).ok());
    Ok((
        name,
        data.ok_or_else(|| ApiError::internal("the payload of a secret version is missing"))?,
    ))
}

async fn change(mut call: Call, to: State) -> Answer {
    let body = call.json().await?;
    let given = body.get("etag").and_then(Value::as_str).map(str::to_owned);
    let (project, id) = (call.param("project").to_owned(), call.param("secret").to_owned());
    let wanted = call.param("version").to_owned();
    let version = call.cloud.store.write(move |txn| {
        let mut version = Version::read(txn, &project, &id, &wanted)?;
        check_etag(given.as_deref(), &etag(version.version))?;
        if version.state == State::Destroyed {
            let name = version.name();
            return Err(ApiError::failed_precondition(format!(
                "Secret Version [{name}] is already DESTROYED."
            )));
        }
        version.state = to;
        version.version = txn.next_generation()?;
        if to == State::Destroyed {
            version.destroyed = Some(Utc::now());
            txn.remove(Version::payload_key(&project, &id, version.number));
        }
        txn.put(Version::key(&project, &id, version.number), &version)?;
        Ok(version)
    });
    ok(&version.await?.resource())
}
