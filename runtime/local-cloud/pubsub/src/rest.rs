//! REST v1: each method is a gRPC method whose request is put together from the path, the query and a JSON body, by the
//! rules of <https://google.aip.dev/127>. The methods are those of the discovery document.

use std::sync::Arc;

use futures::future::BoxFuture;
use prost::{Message, Name};
use prost_reflect::{DeserializeOptions, DynamicMessage, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use crate::PubSub;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::descriptor;
use crate::wire::iam::{GetIamPolicyRequest, SetIamPolicyRequest, TestIamPermissionsRequest};
use crate::wire::pubsub::*;

type Call = Box<dyn Fn(Arc<Service>, Map<String, Value>) -> BoxFuture<'static, Result<Value, Refusal>> + Send + Sync>;

/// A method of the REST API.
pub struct Method {
    /// Google's name for it, as the discovery document has it.
    pub id: &'static str,
    /// GET, PUT, POST, PATCH or DELETE.
    pub verb: &'static str,
    /// The path, with `{name}` for one segment; the last one may end in a custom verb, as in `{topic}:publish`.
    pub path: &'static str,
    /// The field of the request that the resource's name in the path is put into.
    field: &'static str,
    /// The field that the body is; empty when the body is the request.
    body: &'static str,
    request: fn() -> Option<MessageDescriptor>,
    call: Call,
}

fn row<Q, A, F, Fut>(id: &'static str, verb: &'static str, path: &'static str, field: &'static str, run: F) -> Method
where
    Q: Message + Name + Default + 'static,
    A: Message + Name + 'static,
    F: Fn(Arc<Service>, Q) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<A, Refusal>> + Send + 'static,
{
    let call: Call = Box::new(move |service, request| {
        Box::pin(async move {
            let request = from_json::<Q>(request)?;
            to_json(&run(service, request).await?)
        })
    });
    Method {
        id,
        verb,
        path,
        field,
        body: "",
        request: || descriptor(&Q::full_name()),
        call,
    }
}

/// A row for a method of [`Service`].
macro_rules! rows {
    ($($when:ident $name:ident($request:ty) $id:literal $verb:ident $path:literal $field:literal $(body $body:literal)?;)*) => {
        vec![$({
            #[allow(unused_mut)]
            let mut row = row(
                concat!("pubsub.projects.", $id),
                stringify!($verb),
                concat!("/v1/projects/{project}/", $path),
                $field,
                |service: Arc<Service>, request: $request| async move { rows!(@$when service $name request) },
            );
            $(row.body = $body;)?
            row
        }),*]
    };
    (@now $service:ident $name:ident $request:ident) => { $service.$name(&$request) };
    (@given $service:ident $name:ident $request:ident) => { $service.$name($request) };
    (@later $service:ident $name:ident $request:ident) => { $service.$name($request).await };
}

/// All methods.
pub fn methods() -> Vec<Method> {
    let mut all = topics();
    all.extend(subscriptions());
    all.extend(snapshots());
    all.extend(schemas());
    all
}

fn topics() -> Vec<Method> {
    rows! {
        later create_topic(Topic) "topics.create" PUT "topics/{topic}" "name";
        now get_topic(GetTopicRequest) "topics.get" GET "topics/{topic}" "topic";
        now list_topics(ListTopicsRequest) "topics.list" GET "topics" "project";
        later update_topic(UpdateTopicRequest) "topics.patch" PATCH "topics/{topic}" "topic.name";
        later delete_topic(DeleteTopicRequest) "topics.delete" DELETE "topics/{topic}" "topic";
        later publish(PublishRequest) "topics.publish" POST "topics/{topic}:publish" "topic";
        now list_topic_subscriptions(ListTopicSubscriptionsRequest)
            "topics.subscriptions.list" GET "topics/{topic}/subscriptions" "topic";
        now list_topic_snapshots(ListTopicSnapshotsRequest)
            "topics.snapshots.list" GET "topics/{topic}/snapshots" "topic";
        now get_iam_policy(GetIamPolicyRequest) "topics.getIamPolicy" GET "topics/{topic}:getIamPolicy" "resource";
        later set_iam_policy(SetIamPolicyRequest) "topics.setIamPolicy" POST "topics/{topic}:setIamPolicy" "resource";
        given test_iam_permissions(TestIamPermissionsRequest)
            "topics.testIamPermissions" POST "topics/{topic}:testIamPermissions" "resource";
    }
}

fn subscriptions() -> Vec<Method> {
    rows! {
        later create_subscription(Subscription)
            "subscriptions.create" PUT "subscriptions/{subscription}" "name";
        now get_subscription(GetSubscriptionRequest)
            "subscriptions.get" GET "subscriptions/{subscription}" "subscription";
        now list_subscriptions(ListSubscriptionsRequest) "subscriptions.list" GET "subscriptions" "project";
        later update_subscription(UpdateSubscriptionRequest)
            "subscriptions.patch" PATCH "subscriptions/{subscription}" "subscription.name";
        later delete_subscription(DeleteSubscriptionRequest)
            "subscriptions.delete" DELETE "subscriptions/{subscription}" "subscription";
        later pull(PullRequest) "subscriptions.pull" POST "subscriptions/{subscription}:pull" "subscription";
        later acknowledge(AcknowledgeRequest)
            "subscriptions.acknowledge" POST "subscriptions/{subscription}:acknowledge" "subscription";
        later modify_ack_deadline(ModifyAckDeadlineRequest)
            "subscriptions.modifyAckDeadline" POST "subscriptions/{subscription}:modifyAckDeadline" "subscription";
        later modify_push_config(ModifyPushConfigRequest)
            "subscriptions.modifyPushConfig" POST "subscriptions/{subscription}:modifyPushConfig" "subscription";
        later seek(SeekRequest) "subscriptions.seek" POST "subscriptions/{subscription}:seek" "subscription";
        later detach_subscription(DetachSubscriptionRequest)
            "subscriptions.detach" POST "subscriptions/{subscription}:detach" "subscription";
        now get_iam_policy(GetIamPolicyRequest)
            "subscriptions.getIamPolicy" GET "subscriptions/{subscription}:getIamPolicy" "resource";
        later set_iam_policy(SetIamPolicyRequest)
            "subscriptions.setIamPolicy" POST "subscriptions/{subscription}:setIamPolicy" "resource";
        given test_iam_permissions(TestIamPermissionsRequest)
            "subscriptions.testIamPermissions" POST "subscriptions/{subscription}:testIamPermissions" "resource";
    }
}

fn snapshots() -> Vec<Method> {
    rows! {
        later create_snapshot(CreateSnapshotRequest) "snapshots.create" PUT "snapshots/{snapshot}" "name";
        now get_snapshot(GetSnapshotRequest) "snapshots.get" GET "snapshots/{snapshot}" "snapshot";
        now list_snapshots(ListSnapshotsRequest) "snapshots.list" GET "snapshots" "project";
        later update_snapshot(UpdateSnapshotRequest)
            "snapshots.patch" PATCH "snapshots/{snapshot}" "snapshot.name";
        later delete_snapshot(DeleteSnapshotRequest) "snapshots.delete" DELETE "snapshots/{snapshot}" "snapshot";
        now get_iam_policy(GetIamPolicyRequest)
            "snapshots.getIamPolicy" GET "snapshots/{snapshot}:getIamPolicy" "resource";
        later set_iam_policy(SetIamPolicyRequest)
            "snapshots.setIamPolicy" POST "snapshots/{snapshot}:setIamPolicy" "resource";
        given test_iam_permissions(TestIamPermissionsRequest)
            "snapshots.testIamPermissions" POST "snapshots/{snapshot}:testIamPermissions" "resource";
    }
}

fn schemas() -> Vec<Method> {
    rows! {
        later create_schema(CreateSchemaRequest) "schemas.create" POST "schemas" "parent" body "schema";
        now get_schema(GetSchemaRequest) "schemas.get" GET "schemas/{schema}" "name";
        now list_schemas(ListSchemasRequest) "schemas.list" GET "schemas" "parent";
        later delete_schema(DeleteSchemaRequest) "schemas.delete" DELETE "schemas/{schema}" "name";
        later commit_schema(CommitSchemaRequest) "schemas.commit" POST "schemas/{schema}:commit" "name";
        later rollback_schema(RollbackSchemaRequest) "schemas.rollback" POST "schemas/{schema}:rollback" "name";
        later delete_schema_revision(DeleteSchemaRevisionRequest)
            "schemas.deleteRevision" DELETE "schemas/{schema}:deleteRevision" "name";
        now list_schema_revisions(ListSchemaRevisionsRequest)
            "schemas.listRevisions" GET "schemas/{schema}:listRevisions" "name";
        now validate_schema(ValidateSchemaRequest) "schemas.validate" POST "schemas:validate" "parent";
        now validate_message(ValidateMessageRequest)
            "schemas.validateMessage" POST "schemas:validateMessage" "parent";
        now get_iam_policy(GetIamPolicyRequest)
            "schemas.getIamPolicy" GET "schemas/{schema}:getIamPolicy" "resource";
        later set_iam_policy(SetIamPolicyRequest)
            "schemas.setIamPolicy" POST "schemas/{schema}:setIamPolicy" "resource";
        given test_iam_permissions(TestIamPermissionsRequest)
            "schemas.testIamPermissions" POST "schemas/{schema}:testIamPermissions" "resource";
    }
}

impl PubSub {
    /// Carries out a method. `params` are the segments of the path that its template names, decoded; `query` has the
    /// parameters of the query, decoded. Gives the HTTP status and the JSON body.
    pub async fn call(
        &self,
        method: &Method,
        params: &[(&'static str, String)],
        query: &[(String, String)],
        body: &[u8],
    ) -> (u16, Value) {
        let request = match method.request(params, query, body) {
            Ok(request) => request,
            Err(refusal) => return (refusal.http().0, refusal.body()),
        };
        // On a task of its own: a client that goes away does not leave a change half done.
        let done = tokio::spawn((method.call)(self.service.clone(), request)).await;
        match done.unwrap_or_else(|error| Err(Refusal::internal(error.to_string()))) {
            Ok(value) => (200, value),
            Err(refusal) => (refusal.http().0, refusal.body()),
        }
    }
}

impl Method {
    fn request(
        &self,
        params: &[(&'static str, String)],
        query: &[(String, String)],
        body: &[u8],
    ) -> Result<Map<String, Value>, Refusal> {
        let body = match body.iter().all(u8::is_ascii_whitespace) {
            true => Map::new(),
            false => match serde_json::from_slice(body) {
                Ok(Value::Object(object)) => object,
                Ok(_) => return Err(invalid_json("Root element must be a message.")),
                Err(error) => return Err(invalid_json(&error.to_string())),
            },
        };
        let mut request = match self.body {
            "" => body,
            field => Map::from_iter([(field.to_owned(), Value::Object(body))]),
        };
        let descriptor = (self.request)().ok_or_else(|| Refusal::internal("a request has no descriptor"))?;
        for (name, value) in query {
            put_parameter(&mut request, &descriptor, name, value);
        }
        let path: Vec<&str> = self.field.split('.').collect();
        put(&mut request, &path, Value::String(self.resource(params)));
        if let Some(Value::String(mask)) = request.get_mut("updateMask") {
            *mask = mask
                .split(',')
                .map(|path| camel(path.trim()))
                .collect::<Vec<_>>()
                .join(",");
        }
        Ok(request)
    }

    /// The resource that the path names: all up to its last name.
    fn resource(&self, params: &[(&'static str, String)]) -> String {
        let end = self.path.rfind('}').map_or(0, |at| at + 1);
        let mut parts = Vec::new();
        for part in self.path[..end].trim_start_matches("/v1/").split('/') {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let value = name.and_then(|name| params.iter().find(|(key, _)| *key == name));
            parts.push(value.map_or(part, |(_, value)| value.as_str()));
        }
        parts.join("/")
    }
}

/// Sets a field of the request from a parameter of the query; what is not a field (`alt`, `key`, `fields`) is passed over.
fn put_parameter(request: &mut Map<String, Value>, descriptor: &MessageDescriptor, name: &str, value: &str) {
    let path: Vec<&str> = name.split('.').collect();
    let mut message = Some(descriptor.clone());
    let mut kind = None;
    for part in &path {
        let field = message.take().and_then(|message| message.get_field_by_json_name(part));
        let Some(field) = field else { return };
        if let Kind::Message(inner) = field.kind() {
            message = Some(inner);
        }
        kind = Some(field.kind());
    }
    // Clients send parameters that are empty; they mean the default.
    if value.is_empty() {
        return;
    }
    let value = match (kind, value.parse::<i64>()) {
        (Some(Kind::Enum(_)), Ok(number)) => Value::from(number),
        (Some(Kind::Bool), _) => Value::Bool(value == "true"),
        _ => Value::from(value),
    };
    put(request, &path, value);
}

fn put(request: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((name, below)) = path.split_first() else {
        return;
    };
    if below.is_empty() {
        request.insert((*name).to_owned(), value);
        return;
    }
    let inner = request.entry(*name).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, below, value);
    }
}

fn camel(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut raise = false;
    for c in path.chars() {
        match c {
            '_' => raise = true,
            c if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            c => out.push(c),
        }
    }
    out
}

fn from_json<Q: Message + Name + Default>(request: Map<String, Value>) -> Result<Q, Refusal> {
    let descriptor = descriptor(&Q::full_name()).ok_or_else(|| Refusal::internal("a request has no descriptor"))?;
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor, Value::Object(request), &options)
        .map_err(|error| refused_json(&error.to_string()))?;
    message
        .transcode_to()
        .map_err(|error| Refusal::internal(format!("a request cannot be decoded: {error}")))
}

fn to_json<A: Message + Name>(answer: &A) -> Result<Value, Refusal> {
    let failed = |error: String| Refusal::internal(format!("an answer cannot be encoded: {error}"));
    let descriptor = descriptor(&A::full_name()).ok_or_else(|| failed("no descriptor".into()))?;
    let message = DynamicMessage::decode(descriptor, answer.encode_to_vec().as_slice());
    let message = message.map_err(|error| failed(error.to_string()))?;
    serde_json::to_value(message).map_err(|error| failed(error.to_string()))
}

fn invalid_json(what: &str) -> Refusal {
    Refusal::invalid(format!("Invalid JSON payload received. {what}"))
}

fn refused_json(error: &str) -> Refusal {
    match error
        .strip_prefix("unrecognized field name '")
        .and_then(|rest| rest.split_once('\''))
    {
        Some((name, _)) => invalid_json(&format!("Unknown name \"{name}\": Cannot find field.")),
        None => invalid_json(error),
    }
}
