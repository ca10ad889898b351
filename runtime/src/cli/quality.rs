//! The grammar of `headwater quality`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::CloudArgs;

/// `headwater quality`.
#[derive(Debug, Subcommand)]
pub enum QualityCommand {
    /// Judge a file, or a table of BigQuery, by a suite.
    Run(Box<QualityRunArgs>),
    /// Print a suite of Great Expectations as HCL (or, with --json, in our JSON form).
    Import {
        /// The suite, in JSON.
        suite: PathBuf,
        /// A value for one of its $PARAMETERs, in JSON or as text.
        #[arg(long = "parameter", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
    /// Show what the columns of a file or table hold, and a suite that this suggests.
    Profile(Box<QualityProfileArgs>),
    /// Write the page of a run of a deployed suite: its verdict, the runs before, rows that are set apart.
    Report(Box<QualityReportArgs>),
    /// Print a suite as the specification of a data quality scan of Dataplex, in JSON, which gcloud reads as YAML:
    /// `gcloud dataplex datascans create data-quality --data-quality-spec-file`.
    DataplexRules(Box<QualityRulesArgs>),
    /// Judge rows that a gate has set apart again, after they or the suite were mended, and merge those that pass into the table.
    Release(Box<QualityReleaseArgs>),
    /// Print the JSON Schema of a suite.
    Schema,
}

/// `headwater quality dataplex-rules`.
#[derive(Debug, Args)]
pub struct QualityRulesArgs {
    /// The suite: ours, or one of Great Expectations, in JSON.
    #[arg(long)]
    pub suite: PathBuf,
    /// The table: its columns' types decide what the rules are.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE")]
    pub table: String,
    /// A condition on all rows, without the word WHERE.
    #[arg(long, value_name = "SQL")]
    pub row_filter: Option<String>,
    /// How much of the table is read.
    #[arg(long, value_name = "PERCENT")]
    pub sampling_percent: Option<f64>,
    /// A value for one of the suite's $PARAMETERs, in JSON or as text.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Where it is written; absent: to stdout.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// The cloud that has the table.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater quality release`.
#[derive(Debug, Args)]
pub struct QualityReleaseArgs {
    /// A deployed suite by its name; all that guard the table are named, each by an option of its own. With --suite-file: how
    /// reasons name it.
    #[arg(long = "suite", value_name = "NAME", required_unless_present = "suite_file")]
    pub suites: Vec<String>,
    /// The lake of the deployed suites: gs://BUCKET[/PREFIX].
    #[arg(long, env = "HEADWATER_LAKE")]
    pub lake: Option<String>,
    /// A suite in a file, in the place of deployed ones: ours, or one of Great Expectations, in JSON.
    #[arg(long, value_name = "FILE", requires = "table")]
    pub suite_file: Option<PathBuf>,
    /// The table beside which rows are set apart; absent: the suites' target.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE")]
    pub table: Option<String>,
    /// Only rows of this run of the extract, or of this verdict of the gate.
    #[arg(long)]
    pub run: Option<String>,
    /// Only rows of which this holds: a condition in GoogleSQL over TABLE_quarantine.
    #[arg(long = "where", value_name = "SQL")]
    pub condition: Option<String>,
    /// A column of those that identify a row; absent: the table's primary key, or Id.
    #[arg(long = "key", value_name = "COLUMN")]
    pub keys: Vec<String>,
    /// The column that says which version of a row is the newer. A table without it keeps every row that it has.
    #[arg(long, value_name = "COLUMN", default_value = "SystemModstamp")]
    pub version_column: String,
    /// Remove the rows of which there is a newer version; else they stay set apart.
    #[arg(long)]
    pub drop_superseded: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
    /// A query that would be billed for more bytes than this is not run. BigQuery bills at least 10 MB a query.
    #[arg(long, value_name = "BYTES")]
    pub max_bytes_billed: Option<u64>,
    /// The cloud that has the tables.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater quality profile`.
#[derive(Debug, Args)]
pub struct QualityProfileArgs {
    /// The data: a file of Parquet, or of CSV with a header.
    #[arg(long, required_unless_present = "table")]
    pub path: Option<PathBuf>,
    /// The data: a table of BigQuery, asked by three queries.
    #[arg(long, conflicts_with = "path", value_name = "PROJECT.DATASET.TABLE")]
    pub table: Option<String>,
    /// The columns, separated by commas; absent: all.
    #[arg(long, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// How the profile is written; `hcl`: only the suite.
    #[arg(long, value_enum, default_value_t = ProfileFormat::Text)]
    pub format: ProfileFormat,
    /// Where it is written; absent: to stdout.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// Over tables: a query that would be billed for more bytes than this is not run. BigQuery bills at least 10 MB a query.
    #[arg(long, value_name = "BYTES")]
    pub max_bytes_billed: Option<u64>,
    /// The cloud that has the tables.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// How a profile is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProfileFormat {
    /// For people.
    Text,
    /// One JSON document: the profile and the suite.
    Json,
    /// The suite as HCL.
    Hcl,
    /// A page to read, in one file.
    Html,
}

/// `headwater quality report`.
#[derive(Debug, Args)]
pub struct QualityReportArgs {
    /// The suite.
    #[arg(long)]
    pub suite: String,
    /// The dataset that `results` of the suite names.
    #[arg(long, value_name = "PROJECT.DATASET")]
    pub results: String,
    /// The table of runs.
    #[arg(long, default_value = "dq_run")]
    pub run_table: String,
    /// The table of expectations' verdicts.
    #[arg(long, default_value = "dq_result")]
    pub result_table: String,
    /// The run; absent: the last.
    #[arg(long)]
    pub run: Option<String>,
    /// How many of the rows that a gate has set apart are shown of an expectation, with how columns are distributed; 0: the
    /// page holds no value of the data.
    #[arg(long, default_value_t = 20)]
    pub samples: usize,
    /// The columns by which those rows are found again; absent: the table's primary key.
    #[arg(long = "key", value_name = "COLUMN")]
    pub keys: Vec<String>,
    /// A column with policy tags whose values are shown all the same; of the others the page shows ***.
    #[arg(long = "unmasked-column", value_name = "COLUMN")]
    pub unmasked: Vec<String>,
    /// Where the page is written; absent: to stdout.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// A query that would be billed for more bytes than this is not run. BigQuery bills at least 10 MB a query.
    #[arg(long, value_name = "BYTES")]
    pub max_bytes_billed: Option<u64>,
    /// The cloud that has the tables.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `headwater quality run`.
#[derive(Debug, Args)]
pub struct QualityRunArgs {
    /// The suite: ours, or one of Great Expectations, in JSON.
    #[arg(long, required_unless_present = "batch")]
    pub suite: Option<PathBuf>,
    /// The data: a file of Parquet, or of CSV with a header; or Parquet files of a lake, as gs://BUCKET/PREFIX/*.parquet.
    #[arg(long, requires = "suite", required_unless_present_any = ["batch", "table"])]
    pub path: Option<PathBuf>,
    /// The data: a table of BigQuery, which evaluates the whole suite in one query.
    #[arg(
        long,
        requires = "suite",
        conflicts_with = "path",
        value_name = "PROJECT.DATASET.TABLE"
    )]
    pub table: Option<String>,
    /// What evaluates; absent: arrow over files, bigquery over tables.
    #[arg(long, value_enum)]
    pub engine: Option<QualityEngine>,
    /// With --engine dataplex: the scan, in the region; made, and kept, if it is not there. Absent: one that is deleted afterwards.
    #[arg(long, requires = "engine", conflicts_with = "batch", value_name = "ID")]
    pub scan_id: Option<String>,
    /// Over tables: fail when BigQuery would be asked for more bytes than this. It bills at least 10 MB a query.
    #[arg(long, value_name = "BYTES")]
    pub max_bytes_billed: Option<u64>,
    /// Over files: where the rows that are against a check of rows with on_fail = "quarantine" are written, as Parquet, with the
    /// ids of the expectations in a column _headwater_reasons. What stood there is replaced.
    #[arg(long, requires = "path", value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
    /// Where the other rows are written, as Parquet.
    #[arg(long, requires = "quarantine", value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// Several runs in one process: a file of one JSON object a line, {"suite": …, "path": … or "table": …, "output": …}.
    #[arg(long, conflicts_with_all = ["suite", "path", "table", "output", "quarantine"])]
    pub batch: Option<PathBuf>,
    /// How results are written.
    #[arg(long, value_enum, default_value_t = QualityFormat::Text)]
    pub format: QualityFormat,
    /// Where results are written; absent: to stdout.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// How much a result in Great Expectations' form holds. COMPLETE keeps every wrong value in memory.
    #[arg(long, value_enum, default_value_t = QualityResultFormat::Summary)]
    pub result_format: QualityResultFormat,
    /// How many wrong values are shown of an expectation; 0 shows none.
    #[arg(long, default_value_t = 20)]
    pub samples: usize,
    /// A column by which the rows that are shown are found again, such as Id; may be given several times.
    #[arg(long = "key", value_name = "COLUMN")]
    pub keys: Vec<String>,
    /// A file of what the runs before said, one JSON object a line, to which this run is added; a page shows them, and
    /// anomaly and schema_change compare with them.
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// A value for one of the suite's $PARAMETERs, in JSON or as text.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// The cloud that has the tables.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// What evaluates a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QualityEngine {
    /// This process, over batches of a file.
    Arrow,
    /// BigQuery, over a table.
    Bigquery,
    /// Dataplex, by a data quality scan of a table.
    Dataplex,
}

/// How results of a suite are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QualityFormat {
    /// For people.
    Text,
    /// Our own JSON.
    Json,
    /// A validation result of Great Expectations.
    Gx,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// A page to read, in one file: verdicts, rows that are against them, distributions, and with --history the runs before.
    Html,
}

/// How much a validation result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QualityResultFormat {
    /// Whether it succeeded.
    #[value(name = "BOOLEAN_ONLY", alias = "boolean_only")]
    BooleanOnly,
    /// Also counts and the first values.
    #[value(name = "BASIC", alias = "basic")]
    Basic,
    /// Also the most frequent values.
    #[value(name = "SUMMARY", alias = "summary")]
    Summary,
    /// Also all values and their rows.
    #[value(name = "COMPLETE", alias = "complete")]
    Complete,
}
