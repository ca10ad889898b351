//! The default stream of a changelog: rows in, an answer when they are durable. A connection that breaks is made again and
//! the rows are sent again: they are upserts, so twice is once.

use std::time::Duration;

use bytes::Bytes;
use headwater_cloud::{Backoff, Cloud, Service, TableRef};
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_types::DescriptorProto;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Streaming};
use tonic_prost::ProstCodec;

use super::metrics::Metrics;
use super::wire::{AppendRowsRequest, AppendRowsResponse, ProtoData, ProtoRows, ProtoSchema, RpcStatus, StorageError};
use crate::errors::{Error, Result};

const METHOD: &str = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows";
/// What one request may hold, with room for what is around the rows.
const REQUEST_BYTES: usize = 9 << 20;
/// How long an answer may take before the connection counts as dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// A row that BigQuery does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// Its place among those that were sent.
    pub row: usize,
    pub message: String,
}

/// Why a request did not end in durable rows.
enum Trouble {
    /// The same rows again, on a new connection.
    Again(String),
    /// These rows never.
    Rows(Vec<Rejected>),
    /// Somebody has to mend something.
    Final(Error),
}

struct Connection {
    requests: mpsc::Sender<AppendRowsRequest>,
    answers: Streaming<AppendRowsResponse>,
}

/// Writes to one table.
pub(crate) struct Writer {
    cloud: Cloud,
    table: TableRef,
    descriptor: DescriptorProto,
    connection: Option<Connection>,
    channel: Option<Channel>,
}

impl Writer {
    pub fn new(cloud: &Cloud, table: TableRef, descriptor: DescriptorProto) -> Self {
        Self {
            cloud: cloud.clone(),
            table,
            descriptor,
            connection: None,
            channel: None,
        }
    }

    /// Rows have another shape from now on.
    pub fn reshape(&mut self, descriptor: DescriptorProto) {
        self.descriptor = descriptor;
        self.connection = None;
    }

    /// Writes rows; `Ok` means that all are durable but those that BigQuery never takes. Tries until it succeeds, for as
    /// long as trying is of use.
    pub async fn append(&mut self, rows: &[Bytes], metrics: &Metrics) -> Result<Vec<Rejected>> {
        let mut rejected = Vec::new();
        let mut left: Vec<(usize, Bytes)> = rows.iter().cloned().enumerate().collect();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        while !left.is_empty() {
            let mut bytes = 0;
            let fitting = left.iter().take_while(|(_, row)| {
                bytes += row.len() + 8;
                bytes <= REQUEST_BYTES
            });
            let count = fitting.count().max(1);
            match self
                .send(left[..count].iter().map(|(_, row)| row.clone()).collect())
                .await
            {
                Ok(()) => {
                    left.drain(..count);
                    backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
                }
                Err(Trouble::Rows(refused)) => {
                    // None of the request was written: the others are sent again without these.
                    for one in refused.iter().rev() {
                        let (row, _) = left.remove(one.row.min(left.len() - 1));
                        rejected.push(Rejected {
                            row,
                            message: one.message.clone(),
                        });
                    }
                }
                Err(Trouble::Again(why)) => {
                    self.connection = None;
                    metrics.retried();
                    let wait = backoff.next_wait();
                    tracing::warn!(table = %self.table, reason = why, wait_ms = wait.as_millis() as u64, "an append is sent again");
                    tokio::time::sleep(wait).await;
                }
                Err(Trouble::Final(error)) => return Err(error),
            }
        }
        Ok(rejected)
    }

    async fn send(&mut self, rows: Vec<Bytes>) -> Result<(), Trouble> {
        let first = self.connection.is_none();
        let proto_rows = ProtoData {
            writer_schema: first.then(|| ProtoSchema {
                proto_descriptor: Some(self.descriptor.clone()),
            }),
            rows: Some(ProtoRows { serialized_rows: rows }),
        };
        let request = AppendRowsRequest {
            write_stream: format!("{}/streams/_default", self.table.id()),
            proto_rows: Some(proto_rows),
            trace_id: if first { "headwater".into() } else { String::new() },
        };
        let answer = if let Some(connection) = &mut self.connection {
            let gone = connection.requests.send(request).await;
            gone.map_err(|_| Trouble::Again("the connection is closed".into()))?;
            next(&mut connection.answers, &self.table).await?
        } else {
            let mut connection = self.connect(request).await?;
            let answer = next(&mut connection.answers, &self.table).await?;
            self.connection = Some(connection);
            answer
        };
        if !answer.row_errors.is_empty() {
            let mut refused: Vec<Rejected> = answer.row_errors.iter().map(rejection).collect();
            refused.sort_by_key(|one| one.row);
            refused.dedup_by_key(|one| one.row);
            return Err(Trouble::Rows(refused));
        }
        match answer.error {
            None => Ok(()),
            // The table has a column that this part of BigQuery does not see yet.
            Some(status) if status.details.iter().any(is_extra_field) => Err(Trouble::Again(status.message)),
            Some(status) => Err(trouble(&self.table, Code::from_i32(status.code), &status.message)),
        }
    }

    /// Opens the stream. Its first request goes with it, because a service answers headers only to something.
    async fn connect(&mut self, first: AppendRowsRequest) -> Result<Connection, Trouble> {
        let channel = match &self.channel {
            Some(channel) => channel.clone(),
            None => {
                let made = self.cloud.channel(Service::BigQueryStorage).map_err(final_cloud)?;
                self.channel.insert(made).clone()
            }
        };
        let (requests, queue) = mpsc::channel(1);
        let _ = requests.send(first).await;
        let mut request = Request::new(ReceiverStream::new(queue));
        let headers = self.cloud.authorization().await.map_err(|error| {
            if error.kind().is_transient() {
                Trouble::Again(error.to_string())
            } else {
                final_cloud(error)
            }
        })?;
        let metadata = request.metadata_mut();
        *metadata = MetadataMap::from_headers(headers);
        let routing = format!("write_stream={}", self.table.id().replace('/', "%2F"));
        if let Ok(routing) = routing.parse() {
            metadata.insert("x-goog-request-params", routing);
        }
        let mut client = Grpc::new(channel)
            .max_decoding_message_size(32 << 20)
            .max_encoding_message_size(32 << 20);
        let opened = tokio::time::timeout(PATIENCE, async {
            client
                .ready()
                .await
                .map_err(|error| Trouble::Again(error.to_string()))?;
            let codec: ProstCodec<AppendRowsRequest, AppendRowsResponse> = ProstCodec::default();
            let path = PathAndQuery::from_static(METHOD);
            client
                .streaming(request, path, codec)
                .await
                .map_err(|status| trouble(&self.table, status.code(), status.message()))
        });
        let answers = opened.await.map_err(|_| Trouble::Again("no answer in time".into()))??;
        Ok(Connection {
            requests,
            answers: answers.into_inner(),
        })
    }
}

/// Says once which errors are worth another attempt.
fn trouble(table: &TableRef, code: Code, message: &str) -> Trouble {
    match code {
        Code::Unavailable
        | Code::Aborted
        | Code::Internal
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Unknown
        // A token that ran out; the next connection brings another.
        | Code::Unauthenticated => Trouble::Again(format!("{code:?}: {message}")),
        Code::Ok => Trouble::Again("an empty answer".into()),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss => Trouble::Final(Error::Table {
            table: table.to_string(),
            reason: message.to_owned(),
        }),
    }
}

fn is_extra_field(detail: &prost_types::Any) -> bool {
    let error = StorageError::decode(detail.value.as_slice());
    detail
        .type_url
        .ends_with("/google.cloud.bigquery.storage.v1.StorageError")
        && error.is_ok_and(|error| error.code == StorageError::EXTRA_FIELDS)
}

fn rejection(error: &super::wire::RowError) -> Rejected {
    Rejected {
        row: usize::try_from(error.index).unwrap_or_default(),
        message: error.message.clone(),
    }
}

fn final_cloud(error: headwater_cloud::Error) -> Trouble {
    Trouble::Final(error.into())
}

async fn next(answers: &mut Streaming<AppendRowsResponse>, table: &TableRef) -> Result<AppendRowsResponse, Trouble> {
    match tokio::time::timeout(PATIENCE, answers.message()).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None)) => Err(Trouble::Again("the connection was closed".into())),
        Ok(Err(status)) => {
            let details = RpcStatus::decode(status.details()).unwrap_or_default().details;
            match details.iter().any(is_extra_field) {
                true => Err(Trouble::Again(status.message().to_owned())),
                false => Err(trouble(table, status.code(), status.message())),
            }
        }
        Err(_) => Err(Trouble::Again("no answer in time".into())),
    }
}
