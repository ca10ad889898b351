//! The local cloud's own methods, under `/_control`: health, faults, time, reset. No Google client calls them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::faults::Fault;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::store::{Next, StoreError, View};

pub(crate) fn methods() -> Vec<Method> {
    vec![
        method("control.health", "GET", "/_control/health", health),
        method("control.methods", "GET", "/_control/methods", table),
        method("control.faults.list", "GET", "/_control/faults", faults),
        method("control.faults.add", "POST", "/_control/faults", add_faults),
        method("control.faults.clear", "DELETE", "/_control/faults", clear_faults),
        method("control.clock", "GET", "/_control/clock", clock),
        method("control.clock.advance", "POST", "/_control/clock", advance),
        method("control.reset", "POST", "/_control/reset", reset),
    ]
}

async fn health(call: Call) -> Answer {
    let cloud = &call.cloud;
    ok(&json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "base_url": cloud.base_url,
        "data_dir": cloud.data_dir,
        "project": cloud.project,
        "region": cloud.region,
    }))
}

async fn table(call: Call) -> Answer {
    let methods: Vec<Value> = call
        .cloud
        .routes
        .table()
        .filter(|(id, ..)| !id.starts_with("control."))
        .map(|(id, verb, path)| json!({ "id": id, "method": verb, "path": path }))
        .chain(crate::bigquery::grpc_methods())
        .collect();
    ok(&json!({ "methods": methods }))
}

async fn faults(call: Call) -> Answer {
    ok(&call.cloud.faults.report())
}

async fn add_faults(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let script: Vec<Fault> =
        serde_json::from_slice(&body).map_err(|e| ApiError::invalid(format!("not a list of faults: {e}")))?;
    call.cloud.faults.add(script);
    ok(&call.cloud.faults.report())
}

async fn clear_faults(call: Call) -> Answer {
    call.cloud.faults.clear();
    ok(&call.cloud.faults.report())
}

async fn clock(call: Call) -> Answer {
    ok(&json!({ "now": crate::clock::stamp(call.cloud.clock.now()) }))
}

/// `{"advance_seconds": N}`: schedules see a later time; time stamps of resources do not change.
async fn advance(mut call: Call) -> Answer {
    let body = call.json().await?;
    let seconds = body.get("advance_seconds").and_then(Value::as_u64);
    let seconds = seconds.ok_or_else(|| ApiError::invalid("advance_seconds must be a number, not negative"))?;
    call.cloud.clock.advance(Duration::from_secs(seconds));
    clock(call).await
}

/// Forgets everything except what BigQuery holds. Executions and invocations that run are stopped.
async fn reset(call: Call) -> Answer {
    let cloud = &call.cloud;
    cloud.faults.clear();
    cloud.executor.cancel_all();
    cloud.pools.stop_all();
    cloud.dataform.running.cancel_under(b"");
    cloud.dataplex.running.cancel_under(b"");
    clear(cloud).await?;
    cloud.pubsub.reset().await.map_err(ApiError::internal)?;
    cloud.history.clear();
    ok(&json!({}))
}

async fn clear(cloud: &Cloud) -> Result<(), ApiError> {
    cloud
        .store
        .write(|txn| {
            let mut keys = Vec::new();
            txn.scan(b"", b"", &mut |key, _| {
                // Generations go on rising: they must not come again.
                if !key.starts_with(b"meta\0") {
                    keys.push(key.to_vec());
                }
                Ok(Next::Continue)
            })?;
            for key in keys {
                txn.remove(key);
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    let ids = cloud.blobs.ids()?;
    cloud.blobs.collect(&ids, &std::collections::HashSet::new());
    Ok(())
}
