//! Building the project's programs, with DuckDB's prebuilt library where there is one.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{self, Result, root};
use crate::tools::{self, DuckDb};

/// The programs, built.
pub struct Programs {
    /// The runtime and its command line.
    pub headwater: PathBuf,
    /// The Terraform provider.
    pub provider: PathBuf,
}

const OF_XTASK: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// `cargo COMMAND` with the features and the environment that link DuckDB.
pub fn cargo(command: &str) -> Result<Command> {
    Ok(cargo_with(command, &tools::duckdb()?))
}

/// As [`cargo`], for a DuckDB of the caller's choice.
pub fn cargo_with(command: &str, duckdb: &DuckDb) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo told xtask about itself: some build scripts look at it, and would run again each time that cargo is called with
    // it after it was called without.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| OF_XTASK.iter().any(|start| name.starts_with(start)))
        {
            cargo.env_remove(name);
        }
    }
    cargo
        .current_dir(root())
        .arg(command)
        .arg("--locked")
        .arg("--no-default-features");
    match duckdb {
        DuckDb::Prebuilt(dir) => {
            cargo.env("DUCKDB_LIB_DIR", dir);
        }
        DuckDb::Bundled => {
            cargo.args(["--features", "headwater/bundled-duckdb"]);
        }
    }
    cargo
}

/// The directory in which cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Names the programs to a test, and to a task that is started by one, so that it does not build them again.
pub const HEADWATER: &str = "HEADWATER_TEST_HEADWATER";
/// As [`HEADWATER`], for the provider.
pub const PROVIDER: &str = "HEADWATER_TEST_PROVIDER";
/// As [`HEADWATER`], for these tasks themselves.
pub const XTASK: &str = "HEADWATER_TEST_XTASK";

/// Builds both programs in a profile; or finds those that the environment names.
pub fn programs(profile: &str) -> Result<Programs> {
    if let (Some(headwater), Some(provider)) = (std::env::var_os(HEADWATER), std::env::var_os(PROVIDER)) {
        return Ok(Programs {
            headwater: headwater.into(),
            provider: provider.into(),
        });
    }
    let mut build = cargo("build")?;
    build.args([
        "--profile",
        profile,
        "-p",
        "headwater",
        "-p",
        "terraform-provider-headwater",
        "--bins",
    ]);
    shell::step("building headwater and terraform-provider-headwater", &mut build)?;
    Ok(built(profile))
}

fn built(profile: &str) -> Programs {
    let dir = target_dir().join(if profile == "dev" { "debug" } else { profile });
    Programs {
        headwater: dir.join("headwater"),
        provider: dir.join("terraform-provider-headwater"),
    }
}

/// Builds everything that `cargo test --workspace` needs, both programs among it. One build: features are unified over all that
/// is asked for at once, and building the programs apart would compile most dependencies a second time.
pub fn everything() -> Result<Programs> {
    let mut build = cargo("build")?;
    build.args(["--workspace", "--all-targets"]);
    shell::step("building everything", &mut build)?;
    Ok(built("dev"))
}

/// Builds the client of another author, a workspace of its own, that the conformance tests run.
pub fn gcp_bigquery_client() -> Result<PathBuf> {
    let dir = root().join("tests/clients/gcp-bigquery-client");
    let target = target_dir().join("clients");
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build
        .current_dir(dir)
        .args(["build", "--locked", "--quiet"])
        .env("CARGO_TARGET_DIR", &target);
    shell::step("building the client that uses gcp-bigquery-client", &mut build)?;
    Ok(target.join("debug/gcp-bigquery-client-checks"))
}
