//! The HTTP side that all services share: calls, answers, routing, partial responses, the server itself.
//! Nothing here knows a service.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod fields;
pub(crate) mod gunzip;
pub(crate) mod message;
pub(crate) mod patch;
pub(crate) mod record;
pub(crate) mod route;
pub(crate) mod server;
