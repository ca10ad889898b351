//! `headwater quality release`: judges rows that a gate has set apart again, and merges those that pass into the target.
//!
//! Everything happens in one transaction of BigQuery, under an id made of what is asked and of how both tables stand: a command that
//! is killed and given again finds the job that it started, or a quarantine from which the released rows are gone. Two at a time over
//! the same rows are one job; over rows that have changed in between, BigQuery lets one of them commit, and the other looks again.

mod statement;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use headwater_cloud::{
    BigQuery, Cloud, Document, JobRef, JobStatus, Kind, ObjectPath, OptionalExt as _, TableRef, Wait,
};
use headwater_quality::Suite;
use headwater_spec::{GcsUrl, LakeLayout, PipelineSpec, SpecError, quarantine_table};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::statement::{Selection, Statement};
use super::{QualityError, load};
use crate::cli::QualityReleaseArgs;
use crate::cloud::connect;
use crate::exit::Exit;
use crate::printer::{Printer, table};

/// Times that a transaction is begun anew after another one changed the tables.
const ATTEMPTS: u32 = 6;
/// BigQuery gives a job six hours.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// Why nothing is released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Neither a lake nor a file.
    #[error("there is no suite to judge by")]
    NoSuite,
    /// No deployed suite of that name.
    #[error("{0} holds no suite")]
    NotDeployed(String),
    /// The spec.
    #[error("{0} is not the spec of a suite")]
    Spec(String, #[source] SpecError),
    /// A suite of another table.
    #[error("the suite {suite} is about {about}, not {table}")]
    OtherTable {
        /// The suite.
        suite: String,
        /// Its target.
        about: String,
        /// What was asked for.
        table: String,
    },
    /// Rows cannot be named.
    #[error("{0} has neither a primary key nor a column Id: nothing says which row is whose version")]
    NoKey(String),
    /// The rows that are set apart have no key.
    #[error("{0} has no column {1}, which is the target's key")]
    NoKeyColumn(String, String),
    /// Not a table that a gate has made.
    #[error("{0} has no column _headwater_reasons: no gate has made it")]
    NoQuarantine(String),
    /// An argument that makes no sense.
    #[error("{0}: {1}")]
    Usage(&'static str, String),
    /// Nobody has agreed.
    #[error("nobody is there to confirm")]
    Unconfirmed,
    /// Others change the tables all the time.
    #[error("other transactions keep changing {0}")]
    Contended(String),
}

impl ReleaseError {
    /// What to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoSuite => Some("name a deployed one by --lake and --suite, or give --suite-file and --table"),
            Self::NotDeployed(_) => Some("`suite` is the name of a headwater_dq_suite, `lake` its lake"),
            Self::NoKey(_) => Some("name the columns that identify a row by --key"),
            Self::Unconfirmed => Some("repeat with --yes, or look first with --dry-run"),
            Self::Contended(_) => Some("run it again when the runs of the extract have ended"),
            Self::OtherTable { .. } => Some("leave --table out: a deployed suite names its table"),
            Self::Spec(..) | Self::NoKeyColumn(..) | Self::NoQuarantine(_) | Self::Usage(..) => None,
        }
    }
}

/// What became of the rows that were meant.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Released {
    target: String,
    dry_run: bool,
    /// Rows that are in the target now.
    released: u64,
    /// Rows that stay set apart.
    failing: u64,
    /// Rows of which there is a newer version, in the target or among those that are set apart.
    superseded: u64,
    /// How many of the rows that stay are against which expectation.
    against: BTreeMap<String, u64>,
}

/// The command.
pub async fn run(args: &QualityReleaseArgs, printer: Printer) -> Result<Exit, QualityError> {
    let cloud = connect(&args.cloud).map_err(|e| QualityError::Settings(Box::new(e)))?;
    let asked = Asked::of(&cloud, args, printer).await?;
    tracing::info!(step = "suites_read", suites = asked.suites.len(), "step");
    let Some(mut tables) = asked.tables().await? else {
        printer.note(&format!("{} has no rows that are set apart", asked.target));
        return Ok(asked.print(Released::default(), printer));
    };
    let statement = asked.statement(&tables)?;
    let unanswerable = statement.unanswerable();
    if !unanswerable.is_empty() {
        for (id, why) in &unanswerable {
            printer.note(&format!("{id}: {why}"));
        }
        printer.note("nothing is released: of each row all has to be known");
        return Ok(Exit::NoVerdict);
    }
    let preview = statement.preview();
    let bytes = asked.bigquery.dry_run(&preview, Some(&asked.location)).await?.bytes;
    if let Some(most) = args.max_bytes_billed.filter(|most| bytes > *most) {
        let table = asked.target.id();
        return Err(QualityError::TooExpensive { table, bytes, most });
    }
    tracing::info!(step = "checked", bytes, "step");
    if args.dry_run || !args.yes {
        let answer = asked
            .bigquery
            .query_within(&preview, Some(&asked.location), args.max_bytes_billed)
            .await?;
        let found = Released::of(&answer.rows);
        let moved = found.released + found.failing + if args.drop_superseded { found.superseded } else { 0 };
        if args.dry_run || moved == 0 {
            return Ok(asked.print(found, printer));
        }
        confirm(&found, printer)?;
    }
    let done = asked.release(&mut tables).await?;
    Ok(asked.print(done, printer))
}

fn confirm(found: &Released, printer: Printer) -> Result<(), QualityError> {
    if !std::io::stdin().is_terminal() {
        return Err(ReleaseError::Unconfirmed.into());
    }
    printer.note(&format!(
        "release {} rows, and give {} others their reasons anew? [y/N]",
        found.released, found.failing
    ));
    std::io::stderr().flush().ok();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    match read {
        Ok(_) if answer.trim().eq_ignore_ascii_case("y") => Ok(()),
        _ => Err(ReleaseError::Unconfirmed.into()),
    }
}

/// Both tables, as they are now.
struct Tables {
    target: Document,
    quarantine: Document,
}

/// What is asked, and who answers.
struct Asked<'a> {
    args: &'a QualityReleaseArgs,
    bigquery: BigQuery,
    target: TableRef,
    quarantine: TableRef,
    location: String,
    suites: Vec<Suite>,
    labels: BTreeMap<String, String>,
}

impl<'a> Asked<'a> {
    async fn of(cloud: &Cloud, args: &'a QualityReleaseArgs, printer: Printer) -> Result<Self, QualityError> {
        let bigquery = cloud.bigquery();
        let mut target = args.table.as_deref().map(super::table::named).transpose()?;
        let mut labels = BTreeMap::new();
        let mut suites = Vec::new();
        if let Some(path) = &args.suite_file {
            let mut suite = load(path, &Map::new(), printer)?
                .whole()
                .map_err(|e| QualityError::Import(path.clone(), e))?;
            if let [name] = args.suites.as_slice() {
                suite.name.clone_from(name);
            }
            suites.push(suite);
        } else {
            for name in &args.suites {
                let spec = deployed(cloud, args, name).await?;
                let suite = spec.suite().map_err(|e| ReleaseError::Spec(name.clone(), e))?;
                let about = headwater_cloud::DatasetRef::new(&suite.target.project, &suite.target.dataset)
                    .table(&suite.target.table);
                if *target.get_or_insert_with(|| about.clone()) != about {
                    return Err(ReleaseError::OtherTable {
                        suite: name.clone(),
                        about: about.to_string(),
                        table: target.map(|table| table.to_string()).unwrap_or_default(),
                    }
                    .into());
                }
                labels.extend(spec.labels.clone());
                suites.push(Suite {
                    name: name.clone(),
                    ..suite.suite.clone()
                });
            }
        }
        let target = target.filter(|_| !suites.is_empty()).ok_or(ReleaseError::NoSuite)?;
        let document = bigquery.get_table(&target).await?;
        Ok(Self {
            args,
            bigquery,
            quarantine: target.dataset.table(quarantine_table(&target.table)),
            location: document["location"].as_str().unwrap_or_default().to_owned(),
            target,
            suites,
            labels,
        })
    }

    /// `None`: no row was ever set apart.
    async fn tables(&self) -> Result<Option<Tables>, QualityError> {
        let target = self.bigquery.get_table(&self.target).await?;
        let quarantine = self.bigquery.get_table(&self.quarantine).await.optional()?;
        Ok(quarantine.map(|quarantine| Tables { target, quarantine }))
    }

    fn statement(&self, tables: &Tables) -> Result<Statement, QualityError> {
        let selection = Selection {
            run: self.args.run.as_deref(),
            condition: self.args.condition.as_deref(),
        };
        Ok(Statement::new(
            (&self.target, &tables.target),
            (&self.quarantine, &tables.quarantine),
            &self.suites,
            (&self.args.keys, &self.args.version_column),
            selection,
        )?)
    }

    /// Moves the rows. The tables are looked at again when somebody else has changed them.
    async fn release(&self, tables: &mut Tables) -> Result<Released, QualityError> {
        let mut attempt = 1;
        loop {
            let script = self.statement(tables)?.script(self.args.drop_superseded);
            let job = self.job(&script, tables, attempt);
            let mut query = json!({"query": script, "useLegacySql": false});
            if let Some(most) = self.args.max_bytes_billed {
                query["maximumBytesBilled"] = most.to_string().into();
            }
            let configuration = json!({"labels": self.labels, "query": query});
            let (document, fresh) = self.bigquery.insert_job(&job, &configuration).await?;
            tracing::info!(step = "job_inserted", job = %job, fresh, "step");
            let status = match BigQuery::job_status(&job, &document) {
                JobStatus::Running => self.bigquery.wait_query(&job, Wait::at_most(PATIENCE)).await?,
                ended => ended,
            };
            match status {
                JobStatus::Done(_) => {
                    tracing::info!(step = "released", job = %job, "step");
                    match self.bigquery.results(&job).await {
                        // It was asked long ago, and changed nothing: what it said is kept for a day.
                        Err(error) if !fresh && error.kind() == Kind::NotFound => {}
                        answer => return Ok(Released::of(&answer?.rows)),
                    }
                }
                JobStatus::Failed(error) if fresh && !is_contended(&error) => return Err(error.into()),
                JobStatus::Failed(error) => {
                    tracing::warn!(attempt, fresh, kind = ?error.kind(), "the transaction was not committed, beginning it anew");
                }
                JobStatus::Running => {}
            }
            if attempt == ATTEMPTS {
                return Err(ReleaseError::Contended(self.target.to_string()).into());
            }
            attempt += 1;
            if let Some(now) = self.tables().await? {
                *tables = now;
            }
        }
    }

    /// The job of this release of these tables as they are.
    fn job(&self, script: &str, tables: &Tables, attempt: u32) -> JobRef {
        let mut hash = Sha256::new();
        hash.update(script);
        for document in [&tables.target, &tables.quarantine] {
            for key in ["creationTime", "lastModifiedTime", "numRows", "etag"] {
                hash.update(document[key].as_str().unwrap_or_default());
                hash.update([0]);
            }
        }
        let hash: String = hash
            .finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let again = if attempt > 1 {
            format!("_a{attempt}")
        } else {
            String::new()
        };
        JobRef {
            project: self.bigquery.project().to_owned(),
            location: Some(self.location.clone()),
            id: format!(
                "headwater_release_{}_{hash}{again}",
                self.target.table.replace('$', "_")
            ),
        }
    }

    fn print(&self, mut found: Released, printer: Printer) -> Exit {
        found.target = self.target.to_string();
        found.dry_run = self.args.dry_run;
        printer.result(&found, || {
            let would = if found.dry_run { "would be " } else { "" };
            let mut lines = vec![
                format!("{}: {} rows {would}released", found.target, found.released),
                format!("{} rows still fail", found.failing),
            ];
            if found.superseded > 0 {
                let what = if self.args.drop_superseded {
                    "are removed"
                } else {
                    "stay"
                };
                lines.push(format!(
                    "{} rows are superseded by newer versions, and {what}",
                    found.superseded
                ));
            }
            if !found.against.is_empty() {
                let rows: Vec<Vec<String>> = found
                    .against
                    .iter()
                    .map(|(id, rows)| vec![id.clone(), rows.to_string()])
                    .collect();
                lines.push(table(&["against", "rows"], &rows));
            }
            lines.join("\n")
        });
        if found.failing > 0 { Exit::Refused } else { Exit::Done }
    }
}

/// Whether another transaction was in the way.
fn is_contended(error: &headwater_cloud::Error) -> bool {
    error.kind().is_transient()
        || matches!(error.kind(), Kind::Conflict)
        || error.message().contains("concurrent update")
}

/// The spec of a suite as it lies in its lake.
async fn deployed(cloud: &Cloud, args: &QualityReleaseArgs, name: &str) -> Result<PipelineSpec, QualityError> {
    let lake = args.lake.as_deref().ok_or(ReleaseError::NoSuite)?;
    let lake: GcsUrl = lake
        .parse()
        .map_err(|e: headwater_spec::GcsUrlError| ReleaseError::Usage("--lake", e.to_string()))?;
    headwater_spec::check_pipeline_name(name).map_err(|e| ReleaseError::Usage("--suite", e.to_string()))?;
    let url = LakeLayout::new(&lake, name).spec_url();
    let path = ObjectPath::parse(&url)?;
    let found = cloud.storage().get(&path).await.optional()?;
    let found = found.ok_or_else(|| ReleaseError::NotDeployed(url.clone()))?;
    Ok(PipelineSpec::from_json(&found.bytes).map_err(|e| ReleaseError::Spec(url, e))?)
}

impl Released {
    /// Of the rows that [`Statement`] ends in.
    fn of(rows: &[Vec<Value>]) -> Self {
        let mut found = Self::default();
        for row in rows {
            let cell = |i: usize| row.get(i).and_then(Value::as_str);
            let count: u64 = cell(2).and_then(|count| count.parse().ok()).unwrap_or_default();
            match (cell(0), cell(1)) {
                (Some("released"), _) => found.released = count,
                (Some("failing"), _) => found.failing = count,
                (Some("superseded"), _) => found.superseded = count,
                (_, Some(reason)) => {
                    found.against.insert(reason.to_owned(), count);
                }
                _ => {}
            }
        }
        found
    }
}
