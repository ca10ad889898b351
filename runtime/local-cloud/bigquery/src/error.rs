//! Faults in BigQuery's words: a reason, a message, an HTTP status; and the error of opening the store.
//! Nothing here knows HTTP's types or DuckDB's.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Why the local BigQuery could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory could not be prepared.
    #[error("the directory {} cannot be prepared", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// DuckDB refused the database file (often: another process holds it).
    #[error("the warehouse {} cannot be opened: {message}", path.display())]
    Warehouse {
        /// The database file.
        path: PathBuf,
        /// DuckDB's message.
        message: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "check that the data directory exists and can be written",
            Self::Warehouse { .. } => {
                "stop the other local cloud that uses this data directory, or choose another --data-dir"
            }
        }
    }
}

/// BigQuery's reason codes, of which clients make decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    NotFound,
    Duplicate,
    Invalid,
    InvalidQuery,
    Required,
    ConditionNotMet,
    OutOfRange,
    ResourceInUse,
    ResourcesExceeded,
    BytesBilledLimitExceeded,
    Stopped,
    BackendError,
    NotImplemented,
}

impl Reason {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotFound => "notFound",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::InvalidQuery => "invalidQuery",
            Self::Required => "required",
            Self::ConditionNotMet => "conditionNotMet",
            Self::OutOfRange => "outOfRange",
            Self::ResourceInUse => "resourceInUse",
            Self::ResourcesExceeded => "resourcesExceeded",
            Self::BytesBilledLimitExceeded => "bytesBilledLimitExceeded",
            Self::Stopped => "stopped",
            Self::BackendError => "backendError",
            Self::NotImplemented => "notImplemented",
        }
    }

    /// HTTP status and Google's canonical status.
    pub(crate) fn status(self) -> (u16, &'static str) {
        match self {
            Self::NotFound => (404, "NOT_FOUND"),
            Self::Duplicate => (409, "ALREADY_EXISTS"),
            Self::Invalid
            | Self::InvalidQuery
            | Self::Required
            | Self::ResourceInUse
            | Self::ResourcesExceeded
            | Self::BytesBilledLimitExceeded => (400, "INVALID_ARGUMENT"),
            Self::OutOfRange => (400, "OUT_OF_RANGE"),
            Self::ConditionNotMet => (412, "FAILED_PRECONDITION"),
            Self::Stopped => (499, "CANCELLED"),
            Self::BackendError => (503, "UNAVAILABLE"),
            Self::NotImplemented => (501, "UNIMPLEMENTED"),
        }
    }
}

/// One refusal, as a job's `errorResult` or as the body of an HTTP error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    /// Another transaction was in the way: the same work may succeed when it is tried again.
    pub(crate) conflict: bool,
    /// The database is to be opened anew: the same work may succeed then.
    pub(crate) given_up: bool,
}

impl Fault {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            location: None,
            conflict: false,
            given_up: false,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, message)
    }

    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self {
            location: Some("query".into()),
            ..Self::new(Reason::InvalidQuery, message)
        }
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::new(Reason::NotFound, format!("Not found: {what} {id}"))
    }

    pub(crate) fn duplicate(what: &str, id: &str) -> Self {
        Self::new(Reason::Duplicate, format!("Already Exists: {what} {id}"))
    }

    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(
            Reason::NotImplemented,
            format!("the local BigQuery does not serve {what}"),
        )
    }

    pub(crate) fn at(mut self, location: &str) -> Self {
        self.location = Some(location.into());
        self
    }

    /// The `ErrorProto` of jobs and rows.
    pub(crate) fn proto(&self) -> Value {
        let mut out = json!({"reason": self.reason.text(), "message": self.message});
        if let Some(location) = &self.location {
            out["location"] = json!(location);
        }
        out
    }

    /// The body of an HTTP error.
    pub(crate) fn body(&self) -> Value {
        let (code, status) = self.reason.status();
        let mut first = json!({"message": self.message, "domain": "global", "reason": self.reason.text()});
        if let Some(location) = &self.location {
            first["location"] = json!(location);
            first["locationType"] = json!("other");
        }
        json!({"error": {"code": code, "message": self.message, "errors": [first], "status": status}})
    }
}
