//! Messages that several of Dataform's resources hold.

use serde_json::{Map, Value};

use super::check;
use crate::http::answer::ApiError;
use crate::http::message::{Fields, Shape};

pub(super) const TARGET: &Fields = &[
    ("database", Shape::Text),
    ("schema", Shape::Text),
    ("name", Shape::Text),
];

pub(super) const CODE_CONFIG: Shape = Shape::Message(&[
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
    ("lineageEnabled", Shape::Output),
]);

pub(super) const INVOCATION_CONFIG: Shape = Shape::Message(&[
    ("includedTargets", Shape::List(&Shape::Message(TARGET))),
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
]);

/// What is wrong with how a message says that its actions are to be invoked.
pub(super) fn check_invocation_config(settings: &Map<String, Value>) -> Result<(), ApiError> {
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
