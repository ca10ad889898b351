//! What subscriptions had before them, sampled now and then and kept in memory for an hour. Not here: what is made of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headwater_local_pubsub::Measure;

use crate::cloud::Cloud;

/// How often is sampled. Google samples once a minute and shows it minutes later; who develops waits less.
pub(super) const PERIOD: Duration = Duration::from_secs(5);
/// How long a sample is kept. Google keeps them for six weeks.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// What was before a subscription at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: DateTime<Utc>,
    pub(super) undelivered: u64,
    pub(super) oldest_age: Duration,
}

/// Samples by the names of subscriptions, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<BTreeMap<String, VecDeque<Sample>>>);

impl History {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Sample>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Adds what was measured, and forgets what is too old. A time comes once.
    fn add(&self, at: DateTime<Utc>, measured: Vec<Measure>) {
        let mut all = self.lock();
        for Measure {
            subscription,
            undelivered,
            oldest_age,
        } in measured
        {
            let samples = all.entry(subscription).or_default();
            if samples.back().is_none_or(|last| last.at < at) {
                samples.push_back(Sample {
                    at,
                    undelivered,
                    oldest_age,
                });
            }
        }
        all.retain(|_, samples| {
            while samples.front().is_some_and(|first| first.at < at - KEPT) {
                samples.pop_front();
            }
            !samples.is_empty()
        });
    }

    /// The samples of a project's subscriptions, by the ids of these. One that is deleted has its samples still.
    pub(super) fn of_project(&self, project: &str) -> Vec<(String, Vec<Sample>)> {
        let prefix = format!("projects/{project}/subscriptions/");
        let all = self.lock();
        let of_project = all
            .range(prefix.clone()..)
            .map_while(|(name, samples)| Some((name.strip_prefix(&prefix)?, samples)));
        of_project
            .map(|(id, samples)| (id.to_owned(), samples.iter().copied().collect()))
            .collect()
    }
}

/// Samples at every full period of the clock, until the local cloud stops.
pub(crate) async fn keep_sampling(cloud: Arc<Cloud>) {
    loop {
        let at = period_of(cloud.clock.now());
        let pubsub = cloud.pubsub.clone();
        match tokio::task::spawn_blocking(move || pubsub.measure()).await {
            Ok(Ok(measured)) => cloud.history.add(at, measured),
            Ok(Err(error)) => tracing::warn!(%error, "subscriptions cannot be measured"),
            Err(error) => tracing::warn!(%error, "subscriptions cannot be measured"),
        }
        tokio::select! {
            () = cloud.clock.sleep_until(at + PERIOD) => {}
            () = cloud.stop.cancelled() => return,
        }
    }
}

/// The begin of the period that a time is in.
fn period_of(time: DateTime<Utc>) -> DateTime<Utc> {
    let period = i64::try_from(PERIOD.as_secs()).unwrap_or(1);
    let begin = time.timestamp().div_euclid(period) * period;
    DateTime::from_timestamp(begin, 0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn measured(subscription: &str, undelivered: u64) -> Measure {
        Measure {
            subscription: format!("projects/p/subscriptions/{subscription}"),
            undelivered,
            oldest_age: Duration::ZERO,
        }
    }

    #[test]
    fn an_hour_is_kept_and_a_time_comes_once() {
        let history = History::default();
        history.add(at(0), vec![measured("gone", 1), measured("there", 2)]);
        history.add(at(0), vec![measured("there", 3)]);
        history.add(at(5), vec![measured("there", 4)]);
        let counts = |history: &History| -> Vec<(String, Vec<u64>)> {
            let all = history.of_project("p").into_iter();
            all.map(|(id, samples)| (id, samples.iter().map(|sample| sample.undelivered).collect()))
                .collect()
        };
        assert_eq!(
            counts(&history),
            [("gone".to_owned(), vec![1]), ("there".to_owned(), vec![2, 4])]
        );
        assert!(history.of_project("q").is_empty() && history.of_project("").is_empty());
        history.add(at(3605), vec![]);
        assert_eq!(counts(&history), [("there".to_owned(), vec![4])]);
        history.clear();
        assert!(counts(&history).is_empty());
    }

    #[test]
    fn times_are_those_of_full_periods() {
        for (second, begin) in [(0, 0), (4, 0), (5, 5), (11, 10)] {
            assert_eq!(period_of(at(second) + TimeDelta::milliseconds(999)), at(begin));
        }
    }
}
