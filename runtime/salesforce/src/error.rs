//! What can go wrong with an org, and what to do about it: parsing of Salesforce's error bodies, one kind per cause, one
//! total function that says which kinds are worth repeating. No retry loop lives here (see `retry`).

use serde::Deserialize;

use crate::decode::DecodeError;
use crate::soql::SoqlError;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call. Holds neither tokens nor secrets nor values of cells; the request is named by method and path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Salesforce answered with an error body.
    #[error("{request}: {code}: {message} (HTTP {status})")]
    Api {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// Salesforce's `errorCode`, or the OAuth `error`, or `HTTP_<status>` when the body was neither.
        code: String,
        /// Salesforce's own words.
        message: String,
        /// What it means.
        kind: Kind,
    },
    /// The request did not get through, or its answer did not arrive whole.
    #[error("{request} did not get through")]
    Transport {
        /// Method and path.
        request: String,
        /// The cause, without its URL.
        #[source]
        source: Box<reqwest::Error>,
    },
    /// An answer that is not what Salesforce documents, such as a page cut short.
    #[error("{request} gave an unexpected answer: {reason}")]
    Answer {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        reason: String,
        /// [`Kind::Incomplete`] or [`Kind::Unknown`].
        kind: Kind,
    },
    /// A Bulk job ended without a result.
    #[error("bulk query job {id} ended as {state}: {message}")]
    Job {
        /// The job.
        id: String,
        /// `Failed` or `Aborted`.
        state: String,
        /// Salesforce's reason.
        message: String,
        /// What it means.
        kind: Kind,
    },
    /// Waiting took longer than the caller allowed.
    #[error("{what} took longer than {seconds} s")]
    Deadline {
        /// What was waited for.
        what: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The connection's settings cannot work.
    #[error("the Salesforce connection's {setting} {reason}")]
    Config {
        /// The setting's name.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Rows that do not fit their columns.
    #[error("rows of {request} cannot be decoded")]
    Decode {
        /// Method and path.
        request: String,
        /// Which row and column.
        #[source]
        source: DecodeError,
    },
    /// A query that cannot be built.
    #[error("the query cannot be built")]
    Soql(#[from] SoqlError),
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The access token has expired or was revoked.
    Session,
    /// OAuth refused the client: id, secret, key, user or policy.
    Auth,
    /// The org's budget for 24 hours is used up.
    Limit,
    /// Too many requests at the same time.
    Throttled,
    /// The service is down or overloaded, or a record was locked.
    Unavailable,
    /// A query ran into Salesforce's time limit.
    QueryTimeout,
    /// The cursor of a REST query has expired: walk its pages again from the first.
    Cursor,
    /// The position in a stream of events is not kept any more: begin elsewhere, and read what was missed by a query.
    Position,
    /// SOQL does not parse.
    MalformedQuery,
    /// A field does not exist, or may not be read, or may not be filtered by.
    Field,
    /// An object does not exist or may not be read.
    Object,
    /// The user lacks a permission.
    Access,
    /// The org's edition or settings do not allow the API.
    Disabled,
    /// The object cannot be read by the Bulk API: use REST.
    BulkUnsupported,
    /// Nothing is at that address, such as a job that was deleted.
    NotFound,
    /// The query does not fit into a URL.
    TooLong,
    /// The connection broke or timed out.
    Network,
    /// The answer ended early.
    Incomplete,
    /// Rows do not fit their columns.
    Decode,
    /// The connection's own settings are wrong.
    Config,
    /// The caller's own time limit.
    Deadline,
    /// Anything else.
    Unknown,
}

/// What a caller may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Repeat after a pause, a bounded number of times. The client has already done so when a caller sees this.
    Transient,
    /// Renew the session once and repeat. The client has already done so when a caller sees this.
    Session,
    /// Begin the walk over the pages again.
    Restart,
    /// Stop now; the work can be resumed when the limit is lifted.
    Limit,
    /// Repeating changes nothing.
    Fatal,
}

impl Kind {
    /// The one place that decides what is repeated.
    pub const fn retry(self) -> Retry {
        match self {
            Self::Session => Retry::Session,
            Self::Throttled | Self::Unavailable | Self::QueryTimeout | Self::Network | Self::Incomplete => {
                Retry::Transient
            }
            Self::Cursor | Self::Position => Retry::Restart,
            Self::Limit | Self::Deadline => Retry::Limit,
            Self::Auth
            | Self::MalformedQuery
            | Self::Field
            | Self::Object
            | Self::Access
            | Self::Disabled
            | Self::BulkUnsupported
            | Self::NotFound
            | Self::TooLong
            | Self::Decode
            | Self::Config
            | Self::Unknown => Retry::Fatal,
        }
    }

    /// A stable code for run records and log lines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Session => "salesforce_session",
            Self::Auth => "salesforce_auth",
            Self::Limit => "salesforce_limit",
            Self::Throttled => "salesforce_throttled",
            Self::Unavailable => "salesforce_unavailable",
            Self::QueryTimeout => "salesforce_query_timeout",
            Self::Cursor => "salesforce_cursor",
            Self::Position => "salesforce_position",
            Self::MalformedQuery => "salesforce_malformed_query",
            Self::Field => "salesforce_field",
            Self::Object => "salesforce_object",
            Self::Access => "salesforce_access",
            Self::Disabled => "salesforce_disabled",
            Self::BulkUnsupported => "salesforce_bulk_unsupported",
            Self::NotFound => "salesforce_not_found",
            Self::TooLong => "salesforce_query_too_long",
            Self::Network => "salesforce_network",
            Self::Incomplete => "salesforce_incomplete",
            Self::Decode => "salesforce_decode",
            Self::Config => "salesforce_config",
            Self::Deadline => "salesforce_deadline",
            Self::Unknown => "salesforce_unknown",
        }
    }

    /// What to do, for the person who meets it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Session => {
                "the session was renewed and refused again: check the connected app's session policy and the user's login hours and IP ranges"
            }
            Self::Auth => {
                "check the connected app: the consumer key and its secret or certificate, the flow enabled with a run-as user, the user approved; \
                 use the My Domain URL as login_url; for the JWT flow this machine's clock must be right"
            }
            Self::Limit => {
                "the org's 24-hour limit is used up; the next run resumes where this one stopped; raise the limit or read less often"
            }
            Self::Throttled => {
                "too many requests at once from all clients of the org; the next run resumes; move the schedule away from other integrations"
            }
            Self::Unavailable => {
                "Salesforce was unavailable for longer than the retries lasted; see https://status.salesforce.com; the next run resumes"
            }
            Self::QueryTimeout => {
                "the query is too slow for Salesforce: make `where` selective by indexed fields, or let the Bulk API read the object"
            }
            Self::Position => {
                "Salesforce keeps events for 72 hours; what was missed is read by a query and the stream goes on from the oldest event kept"
            }
            Self::Cursor => "the query's cursor expired; the pages are read again from the first",
            Self::MalformedQuery => {
                "check the `where` condition: it is SOQL without the word WHERE, texts in single quotes, dates without quotes"
            }
            Self::Field => {
                "check the field's API name, and that the connection's user may read it (field-level security); some fields cannot be filtered by"
            }
            Self::Object => {
                "check the object's API name (custom ones end with __c), and that the connection's user may read it"
            }
            Self::Access => {
                "give the connection's user the permissions: API Enabled, and Read (better: View All) on the object"
            }
            Self::Disabled => {
                "the org's edition or the user's licence does not include this API: ask the org's administrator to enable it"
            }
            Self::BulkUnsupported => "the Bulk API cannot read this object; it is read by REST instead",
            Self::NotFound => "it does not exist any more; Bulk jobs and their results are kept for 7 days",
            Self::TooLong => "choose fewer fields with `include`, or let the Bulk API read the object",
            Self::Network => "check the network, proxy and login_url between here and Salesforce; the next run resumes",
            Self::Incomplete => {
                "the answer was cut off again and again; check proxies and time-outs between here and Salesforce; the next run resumes"
            }
            Self::Decode => {
                "the field's type in Salesforce has changed since it was described, or a value does not fit its column: run plan and apply again, or exclude the field"
            }
            Self::Config => "correct the connection's settings",
            Self::Deadline => "allow more time, or read less; the next run resumes",
            Self::Unknown => "see Salesforce's message",
        }
    }
}

impl Error {
    /// What it means.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Api { kind, .. } | Self::Answer { kind, .. } | Self::Job { kind, .. } => *kind,
            Self::Transport { .. } => Kind::Network,
            Self::Deadline { .. } => Kind::Deadline,
            Self::Config { .. } => Kind::Config,
            Self::Decode { .. } => Kind::Decode,
            Self::Soql(SoqlError::TooLong { .. }) => Kind::TooLong,
            Self::Soql(_) => Kind::MalformedQuery,
        }
    }

    /// [`Kind::retry`] of its kind.
    pub const fn retry(&self) -> Retry {
        self.kind().retry()
    }

    /// [`Kind::hint`] of its kind.
    pub const fn hint(&self) -> &'static str {
        self.kind().hint()
    }

    /// Salesforce's own words, when it said something: what a plan shows at the attribute that caused it.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Api { message, .. } | Self::Job { message, .. } => Some(message),
            _ => None,
        }
    }

    pub(crate) fn transport(request: &str, source: reqwest::Error) -> Self {
        Self::Transport {
            request: request.to_owned(),
            source: Box::new(source.without_url()),
        }
    }

    pub(crate) fn incomplete(request: &str, reason: impl Into<String>) -> Self {
        Self::Answer {
            request: request.to_owned(),
            reason: reason.into(),
            kind: Kind::Incomplete,
        }
    }

    pub(crate) fn unexpected(request: &str, reason: impl Into<String>) -> Self {
        Self::Answer {
            request: request.to_owned(),
            reason: reason.into(),
            kind: Kind::Unknown,
        }
    }

    /// Reads an error answer: Salesforce's array, its single object (Bulk, composite), OAuth's, or anything at all.
    pub(crate) fn from_answer(request: &str, status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Entry {
            #[serde(default, alias = "error_description")]
            message: String,
            #[serde(alias = "error")]
            #[serde(rename = "errorCode")]
            code: String,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Body {
            Many(Vec<Entry>),
            One(Entry),
        }
        let (code, message) = match serde_json::from_slice::<Body>(body) {
            Ok(Body::Many(entries)) if !entries.is_empty() => {
                let mut entries = entries.into_iter();
                let first = entries.next().map_or_else(Default::default, |e| (e.code, e.message));
                entries.fold(first, |(code, message), e| (code, format!("{message}; {}", e.message)))
            }
            Ok(Body::One(entry)) => (entry.code, entry.message),
            // A proxy's or load balancer's page: its first line helps, its markup does not.
            _ => (format!("HTTP_{status}"), first_line(body)),
        };
        let kind = classify(status, &code, &message);
        Self::Api {
            request: request.to_owned(),
            status,
            code,
            message: shorten(&message),
            kind,
        }
    }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(2048)]);
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('<'));
    line.map_or_else(
        || "the answer says no more".to_owned(),
        |line| line.chars().take(200).collect(),
    )
}

/// Salesforce repeats the query around a syntax error, on lines of their own: kept, within reason.
fn shorten(message: &str) -> String {
    let message = message.trim();
    if message.chars().count() <= 2000 {
        message.to_owned()
    } else {
        message.chars().take(2000).chain(['…']).collect()
    }
}

/// From Salesforce's code, then OAuth's, then the status.
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm>
pub(crate) fn classify(status: u16, code: &str, message: &str) -> Kind {
    match code {
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" => Kind::Session,
        // One code for two limits: that of 24 hours (TotalRequests) and that of long requests at the same time.
        "REQUEST_LIMIT_EXCEEDED" if message.contains("oncurrent") => Kind::Throttled,
        "REQUEST_LIMIT_EXCEEDED" | "LIMIT_EXCEEDED" | "EXCEEDED_QUOTA" | "API_QUERY_LIMIT_EXCEEDED" => Kind::Limit,
        "SERVER_UNAVAILABLE"
        | "UNABLE_TO_LOCK_ROW"
        | "SERVICE_UNAVAILABLE"
        | "ORG_LOCKED"
        | "UNKNOWN_EXCEPTION"
        | "server_error"
        | "temporarily_unavailable" => Kind::Unavailable,
        "QUERY_TIMEOUT" | "OPERATION_TOO_LARGE" => Kind::QueryTimeout,
        "INVALID_QUERY_LOCATOR" => Kind::Cursor,
        "MALFORMED_QUERY" | "INVALID_QUERY_FILTER_OPERATOR" => Kind::MalformedQuery,
        "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" => Kind::Field,
        "INVALID_TYPE" | "sObject type is not supported" => Kind::Object,
        "INSUFFICIENT_ACCESS" | "INSUFFICIENT_ACCESS_OR_READONLY" | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" => {
            Kind::Access
        }
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "FEATURE_NOT_ENABLED" | "FUNCTIONALITY_NOT_ENABLED" => {
            Kind::Disabled
        }
        "INVALIDENTITY" | "InvalidEntity" | "UNSUPPORTED_OBJECT" => Kind::BulkUnsupported,
        "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY" => Kind::NotFound,
        "invalid_grant" if message.contains("rate exceeded") => Kind::Throttled,
        "invalid_grant"
        | "invalid_client"
        | "invalid_client_id"
        | "invalid_client_credentials"
        | "unauthorized_client"
        | "unsupported_grant_type"
        | "invalid_request"
        | "invalid_app_access"
        | "inactive_user"
        | "inactive_org"
        | "access_denied"
        | "invalid_assertion_type"
        | "INVALID_OPERATION_WITH_EXPIRED_PASSWORD" => Kind::Auth,
        _ if message.contains("not supported by the Bulk API") => Kind::BulkUnsupported,
        _ => match status {
            401 => Kind::Session,
            403 => Kind::Access,
            404 | 410 => Kind::NotFound,
            408 | 429 => Kind::Throttled,
            414 | 431 => Kind::TooLong,
            500 | 502..=504 => Kind::Unavailable,
            _ => Kind::Unknown,
        },
    }
}

/// Why a Bulk job failed, from its `errorMessage`, which begins with a code: `InvalidBatch : Field name not found : X`.
pub(crate) fn classify_job(message: &str) -> Kind {
    let code = message.split([':', ' ']).next().unwrap_or("");
    match classify(0, code, message) {
        Kind::Unknown if message.contains("retried more than") || message.contains("timed out") => Kind::QueryTimeout,
        Kind::Unknown if message.contains("Field name not found") || message.contains("No such column") => Kind::Field,
        kind => kind,
    }
}

#[cfg(test)]
mod tests;
