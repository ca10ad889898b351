//! Workflow configurations: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.workflowConfigs>.

use serde_json::{Map, Value, json};

use super::check;
use super::configs::{Config, Kind};
use super::names::{Collection, RepositoryName};
use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::http::message::{Fields, Shape};
use crate::store::{Txn, View};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("releaseConfig", Shape::Text),
    (
        "invocationConfig",
        Shape::Message(&[
            (
                "includedTargets",
                Shape::List(&Shape::Message(&[
                    ("database", Shape::Text),
                    ("schema", Shape::Text),
                    ("name", Shape::Text),
                ])),
            ),
            ("includedTags", Shape::List(&Shape::Text)),
            ("transitiveDependenciesIncluded", Shape::Bool),
            ("transitiveDependentsIncluded", Shape::Bool),
            ("fullyRefreshIncrementalTablesEnabled", Shape::Bool),
            ("serviceAccount", Shape::Text),
            (
                "queryPriority",
                Shape::Enum(&["QUERY_PRIORITY_UNSPECIFIED", "INTERACTIVE", "BATCH"]),
            ),
            (
                "executionMode",
                Shape::Enum(&[
                    "EXECUTION_MODE_UNSPECIFIED",
                    "DEFAULT",
                    "ALL_EXCEPT_UNIT_TESTS",
                    "UNIT_TESTS_ONLY",
                ]),
            ),
            ("concurrentActionsLimit", Shape::Int),
            ("endUserAuthConfig", Shape::Unserved),
        ]),
    ),
    ("cronSchedule", Shape::Text),
    ("timeZone", Shape::Text),
    ("recentScheduledExecutionRecords", Shape::Output),
    ("disabled", Shape::Bool),
    ("createTime", Shape::Output),
    ("updateTime", Shape::Output),
    ("internalMetadata", Shape::Output),
];

pub(super) const KIND: Kind = Kind {
    collection: Collection::Workflows,
    id_parameter: "workflowConfigId",
    message: "workflow_config",
    fields: FIELDS,
    check: checked,
    before_delete: |_, _| Ok(()),
    outputs,
};

fn outputs(config: &Config) -> Map<String, Value> {
    let times = [("createTime", config.created), ("updateTime", config.updated)];
    times
        .map(|(name, time)| (name.to_owned(), json!(stamp(time))))
        .into_iter()
        .collect()
}

fn checked(txn: &Txn<'_>, repository: &RepositoryName, settings: &Map<String, Value>) -> Result<(), ApiError> {
    let release = check::text(settings, "releaseConfig");
    let collections = ["projects", "locations", "repositories", "releaseConfigs"];
    let id = check::name_of(release, &collections, "workflow_config.release_config")?;
    if repository.config_name(Collection::Releases, id[3]) != release {
        return Err(ApiError::invalid(format!(
            "workflow_config.release_config '{release}' must be in the repository '{repository}'."
        )));
    }
    if txn
        .bytes(&repository.config_key(Collection::Releases, id[3]))?
        .is_none()
    {
        return Err(ApiError::not_found(format!("Resource '{release}' was not found")));
    }
    check::schedule(settings)?;
    let Some(Value::Object(invocation)) = settings.get("invocationConfig") else {
        return Ok(());
    };
    check::service_account(invocation)?;
    if invocation
        .get("concurrentActionsLimit")
        .and_then(Value::as_i64)
        .is_some_and(|n| n < 0)
    {
        return Err(ApiError::invalid(
            "invocation_config.concurrent_actions_limit must not be negative.",
        ));
    }
    let targets = invocation.get("includedTargets").and_then(Value::as_array);
    let unnamed = targets.is_some_and(|targets| targets.iter().any(|target| target["name"].is_null()));
    if unnamed {
        return Err(ApiError::invalid(
            "invocation_config.included_targets: each target needs a name.",
        ));
    }
    Ok(())
}
