//! ReadRows: the rows of a stream from a place on, message by message, as fast as the client takes them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tonic::Status;

use super::avro_rows;
use super::conform;
use super::create::arrow_codec;
use super::ipc::{Decoder, Encoder};
use super::names::{self, Rows};
use super::sessions::{Part, Session, failed};
use crate::engine::arrow::array::RecordBatch;
use crate::error::{Fault, Reason};
use crate::service::Service;
use crate::wire::storage::arrow_serialization_options::CompressionCodec;
use crate::wire::storage::read_rows_request::OutputFormatSerializationOptions;
use crate::wire::storage::read_rows_response::{Rows as Message, Schema as FirstSchema};
use crate::wire::storage::read_session::table_read_options::{
    OutputFormatSerializationOptions as Format, ResponseCompressionCodec,
};
use crate::wire::storage::read_session::{Schema, TableReadOptions};
use crate::wire::storage::stream_stats::Progress;
use crate::wire::storage::{
    ArrowRecordBatch, AvroRows, DataFormat, ReadRowsRequest, ReadRowsResponse, StreamStats, ThrottleState,
};

/// A stream that is being read.
pub(super) struct Reader {
    session: Arc<Session>,
    stream: Rows,
    /// The next row, counted in the session.
    next: u64,
    file: File,
    decoder: Decoder,
    /// How Arrow's messages are sent; those in the file are as the session says.
    codec: CompressionCodec,
    encoder: Encoder,
    first: bool,
}

impl Reader {
    pub(super) fn open(service: &Service, request: &ReadRowsRequest) -> Result<Self, Fault> {
        let (id, stream) = names::read(&request.read_stream)?;
        let session = service.sessions.find(id)?;
        let all: u64 = session.parts.iter().map(|p| p.rows).sum();
        if stream.to > all {
            return Err(Fault::not_found("Read stream", &request.read_stream));
        }
        let offset = u64::try_from(request.offset)
            .map_err(|_| Fault::invalid(format!("offset must not be negative: {}", request.offset)))?;
        if offset > stream.count() {
            return Err(Fault::new(
                Reason::OutOfRange,
                format!(
                    "offset {offset} is beyond the end of the stream, which has {} rows",
                    stream.count()
                ),
            ));
        }
        let codec = match &request.output_format_serialization_options {
            Some(OutputFormatSerializationOptions::ArrowSerializationOptions(options)) => arrow_codec(options)?,
            None => stored_codec(&session),
        };
        Ok(Self {
            file: File::open(&session.file).map_err(failed)?,
            decoder: Decoder::new(&session.schema).map_err(conform::failed)?,
            encoder: Encoder::new(codec)?,
            codec,
            session,
            stream,
            next: stream.from + offset,
            first: true,
        })
    }

    /// Sends everything; ends when the client has gone or the service stops. Blocks.
    pub(super) fn run(mut self, service: &Service, answers: &mpsc::Sender<Result<ReadRowsResponse, Status>>) {
        let session = Arc::clone(&self.session);
        let mut from = 0;
        for part in &session.parts {
            let rows = Rows {
                from,
                to: from + part.rows,
            };
            from = rows.to;
            if rows.to <= self.next || rows.from >= self.stream.to {
                continue;
            }
            let answer = if service.stop.is_cancelled() {
                Err(Status::unavailable("the local BigQuery is shutting down; try again"))
            } else {
                self.answer(*part, rows).map_err(Status::from)
            };
            let over = answer.is_err();
            if answers.blocking_send(answer).is_err() || over {
                return;
            }
        }
    }

    /// The rows of a part that are wanted.
    fn answer(&mut self, part: Part, lie: Rows) -> Result<ReadRowsResponse, Fault> {
        let wanted = Rows {
            from: lie.from.max(self.next),
            to: lie.to.min(self.stream.to),
        };
        let bytes = self.load(part)?;
        let avro = self.session.answer.data_format == i32::from(DataFormat::Avro);
        let row_count = i64::try_from(wanted.count()).unwrap_or(i64::MAX);
        let as_stored = wanted == lie && !avro && self.codec == stored_codec(&self.session);
        let payload: Bytes = if as_stored {
            bytes
        } else {
            let rows = self.slice(&bytes, lie, wanted)?;
            if avro {
                avro_rows::encode(&rows)?.into()
            } else {
                self.encoder.batch(&rows)?
            }
        };
        let (payload, uncompressed_byte_size) = self.packed(payload);
        // Also in the fields where they were first, which some clients still read.
        #[allow(deprecated)]
        let rows = if avro {
            Message::AvroRows(AvroRows {
                serialized_binary_rows: payload,
                row_count,
            })
        } else {
            Message::ArrowRecordBatch(ArrowRecordBatch {
                serialized_record_batch: payload,
                row_count,
            })
        };
        let progress = |row: u64| share(row - self.stream.from, self.stream.count());
        let stats = StreamStats {
            progress: Some(Progress {
                at_response_start: progress(wanted.from),
                at_response_end: progress(wanted.to),
            }),
        };
        self.next = wanted.to;
        Ok(ReadRowsResponse {
            rows: Some(rows),
            row_count,
            stats: Some(stats),
            throttle_state: Some(ThrottleState { throttle_percent: 0 }),
            schema: std::mem::take(&mut self.first)
                .then(|| first_schema(&self.session))
                .flatten(),
            uncompressed_byte_size,
            total_estimated_row_count: None,
        })
    }

    fn load(&mut self, part: Part) -> Result<Bytes, Fault> {
        let length = usize::try_from(part.length).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(part.at)).map_err(failed)?;
        self.file.read_exact(&mut bytes).map_err(failed)?;
        Ok(bytes.into())
    }

    fn slice(&mut self, bytes: &[u8], lie: Rows, wanted: Rows) -> Result<RecordBatch, Fault> {
        let rows = self.decoder.batch(bytes).map_err(conform::failed)?;
        let at = |row: u64| usize::try_from(row - lie.from).unwrap_or(usize::MAX);
        Ok(rows.slice(at(wanted.from), at(wanted.to) - at(wanted.from)))
    }

    /// Compressed as a whole, where the session asks for it and it becomes shorter.
    fn packed(&self, payload: Bytes) -> (Bytes, Option<i64>) {
        let options = self.session.answer.read_options.as_ref();
        if options.map(TableReadOptions::response_compression_codec) != Some(ResponseCompressionCodec::Lz4) {
            return (payload, None);
        }
        let packed = lz4_flex::block::compress(&payload);
        if packed.len() >= payload.len() {
            return (payload, Some(-1));
        }
        (packed.into(), i64::try_from(payload.len()).ok())
    }
}

#[allow(clippy::cast_precision_loss)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// How the messages in a session's file are compressed.
fn stored_codec(session: &Session) -> CompressionCodec {
    let options = session.answer.read_options.as_ref();
    match options.and_then(|o| o.output_format_serialization_options.as_ref()) {
        Some(Format::ArrowSerializationOptions(arrow)) => arrow.buffer_compression(),
        _ => CompressionCodec::CompressionUnspecified,
    }
}

fn first_schema(session: &Session) -> Option<FirstSchema> {
    Some(match session.answer.schema.clone()? {
        Schema::AvroSchema(schema) => FirstSchema::AvroSchema(schema),
        Schema::ArrowSchema(schema) => FirstSchema::ArrowSchema(schema),
    })
}
