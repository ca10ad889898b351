//! What an expectation can demand: one variant for each kind, its arguments typed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Operator;
use super::over_time::{Anomaly, Freshness, SchemaChange};
use super::own_sql::{SqlAggregate, SqlCondition};
use super::tables::{ForeignKey, Reconcile};
use super::value::{Bounds, Range, Scalar, Values, is_false};

/// What is demanded. A *row check* judges each row, so that `mostly` applies and rows can be set apart; an *aggregate* judges
/// one number of a column or table; a *shape check* looks at the schema alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Row: the value is there.
    NotNull(OneColumn),
    /// Row: the value is not there.
    IsNull(OneColumn),
    /// Row: no other row has the same values.
    Unique(Unique),
    /// Row: the columns' values differ from each other.
    DistinctWithinRow(Columns),
    /// Row: the columns' values equal each other.
    EqualWithinRow(Columns),
    /// Row: the columns' values add up to a number.
    RowSum(RowSum),
    /// Row: the value is one of a set.
    InSet(InSet),
    /// Row: the value is none of a set.
    NotInSet(InSet),
    /// Row: the value lies in an interval.
    Between(Between),
    /// Row: the text's length in code points lies in an interval.
    Length(Length),
    /// Row: a regular expression is found in the text.
    Matches(Matches),
    /// Row: none of the regular expressions is found in the text.
    NotMatches(Matches),
    /// Row: the text is like a pattern of SQL.
    Like(Like),
    /// Row: the text is like none of the patterns.
    NotLike(Like),
    /// Row: the text is a date or time in a format.
    TimeFormat(TimeFormat),
    /// Row: the text is JSON.
    Json(OneColumn),
    /// Row: the value does not fall behind the one before it, in the order of the data.
    Ordered(Ordered),
    /// Row: the value lies within so many standard deviations of the mean.
    ZScore(ZScore),
    /// Row: the value is no outlier.
    NotOutlier(NotOutlier),
    /// Row: two columns compare so.
    Compare(Compare),
    /// Row: two columns' values are one of a set of pairs.
    PairInSet(PairInSet),
    /// Row: the key exists in another table.
    ForeignKey(ForeignKey),
    /// Row: a condition in GoogleSQL is true.
    SqlCondition(SqlCondition),
    /// Aggregate: a number of a column lies in an interval.
    Statistic(Statistic),
    /// Aggregate: quantiles lie in intervals.
    Quantile(Quantile),
    /// Aggregate: the set of a column's values compares so with a set.
    DistinctSet(DistinctSet),
    /// Aggregate: the value that occurs most often is one of a set.
    MostCommon(MostCommon),
    /// Aggregate: the Kullback-Leibler divergence from an expected distribution is small.
    Distribution(Distribution),
    /// Aggregate: the number of rows lies in an interval.
    RowCount(Range<u64>),
    /// Aggregate: the number of rows is another table's.
    RowCountEquals(OtherTable),
    /// Aggregate: the newest value is not too old.
    Freshness(Freshness),
    /// Aggregate: a number is not far from what it was in the runs before.
    Anomaly(Anomaly),
    /// Aggregate: the rows agree with another table's.
    Reconcile(Reconcile),
    /// Aggregate: a number that GoogleSQL says lies in an interval.
    SqlAggregate(SqlAggregate),
    /// Shape: the number of columns lies in an interval.
    ColumnCount(Range<u64>),
    /// Shape: the columns are these.
    Columns(ColumnNames),
    /// Shape: there is such a column.
    ColumnExists(ColumnExists),
    /// Shape: the column has one of these types.
    Type(ColumnType),
    /// Shape: the columns are those of the run before.
    SchemaChange(SchemaChange),
    /// Query: it returns no rows.
    SqlRows(SqlRows),
    /// Query: it returns the same rows as another.
    SqlEquals(SqlEquals),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneColumn {
    /// The column.
    pub column: String,
}

/// Which rows a check of several columns leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IgnoreRows {
    /// Rows in which any of the values is missing.
    #[default]
    AnyMissing,
    /// Rows in which all values are missing. Of the others, a missing value equals a missing value for uniqueness, and
    /// satisfies no comparison.
    AllMissing,
    /// None.
    Never,
}

/// Uniqueness over one or more columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unique {
    /// The columns.
    pub columns: Vec<String>,
    /// Which rows are left out; of one column, those without a value in any case.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// Several columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The columns.
    pub columns: Vec<String>,
    /// Which rows are left out.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// A sum over a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowSum {
    /// The columns.
    pub columns: Vec<String>,
    /// What they add up to.
    pub total: f64,
    /// Which rows are left out.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// A column and a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InSet {
    /// The column.
    pub column: String,
    /// The set.
    pub values: Values,
}

/// A column and an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// The column.
    pub column: String,
    /// The interval.
    pub bounds: Bounds,
}

/// A text's length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// The column.
    pub column: String,
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// Whether it must be above the least.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_min: bool,
    /// Whether it must be below the most.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_max: bool,
    /// Whether numbers and times are measured as the text that Python writes for them; otherwise such a column is an error.
    #[serde(default, skip_serializing_if = "is_false")]
    pub as_text: bool,
}

/// Of several patterns, how many must match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchOn {
    /// One.
    #[default]
    Any,
    /// All.
    All,
}

/// Regular expressions. They are searched for, not matched from end to end, as BigQuery's `REGEXP_CONTAINS` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matches {
    /// The column.
    pub column: String,
    /// The expressions, in RE2's syntax: no look-around, no back-references.
    pub patterns: Vec<String>,
    /// How many must match.
    #[serde(default)]
    pub match_on: MatchOn,
    /// Whether numbers and times are matched as the text that Python writes for them; otherwise such a column is an error.
    #[serde(default, skip_serializing_if = "is_false")]
    pub as_text: bool,
}

/// Patterns of SQL's LIKE: `%` is any text, `_` one character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// The column.
    pub column: String,
    /// The patterns.
    pub patterns: Vec<String>,
    /// How many must match.
    #[serde(default)]
    pub match_on: MatchOn,
    /// The character that takes its meaning from the one behind it; absent: the backslash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<char>,
}

/// A format of dates and times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeFormat {
    /// The column.
    pub column: String,
    /// The format, in the letters of C's strptime: `%Y-%m-%d`.
    pub format: String,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From small to large.
    Increasing,
    /// From large to small.
    Decreasing,
}

/// A column in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordered {
    /// The column.
    pub column: String,
    /// Which order.
    pub direction: Direction,
    /// Whether equal neighbours are against it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strictly: bool,
}

/// A distance from the mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZScore {
    /// The column.
    pub column: String,
    /// The distance must be less than so many standard deviations (of the sample).
    pub threshold: f64,
    /// Whether values far below the mean count as well.
    pub double_sided: bool,
}

/// How outliers are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutlierMethod {
    /// Further from the quartiles than `multiplier` times their distance.
    #[default]
    Iqr,
    /// Further from the mean than `multiplier` standard deviations.
    Std,
}

/// No outliers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotOutlier {
    /// The column.
    pub column: String,
    /// How.
    #[serde(default)]
    pub method: OutlierMethod,
    /// How far.
    #[serde(default = "one_and_a_half")]
    pub multiplier: f64,
}

const fn one_and_a_half() -> f64 {
    1.5
}

/// Two columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The one.
    pub left: String,
    /// How.
    pub op: Operator,
    /// The other.
    pub right: String,
    /// Which rows are left out.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// Pairs of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairInSet {
    /// The one.
    pub left: String,
    /// The other.
    pub right: String,
    /// The pairs.
    pub pairs: Vec<(Scalar, Scalar)>,
    /// Which rows are left out.
    #[serde(default)]
    pub ignore_rows: IgnoreRows,
}

/// A number of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatisticKind {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The arithmetic mean.
    Mean,
    /// The sum.
    Sum,
    /// The standard deviation of the sample (n - 1).
    Stdev,
    /// The median; of an even number of values, the mean of the two in the middle.
    Median,
    /// How many different values there are.
    DistinctCount,
    /// How many different values there are, of all values.
    DistinctRatio,
    /// How many rows have a value, of all rows.
    NonNullRatio,
}

/// What an aggregate over no values is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// It cannot be evaluated: state `error`, reason `no_data`.
    #[default]
    Error,
    /// It fails.
    Fail,
    /// Sums, counts and ratios are 0; the others fail.
    Zero,
}

/// A number of a column and an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statistic {
    /// The column.
    pub column: String,
    /// Which number.
    pub statistic: StatisticKind,
    /// The interval.
    pub bounds: Bounds,
    /// What it is over no values.
    #[serde(default)]
    pub no_data: NoData,
}

/// Which value a quantile is when it lies between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantileMethod {
    /// The least value at which the cumulative distribution reaches p: SQL's `PERCENTILE_DISC`.
    #[default]
    Discrete,
    /// The straight line between the two: SQL's `PERCENTILE_CONT`.
    Linear,
    /// The lower.
    Lower,
    /// The higher.
    Higher,
    /// The nearer; of two as near, the one with the even position.
    Nearest,
    /// The mean of the two.
    Midpoint,
}

/// A quantile and its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuantileRange {
    /// Which quantile, from 0 to 1.
    pub p: f64,
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Quantiles of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// The column.
    pub column: String,
    /// The quantiles.
    pub quantiles: Vec<QuantileRange>,
    /// Which value.
    #[serde(default)]
    pub method: QuantileMethod,
    /// A value also counts as inside when it differs from an end by no more than this part of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub relative_tolerance: f64,
    /// What it is over no values.
    #[serde(default)]
    pub no_data: NoData,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(f: &f64) -> bool {
    *f == 0.0
}

/// How two sets compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetMode {
    /// The column has no other values.
    In,
    /// The column has all of them.
    Contain,
    /// Both.
    Equal,
}

/// The set of a column's values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistinctSet {
    /// The column.
    pub column: String,
    /// How they compare.
    pub mode: SetMode,
    /// With which set.
    pub values: Values,
}

/// The most frequent value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MostCommon {
    /// The column.
    pub column: String,
    /// What it may be.
    pub values: Values,
    /// Whether one of several equally frequent values suffices.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ties_ok: bool,
}

/// An expected distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// The column.
    pub column: String,
    /// What is expected.
    pub expected: Partition,
    /// The divergence, in nats, is at most this; absent: it is only observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The weight shared by values that were not expected or lie outside of the bins.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tail_weight_holdout: f64,
    /// The weight shared by bins that were expected to be empty.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub internal_weight_holdout: f64,
}

/// Weights of values, or of bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partition {
    /// Of values.
    Categories(Categories),
    /// Of bins.
    Bins(Bins),
}

/// Weights of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// The values.
    pub values: Vec<Scalar>,
    /// Their weights, which add up to 1.
    pub weights: Vec<f64>,
}

/// Weights of bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bins {
    /// The edges, one more than there are weights, rising.
    pub edges: Vec<f64>,
    /// The weights of the bins between them.
    pub weights: Vec<f64>,
    /// The weights below the first and above the last edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_weights: Option<(f64, f64)>,
}

/// Another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherTable {
    /// Its name.
    pub table: String,
}

/// How lists of columns compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnsMode {
    /// The same columns in the same order.
    Ordered,
    /// The same columns.
    #[default]
    Exact,
    /// At least these columns.
    Contain,
}

/// A table's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnNames {
    /// Their names.
    pub names: Vec<String>,
    /// How they compare.
    #[serde(default)]
    pub mode: ColumnsMode,
}

/// A column that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnExists {
    /// Its name.
    pub column: String,
    /// Its position, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
}

/// Whose names types have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeNames {
    /// GoogleSQL's: `INT64`, `STRING`, `TIMESTAMP`.
    #[default]
    Googlesql,
    /// Those that pandas and Python give to the data: `int64`, `str`, `datetime64`.
    Pandas,
}

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnType {
    /// The column.
    pub column: String,
    /// The types, one of which it must have.
    pub types: Vec<String>,
    /// Whose names these are.
    #[serde(default)]
    pub names: TypeNames,
}

/// A query that finds wrong rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRows {
    /// One SELECT; `{batch}` is the table.
    pub query: String,
}

/// Two queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlEquals {
    /// One SELECT; `{batch}` is the table.
    pub query: String,
    /// Where the other is asked.
    #[serde(default = "bigquery")]
    pub other_source: String,
    /// The other.
    pub other_query: String,
}

fn bigquery() -> String {
    "bigquery".to_owned()
}
