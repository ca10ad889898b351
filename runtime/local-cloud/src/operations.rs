//! Long-running operations of Cloud Run, Dataplex and Artifact Registry. They outlive the process, and none is done at the first look: a client whose
//! polling is broken shall find out here and not in production.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blobs::new_id;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::page::page;
use crate::run;
use crate::store::{StoreError, Txn, View, key, under};

pub(crate) fn methods() -> Vec<Method> {
    const ONE: &str = "/v2/projects/{project}/locations/{location}/operations/{operation}";
    const ONE_V1: &str = "/v1/projects/{project}/locations/{location}/operations/{operation}";
    const ALL_V1: &str = "/v1/projects/{project}/locations/{location}/operations";
    vec![
        method("dataplex.projects.locations.operations.get", "GET", ONE_V1, get),
        method(
            "dataplex.projects.locations.operations.delete",
            "DELETE",
            ONE_V1,
            delete,
        ),
        method("dataplex.projects.locations.operations.list", "GET", ALL_V1, list),
        method(
            "artifactregistry.projects.locations.operations.get",
            "GET",
            "/artifactregistry/v1/projects/{project}/locations/{location}/operations/{operation}",
            get,
        ),
        method("run.projects.locations.operations.get", "GET", ONE, get),
        method("run.projects.locations.operations.delete", "DELETE", ONE, delete),
        method(
            "run.projects.locations.operations.wait",
            "POST",
            "/v2/projects/{project}/locations/{location}/operations/{operation}:wait",
            wait,
        ),
        method(
            "run.projects.locations.operations.list",
            "GET",
            "/v2/projects/{project}/locations/{location}/operations",
            list,
        ),
    ]
}

/// What an operation ends in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// This resource, as it was when the operation began.
    Resource(Value),
    /// This answer, with metadata of its own about what was asked.
    Answer { metadata: Value, response: Value },
    /// The end of an execution, whose key this is.
    Execution(run::ExecutionName),
    /// A response or an error, under that name; the metadata stay as they are.
    Ended { metadata: Value, end: Value },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Operation {
    name: String,
    created: DateTime<Utc>,
    /// Whether somebody has looked.
    seen: bool,
    outcome: Outcome,
}

fn operation_key(project: &str, location: &str, id: &str) -> Vec<u8> {
    key(&["run", "op", project, location, id])
}

fn key_of(call: &Call) -> Vec<u8> {
    operation_key(call.param("project"), call.param("location"), call.param("operation"))
}

/// Begins an operation. The answer to give is what [`begun`] makes of the name.
pub(crate) fn begin(txn: &mut Txn<'_>, project: &str, location: &str, outcome: Outcome) -> Result<String, StoreError> {
    let id = new_id();
    let name = format!("projects/{project}/locations/{location}/operations/{id}");
    let operation = Operation {
        name: name.clone(),
        created: Utc::now(),
        seen: false,
        outcome,
    };
    txn.put(operation_key(project, location, &id), &operation)?;
    Ok(name)
}

/// An operation that has only begun, with the resource as it is now.
pub(crate) fn begun(name: &str, metadata: &Value) -> Value {
    json!({ "name": name, "metadata": metadata, "done": false })
}

/// An operation that is done and was never stored, for `validateOnly`.
pub(crate) fn validated(project: &str, location: &str, resource: &Value) -> Value {
    let name = format!("projects/{project}/locations/{location}/operations/{}", new_id());
    json!({ "name": name, "metadata": resource, "done": true, "response": resource })
}

impl Operation {
    fn look(&self, cloud: &Cloud) -> Result<Value, ApiError> {
        let mut shown = json!({ "name": self.name });
        match &self.outcome {
            Outcome::Resource(resource) => {
                shown["metadata"] = resource.clone();
                shown["done"] = json!(self.seen);
                if self.seen {
                    shown["response"] = resource.clone();
                }
            }
            Outcome::Answer { metadata, response } => {
                shown["metadata"] = metadata.clone();
                shown["done"] = json!(self.seen);
                if self.seen {
                    shown["metadata"]["endTime"] = json!(crate::clock::stamp(self.created));
                    shown["response"] = response.clone();
                }
            }
            Outcome::Ended { metadata, end } => {
                shown["metadata"] = metadata.clone();
                shown["done"] = json!(self.seen);
                if let (true, Some(shown), Some(end)) = (self.seen, shown.as_object_mut(), end.as_object()) {
                    shown.extend(end.clone());
                }
            }
            Outcome::Execution(name) => match run::execution_end(cloud, name)? {
                run::End::Running(resource) => {
                    shown["metadata"] = resource;
                    shown["done"] = json!(false);
                }
                run::End::Over { resource, error } => {
                    shown["metadata"] = resource.clone();
                    shown["done"] = json!(self.seen);
                    match error {
                        _ if !self.seen => {}
                        None => shown["response"] = resource,
                        Some(error) => shown["error"] = error,
                    }
                }
            },
        }
        Ok(shown)
    }
}

fn missing(call: &Call) -> ApiError {
    ApiError::not_found(format!("Operation '{}' could not be found.", call.param("operation")))
}

/// One look: what the operation was until now, and it counts as seen from then on.
async fn look(call: &Call) -> Result<Value, ApiError> {
    let at = key_of(call);
    let operation: Operation = call.cloud.store.get(&at)?.ok_or_else(|| missing(call))?;
    let shown = operation.look(&call.cloud)?;
    if !operation.seen {
        let seen = Operation {
            seen: true,
            ..operation
        };
        call.cloud
            .store
            .write(move |txn| txn.put(at, &seen))
            .await
            .map_err(|e: StoreError| ApiError::from(e))?;
    }
    Ok(shown)
}

async fn get(call: Call) -> Answer {
    ok(&look(&call).await?)
}

async fn wait(mut call: Call) -> Answer {
    let body = call.json().await?;
    let timeout = body
        .get("timeout")
        .and_then(Value::as_str)
        .and_then(crate::clock::parse_duration);
    let until = tokio::time::Instant::now() + timeout.unwrap_or(std::time::Duration::from_secs(30));
    loop {
        let shown = look(&call).await?;
        if shown["done"] == true || tokio::time::Instant::now() >= until {
            return ok(&shown);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn delete(call: Call) -> Answer {
    let at = key_of(&call);
    if call.cloud.store.get::<Operation>(&at)?.is_none() {
        return Err(missing(&call));
    }
    call.cloud
        .store
        .write(move |txn| {
            txn.remove(at);
            Ok::<_, StoreError>(())
        })
        .await?;
    ok(&json!({}))
}

async fn list(call: Call) -> Answer {
    let prefix = under(&["run", "op", call.param("project"), call.param("location")]);
    let mut operations: Vec<Operation> = call.cloud.store.snapshot()?.all(&prefix)?;
    operations.sort_by_key(|operation| std::cmp::Reverse(operation.created));
    let shown: Result<Vec<_>, _> = operations.iter().map(|operation| operation.look(&call.cloud)).collect();
    ok(&page(&call.query, "operations", shown?, 100)?)
}
