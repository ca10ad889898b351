//! IAM policies of tables and routines over HTTP: `RESOURCE:getIamPolicy`, `:setIamPolicy`, `:testIamPermissions`.

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Reply, Shared, body};
use crate::catalog::names::TableName;
use crate::catalog::policies::{self, Owner};
use crate::catalog::routines;
use crate::error::{Fault, Reason};
use crate::service::blocking;

/// The last part of the path is the resource's name and, after a colon, what is asked of it.
pub(super) async fn verb(
    State(service): Shared,
    owner: Owner,
    path: (String, String, String),
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Reply {
    let (project, dataset, last) = path;
    let body = body(headers, bytes)?;
    let Some((id, verb)) = last.rsplit_once(':') else {
        return Err(Fault::not_implemented(&format!("POST of {last}")));
    };
    let name = TableName::new(&project, &dataset, id);
    let verb = verb.to_owned();
    let answer = blocking(&service, move |s| match verb.as_str() {
        "getIamPolicy" => s.engine.read(|tx| policies::get(tx, owner, &name)),
        "setIamPolicy" => {
            let Value::Object(policy) = &body["policy"] else {
                return Err(Fault::new(Reason::Required, "Required parameter is missing: policy"));
            };
            let key = match owner {
                Owner::Table => name.key(),
                Owner::Routine => routines::key(&name),
            };
            s.engine.write(&[key], |tx| policies::set(tx, owner, &name, policy))
        }
        // The caller has every permission it asks about.
        "testIamPermissions" => s.engine.read(|tx| {
            policies::must_exist(tx, owner, &name)?;
            Ok(match &body["permissions"] {
                Value::Null => json!({}),
                permissions => json!({"permissions": permissions}),
            })
        }),
        other => Err(Fault::not_implemented(&format!("{other} of {}", name.id()))),
    });
    Ok(Json(answer.await?))
}
