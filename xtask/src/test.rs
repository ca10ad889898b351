//! `cargo xtask test`: everything that must hold, in the order in which failures are cheapest.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::shell::{Result, print, root, say, step};
use crate::{browser, build, demo, docs, modules, node, tidy, tools};

/// `cargo xtask test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Only tests whose name contains this (passed on to the test binaries).
    filter: Option<String>,
    /// Only the tests of this crate, such as headwater-extract.
    #[arg(long, short)]
    package: Option<String>,
    /// Leave out clippy.
    #[arg(long)]
    no_lint: bool,
}

/// Runs all checks and tests.
pub fn run(args: &Test) -> Result<ExitCode> {
    let since = Instant::now();
    let whole = args.filter.is_none() && args.package.is_none();
    if whole {
        tidy::run()?;
        modules::check()?;
    }
    let terraform = tools::terraform()?;
    let python = tools::python()?;
    let dbt = tools::dbt()?;
    let beam = tools::beam()?;
    let great_expectations = tools::great_expectations()?;
    let github = tools::github()?;
    let chromium = browser::chromium()?;
    let axe = node::axe()?;
    let dataform = node::dataform()?;
    let workflow_lint = node::workflow_lint()?;
    tools::cloud_sdk()?;
    let programs = build::everything()?;
    let client = build::gcp_bigquery_client()?;
    if whole && !args.no_lint {
        let mut clippy = build::cargo("clippy")?;
        clippy.args(["--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        step("clippy", &mut clippy)?;
    }
    if whole {
        docs::check(&programs)?;
    }
    let mut test = build::cargo("test")?;
    match &args.package {
        Some(package) => test.args(["--package", package]),
        None => test.arg("--workspace"),
    };
    test.arg("--no-fail-fast").args(&args.filter);
    // Where the tests find the real programs that they drive.
    test.env(build::HEADWATER, &programs.headwater)
        .env(build::PROVIDER, &programs.provider)
        .env(build::XTASK, build::target_dir().join("debug/xtask"))
        .env("HEADWATER_TEST_TERRAFORM", &terraform)
        .env("HEADWATER_TEST_PYTHON", &python)
        .env("HEADWATER_TEST_DBT_PYTHON", &dbt)
        .env("HEADWATER_TEST_BEAM_PYTHON", &beam)
        .env("HEADWATER_TEST_GX_PYTHON", &great_expectations)
        .env("HEADWATER_TEST_GITHUB_PYTHON", &github)
        .env("HEADWATER_TEST_WORKFLOW_LINT", &workflow_lint)
        .env("HEADWATER_TEST_CHROMIUM", &chromium)
        .env("HEADWATER_TEST_AXE", &axe)
        .env("HEADWATER_TEST_DATAFORM_CLI", &dataform)
        .env("HEADWATER_TEST_GCP_BIGQUERY_CLIENT", &client)
        .env("HEADWATER_TEST_ROOT", root());
    step("cargo test", &mut test)?;
    if whole {
        say("==> the demo");
        demo::Demo::ephemeral(200, "demo-test").play(&programs, &terraform)?;
        say("all checks and tests hold");
    }
    print(&format!("done in {:.0} s", since.elapsed().as_secs_f64()));
    Ok(ExitCode::SUCCESS)
}
