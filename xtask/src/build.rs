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

/// `cargo COMMAND` with the features and the environment that link DuckDB.
pub fn cargo(command: &str) -> Result<Command> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root())
        .arg(command)
        .arg("--locked")
        .arg("--no-default-features");
    match tools::duckdb()? {
        DuckDb::Prebuilt(dir) => {
            cargo.env("DUCKDB_LIB_DIR", dir);
        }
        DuckDb::Bundled => {
            cargo.args(["--features", "headwater/bundled-duckdb"]);
        }
    }
    Ok(cargo)
}

/// The directory in which cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Builds both programs in a profile.
pub fn programs(profile: &str) -> Result<Programs> {
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
    let dir = target_dir().join(if profile == "dev" { "debug" } else { profile });
    Ok(Programs {
        headwater: dir.join("headwater"),
        provider: dir.join("terraform-provider-headwater"),
    })
}
