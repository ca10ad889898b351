//! The model of a suite: what provider, runtime and importers agree on, and its JSON form.
//!
//! It stands apart from `headwater-quality`, which evaluates suites, because the contract of pipelines holds a suite and must
//! not bring an engine with it. It refuses to know how anything is evaluated, and is pure: no IO, no tokio. Anyone may
//! depend on it.

mod about;
mod check;
mod condition;
pub mod duration;
pub mod literal;
mod over_time;
mod own_sql;
mod tables;
mod validate;
mod value;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use about::Kind;
pub use check::{
    Between, Bins, Categories, Check, ColumnExists, ColumnNames, ColumnType, Columns, ColumnsMode, Compare, Direction,
    DistinctSet, Distribution, IgnoreRows, InSet, Length, Like, MatchOn, Matches, MostCommon, NoData, NotOutlier,
    OneColumn, Ordered, OtherTable, OutlierMethod, PairInSet, Partition, Quantile, QuantileMethod, QuantileRange,
    RowSum, SetMode, SqlEquals, SqlRows, Statistic, StatisticKind, TimeFormat, TypeNames, Unique, ZScore,
};
pub use condition::{Comparison, Condition, Membership, Nullity, Operator};
pub use over_time::{
    Anomaly, AnomalyMethod, BaselineColumn, Change, ColumnMode, Freshness, GroupBy, Metric, SchemaChange,
};
pub use own_sql::{SqlAggregate, SqlCondition};
pub use tables::{Counterpart, ForeignKey, Reconcile, References};
pub use validate::SuiteError;
pub use value::{Bounds, Family, Literal, Range, Scalar, Values, float_to_json, int_to_json};

/// The version of the form, in every suite's `api_version`.
pub const API_VERSION: &str = "headwater.dev/quality/v1";

/// A suite: expectations of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// [`API_VERSION`].
    pub api_version: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
}

/// How grave a failure is: decides about alerts, never about data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at.
    Warn,
    /// To mend.
    #[default]
    Error,
}

/// What a failure means for the data: decides about its flow, never about alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// Nothing: it is recorded, and the run's state is `warn`.
    Record,
    /// The run fails, and nothing is let through.
    #[default]
    Fail,
    /// Failing rows are set apart, the others are let through. Row checks only.
    Quarantine,
}

/// What aspect of quality is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Nothing is missing.
    Completeness,
    /// Values have the form and range that they should.
    Validity,
    /// Nothing is there twice.
    Uniqueness,
    /// Values agree with each other.
    Consistency,
    /// Values agree with the world.
    Accuracy,
    /// Data is fresh.
    Timeliness,
    /// There is as much as there should be.
    Volume,
}

/// What a NaN in a column of floating-point numbers is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nan {
    /// A value: not null, equal to itself, in no interval.
    #[default]
    Value,
    /// Missing, as in pandas.
    Null,
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What history, alerts and Dataplex's rules hang on; absent: the check's name and its columns, joined by dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is demanded.
    pub check: Check,
    /// The part of the evaluated rows that must satisfy a row check, from 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub mostly: f64,
    /// Which rows are meant; absent: all.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub row_condition: Option<Condition>,
    /// What a NaN is.
    #[serde(default)]
    pub nan: Nan,
    /// How grave a failure is.
    #[serde(default)]
    pub severity: Severity,
    /// What a failure means for the data.
    #[serde(default)]
    pub on_fail: OnFail,
    /// What aspect is judged; absent: the check's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<Dimension>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it is evaluated.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// What an imported expectation was, so that results can name it as it was named there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// An imported expectation's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The type, such as `expect_column_values_to_not_be_null`.
    pub r#type: String,
    /// Its arguments.
    #[serde(default)]
    pub kwargs: serde_json::Map<String, serde_json::Value>,
    /// What else it carried.
    #[serde(default)]
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// Its identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub notes: serde_json::Value,
    /// Its severity, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

const fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_one(f: &f64) -> bool {
    *f == 1.0
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_yes(b: &bool) -> bool {
    *b
}

impl Expectation {
    /// An expectation of which only the check is given.
    #[must_use]
    pub const fn new(check: Check) -> Self {
        Self {
            id: None,
            check,
            mostly: 1.0,
            row_condition: None,
            nan: Nan::Value,
            severity: Severity::Error,
            on_fail: OnFail::Fail,
            dimension: None,
            description: None,
            owner: None,
            tags: Vec::new(),
            enabled: true,
            origin: None,
        }
    }

    /// Its identity: as given, or made of the check's name and columns.
    #[must_use]
    pub fn identity(&self) -> String {
        self.id.clone().unwrap_or_else(|| {
            let mut parts = vec![self.check.name()];
            match &self.check {
                Check::Statistic(s) => parts.push(statistic_name(s.statistic)),
                Check::Anomaly(a) => parts.push(a.metric.name()),
                // Its columns may be all of the table's.
                Check::Reconcile(r) => return format!("{}.{}", parts[0], r.table_name()),
                _ => {}
            }
            parts.extend(self.check.columns());
            parts.join(".")
        })
    }

    /// What aspect it judges.
    #[must_use]
    pub const fn judged_dimension(&self) -> Dimension {
        if let Some(dimension) = self.dimension {
            return dimension;
        }
        match &self.check {
            Check::NotNull(_) | Check::IsNull(_) => Dimension::Completeness,
            Check::Unique(_) => Dimension::Uniqueness,
            Check::Compare(_)
            | Check::PairInSet(_)
            | Check::DistinctWithinRow(_)
            | Check::EqualWithinRow(_)
            | Check::RowSum(_)
            | Check::SqlEquals(_)
            | Check::ForeignKey(_)
            | Check::Reconcile(_)
            | Check::Ordered(_) => Dimension::Consistency,
            Check::RowCount(_) | Check::RowCountEquals(_) => Dimension::Volume,
            Check::Freshness(_) => Dimension::Timeliness,
            Check::Statistic(s) => of_statistic(s.statistic),
            Check::Anomaly(a) => match a.metric.statistic() {
                None => Dimension::Volume,
                Some(statistic) => of_statistic(statistic),
            },
            Check::Quantile(_) | Check::Distribution(_) | Check::ZScore(_) | Check::NotOutlier(_) => {
                Dimension::Accuracy
            }
            _ => Dimension::Validity,
        }
    }
}

/// What aspect a statistic is about.
const fn of_statistic(kind: StatisticKind) -> Dimension {
    match kind {
        StatisticKind::NonNullRatio => Dimension::Completeness,
        StatisticKind::DistinctCount | StatisticKind::DistinctRatio => Dimension::Uniqueness,
        _ => Dimension::Accuracy,
    }
}

/// A statistic's name as it is written.
#[must_use]
pub const fn statistic_name(kind: StatisticKind) -> &'static str {
    match kind {
        StatisticKind::Min => "min",
        StatisticKind::Max => "max",
        StatisticKind::Mean => "mean",
        StatisticKind::Sum => "sum",
        StatisticKind::Stdev => "stdev",
        StatisticKind::Median => "median",
        StatisticKind::DistinctCount => "distinct_count",
        StatisticKind::DistinctRatio => "distinct_ratio",
        StatisticKind::NonNullRatio => "non_null_ratio",
    }
}

impl Suite {
    /// Reads a suite in our form and checks it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SuiteError> {
        let suite: Self = serde_json::from_slice(bytes).map_err(SuiteError::Json)?;
        suite.check()?;
        Ok(suite)
    }

    /// The JSON Schema of the form.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}
