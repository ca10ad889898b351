//! The wire of Terraform's plugin protocol 6: messages and services, the go-plugin handshake with mutual TLS,
//! and the encodings of values.
//!
//! It refuses to know what a resource is, how a plan is made, and anything about Google or Salesforce.
//! Only `tfplugin-framework` depends on it.

mod codec;
#[doc(hidden)]
pub mod fuzz;
pub mod json;
pub mod msgpack;
pub mod plugin;
mod value;
pub mod wire;

pub use codec::CodecError;
pub use value::{Bound, Refinements, Type, TypeError, Value};
