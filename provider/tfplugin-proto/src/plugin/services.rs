//! go-plugin's own services: the end of the process, and streams that stay open and silent until then.

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::wire::goplugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use crate::wire::goplugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::wire::goplugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use crate::wire::goplugin::{ConnInfo, Nothing, StdioData};
use crate::wire::health::health_answer::Serving;
use crate::wire::health::health_server::{Health, HealthServer};
use crate::wire::health::{HealthAnswer, HealthQuestion};

/// A stream without items that ends with the server: otherwise the server would wait for it.
fn silent<T: 'static + Send>(shutdown: &CancellationToken) -> BoxStream<T> {
    let end = shutdown.clone().cancelled_owned();
    Box::pin(futures::StreamExt::filter_map(end.into_stream(), |()| {
        std::future::ready(None)
    }))
}

struct Until(CancellationToken);

/// The client's goodbye: tells `dismissed`.
pub(super) fn controller(dismissed: &CancellationToken) -> GrpcControllerServer<impl GrpcController> {
    GrpcControllerServer::new(Dismissal(dismissed.clone()))
}

pub(super) fn stdio(shutdown: &CancellationToken) -> GrpcStdioServer<impl GrpcStdio> {
    GrpcStdioServer::new(Until(shutdown.clone()))
}

pub(super) fn broker(shutdown: &CancellationToken) -> GrpcBrokerServer<impl GrpcBroker> {
    GrpcBrokerServer::new(Until(shutdown.clone()))
}

pub(super) fn health() -> HealthServer<impl Health> {
    HealthServer::new(Healthy)
}

struct Dismissal(CancellationToken);

#[tonic::async_trait]
impl GrpcController for Dismissal {
    async fn shutdown(&self, _: Request<Nothing>) -> Result<Response<Nothing>, Status> {
        self.0.cancel();
        Ok(Response::new(Nothing {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for Until {
    async fn stream_stdio(&self, _: Request<Nothing>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(silent(&self.0)))
    }
}

#[tonic::async_trait]
impl GrpcBroker for Until {
    async fn start_stream(&self, _: Request<Streaming<ConnInfo>>) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        Ok(Response::new(silent(&self.0)))
    }
}

/// The name under which go-plugin asks.
const PLUGIN: &str = "plugin";

struct Healthy;

#[tonic::async_trait]
impl Health for Healthy {
    async fn check(&self, question: Request<HealthQuestion>) -> Result<Response<HealthAnswer>, Status> {
        match question.get_ref().service.as_str() {
            "" | PLUGIN => Ok(Response::new(HealthAnswer {
                status: Serving::Serving.into(),
            })),
            _ => Err(Status::not_found("no such service")),
        }
    }

    async fn watch(&self, _: Request<HealthQuestion>) -> Result<Response<BoxStream<HealthAnswer>>, Status> {
        Err(Status::unimplemented("ask again instead of watching"))
    }
}
