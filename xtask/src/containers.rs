//! The programs of others that the tests of the runtime's image are held against: Docker's registry and skopeo, as Debian and Ubuntu
//! package them. They are unpacked into the cache, so that neither root nor an installation is needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Error, Result, fail, output, run, say};
use crate::tools::cache;

const PROGRAMS: [&str; 2] = ["docker-registry", "skopeo"];
/// What skopeo links, by the names that releases of the distributions have for it. What is installed anyhow may be missing here.
const LIBRARIES: [&str; 8] = [
    "libgpgme11",
    "libgpgme11t64",
    "libassuan0",
    "libassuan9",
    "libgpg-error0",
    "libdevmapper1.02.1",
    "libsubid4",
    "libselinux1",
];
const LIBRARY_PATHS: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// The directory whose `bin` has both programs, fetched once.
pub fn tools() -> Result<PathBuf> {
    let dir = cache()?.join("containers-1");
    if dir.join("bin/skopeo").is_file() {
        return Ok(dir);
    }
    say("==> fetching docker-registry and skopeo (apt)");
    let parent = dir.parent().ok_or_else(|| Error("the cache has no parent".into()))?;
    let fetched = tempfile::tempdir()?;
    // It appears when it is whole.
    let fresh = tempfile::Builder::new().prefix(".fresh").tempdir_in(parent)?;
    for name in PROGRAMS {
        if let Err(error) = download(fetched.path(), name) {
            return fail(format!(
                "{name} cannot be fetched: the test of the runtime's image needs it, and takes it from the packages of Debian or Ubuntu \
                 (`apt-get update` may be what is missing): {error}"
            ));
        }
    }
    for name in LIBRARIES {
        drop(download(fetched.path(), name));
    }
    let unpacked = fresh.path().join("root");
    for package in std::fs::read_dir(fetched.path())? {
        run(Command::new("dpkg").arg("-x").arg(package?.path()).arg(&unpacked))?;
    }
    let bin = fresh.path().join("bin");
    std::fs::create_dir(&bin)?;
    for name in PROGRAMS {
        script(&bin.join(name), name)?;
    }
    output(Command::new(bin.join("skopeo")).arg("--version"))?;
    let fresh = fresh.keep();
    if let Err(error) = std::fs::rename(&fresh, &dir) {
        std::fs::remove_dir_all(&fresh)?;
        // Somebody else was quicker.
        if !dir.is_dir() {
            return Err(error.into());
        }
    }
    Ok(dir)
}

fn download(dir: &Path, package: &str) -> Result<String> {
    output(Command::new("apt-get").current_dir(dir).args(["download", package]))
}

/// A program that finds its libraries where they were unpacked, wherever that is.
fn script(path: &Path, name: &str) -> Result<()> {
    let libraries = LIBRARY_PATHS.map(|dir| format!("$root/{dir}")).join(":");
    let text = format!(
        "#!/bin/sh\nroot=$(dirname \"$(readlink -f \"$0\")\")/../root\nLD_LIBRARY_PATH=\"{libraries}\" exec \"$root/usr/bin/{name}\" \"$@\"\n"
    );
    std::fs::write(path, text)?;
    Ok(std::fs::set_permissions(
        path,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?)
}
