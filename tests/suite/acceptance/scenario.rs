//! The scenario salesforce-cdc: what `cargo xtask demo salesforce-cdc` does with 200,000 events, with fewer.

use std::process::Command;

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::programs;

const EVENTS: &str = "1500";
const POSITION: &str = "headwater-demo-cdc-lake/headwater/pipelines/crm-changes/bridge/position.json";

#[test]
fn changes_of_ten_objects_are_in_both_tables_value_by_value() {
    let cloud = Cloud::start();
    let org = Org::start_with(60, &["--capture", "*"]);
    let before = inventory(&cloud, PROJECT, REGION);
    let folder = programs::root().join("examples/scenarios/salesforce-cdc");
    let configuration = std::fs::read_to_string(folder.join("main.tf")).unwrap();
    let tf = super::terraform(&cloud, &org, &configuration);
    for name in ["variables.tf", "outputs.tf"] {
        std::fs::copy(folder.join(name), tf.dir().join(name)).unwrap();
    }
    tf.apply();
    let mut compare = Command::new(programs::python());
    compare
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .arg(programs::root().join("tests/python/stream_scenario.py"))
        .args([
            org.url(),
            &cloud.url(),
            PROJECT,
            "salesforce_live",
            POSITION,
            EVENTS,
            "Case",
        ]);
    print!("{}", programs::run(&mut compare).ok().stdout);
    tf.assert_no_changes("after the changes");
    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}
