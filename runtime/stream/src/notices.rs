//! What a stream tells its users by the topics that they named: how it stands, and what somebody should look at. A notice
//! that cannot be sent is logged and holds nothing up.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{SecondsFormat, Utc};
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::model::Message;
use headwater_cloud::Cloud;
use headwater_spec::CdcStreamSpec;
use serde_json::{Value, json};

/// The two topics.
pub(crate) struct Notices {
    pipeline: String,
    status: Option<Publisher>,
    alert: Option<Publisher>,
    /// Kinds of dead letters of which there was a notice.
    told: Mutex<BTreeSet<&'static str>>,
}

impl Notices {
    pub async fn open(pipeline: &str, stream: &CdcStreamSpec, cloud: &Cloud) -> Result<Self, headwater_cloud::Error> {
        let open = async |topic: &Option<String>| -> Result<Option<Publisher>, headwater_cloud::Error> {
            Ok(match topic {
                Some(topic) => Some(cloud.publisher(topic, 1).await?),
                None => None,
            })
        };
        Ok(Self {
            pipeline: pipeline.to_owned(),
            status: open(&stream.status_topic).await?,
            alert: open(&stream.alert_topic).await?,
            told: Mutex::default(),
        })
    }

    /// How the stream stands: `started`, `stopped`, `columns_added`, `repaired`, `scaled`.
    pub async fn status(&self, event: &str, details: Value) {
        self.send(self.status.as_ref(), event, details).await;
    }

    /// A part of the stream, `applier` or `bridge`, has ended with an error.
    pub async fn failed(&self, part: &str, code: &str, message: &str, hint: &str) {
        let details = json!({"part": part, "code": code, "message": message, "hint": hint});
        self.alert("failed", details).await;
    }

    /// What somebody should look at.
    async fn alert(&self, event: &str, details: Value) {
        self.send(self.alert.as_ref(), event, details).await;
    }

    /// A message went to the dead letters: an alert for the first of its kind that this worker meets.
    pub async fn dead_letter(&self, code: &'static str, reason: &str) {
        let first = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(code);
        if first {
            self.alert("dead_letter", json!({"code": code, "reason": reason})).await;
        }
    }

    async fn send(&self, publisher: Option<&Publisher>, event: &str, details: Value) {
        let Some(publisher) = publisher else { return };
        let notice = json!({
            "pipeline": self.pipeline,
            "event": event,
            "at": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "details": details,
        });
        let attributes = [("pipeline", self.pipeline.as_str()), ("event", event)];
        let message = Message::new().set_data(notice.to_string()).set_attributes(attributes);
        if let Err(error) = publisher.publish(message).await {
            tracing::warn!(event, reason = %error, "a notice was not sent");
        }
    }
}
