//! The calls that the tests made of local clouds, held against Google's own descriptions of its APIs by
//! tests/python/api_conformance.py, which says what is compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::server::Server;
use crate::shell::{Result, root, step};

/// The variable by which every local cloud of a run of tests learns where to record.
pub const RECORD: &str = "HEADWATER_RECORD";

/// Where this run's calls are recorded; those of the run before are forgotten.
pub fn record() -> Result<PathBuf> {
    let calls = build::target_dir().join("calls.jsonl");
    if calls.exists() {
        std::fs::remove_file(&calls)?;
    }
    Ok(calls)
}

/// Compares; `python` has Google's descriptions and descriptors.
pub fn check(headwater: &Path, python: &Path, calls: &Path) -> Result<()> {
    let dir = build::target_dir().join("api-cloud");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    // It is asked only which methods it serves.
    let cloud = Server::local_cloud(headwater, "headwater-local", &dir.join("data"), &dir)?;
    let mut compare = Command::new(python);
    compare
        .arg(root().join("tests/python/api_conformance.py"))
        .arg(calls)
        .arg(&cloud.url)
        .args(["tests/api/deviations.txt", "tests/api/uncalled.txt"])
        .current_dir(root());
    step("calls, against Google's descriptions of its APIs", &mut compare)
}
