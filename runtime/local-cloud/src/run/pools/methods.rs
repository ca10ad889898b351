//! The calls. Every change is answered with an operation; the processes follow.

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::record::{Pool, PoolName};
use super::supervisor;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::masked;
use crate::http::route::{Method, method};
use crate::iam;
use crate::ids;
use crate::operations::{self, Outcome};
use crate::page::page;
use crate::platform::default_account;
use crate::run::image;
use crate::run::template::{complete_containers, complete_stage, integer};
use crate::store::{Txn, View, under};

/// What only the service sets.
const OUTPUT_ONLY: [&str; 20] = [
    "name",
    "uid",
    "generation",
    "createTime",
    "updateTime",
    "deleteTime",
    "expireTime",
    "creator",
    "lastModifier",
    "observedGeneration",
    "terminalCondition",
    "conditions",
    "latestReadyRevision",
    "latestCreatedRevision",
    "instanceSplitStatuses",
    "threatDetectionEnabled",
    "reconciling",
    "satisfiesPzs",
    "etag",
    "urls",
];

const TYPE: &str = "type.googleapis.com/google.cloud.run.v2.WorkerPool";
/// Cloud Run's own limit on a pool's instances, unless more are asked for.
const MOST_INSTANCES: u64 = 1000;

pub(crate) fn methods() -> Vec<Method> {
    const ALL: &str = "/v2/projects/{project}/locations/{location}/workerPools";
    const ONE: &str = "/v2/projects/{project}/locations/{location}/workerPools/{pool}";
    vec![
        method("run.projects.locations.workerPools.create", "POST", ALL, create),
        method("run.projects.locations.workerPools.list", "GET", ALL, list),
        method("run.projects.locations.workerPools.get", "GET", ONE, get),
        method("run.projects.locations.workerPools.patch", "PATCH", ONE, patch),
        method("run.projects.locations.workerPools.delete", "DELETE", ONE, delete),
        method(
            "run.projects.locations.workerPools.getIamPolicy",
            "GET",
            "/v2/projects/{project}/locations/{location}/workerPools/{pool}:getIamPolicy",
            get_policy,
        ),
        method(
            "run.projects.locations.workerPools.setIamPolicy",
            "POST",
            "/v2/projects/{project}/locations/{location}/workerPools/{pool}:setIamPolicy",
            set_policy,
        ),
        method(
            "run.projects.locations.workerPools.testIamPermissions",
            "POST",
            "/v2/projects/{project}/locations/{location}/workerPools/{pool}:testIamPermissions",
            iam::test_call,
        ),
    ]
}

fn typed(mut resource: Value) -> Value {
    resource["@type"] = json!(TYPE);
    resource
}

fn check_id(id: &str) -> Result<(), ApiError> {
    if ids::is_hyphenated(id, 49) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Violation in CreateWorkerPoolRequest.worker_pool_id: '{id}' must use only lowercase letters, digits and hyphens, \
         begin with a letter, not end with a hyphen, and have less than 50 characters."
    )))
}

fn settable(mut body: Map<String, Value>, project: &str) -> Result<Map<String, Value>, ApiError> {
    body.retain(|name, value| !OUTPUT_ONLY.contains(&name.as_str()) && !value.is_null());
    complete_stage(&mut body);
    let Some(Value::Object(template)) = body.get_mut("template") else {
        return Err(ApiError::invalid(
            "Violation in CreateWorkerPoolRequest.worker_pool.template: must be specified",
        ));
    };
    let account = template.entry("serviceAccount").or_insert(json!(""));
    if account.as_str().is_none_or(str::is_empty) {
        *account = json!(default_account(project));
    }
    complete_containers(template, "worker_pool.template")?;
    let count = &mut body.entry("scaling").or_insert_with(|| json!({}))["manualInstanceCount"];
    let number = match &*count {
        Value::Null => Some(1),
        given => integer(given).filter(|number| *number <= MOST_INSTANCES),
    };
    *count = json!(number.ok_or_else(|| {
        ApiError::invalid(format!(
            "worker_pool.scaling.manual_instance_count: must be between 0 and {MOST_INSTANCES}"
        ))
    })?);
    let latest = json!([{ "type": "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST", "percent": 100 }]);
    body.entry("instanceSplits").or_insert(latest);
    Ok(body)
}

fn revision(pool: &str, generation: u64) -> String {
    format!("{pool}-{generation:05}-{:03x}", rand::random::<u16>() & 0xfff)
}

fn new_pool(txn: &mut Txn<'_>, name: PoolName, settings: Map<String, Value>) -> Result<Pool, ApiError> {
    let now = Utc::now();
    let pool = Pool {
        uid: uuid::Uuid::new_v4().to_string(),
        generation: 1,
        version: txn.next_generation()?,
        created: now,
        updated: now,
        revision: revision(&name.pool, 1),
        settings,
        name,
    };
    txn.put(pool.name.key(), &pool)?;
    Ok(pool)
}

/// Begins the operation that a change is answered with.
fn operation(txn: &mut Txn<'_>, pool: &Pool) -> Result<Value, ApiError> {
    let resource = typed(pool.resource());
    let outcome = Outcome::Resource(resource.clone());
    let name = operations::begin(txn, &pool.name.project, &pool.name.location, outcome)?;
    Ok(operations::begun(&name, &resource))
}

/// The operation that fails because a pool's image is not there; none when it is, or is not for us to know.
fn without_image(txn: &mut Txn<'_>, pool: &Pool) -> Result<Option<Value>, ApiError> {
    let place = (pool.name.project.as_str(), pool.name.location.as_str());
    let template = pool.settings.get("template").unwrap_or(&Value::Null);
    Ok(image::refused(txn, template, place, &typed(pool.resource()))?)
}

fn validated(pool: &Pool) -> Value {
    operations::validated(&pool.name.project, &pool.name.location, &typed(pool.resource()))
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = call
        .query
        .get("workerPoolId")
        .ok_or_else(|| ApiError::required("workerPoolId"))?;
    let name = PoolName {
        pool: id.to_owned(),
        ..PoolName::of(&call)
    };
    check_id(&name.pool)?;
    let settings = settable(body, &name.project)?;
    let validate_only = call.query.flag("validateOnly");
    let written = call.cloud.store.write(move |txn| {
        if txn.bytes(&name.key())?.is_some() {
            return Err(ApiError::exists(format!("Resource '{}' already exists.", name.pool)));
        }
        let pool = new_pool(txn, name, settings)?;
        if let Some(operation) = without_image(txn, &pool)? {
            txn.remove(pool.name.key());
            return Ok((operation, None));
        }
        if validate_only {
            txn.remove(pool.name.key());
            return Ok((validated(&pool), None));
        }
        Ok((operation(txn, &pool)?, Some(pool)))
    });
    let (operation, pool) = written.await?;
    if let Some(pool) = pool {
        supervisor::keep(&call.cloud, &pool);
    }
    ok(&operation)
}

async fn list(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let name = PoolName::of(&call);
    let pools: Vec<Pool> = snapshot.all(&under(&["run", "wp", &name.project, &name.location]))?;
    let resources = pools.iter().map(Pool::resource).collect();
    ok(&page(&call.query, "workerPools", resources, 100)?)
}

async fn get(call: Call) -> Answer {
    ok(&Pool::read(&call.cloud.store.snapshot()?, &PoolName::of(&call))?.resource())
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let name = PoolName::of(&call);
    let given = body.get("etag").and_then(Value::as_str).map(str::to_owned);
    let mask = call
        .query
        .get("updateMask")
        .filter(|mask| *mask != "*")
        .map(str::to_owned);
    let (allow_missing, validate_only) = (call.query.flag("allowMissing"), call.query.flag("validateOnly"));
    let force = call.query.flag("forceNewRevision");
    let written = call.cloud.store.write(move |txn| {
        let Some(mut pool) = txn.get::<Pool>(&name.key())? else {
            if !allow_missing {
                return Err(ApiError::not_found(format!("Resource '{}' was not found", name.pool)));
            }
            check_id(&name.pool)?;
            let settings = settable(body, &name.project)?;
            let pool = new_pool(txn, name, settings)?;
            if let Some(operation) = without_image(txn, &pool)? {
                txn.remove(pool.name.key());
                return Ok((operation, None));
            }
            return Ok((operation(txn, &pool)?, Some(pool)));
        };
        pool.check_etag(given.as_deref())?;
        let before = pool.settings.clone();
        let wanted = match &mask {
            None => body,
            Some(mask) => {
                let mut wanted = before.clone();
                masked(&mut wanted, &body, mask);
                wanted
            }
        };
        pool.settings = settable(wanted, &pool.name.project)?;
        let renewed = force || pool.settings.get("template") != before.get("template");
        if pool.settings != before || force {
            pool.generation += 1;
            pool.updated = Utc::now();
            pool.version = txn.next_generation()?;
        }
        if renewed {
            pool.revision = revision(&pool.name.pool, pool.generation);
        }
        if let Some(operation) = without_image(txn, &pool)? {
            return Ok((operation, None));
        }
        if validate_only {
            return Ok((validated(&pool), None));
        }
        txn.put(pool.name.key(), &pool)?;
        // Other labels are no reason to end a process.
        let moved = renewed || pool.settings.get("scaling") != before.get("scaling");
        Ok((operation(txn, &pool)?, Some(pool).filter(|_| moved)))
    });
    let (operation, pool) = written.await?;
    if let Some(pool) = pool {
        supervisor::keep(&call.cloud, &pool);
    }
    ok(&operation)
}

async fn delete(call: Call) -> Answer {
    let name = PoolName::of(&call);
    let given = call.query.get("etag").map(str::to_owned);
    let validate_only = call.query.flag("validateOnly");
    let gone = name.clone();
    let written = call.cloud.store.write(move |txn| {
        let pool = Pool::read(txn, &name)?;
        pool.check_etag(given.as_deref())?;
        if validate_only {
            return Ok((validated(&pool), false));
        }
        let mut resource = typed(pool.resource());
        resource["deleteTime"] = json!(crate::clock::stamp(Utc::now()));
        txn.remove(name.key());
        txn.remove(name.policy_key());
        let outcome = Outcome::Resource(resource.clone());
        let operation = operations::begin(txn, &name.project, &name.location, outcome)?;
        Ok::<_, ApiError>((operations::begun(&operation, &resource), true))
    });
    let (operation, deleted) = written.await?;
    if deleted {
        // What writes to a table that is deleted next must not do so any more when the answer is there.
        call.cloud.pools.stop(&gone).await;
    }
    ok(&operation)
}

async fn get_policy(call: Call) -> Answer {
    let name = PoolName::of(&call);
    Pool::read(&call.cloud.store.snapshot()?, &name)?;
    ok(&iam::get(&call.cloud, &name.policy_key())?)
}

async fn set_policy(call: Call) -> Answer {
    let name = PoolName::of(&call);
    Pool::read(&call.cloud.store.snapshot()?, &name)?;
    iam::set_call(call, name.policy_key()).await
}
