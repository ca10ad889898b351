//! The grammar of `headwater audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CloudArgs;

/// `headwater audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The folder of the Terraform configuration, initialised: its state is read, and where resources stand in its files.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    /// The state, in place of the folder's: what `terraform show -json` printed, or a state file.
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub state: Option<PathBuf>,
    /// A plan: what it would change is shown, and an empty one proves that configuration, state and cloud agree.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Classes of columns in JSON, in place of the output `headwater_classification`.
    #[arg(long, value_name = "FILE")]
    pub classification: Option<PathBuf>,
    /// Ask no cloud: say what configuration and state say, and of the rest that it is not known.
    #[arg(long)]
    pub offline: bool,
    /// How many of each pipeline's newest runs are read; older ones are counted.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub format: AuditFormat,
    /// Where it is written; absent: to stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write audit.html, audit.json and openlineage.ndjson into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub output_dir: Option<PathBuf>,
    /// Exit status 3 when there is a finding of severity `error`.
    #[arg(long)]
    pub strict: bool,
    /// The program that shows states and plans, such as tofu.
    #[arg(
        long,
        env = "HEADWATER_TERRAFORM",
        default_value = "terraform",
        value_name = "PROGRAM"
    )]
    pub terraform: String,
    /// The cloud.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// How an audit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// The findings, and what the audit is about, for people.
    Text,
    /// One page that needs nothing else.
    Html,
    /// Everything.
    Json,
    /// Events of OpenLineage, one a line.
    Openlineage,
}
