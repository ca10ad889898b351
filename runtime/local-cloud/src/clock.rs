//! The time by which schedules fire, and how times are written. A test may put the clock forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::sync::Notify;

/// Now, plus what was added to it.
#[derive(Default)]
pub(crate) struct Clock {
    ahead_millis: AtomicI64,
    moved: Notify,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.ahead_millis.load(Ordering::Relaxed))
    }

    /// Puts the clock forward and wakes who sleeps by it.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_millis
            .fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// Sleeps until `when` by this clock, or until the clock is moved.
    pub(crate) async fn sleep_until(&self, when: DateTime<Utc>) {
        let moved = self.moved.notified();
        let left = (when - self.now()).to_std().unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            () = moved => {}
        }
    }
}

/// A time as Google's JSON has it, in microseconds.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A time as Cloud Storage has it, in milliseconds.
pub(crate) fn stamp_millis(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The JSON form of a duration (`"3.5s"`) as a duration.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
