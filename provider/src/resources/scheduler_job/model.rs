//! The state of a scheduled job, to and from its document.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Value};

use crate::durations::to_google;
use crate::rest::fields::{map, map_document, number, text};

/// What Google fills in.
pub(super) const DEADLINE: &str = "180s";
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const BYTES: &str = "application/octet-stream";

/// A scheduled job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub name: Attr<String>,
    pub description: Attr<String>,
    pub schedule: Attr<String>,
    pub time_zone: Attr<String>,
    pub paused: Attr<bool>,
    pub attempt_deadline: Attr<String>,
    pub retry_config: Attr<Retries>,
    pub http_target: Attr<HttpTarget>,
    pub pubsub_target: Attr<PubSubTarget>,
    pub region: Attr<String>,
    pub project: Attr<String>,
    pub id: Attr<String>,
}

/// What happens when the target fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retries {
    retry_count: Attr<i64>,
    max_retry_duration: Attr<String>,
    min_backoff_duration: Attr<String>,
    max_backoff_duration: Attr<String>,
    max_doublings: Attr<i64>,
}

/// A web address that is called.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HttpTarget {
    pub uri: Attr<String>,
    pub http_method: Attr<String>,
    pub headers: Attr<BTreeMap<String, Attr<String>>>,
    pub body: Attr<String>,
    pub oauth_token: Attr<OAuth>,
    pub oidc_token: Attr<Oidc>,
}

/// For Google's own APIs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OAuth {
    service_account_email: Attr<String>,
    scope: Attr<String>,
}

/// For everybody else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oidc {
    pub service_account_email: Attr<String>,
    pub audience: Attr<String>,
}

/// A topic that is published to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PubSubTarget {
    pub topic: Attr<String>,
    pub data: Attr<String>,
    pub attributes: Attr<BTreeMap<String, Attr<String>>>,
}

impl Default for Retries {
    /// As Google fills it in.
    fn default() -> Self {
        Self {
            retry_count: 0.into(),
            max_retry_duration: "0s".into(),
            min_backoff_duration: "5s".into(),
            max_backoff_duration: "3600s".into(),
            max_doublings: 5.into(),
        }
    }
}

impl Job {
    pub fn document(&self) -> Json {
        json!({
            "description": self.description.as_deref(),
            "schedule": self.schedule.as_deref(),
            "timeZone": self.time_zone.as_deref(),
            // For a topic it is ignored.
            "attemptDeadline": self
                .attempt_deadline
                .as_deref()
                .filter(|_| !self.http_target.is_null())
                .map(to_google),
            "retryConfig": self.retry_config.known().map(Retries::document),
            "httpTarget": self.http_target.known().map(HttpTarget::document),
            "pubsubTarget": self.pubsub_target.known().map(PubSubTarget::document),
        })
    }

    pub fn read(&self, document: &Json) -> Job {
        let deadline = document["attemptDeadline"].as_str().unwrap_or(DEADLINE);
        let (http, pubsub) = (&document["httpTarget"], &document["pubsubTarget"]);
        Job {
            description: text(&document["description"], &self.description),
            schedule: text(&document["schedule"], &Attr::Null),
            time_zone: document["timeZone"].as_str().unwrap_or("UTC").into(),
            paused: (document["state"].as_str() == Some("PAUSED")).into(),
            attempt_deadline: if http.is_object() { deadline } else { DEADLINE }.into(),
            retry_config: Retries::read(&document["retryConfig"]).into(),
            http_target: http
                .is_object()
                .then(|| HttpTarget::read(http, self.http_target.known()))
                .into(),
            pubsub_target: pubsub
                .is_object()
                .then(|| PubSubTarget::read(pubsub, self.pubsub_target.known()))
                .into(),
            ..self.clone()
        }
    }
}

fn base64_of(text: &Attr<String>) -> Option<String> {
    text.as_deref()
        .filter(|text| !text.is_empty())
        .map(|text| STANDARD.encode(text))
}

/// Text from base64. Other bytes than text are somebody else's doing: they are shown as far as they go.
fn text_of(field: &Json, state: Option<&Attr<String>>) -> Attr<String> {
    let bytes = field
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_default();
    let found = json!(String::from_utf8_lossy(&bytes));
    text(&found, state.unwrap_or(&Attr::Null))
}

impl Retries {
    /// As the default of an attribute.
    pub(super) fn value(&self) -> Value {
        let text = |text: &Attr<String>| text.as_deref().map_or(Value::Null, Value::from);
        let number = |number: &Attr<i64>| number.known().map_or(Value::Null, |number| Value::from(*number));
        Value::object([
            ("retry_count", number(&self.retry_count)),
            ("max_retry_duration", text(&self.max_retry_duration)),
            ("min_backoff_duration", text(&self.min_backoff_duration)),
            ("max_backoff_duration", text(&self.max_backoff_duration)),
            ("max_doublings", number(&self.max_doublings)),
        ])
    }

    fn document(&self) -> Json {
        json!({
            "retryCount": self.retry_count.known(),
            "maxRetryDuration": self.max_retry_duration.as_deref().map(to_google),
            "minBackoffDuration": self.min_backoff_duration.as_deref().map(to_google),
            "maxBackoffDuration": self.max_backoff_duration.as_deref().map(to_google),
            "maxDoublings": self.max_doublings.known(),
        })
    }

    fn read(config: &Json) -> Self {
        let default = Self::default();
        let count = |name: &str, default: Attr<i64>| match number(&config[name]) {
            Attr::Null => default,
            count => count,
        };
        let duration = |name: &str, default: Attr<String>| match config[name].as_str() {
            Some(text) => text.into(),
            None => default,
        };
        Self {
            retry_count: count("retryCount", default.retry_count),
            max_retry_duration: duration("maxRetryDuration", default.max_retry_duration),
            min_backoff_duration: duration("minBackoffDuration", default.min_backoff_duration),
            max_backoff_duration: duration("maxBackoffDuration", default.max_backoff_duration),
            max_doublings: count("maxDoublings", default.max_doublings),
        }
    }
}

impl HttpTarget {
    /// Whom a token is for where nobody says it: the address that is called.
    pub(super) fn plan(&mut self, config: &HttpTarget) {
        let left_out = config.oidc_token.known().is_some_and(|token| token.audience.is_null());
        if let Attr::Known(token) = &mut self.oidc_token
            && left_out
        {
            token.audience = self.uri.clone();
        }
    }

    fn document(&self) -> Json {
        json!({
            "uri": self.uri.as_deref(),
            "httpMethod": self.http_method.as_deref(),
            "headers": map_document(&self.headers),
            "body": base64_of(&self.body),
            "oauthToken": self.oauth_token.known().map(|token| json!({
                "serviceAccountEmail": token.service_account_email.as_deref(),
                "scope": token.scope.as_deref(),
            })),
            "oidcToken": self.oidc_token.known().map(|token| json!({
                "serviceAccountEmail": token.service_account_email.as_deref(),
                "audience": token.audience.as_deref(),
            })),
        })
    }

    fn read(target: &Json, state: Option<&HttpTarget>) -> Self {
        let headers = state.map_or(Attr::Null, |state| state.headers.clone());
        let is_users = |key: &str| {
            let said = headers.known().is_some_and(|headers| headers.contains_key(key));
            let filled_in = key.eq_ignore_ascii_case("user-agent")
                || key.eq_ignore_ascii_case("content-type") && target["headers"][key] == BYTES;
            said || !filled_in
        };
        let (oauth, oidc) = (&target["oauthToken"], &target["oidcToken"]);
        let uri = target["uri"].as_str().unwrap_or_default();
        Self {
            uri: uri.into(),
            http_method: target["httpMethod"].as_str().unwrap_or("POST").into(),
            headers: map(&target["headers"], &headers, is_users),
            body: text_of(&target["body"], state.map(|state| &state.body)),
            oauth_token: oauth
                .is_object()
                .then(|| OAuth {
                    service_account_email: text(&oauth["serviceAccountEmail"], &Attr::Null),
                    scope: oauth["scope"].as_str().unwrap_or(SCOPE).into(),
                })
                .into(),
            oidc_token: oidc
                .is_object()
                .then(|| Oidc {
                    service_account_email: text(&oidc["serviceAccountEmail"], &Attr::Null),
                    audience: oidc["audience"].as_str().unwrap_or(uri).into(),
                })
                .into(),
        }
    }
}

impl PubSubTarget {
    fn document(&self) -> Json {
        json!({
            "topicName": self.topic.as_deref(),
            "data": base64_of(&self.data),
            "attributes": map_document(&self.attributes),
        })
    }

    fn read(target: &Json, state: Option<&PubSubTarget>) -> Self {
        let attributes = state.map_or(Attr::Null, |state| state.attributes.clone());
        Self {
            topic: text(&target["topicName"], &Attr::Null),
            data: text_of(&target["data"], state.map(|state| &state.data)),
            attributes: map(&target["attributes"], &attributes, |_| true),
        }
    }
}
