//! Salesforce's errors: an array of message and code under a status.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

use crate::soql::SoqlError;

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    pub fields: Vec<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: vec![],
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(crate) fn session() -> Self {
        Self::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    pub(crate) fn io(error: &std::io::Error) -> Self {
        Self::new(
            500,
            "UNKNOWN_EXCEPTION",
            format!("An unexpected error occurred: {error}"),
        )
    }

    /// The object of the array.
    pub(crate) fn json(&self) -> Value {
        let mut value = json!({ "message": self.message, "errorCode": self.code });
        if !self.fields.is_empty() {
            value["fields"] = self.fields.clone().into();
        }
        value
    }

    pub(crate) fn response(&self) -> Response {
        json_response(self.status, &json!([self.json()]))
    }
}

impl From<SoqlError> for ApiError {
    fn from(error: SoqlError) -> Self {
        Self::new(400, error.code, error.message)
    }
}

/// A JSON answer.
pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    bytes_response(status, "application/json;charset=UTF-8", body.to_string().into_bytes())
}

/// An answer of any type.
pub(crate) fn bytes_response(status: u16, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
