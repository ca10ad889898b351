//! AppendRows: requests in, answers out, in the same order. What a connection has said once (the stream, the schema of
//! the rows) holds until it says otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use prost::Message;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::append::{self, Append, Outcome, Rows};
use super::errors::Refusal;
use super::insert::Missing;
use super::names::StreamName;
use super::{proto_rows, schema};
use crate::error::{Fault, Reason};
use crate::service::{Service, blocking};
use crate::storage_read::ipc::Decoder;
use crate::wire::rpc;
use crate::wire::storage::append_rows_request::{ArrowData, ProtoData, Rows as Sent};
use crate::wire::storage::append_rows_response::{AppendResult, Response};
use crate::wire::storage::row_error::RowErrorCode;
use crate::wire::storage::{AppendRowsRequest, AppendRowsResponse, RowError};

/// Requests that are carried out together.
const AT_ONCE: usize = 64;
/// They are not more once they have so many bytes.
const BYTES_AT_ONCE: usize = 16 << 20;
/// Answers that may wait for the client to read them.
const QUEUE: usize = 16;

pub(super) type Answers = ReceiverStream<Result<AppendRowsResponse, Status>>;

/// Begins to serve a connection.
pub(super) fn serve(service: Arc<Service>, requests: Streaming<AppendRowsRequest>) -> Answers {
    let (answers, out) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut connection = Connection::new(service);
        if let Err(status) = connection.run(requests, &answers).await {
            // The client may have gone, which is no loss.
            answers.send(Err(status)).await.ok();
        }
    });
    ReceiverStream::new(out)
}

/// How the rows of a stream are read.
enum Writer {
    Proto(prost_reflect::MessageDescriptor),
    Arrow(bytes::Bytes),
}

/// What a connection has said of a stream.
struct Known {
    writer: Writer,
    missing: Missing,
    /// The table's schema as the client knows it.
    schema: Option<Value>,
}

struct Connection {
    service: Arc<Service>,
    stream: Option<StreamName>,
    known: HashMap<String, Known>,
}

impl Connection {
    fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            stream: None,
            known: HashMap::new(),
        }
    }

    async fn run(
        &mut self,
        mut requests: Streaming<AppendRowsRequest>,
        answers: &mpsc::Sender<Result<AppendRowsResponse, Status>>,
    ) -> Result<(), Status> {
        let stop = self.service.stop.clone();
        loop {
            let request = tokio::select! {
                request = requests.message() => request?,
                () = stop.cancelled() => {
                    return Err(Status::unavailable("the local BigQuery is shutting down; try again"));
                }
            };
            let Some(request) = request else { return Ok(()) };
            // What has come in the meantime is carried out with it.
            let mut bytes = request.encoded_len();
            let mut group = vec![request];
            let mut end = None;
            while group.len() < AT_ONCE
                && bytes < BYTES_AT_ONCE
                && end.is_none()
                && let Some(more) = requests.message().now_or_never()
            {
                match more {
                    Ok(Some(request)) => {
                        bytes += request.encoded_len();
                        group.push(request);
                    }
                    Ok(None) => end = Some(Ok(())),
                    Err(status) => end = Some(Err(status)),
                }
            }
            for answer in self.answer(group).await {
                if answers.send(Ok(answer?)).await.is_err() {
                    return Ok(());
                }
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// The answers to requests, in their order; the first that is an error is the last.
    async fn answer(&mut self, requests: Vec<AppendRowsRequest>) -> Vec<Result<AppendRowsResponse, Status>> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut group: Vec<Append> = Vec::new();
        for request in requests {
            if !request.trace_id.is_empty() {
                tracing::debug!(trace_id = request.trace_id, "rows are appended");
            }
            let read = match self.stream(&request.write_stream) {
                Ok(name) => self.read(name, request),
                Err(status) => Err(status),
            };
            match read {
                Ok(append) => {
                    if group
                        .last()
                        .is_some_and(|last| last.stream.table != append.stream.table)
                    {
                        answers.extend(self.carry_out(std::mem::take(&mut group)).await);
                    }
                    group.push(append);
                }
                Err(status) => {
                    answers.extend(self.carry_out(group).await);
                    answers.push(Err(status));
                    return answers;
                }
            }
        }
        answers.extend(self.carry_out(group).await);
        answers
    }

    async fn carry_out(&mut self, group: Vec<Append>) -> Vec<Result<AppendRowsResponse, Status>> {
        let names: Vec<String> = group.iter().map(|append| append.stream.text()).collect();
        let done = blocking(&self.service, move |s| Ok::<_, Fault>(append::append(s, &group))).await;
        let done = match done {
            Ok(done) => done,
            Err(fault) => return vec![Err(fault.into())],
        };
        names
            .iter()
            .zip(done)
            .map(|(name, done)| self.told(name, done))
            .collect()
    }

    /// The answer to a request of a stream.
    fn told(&mut self, name: &str, done: append::Answer) -> Result<AppendRowsResponse, Status> {
        let (outcome, now) = done?;
        let updated = self.known.get_mut(name).and_then(|known| {
            let before = known.schema.replace(now.clone());
            before.filter(|before| *before != now).map(|_| schema::announced(&now))
        });
        Ok(AppendRowsResponse {
            updated_schema: updated,
            write_stream: name.to_owned(),
            ..response(outcome, name)?
        })
    }

    /// The stream of a request: the one that it names, or that of the one before.
    fn stream(&mut self, name: &str) -> Result<StreamName, Status> {
        if !name.is_empty() {
            let name = StreamName::read(name)?;
            if let Some(first) = &self.stream
                && *first != name
                && !(first.is_default() && name.is_default())
            {
                return Err(Fault::invalid(format!(
                    "A connection can be shared by default streams only: it was opened for {}",
                    first.text()
                ))
                .into());
            }
            self.stream = Some(name);
        }
        let missing = || {
            Fault::new(
                Reason::Required,
                "Required field is missing in the first request: write_stream",
            )
        };
        Ok(self.stream.clone().ok_or_else(missing)?)
    }

    fn read(&mut self, stream: StreamName, request: AppendRowsRequest) -> Result<Append, Status> {
        let missing = Missing {
            columns: request.missing_value_interpretations,
            other: request.default_missing_value_interpretation,
        };
        let (writer, rows) = match request.rows {
            Some(Sent::ProtoRows(data)) => proto(data)?,
            Some(Sent::ArrowRows(data)) => arrow(data),
            None => (None, None),
        };
        let text = stream.text();
        match (self.known.get_mut(&text), writer) {
            (Some(known), writer) => {
                if let Some(writer) = writer {
                    known.writer = writer;
                }
                if !missing.columns.is_empty() || missing.other != 0 {
                    known.missing = missing;
                }
            }
            (None, Some(writer)) => {
                let known = Known {
                    writer,
                    missing,
                    schema: None,
                };
                self.known.insert(text.clone(), known);
            }
            (None, None) => {
                let message =
                    "Required field is missing in the first request: the writer_schema of proto_rows or arrow_rows";
                return Err(Fault::new(Reason::Required, message).into());
            }
        }
        let known = &self.known[&text];
        let rows = match (&known.writer, rows) {
            (Writer::Proto(message), Some(Given::Proto(rows))) => Rows::Proto(message.clone(), rows),
            (Writer::Proto(message), None) => Rows::Proto(message.clone(), Vec::new()),
            (Writer::Arrow(schema), Some(Given::Arrow(batch))) => {
                let unreadable = |e| Fault::invalid(format!("The Arrow rows cannot be read: {e}"));
                let mut decoder = Decoder::new(schema).map_err(unreadable)?;
                Rows::Arrow(decoder.batch(&batch).map_err(unreadable)?)
            }
            (Writer::Arrow(_), None) => return Err(Fault::invalid("The request has no rows").into()),
            _ => {
                return Err(
                    Fault::invalid("The rows are not of the form of the writer_schema of this connection").into(),
                );
            }
        };
        Ok(Append {
            stream,
            offset: request.offset,
            rows,
            missing: known.missing.clone(),
        })
    }
}

/// Rows as they were sent, not read yet.
enum Given {
    Proto(Vec<bytes::Bytes>),
    Arrow(bytes::Bytes),
}

fn proto(data: ProtoData) -> Result<(Option<Writer>, Option<Given>), Fault> {
    let descriptor = data.writer_schema.and_then(|s| s.proto_descriptor);
    let writer = descriptor
        .map(|d| proto_rows::message(&d).map(Writer::Proto))
        .transpose()?;
    Ok((writer, data.rows.map(|rows| Given::Proto(rows.serialized_rows))))
}

fn arrow(data: ArrowData) -> (Option<Writer>, Option<Given>) {
    let schema = data
        .writer_schema
        .map(|s| s.serialized_schema)
        .filter(|s| !s.is_empty());
    let rows = data
        .rows
        .map(|rows| rows.serialized_record_batch)
        .filter(|rows| !rows.is_empty());
    (schema.map(Writer::Arrow), rows.map(Given::Arrow))
}

/// The answer, or the end of the connection where the rows do not go with the table at all.
fn response(outcome: Outcome, stream: &str) -> Result<AppendRowsResponse, Status> {
    let (response, row_errors) = match outcome {
        Outcome::Appended(offset) => (Response::AppendResult(AppendResult { offset }), Vec::new()),
        Outcome::Refused(refusal) => (Response::Error(refused(refusal)?), Vec::new()),
        Outcome::Wrong(wrong) => {
            let message = format!(
                "Errors found while processing rows. Please refer to the row_errors field for details. The list may not \
                 be complete because of the size limitations. Entity: {stream}"
            );
            let error = rpc::Status {
                code: tonic::Code::InvalidArgument.into(),
                message,
                details: Vec::new(),
            };
            let rows = wrong.into_iter().map(|wrong| RowError {
                index: i64::try_from(wrong.row).unwrap_or(i64::MAX),
                code: RowErrorCode::FieldsError.into(),
                message: wrong.message,
            });
            (Response::Error(error), rows.collect())
        }
    };
    Ok(AppendRowsResponse {
        response: Some(response),
        row_errors,
        ..AppendRowsResponse::default()
    })
}

/// An offset or a stream that is finalized is answered, and the connection goes on; everything else ends it.
fn refused(refusal: Refusal) -> Result<rpc::Status, Status> {
    if refusal.is_answered() {
        Ok(refusal.status())
    } else {
        Err(refusal.into())
    }
}
