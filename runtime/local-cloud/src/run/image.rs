//! What a container executes: the program of its image, when that was pushed to the local Artifact Registry; otherwise the local
//! cloud's own runtime.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::artifacts::image::{Named, find, not_found};
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::operations::{self, Outcome};
use crate::store::{StoreError, Txn};

/// A program with the arguments that come before those of a container, and what its image sets.
pub(super) struct Program {
    pub(super) file: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) dir: PathBuf,
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn name_of(container: &Value) -> &str {
    container["image"].as_str().unwrap_or_default()
}

/// The program of a container. Its image is unpacked if it is not yet.
pub(super) async fn program(cloud: &Cloud, container: &Value) -> Result<Program, ApiError> {
    let args = texts(&container["args"]);
    let named = find(&cloud.store.snapshot()?, name_of(container))?;
    let found = match named {
        Named::Found(found) => found,
        Named::Missing => return Err(not_found(name_of(container))),
        Named::Elsewhere => {
            return Ok(Program {
                file: cloud.runtime_binary.clone(),
                args,
                env: Vec::new(),
                dir: "/".into(),
            });
        }
    };
    let image = found.unpack(cloud).await?;
    let (file, args) = image.command(&texts(&container["command"]), &args)?;
    let env = image.env().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Program {
        file,
        args,
        env: env.collect(),
        dir: image.dir(),
    })
}

/// The operation that ends in an error because the image of a template is not there; none when there is nothing to say.
pub(super) fn refused(
    txn: &mut Txn<'_>,
    template: &Value,
    (project, location): (&str, &str),
    resource: &Value,
) -> Result<Option<Value>, StoreError> {
    let name = name_of(&template["containers"][0]);
    if !matches!(find(txn, name)?, Named::Missing) {
        return Ok(None);
    }
    let outcome = Outcome::Ended {
        metadata: resource.clone(),
        end: json!({ "error": not_found(name).rpc_status() }),
    };
    let operation = operations::begin(txn, project, location, outcome)?;
    Ok(Some(operations::begun(&operation, resource)))
}
