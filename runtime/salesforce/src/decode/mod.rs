//! From Salesforce's bytes to Arrow: CSV of the Bulk API, JSON of REST. Both fill the same column builders through the same
//! parsers of values, so an object reads the same by either way. No IO lives here.

mod builder;
mod csv;
mod json;
#[cfg(test)]
mod testing;
mod value;

pub use csv::CsvDecoder;
pub(crate) use json::decode_records;

/// When a record batch is complete.
#[derive(Debug, Clone, Copy)]
pub struct DecodeOptions {
    /// At about so many rows,
    pub batch_rows: usize,
    /// or at about so many bytes of values, whichever comes first: what bounds memory for long texts.
    pub batch_bytes: usize,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            batch_rows: 8192,
            batch_bytes: 8 << 20,
        }
    }
}

/// Rows that cannot be decoded. Names rows and columns, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A value is not of its column's type, or does not fit it.
    #[error("row {row}: the value of {field} does not fit its type {data_type}")]
    Value {
        /// The row, from 1, in its page.
        row: u64,
        /// The Salesforce field.
        field: String,
        /// The column's BigQuery type.
        data_type: &'static str,
    },
    /// A required column without a value.
    #[error("row {row}: {field} has no value, and its column is required")]
    Null {
        /// The row, from 1, in its page.
        row: u64,
        /// The Salesforce field.
        field: String,
    },
    /// The header does not name what was asked for.
    #[error("the header has no column for {}", missing.join(", "))]
    Header {
        /// The fields that are missing.
        missing: Vec<String>,
    },
    /// Not CSV or JSON as expected.
    #[error("row {row}: {reason}")]
    Malformed {
        /// The row, from 1, in its page; 0: before the first.
        row: u64,
        /// What is wrong.
        reason: String,
    },
    /// A page that was read a second time has other rows than the first time.
    #[error("the page was read again and has another row {row} than before")]
    Changed {
        /// The row, from 1, in its page.
        row: u64,
    },
}
