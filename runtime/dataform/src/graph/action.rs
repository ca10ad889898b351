//! The typed view of a graph's actions: the fields of Dataform's `core.proto` that are read here, in its JSON form.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of something in the warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// The project. Empty when neither the action nor the settings name one.
    pub database: String,
    /// The dataset.
    pub schema: String,
    /// The table, view, routine…
    pub name: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.database, &self.schema, &self.name];
        let mut given = parts.iter().filter(|p| !p.is_empty());
        if let Some(first) = given.next() {
            f.write_str(first)?;
        }
        given.try_for_each(|part| write!(f, ".{part}"))
    }
}

impl Target {
    /// The name as SQL: `` `database.schema.name` ``.
    #[must_use]
    pub fn sql(&self) -> String {
        format!("`{self}`")
    }
}

/// What an action is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `type: "table"`.
    #[default]
    Table,
    /// `type: "view"`.
    View,
    /// `type: "view"` with `materialized: true`.
    MaterializedView,
    /// `type: "incremental"`.
    Incremental,
    /// `type: "operations"`.
    Operations,
    /// `type: "assertion"`, or of an `assertions` block.
    Assertion,
    /// `type: "declaration"`.
    Declaration,
    /// A notebook.
    Notebook,
    /// A data preparation.
    DataPreparation,
}

impl Kind {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Incremental => "incremental",
            Self::Operations => "operations",
            Self::Assertion => "assertion",
            Self::Declaration => "declaration",
            Self::Notebook => "notebook",
            Self::DataPreparation => "data preparation",
        }
    }
}

/// `enumType` of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "Dataform's own names")]
pub enum TableKind {
    #[default]
    UnknownType,
    Table,
    Incremental,
    View,
}

/// What an incremental table does when its query's columns are no longer the table's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnSchemaChange {
    /// Writes the table's columns.
    #[default]
    Ignore,
    /// Fails.
    Fail,
    /// Adds columns, and fails when one is gone.
    Extend,
    /// Adds and drops columns.
    Synchronize,
}

/// How an incremental table is written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IncrementalStrategy {
    /// [`IncrementalStrategy::Merge`] with a unique key, an insert without.
    #[default]
    IncrementalStrategyUnspecified,
    /// By unique key.
    Merge,
    /// Whole partitions.
    InsertOverwrite,
}

/// `bigquery` of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct BigQuery {
    pub partition_by: String,
    pub cluster_by: Vec<String>,
    pub update_partition_filter: String,
    pub labels: BTreeMap<String, String>,
    pub partition_expiration_days: i64,
    pub require_partition_filter: bool,
    pub additional_options: BTreeMap<String, String>,
    pub connection: String,
    pub table_format: String,
    pub file_format: String,
    pub storage_uri: String,
    pub incremental_predicates: Vec<String>,
}

/// A column's documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct ColumnDescriptor {
    pub path: Vec<String>,
    pub description: String,
    pub tags: Vec<String>,
    pub bigquery_policy_tags: Vec<String>,
}

/// An action's documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct ActionDescriptor {
    pub description: String,
    pub columns: Vec<ColumnDescriptor>,
    pub bigquery_labels: BTreeMap<String, String>,
    pub reservation: String,
}

/// A table, view or incremental table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Table {
    pub enum_type: TableKind,
    pub target: Target,
    pub canonical_target: Target,
    pub dependency_targets: Vec<Target>,
    pub disabled: bool,
    pub protected: bool,
    pub materialized: bool,
    pub query: String,
    pub incremental_query: String,
    /// Of an `incremental_where` block: what is written incrementally is further filtered by it.
    #[serde(rename = "where")]
    pub filter: String,
    pub unique_key: Vec<String>,
    pub on_schema_change: OnSchemaChange,
    pub incremental_strategy: IncrementalStrategy,
    pub pre_ops: Vec<String>,
    pub post_ops: Vec<String>,
    pub incremental_pre_ops: Vec<String>,
    pub incremental_post_ops: Vec<String>,
    pub bigquery: BigQuery,
    pub action_descriptor: Option<ActionDescriptor>,
    pub tags: Vec<String>,
    pub file_name: String,
    /// Code that would compile at the time of execution, which nothing here does.
    pub jit_code: String,
}

impl Table {
    /// What it is made as.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.enum_type {
            TableKind::View if self.materialized => Kind::MaterializedView,
            TableKind::View => Kind::View,
            TableKind::Incremental => Kind::Incremental,
            TableKind::Table | TableKind::UnknownType => Kind::Table,
        }
    }
}

/// Statements of one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Operation {
    pub target: Target,
    pub canonical_target: Target,
    pub dependency_targets: Vec<Target>,
    pub disabled: bool,
    pub queries: Vec<String>,
    pub has_output: bool,
    pub action_descriptor: Option<ActionDescriptor>,
    pub tags: Vec<String>,
    pub file_name: String,
    pub jit_code: String,
}

/// A query that is to find nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Assertion {
    pub target: Target,
    pub canonical_target: Target,
    pub dependency_targets: Vec<Target>,
    pub disabled: bool,
    pub query: String,
    /// The table whose `assertions` block it is of.
    pub parent_action: Option<Target>,
    pub action_descriptor: Option<ActionDescriptor>,
    pub tags: Vec<String>,
    pub file_name: String,
    pub jit_code: String,
}

/// A table that others make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Declaration {
    pub target: Target,
    pub canonical_target: Target,
    pub action_descriptor: Option<ActionDescriptor>,
    pub tags: Vec<String>,
    pub file_name: String,
}

/// A unit test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Test {
    pub name: String,
    pub test_query: String,
    pub expected_output_query: String,
    pub disabled: bool,
    pub tags: Vec<String>,
    pub target: Target,
    pub canonical_target: Target,
    pub dependency_targets: Vec<Target>,
    pub file_name: String,
    pub jit_code: String,
}

/// A notebook or a data preparation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names")]
pub struct Other {
    #[serde(skip)]
    pub kind: Kind,
    pub target: Target,
    pub canonical_target: Target,
    pub dependency_targets: Vec<Target>,
    pub disabled: bool,
    pub tags: Vec<String>,
    pub file_name: String,
    /// The rest of its document.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// Something that can be executed. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the types say it")]
pub enum Action {
    Table(Arc<Table>),
    Operation(Arc<Operation>),
    Assertion(Arc<Assertion>),
}

macro_rules! of_each {
    ($self:ident, $action:ident => $body:expr) => {
        match $self {
            Action::Table($action) => $body,
            Action::Operation($action) => $body,
            Action::Assertion($action) => $body,
        }
    };
}

#[allow(missing_docs, reason = "the fields of the actions have them")]
impl Action {
    #[must_use]
    pub fn target(&self) -> &Target {
        of_each!(self, a => &a.target)
    }

    #[must_use]
    pub fn canonical_target(&self) -> &Target {
        of_each!(self, a => &a.canonical_target)
    }

    #[must_use]
    pub fn dependencies(&self) -> &[Target] {
        of_each!(self, a => &a.dependency_targets)
    }

    #[must_use]
    pub fn tags(&self) -> &[String] {
        of_each!(self, a => &a.tags)
    }

    #[must_use]
    pub fn file_name(&self) -> &str {
        of_each!(self, a => &a.file_name)
    }

    #[must_use]
    pub fn disabled(&self) -> bool {
        of_each!(self, a => a.disabled)
    }

    #[must_use]
    pub fn jit_code(&self) -> &str {
        of_each!(self, a => &a.jit_code)
    }

    #[must_use]
    pub fn descriptor(&self) -> Option<&ActionDescriptor> {
        of_each!(self, a => a.action_descriptor.as_ref())
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Table(table) => table.kind(),
            Self::Operation(_) => Kind::Operations,
            Self::Assertion(_) => Kind::Assertion,
        }
    }
}

impl From<Table> for Action {
    fn from(table: Table) -> Self {
        Self::Table(Arc::new(table))
    }
}

impl From<Operation> for Action {
    fn from(operation: Operation) -> Self {
        Self::Operation(Arc::new(operation))
    }
}

impl From<Assertion> for Action {
    fn from(assertion: Assertion) -> Self {
        Self::Assertion(Arc::new(assertion))
    }
}
