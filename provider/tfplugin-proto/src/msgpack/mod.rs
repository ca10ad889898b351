//! Terraform's msgpack encoding of values, always read and written against a type.
//!
//! Numbers stay exact, unknown values keep their refinements. Any input gives a value or an error: lengths are checked
//! against the bytes that are there, nesting is bounded.
//! Reference: <https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/object-wire-format.md>

mod read;
mod write;

use crate::codec::{CodecError, Result};
use crate::{Type, Value};

/// Ext type of an unknown value with refinements; every other one is an unknown value about which nothing is known.
const REFINED: i8 = 12;

/// Decodes one value of this type.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value> {
    let mut reader = read::Reader::new(bytes);
    let value = read::value(&mut reader, ty, 0)?;
    match reader.remaining() {
        0 => Ok(value),
        rest => Err(CodecError::TrailingBytes(rest)),
    }
}

/// Encodes a value of this type.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(256);
    write::value(&mut out, value, ty, 0)?;
    Ok(out)
}
