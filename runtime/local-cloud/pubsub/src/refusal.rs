//! Refusals in Google's words: a canonical code, a message, sometimes an `ErrorInfo`. The same one is answered as a gRPC
//! status and as a JSON body.

use prost::Message;
use serde_json::{Value, json};
use tonic::Code;

use crate::wire::rpc::{ErrorInfo, Status};

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) info: Option<Box<ErrorInfo>>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            info: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    /// `name` is the whole name of a resource; Google says its last part.
    pub(crate) fn not_found(name: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("Resource not found (resource={}).", short(name)),
        )
    }

    pub(crate) fn exists(name: &str) -> Self {
        Self::new(
            Code::AlreadyExists,
            format!("Resource already exists in the project (resource={}).", short(name)),
        )
    }

    /// The call or setting is Google's but not served here.
    pub(crate) fn unimplemented(what: impl std::fmt::Display) -> Self {
        Self::new(Code::Unimplemented, format!("{what} is not served by the local cloud"))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The server is about to stop; the client is to connect again.
    pub(crate) fn stopping() -> Self {
        Self::new(Code::Unavailable, "The service is shutting down; try again.")
    }

    /// HTTP's status, and the code's name in a JSON body.
    pub(crate) fn http(&self) -> (u16, &'static str) {
        match self.code {
            Code::Ok => (200, "OK"),
            Code::Cancelled => (499, "CANCELLED"),
            Code::Unknown => (500, "UNKNOWN"),
            Code::InvalidArgument => (400, "INVALID_ARGUMENT"),
            Code::DeadlineExceeded => (504, "DEADLINE_EXCEEDED"),
            Code::NotFound => (404, "NOT_FOUND"),
            Code::AlreadyExists => (409, "ALREADY_EXISTS"),
            Code::PermissionDenied => (403, "PERMISSION_DENIED"),
            Code::ResourceExhausted => (429, "RESOURCE_EXHAUSTED"),
            Code::FailedPrecondition => (400, "FAILED_PRECONDITION"),
            Code::Aborted => (409, "ABORTED"),
            Code::OutOfRange => (400, "OUT_OF_RANGE"),
            Code::Unimplemented => (501, "UNIMPLEMENTED"),
            Code::Internal => (500, "INTERNAL"),
            Code::Unavailable => (503, "UNAVAILABLE"),
            Code::DataLoss => (500, "DATA_LOSS"),
            Code::Unauthenticated => (401, "UNAUTHENTICATED"),
        }
    }

    /// The body of an HTTP error.
    pub(crate) fn body(&self) -> Value {
        let (code, status) = self.http();
        let mut error = json!({ "code": code, "message": self.message, "status": status });
        if let Some(info) = &self.info {
            error["details"] = json!([{
                "@type": ERROR_INFO,
                "reason": info.reason,
                "domain": info.domain,
                "metadata": info.metadata,
            }]);
        }
        json!({ "error": error })
    }
}

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

impl From<Refusal> for tonic::Status {
    fn from(refusal: Refusal) -> Self {
        let Some(info) = refusal.info else {
            return tonic::Status::new(refusal.code, refusal.message);
        };
        let details = Status {
            code: refusal.code.into(),
            message: refusal.message.clone(),
            details: vec![prost_types::Any {
                type_url: ERROR_INFO.to_owned(),
                value: info.encode_to_vec(),
            }],
        };
        tonic::Status::with_details(refusal.code, refusal.message, details.encode_to_vec().into())
    }
}

fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
