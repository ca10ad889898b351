//! Names of datasets and tables: checked, and turned into DuckDB's.

use serde_json::{Value, json};

use crate::engine::Key;
use crate::error::Fault;
use crate::types::quoted;

/// The dataset that holds query results, as BigQuery's own hidden ones.
pub(crate) const ANONYMOUS: &str = "_headwater_results";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TableName {
    pub(crate) project: String,
    pub(crate) dataset: String,
    pub(crate) table: String,
}

impl TableName {
    pub(crate) fn new(project: &str, dataset: &str, table: &str) -> Self {
        Self {
            project: project.to_owned(),
            dataset: dataset.to_owned(),
            table: table.to_owned(),
        }
    }

    /// From a `TableReference`; without a project the request's own is meant.
    pub(crate) fn from_reference(value: &Value, project: &str) -> Result<Self, Fault> {
        let part = |key: &str| value[key].as_str().filter(|v| !v.is_empty());
        let (Some(dataset), Some(table)) = (part("datasetId"), part("tableId")) else {
            return Err(Fault::new(
                crate::error::Reason::Required,
                "Required parameter is missing: datasetId, tableId",
            ));
        };
        Ok(Self::new(part("projectId").unwrap_or(project), dataset, table))
    }

    pub(crate) fn reference(&self) -> Value {
        json!({"projectId": self.project, "datasetId": self.dataset, "tableId": self.table})
    }

    /// `project:dataset.table`, as BigQuery prints it.
    pub(crate) fn id(&self) -> String {
        format!("{}:{}.{}", self.project, self.dataset, self.table)
    }

    pub(crate) fn duck(&self) -> String {
        format!("{}.{}", schema(&self.project, &self.dataset), quoted(&self.table))
    }

    pub(crate) fn key(&self) -> Key {
        Key::Table(self.project.clone(), self.dataset.clone(), self.table.clone())
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        let valid = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
        if self.table.is_empty() || self.table.len() > 1024 || !self.table.chars().all(valid) {
            return Err(Fault::invalid(format!(
                "Invalid table ID \"{}\". Table IDs must be alphanumeric (plus underscores and dashes) and must be at \
                 most 1024 characters long.",
                self.table
            )));
        }
        Ok(())
    }
}

/// The DuckDB schema of a dataset.
pub(crate) fn schema(project: &str, dataset: &str) -> String {
    quoted(&format!("{project}:{dataset}"))
}

pub(crate) fn check_dataset(name: &str) -> Result<(), Fault> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > 1024 || !name.chars().all(valid) {
        return Err(Fault::invalid(format!(
            "Invalid dataset ID \"{name}\". Dataset IDs must be alphanumeric (plus underscores) and must be at most \
             1024 characters long."
        )));
    }
    Ok(())
}

pub(crate) fn check_labels(doc: &Value) -> Result<(), Fault> {
    let valid = |c: char| {
        c.is_lowercase() || c.is_numeric() || matches!(c, '_' | '-') || (c.is_alphabetic() && !c.is_uppercase())
    };
    for (key, value) in doc["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let start = key
            .chars()
            .next()
            .is_some_and(|c| valid(c) && !c.is_numeric() && c != '-' && c != '_');
        if !start
            || key.chars().count() > 63
            || value.chars().count() > 63
            || !key.chars().chain(value.chars()).all(valid)
        {
            return Err(Fault::invalid(format!(
                "Invalid label \"{key}\": labels are lowercase letters, digits, underscores and dashes, at most 63 \
                 characters, and a key starts with a letter"
            )));
        }
    }
    Ok(())
}
