//! The command line's grammar. What the commands do is in the modules of their names.

mod audit;
mod console;
mod image;
mod quality;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::audit::{AuditArgs, AuditFormat};
pub use self::console::ConsoleArgs;
pub use self::image::{ImageCommand, ImagePushArgs};
pub use self::quality::{
    ProfileFormat, QualityCommand, QualityEngine, QualityFormat, QualityProfileArgs, QualityReleaseArgs,
    QualityReportArgs, QualityResultFormat, QualityRulesArgs, QualityRunArgs,
};

/// Headwater: Salesforce to BigQuery, declared in Terraform; on Google Cloud or on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only what went wrong.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice: everything.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How logs are written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Auto, env = "HEADWATER_LOG_FORMAT")]
    pub log_format: LogFormat,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Where Google Cloud is, and who asks.
#[derive(Debug, Clone, Args)]
pub struct CloudArgs {
    /// The Google Cloud project.
    #[arg(long, env = "HEADWATER_PROJECT", default_value = "")]
    pub project: String,
    /// The region.
    #[arg(long, env = "HEADWATER_REGION", default_value = "")]
    pub region: String,
    /// One base URL for all services, such as the local cloud's; absent: Google's hosts.
    #[arg(long, env = "HEADWATER_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Where Google's Pub/Sub emulator is, such as 127.0.0.1:8085: Pub/Sub alone is there, everything else at the endpoint.
    #[arg(long, env = "PUBSUB_EMULATOR_HOST", value_name = "HOST:PORT")]
    pub pubsub_emulator: Option<String>,
    /// A path to a credentials file or `anonymous`; absent: Application Default Credentials (over plain http: none).
    #[arg(long, env = "HEADWATER_CREDENTIALS", hide_env_values = true)]
    pub credentials: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Execute a pipeline's spec (what a Cloud Run task does).
    Run(RunArgs),
    /// Execute a stream's spec until it is stopped (what a Cloud Run worker pool does), and look after streams.
    Stream(StreamArgs),
    /// Look at runs, and start one.
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Pages about pipelines, for a browser: runs, lineage, lag, quality, logs. They show, and change nothing.
    Console(Box<ConsoleArgs>),
    /// The local cloud: Google Cloud's services on this machine.
    #[cfg(not(feature = "runtime-only"))]
    #[command(subcommand)]
    Local(LocalCommand),
    /// A synthetic Salesforce org: generate its data, serve its APIs.
    #[cfg(not(feature = "runtime-only"))]
    #[command(subcommand)]
    Salesforce(SalesforceCommand),
    /// Data quality: judge data by a suite of expectations, import suites of Great Expectations. Exit statuses: 0 the data
    /// passes (or only warnings), 1 no such file, 2 wrong usage, 3 the data fails, 5 there is no verdict for some expectation.
    #[command(subcommand)]
    Quality(QualityCommand),
    /// SQLX projects: compile, run, test and lint them, without Node.
    #[command(subcommand)]
    Dataform(DataformCommand),
    /// The runtime's image, for Cloud Run.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Which field ends in which column, who may read it, how long it is kept, what guards it, and whether this is what ran: out of
    /// the configuration, its state, the cloud and the records of runs.
    Audit(Box<AuditArgs>),
    /// Print the JSON Schema of the pipeline spec.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    Version,
}

/// `headwater run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The spec: gs://LAKE/headwater/pipelines/NAME/spec.json.
    #[arg(long, env = "HEADWATER_SPEC")]
    pub spec: String,
    /// This task's index: tasks share out the objects.
    #[arg(long, env = "CLOUD_RUN_TASK_INDEX", default_value_t = 0)]
    pub task_index: u32,
    /// How many tasks there are.
    #[arg(long, env = "CLOUD_RUN_TASK_COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub task_count: u32,
    /// How often this task was tried before.
    #[arg(long, env = "CLOUD_RUN_TASK_ATTEMPT", default_value_t = 0)]
    pub attempt: u32,
    /// The run's name; absent: the Cloud Run execution's, or a new one.
    #[arg(long, env = "CLOUD_RUN_EXECUTION")]
    pub run_id: Option<String>,
    /// Only these objects of the spec.
    #[arg(long = "object", value_name = "OBJECT")]
    pub objects: Vec<String>,
    /// Seconds for which a run that dies keeps other runs from its objects (a retry of the same task is let in at once).
    #[arg(long, env = "HEADWATER_LEASE_TTL_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(2..=600))]
    pub lease_ttl: u64,
    /// Objects worked on at the same time.
    #[arg(long, env = "HEADWATER_PARALLEL_OBJECTS", default_value_t = 2)]
    pub parallel_objects: usize,
    /// Where Google Cloud is.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater stream`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Metrics also go to an OpenTelemetry collector that the environment names: OTEL_EXPORTER_OTLP_ENDPOINT, such as http://127.0.0.1:4318 (OTLP over HTTP, each OTEL_METRIC_EXPORT_INTERVAL milliseconds)."
)]
pub struct StreamArgs {
    /// What to do beside executing it.
    #[command(subcommand)]
    pub command: Option<StreamCommand>,
    /// How to execute it.
    #[command(flatten)]
    pub work: StreamWork,
}

/// Which stream.
#[derive(Debug, Args)]
pub struct WhichStream {
    /// The spec: gs://LAKE/headwater/pipelines/NAME/spec.json.
    #[arg(long, env = "HEADWATER_SPEC")]
    pub spec: String,
    /// Where Google Cloud is.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// How a stream is executed.
#[derive(Debug, Args)]
pub struct StreamWork {
    /// Which stream.
    #[command(flatten)]
    pub which: WhichStream,
    /// Only bring Salesforce's change events into the topic.
    #[arg(long, conflicts_with = "apply_only")]
    pub bridge_only: bool,
    /// Only bring what is in the subscription into BigQuery.
    #[arg(long)]
    pub apply_only: bool,
    /// Serve /livez, /readyz and /metrics (Prometheus) at this address, such as 127.0.0.1:9464; port 0: any free one.
    #[arg(long, env = "HEADWATER_METRICS_ADDRESS")]
    pub metrics_address: Option<std::net::SocketAddr>,
    /// Not ready any more when messages have waited for so many seconds without any becoming durable, or when the bridge has
    /// not kept its position for so long.
    #[arg(long, env = "HEADWATER_STALL_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub stall_seconds: u64,
    /// Seconds to finish what is under way after a signal; Cloud Run kills after ten.
    #[arg(long, env = "HEADWATER_GRACE_SECONDS", default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub grace_seconds: u64,
}

/// `headwater stream COMMAND`.
#[derive(Debug, Subcommand)]
pub enum StreamCommand {
    /// Put dead letters back into the topic, after what was wrong has been mended.
    ReplayDeadLetters {
        /// Which stream.
        #[command(flatten)]
        which: WhichStream,
        /// At most so many.
        #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
        limit: u64,
    },
    /// Ask every worker to finish what it has been given and stand still.
    Pause(WhichStream),
    /// Let every worker go on.
    Resume(WhichStream),
}

/// `headwater runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, newest first.
    List(RunsArgs),
    /// Show a run, object by object.
    Show {
        /// The run; absent: the newest.
        run: Option<String>,
        /// Which pipeline.
        #[command(flatten)]
        args: RunsArgs,
    },
    /// Start a run of a deployed pipeline.
    Start {
        /// The runtime: projects/P/locations/L/jobs/NAME, or NAME in the project and region.
        #[arg(long, env = "HEADWATER_RUNTIME")]
        runtime: String,
        /// How many tasks share the work.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
        tasks: u32,
        /// Wait until it has ended; the exit status says how.
        #[arg(long)]
        wait: bool,
        /// Give up waiting after so many seconds (the run goes on).
        #[arg(long, default_value_t = 3600)]
        timeout: u64,
        /// Which pipeline.
        #[command(flatten)]
        args: RunsArgs,
    },
}

/// Which pipeline's runs.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// The lake: gs://BUCKET[/PREFIX].
    #[arg(long, env = "HEADWATER_LAKE")]
    pub lake: String,
    /// The pipeline's name.
    #[arg(long, env = "HEADWATER_PIPELINE")]
    pub pipeline: String,
    /// At most so many runs.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Where Google Cloud is.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// Where a local cloud lives.
#[cfg(not(feature = "runtime-only"))]
#[derive(Debug, Clone, Args)]
pub struct LocalArgs {
    /// Where it keeps everything; absent: headwater/local below the user's data directory.
    #[arg(long, env = "HEADWATER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `headwater local`.
#[cfg(not(feature = "runtime-only"))]
#[derive(Debug, Subcommand)]
pub enum LocalCommand {
    /// Start it (in the foreground unless --detach).
    Up {
        /// Where it lives.
        #[command(flatten)]
        local: LocalArgs,
        /// The port on 127.0.0.1; 0: any free one.
        #[arg(long, default_value_t = 8650, env = "HEADWATER_PORT")]
        port: u16,
        /// The console's port on 127.0.0.1; 0: any free one; absent: 8652, or any free one while that is taken.
        #[arg(long, env = "HEADWATER_CONSOLE_PORT")]
        console_port: Option<u16>,
        /// Return as soon as it is ready; it goes on in the background.
        #[arg(long)]
        detach: bool,
        /// The project that clients are told to use.
        #[arg(long, default_value = "headwater-local")]
        project: String,
        /// The region that clients are told to use.
        #[arg(long, default_value = "europe-west1")]
        region: String,
        /// Append calls to this file, one JSON object a line, for checks against Google's descriptions of its APIs: of calls that
        /// look alike the first. Bodies are written as they are, secrets included.
        #[arg(long, value_name = "FILE", env = "HEADWATER_RECORD")]
        record: Option<PathBuf>,
    },
    /// Stop it; what it stored stays.
    Down(LocalArgs),
    /// Say whether it runs and where (exit status 1 when it does not).
    Status(LocalArgs),
    /// Print the environment variables that point tools at it: eval "$(headwater local env)".
    Env(LocalArgs),
    /// Delete everything that it stored.
    Reset {
        /// Where it lives.
        #[command(flatten)]
        local: LocalArgs,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// The consumer secret of an org that was given none: no secret at all, and so it may be shown.
pub const DEMO_SECRET: &str = "headwater-demo-secret";

/// `headwater salesforce`.
#[cfg(not(feature = "runtime-only"))]
#[derive(Debug, Subcommand)]
pub enum SalesforceCommand {
    /// Generate an org's data: the same seed gives the same bytes.
    Generate {
        /// Where to write it.
        #[arg(long)]
        dir: PathBuf,
        /// Decides every value.
        #[arg(long, default_value_t = 42)]
        seed: u64,
        /// How many accounts; the other objects follow from it.
        #[arg(long, default_value_t = 1000)]
        accounts: u64,
        /// Only these objects.
        #[arg(long = "object", value_name = "OBJECT")]
        objects: Vec<String>,
        /// Replace an org that is already there.
        #[arg(long)]
        overwrite: bool,
        /// Make so many accounts wrong in each of twelve ways, for a quality gate to find.
        #[arg(long, default_value_t = 0)]
        defects: u64,
    },
    /// Serve an org over Salesforce's APIs on 127.0.0.1.
    Simulate {
        /// What `generate` wrote.
        #[arg(long)]
        dir: PathBuf,
        /// The port; 0: any free one.
        #[arg(long, default_value_t = 8651)]
        port: u16,
        /// Changes a second while it is read: inserts, updates, deletes.
        #[arg(long, default_value_t = 0.0)]
        churn: f64,
        /// Capture the changes of this object (again and again, or * for all): its change events are served by the Pub/Sub API
        /// on the same port.
        #[arg(long = "capture", value_name = "OBJECT")]
        capture: Vec<String>,
        /// The consumer key that it accepts.
        #[arg(long, default_value = "headwater-demo")]
        client_id: String,
        /// The consumer secret that it accepts.
        #[arg(
            long,
            env = "HEADWATER_SIMULATE_CLIENT_SECRET",
            default_value = DEMO_SECRET,
            hide_env_values = true
        )]
        client_secret: String,
        /// The certificate or RSA public key, in PEM, whose assertions it accepts in the JWT bearer flow.
        #[arg(long, value_name = "FILE")]
        jwt_certificate: Option<PathBuf>,
        /// Who may be named in an assertion.
        #[arg(long, default_value = headwater_salesforce_org::INTEGRATION_USER)]
        username: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        super::Cli::command().debug_assert();
    }
}

/// `headwater dataform`.
#[derive(Debug, Subcommand)]
pub enum DataformCommand {
    /// Compile a project and show its graph. Exit status 1 when it has errors.
    Compile(Box<DataformCompileArgs>),
    /// Compile a project and make its tables and views in BigQuery. Exit status 3 when only assertions fail.
    Run(Box<DataformRunArgs>),
    /// Carry out a project's unit tests.
    Test(Box<DataformTestArgs>),
    /// Say what is questionable in a project, with file and line.
    Lint(Box<DataformLintArgs>),
}

/// A project and what its compilation overrides.
#[derive(Debug, Args)]
pub struct DataformProjectArgs {
    /// The project's folder.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    /// The Google Cloud project of actions that name none; absent: the settings', else HEADWATER_PROJECT.
    #[arg(long, value_name = "PROJECT")]
    pub default_database: Option<String>,
    /// The dataset of actions that name none.
    #[arg(long, value_name = "DATASET")]
    pub default_schema: Option<String>,
    /// Where jobs run and datasets are made.
    #[arg(long, value_name = "LOCATION")]
    pub default_location: Option<String>,
    /// The dataset of assertions that name none.
    #[arg(long, value_name = "DATASET")]
    pub assertion_schema: Option<String>,
    /// The project's variables, such as `as_of=2026-01-31,region=emea`.
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Appended to every action's project.
    #[arg(long)]
    pub database_suffix: Option<String>,
    /// Appended to every action's dataset.
    #[arg(long)]
    pub schema_suffix: Option<String>,
    /// Put before every action's name.
    #[arg(long)]
    pub table_prefix: Option<String>,
    /// Compile every assertion as disabled.
    #[arg(long)]
    pub disable_assertions: bool,
}

/// `headwater dataform compile`.
#[derive(Debug, Args)]
pub struct DataformCompileArgs {
    /// The project.
    #[command(flatten)]
    pub project: DataformProjectArgs,
    /// How the graph is written.
    #[arg(long, value_enum, default_value_t = DataformFormat::Text)]
    pub format: DataformFormat,
    /// The Google Cloud project that is worked in.
    #[arg(long = "project", env = "HEADWATER_PROJECT", default_value = "")]
    pub cloud_project: String,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataformFormat {
    /// For people.
    Text,
    /// As `dataform compile --json` of Dataform's own command line.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which Markdown shows.
    Mermaid,
}

/// `headwater dataform run`.
#[derive(Debug, Args)]
pub struct DataformRunArgs {
    /// The project.
    #[command(flatten)]
    pub project: DataformProjectArgs,
    /// Only these actions: `name`, `dataset.name` or `project.dataset.name`.
    #[arg(long, value_delimiter = ',', value_name = "ACTION")]
    pub actions: Vec<String>,
    /// Only actions that bear one of these tags (together with --actions).
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    pub tags: Vec<String>,
    /// And all that they depend on.
    #[arg(long)]
    pub include_deps: bool,
    /// And all that depends on them.
    #[arg(long)]
    pub include_dependents: bool,
    /// Make incremental tables anew, unless they are protected.
    #[arg(long)]
    pub full_refresh: bool,
    /// Run nothing: show what would be run, and the bytes that it would read.
    #[arg(long)]
    pub dry_run: bool,
    /// The most actions at work at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..))]
    pub parallel: u8,
    /// How often a statement is tried again after a failure that may pass. Operations never are.
    #[arg(long, default_value_t = 3)]
    pub retries: u32,
    /// The most time for the whole run, such as 90s, 10m or 2h.
    #[arg(long, value_parser = duration)]
    pub timeout: Option<std::time::Duration>,
    /// Run jobs when the warehouse has room (BigQuery's BATCH priority).
    #[arg(long)]
    pub batch: bool,
    /// The cloud that has the warehouse.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater dataform test`.
#[derive(Debug, Args)]
pub struct DataformTestArgs {
    /// The project.
    #[command(flatten)]
    pub project: DataformProjectArgs,
    /// The cloud that has the warehouse.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater dataform lint`.
#[derive(Debug, Args)]
pub struct DataformLintArgs {
    /// The project.
    #[command(flatten)]
    pub project: DataformProjectArgs,
    /// Ask the warehouse for the columns of tables that are there.
    #[arg(long)]
    pub warehouse: bool,
    /// Exit with status 1 for warnings, too.
    #[arg(long)]
    pub strict: bool,
    /// The cloud that has the warehouse.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// A span of time as people write it.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
    {
        Some(seconds) if seconds > 0 => Ok(std::time::Duration::from_secs(seconds)),
        _ => Err("write a number and its unit: 90s, 10m or 2h".into()),
    }
}
