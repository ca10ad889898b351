//! Workflow configurations: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.workflowConfigs>.

use serde_json::{Map, Value, json};

use super::configs::{self, Config, Kind};
use super::names::Collection;
use super::shapes::{INVOCATION_CONFIG, check_invocation_config};
use super::{check, releases};
use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::http::message::{Fields, Shape};
use crate::store::Txn;

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("releaseConfig", Shape::Text),
    ("invocationConfig", INVOCATION_CONFIG),
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
    records: "recentScheduledExecutionRecords",
    outputs,
};

fn outputs(config: &Config) -> Map<String, Value> {
    let times = [("createTime", config.created), ("updateTime", config.updated)];
    times
        .map(|(name, time)| (name.to_owned(), json!(stamp(time))))
        .into_iter()
        .collect()
}

fn checked(txn: &Txn<'_>, config: &Config) -> Result<(), ApiError> {
    let release = check::text(&config.settings, "releaseConfig");
    let field = "workflow_config.release_config";
    let id = config.repository.child_of(Collection::Releases, release, field)?;
    configs::find(txn, &releases::KIND, &config.repository, id)?;
    check::schedule(&config.settings)?;
    check_invocation_config(&config.settings)
}
