//! Schemas of messages: what a definition says, whether a message follows it, whether a revision may follow another.

mod avro;
mod proto;

use crate::refusal::Refusal;
use crate::wire::pubsub::Encoding;
use crate::wire::pubsub::schema::Type;

/// A definition that was understood.
#[derive(Debug)]
pub(crate) enum Compiled {
    Avro(avro::Avro),
    Proto(proto::Proto),
}

impl Compiled {
    pub(crate) fn new(kind: Type, definition: &str) -> Result<Compiled, Refusal> {
        let refuse = |why: String| Refusal::invalid(format!("Could not parse the schema definition: {why}"));
        match kind {
            Type::Avro => avro::Avro::parse(definition).map(Compiled::Avro).map_err(refuse),
            Type::ProtocolBuffer => proto::Proto::parse(definition).map(Compiled::Proto).map_err(refuse),
            Type::Unspecified => Err(Refusal::invalid("Invalid schema type")),
        }
    }

    /// Whether a message follows the schema; if not, why, without its values.
    pub(crate) fn check(&self, message: &[u8], encoding: Encoding) -> Result<(), String> {
        match (self, encoding) {
            (Compiled::Avro(avro), Encoding::Json) => avro.check_json(message),
            (Compiled::Avro(avro), Encoding::Binary) => avro.check_binary(message),
            (Compiled::Proto(proto), Encoding::Json) => proto.check_json(message),
            (Compiled::Proto(proto), Encoding::Binary) => proto.check_binary(message),
            (_, Encoding::Unspecified) => Err("the encoding is not set".into()),
        }
    }

    /// A message as a JSON object of its fields, as BigQuery takes it.
    pub(crate) fn fields(&self, message: &[u8], encoding: Encoding) -> Result<serde_json::Value, String> {
        match self {
            Compiled::Avro(avro) => avro.fields(message, encoding == Encoding::Binary),
            Compiled::Proto(proto) => proto.fields(message, encoding == Encoding::Binary),
        }
    }

    /// Whether messages of either can be read as the other.
    pub(crate) fn compatible(&self, next: &Compiled) -> Result<(), String> {
        match (self, next) {
            (Compiled::Avro(old), Compiled::Avro(new)) => old.compatible(new),
            (Compiled::Proto(old), Compiled::Proto(new)) => old.compatible(new),
            _ => Err("the type of a schema cannot change".into()),
        }
    }
}
