//! When pipelines run next: their jobs of Cloud Scheduler.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use futures::{StreamExt as _, TryStreamExt as _};
use headwater_cloud::{Cloud, OptionalExt as _, Scheduler};
use headwater_spec::Schedule;

use super::catalog::{Catalog, Key, Pipeline};
use super::{PARALLEL, said};

/// A schedule.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// When.
    pub schedule: Schedule,
    /// Whether somebody has stopped it.
    pub paused: bool,
    /// The next time.
    pub next: Option<DateTime<Utc>>,
}

/// Those that there are.
#[derive(Debug, Default)]
pub struct Schedules(HashMap<Key, Scheduled>);

impl Schedules {
    /// A pipeline's.
    pub fn of(&self, key: &Key) -> Option<&Scheduled> {
        self.0.get(key)
    }
}

/// Asks for each pipeline that a runtime executes.
pub async fn find(cloud: Cloud, catalog: Arc<Catalog>) -> Result<Schedules, String> {
    let asked = catalog.pipelines.iter();
    // Owned: what is awaited may move to another thread.
    let asked: Vec<(Arc<Pipeline>, String)> = asked
        .filter_map(|pipeline| Some((Arc::clone(pipeline), job(pipeline)?)))
        .collect();
    let found = futures::stream::iter(asked)
        .map(|(pipeline, job)| {
            let cloud = cloud.clone();
            async move {
                let document = cloud.scheduler().get_job(&job).await.optional()?;
                Ok::<_, headwater_cloud::Error>((pipeline, document))
            }
        })
        .buffered(PARALLEL)
        .try_collect::<Vec<_>>()
        .await
        .map_err(|error| said(&error))?;
    let now = Utc::now();
    let mut schedules = HashMap::new();
    for (pipeline, document) in found {
        let Some(document) = document else { continue };
        // One that starts something else has only the name.
        let body = document["httpTarget"]["body"].as_str().unwrap_or_default();
        let body = BASE64.decode(body.as_bytes()).unwrap_or_default();
        if !String::from_utf8_lossy(&body).contains(&pipeline.layout.spec_url()) {
            continue;
        }
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let schedule = Schedule {
            cron: text("schedule"),
            time_zone: text("timeZone"),
        };
        let paused = text("state") == "PAUSED";
        let told: Option<DateTime<Utc>> = text("scheduleTime").parse().ok();
        let next = told
            .filter(|next| *next > now)
            .or_else(|| schedule.next_after(now).ok());
        let scheduled = Scheduled {
            next: next.filter(|_| !paused),
            schedule,
            paused,
        };
        schedules.insert(pipeline.key.clone(), scheduled);
    }
    Ok(Schedules(schedules))
}

/// The job's name: `headwater-NAME` in the region of the runtime that it starts.
fn job(pipeline: &Pipeline) -> Option<String> {
    let parts: Vec<&str> = pipeline.runtime()?.split('/').collect();
    let ["projects", project, "locations", region, "jobs", _] = parts.as_slice() else {
        return None;
    };
    Some(Scheduler::job_name(
        project,
        region,
        &format!("headwater-{}", pipeline.key.name),
    ))
}
