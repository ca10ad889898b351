//! Columns: a Salesforce field and the BigQuery column that it becomes. The mapping itself needs a describe result and
//! lives in `headwater-salesforce`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A BigQuery type, as GoogleSQL names it. <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BigQueryType {
    /// UTF-8 text.
    String,
    /// Bytes.
    Bytes,
    /// True or false.
    Bool,
    /// 64-bit integer.
    Int64,
    /// IEEE double.
    Float64,
    /// Exact decimal, 38 digits, 9 of them after the point.
    Numeric,
    /// Exact decimal, 76 digits, 38 of them after the point.
    BigNumeric,
    /// Calendar day.
    Date,
    /// Time of day, microseconds.
    Time,
    /// Point in time, microseconds, UTC.
    Timestamp,
}

impl BigQueryType {
    /// The name in GoogleSQL, such as `INT64`.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Bool => "BOOL",
            Self::Int64 => "INT64",
            Self::Float64 => "FLOAT64",
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
        }
    }

    /// The name that the REST API v2 writes in a table's schema, such as `INTEGER`.
    pub const fn api(self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Int64 => "INTEGER",
            Self::Float64 => "FLOAT",
            other => other.sql(),
        }
    }

    /// Reads either of the two spellings.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            "STRING" => Self::String,
            "BYTES" => Self::Bytes,
            "BOOL" | "BOOLEAN" => Self::Bool,
            "INT64" | "INTEGER" => Self::Int64,
            "FLOAT64" | "FLOAT" => Self::Float64,
            "NUMERIC" => Self::Numeric,
            "BIGNUMERIC" => Self::BigNumeric,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "TIMESTAMP" => Self::Timestamp,
            _ => return None,
        })
    }
}

impl fmt::Display for BigQueryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

/// A column's mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// May hold NULL.
    #[default]
    Nullable,
    /// Never NULL.
    Required,
}

impl Mode {
    /// `NULLABLE` or `REQUIRED`.
    pub const fn api(self) -> &'static str {
        match self {
            Self::Nullable => "NULLABLE",
            Self::Required => "REQUIRED",
        }
    }
}

/// One column of a target table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The column's name in BigQuery and in Parquet.
    pub name: String,
    /// The API name of the Salesforce field that it is filled from.
    pub field: String,
    /// Salesforce's type of that field, such as `currency`.
    pub salesforce_type: String,
    /// The column's type.
    #[serde(rename = "type")]
    pub data_type: BigQueryType,
    /// Whether NULL may occur.
    #[serde(default)]
    pub mode: Mode,
    /// The column's description in BigQuery: Salesforce's label and help text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}
