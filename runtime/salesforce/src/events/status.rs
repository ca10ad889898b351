//! What a gRPC status of the event bus means: Salesforce's own code in the trailers first, then the status.
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html>

use tonic::{Code, Status};

use crate::{Error, Kind};

const PREFIX: &str = "sfdc.platform.eventbus.grpc.";

/// The error of a call.
pub(super) fn error_of(request: &str, status: &Status) -> Error {
    let code = status.metadata().get("error-code").and_then(|v| v.to_str().ok());
    let kind = classify(status.code(), code.unwrap_or(""));
    Error::Api {
        request: request.to_owned(),
        status: http_status(status.code()),
        code: code.map_or_else(|| format!("{:?}", status.code()), str::to_owned),
        message: status.message().chars().take(2000).collect(),
        kind,
    }
}

fn classify(status: Code, code: &str) -> Kind {
    match code.strip_prefix(PREFIX).unwrap_or(code) {
        "subscription.fetch.replayid.corrupted" | "subscription.fetch.replayid.validation.failed" => Kind::Position,
        "topic.not.found" => Kind::Object,
        "service.auth.error" => Kind::Session,
        "subscription.limit.exceeded" => Kind::Limit,
        "topic.meta.permission" | "schema.meta.permission" | "subscription.topic.cannot.subscribe" => Kind::Access,
        "service.tenant.license" => Kind::Disabled,
        "service.protection.triggered"
        | "service.protection.stream.limit.triggered"
        | "concurrent.client.limit.exceeded" => Kind::Throttled,
        _ => match status {
            Code::Unauthenticated => Kind::Session,
            Code::PermissionDenied => Kind::Access,
            Code::NotFound => Kind::NotFound,
            Code::ResourceExhausted => Kind::Throttled,
            Code::Unimplemented => Kind::Disabled,
            // A connection that breaks shows as any of these.
            Code::Unavailable
            | Code::Internal
            | Code::Unknown
            | Code::Cancelled
            | Code::Aborted
            | Code::DataLoss
            | Code::DeadlineExceeded => Kind::Unavailable,
            Code::Ok | Code::InvalidArgument | Code::AlreadyExists | Code::FailedPrecondition | Code::OutOfRange => {
                Kind::Unknown
            }
        },
    }
}

/// The HTTP status that says the same, for run records.
fn http_status(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::Aborted | Code::AlreadyExists => 409,
        Code::ResourceExhausted => 429,
        Code::Cancelled => 499,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salesforces_code_goes_before_the_status() {
        let kind = |status, code: &str| classify(status, &format!("{PREFIX}{code}"));
        for (status, code, expected) in [
            (
                Code::InvalidArgument,
                "subscription.fetch.replayid.corrupted",
                Kind::Position,
            ),
            (Code::InvalidArgument, "subscription.fetch.overflow", Kind::Unknown),
            (Code::NotFound, "topic.not.found", Kind::Object),
            (Code::ResourceExhausted, "subscription.limit.exceeded", Kind::Limit),
            (Code::ResourceExhausted, "service.protection.triggered", Kind::Throttled),
            (Code::Unauthenticated, "service.auth.error", Kind::Session),
            (Code::Unavailable, "", Kind::Unavailable),
        ] {
            assert_eq!(kind(status, code), expected, "{code}");
        }
    }
}
