//! Messages become events. What is none is poison, with a reason that holds no value.

mod debezium;
mod mapping;
mod salesforce;

use std::borrow::Cow;
use std::fmt;

use headwater_spec::{CdcStreamSpec, MessageFormat, StreamSource};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
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
    pub fn decode<'m>(&self, data: &'m [u8], published: i64) -> Result<Option<Event<'m>>, Poison> {
        let data = std::str::from_utf8(data).map_err(|_| Poison::malformed("the message is not UTF-8"))?;
        match &self.format {
            MessageFormat::Salesforce => salesforce::decode(data),
            MessageFormat::Debezium(settings) => debezium::decode(data, settings, published),
            MessageFormat::Mapping(mapping) => mapping::decode(data, mapping, self.only.as_deref(), published),
        }
    }
}

/// The members of a JSON object in their order, each as its text: no digit of a number is lost.
#[derive(Debug, Default)]
struct Members<'m>(Vec<(Cow<'m, str>, &'m RawValue)>);

impl<'de: 'm, 'm> Deserialize<'de> for Members<'m> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Text(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visit).map(Members)
    }
}

/// A text, which lies in the message unless it holds escapes.
#[derive(Debug, Default, serde::Deserialize)]
struct Text<'m>(#[serde(borrow)] Cow<'m, str>);

fn members(json: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    serde_json::from_str::<Members<'_>>(json.get())
        .ok()
        .map(|members| members.0)
}

/// The words of a JSON error that say where, not what stands there.
fn place(error: &serde_json::Error) -> String {
    format!(
        "the message is not the expected JSON at line {} column {}",
        error.line(),
        error.column()
    )
}
