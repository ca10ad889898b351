//! The verdict: the suite as one query over the target, under the limit of bytes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use headwater_cloud::{BigQuery, Cloud, DatasetRef, Error, JobRef, JobStatus, Kind, Wait};
use headwater_quality::engine::{ExpectationResult, Reason, State, SuiteResult, conclude};
use headwater_quality::sql::{Pushdown, schema};
use headwater_spec::DqExecution;
use serde_json::{Value, json};

use super::increment::{self, Increment, stamp};
use super::{Run, files, past, show};
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
    /// Of an incremental run: which rows.
    pub increment: Option<Increment>,
}

impl Evaluation {
    /// No verdict.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            ..Self::of(None)
        }
    }

    /// An outcome of which no job tells more; none, where there is no verdict.
    pub fn of(result: impl Into<Option<SuiteResult>>) -> Self {
        Self {
            result: result.into(),
            reason: None,
            bytes_processed: None,
            bytes_billed: None,
            slot_ms: None,
            increment: None,
        }
    }

    /// There are no rows to judge: that is said, and is no failure of any expectation.
    fn nothing(run: &Run<'_>, increment: Increment) -> Self {
        let suite = &run.suite.suite;
        let skipped = |expectation| ExpectationResult {
            state: State::Skipped,
            ..ExpectationResult::without_verdict(
                expectation,
                Reason::new("no_data", "there are no rows to judge".to_owned()),
            )
        };
        let results = suite.expectations.iter().map(skipped).collect();
        Self {
            increment: Some(increment),
            ..Self::of(conclude(suite, 0, results))
        }
    }

    /// Whether it is a verdict on no rows at all, as an increment may be.
    pub fn is_of_nothing(&self) -> bool {
        self.increment
            .as_ref()
            .is_some_and(|increment| increment.upto.is_none())
    }

    /// Why there is no verdict, or one on nothing.
    pub fn said(&self) -> Option<String> {
        match &self.increment {
            Some(increment) if self.is_of_nothing() => Some(match increment.from {
                Some(from) => format!("there are no rows above {}: nothing was judged", stamp(from)),
                None => "there are no rows: nothing was judged".to_owned(),
            }),
            _ => self.reason.clone(),
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
/// `watermark`: where the last verdict of an incremental suite ends.
pub async fn evaluate(cloud: &Cloud, run: &Run<'_>, watermark: Option<DateTime<Utc>>) -> Evaluation {
    judged(cloud, run, watermark)
        .await
        .unwrap_or_else(|error| Evaluation::failed(format!("{error}: {}", error.message())))
}

async fn judged(cloud: &Cloud, run: &Run<'_>, watermark: Option<DateTime<Utc>>) -> Result<Evaluation, Error> {
    if let DqExecution::Dataplex { scan } = &run.suite.execution {
        return super::scan::judged(cloud, run, scan).await;
    }
    let bigquery = cloud.bigquery();
    let target = &run.suite.target;
    if let Some(files) = &target.files {
        return files::judge(cloud, run, files).await;
    }
    let table = DatasetRef::new(&target.project, &target.dataset).table(&target.table);
    let document = bigquery.get_table(&table).await?;
    let increment = match &target.incremental {
        Some(incremental) => Some(increment::find(cloud, run, (&table, &document), incremental, watermark).await?),
        None => None,
    };
    tracing::info!(step = "target_found", increment = increment.is_some(), "step");
    if let Some(increment) = increment.clone().filter(|increment| increment.upto.is_none()) {
        return Ok(Evaluation::nothing(run, increment));
    }
    let columns = schema(&document["schema"]);
    let filter = increment.as_ref().map(|increment| increment.filter.as_str());
    let from = table.some_rows(filter.or(target.partition_filter.as_deref()), target.sample_percent);
    let show = show::of(run, &document);
    let context = past::context(cloud, run).await?;
    let pushdown = Pushdown::showing(&run.suite.suite, &columns, &from, &show, &context);
    let sql = pushdown.sql();
    if let Some(limit) = run.suite.max_bytes_billed {
        let bytes = bigquery.dry_run(&sql, Some(&target.location)).await?.bytes;
        if bytes > limit {
            return Ok(Evaluation::failed(format!(
                "the query would read {bytes} bytes, and max_bytes_billed is {limit}: narrow it by partition_filter, or raise the limit"
            )));
        }
    }
    let id = |attempt| headwater_spec::verdict_job_id(&run.spec.name, &run.id, attempt);
    let (job, document) = match query(&bigquery, run, &sql, id).await {
        Err(error) if is_its_own_fault(&error) => {
            tracing::warn!(%error, "the query failed: each expectation is asked for alone");
            let source = alone::Source {
                schema: &document["schema"],
                sql: &from,
                location: Some(target.location.as_str()),
            };
            let (suite, most) = (&run.suite.suite, run.suite.max_bytes_billed);
            let mut result = alone::each(&bigquery, suite, source, most, &show, &context).await?;
            show::cut(&show, suite, &mut result);
            return Ok(Evaluation {
                increment,
                ..Evaluation::of(result)
            });
        }
        asked => asked?,
    };
    tracing::info!(step = "judged", job = %job, "step");
    let rows = bigquery.results(&job).await?.rows;
    let number = |name: &str| {
        let statistics = &document["statistics"];
        let found = [&statistics["query"][name], &statistics[name]];
        found.iter().find_map(|value| value.as_str()?.parse().ok())
    };
    let mut result = pushdown.conclude(rows.first().map(Vec::as_slice).unwrap_or_default());
    show::cut(&show, &run.suite.suite, &mut result);
    Ok(Evaluation {
        bytes_processed: number("totalBytesProcessed"),
        bytes_billed: number("totalBytesBilled"),
        slot_ms: number("totalSlotMs"),
        increment,
        ..Evaluation::of(result)
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
pub(super) async fn query(
    bigquery: &BigQuery,
    run: &Run<'_>,
    sql: &str,
    id: impl Fn(u32) -> String,
) -> Result<(JobRef, Value), Error> {
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
            id: id(attempt),
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
