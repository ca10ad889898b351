//! The generated messages and services, and the few conversions that every user of them needs.

/// The provider's service.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
pub mod tfplugin6 {
    include!("generated/tfplugin6.rs");
}

/// go-plugin's own services.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
pub mod goplugin {
    include!("generated/plugin.rs");
}

/// The health service.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
pub mod health {
    include!("generated/grpc.health.v1.rs");
}

use crate::codec::CodecError;
use crate::json::{self, Objects};
use crate::{Type, Value, msgpack};

impl tfplugin6::DynamicValue {
    /// Encodes a value: always msgpack.
    pub fn encode(value: &Value, ty: &Type) -> Result<Self, CodecError> {
        Ok(tfplugin6::DynamicValue {
            msgpack: msgpack::encode(value, ty)?,
            json: Vec::new(),
        })
    }

    /// Decodes whichever encoding there is; nothing at all is null.
    pub fn decode(&self, ty: &Type) -> Result<Value, CodecError> {
        if !self.msgpack.is_empty() {
            msgpack::decode(&self.msgpack, ty)
        } else if !self.json.is_empty() {
            json::decode(&self.json, ty, Objects::Exact)
        } else {
            Ok(Value::Null)
        }
    }
}
