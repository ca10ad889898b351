//! The scenario multi-environment: three projects, each by itself, of which two go whole and prod keeps its tables.

use headwater_tests::bigquery::cell;
use headwater_tests::cloud::{Cloud, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_SECRET, Org};
use headwater_tests::terraform::Terraform;

const SCENARIO: &str = "examples/scenarios/multi-environment";

fn project(environment: &str) -> String {
    format!("acme-data-{environment}")
}

/// Terraform in an environment's folder, its state in a file, so that what the project holds is the platform alone.
fn environment(cloud: &Cloud, org: &Org, name: &str) -> Terraform {
    let tf = super::terraform(cloud, org, &format!("{SCENARIO}/environments/{name}"));
    let backend = "terraform {\n  backend \"local\" {}\n}\n";
    std::fs::write(tf.dir().join("backend_override.tf"), backend).unwrap();
    tf.run(&["init"]).ok();
    tf
}

#[test]
fn the_bucket_of_a_state_comes_first() {
    let cloud = Cloud::start();
    let tf = Terraform::of_repository(&cloud, &format!("{SCENARIO}/bootstrap"))
        .env("TF_VAR_project", &project("dev"))
        .env(
            "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT",
            &format!("{}/storage/v1/", cloud.url()),
        )
        .env("GOOGLE_OAUTH_ACCESS_TOKEN", "local");
    tf.run(&["init"]).ok();
    tf.apply();
    tf.assert_no_changes("after the bucket was made");
    let (status, bucket) = cloud.get("/storage/v1/b/acme-data-dev-terraform-state");
    assert_eq!(
        (status, &bucket["versioning"]["enabled"]),
        (200, &true.into()),
        "{bucket}"
    );
}

#[test]
fn environments_stand_by_themselves_and_prod_keeps_its_tables() {
    let cloud = Cloud::start();
    let org = super::org(10);
    for name in ["dev", "stage", "prod"] {
        let before = inventory(&cloud, &project(name), REGION);
        let tf = environment(&cloud, &org, name);
        tf.apply();
        tf.assert_no_changes(name);
        let state = tf.state();
        assert!(
            state.contains("salesforce_raw") && !state.contains(CLIENT_SECRET),
            "the state of {name}"
        );

        let ended = tf.run(&["destroy", "-auto-approve"]);
        if name == "prod" {
            assert_eq!(ended.code, 1, "{}", ended.text());
            let accounts = format!("SELECT COUNT(*) FROM `{}`.salesforce_raw.Account", project(name));
            assert_eq!(cell(&cloud, &accounts), "10");
            tf.apply();
            tf.assert_no_changes("after what is around the tables was made again");
            assert_eq!(cell(&cloud, &accounts), "10");
        } else {
            ended.ok();
            assert_eq!(inventory(&cloud, &project(name), REGION), before, "{name}");
        }
    }
}
