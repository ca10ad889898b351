//! What each check says of small tables. A case is a table, an expectation and what is to come out; it is run as one batch and as
//! batches of one row.

mod rows;
mod tables;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::{Detail, InMemory, Options, SuiteResult, evaluate};
use crate::suite::{API_VERSION, Suite};

/// A table written as `name type: value, value; name type: …`; `null` is none, `''` the empty text.
fn table(text: &str) -> RecordBatch {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in text.split(';').map(str::trim).filter(|c| !c.is_empty()) {
        let (head, values) = column.split_once(':').expect("a colon");
        let (name, kind) = head.trim().split_once(' ').expect("a type");
        let values: Vec<Option<String>> = values
            .split(',')
            .map(str::trim)
            .filter(|v| !v.is_empty())
            .map(|v| match v {
                "null" => None,
                "''" => Some(String::new()),
                v => Some(v.replace('~', ":")),
            })
            .collect();
        let data_type = match kind.trim() {
            "int" => DataType::Int64,
            "int8" => DataType::Int8,
            "uint" => DataType::UInt64,
            "float" => DataType::Float64,
            "float32" => DataType::Float32,
            "dec" => DataType::Decimal128(20, 2),
            "wide" => DataType::Decimal256(50, 2),
            "bool" => DataType::Boolean,
            "text" => DataType::Utf8,
            "dict" => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            "bytes" => DataType::Binary,
            "date" => DataType::Date32,
            "time" => DataType::Time64(TimeUnit::Microsecond),
            "ts" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "tsz" => DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into())),
            other => panic!("{other}"),
        };
        fields.push(Field::new(name, data_type.clone(), true));
        let texts: ArrayRef = Arc::new(StringArray::from(values));
        columns.push(cast(&texts, &data_type).expect("casts"));
    }
    let rows = columns.first().map_or(0, arrow::array::Array::len);
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new_with_options(
        schema,
        columns,
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(rows)),
    )
    .expect("a table")
}

fn run(batch: &RecordBatch, size: usize, expectation: &str) -> SuiteResult {
    let suite = format!(r#"{{"api_version":"{API_VERSION}","name":"s","expectations":[{expectation}]}}"#);
    let suite = Suite::from_json(suite.as_bytes()).unwrap_or_else(|e| panic!("{expectation}: {e:?}"));
    let batches = (0..batch.num_rows())
        .step_by(size)
        .map(|at| batch.slice(at, size.min(batch.num_rows() - at)))
        .collect();
    let mut source = InMemory {
        schema: batch.schema(),
        batches,
    };
    let options = Options {
        samples: 3,
        // All rows against a check are kept, whatever it means for them.
        detail: Detail::Complete,
        rows: false,
        ..Options::default()
    };
    evaluate(&suite, &mut source, options).expect("evaluates")
}

/// A result as a case writes it.
fn written(result: &SuiteResult) -> String {
    let one = &result.results[0];
    let state = serde_json::to_value(one.state).expect("state");
    let mut text = state.as_str().expect("text").to_owned();
    if let Some(reason) = &one.reason {
        text.push_str(&format!(" {}", reason.code));
    }
    if let Some(rows) = &one.rows {
        text.push_str(&format!(" {}/{}/{}", rows.elements, rows.missing, rows.unexpected));
        assert_eq!(rows.elements, rows.missing + rows.evaluated);
        let failing = one
            .failing
            .as_ref()
            .map_or(0, arrow::buffer::BooleanBuffer::count_set_bits);
        assert_eq!(failing as u64, rows.unexpected, "the bits of the rows");
        if !one.samples.is_empty() {
            text.push_str(&format!(" {}", serde_json::to_string(&one.samples).expect("samples")));
        }
    }
    if !one.observed.is_none() {
        text.push_str(&format!(" {}", one.observed.to_json(false)));
    }
    text
}

fn check(cases: &[(&str, &str, &str)]) {
    for (rows, demanded, expected) in cases {
        let batch = table(rows);
        let expectation = if demanded.starts_with("{\"check\"") {
            (*demanded).to_owned()
        } else {
            format!("{{\"check\":{demanded}}}")
        };
        for size in [usize::MAX, 1] {
            let said = written(&run(&batch, size, &expectation));
            assert_eq!(&said, expected, "{rows} | {demanded} | batches of {size}");
        }
    }
}
