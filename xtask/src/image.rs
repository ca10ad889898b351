//! `cargo xtask image`: the program of the runtime's image, static and without the local cloud.
//!
//! Only the last step is another than that of `headwater`: its own crate is compiled without the commands that a container has no
//! use for, and linked with the C library inside. All other crates are those of the ordinary build.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::build;
use crate::shell::{Result, fail, output, print, step};

/// Names the program to a test.
pub const BINARY: &str = "HEADWATER_TEST_IMAGE_BINARY";

/// `cargo xtask image`.
#[derive(Debug, Args)]
pub struct Image {
    /// Cargo's profile to build with.
    #[arg(long, default_value = "release")]
    profile: String,
}

/// Builds the program and prints where it is.
pub fn run(args: &Image) -> Result<ExitCode> {
    print(&program(&args.profile)?.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// The program, in a directory of its own: cargo puts it where it puts `headwater`, which is to be built after it.
pub fn program(profile: &str) -> Result<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return fail("the program of the image is built on Linux on x86-64 with glibc");
    }
    let mut cargo = build::cargo("rustc")?;
    cargo.args(["--profile", profile, "-p", "headwater", "--bin", "headwater"]);
    cargo.args(["--features", "headwater/runtime-only", "--"]);
    cargo.args(["-C", "target-feature=+crt-static", "-C", "strip=symbols"]);
    step("building the program of the runtime's image", &mut cargo)?;
    let dir = build::target_dir().join(if profile == "dev" { "debug" } else { profile });
    let (built, own) = (dir.join("headwater"), dir.join("image"));
    std::fs::create_dir_all(&own)?;
    let program = own.join("headwater");
    // In place of one that may be running.
    let fresh = own.join("headwater.new");
    std::fs::copy(built, &fresh)?;
    std::fs::rename(&fresh, &program)?;
    output(Command::new(&program).env_clear().arg("version"))?;
    Ok(program)
}
