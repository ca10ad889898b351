//! The executor of `cdc_stream`: change events → Pub/Sub → a changelog and a current table for each entity.
//!
//! It has two halves that meet only in the topic. The *bridge* brings Salesforce's change events into it, in order, and
//! keeps its position in the lake; the *applier* brings what it pulls into BigQuery and acknowledges what is durable there.
//! Between them stands the message of one record's change ([`ChangeMessage`]). Beside them [`scale`] keeps as many workers as
//! what waits asks for.
//!
//! It knows the contract (`headwater-spec`), Google Cloud (`headwater-cloud`) and Salesforce (`headwater-salesforce`). It
//! refuses to know HCL, Terraform, command lines, and whether the cloud is Google's or a laptop's. Only `runtime` and tests
//! may depend on it.

pub mod apply;
pub mod bridge;
mod errors;
mod message;
mod notices;
mod scaling;

pub use errors::{Error, Result};
pub use message::{ChangeMessage, ChangeType, MessageError};
pub use scaling::scale;
