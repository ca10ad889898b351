//! The state of a subscription, to and from its document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::Attr;

use crate::durations::to_google;
use crate::labels::{self, Labels};
use crate::rest::fields::{flag, map, map_document, number, text};

/// What a subscription that never expires is called; Google leaves the time out.
pub(super) const NEVER: &str = "never";
/// Google puts it on every push subscription.
const GOOGLES_ATTRIBUTE: &str = "x-goog-version";

/// A subscription.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub name: Attr<String>,
    pub topic: Attr<String>,
    pub ack_deadline_seconds: Attr<i64>,
    pub message_retention_duration: Attr<String>,
    pub retain_acked_messages: Attr<bool>,
    pub expiration_ttl: Attr<String>,
    pub enable_message_ordering: Attr<bool>,
    pub enable_exactly_once_delivery: Attr<bool>,
    pub filter: Attr<String>,
    pub dead_letter_policy: Attr<DeadLetter>,
    pub retry_policy: Attr<Retry>,
    pub push_config: Attr<Push>,
    pub bigquery_config: Attr<BigQuery>,
    pub cloud_storage_config: Attr<CloudStorage>,
    pub labels: Attr<Labels>,
    pub project: Attr<String>,
    pub id: Attr<String>,
}

/// What happens to a message that nobody acknowledges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    dead_letter_topic: Attr<String>,
    max_delivery_attempts: Attr<i64>,
}

/// How soon a message is delivered again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retry {
    minimum_backoff: Attr<String>,
    maximum_backoff: Attr<String>,
}

/// Delivery to a web address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Push {
    push_endpoint: Attr<String>,
    attributes: Attr<BTreeMap<String, Attr<String>>>,
    oidc_token: Attr<Oidc>,
    no_wrapper: Attr<NoWrapper>,
}

/// The token that a push carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oidc {
    service_account_email: Attr<String>,
    audience: Attr<String>,
}

/// The message's data as the body of the push.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NoWrapper {
    write_metadata: Attr<bool>,
}

/// Delivery to a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BigQuery {
    table: Attr<String>,
    pub use_topic_schema: Attr<bool>,
    pub use_table_schema: Attr<bool>,
    write_metadata: Attr<bool>,
    pub drop_unknown_fields: Attr<bool>,
    service_account_email: Attr<String>,
}

/// Delivery to a bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CloudStorage {
    bucket: Attr<String>,
    filename_prefix: Attr<String>,
    filename_suffix: Attr<String>,
    filename_datetime_format: Attr<String>,
    max_duration: Attr<String>,
    max_bytes: Attr<i64>,
    max_messages: Attr<i64>,
    avro_config: Attr<Avro>,
    service_account_email: Attr<String>,
}

/// Files of Avro in place of text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Avro {
    write_metadata: Attr<bool>,
    use_topic_schema: Attr<bool>,
}

impl Subscription {
    pub fn document(&self) -> Json {
        let expiration = match self.expiration_ttl.as_deref() {
            Some(NEVER) => json!({}),
            ttl => json!({ "ttl": ttl.map(to_google) }),
        };
        json!({
            "topic": self.topic.as_deref(),
            "ackDeadlineSeconds": self.ack_deadline_seconds.known(),
            "messageRetentionDuration": self.message_retention_duration.as_deref().map(to_google),
            "retainAckedMessages": self.retain_acked_messages.known(),
            "expirationPolicy": expiration,
            "enableMessageOrdering": self.enable_message_ordering.known(),
            "enableExactlyOnceDelivery": self.enable_exactly_once_delivery.known(),
            "filter": self.filter.as_deref().filter(|filter| !filter.is_empty()),
            "deadLetterPolicy": self.dead_letter_policy.known().map(DeadLetter::document),
            "retryPolicy": self.retry_policy.known().map(Retry::document),
            "pushConfig": self.push_config.known().map(Push::document),
            "bigqueryConfig": self.bigquery_config.known().map(BigQuery::document),
            "cloudStorageConfig": self.cloud_storage_config.known().map(CloudStorage::document),
            "labels": labels::wanted(&self.labels, false),
        })
    }

    pub fn read(&self, document: &Json) -> Subscription {
        let push = &document["pushConfig"];
        Subscription {
            topic: text(&document["topic"], &Attr::Null),
            ack_deadline_seconds: number(&document["ackDeadlineSeconds"]),
            message_retention_duration: text(&document["messageRetentionDuration"], &Attr::Null),
            retain_acked_messages: flag(&document["retainAckedMessages"]),
            expiration_ttl: document["expirationPolicy"]["ttl"].as_str().unwrap_or(NEVER).into(),
            enable_message_ordering: flag(&document["enableMessageOrdering"]),
            enable_exactly_once_delivery: flag(&document["enableExactlyOnceDelivery"]),
            filter: text(&document["filter"], &self.filter),
            dead_letter_policy: present(&document["deadLetterPolicy"]).map(DeadLetter::read).into(),
            retry_policy: present(&document["retryPolicy"]).map(Retry::read).into(),
            push_config: push["pushEndpoint"]
                .as_str()
                .filter(|endpoint| !endpoint.is_empty())
                .map(|_| Push::read(push, self.push_config.known()))
                .into(),
            bigquery_config: present(&document["bigqueryConfig"])
                .map(|config| BigQuery::read(config, self.bigquery_config.known()))
                .into(),
            cloud_storage_config: present(&document["cloudStorageConfig"])
                .map(|config| CloudStorage::read(config, self.cloud_storage_config.known()))
                .into(),
            labels: labels::read(&document["labels"], &self.labels),
            ..self.clone()
        }
    }
}

/// A message of protobuf, as JSON has it: absent when it is not set.
fn present(field: &Json) -> Option<&Json> {
    field.as_object().filter(|fields| !fields.is_empty()).map(|_| field)
}

/// What the state says about a text of an object that may not be there.
fn said<'a, T>(state: Option<&'a T>, field: impl Fn(&'a T) -> &'a Attr<String>) -> Attr<String> {
    state.map_or(Attr::Null, |state| field(state).clone())
}

impl DeadLetter {
    fn document(&self) -> Json {
        json!({
            "deadLetterTopic": self.dead_letter_topic.as_deref(),
            "maxDeliveryAttempts": self.max_delivery_attempts.known(),
        })
    }

    fn read(policy: &Json) -> Self {
        Self {
            dead_letter_topic: text(&policy["deadLetterTopic"], &Attr::Null),
            max_delivery_attempts: policy["maxDeliveryAttempts"].as_i64().unwrap_or(5).into(),
        }
    }
}

impl Retry {
    fn document(&self) -> Json {
        json!({
            "minimumBackoff": self.minimum_backoff.as_deref().map(to_google),
            "maximumBackoff": self.maximum_backoff.as_deref().map(to_google),
        })
    }

    fn read(policy: &Json) -> Self {
        let backoff = |name: &str, default: &str| policy[name].as_str().unwrap_or(default).into();
        Self {
            minimum_backoff: backoff("minimumBackoff", "10s"),
            maximum_backoff: backoff("maximumBackoff", "600s"),
        }
    }
}

impl Push {
    fn document(&self) -> Json {
        json!({
            "pushEndpoint": self.push_endpoint.as_deref(),
            "attributes": map_document(&self.attributes),
            "oidcToken": self.oidc_token.known().map(|token| json!({
                "serviceAccountEmail": token.service_account_email.as_deref(),
                "audience": token.audience.as_deref(),
            })),
            "noWrapper": self.no_wrapper.known().map(|wrapper| json!({ "writeMetadata": wrapper.write_metadata.known() })),
        })
    }

    fn read(config: &Json, state: Option<&Push>) -> Self {
        let attributes = state.map_or(Attr::Null, |state| state.attributes.clone());
        let said_by_user = |key: &str| attributes.known().is_some_and(|map| map.contains_key(key));
        let audience = state
            .and_then(|state| state.oidc_token.known())
            .map_or(Attr::Null, |token| token.audience.clone());
        let token = present(&config["oidcToken"]).map(|token| Oidc {
            service_account_email: text(&token["serviceAccountEmail"], &Attr::Null),
            audience: text(&token["audience"], &audience),
        });
        // Set and empty means something here.
        let wrapper = config["noWrapper"].as_object().map(|wrapper| NoWrapper {
            write_metadata: flag(wrapper.get("writeMetadata").unwrap_or(&Json::Null)),
        });
        Self {
            push_endpoint: text(&config["pushEndpoint"], &Attr::Null),
            attributes: map(&config["attributes"], &attributes, |key| {
                key != GOOGLES_ATTRIBUTE || said_by_user(key)
            }),
            oidc_token: token.into(),
            no_wrapper: wrapper.into(),
        }
    }
}

impl BigQuery {
    fn document(&self) -> Json {
        json!({
            "table": self.table.as_deref(),
            "useTopicSchema": self.use_topic_schema.known(),
            "useTableSchema": self.use_table_schema.known(),
            "writeMetadata": self.write_metadata.known(),
            "dropUnknownFields": self.drop_unknown_fields.known(),
            "serviceAccountEmail": self.service_account_email.as_deref(),
        })
    }

    fn read(config: &Json, state: Option<&BigQuery>) -> Self {
        Self {
            table: text(&config["table"], &Attr::Null),
            use_topic_schema: flag(&config["useTopicSchema"]),
            use_table_schema: flag(&config["useTableSchema"]),
            write_metadata: flag(&config["writeMetadata"]),
            drop_unknown_fields: flag(&config["dropUnknownFields"]),
            service_account_email: text(
                &config["serviceAccountEmail"],
                &said(state, |state| &state.service_account_email),
            ),
        }
    }
}

impl CloudStorage {
    fn document(&self) -> Json {
        let avro = self.avro_config.known().map(|avro| {
            json!({ "writeMetadata": avro.write_metadata.known(), "useTopicSchema": avro.use_topic_schema.known() })
        });
        let plain = self.avro_config.is_null().then(|| json!({}));
        json!({
            "bucket": self.bucket.as_deref(),
            "filenamePrefix": self.filename_prefix.as_deref(),
            "filenameSuffix": self.filename_suffix.as_deref(),
            "filenameDatetimeFormat": self.filename_datetime_format.as_deref(),
            "maxDuration": self.max_duration.as_deref().map(to_google),
            "maxBytes": self.max_bytes.known().map(ToString::to_string),
            "maxMessages": self.max_messages.known().map(ToString::to_string),
            "avroConfig": avro,
            "textConfig": plain,
            "serviceAccountEmail": self.service_account_email.as_deref(),
        })
    }

    fn read(config: &Json, state: Option<&CloudStorage>) -> Self {
        let avro = config["avroConfig"].as_object().map(|_| Avro {
            write_metadata: flag(&config["avroConfig"]["writeMetadata"]),
            use_topic_schema: flag(&config["avroConfig"]["useTopicSchema"]),
        });
        Self {
            bucket: text(&config["bucket"], &Attr::Null),
            filename_prefix: text(&config["filenamePrefix"], &said(state, |state| &state.filename_prefix)),
            filename_suffix: text(&config["filenameSuffix"], &said(state, |state| &state.filename_suffix)),
            filename_datetime_format: text(
                &config["filenameDatetimeFormat"],
                &said(state, |state| &state.filename_datetime_format),
            ),
            max_duration: config["maxDuration"].as_str().unwrap_or("300s").into(),
            max_bytes: number(&config["maxBytes"]),
            max_messages: number(&config["maxMessages"]),
            avro_config: avro.into(),
            service_account_email: text(
                &config["serviceAccountEmail"],
                &said(state, |state| &state.service_account_email),
            ),
        }
    }
}
