//! Firing: waiting for what is due, calling targets, retrying, keeping the outcome.
//!
//! At least once: that a job is being fired is in the store before its target is called, and is taken from it afterwards.
//! However many times have passed while nothing ran, the job fires once for them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::record::{Job, key_of};
use crate::clock::{parse_duration, stamp};
use crate::cloud::Cloud;
use crate::http::answer::{ApiError, chain};
use crate::store::{StoreError, View, under};

/// A look at the clock at least this often: it may have been set, or the machine may have slept.
const LONGEST_SLEEP: chrono::TimeDelta = chrono::TimeDelta::seconds(30);

/// Fires jobs until the local cloud stops.
pub(crate) async fn keep_firing(cloud: Arc<Cloud>) {
    // What a kill cut off.
    match jobs(&cloud) {
        Ok(jobs) => jobs
            .iter()
            .filter(|job| job.firing.is_some())
            .for_each(|job| fire(&cloud, job)),
        Err(error) => tracing::error!(%error, "scheduled jobs not read"),
    }
    loop {
        let wake = match fire_due(&cloud).await {
            Ok(next) => next.unwrap_or_else(|| cloud.clock.now() + LONGEST_SLEEP),
            Err(error) => {
                tracing::error!(error = %error.message, "scheduled jobs not fired");
                cloud.clock.now() + LONGEST_SLEEP
            }
        };
        let wake = wake.min(cloud.clock.now() + LONGEST_SLEEP);
        tokio::select! {
            () = cloud.stop.cancelled() => return,
            () = cloud.scheduler.changed.notified() => {}
            () = cloud.clock.sleep_until(wake) => {}
        }
    }
}

fn jobs(cloud: &Cloud) -> Result<Vec<Job>, StoreError> {
    cloud.store.snapshot()?.all(&under(&["scheduler"]))
}

/// Fires what is due; gives when the next is.
async fn fire_due(cloud: &Arc<Cloud>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let now = cloud.clock.now();
    let due = jobs(cloud)?.iter().any(|job| job.next.is_some_and(|next| next <= now));
    if due {
        let fired = cloud.store.write(move |txn| {
            let mut fired = Vec::new();
            for mut job in txn.all::<Job>(&under(&["scheduler"]))? {
                let Some(time) = job.next.filter(|next| *next <= now) else {
                    continue;
                };
                job.firing = Some(time);
                job.schedule_next(now)?;
                txn.put(key_of(&job.name), &job)?;
                fired.push(job);
            }
            Ok::<_, ApiError>(fired)
        });
        for job in fired.await? {
            fire(cloud, &job);
        }
    }
    Ok(jobs(cloud)?.iter().filter_map(|job| job.next).min())
}

/// Calls a job's target in the background, unless a call is already under way.
pub(super) fn fire(cloud: &Arc<Cloud>, job: &Job) {
    let free = cloud
        .scheduler
        .busy
        .lock()
        .is_ok_and(|mut busy| busy.insert(job.name.clone()));
    if !free {
        tracing::debug!(job = %job.name, "the last call is still under way, this one is left out");
        return;
    }
    let (own, job) = (cloud.clone(), job.clone());
    cloud.tasks.spawn(async move {
        let outcome = tokio::select! {
            outcome = call_until_done(&own, &job) => Some(outcome),
            () = own.stop.cancelled() => None,
        };
        if let Ok(mut busy) = own.scheduler.busy.lock() {
            busy.remove(&job.name);
        }
        let Some(status) = outcome else { return };
        let kept = keep(&own, &job.name, move |job| {
            job.status = Some(status);
            job.firing = None;
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "outcome of a scheduled job not kept");
        }
    });
}

async fn keep(cloud: &Cloud, name: &str, change: impl FnOnce(&mut Job) + Send + 'static) -> Result<(), StoreError> {
    let at = key_of(name);
    let written = cloud.store.write(move |txn| {
        // Deleted meanwhile: there is nothing to keep.
        if let Some(mut job) = txn.get::<Job>(&at)? {
            change(&mut job);
            txn.put(at, &job)?;
        }
        Ok(())
    });
    written.await
}

/// Calls the target, again as the retry configuration says. Gives the google.rpc.Status of the last call.
async fn call_until_done(cloud: &Arc<Cloud>, job: &Job) -> Value {
    let retry = &job.settings["retryConfig"];
    let number = |name: &str| retry[name].as_u64().or_else(|| retry[name].as_str()?.parse().ok());
    let duration = |name: &str| retry[name].as_str().and_then(parse_duration);
    let (retries, doublings) = (number("retryCount").unwrap_or(0), number("maxDoublings").unwrap_or(5));
    let longest = duration("maxBackoffDuration").unwrap_or(Duration::from_secs(3600));
    let within = duration("maxRetryDuration").filter(|within| !within.is_zero());
    let mut backoff = duration("minBackoffDuration").unwrap_or(Duration::from_secs(5));
    let step = backoff;
    let begun = tokio::time::Instant::now();
    let mut attempt = 0;
    loop {
        let now = cloud.clock.now();
        drop(keep(cloud, &job.name, move |job| job.last_attempt = Some(now)).await);
        let code = call(cloud, job).await;
        tracing::debug!(job = %job.name, attempt, code, "scheduled job called its target");
        attempt += 1;
        let over = within.is_some_and(|within| begun.elapsed() + backoff > within);
        if code == 0 || attempt > retries || over {
            return if code == 0 { json!({}) } else { json!({ "code": code }) };
        }
        tokio::time::sleep(backoff).await;
        backoff = if attempt <= doublings {
            backoff * 2
        } else {
            backoff + step
        }
        .min(longest);
    }
}

/// One call; gives the code of google.rpc.Code.
async fn call(cloud: &Arc<Cloud>, job: &Job) -> i64 {
    match send(cloud, job).await {
        Ok(status) if (200..300).contains(&status) => 0,
        Ok(status) => {
            tracing::warn!(job = %job.name, status, "a scheduled job's target refused");
            ApiError::new(status, ApiError::status_of(status), "", "").rpc_status()["code"]
                .as_i64()
                .unwrap_or(2)
        }
        Err(error) => {
            tracing::warn!(job = %job.name, error = %chain(&error), "a scheduled job's target was not reached");
            if error.is_timeout() { 4 } else { 14 }
        }
    }
}

async fn send(cloud: &Cloud, job: &Job) -> Result<u16, reqwest::Error> {
    let request = if job.settings.get("pubsubTarget").is_some_and(Value::is_object) {
        publish(cloud, job)
    } else {
        post(cloud, job)
    };
    Ok(request.send().await?.status().as_u16())
}

/// The message as Pub/Sub's own API takes it.
fn publish(cloud: &Cloud, job: &Job) -> reqwest::RequestBuilder {
    let target = &job.settings["pubsubTarget"];
    let topic = target["topicName"].as_str().unwrap_or_default();
    let mut message = json!({});
    for name in ["data", "attributes"] {
        if !target[name].is_null() {
            message[name] = target[name].clone();
        }
    }
    cloud
        .scheduler
        .client
        .post(format!("{}/v1/{topic}:publish", cloud.base_url))
        .timeout(Duration::from_secs(60))
        .json(&json!({ "messages": [message] }))
}

fn post(cloud: &Cloud, job: &Job) -> reqwest::RequestBuilder {
    let target = &job.settings["httpTarget"];
    let uri = target["uri"].as_str().unwrap_or_default();
    let method = target["httpMethod"]
        .as_str()
        .and_then(|name| name.parse().ok())
        .unwrap_or(reqwest::Method::POST);
    let deadline = job.settings["attemptDeadline"]
        .as_str()
        .and_then(parse_duration)
        .unwrap_or(Duration::from_secs(180));
    let mut request = cloud
        .scheduler
        .client
        .request(method, here(uri, &cloud.base_url))
        .timeout(deadline);
    for (name, value) in target["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    let time = job.firing.unwrap_or_else(|| cloud.clock.now());
    request = request
        .header("X-CloudScheduler", "true")
        .header(
            "X-CloudScheduler-JobName",
            job.name.rsplit('/').next().unwrap_or_default(),
        )
        .header("X-CloudScheduler-ScheduleTime", stamp(time));
    let body = target["body"].as_str().and_then(|body| STANDARD.decode(body).ok());
    if let Some(body) = body {
        request = request.body(body);
    }
    request
}

/// A target on a host of Google's is this local cloud; all others are what they say.
fn here(uri: &str, base_url: &str) -> String {
    let parsed: Option<http::Uri> = uri.parse().ok();
    let google = parsed
        .as_ref()
        .and_then(http::Uri::host)
        .is_some_and(|host| host.ends_with(".googleapis.com"));
    let path = parsed.as_ref().and_then(http::Uri::path_and_query).filter(|_| google);
    path.map_or_else(|| uri.to_owned(), |path| format!("{base_url}{path}"))
}

#[cfg(test)]
mod tests {
    use super::here;

    #[test]
    fn targets_at_google_are_here() {
        let base = "http://127.0.0.1:1";
        for (uri, expected) in [
            (
                "https://run.googleapis.com/v2/a:run?b=c",
                "http://127.0.0.1:1/v2/a:run?b=c",
            ),
            ("https://europe-west1-run.googleapis.com/x", "http://127.0.0.1:1/x"),
            (
                "https://example.com/googleapis.com",
                "https://example.com/googleapis.com",
            ),
            ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
        ] {
            assert_eq!(here(uri, base), expected);
        }
    }
}
