//! Change events through Salesforce's Pub/Sub API: topics, subscriptions that outlast broken connections and ended sessions,
//! events decoded by schemas that are asked for once. What a change is, is `change`.
//!
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/overview>

mod avro;
mod bitmap;
mod capture;
mod change;
mod schema;
mod status;
mod subscription;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_salesforce_eventbus::pub_sub_client::PubSubClient;
use headwater_salesforce_eventbus::{SchemaRequest, TopicRequest};
use reqwest::Url;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

pub use change::{Change, ChangeType};
pub use subscription::{Batch, Received, ReplayId, Start, Subscription};

use crate::auth::Session;
use crate::retry::Attempts;
use crate::{Client, Error, Kind, Result, Retry};
use schema::EventSchema;
use status::error_of;

/// Salesforce serves all orgs at one address.
const GLOBAL: &str = "https://api.pubsub.salesforce.com:7443";
/// An event has at most 1 MB, and a response may have 100.
const MOST_RESPONSE: usize = 128 << 20;
/// A connection that is dead is found out within about this.
const PING: Duration = Duration::from_secs(30);

type Grpc = PubSubClient<Channel>;

/// What a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name, such as `/data/ChangeEvents`.
    pub name: String,
    /// Whether the user may read it.
    pub can_subscribe: bool,
}

/// The Pub/Sub API of the client's org. Cheap to clone; clones share connection and schemas.
#[derive(Debug, Clone)]
pub struct Events {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    channel: Channel,
    schemas: Mutex<HashMap<String, Arc<EventSchema>>>,
}

impl Client {
    /// The org's events. No connection is made before the first call.
    ///
    /// # Errors
    /// [`Error::Config`] when the address cannot be one.
    pub fn events(&self) -> Result<Events> {
        let config = |reason: String| Error::Config {
            setting: "login_url",
            reason,
        };
        let address = address(self.login());
        let mut endpoint = Endpoint::from_shared(address.clone())
            .map_err(|_| config(format!("leads to {address}, which is no address of an event bus")))?
            .connect_timeout(Duration::from_secs(15))
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true)
            .tcp_nodelay(true);
        if address.starts_with("https") {
            endpoint = endpoint
                .tls_config(ClientTlsConfig::new().with_native_roots())
                .map_err(|_| {
                    config("cannot be reached by TLS: this machine's root certificates are unusable".into())
                })?;
        }
        Ok(Events {
            inner: Arc::new(Inner {
                client: self.clone(),
                channel: endpoint.connect_lazy(),
                schemas: Mutex::default(),
            }),
        })
    }
}

/// Salesforce's own orgs share an address; anything else has its event bus where it has its login.
fn address(login: &Url) -> String {
    if login.host_str().unwrap_or("").ends_with(".salesforce.com") {
        return GLOBAL.to_owned();
    }
    login.origin().ascii_serialization()
}

impl Events {
    fn grpc(&self) -> Grpc {
        PubSubClient::new(self.inner.channel.clone()).max_decoding_message_size(MOST_RESPONSE)
    }

    /// What a topic is.
    ///
    /// # Errors
    /// [`Kind::Object`] when there is no such topic; see [`Error`].
    pub async fn topic(&self, name: &str) -> Result<TopicInfo> {
        let message = TopicRequest {
            topic_name: name.to_owned(),
        };
        let get = |mut grpc: Grpc, request| async move { grpc.get_topic(request).await };
        let info = self.call(&format!("GetTopic {name}"), message, get).await?;
        Ok(TopicInfo {
            name: info.topic_name,
            can_subscribe: info.can_subscribe,
        })
    }

    /// A subscription. It connects when its first events are asked for.
    pub fn subscribe(&self, topic: &str, start: Start) -> Subscription {
        Subscription::new(self.clone(), topic.to_owned(), start)
    }

    /// The plan by which events with this schema are read.
    async fn schema(&self, id: &str) -> Result<Arc<EventSchema>> {
        let known = || {
            self.inner
                .schemas
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some(schema) = known().get(id) {
            return Ok(Arc::clone(schema));
        }
        let request = format!("GetSchema {id}");
        let message = SchemaRequest {
            schema_id: id.to_owned(),
        };
        let get = |mut grpc: Grpc, request| async move { grpc.get_schema(request).await };
        let info = self.call(&request, message, get).await?;
        let unexpected = |reason: String| Error::unexpected(&request, reason);
        let json: serde_json::Value = serde_json::from_str(&info.schema_json)
            .map_err(|e| unexpected(format!("its schema is not JSON ({})", crate::client::place(&e))))?;
        let entity = schema::entity(&json).ok_or_else(|| unexpected("its schema is not a change event's".into()))?;
        // Asked for anew with each schema: a new field is in both.
        let describe = self.inner.client.describe(&entity).await?;
        let schema = EventSchema::new(&json, &describe).map_err(|e| unexpected(e.to_string()))?;
        let schema = Arc::new(schema);
        known().insert(id.to_owned(), Arc::clone(&schema));
        Ok(schema)
    }

    /// A unary call, signed, repeated where that helps.
    async fn call<M: Clone, T, F>(
        &self,
        name: &str,
        message: M,
        send: impl Fn(Grpc, tonic::Request<M>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let client = &self.inner.client;
        let mut attempts = Attempts::new(client.retry_policy());
        let mut session = client.session().await?;
        let mut renewed = false;
        loop {
            let error = match send(self.grpc(), sign(message.clone(), &session)).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => error_of(name, &status),
            };
            match error.retry() {
                Retry::Session if !renewed => {
                    renewed = true;
                    session = client.renew(&session).await?;
                }
                Retry::Transient => attempts.pause(error, None).await?,
                _ => return Err(error),
            }
        }
    }
}

/// A request that says who asks. The token is marked so that it is not printed.
fn sign<M>(message: M, session: &Session) -> tonic::Request<M> {
    let mut request = tonic::Request::new(message);
    let token = session
        .header
        .to_str()
        .unwrap_or_default()
        .trim_start_matches("Bearer ")
        .to_owned();
    for (name, value, sensitive) in [
        ("accesstoken", token, true),
        ("instanceurl", session.instance.origin().ascii_serialization(), false),
        ("tenantid", session.organization.clone(), false),
    ] {
        if let Ok(mut value) = value.parse::<MetadataValue<Ascii>>() {
            value.set_sensitive(sensitive);
            request.metadata_mut().insert(name, value);
        }
    }
    request
}

/// An event whose payload cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event of schema {schema_id} cannot be read: {reason}")]
pub struct EventError {
    /// The schema that it names.
    pub schema_id: String,
    /// What is wrong with it, without values.
    pub reason: String,
}

impl EventError {
    /// [`Kind::Decode`].
    pub const fn kind(&self) -> Kind {
        Kind::Decode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_event_bus_is() {
        for (login, expected) in [
            ("https://acme.my.salesforce.com", GLOBAL),
            ("https://acme--uat.sandbox.my.salesforce.com", GLOBAL),
            ("http://127.0.0.1:8651", "http://127.0.0.1:8651"),
            ("https://notsalesforce.com", "https://notsalesforce.com"),
        ] {
            assert_eq!(address(&Url::parse(login).unwrap()), expected);
        }
    }
}
