//! Release configurations: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.releaseConfigs>.

use serde_json::Map;

use super::check;
use super::compilations::Compilation;
use super::configs::{Config, Kind};
use super::names::Collection;
use super::shapes::CODE_CONFIG;
use crate::http::answer::ApiError;
use crate::http::message::{Fields, Shape};
use crate::store::{Txn, View};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("gitCommitish", Shape::Text),
    ("codeCompilationConfig", CODE_CONFIG),
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
    records: "recentScheduledReleaseRecords",
    outputs: |_| Map::new(),
};

fn checked(txn: &Txn<'_>, config: &Config) -> Result<(), ApiError> {
    let settings = &config.settings;
    if check::text(settings, "gitCommitish").is_empty() {
        return Err(ApiError::invalid("release_config.git_commitish is required."));
    }
    check::schedule(settings)?;
    let result = check::text(settings, "releaseCompilationResult");
    if result.is_empty() {
        return Ok(());
    }
    let field = "release_compilation_result";
    let id = config.repository.child_of(Collection::Compilations, result, field)?;
    let compilation = Compilation::find(txn, &config.repository, id)?;
    let name = config.name(Collection::Releases);
    if check::text(&compilation.settings, "releaseConfig") == name {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{field} '{result}' was not created from the release config '{name}'; create a compilation result with \
         release_config '{name}'."
    )))
}

/// A release that a workflow names stays.
fn unused(txn: &Txn<'_>, config: &Config) -> Result<(), ApiError> {
    let name = config.name(Collection::Releases);
    let workflows: Vec<Config> = txn.all(&config.repository.children(Collection::Workflows))?;
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
