//! Scaling by backlog: how many workers a stream's pool has, by the messages that wait before it.
//!
//! Cloud Run has as many instances of a worker pool as it is told to have; so one of the workers tells it. Which one is in
//! `scaling.json` in the lake, written only against the generation that was read: of two that take themselves for the one, the
//! second's write fails, and with it its turn. That document also says since when fewer workers would be enough, because the
//! worker that knew may be the one that goes.
//!
//! Nothing here ends a stream: a turn that fails is logged, and the number of workers stays.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use headwater_cloud::{Cloud, Kind, ObjectPath, OptionalExt as _, PatchBy, Precondition, Service};
use headwater_spec::{CdcStreamSpec, PipelineSpec, Scaling};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::apply::paused;
use crate::errors::Result;
use crate::notices::Notices;

/// How often it is looked how much waits. Cloud Monitoring measures subscriptions once a minute.
const EVERY: Duration = Duration::from_secs(15);
/// A worker whose turn has not come for so long before another's eyes scales no more.
const LEASE: Duration = Duration::from_secs(60);
/// A measurement older than this says nothing. Those of subscriptions may take some minutes to be seen.
const WINDOW: Duration = Duration::from_secs(600);

/// Since when fewer workers would be enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Below {
    since: DateTime<Utc>,
    /// The most that were asked for since.
    most: u32,
}

/// `scaling.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    /// Tells this process apart from all others; absent when it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<Below>,
}

/// How many workers there are to be. More at once; fewer when fewer have been enough for long enough, and then as many as the
/// most that was asked for meanwhile.
fn decide(
    scaling: &Scaling,
    now: DateTime<Utc>,
    backlog: u64,
    workers: u32,
    below: Option<Below>,
) -> (u32, Option<Below>) {
    let present = scaling.within(workers);
    let wanted = scaling.workers_for(backlog);
    if wanted >= present {
        return (wanted, None);
    }
    let below = below.map_or(
        Below {
            since: now,
            most: wanted,
        },
        |below| Below {
            most: below.most.max(wanted),
            ..below
        },
    );
    if now - below.since >= TimeDelta::seconds(i64::from(scaling.scale_down_seconds)) {
        (below.most, None)
    } else {
        (present, Some(below))
    }
}

/// Keeps the number of workers of a pool, `projects/P/locations/L/workerPools/W`, as the stream's backlog asks, until it is
/// cancelled. A stream without `scaling` has as many as its pool says.
pub async fn scale(spec: &PipelineSpec, cloud: &Cloud, pool: &str, cancel: &CancellationToken) {
    let Ok(stream) = spec.stream() else { return };
    let Some(scaling) = stream.scaling else { return };
    let mut scaler = Scaler::new(spec, stream, scaling, cloud, pool);
    while !cancel.is_cancelled() {
        if let Err(error) = scaler.turn().await {
            tracing::warn!(pool, reason = %error, hint = error.hint(), "the number of workers was not looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = cancel.cancelled() => {}
        }
    }
    scaler.give_back().await;
}

struct Scaler<'a> {
    spec: &'a PipelineSpec,
    stream: &'a CdcStreamSpec,
    scaling: Scaling,
    cloud: &'a Cloud,
    pool: &'a str,
    path: ObjectPath,
    /// This process.
    me: String,
    /// The generation that another has written, and since when it stands.
    seen: Option<(i64, Instant)>,
}

impl<'a> Scaler<'a> {
    fn new(
        spec: &'a PipelineSpec,
        stream: &'a CdcStreamSpec,
        scaling: Scaling,
        cloud: &'a Cloud,
        pool: &'a str,
    ) -> Self {
        let layout = spec.layout();
        Self {
            spec,
            stream,
            scaling,
            cloud,
            pool,
            path: ObjectPath {
                bucket: layout.bucket().to_owned(),
                name: format!("{}scaling.json", layout.root()),
            },
            me: format!("{:016x}", rand::random::<u64>()),
            seen: None,
        }
    }

    /// What the lake says, and its generation. What does not parse is as nothing: the next turn mends it.
    async fn read(&self) -> Result<(Document, Precondition, i64)> {
        let found = self.cloud.storage().get(&self.path).await.optional()?;
        Ok(found.map_or((Document::default(), Precondition::Absent, 0), |found| {
            let document = serde_json::from_slice(&found.bytes).unwrap_or_default();
            (document, Precondition::Generation(found.generation), found.generation)
        }))
    }

    /// `false`: somebody else was quicker.
    async fn write(&self, document: &Document, precondition: Precondition) -> Result<bool> {
        let bytes = serde_json::to_vec(document).unwrap_or_default();
        let storage = self.cloud.storage();
        match storage
            .put(&self.path, "application/json", bytes.into(), precondition)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::PreconditionFailed => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether another worker scales, and shows life: by our own clock, whatever its clock says.
    fn is_anothers(&mut self, document: &Document, generation: i64) -> bool {
        if document.holder.as_ref().is_none_or(|holder| *holder == self.me) {
            self.seen = None;
            return false;
        }
        let since = match self.seen {
            Some((before, since)) if before == generation => since,
            Some(_) | None => Instant::now(),
        };
        self.seen = Some((generation, since));
        since.elapsed() < LEASE
    }

    async fn turn(&mut self) -> Result<()> {
        let (document, precondition, generation) = self.read().await?;
        if self.is_anothers(&document, generation) {
            return Ok(());
        }
        let pools = self.cloud.documents(Service::Run);
        let mut found = pools.get(self.pool).await?;
        let count = found["scaling"]["manualInstanceCount"].as_u64().unwrap_or(0);
        let workers = u32::try_from(count).unwrap_or(u32::MAX);
        let mut next = Document {
            holder: Some(self.me.clone()),
            below: None,
        };
        let mut wanted = workers;
        // A pool that was told to have none is being stopped by somebody; a stream that is paused works nothing off.
        let stands = workers == 0 || paused(self.spec, self.cloud).await?;
        let backlog = if stands { None } else { self.backlog().await? };
        if let Some(backlog) = backlog {
            (wanted, next.below) = decide(&self.scaling, Utc::now(), backlog, workers, document.below);
        }
        if !self.write(&next, precondition).await? || wanted == workers {
            return Ok(());
        }
        found["scaling"]["manualInstanceCount"] = json!(wanted);
        // The pool's etag is in it: what somebody has changed meanwhile is looked at again in the next turn.
        pools.patch(self.pool, PatchBy::Query, &found, &["scaling"]).await?;
        tracing::info!(pool = self.pool, from = workers, to = wanted, backlog, "scaled");
        let notices = Notices::open(&self.spec.name, self.stream, self.cloud).await?;
        let details = json!({"from": workers, "to": wanted, "backlog": backlog});
        notices.status("scaled", details).await;
        Ok(())
    }

    /// Messages that are not acknowledged, as they were counted last.
    async fn backlog(&self) -> Result<Option<u64>> {
        let subscription = &self.stream.transport.subscription;
        let parts: Vec<&str> = subscription.split('/').collect();
        let ["projects", project, "subscriptions", id] = parts.as_slice() else {
            return Ok(None);
        };
        let filter = format!(
            "metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND \
             resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"{id}\""
        );
        let newest = self.cloud.monitoring().newest(project, &filter, WINDOW).await?;
        Ok(newest.and_then(|backlog| u64::try_from(backlog).ok()))
    }

    /// Lets another worker begin at once.
    async fn give_back(&self) {
        if let Ok((mut document, precondition, _)) = self.read().await
            && document.holder.as_deref() == Some(self.me.as_str())
        {
            document.holder = None;
            // Whoever was quicker has it.
            let _ = self.write(&document, precondition).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALING: Scaling = Scaling {
        min_workers: 1,
        max_workers: 8,
        target_backlog: 100,
        scale_down_seconds: 60,
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn more_come_at_once_and_fewer_when_fewer_have_been_enough() {
        let mut workers = 1;
        let mut below = None;
        // Seconds, backlog, workers then.
        for (second, backlog, expected) in [
            (0, 50, 1),
            (15, 450, 5),
            (30, 2000, 8),
            (45, 100, 8),
            // In between three were asked for.
            (60, 300, 8),
            (75, 0, 8),
            (104, 0, 8),
            (105, 0, 3),
            (120, 0, 3),
            // A moment's rise begins the wait anew.
            (135, 300, 3),
            (150, 0, 3),
            (209, 0, 3),
            (210, 0, 1),
            (600, 0, 1),
        ] {
            (workers, below) = decide(&SCALING, at(second), backlog, workers, below);
            assert_eq!(workers, expected, "after {second} s, {below:?}");
        }
    }

    #[test]
    fn what_is_outside_the_bounds_comes_inside_at_once() {
        assert_eq!(decide(&SCALING, at(0), 5000, 20, None).0, 8);
        let (workers, below) = decide(&SCALING, at(0), 0, 20, None);
        assert_eq!((workers, below.unwrap().most), (8, 1));
        let wide = Scaling {
            min_workers: 3,
            ..SCALING
        };
        assert_eq!(decide(&wide, at(0), 0, 1, None).0, 3);
    }

    #[test]
    fn a_document_survives_and_an_older_one_is_read() {
        let document = Document {
            holder: Some("a".into()),
            below: Some(Below { since: at(0), most: 2 }),
        };
        let text = serde_json::to_vec(&document).unwrap();
        assert_eq!(serde_json::from_slice::<Document>(&text).unwrap(), document);
        assert_eq!(serde_json::from_str::<Document>("{}").unwrap(), Document::default());
    }
}
