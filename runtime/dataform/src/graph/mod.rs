//! The compiled graph: Dataform's JSON as the command line prints it, and a typed view of what planner, executor, lint and API
//! read of it. How it comes to be lives in `compile`.
//!
//! The JSON is the truth: fields that the view leaves out are in [`Graph::json`], and an unknown field is no error.

mod action;
mod error;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use action::{
    Action, ActionDescriptor, Assertion, BigQuery, ColumnDescriptor, Declaration, IncrementalStrategy, Kind,
    OnSchemaChange, Operation, Other, Table, TableKind, Target, Test,
};
pub use error::CompilationError;

/// The settings that a graph was compiled with: the project's, with the overrides in their place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "Dataform's own names: see `CompilationConfig`")]
pub struct ProjectConfig {
    pub default_database: String,
    pub default_schema: String,
    pub default_location: String,
    pub assertion_schema: String,
    pub vars: std::collections::BTreeMap<String, String>,
    pub database_suffix: String,
    pub schema_suffix: String,
    pub table_prefix: String,
    pub builtin_assertion_name_prefix: String,
    pub disable_assertions: bool,
}

/// A compiled project.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// The whole, as `dataform compile --json` prints it. An error's `stack` names lines of the project's own files.
    pub json: Value,
    /// The settings.
    pub project: ProjectConfig,
    /// Tables, views and incremental tables.
    pub tables: Vec<Table>,
    /// Statements of one's own.
    pub operations: Vec<Operation>,
    /// Assertions, those of `assertions` blocks among them.
    pub assertions: Vec<Assertion>,
    /// Tables that others make.
    pub declarations: Vec<Declaration>,
    /// Unit tests.
    pub tests: Vec<Test>,
    /// Notebooks and data preparations, which nothing here executes.
    pub others: Vec<Other>,
    /// What is wrong with the project; empty when it can be executed.
    pub errors: Vec<CompilationError>,
    /// The version of `@dataform/core` that compiled it.
    pub core_version: String,
}

/// A document that is not a compiled graph.
#[derive(Debug, thiserror::Error)]
#[error("the document is not a compiled graph of Dataform; compile the project again")]
pub struct GraphError(#[from] serde_json::Error);

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Document {
    project_config: ProjectConfig,
    tables: Vec<Table>,
    operations: Vec<Operation>,
    assertions: Vec<Assertion>,
    declarations: Vec<Declaration>,
    tests: Vec<Test>,
    notebooks: Vec<Other>,
    data_preparations: Vec<Other>,
    graph_errors: GraphErrors,
    dataform_core_version: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct GraphErrors {
    compilation_errors: Vec<error::Document>,
}

impl Graph {
    /// Reads a graph out of its JSON, be it of [`crate::compile`], of the Dataform CLI or of a store.
    ///
    /// # Errors
    /// When the JSON is not that of a compiled graph.
    pub fn from_json(json: Value) -> Result<Self, GraphError> {
        let document = Document::deserialize(&json)?;
        let mut others = document.notebooks;
        others.iter_mut().for_each(|o| o.kind = Kind::Notebook);
        others.extend(document.data_preparations.into_iter().map(|o| Other {
            kind: Kind::DataPreparation,
            ..o
        }));
        Ok(Self {
            project: document.project_config,
            tables: document.tables,
            operations: document.operations,
            assertions: document.assertions,
            declarations: document.declarations,
            tests: document.tests,
            others,
            errors: document
                .graph_errors
                .compilation_errors
                .into_iter()
                .map(CompilationError::from)
                .collect(),
            core_version: document.dataform_core_version,
            json,
        })
    }

    /// The JSON byte for byte as `dataform compile --json` prints it, without the line break at its end.
    #[must_use]
    pub fn printed(&self) -> String {
        let mut text = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
        // A value that is in memory can be written to memory, and it is text.
        match self.json.serialize(&mut serializer) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(_) => self.json.to_string(),
        }
    }

    /// What can be executed, in the order of the graph: tables, operations, assertions.
    pub fn actions(&self) -> impl Iterator<Item = Action> + '_ {
        let tables = self.tables.iter().cloned().map(Action::from);
        let operations = self.operations.iter().cloned().map(Action::from);
        let assertions = self.assertions.iter().cloned().map(Action::from);
        tables.chain(operations).chain(assertions)
    }

    /// Whether an action or a declaration has this name.
    pub fn knows(&self, target: &Target) -> bool {
        self.tables.iter().any(|a| a.target == *target)
            || self.operations.iter().any(|a| a.target == *target)
            || self.assertions.iter().any(|a| a.target == *target)
            || self.declarations.iter().any(|a| a.target == *target)
            || self.others.iter().any(|a| a.target == *target)
    }
}
