//! `cargo xtask dist`: the release set. Both programs as archives for each target, the manifest, checksums and signatures; on
//! request also a registry and a mirror, as directories of files. Nothing is uploaded here.

mod archive;
mod mirror;
mod programs;
mod registry;
mod release;
mod sign;
mod site;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use self::archive::Style;
use self::release::Release;
use self::sign::Signer;
use crate::build;
use crate::shell::{Error, Result, fail, print, root};

/// `cargo xtask dist`.
#[derive(Debug, Args)]
pub struct Dist {
    /// Build for this target, such as aarch64-unknown-linux-gnu (repeatable); absent: for this machine. With --finish: fail unless
    /// its archives are there.
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
    /// Where the release set is made; absent: dist, where cargo puts what it builds.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The release's version, which must be the programs'; absent: the workspace's (with --finish: the archives').
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Cargo's profile to build with.
    #[arg(long, default_value = "release")]
    profile: String,
    /// How hard to compress, from 0 to 9.
    #[arg(long, value_name = "LEVEL", default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=9))]
    compression: u32,
    /// Take programs that are built already, and DuckDB's shared library if it is beside them, from this directory, or from the one
    /// below it that is named for the target.
    #[arg(long, value_name = "DIR")]
    programs_from: Option<PathBuf>,
    /// Build nothing: write the manifest and the checksums of the archives in this directory, which may come from several machines.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "programs_from"])]
    finish: Option<PathBuf>,
    /// Sign with the private OpenPGP key in this file; absent: with that in HEADWATER_SIGNING_KEY. Its passphrase is read from
    /// HEADWATER_SIGNING_PASSPHRASE.
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Fail without a key.
    #[arg(long)]
    require_signature: bool,
    /// Also add the release to the provider registry in this directory, which is to be served by https as a host's root.
    #[arg(long, value_name = "DIR")]
    registry: Option<PathBuf>,
    /// Also add the release to the provider mirror in this directory (filesystem_mirror or network_mirror).
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

/// Makes the release set.
pub fn run(args: &Dist) -> Result<ExitCode> {
    if let Some(version) = &args.version {
        release::check_version(version)?;
    }
    // What would fail at the end fails before anything is built.
    let signer = Signer::find(args.signing_key.as_deref())?;
    for (wanted, why) in [
        (args.require_signature, "--require-signature"),
        (
            args.registry.is_some(),
            "--registry: Terraform takes nothing unsigned from one",
        ),
    ] {
        if wanted && signer.is_none() {
            return fail(format!(
                "there is no key to sign with ({why}): name its file with --signing-key, or put it into HEADWATER_SIGNING_KEY"
            ));
        }
    }
    let release = match &args.finish {
        Some(dir) => Release::read(dir, args.version.as_deref())?,
        None => make(args)?,
    };
    if args.finish.is_none() || !args.targets.is_empty() {
        release.must_have(&target::targets(&args.targets)?)?;
    }
    release.finish(signer.as_ref())?;
    if let (Some(dir), Some(signer)) = (&args.registry, &signer) {
        registry::publish(dir, &release, signer)?;
        print(&format!("registry   {}", dir.display()));
    }
    if let Some(dir) = &args.mirror {
        mirror::publish(dir, &release)?;
        print(&format!("mirror     {}", dir.display()));
    }
    print(&format!("release    {} in {}", release.version, release.dir.display()));
    if let Some(signer) = &signer {
        print(&format!("signed by  {}", signer.id));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds or takes the programs of each target, and makes their archives.
fn make(args: &Dist) -> Result<Release> {
    let version = match &args.version {
        Some(version) => version.clone(),
        None => workspace_version()?,
    };
    let style = Style {
        time: archive::time()?,
        compression: args.compression,
    };
    let dir = args.output.clone().unwrap_or_else(|| build::target_dir().join("dist"));
    std::fs::create_dir_all(&dir).map_err(|e| Error(format!("cannot create {}: {e}", dir.display())))?;
    let mut completions = None;
    for target in target::targets(&args.targets)? {
        let programs = match &args.programs_from {
            Some(from) => programs::take(from, &target)?,
            None => programs::build(&target, &args.profile)?,
        };
        programs::pack(&programs, &target, &version, &dir, style, &mut completions)?;
    }
    Release::read(&dir, Some(&version))
}

/// The version that all crates of the workspace, and so the programs, have.
fn workspace_version() -> Result<String> {
    let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(root().join("Cargo.toml"))?)?;
    let version = ["workspace", "package", "version"]
        .iter()
        .try_fold(&toml::Value::Table(manifest), |value, key| value.get(key).ok_or(()))
        .ok()
        .and_then(toml::Value::as_str)
        .map(str::to_owned);
    version.ok_or_else(|| Error("Cargo.toml has no [workspace.package] version".into()))
}
