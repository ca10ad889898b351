//! The crate gcp-bigquery-client, by the program in `tests/clients`.

use std::process::Command;

use headwater_tests::cloud::Cloud;
use headwater_tests::programs;

#[test]
fn gcp_bigquery_client() {
    let cloud = Cloud::start();
    let ended = programs::run(Command::new(programs::gcp_bigquery_client()).arg(cloud.url())).ok();
    assert!(ended.stdout.contains("all checks hold"), "{ended:?}");
}
