//! `cargo xtask fuzz`: everything of the provider that reads what others wrote, against inputs without end.

use std::process::ExitCode;

use clap::Args;

use crate::build;
use crate::shell::{Result, step};

/// `cargo xtask fuzz`.
#[derive(Debug, Args)]
pub struct Fuzz {
    /// The targets, such as `msgpack` or `handshake`; none: all of them.
    targets: Vec<String>,
    /// How many inputs each target gets.
    #[arg(long, default_value_t = 1_000_000)]
    inputs: u64,
    /// What the inputs are made from: the same seed makes the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first input: with `--inputs 1`, one finding again.
    #[arg(long, default_value_t = 0)]
    first: u64,
}

/// Builds the fuzzer optimised and runs it.
pub fn run(args: &Fuzz) -> Result<ExitCode> {
    let mut cargo = build::cargo("run")?;
    cargo.args([
        "--quiet",
        "--profile",
        "bench-build",
        "-p",
        "tfplugin-framework",
        "--example",
        "fuzz",
        "--",
    ]);
    cargo.args([args.inputs, args.seed, args.first].map(|number| number.to_string()));
    cargo.args(&args.targets);
    step("fuzzing", &mut cargo)?;
    Ok(ExitCode::SUCCESS)
}
