//! The modules below modules/ and the scenarios that are put together from them. Each module's own tests are run by `terraform test`
//! on a local cloud; what is applied here besides comes and goes without a trace.

mod complete;
mod environments;
mod existing;
mod hcl;

use std::collections::BTreeSet;

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;

/// An org whose changes can be captured.
fn org(accounts: u64) -> Org {
    Org::start_with(accounts, &["--capture", "*"])
}

/// Terraform in a folder of the repository, with the variables of the org.
fn terraform(cloud: &Cloud, org: &Org, folder: &str) -> Terraform {
    Terraform::of_repository(cloud, folder)
        .env("TF_VAR_login_url", org.url())
        .env("TF_VAR_client_id", CLIENT_ID)
        .env("TF_VAR_client_secret", CLIENT_SECRET)
}

/// Runs a module's own tests, which must hold, be as many, and leave nothing.
#[track_caller]
fn test(module: &str, runs: usize) {
    let cloud = Cloud::start();
    let org = org(10);
    let before = inventory(&cloud, PROJECT, REGION);
    let tf = terraform(&cloud, &org, &format!("modules/{module}"));
    tf.run(&["init"]).ok();
    let ended = tf.run(&["test"]).ok();
    let end = format!("Success! {runs} passed, 0 failed.");
    assert!(ended.stdout.contains(&end), "not `{end}` but:\n{}", ended.text());
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

/// The modules, and how many runs their tests have.
const MODULES: [(&str, usize); 6] = [
    ("cdc-stream", 14),
    ("data-platform", 12),
    ("dataform-marts", 6),
    ("quality-gate", 9),
    ("salesforce-ingest", 12),
    ("monitoring", 13),
];

#[test]
fn every_module_is_tested() {
    let entries = std::fs::read_dir(programs::root().join("modules")).unwrap();
    let present: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(present, MODULES.map(|(name, _)| name.to_owned()).into());
}

#[test]
fn a_stream() {
    let (module, runs) = MODULES[0];
    test(module, runs);
}

#[test]
fn a_platform() {
    let (module, runs) = MODULES[1];
    test(module, runs);
}

#[test]
fn marts() {
    let (module, runs) = MODULES[2];
    test(module, runs);
}

#[test]
fn a_gate() {
    let (module, runs) = MODULES[3];
    test(module, runs);
}

#[test]
fn an_ingest() {
    let (module, runs) = MODULES[4];
    test(module, runs);
}

#[test]
fn monitoring() {
    let (module, runs) = MODULES[5];
    test(module, runs);
}
