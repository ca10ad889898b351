//! Versions of keys, and what they are made of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keys::{self, Key};
use super::{KEY, place, plain_list};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::{Txn, View, key, under};

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}/cryptoKeyVersions";
    const ONE: &str =
        "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}/cryptoKeyVersions/{version}";
    vec![
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.create",
            "POST",
            ALL,
            create,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.list",
            "GET",
            ALL,
            list,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.get",
            "GET",
            ONE,
            get,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.patch",
            "PATCH",
            ONE,
            patch,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.destroy",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}/cryptoKeyVersions/{version}:destroy",
            destroy,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.restore",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}/cryptoKeyVersions/{version}:restore",
            restore,
        ),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Enabled,
    Disabled,
    DestroyScheduled,
    Destroyed,
}

/// A version. What it is made of is under a key of its own, so that no listing ever touches it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Version {
    place: [String; 4],
    number: u64,
    state: State,
    created: DateTime<Utc>,
    /// When it is destroyed or was.
    destroyed: Option<DateTime<Utc>>,
}

impl Version {
    fn key([project, location, ring, id]: &[String; 4], number: u64) -> Vec<u8> {
        key(&["kms", "version", project, location, ring, id, &format!("{number:010}")])
    }

    fn material_key([project, location, ring, id]: &[String; 4], number: u64) -> Vec<u8> {
        key(&["kms", "material", project, location, ring, id, &format!("{number:010}")])
    }

    /// A new version of a key.
    pub(super) fn make(txn: &mut Txn<'_>, of: &mut Key, now: DateTime<Utc>) -> Result<Version, ApiError> {
        of.made += 1;
        let version = Version {
            place: of.place().clone(),
            number: of.made,
            state: State::Enabled,
            created: now,
            destroyed: None,
        };
        let material: [u8; 32] = rand::rng().random();
        txn.put(Version::material_key(of.place(), of.made), &STANDARD.encode(material))?;
        version.write(txn)?;
        Ok(version)
    }

    fn write(&self, txn: &mut Txn<'_>) -> Result<(), ApiError> {
        Ok(txn.put(Version::key(&self.place, self.number), self)?)
    }

    pub(super) fn read(view: &impl View, place: &[String; 4], number: u64) -> Result<Version, ApiError> {
        Version::named(view, place, &number.to_string())
    }

    pub(super) fn named(view: &impl View, place: &[String; 4], id: &str) -> Result<Version, ApiError> {
        let found = match id.parse() {
            Ok(number) => view.get(&Version::key(place, number))?,
            Err(_) => None,
        };
        found.ok_or_else(|| {
            let key = keys::name(place);
            ApiError::not_found(format!("CryptoKeyVersion {key}/cryptoKeyVersions/{id} not found."))
        })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn name(&self) -> String {
        format!("{}/cryptoKeyVersions/{}", keys::name(&self.place), self.number)
    }

    /// A version whose time has come is destroyed, whether anybody looked or not.
    fn state(&self, now: DateTime<Utc>) -> State {
        match self.state {
            State::DestroyScheduled if self.destroyed.is_some_and(|at| at <= now) => State::Destroyed,
            state => state,
        }
    }

    pub(super) fn resource(&self, now: DateTime<Utc>) -> Value {
        let state = self.state(now);
        let mut out = json!({
            "name": self.name(),
            "state": state,
            "createTime": stamp(self.created),
            "generateTime": stamp(self.created),
            "protectionLevel": "SOFTWARE",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        });
        match (state, self.destroyed) {
            (State::DestroyScheduled, Some(at)) => out["destroyTime"] = json!(stamp(at)),
            (State::Destroyed, Some(at)) => out["destroyEventTime"] = json!(stamp(at)),
            _ => {}
        }
        out
    }

    fn refused(&self, now: DateTime<Utc>, wanted: &str) -> ApiError {
        let state = json!(self.state(now));
        let state = state.as_str().unwrap_or_default();
        ApiError::failed_precondition(format!("{} is not {wanted}, current state is: {state}.", self.name()))
    }

    pub(super) fn must_be_enabled(&self, now: DateTime<Utc>) -> Result<(), ApiError> {
        match self.state(now) {
            State::Enabled => Ok(()),
            _ => Err(self.refused(now, "enabled")),
        }
    }

    /// What an enabled version is made of.
    pub(super) fn material(&self, view: &impl View, now: DateTime<Utc>) -> Result<Vec<u8>, ApiError> {
        self.must_be_enabled(now)?;
        let stored: Option<String> = view.get(&Version::material_key(&self.place, self.number))?;
        stored
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or_else(|| ApiError::internal("what a version of a key is made of is missing"))
    }
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    if body.get("state").is_some_and(|state| state != "ENABLED") {
        return Err(ApiError::invalid("A new CryptoKeyVersion is ENABLED."));
    }
    let place = place(&call, KEY);
    let now = call.cloud.clock.now();
    let made = call.cloud.store.write(move |txn| {
        let mut key = Key::read(txn, &place)?;
        let version = Version::make(txn, &mut key, now)?;
        key.write(txn)?;
        Ok::<_, ApiError>(version.resource(now))
    });
    ok(&made.await?)
}

async fn list(call: Call) -> Answer {
    plain_list(&call.query)?;
    let place = place(&call, KEY);
    let snapshot = call.cloud.store.snapshot()?;
    Key::read(&snapshot, &place)?;
    let [project, location, ring, id] = &place;
    let versions: Vec<Version> = snapshot.all(&under(&["kms", "version", project, location, ring, id]))?;
    let now = call.cloud.clock.now();
    let total = versions.len();
    let resources = versions.iter().map(|version| version.resource(now)).collect();
    let mut body = page(&call.query, "cryptoKeyVersions", resources, 1000)?;
    body["totalSize"] = json!(total);
    ok(&body)
}

async fn get(call: Call) -> Answer {
    let version = Version::named(&call.cloud.store.snapshot()?, &place(&call, KEY), call.param("version"))?;
    ok(&version.resource(call.cloud.clock.now()))
}

/// Changes a version in one transaction.
async fn change(
    call: Call,
    work: impl FnOnce(&mut Version, &Key, DateTime<Utc>) -> Result<(), ApiError> + Send + 'static,
) -> Answer {
    let place = place(&call, KEY);
    let wanted = call.param("version").to_owned();
    let now = call.cloud.clock.now();
    let changed = call.cloud.store.write(move |txn| {
        let key = Key::read(txn, &place)?;
        let mut version = Version::named(txn, &place, &wanted)?;
        work(&mut version, &key, now)?;
        version.write(txn)?;
        Ok::<_, ApiError>(version.resource(now))
    });
    ok(&changed.await?)
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    match call.query.get("updateMask") {
        None => return Err(ApiError::required("updateMask")),
        Some("state") => {}
        Some(mask) => {
            return Err(ApiError::invalid(format!(
                "crypto_key_version.{mask} cannot be updated."
            )));
        }
    }
    let to = match body.get("state").and_then(Value::as_str) {
        Some("ENABLED") => State::Enabled,
        Some("DISABLED") => State::Disabled,
        _ => {
            return Err(ApiError::invalid(
                "The state of a CryptoKeyVersion can be set to ENABLED or DISABLED.",
            ));
        }
    };
    change(call, move |version, _, now| match version.state(now) {
        State::Enabled | State::Disabled => {
            version.state = to;
            Ok(())
        }
        _ => Err(version.refused(now, "enabled or disabled")),
    })
    .await
}

async fn destroy(call: Call) -> Answer {
    change(call, |version, key, now| match version.state(now) {
        State::Enabled | State::Disabled => {
            version.state = State::DestroyScheduled;
            version.destroyed = Some(now + TimeDelta::from_std(key.destroyed_after()).unwrap_or_default());
            Ok(())
        }
        _ => Err(version.refused(now, "enabled or disabled")),
    })
    .await
}

async fn restore(call: Call) -> Answer {
    change(call, |version, _, now| match version.state(now) {
        State::DestroyScheduled => {
            version.state = State::Disabled;
            version.destroyed = None;
            Ok(())
        }
        _ => Err(version.refused(now, "scheduled for destruction")),
    })
    .await
}
