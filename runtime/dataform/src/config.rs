//! What a compilation overrides of the project's own settings. How it is handed to the core lives in `compile::request`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Dataform v1's `CodeCompilationConfig` (and `disableAssertions`, which the command line has): what is set replaces the
/// project's setting, `vars` are merged into the project's.
///
/// <https://cloud.google.com/dataform/reference/rest/v1/CodeCompilationConfig>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CompilationConfig {
    /// The project (database) of actions that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_database: Option<String>,
    /// The dataset (schema) of actions that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_schema: Option<String>,
    /// The location of jobs and of datasets that are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_location: Option<String>,
    /// The dataset of assertions that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion_schema: Option<String>,
    /// `dataform.projectConfig.vars`, merged over the project's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, String>,
    /// Appended to every action's project: `PROJECT_SUFFIX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_suffix: Option<String>,
    /// Appended to every action's dataset: `DATASET_SUFFIX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_suffix: Option<String>,
    /// Put before every action's name: `PREFIX_NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_prefix: Option<String>,
    /// Put before the names of assertions that are made of a table's `assertions` block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builtin_assertion_name_prefix: Option<String>,
    /// Compiles every assertion as disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_assertions: Option<bool>,
}

/// Whether a project's settings say in which Google Cloud project its actions are, so that a compilation need not.
#[must_use]
pub fn names_project(files: &crate::Files) -> bool {
    let text = |name: &str| {
        files
            .get(name)
            .map(|bytes| String::from_utf8_lossy(bytes))
            .unwrap_or_default()
    };
    let said = |line: &str| {
        line.strip_prefix("defaultProject:")
            .is_some_and(|said| !said.trim().is_empty())
    };
    let json: serde_json::Value = serde_json::from_str(&text("dataform.json")).unwrap_or_default();
    text("workflow_settings.yaml").lines().any(said)
        || json["defaultDatabase"].as_str().is_some_and(|said| !said.is_empty())
}
