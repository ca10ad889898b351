//! The wire of Salesforce's Pub/Sub API: messages, client and server of the package `eventbus.v1`, made of `proto/`.
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/overview>
//!
//! One contract for the client in `runtime/salesforce` and the simulator in `runtime/salesforce-org`, which alone may depend
//! on it. It refuses to know what an event means, how it is encoded, and who may read it.

#![allow(missing_docs, clippy::all, unused_qualifications, reason = "generated code")]

include!("generated/eventbus.v1.rs");
