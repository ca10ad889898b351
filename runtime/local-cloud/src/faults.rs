//! Faults on demand: a script of what goes wrong, and whether all of it has happened.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Action {
    /// Answered with this status; nothing is done.
    Status {
        status: u16,
        retry_after: Option<u64>,
        /// What the error says.
        message: Option<String>,
    },
    /// Done, but the answer ends after so many bytes of its body; 0: before its head.
    DropAfterBytes { drop_after_bytes: u64 },
    /// The request's body ends after so many bytes, and there is no answer.
    DropRequestAfterBytes { drop_request_after_bytes: u64 },
    /// Done as always, later.
    DelayMs { delay_ms: u64 },
    /// Done at once, answered later: the time to kill a client that does not know yet that it was done.
    DelayAnswerMs { delay_answer_ms: u64 },
    /// Done, and the answer lost.
    ApplyThenDrop,
}

/// The action as it is written: `"apply_then_drop"` or an object with one of the fields.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    Object {
        status: Option<u16>,
        retry_after: Option<u64>,
        message: Option<String>,
        drop_after_bytes: Option<u64>,
        drop_request_after_bytes: Option<u64>,
        delay_ms: Option<u64>,
        delay_answer_ms: Option<u64>,
        apply_then_drop: Option<bool>,
    },
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        let action = match written {
            Written::Word(word) if word == "apply_then_drop" => Some(Action::ApplyThenDrop),
            Written::Word(_) => None,
            Written::Object {
                status: Some(status),
                retry_after,
                message,
                ..
            } => Some(Action::Status {
                status,
                retry_after,
                message,
            }),
            Written::Object {
                drop_after_bytes: Some(drop_after_bytes),
                ..
            } => Some(Action::DropAfterBytes { drop_after_bytes }),
            Written::Object {
                drop_request_after_bytes: Some(drop_request_after_bytes),
                ..
            } => Some(Action::DropRequestAfterBytes {
                drop_request_after_bytes,
            }),
            Written::Object {
                delay_ms: Some(delay_ms),
                ..
            } => Some(Action::DelayMs { delay_ms }),
            Written::Object {
                delay_answer_ms: Some(delay_answer_ms),
                ..
            } => Some(Action::DelayAnswerMs { delay_answer_ms }),
            Written::Object {
                apply_then_drop: Some(true),
                ..
            } => Some(Action::ApplyThenDrop),
            Written::Object { .. } => None,
        };
        action.ok_or_else(|| {
            serde::de::Error::custom(
                "action is one of {status, retry_after, message}, {drop_after_bytes}, {drop_request_after_bytes}, {delay_ms}, \
                 {delay_answer_ms}, \"apply_then_drop\"",
            )
        })
    }
}

/// One instruction: from the `nth` call on that matches, `times` calls.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    #[serde(default = "any")]
    method: String,
    #[serde(default)]
    path_prefix: String,
    #[serde(default = "once")]
    nth: u64,
    #[serde(default = "once")]
    times: u64,
    action: Action,
    #[serde(skip)]
    seen: u64,
}

fn any() -> String {
    "*".to_owned()
}

fn once() -> u64 {
    1
}

impl Fault {
    fn matches(&self, verb: &str, path: &str) -> bool {
        let verbs = self
            .method
            .split('|')
            .any(|one| one == "*" || one.eq_ignore_ascii_case(verb));
        verbs && path.starts_with(&self.path_prefix)
    }

    fn remaining(&self) -> u64 {
        (self.nth.max(1) - 1 + self.times)
            .saturating_sub(self.seen)
            .min(self.times)
    }
}

/// The script.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, faults: Vec<Fault>) {
        if let Ok(mut script) = self.0.lock() {
            script.extend(faults);
        }
    }

    pub(crate) fn clear(&self) {
        if let Ok(mut script) = self.0.lock() {
            script.clear();
        }
    }

    /// What is to happen to this call, if anything. Every instruction that matches counts the call; the first one that is
    /// due is taken.
    pub(crate) fn take(&self, verb: &str, path: &str) -> Option<Action> {
        if path.starts_with("/_control") {
            return None;
        }
        let mut script = self.0.lock().ok()?;
        let mut due = None;
        for fault in script.iter_mut().filter(|fault| fault.matches(verb, path)) {
            let in_turn = fault.seen + 1 >= fault.nth && fault.remaining() > 0;
            if in_turn && due.is_some() {
                // Its turn comes with the next call.
                continue;
            }
            fault.seen += 1;
            if in_turn {
                due = Some(fault.action.clone());
            }
        }
        due
    }

    /// The script with what is left of it.
    pub(crate) fn report(&self) -> Value {
        let script = self.0.lock().map(|script| script.clone()).unwrap_or_default();
        let all_consumed = script.iter().all(|fault| fault.remaining() == 0);
        let faults: Vec<Value> = script
            .iter()
            .map(|fault| {
                json!({
                    "method": fault.method, "path_prefix": fault.path_prefix, "nth": fault.nth, "times": fault.times,
                    "action": if fault.action == Action::ApplyThenDrop { json!("apply_then_drop") } else { json!(fault.action) },
                    "seen": fault.seen, "remaining": fault.remaining(),
                })
            })
            .collect();
        json!({ "all_consumed": all_consumed, "faults": faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_taken_in_turn_and_counted() {
        let faults = Faults::default();
        let script = r#"[
            {"method": "POST", "path_prefix": "/upload", "nth": 2, "times": 2, "action": {"status": 503, "retry_after": 1}},
            {"method": "GET|POST", "path_prefix": "/upload", "nth": 3, "action": "apply_then_drop"},
            {"action": {"delay_ms": 5}, "path_prefix": "/x"}]"#;
        faults.add(serde_json::from_str(script).unwrap());
        let unavailable = Some(Action::Status {
            status: 503,
            retry_after: Some(1),
            message: None,
        });
        assert_eq!(faults.take("POST", "/upload/a"), None);
        assert_eq!(faults.take("POST", "/upload/a"), unavailable.clone());
        assert_eq!(faults.take("PUT", "/upload/a"), None);
        assert_eq!(faults.take("POST", "/_control/health"), None);
        assert_eq!(faults.take("POST", "/upload/a"), unavailable);
        assert_eq!(faults.take("POST", "/upload/a"), Some(Action::ApplyThenDrop));
        assert_eq!(faults.report()["all_consumed"], false);
        assert_eq!(faults.take("DELETE", "/x"), Some(Action::DelayMs { delay_ms: 5 }));
        assert_eq!(faults.report()["all_consumed"], true);
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{"action": {"statsu": 1}}]"#).is_err());
    }
}
