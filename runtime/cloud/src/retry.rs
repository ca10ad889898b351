//! When to try again, and how long to wait: data that callers hold, and the one loop that uses it.

use std::future::Future;
use std::time::{Duration, Instant};

use rand::RngExt as _;

use crate::errors::Error;

/// Bounds of retrying: attempts and total time, whichever ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// No attempt starts later than this after the first one.
    pub deadline: Duration,
    /// The cap of the first wait.
    pub initial: Duration,
    /// The cap of every wait.
    pub maximum: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 7,
            deadline: Duration::from_secs(120),
            initial: Duration::from_millis(250),
            maximum: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// Waits of exponentially growing caps, drawn evenly from zero to the cap ("full jitter"), so that clients that
    /// failed together do not return together.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff {
            cap: self.initial,
            maximum: self.maximum,
        }
    }
}

/// The waits of one retried request.
#[derive(Debug, Clone)]
pub struct Backoff {
    cap: Duration,
    maximum: Duration,
}

impl Backoff {
    /// A backoff whose caps grow from `initial` to `maximum`.
    #[must_use]
    pub fn new(initial: Duration, maximum: Duration) -> Self {
        Self { cap: initial, maximum }
    }

    /// The cap of the next wait; doubles on each call.
    pub fn next_cap(&mut self) -> Duration {
        let cap = self.cap.min(self.maximum);
        self.cap = (cap * 2).min(self.maximum);
        cap
    }

    /// The next wait, drawn from zero to the cap.
    pub fn next_wait(&mut self) -> Duration {
        self.next_cap().mul_f64(rand::rng().random::<f64>())
    }
}

/// Whether a request may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Twice is the same as once: reads, deletes, writes with a client-chosen id or a precondition.
    Repeatable,
    /// Only when it was certainly not carried out.
    Once,
}

/// What the loop knows about earlier attempts, for callers that must tell "exists already" from "I made it".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// An earlier attempt may have been carried out although it failed here.
    pub maybe_done: bool,
}

/// Runs `attempt` until it succeeds, fails for good, or the bounds are reached.
pub(crate) async fn run<T, F>(
    policy: RetryPolicy,
    safety: Safety,
    mut attempt: impl FnMut(History) -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let started = Instant::now();
    let mut backoff = policy.backoff();
    let mut history = History::default();
    let mut number = 1;
    loop {
        let error = match attempt(history).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let again = match safety {
            Safety::Repeatable => error.kind().is_transient(),
            Safety::Once => error.kind().is_certainly_not_done(),
        };
        // A service may ask for a longer wait than we would draw; it is never shortened.
        let wait = backoff.next_wait().max(error.retry_after().unwrap_or_default());
        if !again || number >= policy.attempts || started.elapsed() + wait > policy.deadline {
            return Err(error);
        }
        history.maybe_done |= !error.kind().is_certainly_not_done();
        tracing::debug!(action = error.action(), kind = ?error.kind(), attempt = number, wait_ms = wait.as_millis() as u64, "request is retried");
        tokio::time::sleep(wait).await;
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Kind;
    use std::cell::RefCell;

    const QUICK: RetryPolicy = RetryPolicy {
        attempts: 4,
        deadline: Duration::from_secs(5),
        initial: Duration::from_millis(1),
        maximum: Duration::from_millis(4),
    };

    #[test]
    fn caps_double_up_to_the_maximum() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let caps: Vec<_> = (0..4).map(|_| backoff.next_cap().as_millis()).collect();
        assert_eq!(caps, [100, 200, 350, 350]);
        for _ in 0..100 {
            assert!(backoff.next_wait() <= Duration::from_millis(350));
        }
    }

    #[tokio::test]
    async fn which_failures_are_tried_again() {
        use Kind::{Invalid, RateLimited, Unavailable, Unreachable};
        // (failures before success, safety) -> (calls, succeeded)
        let cases: &[(&[Kind], Safety, usize, bool)] = &[
            (&[], Safety::Once, 1, true),
            (&[Unavailable, RateLimited], Safety::Repeatable, 3, true),
            (&[Unavailable], Safety::Once, 1, false),
            (&[Unreachable, RateLimited], Safety::Once, 3, true),
            (&[Invalid], Safety::Repeatable, 1, false),
            (&[Unavailable; 9], Safety::Repeatable, 4, false),
        ];
        for (failures, safety, calls, succeeds) in cases {
            let made = RefCell::new(0);
            let result = run(QUICK, *safety, |_| {
                let number = made.replace_with(|made| *made + 1);
                let failure = failures.get(number).copied();
                async move { failure.map_or(Ok(()), |kind| Err(Error::new(kind, "x", "y"))) }
            })
            .await;
            assert_eq!(
                (*made.borrow(), result.is_ok()),
                (*calls, *succeeds),
                "{failures:?} {safety:?}"
            );
        }
    }

    #[tokio::test]
    async fn only_ambiguous_failures_are_remembered() {
        for (first, expected) in [
            (Kind::Unavailable, true),
            (Kind::Unreachable, false),
            (Kind::RateLimited, false),
        ] {
            let seen = RefCell::new(Vec::new());
            let _ = run(QUICK, Safety::Repeatable, |history| {
                seen.borrow_mut().push(history.maybe_done);
                let count = seen.borrow().len();
                async move {
                    if count == 1 {
                        Err(Error::new(first, "x", "y"))
                    } else {
                        Ok(())
                    }
                }
            })
            .await;
            assert_eq!(*seen.borrow(), [false, expected]);
        }
    }

    #[tokio::test]
    async fn a_wait_longer_than_the_deadline_is_not_begun() {
        let policy = RetryPolicy {
            deadline: Duration::from_secs(1),
            ..QUICK
        };
        let started = Instant::now();
        let result: Result<(), _> = run(policy, Safety::Repeatable, |_| async {
            Err(Error::new(Kind::RateLimited, "x", "y").with_retry_after(Some(Duration::from_secs(3600))))
        })
        .await;
        assert!(result.is_err() && started.elapsed() < Duration::from_secs(1));
    }
}
