//! `terraform-provider-headwater install`, and what terraform makes of it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::terraform::{PROVIDER, Workspace, settings};

fn install(mirror: &Path) -> Value {
    let done = Command::new(PROVIDER)
        .args(["install", "--json", "--dir"])
        .arg(mirror)
        .output()
        .expect("the provider");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

fn versions(mirror: &Path) -> Vec<String> {
    let folder = mirror.join("registry.terraform.io/headwater-data/headwater");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the mirror")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn terraform_finds_the_newest_build_without_a_constraint() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mirror = dir.path().join("plugins");
    let first = install(&mirror);
    let second = install(&mirror);
    assert_ne!(first["version"], second["version"]);
    let rc = dir.path().join("terraform.rc");
    std::fs::write(&rc, settings(&mirror)).expect("the settings");
    let workspace = Workspace::with_settings("", &rc);
    workspace.run(&["init", "-input=false", "-no-color"]).ok();
    let lock = std::fs::read_to_string(workspace.dir().join(".terraform.lock.hcl")).expect("a lock file");
    assert!(lock.contains(second["version"].as_str().expect("a version")), "{lock}");

    // A new build does not break what is locked, and -upgrade takes it.
    let third = install(&mirror);
    workspace.run(&["init", "-input=false", "-no-color"]).ok();
    workspace.run(&["validate", "-no-color"]).ok();
    workspace.run(&["init", "-upgrade", "-input=false", "-no-color"]).ok();
    let lock = std::fs::read_to_string(workspace.dir().join(".terraform.lock.hcl")).expect("a lock file");
    assert!(lock.contains(third["version"].as_str().expect("a version")), "{lock}");
}

#[test]
fn old_builds_are_pruned_and_others_are_not_touched() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = dir.path().join("registry.terraform.io/headwater-data/headwater");
    for version in ["0.1.0", "0.0.1", "0.0.2", "0.0.3"] {
        std::fs::create_dir_all(folder.join(version)).expect("a directory");
    }
    let done = install(dir.path());
    let newest = done["version"].as_str().expect("a version").to_owned();
    assert_eq!(versions(dir.path()), ["0.0.2", &newest, "0.0.3", "0.1.0"]);
    assert_eq!(done["pruned"], serde_json::json!(["0.0.1"]));
    for binary in done["binaries"].as_array().expect("binaries") {
        assert!(Path::new(binary.as_str().expect("a path")).is_file(), "{binary}");
    }
}

#[test]
fn without_terraform_it_is_a_command_line() {
    let run = |arguments: &[&str]| Command::new(PROVIDER).args(arguments).output().expect("the provider");
    let version = run(&["version", "--json"]);
    let version: Value = serde_json::from_slice(&version.stdout).expect("JSON");
    assert_eq!(version["protocol"], 6);
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).expect("JSON");
    assert!(schema.to_string().contains("headwater_salesforce_extract"));
    let help = run(&[]);
    assert_eq!(help.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&help.stderr).contains("install"),
        "no way out is shown"
    );
}
