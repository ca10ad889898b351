//! `cargo xtask bench NAME`: measurements that are claims. Each runs ours and its floor in one go and says whether the goals
//! hold; exit status 3 where one does not.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::shell::{Result, fail};

/// `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, Subcommand)]
enum Name {
    /// Extract Account rows by Bulk API.
    Extract,
}

/// Runs a benchmark.
pub fn run(bench: &Bench) -> Result<ExitCode> {
    match bench.name {
        Name::Extract => fail("not yet"),
    }
}
