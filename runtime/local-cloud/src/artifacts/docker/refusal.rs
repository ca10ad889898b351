//! Errors as the protocol has them: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::blobs::ReceiveError;
use crate::http::answer::{ApiError, chain, json_response};
use crate::store::StoreError;

/// Why a call is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn name_unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message)
    }

    pub(super) fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    pub(super) fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    pub(super) fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message });
        let mut response = json_response(&json!({ "errors": [error] }));
        *response.status_mut() = self.status;
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", chain(&error))
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        let message = format!("the local cloud's disk: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", message)
    }
}

impl From<ReceiveError> for Refusal {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Body(_) => Self::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", error.to_string()),
            ReceiveError::Disk(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", chain(&error)),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, "UNKNOWN", error.message)
    }
}
