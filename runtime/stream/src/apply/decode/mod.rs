//! Messages become events. What is none is poison, with a reason that holds no value.

mod debezium;
mod mapping;
mod salesforce;

use std::collections::BTreeMap;

use headwater_spec::{CdcStreamSpec, MessageFormat, StreamSource};

use serde_json::value::RawValue;

use super::event::Event;

/// Why a message cannot be applied: a code for counting, and words for whoever reads the dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    pub code: &'static str,
    pub reason: String,
}

impl Poison {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// Not JSON, or not of the shape.
    fn malformed(reason: impl Into<String>) -> Self {
        Self::new("malformed", reason)
    }

    /// JSON without something that a change must have.
    fn incomplete(what: &str) -> Self {
        Self::new("incomplete", format!("the message has no {what}"))
    }
}

/// How the messages of a stream are read.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    format: MessageFormat,
    /// The one entity, when there is only one.
    only: Option<String>,
}

impl Decoder {
    pub fn new(spec: &CdcStreamSpec) -> Self {
        let format = match &spec.source {
            StreamSource::Salesforce(_) => MessageFormat::Salesforce,
            StreamSource::Subscription(source) => source.format.clone(),
        };
        let mut names = spec.entities.keys();
        let only = match (names.next(), names.next()) {
            (Some(name), None) => Some(name.clone()),
            _ => None,
        };
        Self { format, only }
    }

    /// The event of a message; `None`: it says nothing that concerns a table. `published` is in microseconds.
    pub fn decode(&self, data: &[u8], published: i64) -> Result<Option<Event>, Poison> {
        match &self.format {
            MessageFormat::Salesforce => salesforce::decode(data),
            MessageFormat::Debezium(settings) => debezium::decode(data, settings, published),
            MessageFormat::Mapping(mapping) => mapping::decode(data, mapping, self.only.as_deref(), published),
        }
    }
}

/// The members of a JSON object, each as its text: no digit of a number is lost.
fn members(json: &RawValue) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(json.get()).ok()
}

/// The words of a JSON error that say where, not what stands there.
fn place(error: &serde_json::Error) -> String {
    format!(
        "the message is not the expected JSON at line {} column {}",
        error.line(),
        error.column()
    )
}
