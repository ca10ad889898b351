//! Repositories: <https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories>.

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::record::{Place, Repository};
use super::{empty, operation};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read, updated};
use crate::http::route::{Method, method};
use crate::ids;
use crate::labels;
use crate::page::page;
use crate::store::{View, under};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    (
        "format",
        Shape::Enum(&[
            "FORMAT_UNSPECIFIED",
            "DOCKER",
            "MAVEN",
            "NPM",
            "APT",
            "YUM",
            "PYTHON",
            "KFP",
            "GO",
            "GENERIC",
        ]),
    ),
    ("description", Shape::Text),
    ("labels", Shape::Texts),
    ("createTime", Shape::Output),
    ("updateTime", Shape::Output),
    (
        "mode",
        Shape::Enum(&[
            "MODE_UNSPECIFIED",
            "STANDARD_REPOSITORY",
            "VIRTUAL_REPOSITORY",
            "REMOTE_REPOSITORY",
        ]),
    ),
    ("sizeBytes", Shape::Output),
    ("satisfiesPzs", Shape::Output),
    ("satisfiesPzi", Shape::Output),
    ("registryUri", Shape::Output),
    ("kmsKeyName", Shape::Unserved),
    ("dockerConfig", Shape::Unserved),
    ("mavenConfig", Shape::Unserved),
    ("virtualRepositoryConfig", Shape::Unserved),
    ("remoteRepositoryConfig", Shape::Unserved),
    ("cleanupPolicies", Shape::Unserved),
    ("cleanupPolicyDryRun", Shape::Unserved),
    ("vulnerabilityScanningConfig", Shape::Unserved),
];

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/artifactregistry/v1/projects/{project}/locations/{location}/repositories";
    const ONE: &str = "/artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}";
    vec![
        method(
            "artifactregistry.projects.locations.repositories.create",
            "POST",
            ALL,
            create,
        ),
        method(
            "artifactregistry.projects.locations.repositories.list",
            "GET",
            ALL,
            list,
        ),
        method("artifactregistry.projects.locations.repositories.get", "GET", ONE, get),
        method(
            "artifactregistry.projects.locations.repositories.patch",
            "PATCH",
            ONE,
            patch,
        ),
        method(
            "artifactregistry.projects.locations.repositories.delete",
            "DELETE",
            ONE,
            delete,
        ),
    ]
}

/// The repository that a call names.
pub(super) fn place(call: &Call) -> Place {
    Place {
        project: call.param("project").to_owned(),
        location: call.param("location").to_owned(),
        repository: call.param("repository").to_owned(),
    }
}

pub(super) fn found(view: &impl View, place: &Place) -> Result<Repository, ApiError> {
    let repository = place.repository(view)?;
    repository.ok_or_else(|| ApiError::not_found("Requested entity was not found."))
}

fn check_id(id: &str) -> Result<(), ApiError> {
    if ids::is_hyphenated(id, 63) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "invalid repository id '{id}': it must be 1 to 63 lowercase letters, digits and hyphens, begin with a letter and not end \
         with a hyphen"
    )))
}

/// What is kept of a body.
fn settings(body: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut settings = read(body, FIELDS, "repository")?;
    labels::check(&settings)?;
    for (field, known) in [("format", "DOCKER"), ("mode", "STANDARD_REPOSITORY")] {
        match settings.remove(field) {
            None => {}
            Some(value) if value == known => {}
            Some(value) => {
                return Err(ApiError::unimplemented(format_args!(
                    "a repository whose {field} is {value}"
                )));
            }
        }
    }
    Ok(settings)
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = call.query.get("repositoryId");
    let id = id.ok_or_else(|| ApiError::required("repositoryId"))?.to_owned();
    check_id(&id)?;
    if body.get("format").is_none() {
        return Err(ApiError::invalid("repository.format must be specified"));
    }
    let settings = settings(body)?;
    let place = Place {
        repository: id,
        ..place(&call)
    };
    let now = call.cloud.clock.now();
    let written = call.cloud.store.write(move |txn| {
        if place.repository(txn)?.is_some() {
            return Err(ApiError::exists("the repository already exists"));
        }
        let repository = Repository {
            created: now,
            updated: now,
            settings,
            place,
        };
        txn.put(repository.place.repository_key(), &repository)?;
        let mut response = repository.resource(txn)?;
        response["@type"] = json!("type.googleapis.com/google.devtools.artifactregistry.v1.Repository");
        let Place { project, location, .. } = &repository.place;
        Ok(operation(txn, project, location, &response)?)
    });
    ok(&written.await?)
}

async fn list(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let place = place(&call);
    let all: Vec<Repository> = snapshot.all(&under(&["ar", "r", &place.project, &place.location]))?;
    let shown: Result<Vec<Value>, _> = all.iter().map(|repository| repository.resource(&snapshot)).collect();
    ok(&page(&call.query, "repositories", shown?, 100)?)
}

async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&found(&snapshot, &place(&call))?.resource(&snapshot)?)
}

async fn patch(mut call: Call) -> Answer {
    let body = settings(call.json().await?)?;
    let mask = call.query.get("updateMask").map(str::to_owned);
    let place = place(&call);
    let written = call.cloud.store.write(move |txn| {
        let mut repository = found(txn, &place)?;
        repository.settings = updated(&repository.settings, &body, mask.as_deref(), FIELDS)?;
        repository.updated = Utc::now();
        txn.put(place.repository_key(), &repository)?;
        Ok::<_, ApiError>(repository.resource(txn)?)
    });
    ok(&written.await?)
}

async fn delete(call: Call) -> Answer {
    let place = place(&call);
    let written = call.cloud.store.write(move |txn| {
        found(txn, &place)?;
        let files = place.forget(txn, None)?;
        txn.remove(place.repository_key());
        let operation = operation(txn, &place.project, &place.location, &empty())?;
        Ok::<_, ApiError>((operation, files))
    });
    let (operation, files) = written.await?;
    call.cloud.blobs.remove(&files);
    ok(&operation)
}
