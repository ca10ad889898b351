//! Dataform's own command line, which tests and benches compare ours with: npm's packages, pinned, in a folder of the cache; and a
//! project as it wants one. Not DuckDB's library, which is a file taken out of a package: that is in `tools`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::shell::{Result, fail, run, say, which};
use crate::tools;

/// The command line, and the core that it compiles with: the one that ours takes by default.
const DATAFORM_PACKAGES: &[(&str, &str)] = &[("@dataform/cli", "3.0.69"), ("@dataform/core", "3.0.62")];

/// A folder whose `node_modules` has Dataform's command line and core, made once.
pub fn dataform() -> Result<PathBuf> {
    let packages: BTreeMap<&str, &str> = DATAFORM_PACKAGES.iter().copied().collect();
    let manifest = json!({ "name": "headwater-dataform-cli", "private": true, "dependencies": packages }).to_string();
    let id: String = Sha256::digest(&manifest)
        .iter()
        .take(6)
        .map(|b| format!("{b:02x}"))
        .collect();
    let dir = tools::cache()?.join(format!("dataform-cli-{id}"));
    let done = dir.join("complete");
    let missing: Vec<&str> = ["node", "npm"].into_iter().filter(|p| which(p).is_none()).collect();
    if missing.contains(&"node") || (!missing.is_empty() && !done.is_file()) {
        return fail(format!(
            "{} not on PATH: tests and benches compare with Dataform's own command line; install Node.js 20 or later (https://nodejs.org/en/download)",
            missing.join(", ")
        ));
    }
    if done.is_file() {
        return Ok(dir);
    }
    say("==> installing Dataform's command line (npm)");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("package.json"), &manifest)?;
    // None of the packages needs to run a script of its own to work.
    run(Command::new("npm").current_dir(&dir).args([
        "install",
        "--ignore-scripts",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    for (name, version) in DATAFORM_PACKAGES {
        let installed = dir.join("node_modules").join(name).join("package.json");
        let installed: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&installed)?)?;
        if installed["version"] != *version {
            return fail(format!(
                "npm installed {name} {} instead of {version}; delete {} and run again",
                installed["version"],
                dir.display()
            ));
        }
    }
    std::fs::write(done, manifest)?;
    Ok(dir)
}

/// Copies a project to where it has its core beside it, named by a `package.json`: the quickest way in which the command line
/// compiles. With a version in the project's settings it would have npm install that core in each compilation.
pub fn dataform_project(environment: &Path, from: &Path, to: &Path) -> Result<()> {
    copy(from, to)?;
    let settings = to.join("workflow_settings.yaml");
    let kept: String = std::fs::read_to_string(&settings)?
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("dataformCoreVersion"))
        .collect();
    std::fs::write(settings, kept)?;
    let core = Path::new("node_modules/@dataform/core");
    copy(&environment.join(core), &to.join(core))?;
    let core: BTreeMap<&str, &str> = DATAFORM_PACKAGES
        .iter()
        .copied()
        .filter(|(name, _)| name.ends_with("/core"))
        .collect();
    std::fs::write(to.join("package.json"), json!({ "dependencies": core }).to_string())?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
