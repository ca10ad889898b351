//! Latency: events at an even rate, and a reader that asks the tables again and again which of them it finds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_cloud::Cloud;
use serde_json::{Value, json};

use crate::Failure;
use crate::events::{self, RUN};
use crate::publish::Publisher;

/// Events that do not count: what begins is cold.
const WARM_UP: Duration = Duration::from_secs(3);
/// When the last events have been published, they have so long to be found.
const PATIENCE: Duration = Duration::from_secs(60);

/// Events that were published and not found yet, by number.
type Waiting = Arc<Mutex<BTreeMap<u64, Instant>>>;

fn lock(waiting: &Waiting) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a table holds.
enum Found {
    /// Events, by their numbers.
    Changelog(HashSet<u64>),
    /// Records, each with the number of the event at which it stands.
    Current(HashMap<String, u64>),
}

impl Found {
    /// Reads what a table has of an event and those after it.
    async fn read(cloud: &Cloud, current: bool, first: u64) -> Result<Self, Failure> {
        let table = if current { "raw.Account" } else { "raw.Account_log" };
        let columns = if current {
            "_commit_number, _record_id"
        } else {
            "_commit_number"
        };
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE _commit_number >= {}",
            events::commit(first)
        );
        let rows = cloud.bigquery().query(&sql, None).await?.rows;
        let number = |row: &[Value]| row[0].as_str().and_then(|text| events::number(text.parse().ok()?));
        let known = |row: &[Value]| number(row).ok_or("a row that is not of the bench");
        if current {
            let rows = rows
                .iter()
                .map(|row| Ok((row[1].as_str().unwrap_or_default().to_owned(), known(row)?)));
            return rows.collect::<Result<_, Failure>>().map(Self::Current);
        }
        let numbers = rows.iter().map(|row| Ok(known(row)?));
        numbers.collect::<Result<_, Failure>>().map(Self::Changelog)
    }

    /// Whether an event can be seen: in a current table a later one of its record shows it, too.
    fn has(&self, number: u64) -> bool {
        match self {
            Self::Changelog(numbers) => numbers.contains(&number),
            Self::Current(records) => records.get(&events::about(number)).is_some_and(|at| *at >= number),
        }
    }
}

/// Publishes `seconds` long `rate` events a second; gives percentiles of the time from publishing to finding, in milliseconds.
pub async fn run(cloud: &Cloud, topic: &str, current: bool, rate: u64, seconds: u64) -> Result<Value, Failure> {
    let waiting = Waiting::default();
    let begun = Instant::now();
    let all = rate * seconds / RUN * RUN;
    let writer = tokio::spawn({
        let (publisher, waiting) = (Publisher::new(cloud, topic)?, waiting.clone());
        async move {
            write(&publisher, &waiting, rate, all)
                .await
                .map_err(|error| error.to_string())
        }
    });
    let mut latencies: Vec<Duration> = Vec::new();
    let mut found = 0;
    while found < all {
        let first = lock(&waiting).keys().next().copied();
        let Some(first) = first else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let there = Found::read(cloud, current, first).await?;
        let now = Instant::now();
        lock(&waiting).retain(|number, published| {
            if !there.has(*number) {
                return true;
            }
            found += 1;
            if published.duration_since(begun) > WARM_UP {
                latencies.push(now.duration_since(*published));
            }
            false
        });
        if begun.elapsed() > Duration::from_secs(seconds) + PATIENCE {
            return Err(format!("{} events were not found", all - found).into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writer.await??;
    latencies.sort();
    let at = |part: f64| {
        let place = (latencies.len() as f64 * part) as usize;
        latencies
            .get(place.min(latencies.len().saturating_sub(1)))
            .map_or(0.0, |l| l.as_secs_f64() * 1000.0)
    };
    Ok(json!({
        "events": all, "found": found, "counted": latencies.len(), "seconds": begun.elapsed().as_secs_f64(),
        "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
    }))
}

async fn write(publisher: &Publisher, waiting: &Waiting, rate: u64, all: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    for run in 0..all / RUN {
        let due = Duration::from_secs_f64((run * RUN) as f64 / rate as f64);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let numbers: Vec<u64> = (run * RUN..(run + 1) * RUN).collect();
        let now = Instant::now();
        lock(waiting).extend(numbers.iter().map(|number| (*number, now)));
        publisher.send(&events::ordering_key(run * RUN), &numbers).await?;
    }
    Ok(())
}
