//! Checks that hold data against the clock or against the runs before: freshness, changes of the schema, anomalies.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{NoData, StatisticKind};
use super::validate::{Wrong, wrong};
use super::{duration, statistic_name};

/// A newest value that is not too old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// The column: a timestamp, a civil time, which is taken as UTC, or a day, which counts as its end.
    pub column: String,
    /// How old the newest value may be: `6h`, `90m`, `2d`.
    pub max_age: String,
    /// How far in the future the newest value may lie; absent: anywhere. A day counts as its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ahead: Option<String>,
    /// What it is over no values.
    #[serde(default)]
    pub no_data: NoData,
}

impl Freshness {
    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        positive("max_age", &self.max_age)?;
        if let Some(ahead) = &self.max_ahead {
            length("max_ahead", ahead)?;
        }
        Ok(())
    }
}

/// Columns that are those of the run before, or of a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaChange {
    /// The changes that are no failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Change>,
    /// The columns that are expected; absent: those that the last run has recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Vec<BaselineColumn>>,
}

/// A change of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A column is new.
    Add,
    /// A column is gone.
    Remove,
    /// A column has another type.
    Type,
    /// A column may be missing now, or may not any more, or is repeated.
    Mode,
}

/// A column of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineColumn {
    /// Its name; of one within a STRUCT the path, `address.city`.
    pub name: String,
    /// Its type in GoogleSQL.
    pub r#type: String,
    /// Its mode.
    #[serde(default)]
    pub mode: ColumnMode,
}

/// Whether a column's values may be missing, must be there, or are lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ColumnMode {
    /// They may be missing.
    #[default]
    Nullable,
    /// They must be there.
    Required,
    /// They are lists.
    Repeated,
}

impl SchemaChange {
    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        for (at, change) in self.allow.iter().enumerate() {
            if self.allow[..at].contains(change) {
                return wrong("allow", "names a change twice");
            }
        }
        let Some(baseline) = &self.baseline else { return Ok(()) };
        if baseline.is_empty() {
            return wrong("baseline", "is empty: leave it out to compare with the run before");
        }
        for (at, column) in baseline.iter().enumerate() {
            if column.name.is_empty() || column.r#type.is_empty() {
                return wrong("baseline", "has a column without a name or type");
            }
            if baseline[..at].iter().any(|other| other.name == column.name) {
                return wrong("baseline", format!("names {} twice", column.name));
            }
        }
        Ok(())
    }
}

/// A number that is not far from what it was in the runs before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    /// Which number.
    pub metric: Metric,
    /// Of which column; none for `row_count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How far is measured.
    #[serde(default)]
    pub method: AnomalyMethod,
    /// How far is too far.
    pub threshold: f64,
    /// How far back runs count.
    #[serde(default = "four_weeks")]
    pub history: String,
    /// With fewer runs, nothing is compared and the check passes.
    #[serde(default = "a_week")]
    pub min_points: u32,
    /// Which runs are compared.
    #[serde(default)]
    pub group_by: GroupBy,
}

fn four_weeks() -> String {
    "28d".to_owned()
}

const fn a_week() -> u32 {
    7
}

/// A number of a table or of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// How many rows there are.
    RowCount,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The arithmetic mean.
    Mean,
    /// The sum.
    Sum,
    /// The standard deviation of the sample.
    Stdev,
    /// The median.
    Median,
    /// How many different values there are.
    DistinctCount,
    /// How many different values there are, of all values.
    DistinctRatio,
    /// How many rows have a value, of all rows.
    NonNullRatio,
}

impl Metric {
    /// The statistic of a column that it is; none: the number of rows.
    #[must_use]
    pub const fn statistic(self) -> Option<StatisticKind> {
        Some(match self {
            Self::RowCount => return None,
            Self::Min => StatisticKind::Min,
            Self::Max => StatisticKind::Max,
            Self::Mean => StatisticKind::Mean,
            Self::Sum => StatisticKind::Sum,
            Self::Stdev => StatisticKind::Stdev,
            Self::Median => StatisticKind::Median,
            Self::DistinctCount => StatisticKind::DistinctCount,
            Self::DistinctRatio => StatisticKind::DistinctRatio,
            Self::NonNullRatio => StatisticKind::NonNullRatio,
        })
    }

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.statistic() {
            None => "row_count",
            Some(statistic) => statistic_name(statistic),
        }
    }
}

/// How the distance of a number from earlier ones is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyMethod {
    /// From their median, as a part of it: 0.2 is a fifth more or less.
    RelativeChange,
    /// From their median, in their median distance from it, scaled such that it is the standard deviation where they are
    /// normally distributed.
    #[default]
    RobustZ,
}

/// Which earlier runs a run is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// All.
    #[default]
    None,
    /// Those of the same day of the week, in UTC.
    DayOfWeek,
}

impl Anomaly {
    /// How far back runs count.
    #[must_use]
    pub fn window(&self) -> TimeDelta {
        duration::parse(&self.history).unwrap_or_default()
    }

    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        match (self.metric.statistic(), &self.column) {
            (None, Some(_)) => return wrong("column", "is set, and row_count is a number of the table: leave it out"),
            (Some(_), None) => {
                return wrong(
                    "column",
                    format!("is absent, and {} is a number of a column", self.metric.name()),
                );
            }
            _ => {}
        }
        if !(self.threshold.is_finite() && self.threshold > 0.0) {
            return wrong("threshold", format!("{} is not above 0", self.threshold));
        }
        positive("history", &self.history)?;
        if self.min_points < 3 {
            return wrong(
                "min_points",
                format!(
                    "{} runs say nothing of how much a number varies: at least 3",
                    self.min_points
                ),
            );
        }
        Ok(())
    }
}

fn length(attribute: &str, text: &str) -> Result<TimeDelta, Wrong> {
    duration::parse(text).map_err(|reason| (attribute.to_owned(), reason))
}

fn positive(attribute: &str, text: &str) -> Result<(), Wrong> {
    if length(attribute, text)?.is_zero() {
        return wrong(attribute, format!("{text:?} is no time at all"));
    }
    Ok(())
}
