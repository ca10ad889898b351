//! The verdict by a scan of Dataplex: its job, begun once for a run however often the run is tried, and what it found.

use chrono::{DateTime, Utc};
use headwater_cloud::{Cloud, DatasetRef, Error, ObjectPath, OptionalExt as _, Precondition, ScanJob, Wait};
use headwater_quality::dataplex::Scan;
use headwater_quality::sql::schema;
use serde::{Deserialize, Serialize};

use super::Run;
use super::evaluate::{Evaluation, PATIENCE};

/// What a run notes in the lake of the job that it begins: before, so that a job whose name was lost is found by its time.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    since: DateTime<Utc>,
    job: Option<String>,
}

fn path(run: &Run<'_>) -> ObjectPath {
    let layout = run.spec.layout();
    ObjectPath {
        bucket: layout.bucket().to_owned(),
        name: layout.scan_job(&run.id),
    }
}

/// Judges the target by the suite's scan.
pub async fn judged(cloud: &Cloud, run: &Run<'_>, name: &str) -> Result<Evaluation, Error> {
    let target = &run.suite.target;
    let table = DatasetRef::new(&target.project, &target.dataset).table(&target.table);
    let document = cloud.bigquery().get_table(&table).await?;
    let scan = Scan::new(&run.suite.suite, &schema(&document["schema"]));
    let job = begun(cloud, run, name).await?;
    let document = match cloud.data_scans().wait_job(&job, Wait::at_most(PATIENCE)).await? {
        ScanJob::Succeeded(document) => document,
        ScanJob::Ended(message) => return Ok(Evaluation::failed(message)),
        ScanJob::Running => return Ok(Evaluation::failed(format!("the job {job} still runs"))),
    };
    // What was changed behind the suite's back, or since the table's columns changed, is not judged by.
    let spec = &document["dataQualitySpec"];
    let filter = target.partition_filter.as_deref().unwrap_or_default();
    let other = scan.difference(spec).or_else(|| {
        let same = spec["rowFilter"].as_str().unwrap_or_default() == filter;
        (!same).then(|| "its row filter is another".to_owned())
    });
    if let Some(why) = other {
        return Ok(Evaluation::failed(format!(
            "the scan {name} does not judge by the suite: {why}; apply the suite again"
        )));
    }
    Ok(Evaluation::of(Some(scan.conclude(&document["dataQualityResult"]))))
}

/// The run's job. An attempt before this one may have begun it, and may have been killed before it knew the job's name.
async fn begun(cloud: &Cloud, run: &Run<'_>, name: &str) -> Result<String, Error> {
    let scans = cloud.data_scans();
    let noted = cloud.storage().get(&path(run)).await.optional()?;
    let noted: Option<Note> = noted.and_then(|found| serde_json::from_slice(&found.bytes).ok());
    let since = match noted {
        Some(Note { job: Some(job), .. }) => return Ok(job),
        Some(Note { since, .. }) => {
            if let Some(job) = scans.begun_since(name, since).await? {
                tracing::info!(%job, "the job of an earlier attempt is waited for");
                note(cloud, run, since, Some(&job)).await?;
                return Ok(job);
            }
            since
        }
        None => {
            let since = Utc::now();
            note(cloud, run, since, None).await?;
            since
        }
    };
    let job = match scans.run(name).await {
        Ok(job) => job,
        // The answer may have been lost, and not the job.
        Err(error) => match scans.begun_since(name, since).await {
            Ok(Some(job)) => job,
            _ => return Err(error),
        },
    };
    note(cloud, run, since, Some(&job)).await?;
    Ok(job)
}

async fn note(cloud: &Cloud, run: &Run<'_>, since: DateTime<Utc>, job: Option<&str>) -> Result<(), Error> {
    let note = Note {
        since,
        job: job.map(str::to_owned),
    };
    let text = serde_json::to_vec(&note).unwrap_or_default();
    let storage = cloud.storage();
    storage
        .put(&path(run), "application/json", text.into(), Precondition::None)
        .await
        .map(drop)
}

/// Forgets the job, when the verdict is written.
pub async fn forget(cloud: &Cloud, run: &Run<'_>) -> Result<(), Error> {
    if run.mode == super::Mode::Dataplex {
        cloud.storage().delete(&path(run), Precondition::None).await?;
    }
    Ok(())
}
