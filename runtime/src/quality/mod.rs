//! `headwater quality`: reads suites and data from files, has them judged, writes what came out, and turns verdicts into exit
//! statuses.

pub mod alone;
mod apart;
mod history;
pub mod lake_files;
mod profile;
mod recorded;
mod release;
mod scan;
mod source;
mod table;

use std::path::{Path, PathBuf};

use headwater_cloud::{BigQuery, TableRef};
use headwater_quality::engine::{Context, Detail, EvaluateError, Options, State, SuiteResult, evaluate, locate};
use headwater_quality::gate::Split;
use headwater_quality::gx::{self, ImportError, ResultFormat, RunInfo};
use headwater_quality::page::{Page, html};
use headwater_quality::profile::ColumnProfile;
use headwater_quality::suite::OnFail;
use headwater_quality::{Expectation, Suite, SuiteError, hcl, report};
use headwater_spec::{Glob, GlobError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::apart::{ApartError, Places};
use self::lake_files::{LakeError, LakeFiles};
use self::source::{DataFile, SourceError, open};
use crate::cli::{CloudArgs, QualityCommand, QualityEngine, QualityFormat, QualityResultFormat, QualityRunArgs};
use crate::cloud::connect;
use crate::exit::Exit;
use crate::printer::Printer;

/// Why a command of this group fails.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// A file that cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file that cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    /// A parameter that is no pair.
    #[error("--parameter {0:?} is not NAME=VALUE")]
    Parameter(String),
    /// A suite of ours.
    #[error("{}: not a suite", .0.display())]
    Suite(PathBuf, #[source] SuiteError),
    /// A suite of Great Expectations.
    #[error("{}: cannot be imported", .0.display())]
    Import(PathBuf, #[source] ImportError),
    /// The list of runs.
    #[error("{} line {line}: not a run", .path.display())]
    Batch {
        /// The list.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The data's file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The files of a lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// No name of such files.
    #[error("--path")]
    Glob(#[from] GlobError),
    /// No table's name.
    #[error("{0:?} is not PROJECT.DATASET.TABLE")]
    Table(String),
    /// An engine that does not read such data.
    #[error("--engine {engine} evaluates no {data}")]
    Engine {
        /// Which.
        engine: &'static str,
        /// What it was to read.
        data: &'static str,
    },
    /// A query that would read more than it may.
    #[error("{table}: the query would read {bytes} bytes, and {most} are allowed")]
    TooExpensive {
        /// The table.
        table: String,
        /// How many.
        bytes: u64,
        /// How many are allowed.
        most: u64,
    },
    /// BigQuery refused or is out of reach.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// The settings of the cloud.
    #[error(transparent)]
    Settings(Box<crate::error::CommandError>),
    /// The data.
    #[error("{}: no verdict", .0.display())]
    Evaluate(PathBuf, #[source] EvaluateError),
    /// A key that is no column.
    #[error("--key {0}: there is no such column; there are {1}")]
    Key(String, String),
    /// No profile of the data.
    #[error("{0}: no profile")]
    Profile(String, #[source] headwater_quality::profile::ProfileError),
    /// A proposal that is no suite.
    #[error("the suite that the profile suggests is wrong")]
    Proposal(#[source] SuiteError),
    /// Expectations that no rule can say.
    #[error("Dataplex cannot judge {}", .0.join("; nor "))]
    NoRules(Vec<String>),
    /// A scan of something else.
    #[error("the scan {scan} is of {found}")]
    OtherScan {
        /// Its name.
        scan: String,
        /// What it is of.
        found: String,
    },
    /// No place for a scan.
    #[error("a scan lies in a region, and none is given")]
    NoRegion,
    /// Nothing is recorded of a suite.
    #[error("{table} has no run {run}of the suite {suite:?}")]
    NotRecorded {
        /// The table of runs.
        table: String,
        /// The suite.
        suite: String,
        /// The run that was asked for, and a blank.
        run: String,
    },
    /// Rows that are set apart and do not come back.
    #[error(transparent)]
    Release(#[from] release::ReleaseError),
    /// The rows that are set apart.
    #[error("{}: no rows are set apart", .0.display())]
    Apart(PathBuf, #[source] ApartError),
}

impl QualityError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Cloud(error) => return Some(error.hint().to_owned()).filter(|h| !h.is_empty()),
            Self::Settings(error) => return error.hint(),
            Self::Release(error) => return error.hint().map(str::to_owned),
            Self::TooExpensive { .. } => Some("ask for fewer columns, or raise --max-bytes-billed"),
            Self::Table(_) => Some("write it as my-project.my_dataset.my_table"),
            Self::Engine { .. } => Some("leave --engine out: files are evaluated by arrow, tables by bigquery"),
            Self::Batch { .. } => Some("each line is {\"suite\": …, \"path\" or \"table\": …, \"output\": …}"),
            Self::Suite(..) => Some("`headwater quality schema` prints the form of a suite"),
            Self::Evaluate(..) => Some("the file may have been damaged, replaced or cut short while it was read"),
            Self::Apart(_, ApartError::SameFile(_)) => Some("the data, --quarantine and --accepted are three files"),
            Self::NotRecorded { .. } => {
                Some("a suite writes its verdicts to `results` of headwater_dq_suite; has it run?")
            }
            Self::NoRules(_) => Some("take them out of the suite, or let bigquery evaluate it"),
            Self::OtherScan { .. } => Some("name another --scan-id"),
            Self::NoRegion => Some("set --region or HEADWATER_REGION, such as europe-west1"),
            Self::Proposal(_) => Some("this is a defect: report it with the profile (--format json)"),
            Self::Lake(LakeError::NoObject(_)) => Some("`*` stands for any characters but `/`, and `**` for any"),
            Self::Lake(LakeError::Cloud(error)) => return Some(error.hint().to_owned()).filter(|h| !h.is_empty()),
            Self::Lake(LakeError::Damaged(..))
            | Self::Glob(_)
            | Self::Apart(..)
            | Self::Key(..)
            | Self::Profile(..)
            | Self::Read(..)
            | Self::Write(..)
            | Self::Parameter(_)
            | Self::Import(..)
            | Self::Source(_) => None,
        };
        hint.map(str::to_owned)
    }

    /// The data is why there is no verdict, not how the command was called.
    const fn is_about_data(&self) -> bool {
        matches!(
            self,
            Self::Evaluate(..)
                | Self::Source(SourceError::Unreadable { .. })
                | Self::Lake(LakeError::Damaged(..))
                | Self::Cloud(_)
                | Self::TooExpensive { .. }
        )
    }
}

/// `headwater quality COMMAND`.
pub async fn run(command: QualityCommand, printer: Printer) -> Result<Exit, QualityError> {
    match command {
        QualityCommand::Run(mut args) => {
            if printer.json() && args.format == QualityFormat::Text {
                args.format = QualityFormat::Json;
            }
            match &args.batch {
                Some(list) => many(list, &args, printer).await,
                None => single(&args, printer).await,
            }
        }
        QualityCommand::Import { suite, parameters } => {
            let suite = load(&suite, &parsed(&parameters)?, printer)?
                .whole()
                .map_err(|e| QualityError::Import(suite.clone(), e))?;
            printer.result(&suite, || hcl(&suite, &suite.name).trim_end().to_owned());
            Ok(Exit::Done)
        }
        QualityCommand::DataplexRules(args) => {
            let suite = load(&args.suite, &parsed(&args.parameters)?, printer)?
                .whole()
                .map_err(|e| QualityError::Import(args.suite.clone(), e))?;
            let written = json(&scan::specification(&suite, &args).await?);
            match &args.output {
                Some(output) => write(output, &written)?,
                None => printer.text(&written),
            }
            Ok(Exit::Done)
        }
        QualityCommand::Profile(args) => profile::run(&args, printer).await,
        QualityCommand::Report(args) => recorded::run(&args, printer).await,
        QualityCommand::Release(args) => release::run(&args, printer).await,
        QualityCommand::Schema => {
            let schema = Suite::json_schema();
            printer.result(&schema, || serde_json::to_string_pretty(&schema).unwrap_or_default());
            Ok(Exit::Done)
        }
    }
}

/// One line of a list of runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    suite: PathBuf,
    #[serde(default)]
    path: Option<PathBuf>,
    #[serde(default)]
    table: Option<String>,
    output: PathBuf,
}

/// What is judged.
enum Data {
    /// A file.
    File(PathBuf),
    /// Files of Cloud Storage.
    Lake(Glob),
    /// A table of BigQuery.
    Table(TableRef),
}

impl Data {
    /// What was asked for, if the engine that was asked for reads it.
    fn of(path: Option<&PathBuf>, table: Option<&String>, engine: Option<QualityEngine>) -> Result<Self, QualityError> {
        match (table, engine) {
            (Some(_), Some(QualityEngine::Arrow)) => Err(QualityError::Engine {
                engine: "arrow",
                data: "tables",
            }),
            (None, Some(QualityEngine::Bigquery)) => Err(QualityError::Engine {
                engine: "bigquery",
                data: "files",
            }),
            (None, Some(QualityEngine::Dataplex)) => Err(QualityError::Engine {
                engine: "dataplex",
                data: "files",
            }),
            (Some(name), _) => table::named(name).map(Self::Table),
            // The grammar demands one of them where there is no list.
            (None, _) => match path.cloned().unwrap_or_default() {
                path if path.to_string_lossy().starts_with("gs://") => {
                    Ok(Self::Lake(Glob::parse(&path.to_string_lossy())?))
                }
                path => Ok(Self::File(path)),
            },
        }
    }

    /// As results name it.
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Lake(glob) => glob.to_string(),
            Self::Table(table) => table.id(),
        }
    }

    /// What the engine reads; `None` of a table, which is judged where it lies.
    async fn open(&self, cloud: &CloudArgs) -> Result<Option<Box<dyn DataFile>>, QualityError> {
        match self {
            Self::File(path) => Ok(Some(open(path)?)),
            Self::Lake(glob) => {
                let cloud = connect(cloud).map_err(|e| QualityError::Settings(Box::new(e)))?;
                Ok(Some(Box::new(LakeFiles::open(cloud.storage(), glob).await?)))
            }
            Self::Table(_) => Ok(None),
        }
    }
}

fn bigquery(args: &CloudArgs) -> Result<BigQuery, QualityError> {
    let cloud = connect(args).map_err(|e| QualityError::Settings(Box::new(e)))?;
    Ok(cloud.bigquery())
}

async fn single(args: &QualityRunArgs, printer: Printer) -> Result<Exit, QualityError> {
    // The grammar demands both where there is no list.
    let suite = args.suite.clone().unwrap_or_default();
    let data = Data::of(args.path.as_ref(), args.table.as_ref(), args.engine)?;
    let judged = match judge(&suite, &data, args, printer).await {
        Ok(judged) => judged,
        Err(error) if error.is_about_data() => {
            printer.error(&error, error.hint().as_deref());
            return Ok(Exit::NoVerdict);
        }
        Err(error) => return Err(error),
    };
    match &args.output {
        Some(output) => write(output, &judged.written)?,
        None => printer.text(&judged.written),
    }
    Ok(exit(judged.state))
}

/// How a list of runs ended.
#[derive(Debug, Default, Serialize)]
struct Counts {
    runs: usize,
    passed: usize,
    failed: usize,
    no_verdict: usize,
}

async fn many(list: &Path, args: &QualityRunArgs, printer: Printer) -> Result<Exit, QualityError> {
    let text = std::fs::read_to_string(list).map_err(|e| QualityError::Read(list.to_owned(), e))?;
    let mut counts = Counts::default();
    let mut worst = State::Pass;
    for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let listed: Listed = serde_json::from_str(line).map_err(|source| QualityError::Batch {
            path: list.to_owned(),
            line: at + 1,
            source,
        })?;
        let judged = match Data::of(listed.path.as_ref(), listed.table.as_ref(), args.engine) {
            Ok(data) => judge(&listed.suite, &data, args, printer).await,
            Err(error) => return Err(error),
        };
        let state = match judged {
            Ok(judged) => {
                write(&listed.output, &judged.written)?;
                judged.state
            }
            // The others are judged all the same; what stands in its output is no verdict.
            Err(error) => {
                let mut causes = vec![error.to_string()];
                let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
                while let Some(error) = cause {
                    causes.push(error.to_string());
                    cause = error.source();
                }
                let message = causes.join(": ");
                let body = serde_json::json!({"error": {"message": message}});
                write(&listed.output, &format!("{body}\n"))?;
                State::Error
            }
        };
        counts.runs += 1;
        match state {
            State::Error => counts.no_verdict += 1,
            State::Fail => counts.failed += 1,
            State::Skipped | State::Pass | State::Warn => counts.passed += 1,
        }
        worst = worst.max(state);
    }
    printer.result(&counts, || {
        format!(
            "{} runs: {} passed, {} failed, {} without a verdict",
            counts.runs, counts.passed, counts.failed, counts.no_verdict
        )
    });
    Ok(exit(worst))
}

const fn exit(state: State) -> Exit {
    match state {
        State::Skipped | State::Pass | State::Warn => Exit::Done,
        State::Fail => Exit::Refused,
        State::Error => Exit::NoVerdict,
    }
}

/// A verdict, and how it is written.
struct Judged {
    state: State,
    written: String,
}

async fn judge(
    suite_path: &Path,
    data: &Data,
    args: &QualityRunArgs,
    printer: Printer,
) -> Result<Judged, QualityError> {
    let gx::Imported { mut suite, refused, .. } = load(suite_path, &parsed(&args.parameters)?, printer)?;
    let format = match args.result_format {
        QualityResultFormat::BooleanOnly => ResultFormat::BooleanOnly,
        QualityResultFormat::Basic => ResultFormat::Basic,
        QualityResultFormat::Summary => ResultFormat::Summary,
        QualityResultFormat::Complete => ResultFormat::Complete,
    };
    let target = data.name();
    let mut runs = match &args.history {
        Some(path) => history::read(path, &suite.name, &target)?,
        None => Vec::new(),
    };
    let context = Context {
        now: Some(chrono::Utc::now()),
        history: args.history.as_ref().map(|_| history::found(&runs)),
    };
    let options = Options {
        samples: args.samples,
        detail: match (args.format, format) {
            (QualityFormat::Gx, ResultFormat::Complete) => Detail::Complete,
            (QualityFormat::Gx, ResultFormat::Summary) => Detail::Counts,
            _ => Detail::Samples,
        },
        rows: args.quarantine.is_some(),
        context: &context,
    };
    let mut outcome = match data {
        Data::File(_) | Data::Lake(_) => {
            let path = &PathBuf::from(data.name());
            let places = args.quarantine.as_deref().map(|quarantine| Places {
                quarantine,
                accepted: args.accepted.as_deref(),
            });
            let failed = |e| QualityError::Apart(path.clone(), e);
            places.map_or(Ok(()), |places| places.check(path)).map_err(failed)?;
            let Some(mut file) = data.open(&args.cloud).await? else {
                return Err(QualityError::Table(data.name()));
            };
            let unread = |e| QualityError::Evaluate(path.clone(), e);
            let mut outcome = evaluate(&suite, &mut *file, options).map_err(unread)?;
            locate(&mut *file, &mut outcome, &args.keys).map_err(|e| match e {
                EvaluateError::NoColumn(key, known) => QualityError::Key(key, known),
                other => unread(other),
            })?;
            if let Some(places) = places {
                let split = Split::of(&suite, &outcome);
                apart::write(&mut *file, &split, outcome.rows, places).map_err(failed)?;
                printer.note(&set_apart(&suite, &split, places.quarantine));
            }
            outcome
        }
        Data::Table(table) if args.engine == Some(QualityEngine::Dataplex) => {
            let cloud = connect(&args.cloud).map_err(|e| QualityError::Settings(Box::new(e)))?;
            scan::judge(&cloud, &suite, table, args.scan_id.as_deref(), printer).await?
        }
        Data::Table(table) => {
            let bigquery = bigquery(&args.cloud)?;
            let wanted = table::Wanted {
                keys: &args.keys,
                most_bytes: args.max_bytes_billed,
                context: &context,
            };
            table::judge(&bigquery, &suite, table, wanted, printer).await?
        }
    };
    gx::restore(&mut suite, &mut outcome, refused);
    let at = now();
    if let Some(path) = &args.history {
        history::remember(path, &mut runs, &suite, &outcome, &target, &at)?;
    }
    let written = if args.format == QualityFormat::Html {
        let mut page = Page::of(&suite, &outcome);
        page.target = target;
        page.at = at;
        history::show(&mut page, &runs);
        page.columns = columns(&outcome, data, args).await?;
        page.mode = match data {
            Data::File(_) | Data::Lake(_) => "arrow".into(),
            Data::Table(_) if args.engine == Some(QualityEngine::Dataplex) => "dataplex".into(),
            Data::Table(_) => "bigquery".into(),
        };
        html(&page)
    } else {
        written(&suite, &outcome, suite_path, target, args, format)
    };
    Ok(Judged {
        state: outcome.state,
        written,
    })
}

/// Now, as results and pages write it.
fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// What the columns hold that a suite names.
async fn columns(
    outcome: &SuiteResult,
    data: &Data,
    args: &QualityRunArgs,
) -> Result<Vec<ColumnProfile>, QualityError> {
    let judged = outcome.results.iter().filter(|result| result.state != State::Error);
    let mut names: Vec<String> = judged.flat_map(|result| result.columns.iter().cloned()).collect();
    names.sort();
    names.dedup();
    if names.is_empty() || args.samples == 0 {
        return Ok(Vec::new());
    }
    let found = match data {
        Data::File(_) | Data::Lake(_) => {
            let failed = |e| QualityError::Profile(data.name(), e);
            let Some(mut file) = data.open(&args.cloud).await? else {
                return Ok(Vec::new());
            };
            headwater_quality::profile::profile(&mut *file, &names).map_err(failed)?
        }
        Data::Table(table) => profile::columns(&bigquery(&args.cloud)?, table, &names, args.max_bytes_billed).await?,
    };
    Ok(found.columns)
}

/// What was set apart, and why it may be nothing.
fn set_apart(suite: &Suite, split: &Split, place: &Path) -> String {
    let asked = |e: &Expectation| e.enabled && e.on_fail == OnFail::Quarantine;
    let rows = format!("{} rows are set apart in {}", split.quarantined(), place.display());
    if suite.expectations.iter().any(asked) {
        rows
    } else {
        format!("{rows}: no expectation of the suite has on_fail = \"quarantine\"")
    }
}

fn written(
    suite: &Suite,
    outcome: &SuiteResult,
    suite_path: &Path,
    asset: String,
    args: &QualityRunArgs,
    format: ResultFormat,
) -> String {
    match args.format {
        QualityFormat::Text => format!("{}\n", report::text(outcome)),
        QualityFormat::Json => json(outcome),
        QualityFormat::Html => html(&Page::of(suite, outcome)),
        QualityFormat::Junit => report::junit(outcome),
        QualityFormat::Sarif => json(&report::sarif(suite, outcome, &suite_path.to_string_lossy())),
        QualityFormat::Gx => {
            let run = RunInfo {
                time: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, false),
                name: None,
                asset,
                samples: args.samples,
            };
            json(&gx::validation_result(suite, outcome, format, &run))
        }
    }
}

fn json(value: &impl Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A suite of ours, or one of Great Expectations with what of it was refused.
fn load(path: &Path, parameters: &Map<String, Value>, printer: Printer) -> Result<gx::Imported, QualityError> {
    let bytes = std::fs::read(path).map_err(|e| QualityError::Read(path.to_owned(), e))?;
    let foreign = serde_json::from_slice(&bytes).is_ok_and(|document: Value| gx::is_suite(&document));
    if !foreign {
        let suite = Suite::from_json(&bytes).map_err(|e| QualityError::Suite(path.to_owned(), e))?;
        return Ok(gx::Imported {
            suite,
            warnings: Vec::new(),
            refused: Vec::new(),
        });
    }
    let imported = gx::import(&bytes, parameters).map_err(|e| QualityError::Import(path.to_owned(), e))?;
    for warning in &imported.warnings {
        printer.note(&format!("{}: {warning}", path.display()));
    }
    Ok(imported)
}

fn parsed(parameters: &[String]) -> Result<Map<String, Value>, QualityError> {
    parameters
        .iter()
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| QualityError::Parameter(pair.clone()))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn write(path: &Path, text: &str) -> Result<(), QualityError> {
    std::fs::write(path, text).map_err(|e| QualityError::Write(path.to_owned(), e))
}
