//! The gRPC services: each call goes to the method of [`Service`] that REST calls too.

use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::service::Service;
use crate::wire::iam::iam_policy_server::{IamPolicy, IamPolicyServer};
use crate::wire::iam::{
    GetIamPolicyRequest, Policy, SetIamPolicyRequest, TestIamPermissionsRequest, TestIamPermissionsResponse,
};
use crate::wire::pubsub::publisher_server::{Publisher, PublisherServer};
use crate::wire::pubsub::schema_service_server::{SchemaService, SchemaServiceServer};
use crate::wire::pubsub::subscriber_server::{Subscriber, SubscriberServer};
use crate::wire::pubsub::*;

/// A publish request has at most 10 MB; the rest is for the names around the data.
const MOST_REQUEST: usize = 32 << 20;

/// All services in one router.
pub(crate) fn router(service: &Arc<Service>) -> axum::Router {
    let grpc = Grpc(service.clone());
    let mut routes = tonic::service::Routes::builder();
    routes
        .add_service(PublisherServer::new(grpc.clone()).max_decoding_message_size(MOST_REQUEST))
        .add_service(SubscriberServer::new(grpc.clone()).max_decoding_message_size(MOST_REQUEST))
        .add_service(SchemaServiceServer::new(grpc.clone()))
        .add_service(IamPolicyServer::new(grpc));
    routes.routes().prepare().into_axum_router()
}

#[derive(Clone)]
struct Grpc(Arc<Service>);

/// A service whose methods hand the message on and wrap the answer: `now` those that need not wait, `later` those that
/// do, `given` those that take the message.
macro_rules! service {
    ($service:ident { $($when:ident $name:ident($request:ty) -> $answer:ty;)* } $($more:item)*) => {
        #[tonic::async_trait]
        impl $service for Grpc {
            $(
                async fn $name(&self, request: Request<$request>) -> Result<Response<$answer>, Status> {
                    let request = request.into_inner();
                    Ok(Response::new(service!(@$when self $name request)))
                }
            )*
            $($more)*
        }
    };
    (@now $self:ident $name:ident $request:ident) => { $self.0.$name(&$request)? };
    (@given $self:ident $name:ident $request:ident) => { $self.0.$name($request)? };
    (@later $self:ident $name:ident $request:ident) => { $self.0.$name($request).await? };
}

service! {
    Publisher {
        later create_topic(Topic) -> Topic;
        later update_topic(UpdateTopicRequest) -> Topic;
        later publish(PublishRequest) -> PublishResponse;
        now get_topic(GetTopicRequest) -> Topic;
        now list_topics(ListTopicsRequest) -> ListTopicsResponse;
        now list_topic_subscriptions(ListTopicSubscriptionsRequest) -> ListTopicSubscriptionsResponse;
        now list_topic_snapshots(ListTopicSnapshotsRequest) -> ListTopicSnapshotsResponse;
        later delete_topic(DeleteTopicRequest) -> ();
        later detach_subscription(DetachSubscriptionRequest) -> DetachSubscriptionResponse;
    }
}

service! {
    Subscriber {
        later create_subscription(Subscription) -> Subscription;
        now get_subscription(GetSubscriptionRequest) -> Subscription;
        later update_subscription(UpdateSubscriptionRequest) -> Subscription;
        now list_subscriptions(ListSubscriptionsRequest) -> ListSubscriptionsResponse;
        later delete_subscription(DeleteSubscriptionRequest) -> ();
        later modify_ack_deadline(ModifyAckDeadlineRequest) -> ();
        later acknowledge(AcknowledgeRequest) -> ();
        later pull(PullRequest) -> PullResponse;
        later modify_push_config(ModifyPushConfigRequest) -> ();
        now get_snapshot(GetSnapshotRequest) -> Snapshot;
        now list_snapshots(ListSnapshotsRequest) -> ListSnapshotsResponse;
        later create_snapshot(CreateSnapshotRequest) -> Snapshot;
        later update_snapshot(UpdateSnapshotRequest) -> Snapshot;
        later delete_snapshot(DeleteSnapshotRequest) -> ();
        later seek(SeekRequest) -> SeekResponse;
    }

    type StreamingPullStream = ReceiverStream<Result<StreamingPullResponse, Status>>;

    async fn streaming_pull(
        &self,
        request: Request<Streaming<StreamingPullRequest>>,
    ) -> Result<Response<Self::StreamingPullStream>, Status> {
        Ok(Response::new(self.0.streaming_pull(request.into_inner()).await?))
    }
}

service! {
    SchemaService {
        later create_schema(CreateSchemaRequest) -> Schema;
        now get_schema(GetSchemaRequest) -> Schema;
        now list_schemas(ListSchemasRequest) -> ListSchemasResponse;
        now list_schema_revisions(ListSchemaRevisionsRequest) -> ListSchemaRevisionsResponse;
        later commit_schema(CommitSchemaRequest) -> Schema;
        later rollback_schema(RollbackSchemaRequest) -> Schema;
        later delete_schema_revision(DeleteSchemaRevisionRequest) -> Schema;
        later delete_schema(DeleteSchemaRequest) -> ();
        now validate_schema(ValidateSchemaRequest) -> ValidateSchemaResponse;
        now validate_message(ValidateMessageRequest) -> ValidateMessageResponse;
    }
}

service! {
    IamPolicy {
        later set_iam_policy(SetIamPolicyRequest) -> Policy;
        now get_iam_policy(GetIamPolicyRequest) -> Policy;
        given test_iam_permissions(TestIamPermissionsRequest) -> TestIamPermissionsResponse;
    }
}
