//! Answers in Google's shapes: JSON resources and the error body that all of Google's clients parse.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::blobs::ReceiveError;
use crate::store::StoreError;

/// What a handler gives back.
pub(crate) type Answer = Result<Response, ApiError>;

/// An error as Google words it: <https://cloud.google.com/apis/design/errors>, with the `errors` list that Cloud Storage
/// and BigQuery add.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) status: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
    /// Cloud Storage answers errors of media requests in plain text.
    plain: bool,
}

impl ApiError {
    pub(crate) fn new(code: u16, status: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        ApiError {
            code,
            status,
            reason,
            message: message.into(),
            retry_after: None,
            plain: false,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", "invalid", message)
    }

    /// 400 because of the state something is in, not because of the request itself.
    pub(crate) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(400, "FAILED_PRECONDITION", "failedPrecondition", message)
    }

    pub(crate) fn required(what: &str) -> Self {
        Self::new(
            400,
            "INVALID_ARGUMENT",
            "required",
            format!("Required parameter: {what}"),
        )
    }

    pub(crate) fn forbidden(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(403, "PERMISSION_DENIED", reason, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", "notFound", message)
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "ALREADY_EXISTS", "conflict", message)
    }

    /// 409 because the caller worked from an older version.
    pub(crate) fn aborted(message: impl Into<String>) -> Self {
        Self::new(409, "ABORTED", "aborted", message)
    }

    pub(crate) fn condition_not_met() -> Self {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Self::new(412, "FAILED_PRECONDITION", "conditionNotMet", message)
    }

    /// The conditional read found nothing newer.
    pub(crate) fn not_modified() -> Self {
        Self::new(304, "OK", "notModified", "")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "INTERNAL", "backendError", message)
    }

    /// The call is Google's but not served here.
    pub(crate) fn unimplemented(what: impl std::fmt::Display) -> Self {
        Self::new(
            501,
            "UNIMPLEMENTED",
            "notImplemented",
            format!("{what} is not served by the local cloud"),
        )
    }

    /// The name of Google's canonical code for an HTTP status.
    pub(crate) fn status_of(code: u16) -> &'static str {
        match code {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            412 => "FAILED_PRECONDITION",
            416 => "OUT_OF_RANGE",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            _ => "INTERNAL",
        }
    }

    pub(crate) fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    /// The body under `error`.
    pub(crate) fn body(&self) -> Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "errors": [{ "message": self.message, "domain": "global", "reason": self.reason }],
        } })
    }

    /// The same as google.rpc.Status, for long-running operations.
    pub(crate) fn rpc_status(&self) -> Value {
        let code = match self.status {
            "CANCELLED" => 1,
            "INVALID_ARGUMENT" => 3,
            "DEADLINE_EXCEEDED" => 4,
            "NOT_FOUND" => 5,
            "ALREADY_EXISTS" => 6,
            "PERMISSION_DENIED" => 7,
            "RESOURCE_EXHAUSTED" => 8,
            "FAILED_PRECONDITION" => 9,
            "ABORTED" => 10,
            "UNIMPLEMENTED" => 12,
            "UNAVAILABLE" => 14,
            _ => 13,
        };
        json!({ "code": code, "message": self.message })
    }

    pub(crate) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = if status == StatusCode::NOT_MODIFIED {
            Response::new(Body::empty())
        } else if self.plain {
            let mut response = Response::new(Body::from(self.message.clone()));
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=UTF-8"),
            );
            response
        } else {
            json_response(&self.body())
        };
        *response.status_mut() = status;
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        ApiError::internal(chain(&error))
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        ApiError::internal(format!("the local cloud's disk: {error}"))
    }
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Body(_) => ApiError::invalid(error.to_string()),
            ReceiveError::Disk(_) => ApiError::internal(chain(&error)),
        }
    }
}

impl From<std::convert::Infallible> for ApiError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// 200 with a JSON body.
pub(crate) fn ok(value: &Value) -> Answer {
    Ok(json_response(value))
}

/// 204 without a body.
pub(crate) fn no_content() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A response with a JSON body.
pub(crate) fn json_response(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=0, no-cache"),
    );
    response
}
