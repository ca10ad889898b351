//! What is questionable in a compiled graph, though it compiles. The rules live in `rules`, what is read out of SQL in `sql`, and
//! the lines of findings in `place`.
//!
//! A *mart* is what others read: a table or view whose folder is called `marts`, `mart`, `outputs`, `output` or `reporting`, or
//! that bears such a tag. In a project that has none of these, it is every table and view that no other one depends on.

mod place;
mod rules;
mod sql;

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

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A mart's column without a description.
    UndocumentedColumn,
    /// A mart that no assertion holds unique.
    MissingKey,
    /// A mart whose columns are whatever its source has.
    SelectStar,
    /// A table that is neither an action nor declared.
    UndeclaredSource,
    /// A row condition that a NULL passes.
    NullBlindCondition,
    /// SQL that could not be read, so that the rules about it were not applied.
    UnreadSql,
}

impl Code {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UndocumentedColumn => "undocumented-column",
            Self::MissingKey => "missing-key",
            Self::SelectStar => "select-star",
            Self::UndeclaredSource => "undeclared-source",
            Self::NullBlindCondition => "null-blind-condition",
            Self::UnreadSql => "unread-sql",
        }
    }

    /// How much it weighs.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::UndeclaredSource => Severity::Error,
            Self::UndocumentedColumn | Self::MissingKey | Self::SelectStar | Self::NullBlindCondition => {
                Severity::Warning
            }
            Self::UnreadSql => Severity::Note,
        }
    }
}

/// Something questionable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is about.
    pub code: Code,
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

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}; {}", self.code.as_str(), self.message, self.remedy)
    }
}

/// What is known beside the graph.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// The columns of tables, from the warehouse or a dry run. Of a table that is not in it, the columns are those that its query
    /// names, if it names all.
    pub columns: BTreeMap<Target, Vec<String>>,
}

/// Looks a graph through. `files` are those it was compiled of: they give the lines. Findings are in the order of files and lines.
#[must_use]
pub fn lint(graph: &Graph, files: &Files, knowledge: &Knowledge) -> Vec<Finding> {
    let mut findings = rules::all(&rules::Project::new(graph, files, knowledge));
    findings.sort_by(|a, b| (&a.file, a.line, a.code, &a.message).cmp(&(&b.file, b.line, b.code, &b.message)));
    findings.dedup();
    findings
}
