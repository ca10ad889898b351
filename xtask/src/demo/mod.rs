//! `cargo xtask demo`: a scenario end to end, as a user would do it: start the local cloud and a synthetic org, apply the
//! scenario's folder with the real terraform, and compare what arrived in BigQuery with what the org holds.

mod cdc;
mod complete;
mod quickstart;
mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::build::{self, Programs};
use crate::shell::{Result, say};
use crate::tools;
use stage::Stage;

/// `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which one.
    #[arg(value_enum, default_value_t = Scenario::SalesforceQuickstart)]
    scenario: Scenario,
    /// Accounts in the synthetic org; the other objects follow from it.
    #[arg(long, default_value_t = 1000)]
    accounts: u64,
    /// Of salesforce-cdc: how many change events flow.
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// Where the demo keeps its files; absent: target/demo.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Stop what the demo started and leave nothing running when it has printed its result.
    #[arg(long)]
    ephemeral: bool,
    /// Only stop what an earlier demo left running.
    #[arg(long, conflicts_with = "ephemeral")]
    stop: bool,
    /// The profile of the programs: dev, or release, which takes long to build.
    #[arg(long, default_value = "dev")]
    profile: String,
}

/// The folders below examples/scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Ten objects extracted into ten tables.
    SalesforceQuickstart,
    /// The changes of ten objects streamed into a changelog and a current table each; ends with terraform destroy.
    SalesforceCdc,
    /// A whole platform from modules: an extract behind a gate, two streams, marts, suites, alert policies.
    CompletePlatform,
}

impl Scenario {
    fn folder(self) -> &'static str {
        match self {
            Self::SalesforceQuickstart => "salesforce-quickstart",
            Self::SalesforceCdc => "salesforce-cdc",
            Self::CompletePlatform => "complete-platform",
        }
    }
}

/// Runs the demo.
pub fn run(args: &Demo) -> Result<ExitCode> {
    if args.stop {
        stage::stop(&args.dir()?);
        say("stopped");
        return Ok(ExitCode::SUCCESS);
    }
    let terraform = tools::terraform()?;
    args.play(&build::programs(&args.profile)?, &terraform)
}

impl Demo {
    /// A small quickstart in a directory of its own below the target directory, which leaves nothing running.
    pub fn ephemeral(accounts: u64, dir: &str) -> Self {
        Self {
            scenario: Scenario::SalesforceQuickstart,
            accounts,
            events: 0,
            dir: Some(build::target_dir().join(dir)),
            ephemeral: true,
            stop: false,
            profile: "dev".into(),
        }
    }

    fn dir(&self) -> Result<PathBuf> {
        let dir = self.dir.clone().unwrap_or_else(|| build::target_dir().join("demo"));
        Ok(std::path::absolute(dir)?)
    }

    /// Runs the demo with programs that are built.
    pub fn play(&self, programs: &Programs, terraform: &Path) -> Result<ExitCode> {
        let dir = self.dir()?;
        stage::stop(&dir);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        let outcome = self.act(&dir, programs, terraform);
        if self.ephemeral || outcome.is_err() {
            stage::stop(&dir);
        }
        outcome
    }

    fn act(&self, dir: &Path, programs: &Programs, terraform: &Path) -> Result<ExitCode> {
        let defects = match self.scenario {
            Scenario::SalesforceQuickstart | Scenario::CompletePlatform => quickstart::DEFECTS_EACH,
            Scenario::SalesforceCdc => 0,
        };
        let folder = self.scenario.folder();
        let stage = Stage::set(dir, programs, terraform, folder, self.accounts, defects)?;
        match self.scenario {
            Scenario::SalesforceQuickstart => quickstart::play(&stage, self.ephemeral),
            Scenario::SalesforceCdc => cdc::play(&stage, self.events),
            Scenario::CompletePlatform => complete::play(&stage, self.ephemeral),
        }
    }
}
