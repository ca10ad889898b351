//! Faults on demand: a script of what goes wrong, on which path, when and how often. What was consumed can be asked for, so
//! that a test fails when its fault never happened.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::bytes_response;
use super::{ApiError, App, Call, limits};

/// One scripted fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens: see [`Fault::KINDS`].
    pub kind: String,
    /// The start of the path; `*` stands for any part of a segment, as in `/services/data/*/jobs/query/*/results`.
    /// Unset: every path, for `bulk_job_failed` and `bulk_unsupported` the creation of a job.
    #[serde(default, rename = "match")]
    pub path: Option<String>,
    /// Only requests with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// How many matching requests pass before it begins.
    #[serde(default)]
    pub after: u64,
    /// How many requests it strikes.
    #[serde(default = "once")]
    pub times: u64,
    /// `cut_connection`: how much of the body is sent before the connection breaks.
    #[serde(default)]
    pub after_bytes: u64,
    /// `slow`: how long the answer waits. Other kinds wait too when it is set.
    #[serde(default)]
    pub delay_ms: u64,
    /// Replaces the error's message.
    #[serde(default)]
    pub message: Option<String>,
}

/// A fault with what of it has happened.
#[derive(Debug)]
struct Scripted {
    fault: Fault,
    seen: u64,
    struck: u64,
}

impl From<Fault> for Scripted {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            seen: 0,
            struck: 0,
        }
    }
}

fn once() -> u64 {
    1
}

const JOBS: &str = "/services/data/*/jobs/query";

impl Fault {
    /// The kinds there are.
    pub const KINDS: &[&str] = &[
        "503",
        "500",
        "maintenance_page",
        "expired_session",
        "daily_limit",
        "invalid_locator",
        "query_timeout",
        "lock_row",
        "api_disabled",
        "bulk_unsupported",
        "bulk_job_failed",
        "cut_connection",
        "lost_answer",
        "slow",
        "resource_exhausted",
    ];

    /// A fault that strikes the first request whose path begins with `path`.
    pub fn new(kind: &str, path: &str) -> Self {
        Self {
            kind: kind.into(),
            path: Some(path.into()),
            method: None,
            after: 0,
            times: 1,
            after_bytes: 0,
            delay_ms: 0,
            message: None,
        }
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        if self
            .method
            .as_ref()
            .is_some_and(|m| !m.eq_ignore_ascii_case(method.as_str()))
        {
            return false;
        }
        let of_job = matches!(self.kind.as_str(), "bulk_job_failed" | "bulk_unsupported");
        if of_job && (method != Method::POST || !glob(JOBS, path)) {
            return false;
        }
        self.path.as_deref().is_none_or(|pattern| glob(pattern, path))
    }

    pub(crate) async fn delay(&self) {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
    }

    fn error(&self, status: u16, code: &'static str, message: &str) -> Response {
        ApiError::new(status, code, self.message.as_deref().unwrap_or(message)).response()
    }

    /// The answer in place of the right one; `None` when the request is carried out.
    pub(super) fn instead(&self, app: &App, call: &Call) -> Option<Response> {
        Some(match self.kind.as_str() {
            "503" => self.error(
                503,
                "SERVER_UNAVAILABLE",
                "We are temporarily unable to process your request. Please try again.",
            ),
            "500" => self.error(
                500,
                "UNKNOWN_EXCEPTION",
                "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345",
            ),
            "maintenance_page" => bytes_response(
                503,
                "text/html",
                b"<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
                    .to_vec(),
            ),
            "expired_session" => {
                app.sessions.revoke(call);
                ApiError::session().response()
            }
            "daily_limit" => limits::exceeded().response(),
            "invalid_locator" => self.error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
            "query_timeout" => self.error(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
            "lock_row" => self.error(
                400,
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record or 1 records",
            ),
            "api_disabled" => self.error(
                403,
                "API_DISABLED_FOR_ORG",
                "API is not enabled for this Organization or Partner",
            ),
            "bulk_unsupported" => self.error(400, "INVALIDENTITY", "Entity is not supported by the Bulk API."),
            _ => return None,
        })
    }

    /// How a Bulk job that this fault strikes fails.
    pub(super) fn job_failure(&self) -> Option<String> {
        (self.kind == "bulk_job_failed").then(|| {
            self.message
                .clone()
                .unwrap_or_else(|| "InternalServerError: Batch failed after 15 retries. Please try again.".into())
        })
    }

    /// Breaks the connection in the middle of the body, or before any of it.
    pub(crate) fn spoil(&self, response: Response) -> Response {
        let left = match self.kind.as_str() {
            "cut_connection" => self.after_bytes,
            "lost_answer" => 0,
            _ => return response,
        };
        let lost = self.kind == "lost_answer";
        let (parts, body) = response.into_parts();
        let pieces = body.into_data_stream().scan(left, |left, piece| {
            let piece = piece.ok().filter(|_| *left > 0).map(|mut bytes| {
                bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= bytes.len() as u64;
                Ok(bytes)
            });
            std::future::ready(piece)
        });
        // Even an answer that is shorter than `after_bytes` must not end well.
        let end = futures::stream::once(async move {
            if !lost {
                // What precedes the break must have left before it, or the client sees no answer at all.
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            Err(std::io::Error::other("connection cut on demand"))
        });
        Response::from_parts(parts, Body::from_stream(pieces.chain(end)))
    }
}

impl Scripted {
    fn is_consumed(&self) -> bool {
        self.struck >= self.fault.times
    }

    fn report(&self) -> Value {
        let mut value = serde_json::to_value(&self.fault).unwrap_or(Value::Null);
        value["seen"] = self.seen.into();
        value["struck"] = self.struck.into();
        value["consumed"] = self.is_consumed().into();
        value
    }
}

/// Whether a path begins with a pattern; `*` stands for anything within a segment.
fn glob(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => path.starts_with(pattern),
        Some((head, rest)) => {
            let Some(tail) = path.strip_prefix(head) else {
                return false;
            };
            let end = tail.find('/').unwrap_or(tail.len());
            (0..=end)
                .filter(|&n| tail.is_char_boundary(n))
                .any(|n| glob(rest, &tail[n..]))
        }
    }
}

/// The script.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Scripted>>);

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults.into_iter().map(Scripted::from).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Scripted>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The fault that strikes this request: the first that matches and is due. All that match count it.
    fn due(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut found = None;
        for scripted in self.lock().iter_mut().filter(|s| s.fault.matches(method, path)) {
            if scripted.is_consumed() {
                continue;
            }
            scripted.seen += 1;
            if found.is_none() && scripted.seen > scripted.fault.after {
                scripted.struck += 1;
                found = Some(scripted.fault.clone());
            }
        }
        found
    }

    pub(crate) fn next(&self, method: &Method, path: &str) -> Option<Fault> {
        let fault = self.due(method, path);
        if let Some(fault) = &fault {
            tracing::info!(kind = %fault.kind, path, "fault strikes");
        }
        fault
    }

    /// Adds faults; refuses kinds that there are not.
    pub(crate) fn add(&self, faults: Vec<Fault>) -> Result<(), String> {
        if let Some(bad) = faults.iter().find(|f| !Fault::KINDS.contains(&f.kind.as_str())) {
            return Err(format!(
                "there is no fault {:?}; there are {}",
                bad.kind,
                Fault::KINDS.join(", ")
            ));
        }
        self.lock().extend(faults.into_iter().map(Scripted::from));
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The script with what of it has happened.
    pub(crate) fn report(&self) -> Value {
        let faults = self.lock();
        json!({
            "faults": faults.iter().map(Scripted::report).collect::<Vec<_>>(),
            "all_consumed": faults.iter().all(Scripted::is_consumed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("/services/data/", "/services/data/v60.0/query", true),
            (
                "/services/data/*/jobs/query/*/results",
                "/services/data/v60.0/jobs/query/750x/results",
                true,
            ),
            (
                "/services/data/*/jobs/query/*/results",
                "/services/data/v60.0/jobs/query/750x",
                false,
            ),
            ("/services/data/*/query", "/services/data/v60.0/jobs/query", false),
            (
                "/services/data/v*.0/sobjects/Acc",
                "/services/data/v60.0/sobjects/Account",
                true,
            ),
        ] {
            assert_eq!(glob(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn faults_come_after_and_end() {
        let faults = Faults::new(vec![Fault {
            after: 1,
            times: 2,
            ..Fault::new("503", "/a")
        }]);
        let struck: Vec<bool> = (0..5).map(|_| faults.next(&Method::GET, "/a/b").is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.next(&Method::GET, "/b").is_none());
        assert_eq!(faults.report()["all_consumed"], true);
        assert!(faults.add(vec![Fault::new("nope", "/")]).is_err());
    }
}
