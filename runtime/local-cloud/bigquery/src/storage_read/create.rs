//! CreateReadSession: checks what is asked for, and writes the rows of the table as they are now to the session's file.

use std::sync::Arc;

use prost_types::Timestamp;
use serde_json::Value;

use super::ipc::Encoder;
use super::names::{self, cut};
use super::sessions::{LIFE_MS, Part, Session};
use super::snapshot::Writer;
use super::{arrow_schema, avro_schema, selection};
use crate::catalog::names::TableName;
use crate::catalog::{history, now_ms, size, tables};
use crate::engine::Session as Tx;
use crate::error::{Fault, Reason};
use crate::service::Service;
use crate::sql::Translator;
use crate::sql::params::Params;
use crate::sql::state::State;
use crate::types::quoted;
use crate::wire::storage::arrow_serialization_options::{CompressionCodec, PicosTimestampPrecision};
use crate::wire::storage::avro_serialization_options::PicosTimestampPrecision as AvroPrecision;
use crate::wire::storage::read_session::table_read_options::OutputFormatSerializationOptions as Format;
use crate::wire::storage::read_session::{Schema, TableReadOptions};
use crate::wire::storage::{
    ArrowSchema, ArrowSerializationOptions, AvroSchema, CreateReadSessionRequest, DataFormat, ReadSession, ReadStream,
};

/// A stream has about so many bytes where the client does not say how many streams it wants.
const STREAM_BYTES: u64 = 8 << 20;
const MOST_STREAMS: u64 = 1000;
const LONGEST_RESTRICTION: usize = 1 << 20;

/// What is read, apart from the rows.
struct Plan {
    /// The SELECT of the rows.
    sql: String,
    /// A query that evaluates the restriction for every row.
    check: Option<String>,
    columns: Vec<Value>,
    location: String,
    /// Bytes of the table's columns that are read.
    scanned: u64,
}

pub(super) fn create(service: &Service, request: CreateReadSessionRequest) -> Result<ReadSession, Fault> {
    let project = request
        .parent
        .strip_prefix("projects/")
        .filter(|p| !p.is_empty() && !p.contains('/'));
    let project = project.ok_or_else(|| {
        Fault::invalid(format!(
            "Invalid parent \"{}\": it has the form projects/PROJECT",
            request.parent
        ))
    })?;
    let wanted = Streams::of(&request)?;
    let mut answer = request
        .read_session
        .ok_or_else(|| Fault::new(Reason::Required, "Required field is missing: read_session"))?;
    let table = super::table(&answer.table)?;
    let options = answer.read_options.clone().unwrap_or_default();
    let format = DataFormat::try_from(answer.data_format).unwrap_or_default();
    let codec = codec(format, &options)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let file = service.sessions.begin(&id)?;
    let written = service.engine.read(|tx| {
        let plan = plan(tx, project, &table, &answer, &options)?;
        let schema = Arc::new(arrow_schema::schema(&plan.columns)?);
        let encoder = Encoder::new(codec)?;
        let message = encoder.schema(&schema)?;
        answer.schema = Some(match format {
            DataFormat::Avro => {
                let named = matches!(&options.output_format_serialization_options,
                    Some(Format::AvroSerializationOptions(avro)) if avro.enable_display_name_attribute);
                let schema = avro_schema::schema(&plan.columns, named)?.to_string();
                Schema::AvroSchema(AvroSchema { schema })
            }
            _ => Schema::ArrowSchema(ArrowSchema {
                serialized_schema: message.clone(),
            }),
        });
        // A condition that fails for some row must fail here: rows that are streamed cannot say so.
        if let Some(check) = &plan.check {
            tx.query(check, &[])?;
        }
        let mut writer = Writer::create(&file, schema, encoder)?;
        tx.stream(&plan.sql, |rows| writer.push(&rows))?;
        Ok((plan, message, writer.finish()?))
    });
    let kept = written.and_then(|(plan, schema, parts)| {
        let expires_ms = now_ms() + LIFE_MS;
        fill(
            &mut answer,
            &names::session(project, &plan.location, &id),
            &plan,
            &parts,
            wanted,
            expires_ms,
        );
        let session = Session {
            answer: answer.clone(),
            schema,
            parts,
            expires_ms,
            file,
        };
        service.sessions.keep(&id, session)
    });
    if kept.is_err() {
        service.sessions.abandon(&id);
    }
    kept.map(|()| answer)
}

/// What a session answers besides what it was asked.
fn fill(answer: &mut ReadSession, name: &str, plan: &Plan, parts: &[Part], wanted: Streams, expires_ms: i64) {
    let rows: u64 = parts.iter().map(|p| p.rows).sum();
    let bytes: u64 = parts.iter().map(|p| p.length).sum();
    let streams = cut(rows, wanted.number(bytes));
    answer.streams = streams
        .into_iter()
        .map(|rows| ReadStream {
            name: names::stream(name, rows),
        })
        .collect();
    name.clone_into(&mut answer.name);
    answer.expire_time = Some(Timestamp {
        seconds: expires_ms.div_euclid(1000),
        nanos: 0,
    });
    answer.estimated_row_count = i64::try_from(rows).unwrap_or(i64::MAX);
    answer.estimated_total_bytes_scanned = i64::try_from(plan.scanned).unwrap_or(i64::MAX);
    answer.estimated_total_physical_file_size = answer.estimated_total_bytes_scanned;
}

/// How many streams a client wants.
#[derive(Clone, Copy)]
struct Streams {
    least: u64,
    most: u64,
}

impl Streams {
    fn of(request: &CreateReadSessionRequest) -> Result<Self, Fault> {
        let number = |name: &str, value: i32| {
            u64::try_from(value).map_err(|_| Fault::invalid(format!("{name} must not be negative: {value}")))
        };
        let most = number("max_stream_count", request.max_stream_count)?;
        let least = number("preferred_min_stream_count", request.preferred_min_stream_count)?;
        if most > 0 && least > most {
            return Err(Fault::invalid(format!(
                "preferred_min_stream_count ({least}) must be at most max_stream_count ({most})"
            )));
        }
        Ok(Self { least, most })
    }

    fn number(self, bytes: u64) -> u64 {
        let most = if self.most == 0 {
            MOST_STREAMS
        } else {
            self.most.min(MOST_STREAMS)
        };
        bytes.div_ceil(STREAM_BYTES).max(self.least).clamp(1, most)
    }
}

/// How the rows lie in the file: of Avro's options none is about that.
fn codec(format: DataFormat, options: &TableReadOptions) -> Result<CompressionCodec, Fault> {
    let mismatch = |given: &str| {
        Fault::invalid(format!(
            "{given} are given, but the data format is another one; set data_format to match"
        ))
    };
    match (format, &options.output_format_serialization_options) {
        (DataFormat::Unspecified, _) => Err(Fault::new(
            Reason::Required,
            "Required field is missing: read_session.data_format (AVRO or ARROW)",
        )),
        (_, None) => Ok(CompressionCodec::CompressionUnspecified),
        (DataFormat::Avro, Some(Format::AvroSerializationOptions(avro))) => {
            match AvroPrecision::try_from(avro.picos_timestamp_precision) {
                Ok(AvroPrecision::Unspecified | AvroPrecision::TimestampPrecisionMicros) => {
                    Ok(CompressionCodec::CompressionUnspecified)
                }
                _ => Err(Fault::not_implemented("timestamps of more than microseconds")),
            }
        }
        (DataFormat::Arrow, Some(Format::ArrowSerializationOptions(arrow))) => arrow_codec(arrow),
        (DataFormat::Arrow, Some(_)) => Err(mismatch("avro_serialization_options")),
        (DataFormat::Avro, Some(_)) => Err(mismatch("arrow_serialization_options")),
    }
}

/// The compression of Arrow's buffers.
pub(super) fn arrow_codec(options: &ArrowSerializationOptions) -> Result<CompressionCodec, Fault> {
    match PicosTimestampPrecision::try_from(options.picos_timestamp_precision) {
        Ok(PicosTimestampPrecision::Unspecified | PicosTimestampPrecision::TimestampPrecisionMicros) => {}
        _ => return Err(Fault::not_implemented("timestamps of more than microseconds")),
    }
    CompressionCodec::try_from(options.buffer_compression)
        .map_err(|_| Fault::invalid(format!("Invalid buffer_compression: {}", options.buffer_compression)))
}

fn plan(
    tx: &Tx<'_>,
    project: &str,
    table: &TableName,
    asked: &ReadSession,
    options: &TableReadOptions,
) -> Result<Plan, Fault> {
    let mut doc = tables::load(tx, table)?;
    if tables::is_view(&doc) {
        return Err(Fault::invalid(format!(
            "request failed: only tables can be read with the Storage API, and {} is a {}; query it and read the result",
            table.id(),
            doc["type"].as_str().unwrap_or_default()
        )));
    }
    let snapshot = asked.table_modifiers.as_ref().and_then(|m| m.snapshot_time.as_ref());
    let mut stored = table.duck();
    if let Some(at) = snapshot {
        let at = at
            .seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(at.nanos) / 1_000_000);
        let state = history::at(tx, table, &doc, at)?;
        (stored, doc) = (state.sql, state.doc);
    }
    let columns = selection::columns(&doc["schema"], &options.selected_fields)?;
    if columns.is_empty() {
        return Err(Fault::invalid(format!("Table {} does not have a schema.", table.id())));
    }
    let text = options.row_restriction.trim();
    if text.len() > LONGEST_RESTRICTION {
        return Err(Fault::invalid("row_restriction is longer than 1 MB"));
    }
    let (params, state) = (Params::default(), State::default());
    let translator = Translator::new(tx, project, None, &params, &state);
    let restriction = translator.restriction(table, &doc, text)?;
    let mut from = format!("{stored} AS {}", quoted(&table.table));
    if let Some(percent) = options.sample_percentage {
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(Fault::invalid(format!(
                "sample_percentage must be more than 0 and at most 100: {percent}"
            )));
        }
        from.push_str(&format!(" TABLESAMPLE {percent} PERCENT (bernoulli)"));
    }
    let check = restriction
        .as_ref()
        .map(|r| format!("SELECT count(*) FROM {from} WHERE {r}"));
    if let Some(restriction) = restriction {
        from.push_str(&format!(" WHERE {restriction}"));
    }
    let list: Vec<String> = columns
        .iter()
        .map(|c| format!("{} AS {}", c.sql, quoted(c.field["name"].as_str().unwrap_or_default())))
        .collect();
    let rows = size::rows(tx, table, &doc)?;
    let read = columns
        .iter()
        .filter_map(|c| Some(c.field["name"].as_str()?.to_lowercase()))
        .collect();
    Ok(Plan {
        sql: format!("SELECT {} FROM {from}", list.join(", ")),
        check,
        scanned: size::bytes(tx, table, &doc, rows, Some(&read))?,
        location: doc["location"].as_str().unwrap_or("US").to_lowercase(),
        columns: columns.into_iter().map(|c| c.field).collect(),
    })
}
