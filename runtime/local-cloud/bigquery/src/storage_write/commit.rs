//! Write streams from their creation to the commit of their rows.

use prost_types::Timestamp;
use serde_json::Value;

use super::errors::Refusal;
use super::insert::release;
use super::names::StreamName;
use super::schema::announced;
use crate::catalog::names::TableName;
use crate::catalog::streams::{self, Kind, Stream};
use crate::catalog::{now_ms, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::service::Service;
use crate::storage_read::table;
use crate::wire::storage::storage_error::StorageErrorCode;
use crate::wire::storage::write_stream::{Type, WriteMode};
use crate::wire::storage::{
    BatchCommitWriteStreamsRequest, BatchCommitWriteStreamsResponse, CreateWriteStreamRequest, FlushRowsRequest,
    FlushRowsResponse, GetWriteStreamRequest, StorageError, WriteStream, WriteStreamView,
};

/// The answer of a transaction that may refuse without having failed.
type Answer<T> = Result<T, Refusal>;

pub(super) fn create(service: &Service, request: &CreateWriteStreamRequest) -> Answer<WriteStream> {
    let table = table(&request.parent)?;
    let asked = request
        .write_stream
        .as_ref()
        .ok_or_else(|| Fault::new(Reason::Required, "Required field is missing: write_stream"))?;
    let kind = match asked.r#type() {
        Type::Committed => Kind::Committed,
        Type::Pending => Kind::Pending,
        Type::Buffered => Kind::Buffered,
        Type::Unspecified => {
            let message = "Required field is missing: write_stream.type (COMMITTED, PENDING or BUFFERED)";
            return Err(Fault::new(Reason::Required, message).into());
        }
    };
    let made = service.engine.write(&[table.key()], |tx| {
        let doc = tables::load(tx, &table)?;
        tables::must_be_table(&table, &doc)?;
        let stream = Stream::new(&table, kind);
        streams::insert(tx, &stream)?;
        Ok(shown(&stream, &doc, true))
    });
    Ok(made?)
}

pub(super) fn get(service: &Service, request: &GetWriteStreamRequest) -> Answer<WriteStream> {
    let name = StreamName::read(&request.name)?;
    let full = request.view() == WriteStreamView::Full;
    service.engine.read(|tx| {
        let doc = tables::load(tx, &name.table)?;
        if name.is_default() {
            return Ok(Ok(default(&name, &doc, full)));
        }
        Ok(load(tx, &name).map(|stream| shown(&stream, &doc, full)))
    })?
}

/// The rows of a stream so far; it takes no more.
pub(super) fn finalize(service: &Service, name: &str) -> Answer<i64> {
    let stream = StreamName::read(name)?;
    if stream.is_default() {
        return Err(Refusal::wrong_type(name, "The default stream cannot be finalized"));
    }
    change(service, &stream, |_, stream, _| {
        stream.finalized = true;
        Ok(stream.next)
    })
}

pub(super) fn flush(service: &Service, request: &FlushRowsRequest) -> Answer<FlushRowsResponse> {
    let name = StreamName::read(&request.write_stream)?;
    let asked = request.offset;
    change(service, &name, |tx, stream, doc| {
        if stream.kind != Kind::Buffered {
            return Err(Refusal::wrong_type(
                &request.write_stream,
                "Only streams of the type BUFFERED can be flushed",
            ));
        }
        let up_to = match asked {
            // Up to and including this one.
            Some(offset) if (0..stream.next).contains(&offset) => offset + 1,
            Some(offset) => return Err(Refusal::offset(&request.write_stream, stream.next - 1, offset)),
            None => stream.next,
        };
        if up_to > stream.flushed {
            release(tx, stream, &doc["schema"], up_to)?;
            stream.flushed = up_to;
            tables::touch(tx, &stream.table, doc)?;
        }
        Ok(FlushRowsResponse {
            offset: stream.flushed - 1,
        })
    })
}

/// Brings the rows of all streams into their table, or of none.
pub(super) fn commit(
    service: &Service,
    request: &BatchCommitWriteStreamsRequest,
) -> Answer<BatchCommitWriteStreamsResponse> {
    let table = table(&request.parent)?;
    if request.write_streams.is_empty() {
        return Err(Fault::new(Reason::Required, "Required field is missing: write_streams").into());
    }
    let done = service.engine.write(&[table.key()], |tx| {
        let mut doc = tables::load(tx, &table)?;
        let found: Vec<Answer<Stream>> = request
            .write_streams
            .iter()
            .map(|name| ready(tx, &table, name))
            .collect();
        let errors: Vec<StorageError> = found
            .iter()
            .filter_map(|f| f.as_ref().err())
            .map(Refusal::error)
            .collect();
        if !errors.is_empty() {
            return Ok(BatchCommitWriteStreamsResponse {
                commit_time: None,
                stream_errors: errors,
            });
        }
        let now = now_ms();
        for mut stream in found.into_iter().flatten() {
            release(tx, &stream, &doc["schema"], stream.next)?;
            stream.empty(tx)?;
            stream.committed_ms = Some(now);
            streams::save(tx, &stream)?;
        }
        tables::touch(tx, &table, &mut doc)?;
        Ok(BatchCommitWriteStreamsResponse {
            commit_time: Some(time(now)),
            stream_errors: Vec::new(),
        })
    });
    Ok(done?)
}

/// A stream that can be committed.
fn ready(tx: &Session<'_>, table: &TableName, name: &str) -> Answer<Stream> {
    let parsed = StreamName::read(name)?;
    if parsed.table != *table {
        let fault = Fault::invalid(format!("The stream {name} is of another table than {}", table.id()));
        return Err(Refusal::storage(StorageErrorCode::StreamNotFound, fault).about(name));
    }
    let stream = load(tx, &parsed)?;
    let refuse =
        |code, message: &str| Err(Refusal::storage(code, Fault::invalid(format!("{message}: {name}"))).about(name));
    match &stream {
        s if s.kind != Kind::Pending => refuse(
            StorageErrorCode::InvalidStreamType,
            "Only streams of the type PENDING can be committed",
        ),
        s if s.committed_ms.is_some() => refuse(
            StorageErrorCode::StreamAlreadyCommitted,
            "The stream is committed already",
        ),
        s if !s.finalized => refuse(
            StorageErrorCode::InvalidStreamState,
            "The stream must be finalized before it is committed",
        ),
        _ => Ok(stream),
    }
}

fn load(tx: &Session<'_>, name: &StreamName) -> Answer<Stream> {
    let found = streams::find(tx, &name.table, &name.id)?;
    found.ok_or_else(|| Refusal::stream_not_found(&name.text()))
}

/// Changes a stream and saves it, unless it is refused.
fn change<T>(
    service: &Service,
    name: &StreamName,
    work: impl Fn(&Session<'_>, &mut Stream, &mut Value) -> Answer<T>,
) -> Answer<T> {
    let mut refused = None;
    let done = service.engine.write(&[name.table.key()], |tx| {
        let mut doc = tables::load(tx, &name.table)?;
        let changed = load(tx, name).and_then(|mut stream| {
            let answer = work(tx, &mut stream, &mut doc)?;
            streams::save(tx, &stream)?;
            Ok(answer)
        });
        changed.map_err(|refusal| {
            let fault = refusal.fault.clone();
            refused = Some(refusal);
            fault
        })
    });
    match (done, refused) {
        (Ok(answer), _) => Ok(answer),
        (Err(fault), Some(refusal)) if refusal.fault == fault => Err(refusal),
        (Err(fault), _) => Err(fault.into()),
    }
}

fn time(ms: i64) -> Timestamp {
    Timestamp {
        seconds: ms.div_euclid(1000),
        nanos: i32::try_from(ms.rem_euclid(1000)).unwrap_or_default() * 1_000_000,
    }
}

fn shown(stream: &Stream, doc: &Value, full: bool) -> WriteStream {
    let name = StreamName {
        table: stream.table.clone(),
        id: stream.id.clone(),
    };
    let kind = match stream.kind {
        Kind::Committed => Type::Committed,
        Kind::Pending => Type::Pending,
        Kind::Buffered => Type::Buffered,
    };
    WriteStream {
        r#type: kind.into(),
        create_time: Some(time(stream.created_ms)),
        commit_time: stream.committed_ms.map(time),
        ..default(&name, doc, full)
    }
}

/// The default stream, which is always there.
fn default(name: &StreamName, doc: &Value, full: bool) -> WriteStream {
    WriteStream {
        name: name.text(),
        r#type: Type::Committed.into(),
        create_time: None,
        commit_time: None,
        table_schema: full.then(|| announced(&doc["schema"])),
        write_mode: WriteMode::Insert.into(),
        location: doc["location"].as_str().unwrap_or("US").to_lowercase(),
    }
}
