//! The floor: the events' JSON in memory, read by one thread into Arrow and written as Parquet, to nowhere.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use chrono::DateTime;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;
use crate::events;

const ROWS: usize = 8192;

/// Counts what is written and keeps none of it.
struct Nowhere(u64);

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    #[serde(borrow)]
    change_type: Cow<'a, str>,
    #[serde(borrow)]
    commit_number: Cow<'a, str>,
    sequence_number: i64,
    #[serde(borrow)]
    commit_timestamp: Cow<'a, str>,
    #[serde(borrow)]
    transaction_key: Cow<'a, str>,
    #[serde(borrow)]
    change_origin: Cow<'a, str>,
    #[serde(borrow)]
    commit_user: Cow<'a, str>,
    #[serde(borrow, default)]
    changed_fields: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    fields: Fields<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    annual_revenue: Option<f64>,
    number_of_employees: Option<i64>,
    latitude: Option<f64>,
    active: Option<bool>,
    #[serde(borrow)]
    founded: Option<Cow<'a, str>>,
    #[serde(borrow)]
    last_seen: Option<Cow<'a, str>>,
    #[serde(borrow)]
    billing_city: Option<Cow<'a, str>>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct Columns {
    /// Record, operation, transaction, origin, user, name, founded, city, description.
    texts: [StringBuilder; 9],
    /// Commit, sequence, employees.
    wholes: [Int64Builder; 3],
    /// Revenue, latitude.
    numbers: [Float64Builder; 2],
    /// Committed, last seen.
    times: [TimestampMicrosecondBuilder; 2],
    active: BooleanBuilder,
    changed: ListBuilder<StringBuilder>,
}

fn micros(text: &str) -> Result<i64, Failure> {
    Ok(DateTime::parse_from_rfc3339(text)?.timestamp_micros())
}

impl Columns {
    fn push(&mut self, json: &[u8]) -> Result<(), Failure> {
        let message: Message<'_> = serde_json::from_slice(json)?;
        let fields = &message.fields;
        let texts = [
            Some(&message.record_id),
            Some(&message.change_type),
            Some(&message.transaction_key),
            Some(&message.change_origin),
            Some(&message.commit_user),
            fields.name.as_ref(),
            fields.founded.as_ref(),
            fields.billing_city.as_ref(),
            fields.description.as_ref(),
        ];
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        let wholes = [
            Some(message.commit_number.parse()?),
            Some(message.sequence_number),
            fields.number_of_employees,
        ];
        for (builder, whole) in self.wholes.iter_mut().zip(wholes) {
            builder.append_option(whole);
        }
        for (builder, number) in self.numbers.iter_mut().zip([fields.annual_revenue, fields.latitude]) {
            builder.append_option(number);
        }
        self.times[0].append_value(micros(&message.commit_timestamp)?);
        self.times[1].append_option(fields.last_seen.as_deref().map(micros).transpose()?);
        self.active.append_option(fields.active);
        self.changed.append_value(message.changed_fields.iter().map(Some));
        Ok(())
    }

    fn batch(&mut self) -> Result<RecordBatch, Failure> {
        let mut arrays: Vec<ArrayRef> = Vec::new();
        arrays.extend(self.texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        arrays.extend(self.wholes.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        arrays.extend(self.numbers.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        arrays.extend(self.times.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        arrays.push(Arc::new(self.active.finish()));
        arrays.push(Arc::new(self.changed.finish()));
        let named = arrays
            .into_iter()
            .enumerate()
            .map(|(place, array)| (format!("c{place}"), array, true));
        Ok(RecordBatch::try_from_iter_with_nullable(named)?)
    }
}

pub fn run(count: u64) -> Result<Value, Failure> {
    let texts: Vec<Vec<u8>> = (0..count).map(|number| events::message(number).to_json()).collect();
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    let since = Instant::now();
    let mut columns = Columns::default();
    let mut writer: Option<ArrowWriter<Nowhere>> = None;
    for chunk in texts.chunks(ROWS) {
        for json in chunk {
            columns.push(json)?;
        }
        let batch = columns.batch()?;
        let open = match writer.take() {
            Some(open) => open,
            None => ArrowWriter::try_new(Nowhere(0), batch.schema(), Some(properties.clone()))?,
        };
        writer.insert(open).write(&batch)?;
    }
    let sink = writer.ok_or("no events")?.into_inner()?;
    let seconds = since.elapsed().as_secs_f64();
    Ok(json!({
        "events": count, "seconds": seconds, "events_per_second": count as f64 / seconds,
        "bytes_per_event": bytes as f64 / count as f64, "parquet_bytes": sink.0,
    }))
}
