//! Schedules of scans: a job at each time. However many times have passed while nothing ran, one job is made for them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::jobs;
use super::scans::Scan;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::{View, under};

/// A look at the clock at least this often: it may have been set, or the machine may have slept.
const LONGEST_SLEEP: TimeDelta = TimeDelta::seconds(30);

/// Makes jobs by schedule until the local cloud stops.
pub(crate) async fn keep_firing(cloud: Arc<Cloud>) {
    loop {
        let longest = cloud.clock.now() + LONGEST_SLEEP;
        let wake = match fire_due(&cloud).await {
            Ok(next) => next.map_or(longest, |next| next.min(longest)),
            Err(error) => {
                tracing::error!(error = %error.message, "schedules of data scans not carried out");
                longest
            }
        };
        tokio::select! {
            () = cloud.stop.cancelled() => return,
            () = cloud.dataplex.changed.notified() => {}
            () = cloud.clock.sleep_until(wake) => {}
        }
    }
}

fn prefix() -> Vec<u8> {
    under(&["dataplex", "scans"])
}

/// Makes the jobs that are due; gives when the next is.
async fn fire_due(cloud: &Arc<Cloud>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let now = cloud.clock.now();
    let due = |scan: &Scan| scan.next.is_some_and(|next| next <= now);
    let scans: Vec<Scan> = cloud.store.snapshot()?.all(&prefix())?;
    for scan in scans.into_iter().filter(due) {
        let name = scan.name.clone();
        // A kill between the two makes the job twice, and never not at all.
        let begun = jobs::begin(cloud, name.clone(), true).await;
        if let Err(error) = begun {
            tracing::warn!(scan = %name, error = %error.message, "a scheduled data scan was not begun");
        }
        let moved = cloud.store.write(move |txn| {
            if let Some(mut scan) = txn.get::<Scan>(&name.key())? {
                scan.schedule_next(now)?;
                txn.put(name.key(), &scan)?;
            }
            Ok::<_, ApiError>(())
        });
        moved.await?;
    }
    let scans: Vec<Scan> = cloud.store.snapshot()?.all(&prefix())?;
    Ok(scans.iter().filter_map(|scan| scan.next).min())
}
