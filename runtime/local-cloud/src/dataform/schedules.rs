//! Schedules: a release configuration makes compilation results, a workflow configuration invokes the released one.
//!
//! At least once, as Cloud Scheduler here: that a time is being carried out for is in the store before, and is taken from it with
//! the record of what it came to. However many times have passed while nothing ran, one is carried out for them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::configs::{Config, Kind};
use super::names::Collection;
use super::{compilations, invoking, releases, workflows};
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::{View, under};

/// A look at the clock at least this often: it may have been set, or the machine may have slept.
const LONGEST_SLEEP: TimeDelta = TimeDelta::seconds(30);
/// Of how many times the records are kept.
const RECORDS: usize = 10;
const KINDS: [&Kind; 2] = [&releases::KIND, &workflows::KIND];

/// Carries out schedules until the local cloud stops.
pub(crate) async fn keep_firing(cloud: Arc<Cloud>) {
    // What a kill cut off.
    match configs(&cloud) {
        Ok(configs) => configs
            .into_iter()
            .filter(|(_, config)| config.firing.is_some())
            .for_each(|(kind, config)| fire(&cloud, kind, config)),
        Err(error) => tracing::error!(error = %error.message, "dataform's schedules not read"),
    }
    loop {
        let longest = cloud.clock.now() + LONGEST_SLEEP;
        let wake = match fire_due(&cloud).await {
            Ok(next) => next.map_or(longest, |next| next.min(longest)),
            Err(error) => {
                tracing::error!(error = %error.message, "dataform's schedules not carried out");
                longest
            }
        };
        tokio::select! {
            () = cloud.stop.cancelled() => return,
            () = cloud.dataform.changed.notified() => {}
            () = cloud.clock.sleep_until(wake) => {}
        }
    }
}

fn prefix(kind: &Kind) -> Vec<u8> {
    under(&["dataform", kind.collection.segment()])
}

fn configs(cloud: &Cloud) -> Result<Vec<(&'static Kind, Config)>, ApiError> {
    let snapshot = cloud.store.snapshot()?;
    let mut all = Vec::new();
    for kind in KINDS {
        let configs: Vec<Config> = snapshot.all(&prefix(kind))?;
        all.extend(configs.into_iter().map(|config| (kind, config)));
    }
    Ok(all)
}

/// Carries out what is due; gives when the next is.
async fn fire_due(cloud: &Arc<Cloud>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let now = cloud.clock.now();
    let due = |config: &Config| config.next.is_some_and(|next| next <= now);
    if configs(cloud)?.iter().any(|(_, config)| due(config)) {
        let taken = cloud.store.write(move |txn| {
            let mut taken = Vec::new();
            for kind in KINDS {
                for mut config in txn.all::<Config>(&prefix(kind))? {
                    let Some(time) = config.next.filter(|next| *next <= now) else {
                        continue;
                    };
                    config.schedule_next(now)?;
                    // While it is still at work on an earlier time this one is left out.
                    if config.firing.is_none() {
                        config.firing = Some(time);
                        taken.push((kind, config.clone()));
                    }
                    txn.put(config.key(kind), &config)?;
                }
            }
            Ok::<_, ApiError>(taken)
        });
        for (kind, config) in taken.await? {
            fire(cloud, kind, config);
        }
    }
    Ok(configs(cloud)?.iter().filter_map(|(_, config)| config.next).min())
}

/// Carries out a configuration's schedule in the background.
fn fire(cloud: &Arc<Cloud>, kind: &'static Kind, config: Config) {
    let own = cloud.clone();
    cloud.tasks.spawn(async move {
        let carried_out = async {
            match kind.collection {
                Collection::Releases => ("releaseTime", release(&own, &config).await),
                _ => ("executionTime", execute(&own, &config).await),
            }
        };
        let (time, result) = tokio::select! {
            carried_out = carried_out => carried_out,
            // It is still noted as being carried out: the next start does it.
            () = own.stop.cancelled() => return,
        };
        let mut record = Map::new();
        record.insert(time.into(), json!(stamp(own.clock.now())));
        let released = match result {
            Ok((field, name)) => {
                record.insert(field.into(), json!(name));
                Some(name).filter(|_| field == "compilationResult")
            }
            Err(error) => {
                record.insert("errorStatus".into(), error.rpc_status());
                None
            }
        };
        let kept = keep(&own, kind, config, Value::Object(record), released);
        if let Err(error) = kept.await {
            tracing::error!(error = %error.message, "a record of dataform's schedules was not kept");
        }
    });
}

/// The field of the record and the name of what was made.
type Made = Result<(&'static str, String), ApiError>;

async fn release(cloud: &Arc<Cloud>, config: &Config) -> Made {
    let mut settings = Map::new();
    settings.insert("releaseConfig".into(), json!(config.name(Collection::Releases)));
    let compilation = compilations::make(cloud, config.repository.clone(), settings).await?;
    Ok(("compilationResult", compilation.name()))
}

async fn execute(cloud: &Arc<Cloud>, config: &Config) -> Made {
    let mut settings = Map::new();
    settings.insert("workflowConfig".into(), json!(config.name(Collection::Workflows)));
    let invocation = invoking::begin(cloud, config.repository.clone(), settings).await?;
    Ok(("workflowInvocation", invocation.name()))
}

/// Keeps a record, and what was released by it.
async fn keep(
    cloud: &Cloud,
    kind: &'static Kind,
    config: Config,
    record: Value,
    released: Option<String>,
) -> Result<(), ApiError> {
    let kept = cloud.store.write(move |txn| {
        // Deleted meanwhile: there is nothing to keep.
        let Some(mut current) = txn.get::<Config>(&config.key(kind))? else {
            return Ok(());
        };
        current.firing = None;
        current.records.insert(0, record);
        current.records.truncate(RECORDS);
        if let Some(name) = released {
            current.settings.insert("releaseCompilationResult".into(), json!(name));
        }
        Ok::<_, ApiError>(txn.put(current.key(kind), &current)?)
    });
    kept.await
}
