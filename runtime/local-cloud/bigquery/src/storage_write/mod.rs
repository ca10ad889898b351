//! The Storage Write API: rows appended as Protobuf or Arrow, at once or when they are committed.
//! <https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#bigquerywrite>

mod append;
mod arrow_rows;
mod batch;
mod changes;
mod civil;
mod commit;
mod connection;
mod decimals;
mod errors;
mod insert;
mod names;
mod proto_rows;
mod row;
mod schema;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use crate::error::Fault;
use crate::service::{Service, blocking};
use crate::wire::storage::big_query_write_server::BigQueryWrite;
use crate::wire::storage::{
    AppendRowsRequest, BatchCommitWriteStreamsRequest, BatchCommitWriteStreamsResponse, CreateWriteStreamRequest,
    FinalizeWriteStreamRequest, FinalizeWriteStreamResponse, FlushRowsRequest, FlushRowsResponse,
    GetWriteStreamRequest, WriteStream,
};
use errors::Refusal;

/// The service by gRPC.
#[derive(Clone)]
pub(crate) struct Write(pub(crate) Arc<Service>);

impl Write {
    /// Work that may be refused, on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let answer = blocking(&self.0, move |s| Ok::<_, Fault>(work(s))).await?;
        Ok(Response::new(answer?))
    }
}

#[tonic::async_trait]
impl BigQueryWrite for Write {
    type AppendRowsStream = connection::Answers;

    async fn create_write_stream(
        &self,
        request: Request<CreateWriteStreamRequest>,
    ) -> Result<Response<WriteStream>, Status> {
        self.run(move |s| commit::create(s, request.get_ref())).await
    }

    async fn append_rows(
        &self,
        request: Request<Streaming<AppendRowsRequest>>,
    ) -> Result<Response<Self::AppendRowsStream>, Status> {
        Ok(Response::new(connection::serve(
            Arc::clone(&self.0),
            request.into_inner(),
        )))
    }

    async fn get_write_stream(&self, request: Request<GetWriteStreamRequest>) -> Result<Response<WriteStream>, Status> {
        self.run(move |s| commit::get(s, request.get_ref())).await
    }

    async fn finalize_write_stream(
        &self,
        request: Request<FinalizeWriteStreamRequest>,
    ) -> Result<Response<FinalizeWriteStreamResponse>, Status> {
        let finalize = move |s: &Service| {
            let row_count = commit::finalize(s, &request.get_ref().name)?;
            Ok(FinalizeWriteStreamResponse { row_count })
        };
        self.run(finalize).await
    }

    async fn batch_commit_write_streams(
        &self,
        request: Request<BatchCommitWriteStreamsRequest>,
    ) -> Result<Response<BatchCommitWriteStreamsResponse>, Status> {
        self.run(move |s| commit::commit(s, request.get_ref())).await
    }

    async fn flush_rows(&self, request: Request<FlushRowsRequest>) -> Result<Response<FlushRowsResponse>, Status> {
        self.run(move |s| commit::flush(s, request.get_ref())).await
    }
}
