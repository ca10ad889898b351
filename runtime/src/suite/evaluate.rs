//! The verdict: the suite as one query over the target, under the limit of bytes.

use std::time::Duration;

use headwater_cloud::{BigQuery, Cloud, DatasetRef, Error, JobRef, JobStatus, Kind, Wait};
use headwater_quality::engine::{ExpectationResult, State, SuiteResult};
use headwater_quality::sql::{Pushdown, schema};
use headwater_spec::DqExecution;
use serde_json::{Value, json};

use super::Run;
use crate::quality::alone;

/// Longer than any query may run.
pub(super) const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// What came of it.
pub struct Evaluation {
    /// The suite's outcome, when it could be evaluated.
    pub result: Option<SuiteResult>,
    /// Why the suite as a whole could not be evaluated.
    pub reason: Option<String>,
    pub bytes_processed: Option<u64>,
    pub bytes_billed: Option<u64>,
    pub slot_ms: Option<u64>,
}

impl Evaluation {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            ..Self::of(None)
        }
    }

    /// An outcome of which nothing is known that is billed.
    pub(super) fn of(result: Option<SuiteResult>) -> Self {
        Self {
            result,
            reason: None,
            bytes_processed: None,
            bytes_billed: None,
            slot_ms: None,
        }
    }

    pub fn state(&self) -> State {
        self.result.as_ref().map_or(State::Error, |result| result.state)
    }

    pub fn results(&self) -> &[ExpectationResult] {
        self.result.as_ref().map_or(&[], |result| &result.results)
    }
}

/// Judges the target. What keeps it from being judged is a verdict, too.
pub async fn evaluate(cloud: &Cloud, run: &Run<'_>) -> Evaluation {
    judged(cloud, run)
        .await
        .unwrap_or_else(|error| Evaluation::failed(format!("{error}: {}", error.message())))
}

async fn judged(cloud: &Cloud, run: &Run<'_>) -> Result<Evaluation, Error> {
    if let DqExecution::Dataplex { scan } = &run.suite.execution {
        return super::scan::judged(cloud, run, scan).await;
    }
    let bigquery = cloud.bigquery();
    let target = &run.suite.target;
    let table = DatasetRef::new(&target.project, &target.dataset).table(&target.table);
    let document = bigquery.get_table(&table).await?;
    let columns = schema(&document["schema"]);
    let from = table.rows(target.partition_filter.as_deref());
    let pushdown = Pushdown::new(&run.suite.suite, &columns, &from);
    let sql = pushdown.sql();
    if let Some(limit) = run.suite.max_bytes_billed {
        let bytes = bigquery.dry_run(&sql, Some(&target.location)).await?.bytes;
        if bytes > limit {
            return Ok(Evaluation::failed(format!(
                "the query would read {bytes} bytes, and max_bytes_billed is {limit}: narrow it by partition_filter, or raise the limit"
            )));
        }
    }
    let (job, document) = match query(&bigquery, run, &sql).await {
        Err(error) if is_its_own_fault(&error) => {
            tracing::warn!(%error, "the query failed: each expectation is asked for alone");
            let (location, most) = (Some(target.location.as_str()), run.suite.max_bytes_billed);
            let result = alone::each(&bigquery, &run.suite.suite, &document["schema"], &from, location, most).await?;
            return Ok(Evaluation {
                result: Some(result),
                reason: None,
                bytes_processed: None,
                bytes_billed: None,
                slot_ms: None,
            });
        }
        asked => asked?,
    };
    let rows = bigquery.results(&job).await?.rows;
    let number = |name: &str| {
        let statistics = &document["statistics"];
        let found = [&statistics["query"][name], &statistics[name]];
        found.iter().find_map(|value| value.as_str()?.parse().ok())
    };
    Ok(Evaluation {
        result: Some(pushdown.conclude(rows.first().map(Vec::as_slice).unwrap_or_default())),
        reason: None,
        bytes_processed: number("totalBytesProcessed"),
        bytes_billed: number("totalBytesBilled"),
        slot_ms: number("totalSlotMs"),
    })
}

/// Whether BigQuery says that the query is wrong, at once or as it ran over the rows.
fn is_its_own_fault(error: &Error) -> bool {
    match error.kind() {
        Kind::Invalid => true,
        Kind::Failed => error.reason() == Some("invalidQuery"),
        _ => false,
    }
}

/// Runs the query under an id that is the run's: a task that is tried again finds what was asked before.
async fn query(bigquery: &BigQuery, run: &Run<'_>, sql: &str) -> Result<(JobRef, Value), Error> {
    let mut query = json!({"query": sql, "useLegacySql": false});
    if let Some(limit) = run.suite.max_bytes_billed {
        query["maximumBytesBilled"] = limit.to_string().into();
    }
    let configuration = json!({"labels": run.spec.labels, "query": query});
    let mut attempt = 1;
    loop {
        let job = JobRef {
            project: run.spec.project.clone(),
            location: Some(run.suite.target.location.clone()),
            id: headwater_spec::verdict_job_id(&run.spec.name, &run.id, attempt),
        };
        let (document, fresh) = bigquery.insert_job(&job, &configuration).await?;
        let status = match BigQuery::job_status(&job, &document) {
            JobStatus::Running => bigquery.wait_query(&job, Wait::at_most(PATIENCE)).await?,
            ended => ended,
        };
        match status {
            JobStatus::Done(document) => return Ok((job, document)),
            // An attempt before this one failed at it: its id is used up.
            JobStatus::Failed(_) if !fresh => attempt += 1,
            JobStatus::Failed(error) => return Err(error),
            JobStatus::Running => {
                return Err(Error::new(
                    Kind::DeadlineExceeded,
                    format!("wait for query `{job}`"),
                    "it still runs",
                ));
            }
        }
    }
}
