//! Waiting for what takes time: one polling loop for long-running operations, jobs and executions.
//! A wait is given up by dropping its future; what runs at the service goes on.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Document;
use crate::endpoints::Service;
use crate::errors::{Error, Kind, classify};
use crate::http_json::{Call, Transport};

/// How to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Time allowed in all.
    pub deadline: Duration,
    /// The first pause between two looks.
    pub first: Duration,
    /// The longest pause between two looks.
    pub longest: Duration,
}

impl Wait {
    /// Waits at most this long, looking often at first and every three seconds later on.
    #[must_use]
    pub fn at_most(deadline: Duration) -> Self {
        Self {
            deadline,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(3),
        }
    }

    /// Looks until `look` yields something.
    ///
    /// # Errors
    /// What `look` fails with, and `DeadlineExceeded`.
    pub async fn until<T, F>(self, action: &str, mut look: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let started = Instant::now();
        let mut pause = self.first;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let left = self.deadline.saturating_sub(started.elapsed());
            if left.is_zero() {
                let waited = self.deadline.as_secs();
                return Err(Error::new(
                    Kind::DeadlineExceeded,
                    action,
                    format!("not done after {waited} s"),
                ));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = pause.mul_f64(1.5).min(self.longest);
        }
    }
}

/// Waits for a `google.longrunning.Operation` and returns its response.
pub(crate) async fn wait_operation(
    transport: &Transport,
    service: Service,
    version: &str,
    operation: Document,
    action: &str,
    wait: Wait,
) -> Result<Document, Error> {
    let name = operation["name"].as_str().unwrap_or_default().to_owned();
    let mut first = Some(operation);
    let path = format!("/{version}/{name}");
    wait.until(action, || {
        let known = first.take();
        let (path, name) = (path.clone(), name.clone());
        async move {
            let operation = match known {
                Some(operation) => operation,
                None => {
                    Call::get(service, path, format!("look at operation {name}"))
                        .send_json(transport)
                        .await?
                }
            };
            outcome(action, &operation)
        }
    })
    .await
}

/// `None` while it runs, its response when it is done, its error when it failed.
fn outcome(action: &str, operation: &Value) -> Result<Option<Value>, Error> {
    if !operation["done"].as_bool().unwrap_or(false) {
        if operation["name"].as_str().unwrap_or_default().is_empty() {
            return Err(Error::new(Kind::Unexpected, action, "the answer is no operation"));
        }
        return Ok(None);
    }
    let error = &operation["error"];
    if error.is_object() {
        let message = error["message"].as_str().unwrap_or("the operation failed").to_owned();
        // google.rpc.Code: the codes that callers tell apart; the rest is a failure by its own account.
        let kind = match error["code"].as_i64().unwrap_or_default() {
            5 => Kind::NotFound,
            6 => classify(409, "", "", false),
            7 => Kind::PermissionDenied,
            3 => Kind::Invalid,
            9 => Kind::FailedPrecondition,
            10 => Kind::Conflict,
            _ => Kind::Failed,
        };
        return Err(Error::new(kind, action, message));
    }
    Ok(Some(operation["response"].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outcomes() {
        assert!(matches!(outcome("x", &json!({"name": "o", "done": false})), Ok(None)));
        assert!(matches!(outcome("x", &json!({"name": "o"})), Ok(None)));
        let done = outcome("x", &json!({"name": "o", "done": true, "response": {"a": 1}}));
        assert_eq!(done.expect("done"), Some(json!({"a": 1})));
        for (code, kind) in [(5, Kind::NotFound), (9, Kind::FailedPrecondition), (13, Kind::Failed)] {
            let failed = json!({"name": "o", "done": true, "error": {"code": code, "message": "m"}});
            let error = outcome("x", &failed).expect_err("failed");
            assert_eq!((error.kind(), error.message()), (kind, "m"));
        }
        assert_eq!(
            outcome("x", &json!({})).expect_err("no operation").kind(),
            Kind::Unexpected
        );
    }

    #[tokio::test]
    async fn a_wait_ends_at_its_deadline() {
        let wait = Wait {
            deadline: Duration::from_millis(20),
            first: Duration::from_millis(1),
            longest: Duration::from_millis(5),
        };
        let mut looks = 0;
        let result: Result<(), _> = wait
            .until("x", || {
                looks += 1;
                async { Ok(None) }
            })
            .await;
        assert_eq!(result.expect_err("deadline").kind(), Kind::DeadlineExceeded);
        assert!(looks > 2, "{looks}");
    }
}
