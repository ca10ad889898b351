//! Keys. They are never deleted either: their versions are destroyed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rings::{self, Ring};
use super::versions::Version;
use super::{KEY, RING, check_id, place, plain_list};
use crate::clock::{parse_duration, stamp};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::{camel, masked};
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::{Txn, View, key, under};
use crate::{iam, labels};

/// How long a version that is to be destroyed can be restored, unless the key says otherwise.
const DESTROYED_AFTER: Duration = Duration::from_hours(30 * 24);

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys";
    const ONE: &str = "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}";
    vec![
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.create",
            "POST",
            ALL,
            create,
        ),
        method("cloudkms.projects.locations.keyRings.cryptoKeys.list", "GET", ALL, list),
        method("cloudkms.projects.locations.keyRings.cryptoKeys.get", "GET", ONE, get),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.patch",
            "PATCH",
            ONE,
            patch,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.updatePrimaryVersion",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:updatePrimaryVersion",
            update_primary,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.getIamPolicy",
            "GET",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:getIamPolicy",
            get_policy,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.setIamPolicy",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:setIamPolicy",
            set_policy,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.testIamPermissions",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:testIamPermissions",
            iam::test_call,
        ),
    ]
}

/// A symmetric key.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    place: [String; 4],
    created: DateTime<Utc>,
    /// How many versions were ever made.
    pub(super) made: u64,
    /// The number of the version that encrypts.
    pub(super) primary: Option<u64>,
    /// `labels`.
    settings: Map<String, Value>,
    destroyed_after: Duration,
}

fn key_key([project, location, ring, id]: &[String; 4]) -> Vec<u8> {
    key(&["kms", "key", project, location, ring, id])
}

fn policy_key([project, location, ring, id]: &[String; 4]) -> Vec<u8> {
    key(&["kms", "key-iam", project, location, ring, id])
}

impl Key {
    pub(super) fn read(view: &impl View, place: &[String; 4]) -> Result<Key, ApiError> {
        let found = view.get(&key_key(place))?;
        found.ok_or_else(|| ApiError::not_found(format!("CryptoKey {} not found.", name(place))))
    }

    pub(super) fn write(&self, txn: &mut Txn<'_>) -> Result<(), ApiError> {
        Ok(txn.put(key_key(&self.place), self)?)
    }

    pub(super) fn place(&self) -> &[String; 4] {
        &self.place
    }

    pub(super) fn destroyed_after(&self) -> Duration {
        self.destroyed_after
    }

    fn resource(&self, view: &impl View, now: DateTime<Utc>) -> Result<Value, ApiError> {
        let mut out = json!({
            "name": name(&self.place),
            "purpose": "ENCRYPT_DECRYPT",
            "createTime": stamp(self.created),
            "versionTemplate": { "protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION" },
            "destroyScheduledDuration": format!("{}s", self.destroyed_after.as_secs()),
        });
        if let Some(primary) = self.primary {
            out["primary"] = Version::read(view, &self.place, primary)?.resource(now);
        }
        for (name, value) in &self.settings {
            out[name] = value.clone();
        }
        Ok(out)
    }
}

pub(super) fn name(place: &[String; 4]) -> String {
    let [project, location, ring, id] = place;
    let ring = rings::name(&[project.clone(), location.clone(), ring.clone()]);
    format!("{ring}/cryptoKeys/{id}")
}

/// Refuses what is asked of a key that this service does not do.
fn check(body: &Map<String, Value>) -> Result<(), ApiError> {
    let refused =
        |what: &str, value: &Value| Err(ApiError::unimplemented(format_args!("a key whose {what} is {value}")));
    let template = &body.get("versionTemplate").cloned().unwrap_or_default();
    for (what, value, known) in [
        ("purpose", body.get("purpose"), "ENCRYPT_DECRYPT"),
        ("protectionLevel", template.get("protectionLevel"), "SOFTWARE"),
        ("algorithm", template.get("algorithm"), "GOOGLE_SYMMETRIC_ENCRYPTION"),
    ] {
        match value {
            None => {}
            Some(value) if value.as_str() == Some(known) => {}
            Some(value) => return refused(what, value),
        }
    }
    for what in ["rotationPeriod", "nextRotationTime", "importOnly", "cryptoKeyBackend"] {
        match body.get(what) {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(value) => return refused(what, value),
        }
    }
    labels::check(body)
}

fn settings(body: &Map<String, Value>) -> Map<String, Value> {
    let labels = body
        .get("labels")
        .filter(|labels| labels.as_object().is_some_and(|l| !l.is_empty()));
    labels
        .map(|labels| ("labels".to_owned(), labels.clone()))
        .into_iter()
        .collect()
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = check_id("cryptoKeyId", call.query.get("cryptoKeyId"))?;
    if body.get("purpose").and_then(Value::as_str).is_none() {
        return Err(ApiError::required("crypto_key.purpose"));
    }
    check(&body)?;
    let destroyed_after = match body.get("destroyScheduledDuration") {
        None => DESTROYED_AFTER,
        Some(given) => given.as_str().and_then(parse_duration).ok_or_else(|| {
            ApiError::invalid("crypto_key.destroy_scheduled_duration is not a duration such as \"86400s\"")
        })?,
    };
    let ring = place(&call, RING);
    let now = call.cloud.clock.now();
    let bare = call.query.flag("skipInitialVersionCreation");
    let made = call.cloud.store.write(move |txn| {
        Ring::read(txn, &ring)?;
        let [project, location, ring] = ring;
        let place = [project, location, ring, id];
        if txn.bytes(&key_key(&place))?.is_some() {
            return Err(ApiError::exists(format!("CryptoKey {} already exists.", name(&place))));
        }
        let mut key = Key {
            place,
            created: now,
            made: 0,
            primary: None,
            settings: settings(&body),
            destroyed_after,
        };
        if !bare {
            key.primary = Some(Version::make(txn, &mut key, now)?.number());
        }
        key.write(txn)?;
        key.resource(txn, now)
    });
    ok(&made.await?)
}

async fn list(call: Call) -> Answer {
    plain_list(&call.query)?;
    let ring = place(&call, RING);
    let snapshot = call.cloud.store.snapshot()?;
    Ring::read(&snapshot, &ring)?;
    let [project, location, ring] = ring;
    let keys: Vec<Key> = snapshot.all(&under(&["kms", "key", &project, &location, &ring]))?;
    let now = call.cloud.clock.now();
    let resources = keys.iter().map(|key| key.resource(&snapshot, now));
    let resources = resources.collect::<Result<Vec<_>, _>>()?;
    let total = resources.len();
    let mut body = page(&call.query, "cryptoKeys", resources, 1000)?;
    body["totalSize"] = json!(total);
    ok(&body)
}

async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&Key::read(&snapshot, &place(&call, KEY))?.resource(&snapshot, call.cloud.clock.now())?)
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let mask = call
        .query
        .get("updateMask")
        .ok_or_else(|| ApiError::required("updateMask"))?
        .to_owned();
    for path in mask.split(',') {
        match camel(path.split('.').next().unwrap_or_default().trim()).as_str() {
            "labels" => {}
            "rotationPeriod" | "nextRotationTime" => {
                return Err(ApiError::unimplemented("the automatic rotation of a key"));
            }
            field => return Err(ApiError::invalid(format!("crypto_key.{field} cannot be updated."))),
        }
    }
    check(&body)?;
    let place = place(&call, KEY);
    let now = call.cloud.clock.now();
    let patched = call.cloud.store.write(move |txn| {
        let mut key = Key::read(txn, &place)?;
        masked(&mut key.settings, &settings(&body), &mask);
        key.write(txn)?;
        key.resource(txn, now)
    });
    ok(&patched.await?)
}

async fn update_primary(mut call: Call) -> Answer {
    let body = call.json().await?;
    let wanted = body.get("cryptoKeyVersionId").and_then(Value::as_str);
    let wanted = wanted
        .ok_or_else(|| ApiError::required("cryptoKeyVersionId"))?
        .to_owned();
    let place = place(&call, KEY);
    let now = call.cloud.clock.now();
    let updated = call.cloud.store.write(move |txn| {
        let mut key = Key::read(txn, &place)?;
        let version = Version::named(txn, &place, &wanted)?;
        version.must_be_enabled(now)?;
        key.primary = Some(version.number());
        key.write(txn)?;
        key.resource(txn, now)
    });
    ok(&updated.await?)
}

async fn get_policy(call: Call) -> Answer {
    let place = place(&call, KEY);
    Key::read(&call.cloud.store.snapshot()?, &place)?;
    let version = iam::requested(&call.query)?;
    ok(&iam::get_version(&call.cloud, &policy_key(&place), version)?)
}

async fn set_policy(call: Call) -> Answer {
    let place = place(&call, KEY);
    Key::read(&call.cloud.store.snapshot()?, &place)?;
    iam::set_call(call, policy_key(&place)).await
}
