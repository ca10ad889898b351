//! Key rings. They are never deleted, as at Google.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{RING, check_id, place, plain_list};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::iam;
use crate::page::page;
use crate::store::{View, key, under};

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/locations/{location}/keyRings";
    vec![
        method("cloudkms.projects.locations.keyRings.create", "POST", ALL, create),
        method("cloudkms.projects.locations.keyRings.list", "GET", ALL, list),
        method(
            "cloudkms.projects.locations.keyRings.get",
            "GET",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}",
            get,
        ),
        method(
            "cloudkms.projects.locations.keyRings.getIamPolicy",
            "GET",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}:getIamPolicy",
            get_policy,
        ),
        method(
            "cloudkms.projects.locations.keyRings.setIamPolicy",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}:setIamPolicy",
            set_policy,
        ),
        method(
            "cloudkms.projects.locations.keyRings.testIamPermissions",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}:testIamPermissions",
            iam::test_call,
        ),
    ]
}

#[derive(Serialize, Deserialize)]
pub(super) struct Ring {
    name: String,
    created: DateTime<Utc>,
}

fn ring_key([project, location, ring]: &[String; 3]) -> Vec<u8> {
    key(&["kms", "ring", project, location, ring])
}

fn policy_key([project, location, ring]: &[String; 3]) -> Vec<u8> {
    key(&["kms", "ring-iam", project, location, ring])
}

pub(super) fn name([project, location, ring]: &[String; 3]) -> String {
    format!("projects/{project}/locations/{location}/keyRings/{ring}")
}

impl Ring {
    pub(super) fn read(view: &impl View, place: &[String; 3]) -> Result<Ring, ApiError> {
        let ring = view.get(&ring_key(place))?;
        ring.ok_or_else(|| ApiError::not_found(format!("KeyRing {} not found.", name(place))))
    }

    fn resource(&self) -> Value {
        json!({ "name": self.name, "createTime": stamp(self.created) })
    }
}

async fn create(call: Call) -> Answer {
    let id = check_id("keyRingId", call.query.get("keyRingId"))?;
    let [project, location] = place(&call, ["project", "location"]);
    let place = [project, location, id];
    let created = call.cloud.clock.now();
    let ring = call.cloud.store.write(move |txn| {
        let (at, name) = (ring_key(&place), name(&place));
        if txn.bytes(&at)?.is_some() {
            return Err(ApiError::exists(format!("KeyRing {name} already exists.")));
        }
        let ring = Ring { name, created };
        txn.put(at, &ring)?;
        Ok(ring)
    });
    ok(&ring.await?.resource())
}

async fn list(call: Call) -> Answer {
    plain_list(&call.query)?;
    let [project, location] = place(&call, ["project", "location"]);
    let rings: Vec<Ring> = call
        .cloud
        .store
        .snapshot()?
        .all(&under(&["kms", "ring", &project, &location]))?;
    let total = rings.len();
    let mut body = page(
        &call.query,
        "keyRings",
        rings.iter().map(Ring::resource).collect(),
        1000,
    )?;
    body["totalSize"] = json!(total);
    ok(&body)
}

async fn get(call: Call) -> Answer {
    ok(&Ring::read(&call.cloud.store.snapshot()?, &place(&call, RING))?.resource())
}

async fn get_policy(call: Call) -> Answer {
    let place = place(&call, RING);
    Ring::read(&call.cloud.store.snapshot()?, &place)?;
    let version = iam::requested(&call.query)?;
    ok(&iam::get_version(&call.cloud, &policy_key(&place), version)?)
}

async fn set_policy(call: Call) -> Answer {
    let place = place(&call, RING);
    Ring::read(&call.cloud.store.snapshot()?, &place)?;
    iam::set_call(call, policy_key(&place)).await
}
