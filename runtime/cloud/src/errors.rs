//! The one error of this crate: its kind, Google's reason, what to do about it, and whether to try again.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, across all services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The resource does not exist.
    NotFound,
    /// A resource of that name exists already.
    AlreadyExists,
    /// A generation, metageneration or etag was not the expected one.
    PreconditionFailed,
    /// Somebody changed the resource at the same time.
    Conflict,
    /// The resource's state forbids it: a bucket or dataset that is not empty, a job that is still running.
    FailedPrecondition,
    /// The credential lacks a permission, or the API is not enabled.
    PermissionDenied,
    /// There is no credential, or Google does not accept it.
    Unauthenticated,
    /// The request itself is wrong.
    Invalid,
    /// Too many requests for the moment.
    RateLimited,
    /// A quota is used up; waiting a moment does not help.
    QuotaExceeded,
    /// No connection could be made: the request was certainly not carried out.
    Unreachable,
    /// The service failed, or its answer was lost: the request may have been carried out.
    Unavailable,
    /// The service does not know the call (501).
    Unsupported,
    /// The time allowed ran out while waiting.
    DeadlineExceeded,
    /// A job or operation ended in failure by its own account.
    Failed,
    /// An answer that does not follow the service's documentation.
    Unexpected,
}

impl Kind {
    /// Whether the same request may succeed when sent again.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Kind::RateLimited | Kind::Unreachable | Kind::Unavailable => true,
            Kind::NotFound
            | Kind::AlreadyExists
            | Kind::PreconditionFailed
            | Kind::Conflict
            | Kind::FailedPrecondition
            | Kind::PermissionDenied
            | Kind::Unauthenticated
            | Kind::Invalid
            | Kind::QuotaExceeded
            | Kind::Unsupported
            | Kind::DeadlineExceeded
            | Kind::Failed
            | Kind::Unexpected => false,
        }
    }

    /// Whether the request was certainly not carried out, so that even a request with effects may be sent again.
    #[must_use]
    pub fn is_certainly_not_done(self) -> bool {
        matches!(self, Kind::RateLimited | Kind::Unreachable)
    }

    fn default_hint(self) -> &'static str {
        match self {
            Kind::NotFound => "check the name, the project and the region; it may have been deleted",
            Kind::AlreadyExists => "choose another name, or import the existing resource",
            Kind::PreconditionFailed | Kind::Conflict => "somebody changed it at the same time; run again",
            Kind::FailedPrecondition => "the resource is in use or not empty",
            Kind::PermissionDenied => {
                "grant the identity the missing role, and enable the API in the project (`gcloud services enable`)"
            }
            Kind::Unauthenticated => {
                "run `gcloud auth application-default login`, or set credentials (HEADWATER_CREDENTIALS)"
            }
            Kind::Invalid => "the request was refused as it stands; the message says what is wrong",
            Kind::RateLimited => "wait a little and run again",
            Kind::QuotaExceeded => "wait until the quota renews, or ask for more in the Google Cloud console",
            Kind::Unreachable => {
                "check the network and the endpoint (HEADWATER_ENDPOINT); a local cloud is started with `headwater local up`"
            }
            Kind::Unavailable => "the service failed for the moment; run again",
            Kind::Unsupported => {
                "this endpoint does not offer the call; a local cloud lists what it supports in its support matrix"
            }
            Kind::DeadlineExceeded => "raise the time-out, or look at the resource's state before running again",
            Kind::Failed => "the message says why; mend it and run again",
            Kind::Unexpected => "check that the endpoint is a Google API; if it is, this is a bug worth reporting",
        }
    }
}

/// A failed request: what was attempted, what the service said, what to do.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    action: String,
    message: String,
    reason: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    hint: Option<String>,
    source: Option<Source>,
}

impl Error {
    /// An error of a kind: `action` is what was attempted (`create bucket `x``), `message` what happened.
    pub fn new(kind: Kind, action: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            action: action.into(),
            message: message.into(),
            reason: None,
            status: None,
            retry_after: None,
            hint: None,
            source: None,
        }))
    }

    /// Replaces the advice that the kind gives by itself.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_reason(mut self, reason: Option<String>) -> Self {
        self.0.reason = reason;
        self
    }

    pub(crate) fn with_status(mut self, status: Option<u16>) -> Self {
        self.0.status = status;
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What was attempted.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.0.action
    }

    /// The service's message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Google's machine-readable reason (`notFound`, `duplicate`, `SERVICE_DISABLED`, …), when one was sent.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// How long the service asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the reader can do.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.0.hint.as_deref().unwrap_or_else(|| self.0.kind.default_hint())
    }

    /// Whether it means that the resource is absent.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Classifies an HTTP answer of a Google API by status, reason and body.
    pub(crate) fn from_answer(action: &str, deleting: bool, status: u16, body: &[u8]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        let error = parsed
            .as_ref()
            .map(|body| &body["error"])
            .filter(|error| error.is_object());
        let message = error
            .and_then(|error| error["message"].as_str())
            .map_or_else(|| plain_message(status, body), str::to_owned);
        let code = error.and_then(|error| error["status"].as_str()).unwrap_or_default();
        let reason = error.and_then(reason_of);
        let kind = classify(status, code, reason.as_deref().unwrap_or_default(), deleting);
        Self::new(kind, action, message)
            .with_reason(reason)
            .with_status(Some(status))
    }

    /// Classifies what the official storage client reports.
    pub(crate) fn from_gax(action: &str, error: google_cloud_gax::error::Error) -> Self {
        if let (Some(status), Some(body)) = (error.http_status_code(), error.http_payload()) {
            return Self::from_answer(action, false, status, body);
        }
        if let Some(status) = error.http_status_code() {
            let (code, text) = error.status().map_or_else(
                || (String::new(), format!("the service answered {status}")),
                |rpc| (rpc.code.name().to_owned(), rpc.message.clone()),
            );
            let kind = classify(status, &code, "", false);
            return Self::new(kind, action, text)
                .with_status(Some(status))
                .with_source(error);
        }
        let kind = if error.is_authentication() {
            Kind::Unauthenticated
        } else if error.is_connect() {
            Kind::Unreachable
        } else if error.is_binding() || error.is_serialization() {
            Kind::Invalid
        } else {
            Kind::Unavailable
        };
        Self::new(kind, action, "the request failed").with_source(error)
    }
}

fn reason_of(error: &Value) -> Option<String> {
    let details = error["details"].as_array().into_iter().flatten();
    let info = details.filter_map(|detail| detail["reason"].as_str()).next();
    let first = error["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["reason"].as_str())
        .next();
    info.or(first).map(str::to_owned)
}

fn plain_message(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') || text.len() > 500 {
        format!("the service answered with status {status}")
    } else {
        text.to_owned()
    }
}

/// Total over status, google.rpc code and BigQuery's reasons, which are a contract.
pub(crate) fn classify(status: u16, code: &str, reason: &str, deleting: bool) -> Kind {
    match reason {
        "rateLimitExceeded"
        | "userRateLimitExceeded"
        | "jobRateLimitExceeded"
        | "tableUnavailable"
        | "RATE_LIMIT_EXCEEDED" => return Kind::RateLimited,
        "quotaExceeded" | "dailyLimitExceeded" => return Kind::QuotaExceeded,
        "backendError" | "internalError" | "jobBackendError" | "jobInternalError" => return Kind::Unavailable,
        "resourceInUse" | "resourcesExceeded" => return Kind::FailedPrecondition,
        _ => {}
    }
    match (status, code) {
        (400, "FAILED_PRECONDITION") => Kind::FailedPrecondition,
        (404 | 410, _) => Kind::NotFound,
        (409, "ABORTED") => Kind::Conflict,
        (409, _) if deleting => Kind::FailedPrecondition,
        (409, _) => Kind::AlreadyExists,
        (304 | 412, _) => Kind::PreconditionFailed,
        (401, _) => Kind::Unauthenticated,
        (403, _) => Kind::PermissionDenied,
        (429, "RESOURCE_EXHAUSTED" | "") => Kind::RateLimited,
        (429, _) => Kind::RateLimited,
        (501, _) => Kind::Unsupported,
        (408 | 500 | 502 | 503 | 504, _) => Kind::Unavailable,
        (400..=499, _) => Kind::Invalid,
        (500..=599, _) => Kind::Unavailable,
        _ => Kind::Unexpected,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.action, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("action", &self.0.action)
            .field("message", &self.0.message)
            .field("reason", &self.0.reason)
            .field("status", &self.0.status)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Turns "not found" into absence.
pub trait OptionalExt<T> {
    /// `Ok(None)` when the resource does not exist.
    ///
    /// # Errors
    /// Every other error.
    fn optional(self) -> Result<Option<T>, Error>;
}

impl<T> OptionalExt<T> for Result<T, Error> {
    fn optional(self) -> Result<Option<T>, Error> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_classified() {
        let body = |code: &str, reason: &str| {
            serde_json::json!({"error": {"code": 1, "message": "m", "status": code, "errors": [{"reason": reason}]}})
                .to_string()
        };
        let cases = [
            (404, body("NOT_FOUND", "notFound"), false, Kind::NotFound),
            (409, body("ALREADY_EXISTS", "duplicate"), false, Kind::AlreadyExists),
            (409, body("", "conflict"), true, Kind::FailedPrecondition),
            (409, body("ABORTED", ""), false, Kind::Conflict),
            (412, body("", "conditionNotMet"), false, Kind::PreconditionFailed),
            (400, body("INVALID_ARGUMENT", "invalid"), false, Kind::Invalid),
            (400, body("FAILED_PRECONDITION", ""), false, Kind::FailedPrecondition),
            (400, body("", "resourceInUse"), true, Kind::FailedPrecondition),
            (403, body("", "rateLimitExceeded"), false, Kind::RateLimited),
            (403, body("", "quotaExceeded"), false, Kind::QuotaExceeded),
            (403, body("", "accessDenied"), false, Kind::PermissionDenied),
            (401, String::new(), false, Kind::Unauthenticated),
            (429, String::new(), false, Kind::RateLimited),
            (501, body("UNIMPLEMENTED", ""), false, Kind::Unsupported),
            (503, "<html>".into(), false, Kind::Unavailable),
            (502, String::new(), false, Kind::Unavailable),
        ];
        for (status, body, deleting, kind) in cases {
            let error = Error::from_answer("do it", deleting, status, body.as_bytes());
            assert_eq!(error.kind(), kind, "{status} {body}");
            assert!(error.to_string().starts_with("do it: "));
            assert!(!error.to_string().contains("<html>"));
        }
    }

    #[test]
    fn error_info_outranks_the_list() {
        let body = r#"{"error":{"code":403,"message":"off","status":"PERMISSION_DENIED","details":[{"@type":"x"},{"reason":"SERVICE_DISABLED"}],"errors":[{"reason":"forbidden"}]}}"#;
        let error = Error::from_answer("x", false, 403, body.as_bytes());
        assert_eq!(error.reason(), Some("SERVICE_DISABLED"));
        assert!(error.hint().contains("enable the API"));
    }
}
