//! Cloud Logging v2: reading entries. <https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::endpoints::Service;
use crate::errors::Error;
use crate::http_json::{Call, Transport};

/// Cloud Logging.
#[derive(Clone)]
pub struct Logging {
    transport: Arc<Transport>,
}

/// An entry, as far as somebody reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// RFC 3339.
    pub timestamp: String,
    /// `INFO`, `ERROR`, …; empty where none was said.
    pub severity: String,
    /// The text, or the `message` of what is structured.
    pub message: String,
    /// What else is structured.
    pub fields: Vec<(String, String)>,
    /// The Cloud Run task that said it.
    pub task: Option<String>,
    /// The instance that said it, of a worker pool.
    pub instance: Option<String>,
}

/// Programs that write JSON put what they say under one of these.
const MESSAGE: [&str; 2] = ["message", "msg"];

impl LogEntry {
    fn from_json(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (mut message, mut severity) = (text("textPayload"), text("severity"));
        let mut fields = Vec::new();
        for (name, value) in entry["jsonPayload"].as_object().into_iter().flatten() {
            if message.is_empty() && MESSAGE.contains(&name.as_str()) {
                message = shown(value);
            } else if severity.is_empty() && name == "level" {
                severity = shown(value);
            } else {
                fields.push((name.clone(), shown(value)));
            }
        }
        let label = |name: &str| entry["labels"][name].as_str().map(str::to_owned);
        Self {
            timestamp: text("timestamp"),
            severity,
            message,
            fields,
            task: label("run.googleapis.com/task_index"),
            instance: label("instanceId"),
        }
    }
}

impl Logging {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// The newest entries of a project that a filter chooses: one page of at most so many, the newest first.
    ///
    /// # Errors
    /// When Cloud Logging refuses, such as a filter that it does not understand.
    pub async fn newest(&self, project: &str, filter: &str, most: u32) -> Result<Vec<LogEntry>, Error> {
        let body = json!({
            "resourceNames": [format!("projects/{project}")],
            "filter": filter,
            "orderBy": "timestamp desc",
            "pageSize": most,
        });
        let answer = Call::post(Service::Logging, "/v2/entries:list".into(), "read logs")
            .repeatable()
            .json(&body)
            .send_json(&self.transport)
            .await?;
        let entries = answer["entries"].as_array().into_iter().flatten();
        Ok(entries.map(LogEntry::from_json).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let entry = LogEntry::from_json(&json!({
            "timestamp": "t", "severity": "INFO", "labels": {"run.googleapis.com/task_index": "1"},
            "jsonPayload": {"message": "object done", "target": "headwater_extract", "rows": 7},
        }));
        assert_eq!(
            (entry.message.as_str(), entry.task.as_deref()),
            ("object done", Some("1"))
        );
        let fields: Vec<_> = entry.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(fields, [("target", "headwater_extract"), ("rows", "7")]);
        let plain = LogEntry::from_json(&json!({"textPayload": "plain", "labels": {"instanceId": "007f"}}));
        assert_eq!(
            (plain.message.as_str(), plain.instance.as_deref()),
            ("plain", Some("007f"))
        );
    }
}
