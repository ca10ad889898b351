//! What is questionable in a compiled graph, though it compiles.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Files, Graph, Target};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing: something could not be judged.
    Note,
    /// Questionable.
    Warning,
    /// Wrong.
    Error,
}

/// Something questionable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its kind: `undocumented-column`, `missing-key`, `select-star`, `undeclared-source`, `null-blind-condition`, `unparsed-sql`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// The line in it.
    pub line: Option<u32>,
    /// The action.
    pub target: Target,
    /// What is questionable.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What is known beside the graph.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// The columns of tables, from the warehouse or a dry run.
    pub columns: BTreeMap<Target, Vec<String>>,
}

/// Looks a graph through. `files` are those it was compiled of: they give the lines.
#[must_use]
pub fn lint(_graph: &Graph, _files: &Files, _knowledge: &Knowledge) -> Vec<Finding> {
    Vec::new()
}
