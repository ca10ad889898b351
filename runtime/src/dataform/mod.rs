//! `headwater dataform`: compiles a folder of SQLX by Dataform's own core, shows what it makes, executes it in BigQuery, carries
//! out its unit tests, and says what is questionable.

mod show;
mod warehouse;

use std::path::{Path, PathBuf};

use headwater_dataform::lint::{Knowledge, Severity, lint};
use headwater_dataform::run::test::{TestReport, Verdict};
use headwater_dataform::run::{ActionState, Priority, RunSettings, RunState, Selection, SelectionError, TargetPattern};
use headwater_dataform::{
    CompilationConfig, CompileFailure, Core, CoreError, CoreStore, Files, FilesError, Graph, Limits, Target, Warehouse,
    names_project,
};
use tokio_util::sync::CancellationToken;

use self::show::Shown;
use self::warehouse::OfCloud;
use crate::cli::{
    DataformCommand, DataformCompileArgs, DataformFormat, DataformLintArgs, DataformProjectArgs, DataformRunArgs,
    DataformTestArgs,
};
use crate::cloud::connect;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::signals;

/// Why a command of this group fails.
#[derive(Debug, thiserror::Error)]
pub enum DataformError {
    /// The folder.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// It is none of Dataform's.
    #[error("{} holds neither workflow_settings.yaml nor dataform.json", .0.display())]
    NoProject(PathBuf),
    /// A variable that is no pair.
    #[error("--vars {0:?} is not NAME=VALUE")]
    Variable(String),
    /// Dataform's core.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The compilation.
    #[error("{}: not compiled", .0.display())]
    Compile(PathBuf, #[source] CompileFailure),
    /// What is to be run.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// BigQuery refused or is out of reach.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// The settings of the cloud.
    #[error(transparent)]
    Settings(Box<crate::error::CommandError>),
    /// The warehouse cannot be asked.
    #[error("the warehouse cannot be asked for {0}")]
    Warehouse(String, #[source] headwater_dataform::run::Failure),
}

impl DataformError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoProject(_) => "name the folder of a Dataform project: headwater dataform compile DIRECTORY",
            Self::Variable(_) => "write it as --vars as_of=2026-01-31, several separated by commas",
            Self::Cloud(error) => return Some(error.hint().to_owned()).filter(|hint| !hint.is_empty()),
            Self::Settings(error) => return error.hint(),
            Self::Warehouse(..) => "check HEADWATER_PROJECT, HEADWATER_ENDPOINT and the credentials",
            Self::Files(_) | Self::Core(_) | Self::Compile(..) | Self::Selection(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// `headwater dataform COMMAND`.
pub async fn run(command: DataformCommand, printer: Printer) -> Result<Exit, DataformError> {
    match command {
        DataformCommand::Compile(args) => compile(&args, printer).await,
        DataformCommand::Run(args) => execute(&args, printer).await,
        DataformCommand::Test(args) => test(&args, printer).await,
        DataformCommand::Lint(args) => look_through(&args, printer).await,
    }
}

/// A compiled project.
struct Project {
    files: Files,
    graph: Graph,
}

impl Project {
    async fn compile(args: &DataformProjectArgs, cloud_project: &str) -> Result<Self, DataformError> {
        let root = args.directory.clone();
        let files = headwater_dataform::read_folder(&root)?;
        if !["workflow_settings.yaml", "dataform.json"]
            .iter()
            .any(|name| files.contains_key(*name))
        {
            return Err(DataformError::NoProject(root));
        }
        let version = Core::wanted_version(&files)?;
        let core = Core::obtain(version.as_deref(), &CoreStore::default()).await?;
        let mut config = config(args)?;
        // A project that names no Google Cloud project is compiled for the one that the command works in.
        if config.default_database.is_none() && !cloud_project.is_empty() && !names_project(&files) {
            config.default_database = Some(cloud_project.to_owned());
        }
        let graph = compiled(&core, &files, &config, &root).await?;
        Ok(Self { files, graph })
    }

    /// Says what is wrong with it; `false` when something is.
    fn is_sound(&self, root: &Path, printer: Printer) -> bool {
        for error in &self.graph.errors {
            printer.note(&format!("error: {error}"));
        }
        if !self.graph.errors.is_empty() {
            printer.note(&format!(
                "{}: {} compilation errors",
                root.display(),
                self.graph.errors.len()
            ));
        }
        self.graph.errors.is_empty()
    }
}

async fn compiled(core: &Core, files: &Files, config: &CompilationConfig, root: &Path) -> Result<Graph, DataformError> {
    let (core, files, config) = (core.clone(), files.clone(), config.clone());
    let compile = move || headwater_dataform::compile(&core, &files, &config, &Limits::default());
    // The engine has a stack of its own that it may fill; what panics there is a defect of ours.
    let graph = match tokio::task::spawn_blocking(compile).await {
        Ok(graph) => graph,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    graph.map_err(|failure| DataformError::Compile(root.to_owned(), failure))
}

fn config(args: &DataformProjectArgs) -> Result<CompilationConfig, DataformError> {
    let mut vars = std::collections::BTreeMap::new();
    for pair in &args.vars {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| DataformError::Variable(pair.clone()))?;
        vars.insert(name.to_owned(), value.to_owned());
    }
    Ok(CompilationConfig {
        default_database: args.default_database.clone(),
        default_schema: args.default_schema.clone(),
        default_location: args.default_location.clone(),
        assertion_schema: args.assertion_schema.clone(),
        vars,
        database_suffix: args.database_suffix.clone(),
        schema_suffix: args.schema_suffix.clone(),
        table_prefix: args.table_prefix.clone(),
        builtin_assertion_name_prefix: None,
        disable_assertions: args.disable_assertions.then_some(true),
    })
}

fn warehouse(args: &crate::cli::CloudArgs) -> Result<OfCloud, DataformError> {
    let cloud = connect(args).map_err(|e| DataformError::Settings(Box::new(e)))?;
    Ok(OfCloud(cloud.bigquery()))
}

async fn compile(args: &DataformCompileArgs, printer: Printer) -> Result<Exit, DataformError> {
    let project = Project::compile(&args.project, &args.cloud_project).await?;
    let format = if printer.json() {
        DataformFormat::Json
    } else {
        args.format
    };
    let text = match format {
        DataformFormat::Json => format!(
            "{}\n",
            serde_json::to_string_pretty(&project.graph.json).unwrap_or_default()
        ),
        DataformFormat::Text => show::text(&project.graph),
        DataformFormat::Dot => show::dot(&project.graph),
        DataformFormat::Mermaid => show::mermaid(&project.graph),
    };
    // As with the Dataform CLI, the graph is printed also when it has errors.
    printer.text(&text);
    match project.is_sound(&args.project.directory, printer) {
        true => Ok(Exit::Done),
        false => Ok(Exit::Failed),
    }
}

async fn execute(args: &DataformRunArgs, printer: Printer) -> Result<Exit, DataformError> {
    let project = Project::compile(&args.project, &args.cloud.project).await?;
    if !project.is_sound(&args.project.directory, printer) {
        return Ok(Exit::Failed);
    }
    let selection = Selection {
        targets: args.actions.iter().cloned().map(TargetPattern).collect(),
        tags: args.tags.clone(),
        include_dependencies: args.include_deps,
        include_dependents: args.include_dependents,
        full_refresh: args.full_refresh,
    };
    let plan = headwater_dataform::plan(&project.graph, &selection)?;
    let warehouse = warehouse(&args.cloud)?;
    if args.dry_run {
        let steps = show::dry_run(&plan, &warehouse).await;
        let failed = steps.iter().any(|step| step.error.is_some());
        printer.result(&steps, || show::dry_run_text(&steps));
        return Ok(if failed { Exit::Failed } else { Exit::Done });
    }
    let settings = RunSettings {
        parallel: args.parallel.into(),
        retries: args.retries,
        timeout: args.timeout,
        priority: if args.batch {
            Priority::Batch
        } else {
            Priority::Interactive
        },
        ..RunSettings::default()
    };
    let cancel = CancellationToken::new();
    let watching = watch(&cancel, printer);
    let shown = Shown::new(&plan, printer.interactive(), printer);
    let report = headwater_dataform::run(
        &plan,
        &warehouse,
        &|event| shown.event(event),
        cancel.clone(),
        &settings,
    )
    .await;
    watching.abort();
    shown.end();
    printer.result(&report, || show::report(&report));
    Ok(match report.state {
        RunState::Succeeded => Exit::Done,
        RunState::Cancelled => Exit::Interrupted,
        RunState::Failed if show::only_assertions_failed(&report) => Exit::Refused,
        RunState::Failed => Exit::Failed,
    })
}

/// Cancels at the first Ctrl-C.
fn watch(cancel: &CancellationToken, printer: Printer) -> tokio::task::JoinHandle<()> {
    let (cancel, stop) = (cancel.clone(), signals::stop_requested());
    tokio::spawn(async move {
        stop.await;
        printer.note("cancelling: jobs that run are stopped");
        cancel.cancel();
    })
}

async fn test(args: &DataformTestArgs, printer: Printer) -> Result<Exit, DataformError> {
    let project = Project::compile(&args.project, &args.cloud.project).await?;
    if !project.is_sound(&args.project.directory, printer) {
        return Ok(Exit::Failed);
    }
    let warehouse = warehouse(&args.cloud)?;
    let cancel = CancellationToken::new();
    let watching = watch(&cancel, printer);
    let (graph, settings) = (&project.graph, RunSettings::default());
    let reports = headwater_dataform::run::test::test(graph, &graph.tests, &warehouse, &cancel, &settings).await;
    watching.abort();
    printer.result(&reports, || show::tests(&reports));
    let bad = |report: &TestReport| matches!(report.verdict, Verdict::Failed { .. } | Verdict::Broken { .. });
    Ok(match reports.iter().any(bad) {
        _ if cancel.is_cancelled() => Exit::Interrupted,
        true => Exit::Failed,
        false => Exit::Done,
    })
}

async fn look_through(args: &DataformLintArgs, printer: Printer) -> Result<Exit, DataformError> {
    let project = Project::compile(&args.project, &args.cloud.project).await?;
    if !project.is_sound(&args.project.directory, printer) {
        return Ok(Exit::Failed);
    }
    let mut knowledge = Knowledge::default();
    if args.warehouse {
        let warehouse = warehouse(&args.cloud)?;
        let targets: Vec<&Target> = project.graph.tables.iter().map(|table| &table.target).collect();
        for target in targets {
            let found = warehouse.table(target).await;
            if let Some(existing) = found.map_err(|e| DataformError::Warehouse(target.to_string(), e))? {
                knowledge.columns.insert(target.clone(), existing.columns);
            }
        }
    }
    let findings = lint(&project.graph, &project.files, &knowledge);
    printer.result(&findings, || {
        let mut lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        lines.push(match findings.len() {
            0 => "nothing is questionable".into(),
            1 => "1 finding".into(),
            n => format!("{n} findings"),
        });
        lines.join("\n")
    });
    let least = if args.strict {
        Severity::Warning
    } else {
        Severity::Error
    };
    Ok(match findings.iter().any(|finding| finding.severity >= least) {
        true => Exit::Failed,
        false => Exit::Done,
    })
}

/// A state as people read it.
fn word(state: ActionState) -> &'static str {
    match state {
        ActionState::Pending => "pending",
        ActionState::Running => "running",
        ActionState::Skipped => "skipped",
        ActionState::Disabled => "disabled",
        ActionState::Succeeded => "done",
        ActionState::Cancelled => "cancelled",
        ActionState::Failed => "FAILED",
    }
}
