//! Errors of the Pub/Sub API: a gRPC status, with Salesforce's own code and the id of the call in its trailers.
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html>

use std::sync::atomic::{AtomicU64, Ordering};

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

const PREFIX: &str = "sfdc.platform.eventbus.grpc.";

/// An id for the caller's log.
pub(super) fn rpc_id() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    let n = CALLS.fetch_add(1, Ordering::Relaxed);
    let (a, b) = (crate::rng::mix(n, 1), crate::rng::mix(n, 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// A refusal with a code of the documentation, without its common beginning.
pub(super) fn refusal(status: Code, code: &str, message: &str) -> Status {
    let id = rpc_id();
    let mut trailers = MetadataMap::new();
    for (name, value) in [("error-code", format!("{PREFIX}{code}")), ("rpc-id", id.clone())] {
        if let Ok(value) = value.parse() {
            trailers.insert(name, value);
        }
    }
    Status::with_metadata(status, format!("{message} rpcId: {id}"), trailers)
}

pub(super) fn session() -> Status {
    let message = "An authentication exception occurred. Provide valid authentication via metadata headers.";
    refusal(Code::Unauthenticated, "service.auth.error", message)
}

pub(super) fn headers() -> Status {
    let message = "The authentication headers accesstoken, instanceurl and tenantid are invalid or blank.";
    refusal(Code::Unauthenticated, "service.auth.headers.invalid", message)
}

pub(super) fn unavailable() -> Status {
    let message = "The Pub/Sub API service is unavailable.";
    refusal(Code::Unavailable, "service.unavailable", message)
}

pub(super) fn throttled() -> Status {
    let message = "Excessive connections or requests were made to the service.";
    refusal(Code::ResourceExhausted, "service.protection.triggered", message)
}

pub(super) fn delivery_limit() -> Status {
    let message = "You have exceeded the event delivery limit for your org.";
    refusal(Code::ResourceExhausted, "subscription.limit.exceeded", message)
}

pub(super) fn replay_id() -> Status {
    let message = "The Replay ID validation failed. Ensure that the Replay ID is valid.";
    refusal(Code::InvalidArgument, "subscription.fetch.replayid.corrupted", message)
}

pub(super) fn topic() -> Status {
    refusal(Code::NotFound, "topic.not.found", "The topic name was not found.")
}

pub(super) fn internal(error: &dyn std::fmt::Display) -> Status {
    let message = format!("An internal error occurred: {error}.");
    refusal(Code::Internal, "subscription.internal.error", &message)
}
