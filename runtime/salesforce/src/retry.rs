//! Pauses between attempts: exponential, with full jitter, bounded in number and in time. What is worth repeating is decided
//! in `error`.

use std::time::{Duration, SystemTime};

use rand::RngExt;
use tokio::time::Instant;

use crate::Error;

/// How often and how long calls are repeated.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Attempts after the first. 0: never repeat.
    pub max_retries: u32,
    /// The bound of the first pause; it doubles with each.
    pub base: Duration,
    /// The longest pause of our own choosing.
    pub cap: Duration,
    /// The longest pause that `Retry-After` may ask for; more than that is a failure now.
    pub retry_after_cap: Duration,
    /// All attempts of one call end within this.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 6,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            retry_after_cap: Duration::from_secs(120),
            deadline: Duration::from_secs(600),
        }
    }
}

/// The attempts of one call.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    started: Instant,
    failures: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a RetryPolicy) -> Self {
        Self {
            policy,
            started: Instant::now(),
            failures: 0,
        }
    }

    /// Rows have come since the last failure: what follows is a new difficulty.
    pub(crate) fn progress(&mut self) {
        self.failures = 0;
        self.started = Instant::now();
    }

    /// Pauses before the next attempt, or gives the error back when there is to be none.
    pub(crate) async fn pause(&mut self, error: Error, retry_after: Option<Duration>) -> Result<(), Error> {
        let Some(pause) = self.next_pause(retry_after) else {
            return Err(error);
        };
        tracing::warn!(
            error = %error,
            cause = std::error::Error::source(&error).map(tracing::field::display),
            attempt = self.failures,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "call to salesforce failed, repeating"
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn next_pause(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        if self.failures >= self.policy.max_retries || retry_after.is_some_and(|d| d > self.policy.retry_after_cap) {
            return None;
        }
        let bound = self
            .policy
            .base
            .saturating_mul(1 << self.failures.min(20))
            .min(self.policy.cap);
        let jittered = bound.mul_f64(rand::rng().random_range(0.0..=1.0));
        self.failures += 1;
        let pause = retry_after.map_or(jittered, |asked| asked + jittered.min(Duration::from_secs(1)));
        (self.started.elapsed() + pause < self.policy.deadline).then_some(pause)
    }
}

/// Reads `Retry-After`: seconds or a date.
pub(crate) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = SystemTime::from(chrono::DateTime::parse_from_rfc2822(text).ok()?);
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_are_bounded_in_number_and_length() {
        let policy = RetryPolicy {
            max_retries: 40,
            deadline: Duration::from_secs(3600),
            ..RetryPolicy::default()
        };
        let mut attempts = Attempts::new(&policy);
        for n in 0..40 {
            let pause = attempts.next_pause(None).expect("within the bound");
            assert!(
                pause <= policy.cap.min(policy.base * 2u32.pow(n.min(10))),
                "{n}: {pause:?}"
            );
        }
        assert_eq!(attempts.next_pause(None), None);
        attempts.progress();
        assert!(attempts.next_pause(None).is_some());
    }

    #[tokio::test]
    async fn retry_after_is_honoured_within_its_cap() {
        let policy = RetryPolicy::default();
        let asked = Duration::from_secs(7);
        let pause = Attempts::new(&policy).next_pause(Some(asked)).expect("short enough");
        assert!(pause >= asked && pause <= asked + Duration::from_secs(1));
        assert_eq!(Attempts::new(&policy).next_pause(Some(Duration::from_secs(121))), None);
        let short = RetryPolicy {
            deadline: Duration::from_secs(5),
            ..policy
        };
        assert_eq!(Attempts::new(&short).next_pause(Some(asked)), None);
    }

    #[test]
    fn retry_after_reads_both_forms() {
        let read = |text: &str| {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("3"), Some(Duration::from_secs(3)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(read("Wed, 21 Oct 2099 07:28:00 GMT").is_some_and(|d| d > Duration::from_secs(1 << 20)));
        assert_eq!(read("soon"), None);
    }
}
