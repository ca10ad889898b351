//! Checks that are GoogleSQL of the suite's own, of single rows and of aggregates. It is not read here: BigQuery reads it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::NoData;
use super::validate::{Wrong, interval_not_empty, wrong};
use super::value::{Range, is_false};

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlCondition {
    /// A BOOL of GoogleSQL over the row's columns. A row for which it is NULL does not satisfy it.
    pub condition: String,
}

impl SqlCondition {
    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        is_written("condition", &self.condition)
    }
}

/// A number of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlAggregate {
    /// An aggregate expression of GoogleSQL over the rows: `SUM(price) / COUNT(DISTINCT customer)`.
    pub expression: String,
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Whether it must be above the least.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_min: bool,
    /// Whether it must be below the most.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_max: bool,
    /// What it is where the expression is NULL.
    #[serde(default)]
    pub no_data: NoData,
}

impl SqlAggregate {
    /// The interval.
    #[must_use]
    pub const fn range(&self) -> Range<f64> {
        Range {
            min: self.min,
            max: self.max,
            strict_min: self.strict_min,
            strict_max: self.strict_max,
        }
    }

    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        is_written("expression", &self.expression)?;
        if self.min.is_none() && self.max.is_none() {
            return wrong("min", "is absent, and so is max: give at least one");
        }
        interval_not_empty(&self.range())
    }
}

fn is_written(attribute: &str, sql: &str) -> Result<(), Wrong> {
    if sql.trim().is_empty() {
        return wrong(attribute, "is empty");
    }
    Ok(())
}
