//! `cargo xtask install`: both programs, built and put where a shell finds them. Where `terraform init` finds the provider is the
//! provider's own matter (`terraform-provider-headwater install`); releases are `dist`'s.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::build;
use crate::shell::{Error, Result, print, say};

/// `cargo xtask install`.
#[derive(Debug, Args)]
pub struct Install {
    /// The directory; absent: where `cargo install` puts programs, which is on the PATH of most who have Rust.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The profile of the programs: dev, or release, which takes long to build.
    #[arg(long, default_value = "dev")]
    profile: String,
}

/// Builds and copies.
pub fn run(args: &Install) -> Result<ExitCode> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => cargo_bin()?,
    };
    let programs = build::programs(&args.profile)?;
    std::fs::create_dir_all(&dir).map_err(|error| Error(format!("cannot create {}: {error}", dir.display())))?;
    for (program, name) in [
        (&programs.headwater, "headwater"),
        (&programs.provider, "terraform-provider-headwater"),
    ] {
        let to = dir.join(name);
        replace(program, &to).map_err(|error| {
            Error(format!(
                "cannot copy {} to {}: {error}; choose another directory with --dir",
                program.display(),
                to.display()
            ))
        })?;
        print(&to.display().to_string());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|on_path| on_path == dir) {
        say(&format!(
            "{dir} is not on PATH: export PATH=\"{dir}:$PATH\"",
            dir = dir.display()
        ));
    }
    say("next: terraform-provider-headwater install");
    Ok(ExitCode::SUCCESS)
}

/// As `cargo install` finds it.
fn cargo_bin() -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("CARGO_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cargo")))
        .map(|home| home.join("bin"))
        .ok_or_else(|| Error("neither CARGO_HOME nor HOME is set: name a directory with --dir".into()))
}

/// A program that runs cannot be written to; its name can be given to another file.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let part = to.with_extension("part");
    std::fs::copy(from, &part)?;
    std::fs::rename(&part, to)
}
