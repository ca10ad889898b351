//! The scenario brownfield-import: what exists comes under Terraform without a change, and is not destroyed by surprise.

use std::process::Command;

use headwater_tests::bigquery::cell;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;

/// What the cloud says of all that is imported: whether it is as it was.
fn documents(cloud: &Cloud) -> Vec<serde_json::Value> {
    [
        "/storage/v1/b/acme-shop-landing".to_owned(),
        format!("/bigquery/v2/projects/{PROJECT}/datasets/shop"),
        format!("/bigquery/v2/projects/{PROJECT}/datasets/shop/tables/orders"),
        format!("/v1/projects/{PROJECT}/topics/shop-orders"),
    ]
    .iter()
    .map(|path| cloud.get(path).1)
    .collect()
}

#[test]
fn what_exists_is_imported_as_it_is() {
    let cloud = Cloud::start();
    let tf = Terraform::of_repository(&cloud, "examples/scenarios/brownfield-import").env("TF_VAR_project", PROJECT);
    let mut make = Command::new("bash");
    make.current_dir(tf.dir())
        .envs(cloud.environment())
        .args(["what-exists.sh", PROJECT]);
    programs::run(&mut make).ok();
    let (before, said) = (inventory(&cloud, PROJECT, REGION), documents(&cloud));

    tf.run(&["init"]).ok();
    let plan = tf.run(&["plan"]).ok();
    let nothing_else = "Plan: 5 to import, 0 to add, 0 to change, 0 to destroy.";
    assert!(
        plan.stdout.contains(nothing_else),
        "not `{nothing_else}` but:\n{}",
        plan.text()
    );
    tf.apply();
    tf.assert_no_changes("after the import");
    assert_eq!(documents(&cloud), said);

    // Its data is not lost by surprise.
    let refused = tf.run(&["destroy", "-auto-approve"]);
    assert_eq!(refused.code, 1, "{}", refused.text());
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
    assert_eq!(cell(&cloud, "SELECT COUNT(*) FROM shop.orders"), "1");
}
