//! Checks that hold a table against another: keys that must exist there, and rows that must agree. What they mean in SQL is not
//! said here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::IgnoreRows;
use super::validate::{Wrong, some_columns, wrong};

/// Keys that exist in another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The columns of the key.
    pub columns: Vec<String>,
    /// Where each must exist.
    pub references: References,
    /// Which rows are left out; of one column, those without a value in any case. Of rows that are judged, a missing value
    /// exists nowhere.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// Columns of another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// The table.
    pub table: String,
    /// Its columns, in the order of the key's.
    pub columns: Vec<String>,
}

impl ForeignKey {
    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        some_columns(&self.columns, 1)?;
        is_named("references.table", &self.references.table)?;
        let (here, there) = (self.columns.len(), self.references.columns.len());
        if here != there {
            return wrong(
                "references.columns",
                format!("has {there} columns, and the key has {here}"),
            );
        }
        Ok(())
    }
}

/// Rows that agree with another table's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// The other table.
    pub with: Counterpart,
    /// The columns whose values must be the same, in any order of the rows; none: only rows or keys are counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The columns by which a row is found in both; none: the rows are compared as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// By which part of the other table's rows the counts may differ, and with keys how many of them may be missing, from 0 to 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count_tolerance: f64,
}

/// Rows of another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// The table.
    pub table: String,
    /// A condition in GoogleSQL, without the word WHERE, on its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(f: &f64) -> bool {
    *f == 0.0
}

impl Reconcile {
    /// The other table's own name, without its project and dataset.
    #[must_use]
    pub fn table_name(&self) -> &str {
        let name = self.with.table.trim_matches('`');
        name.rsplit(['.', '/']).next().unwrap_or(name).trim_matches('`')
    }

    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        is_named("with.table", &self.with.table)?;
        if self.with.filter.as_ref().is_some_and(|filter| filter.trim().is_empty()) {
            return wrong("with.filter", "is empty: leave it out");
        }
        some_columns(&self.columns, 0)?;
        some_columns(&self.keys, 0).map_err(|(_, reason)| ("keys".to_owned(), reason))?;
        if !(0.0..=1.0).contains(&self.count_tolerance) {
            return wrong(
                "count_tolerance",
                format!("{} is not from 0 to 1", self.count_tolerance),
            );
        }
        if self.count_tolerance > 0.0 && !self.columns.is_empty() && self.keys.is_empty() {
            return wrong(
                "count_tolerance",
                "is set beside columns without keys: of other rows the values cannot be the same",
            );
        }
        Ok(())
    }
}

fn is_named(attribute: &str, table: &str) -> Result<(), Wrong> {
    if table.trim().is_empty() {
        return wrong(attribute, "is empty");
    }
    Ok(())
}
