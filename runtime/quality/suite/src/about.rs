//! What is known of a check without evaluating it: its name, its columns, what it judges, and what it needs to be evaluated.

use super::check::Check;

/// What a check judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each row.
    Row,
    /// One number.
    Aggregate,
    /// The schema.
    Shape,
    /// What a query returns.
    Query,
}

impl Check {
    /// Its name: that of the block in HCL and of the key in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotNull(_) => "not_null",
            Self::IsNull(_) => "is_null",
            Self::Unique(_) => "unique",
            Self::DistinctWithinRow(_) => "distinct_within_row",
            Self::EqualWithinRow(_) => "equal_within_row",
            Self::RowSum(_) => "row_sum",
            Self::InSet(_) => "in_set",
            Self::NotInSet(_) => "not_in_set",
            Self::Between(_) => "between",
            Self::Length(_) => "length",
            Self::Matches(_) => "matches",
            Self::NotMatches(_) => "not_matches",
            Self::Like(_) => "like",
            Self::NotLike(_) => "not_like",
            Self::TimeFormat(_) => "time_format",
            Self::Json(_) => "json",
            Self::Ordered(_) => "ordered",
            Self::ZScore(_) => "z_score",
            Self::NotOutlier(_) => "not_outlier",
            Self::Compare(_) => "compare",
            Self::PairInSet(_) => "pair_in_set",
            Self::ForeignKey(_) => "foreign_key",
            Self::SqlCondition(_) => "sql_condition",
            Self::Statistic(_) => "statistic",
            Self::Quantile(_) => "quantile",
            Self::DistinctSet(_) => "distinct_set",
            Self::MostCommon(_) => "most_common",
            Self::Distribution(_) => "distribution",
            Self::RowCount(_) => "row_count",
            Self::RowCountEquals(_) => "row_count_equals",
            Self::Freshness(_) => "freshness",
            Self::Anomaly(_) => "anomaly",
            Self::Reconcile(_) => "reconcile",
            Self::SqlAggregate(_) => "sql_aggregate",
            Self::ColumnCount(_) => "column_count",
            Self::Columns(_) => "columns",
            Self::ColumnExists(_) => "column_exists",
            Self::Type(_) => "type",
            Self::SchemaChange(_) => "schema_change",
            Self::SqlRows(_) => "sql_rows",
            Self::SqlEquals(_) => "sql_equals",
        }
    }

    /// The columns that it names.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::NotNull(c) | Self::IsNull(c) | Self::Json(c) => vec![&c.column],
            Self::Unique(c) => c.columns.iter().map(String::as_str).collect(),
            Self::DistinctWithinRow(c) | Self::EqualWithinRow(c) => c.columns.iter().map(String::as_str).collect(),
            Self::RowSum(c) => c.columns.iter().map(String::as_str).collect(),
            Self::InSet(c) | Self::NotInSet(c) => vec![&c.column],
            Self::Between(c) => vec![&c.column],
            Self::Length(c) => vec![&c.column],
            Self::Matches(c) | Self::NotMatches(c) => vec![&c.column],
            Self::Like(c) | Self::NotLike(c) => vec![&c.column],
            Self::TimeFormat(c) => vec![&c.column],
            Self::Ordered(c) => vec![&c.column],
            Self::ZScore(c) => vec![&c.column],
            Self::NotOutlier(c) => vec![&c.column],
            Self::Compare(c) => vec![&c.left, &c.right],
            Self::PairInSet(c) => vec![&c.left, &c.right],
            Self::Statistic(c) => vec![&c.column],
            Self::Quantile(c) => vec![&c.column],
            Self::DistinctSet(c) => vec![&c.column],
            Self::MostCommon(c) => vec![&c.column],
            Self::Distribution(c) => vec![&c.column],
            Self::ColumnExists(c) => vec![&c.column],
            Self::Type(c) => vec![&c.column],
            Self::ForeignKey(c) => c.columns.iter().map(String::as_str).collect(),
            Self::Freshness(c) => vec![&c.column],
            Self::Anomaly(c) => c.column.iter().map(String::as_str).collect(),
            Self::Reconcile(c) => c.columns.iter().chain(&c.keys).map(String::as_str).collect(),
            Self::RowCount(_)
            | Self::RowCountEquals(_)
            | Self::SqlCondition(_)
            | Self::SqlAggregate(_)
            | Self::SchemaChange(_)
            | Self::ColumnCount(_)
            | Self::Columns(_)
            | Self::SqlRows(_)
            | Self::SqlEquals(_) => Vec::new(),
        }
    }

    /// What it judges.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotNull(_)
            | Self::IsNull(_)
            | Self::Unique(_)
            | Self::DistinctWithinRow(_)
            | Self::EqualWithinRow(_)
            | Self::RowSum(_)
            | Self::InSet(_)
            | Self::NotInSet(_)
            | Self::Between(_)
            | Self::Length(_)
            | Self::Matches(_)
            | Self::NotMatches(_)
            | Self::Like(_)
            | Self::NotLike(_)
            | Self::TimeFormat(_)
            | Self::Json(_)
            | Self::Ordered(_)
            | Self::ZScore(_)
            | Self::NotOutlier(_)
            | Self::Compare(_)
            | Self::PairInSet(_)
            | Self::ForeignKey(_)
            | Self::SqlCondition(_) => Kind::Row,
            Self::Statistic(_)
            | Self::Quantile(_)
            | Self::DistinctSet(_)
            | Self::MostCommon(_)
            | Self::Distribution(_)
            | Self::RowCount(_)
            | Self::RowCountEquals(_)
            | Self::Freshness(_)
            | Self::Anomaly(_)
            | Self::Reconcile(_)
            | Self::SqlAggregate(_) => Kind::Aggregate,
            Self::ColumnCount(_) | Self::Columns(_) | Self::ColumnExists(_) | Self::Type(_) | Self::SchemaChange(_) => {
                Kind::Shape
            }
            Self::SqlRows(_) | Self::SqlEquals(_) => Kind::Query,
        }
    }

    /// Whether it is asked of BigQuery alone: of other tables, or in SQL.
    #[must_use]
    pub const fn asks_bigquery(&self) -> bool {
        matches!(
            self,
            Self::ForeignKey(_)
                | Self::SqlCondition(_)
                | Self::RowCountEquals(_)
                | Self::Reconcile(_)
                | Self::SqlAggregate(_)
                | Self::SqlRows(_)
                | Self::SqlEquals(_)
        )
    }

    /// Whether it needs to know what the runs before have found.
    #[must_use]
    pub const fn looks_back(&self) -> bool {
        match self {
            Self::Anomaly(_) => true,
            Self::SchemaChange(c) => c.baseline.is_none(),
            _ => false,
        }
    }
}
