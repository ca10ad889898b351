//! The Storage Read API: a session is a copy of the rows that a table had, streams are ranges of it.
//! <https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#bigqueryread>

mod arrow_schema;
mod avro_rows;
mod avro_schema;
mod conform;
mod create;
pub(crate) mod ipc;
mod names;
mod rows;
mod selection;
mod sessions;
mod snapshot;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::catalog::names::TableName;
use crate::error::Fault;
use crate::service::{Service, blocking, spawn};
use crate::wire::storage::big_query_read_server::BigQueryRead;
use crate::wire::storage::{
    CreateReadSessionRequest, ReadRowsRequest, ReadRowsResponse, ReadSession, ReadStream, SplitReadStreamRequest,
    SplitReadStreamResponse,
};

pub(crate) use sessions::Sessions;

/// Messages that may wait for the client to read them.
const QUEUE: usize = 2;

/// The service by gRPC.
#[derive(Clone)]
pub(crate) struct Read(pub(crate) Arc<Service>);

#[tonic::async_trait]
impl BigQueryRead for Read {
    type ReadRowsStream = ReceiverStream<Result<ReadRowsResponse, Status>>;

    async fn create_read_session(
        &self,
        request: Request<CreateReadSessionRequest>,
    ) -> Result<Response<ReadSession>, Status> {
        let request = request.into_inner();
        Ok(Response::new(blocking(&self.0, |s| create::create(s, request)).await?))
    }

    async fn read_rows(&self, request: Request<ReadRowsRequest>) -> Result<Response<Self::ReadRowsStream>, Status> {
        let reader = rows::Reader::open(&self.0, request.get_ref())?;
        let (answers, out) = mpsc::channel(QUEUE);
        let service = Arc::clone(&self.0);
        spawn(move || reader.run(&service, &answers))?;
        Ok(Response::new(ReceiverStream::new(out)))
    }

    async fn split_read_stream(
        &self,
        request: Request<SplitReadStreamRequest>,
    ) -> Result<Response<SplitReadStreamResponse>, Status> {
        Ok(Response::new(split(&self.0, request.get_ref())?))
    }
}

/// Two streams that together are this one; nothing where it is too short to be split.
fn split(service: &Service, request: &SplitReadStreamRequest) -> Result<SplitReadStreamResponse, Fault> {
    let (id, rows) = names::read(&request.name)?;
    let session = service.sessions.find(id)?;
    if !(0.0..1.0).contains(&request.fraction) {
        return Err(Fault::invalid(format!(
            "fraction must be more than 0 and less than 1: {}",
            request.fraction
        )));
    }
    // Zero is what a client sends that does not say: the middle.
    let fraction = if request.fraction == 0.0 { 0.5 } else { request.fraction };
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let middle = rows.from + (rows.count() as f64 * fraction).round() as u64;
    if middle == rows.from || middle >= rows.to {
        return Ok(SplitReadStreamResponse::default());
    }
    let stream = |from: u64, to: u64| ReadStream {
        name: names::stream(&session.answer.name, names::Rows { from, to }),
    };
    Ok(SplitReadStreamResponse {
        primary_stream: Some(stream(rows.from, middle)),
        remainder_stream: Some(stream(middle, rows.to)),
    })
}

/// The table of a name `projects/PROJECT/datasets/DATASET/tables/TABLE`.
pub(crate) fn table(name: &str) -> Result<TableName, Fault> {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, "datasets", dataset, "tables", table] => Ok(TableName::new(project, dataset, table)),
        _ => Err(Fault::invalid(format!(
            "Invalid table name \"{name}\": it has the form projects/PROJECT/datasets/DATASET/tables/TABLE"
        ))),
    }
}
