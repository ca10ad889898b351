//! Salesforce's Pub/Sub API: `eventbus.v1.PubSub` over gRPC, on the port of the REST API.
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/overview>

pub(crate) mod control;
mod feed;
mod managed;
mod publish;
mod refusal;
mod subscribe;
mod topic;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use headwater_salesforce_eventbus::pub_sub_server::{PubSub, PubSubServer};
use headwater_salesforce_eventbus::{
    FetchRequest, FetchResponse, ManagedFetchRequest, ManagedFetchResponse, PublishRequest, PublishResponse,
    SchemaInfo, SchemaRequest, TopicInfo, TopicRequest,
};
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::{Status, Streaming};

use crate::http::{App, Fault, ORG_ID};
use refusal::refusal;
use topic::Topic;

/// The path of every method begins with it.
pub(crate) const PATH: &str = "/eventbus.v1.PubSub/";

/// Streams under way: how they are ended, and how long they may be silent.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Rises when all streams are to break.
    cut: watch::Sender<u64>,
    /// Salesforce keeps a stream alive within 270 seconds.
    keep_alive: watch::Sender<Duration>,
    /// Managed subscriptions that somebody reads.
    active: std::sync::Mutex<std::collections::HashSet<String>>,
}

impl Streams {
    pub(crate) fn new(keep_alive: Duration) -> Self {
        Self {
            cut: watch::channel(0).0,
            keep_alive: watch::channel(keep_alive).0,
            active: Default::default(),
        }
    }

    /// Breaks every stream.
    pub(crate) fn cut_all(&self) {
        self.cut.send_modify(|n| *n += 1);
    }

    pub(crate) fn set_keep_alive(&self, keep_alive: Duration) {
        self.keep_alive.send_replace(keep_alive);
    }
}

/// Who calls, as the metadata say; asked again while a stream lasts.
#[derive(Clone)]
struct Caller {
    app: Arc<App>,
    token: String,
}

impl Caller {
    fn of(app: &Arc<App>, metadata: &MetadataMap) -> Result<Self, Status> {
        let text = |name: &str| {
            metadata
                .get(name)
                .and_then(|v| v.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        let (token, instance, tenant) = (text("accesstoken"), text("instanceurl"), text("tenantid"));
        if token.is_empty() || instance.trim_end_matches('/') != app.base_url || tenant != ORG_ID {
            return Err(refusal::headers());
        }
        let caller = Self {
            app: Arc::clone(app),
            token,
        };
        caller.check()?;
        Ok(caller)
    }

    /// Whether the session still lasts.
    fn check(&self) -> Result<(), Status> {
        match self.app.sessions.is_open(self.app.org.clock.now(), &self.token) {
            true => Ok(()),
            false => Err(refusal::session()),
        }
    }
}

/// Answers a call of the API, with the faults that were asked for.
pub(crate) async fn serve(app: Arc<App>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let fault = app.faults.next(&http::Method::POST, &path);
    if let Some(fault) = &fault {
        fault.delay().await;
        if let Some(status) = instead(&app, fault, request.headers()) {
            return status.into_http::<axum::body::Body>().into_response();
        }
    }
    let mut server = PubSubServer::new(Grpc(app));
    let response = match server.call(request).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(never) => match never {},
    };
    match fault {
        Some(fault) => fault.spoil(response),
        None => response,
    }
}

/// The failure that a fault stands for here.
fn instead(app: &App, fault: &Fault, headers: &http::HeaderMap) -> Option<Status> {
    match fault.kind.as_str() {
        "503" | "maintenance_page" => Some(refusal::unavailable()),
        "resource_exhausted" => Some(refusal::throttled()),
        "daily_limit" => Some(refusal::delivery_limit()),
        "500" => Some(refusal(
            tonic::Code::Internal,
            "subscription.internal.error",
            "An internal error occurred.",
        )),
        "expired_session" => {
            let token = headers.get("accesstoken").and_then(|v| v.to_str().ok());
            app.sessions.end(token.unwrap_or(""));
            Some(refusal::session())
        }
        _ => None,
    }
}

#[derive(Clone)]
struct Grpc(Arc<App>);

type Answers<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl PubSub for Grpc {
    type SubscribeStream = Answers<FetchResponse>;
    type PublishStreamStream = Answers<PublishResponse>;
    type ManagedSubscribeStream = Answers<ManagedFetchResponse>;

    async fn get_topic(&self, request: tonic::Request<TopicRequest>) -> Result<tonic::Response<TopicInfo>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        let topic = Topic::find(&caller.app.org, &request.get_ref().topic_name)?;
        Ok(tonic::Response::new(topic.info(&caller.app.org)?))
    }

    async fn get_schema(&self, request: tonic::Request<SchemaRequest>) -> Result<tonic::Response<SchemaInfo>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        let schema_id = request.into_inner().schema_id;
        if schema_id.is_empty() {
            return Err(refusal(
                tonic::Code::InvalidArgument,
                "schema.validation.failed",
                "The schema ID is blank.",
            ));
        }
        let schema_json = caller.app.org.cdc.schema_json(&schema_id).ok_or_else(|| {
            refusal(
                tonic::Code::NotFound,
                "schema.meta.permission",
                "The schema does not exist or is not accessible.",
            )
        })?;
        Ok(tonic::Response::new(SchemaInfo {
            schema_json,
            schema_id,
            rpc_id: refusal::rpc_id(),
        }))
    }

    async fn subscribe(
        &self,
        request: tonic::Request<Streaming<FetchRequest>>,
    ) -> Result<tonic::Response<Self::SubscribeStream>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        Ok(tonic::Response::new(subscribe::open(caller, request.into_inner())))
    }

    async fn managed_subscribe(
        &self,
        request: tonic::Request<Streaming<ManagedFetchRequest>>,
    ) -> Result<tonic::Response<Self::ManagedSubscribeStream>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        Ok(tonic::Response::new(managed::open(caller, request.into_inner())))
    }

    async fn publish(
        &self,
        request: tonic::Request<PublishRequest>,
    ) -> Result<tonic::Response<PublishResponse>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        let request = request.into_inner();
        let event = publish::target(&caller.app, &request.topic_name)?;
        Ok(tonic::Response::new(publish::publish(&caller.app, event, request)?))
    }

    async fn publish_stream(
        &self,
        request: tonic::Request<Streaming<PublishRequest>>,
    ) -> Result<tonic::Response<Self::PublishStreamStream>, Status> {
        let caller = Caller::of(&self.0, request.metadata())?;
        Ok(tonic::Response::new(publish::open(caller, request.into_inner())))
    }
}
