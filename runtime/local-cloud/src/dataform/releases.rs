//! Release configurations: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.releaseConfigs>.

use serde_json::{Map, Value};

use super::check;
use super::configs::{Config, Kind};
use super::names::{Collection, RepositoryName};
use crate::http::answer::ApiError;
use crate::http::message::{Fields, Shape};
use crate::store::{Txn, View};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("gitCommitish", Shape::Text),
    (
        "codeCompilationConfig",
        Shape::Message(&[
            ("defaultDatabase", Shape::Text),
            ("defaultSchema", Shape::Text),
            ("defaultLocation", Shape::Text),
            ("assertionSchema", Shape::Text),
            ("vars", Shape::Texts),
            ("databaseSuffix", Shape::Text),
            ("schemaSuffix", Shape::Text),
            ("tablePrefix", Shape::Text),
            ("builtinAssertionNamePrefix", Shape::Text),
            ("defaultNotebookRuntimeOptions", Shape::Unserved),
            ("pipelineConfig", Shape::Unserved),
        ]),
    ),
    ("cronSchedule", Shape::Text),
    ("timeZone", Shape::Text),
    ("recentScheduledReleaseRecords", Shape::Output),
    ("releaseCompilationResult", Shape::Text),
    ("disabled", Shape::Bool),
    ("internalMetadata", Shape::Output),
];

pub(super) const KIND: Kind = Kind {
    collection: Collection::Releases,
    id_parameter: "releaseConfigId",
    message: "release_config",
    fields: FIELDS,
    check: checked,
    before_delete: unused,
    outputs: |_| Map::new(),
};

fn checked(_: &Txn<'_>, repository: &RepositoryName, settings: &Map<String, Value>) -> Result<(), ApiError> {
    if check::text(settings, "gitCommitish").is_empty() {
        return Err(ApiError::invalid("release_config.git_commitish is required."));
    }
    check::schedule(settings)?;
    match check::text(settings, "releaseCompilationResult") {
        "" => Ok(()),
        result => {
            let collections = ["projects", "locations", "repositories", "compilationResults"];
            check::name_of(result, &collections, "release_compilation_result")?;
            if !result.starts_with(&format!("{repository}/")) {
                return Err(ApiError::invalid(format!(
                    "release_compilation_result '{result}' must be a result of the repository '{repository}'."
                )));
            }
            // Compilation results are not served yet, so there is none of this name.
            Err(ApiError::not_found(format!("Resource '{result}' was not found")))
        }
    }
}

/// A release that a workflow names stays.
fn unused(txn: &Txn<'_>, config: &Config) -> Result<(), ApiError> {
    let name = config.name(Collection::Releases);
    let workflows: Vec<Config> = txn.all(&config.repository.configs(Collection::Workflows))?;
    let user = workflows
        .iter()
        .find(|workflow| check::text(&workflow.settings, "releaseConfig") == name);
    user.map_or(Ok(()), |user| {
        Err(ApiError::failed_precondition(format!(
            "Release config '{name}' is used by the workflow config '{}'; delete that first.",
            user.name(Collection::Workflows)
        )))
    })
}
