//! Carrying out a scan's job: a query of the local BigQuery for each rule, one after another.
//!
//! What was running when the local cloud stopped has failed, and says so.

use std::sync::Arc;

use chrono::Utc;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::check::{message, parts, text};
use super::data::{DATA, Data};
use super::export;
use super::jobs::{Job, State, all};
use super::outcome::{self, Found};
use super::scans::{Latest, Scan};
use super::statements::{self, Statement};
use super::warehouse::{Failure, Warehouse};
use crate::bigquery::Api;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::View;

const STOPPED: &str = "The local cloud was stopped while the data scan job was running; run the scan again.";

/// What a job comes to.
struct Done {
    result: Value,
    scanned_to: Option<String>,
    /// What did not work besides.
    partial: Option<String>,
}

/// Carries out a job in the background.
pub(super) fn start(cloud: &Arc<Cloud>, job: Job, token: CancellationToken) {
    let own = cloud.clone();
    cloud.tasks.spawn(async move {
        let key = job.key();
        let kept = carry_out(&own, job, token).await;
        own.dataplex.running.end(&key);
        if let Err(error) = kept {
            tracing::error!(error = %error.message, "a data scan job was not kept");
        }
    });
}

async fn carry_out(cloud: &Arc<Cloud>, job: Job, token: CancellationToken) -> Result<(), ApiError> {
    change(cloud, &job, |job, scan| {
        let now = Utc::now();
        if job.state == State::Pending {
            job.state = State::Running;
        }
        job.started = Some(now);
        if let Some(scan) = scan {
            scan.latest = Some(Latest {
                created: job.created,
                started: Some(now),
                ended: None,
            });
        }
    })
    .await?;
    let scanned = tokio::select! {
        scanned = Box::pin(scan(cloud, &job, &token)) => scanned,
        () = cloud.stop.cancelled() => Err(Failure::Refused(STOPPED.to_owned())),
    };
    change(cloud, &job, move |job, of| {
        let now = Utc::now();
        job.ended = Some(now);
        match scanned {
            Ok(done) => {
                job.state = match done.partial {
                    None => State::Succeeded,
                    Some(_) => State::SucceededWithErrors,
                };
                job.message = done.partial;
                job.result = Some(done.result.clone());
                if let Some(scan) = of {
                    scan.result = Some(done.result);
                    scan.scanned_to = done.scanned_to.or(scan.scanned_to.take());
                    scan.latest = Some(Latest {
                        created: job.created,
                        started: job.started,
                        ended: Some(now),
                    });
                }
            }
            Err(failure) => {
                (job.state, job.message) = match failure {
                    Failure::Cancelled => (State::Cancelled, Some("The data scan job was cancelled.".to_owned())),
                    Failure::Refused(message) => (State::Failed, Some(message)),
                };
                if let Some(scan) = of {
                    scan.latest = Some(Latest {
                        created: job.created,
                        started: job.started,
                        ended: Some(now),
                    });
                }
            }
        }
    })
    .await
}

/// Changes a job that is still there, and its scan if that is.
async fn change(
    cloud: &Cloud,
    job: &Job,
    change: impl FnOnce(&mut Job, Option<&mut Scan>) + Send + 'static,
) -> Result<(), ApiError> {
    let (at, scan_at) = (job.key(), job.scan.key());
    let changed = cloud.store.write(move |txn| {
        let Some(mut job) = txn.get::<Job>(&at)? else {
            return Ok(());
        };
        let mut scan = txn.get::<Scan>(&scan_at)?;
        change(&mut job, scan.as_mut());
        txn.put(at, &job)?;
        if let Some(scan) = scan {
            txn.put(scan_at, &scan)?;
        }
        Ok::<_, ApiError>(())
    });
    changed.await
}

async fn scan(cloud: &Arc<Cloud>, job: &Job, token: &CancellationToken) -> Result<Done, Failure> {
    let settings = &job.settings;
    let identity = message(settings, "executionIdentity").and_then(|of| message(of, "serviceAccount"));
    let resource = message(settings, "data")
        .map(|data| text(data, "resource"))
        .unwrap_or_default();
    let parts = parts(resource).ok_or_else(|| format!("'{resource}' is no table."))?;
    let mut warehouse = Warehouse {
        api: Api {
            router: cloud.bigquery.clone(),
            caller: identity.map(|account| text(account, "email").to_owned()),
        },
        project: cloud.project_of(&job.scan.project).to_owned(),
        location: String::new(),
        cancel: token.clone(),
    };
    let Some(document) = warehouse.table(parts).await? else {
        return Err(Failure::Refused(format!("The table '{resource}' was not found.")));
    };
    document["location"]
        .as_str()
        .unwrap_or_default()
        .clone_into(&mut warehouse.location);
    let scanned_to = cloud
        .store
        .get::<Scan>(&job.scan.key())
        .ok()
        .flatten()
        .and_then(|scan| scan.scanned_to);
    let data = Data::of(&warehouse, settings, parts, &document, (scanned_to.as_deref(), &job.id)).await?;
    let rows = warehouse
        .ask(&data.query(&format!("SELECT COUNT(*) FROM {DATA}")))
        .await?
        .count(0);
    let spec = message(settings, "dataQualitySpec");
    let rules = spec
        .and_then(|spec| spec.get("rules")?.as_array())
        .into_iter()
        .flatten();
    let mut found = Vec::new();
    for rule in rules.filter_map(Value::as_object) {
        if !rule.contains_key("suspended") {
            found.push(
                judged(&warehouse, rule, &data)
                    .await
                    .map_err(|failure| named(rule, failure))?,
            );
        }
    }
    let mut result = outcome::resource(&found, rows, data.resource());
    let mut partial = None;
    if let Some(table) = export::table(settings) {
        let exported = export::write(&warehouse, job, table, &result, &found).await;
        let state = match exported {
            Ok(()) => json!({ "state": "SUCCEEDED" }),
            Err(Failure::Cancelled) => return Err(Failure::Cancelled),
            Err(Failure::Refused(message)) => {
                let state = json!({ "state": "FAILED", "message": message });
                partial = Some(format!("The results were not exported: {message}"));
                state
            }
        };
        result["postScanActionsResult"] = json!({ "bigqueryExportResult": state });
    }
    Ok(Done {
        result,
        scanned_to: data.scanned_to(),
        partial,
    })
}

/// A failure with the rule that it is of.
fn named(rule: &Map<String, Value>, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(message) => {
            let name = match text(rule, "name") {
                "" => "without a name",
                name => name,
            };
            Failure::Refused(format!("The rule {name} cannot be evaluated: {message}"))
        }
        Failure::Cancelled => Failure::Cancelled,
    }
}

async fn judged(warehouse: &Warehouse, rule: &Map<String, Value>, data: &Data) -> Result<Found, Failure> {
    let mut found = Found {
        rule: rule.clone(),
        passed: false,
        rows: None,
        returned: None,
        debug: None,
    };
    match statements::of(rule, data)? {
        Statement::Rows { sql, failing } => {
            let counts = warehouse.ask(&sql).await?;
            let (evaluated, passed, null) = (counts.count(0), counts.count(1), counts.count(2));
            found.passed = outcome::enough(rule, evaluated, passed);
            found.rows = Some((evaluated, passed, null, failing));
        }
        Statement::Table(sql) => found.passed = warehouse.ask(&sql).await?.holds(0),
        Statement::Assertion(sql) => {
            let returned = warehouse.ask(&sql).await?.count(0);
            found.passed = returned == 0;
            found.returned = Some(returned);
        }
    }
    if let Some(sql) = statements::debug(rule, data) {
        found.debug = Some(warehouse.ask(&sql).await?);
    }
    Ok(found)
}

/// Ends what was running when the last process died. To be called before the first call is served.
pub(crate) async fn resume(cloud: &Arc<Cloud>) -> Result<(), ApiError> {
    let jobs: Vec<Job> = cloud.store.snapshot()?.all(&all())?;
    let left: Vec<Job> = jobs.into_iter().filter(|job| !job.state.is_final()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let ended = cloud.store.write(move |txn| {
        for mut job in left {
            (job.state, job.message) = match job.state {
                State::Canceling => (State::Cancelled, None),
                _ => (State::Failed, Some(STOPPED.to_owned())),
            };
            job.ended = Some(Utc::now());
            txn.put(job.key(), &job)?;
        }
        Ok::<_, ApiError>(())
    });
    ended.await
}
