//! Artifact Registry v1: <https://cloud.google.com/artifact-registry/docs/reference/rest>, repositories of Docker's format and
//! what is in them; and the registry itself, which speaks the OCI distribution protocol ([`docker`]). Cloud Run asks here for its
//! images ([`image`]).
//!
//! At Google the API has a host of its own. Here it is below `/artifactregistry`, because Dataform's repositories have the same
//! paths. Not here: repositories of other formats, remote and virtual ones, policies for cleaning up, scanning.

mod docker;
pub(crate) mod image;
mod packages;
mod record;
mod repositories;

use std::collections::HashSet;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use self::record::{Blob, Upload};
use crate::http::route::Method;
use crate::operations::{self, Outcome};
use crate::store::{StoreError, Txn, View, under};

/// The methods of the service, and the registry's.
pub(crate) fn methods() -> Vec<Method> {
    let mut all = repositories::methods();
    all.extend(packages::methods());
    all.extend(docker::methods());
    all
}

/// Notes the files that something here names.
pub(crate) fn name_blobs(view: &impl View, named: &mut HashSet<String>) -> Result<(), StoreError> {
    named.extend(
        view.all::<Blob>(&under(&["ar", "b"]))?
            .into_iter()
            .map(|blob| blob.file),
    );
    // Whoever has not gone on for a day does not go on any more.
    let since = Utc::now() - TimeDelta::days(1);
    let uploads = view.all::<Upload>(&under(&["ar", "u"]))?.into_iter();
    named.extend(
        uploads
            .filter(|upload| upload.updated > since)
            .map(|upload| upload.file),
    );
    Ok(())
}

/// Begins the operation that a change is answered with.
fn operation(txn: &mut Txn<'_>, project: &str, location: &str, response: &Value) -> Result<Value, StoreError> {
    let metadata = json!({ "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" });
    let outcome = Outcome::Ended {
        metadata: metadata.clone(),
        end: json!({ "response": response }),
    };
    let name = operations::begin(txn, project, location, outcome)?;
    Ok(operations::begun(&name, &metadata))
}

/// What an operation without a result answers.
fn empty() -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.Empty" })
}
