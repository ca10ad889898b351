//! How the decoders' tests write columns and read batches: as strings.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use headwater_spec::{BigQueryType, Column, Mode};

/// `Name:TYPE` separated by spaces; `Id` is required.
pub(super) fn columns(text: &str) -> Arc<[Column]> {
    text.split_whitespace()
        .map(|word| {
            let (name, kind) = word.split_once(':').unwrap();
            Column {
                name: name.into(),
                field: name.into(),
                salesforce_type: String::new(),
                data_type: BigQueryType::parse(kind).unwrap(),
                mode: if name == "Id" { Mode::Required } else { Mode::Nullable },
                description: String::new(),
            }
        })
        .collect()
}

/// One string per row, `|` between cells, `∅` for null.
pub(super) fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    // Arrow names the zone UTC only with its time-zone database, which nothing here needs.
    let plain = |array: &ArrayRef| match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(stamps) => Arc::new(stamps.clone().with_timezone_opt(None::<Arc<str>>)),
        None => Arc::clone(array),
    };
    let arrays: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
    let columns: Vec<_> = arrays
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            columns
                .iter()
                .map(|c| c.value(row).to_string())
                .collect::<Vec<_>>()
                .join("|")
        })
        .collect()
}
