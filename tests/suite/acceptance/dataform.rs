//! Dataform and Dataplex resources from nothing to nothing: changes, drift, disappearance, import.

use headwater_tests::cloud::{Cloud, PROJECT, REGION, request};
use headwater_tests::terraform::Terraform;
use serde_json::json;

/// The configuration, with what the test changes.
fn configuration(branch: &str, release: &str, workflow: &str, rule: &str) -> String {
    format!(
        r#"
resource "headwater_dataform_repository" "marts" {{
  name                = "marts"
  display_name        = "Marts"
  labels              = {{ team = "crm" }}
  git_remote_settings = {{
    url                                 = "https://git.example.com/marts.git"
    default_branch                      = "{branch}"
    authentication_token_secret_version = "projects/{PROJECT}/secrets/token/versions/1"
  }}
}}

resource "headwater_dataform_release_config" "production" {{
  repository    = headwater_dataform_repository.marts.id
  name          = "production"
  git_commitish = "main"
  {release}
}}

resource "headwater_dataform_workflow_config" "daily" {{
  repository     = headwater_dataform_repository.marts.id
  name           = "daily"
  release_config = headwater_dataform_release_config.production.id
  {workflow}
}}

resource "headwater_dataplex_data_scan" "quality" {{
  name              = "quality"
  table             = "projects/{PROJECT}/datasets/raw/tables/account"
  data_quality_spec = {{ rules = [{rule}] }}
}}

resource "headwater_dataplex_data_scan" "profile" {{
  name              = "profile"
  table             = "projects/{PROJECT}/datasets/raw/tables/account"
  schedule          = {{ cron = "0 6 * * *", time_zone = "Europe/Berlin" }}
  data_profile_spec = {{}}
}}
"#
    )
}

const RULE: &str = r#"{ column = "Id", non_null_expectation = {} }"#;

fn first() -> String {
    configuration("main", "", "", RULE)
}

fn second() -> String {
    configuration(
        "trunk",
        r#"
  cron_schedule = "0 5 * * *"
  time_zone     = "Europe/Berlin"
  code_compilation_config = { schema_suffix = "prod", vars = { a = "" } }"#,
        r#"
  disabled          = true
  invocation_config = { included_tags = ["b", "a"], query_priority = "BATCH" }"#,
        r#"{ sql_assertion = { sql_statement = "SELECT * FROM $${data()}" } }"#,
    )
}

/// Every address, and the path at which the local cloud has it.
fn resources() -> Vec<(&'static str, String)> {
    let at = |rest: &str| format!("projects/{PROJECT}/locations/{REGION}/{rest}");
    vec![
        ("headwater_dataform_repository.marts", at("repositories/marts")),
        (
            "headwater_dataform_release_config.production",
            at("repositories/marts/releaseConfigs/production"),
        ),
        (
            "headwater_dataform_workflow_config.daily",
            at("repositories/marts/workflowConfigs/daily"),
        ),
        ("headwater_dataplex_data_scan.quality", at("dataScans/quality")),
        ("headwater_dataplex_data_scan.profile", at("dataScans/profile")),
    ]
}

#[test]
fn dataform_and_dataplex_live_and_die() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &first());
    tf.apply();
    tf.assert_no_changes("after apply");

    tf.write(&second());
    let mut changes = tf.changes();
    changes.sort();
    let changed = [
        "headwater_dataform_release_config.production: update",
        "headwater_dataform_repository.marts: update",
        "headwater_dataform_workflow_config.daily: update",
        "headwater_dataplex_data_scan.quality: update",
    ];
    assert_eq!(changes, changed);
    tf.apply();
    tf.assert_no_changes("after the change");
    let (_, marts) = cloud.get(&format!("/v1/{}", resources()[0].1));
    assert_eq!(marts["gitRemoteSettings"]["effectiveDefaultBranch"], "trunk", "{marts}");

    // What somebody else changed is changed back.
    let drifts = [
        (
            0,
            "displayName,labels",
            json!({"displayName": "Other", "labels": {"team": "erp"}}),
        ),
        (1, "cronSchedule", json!({})),
        (2, "disabled", json!({"disabled": false})),
        (4, "dataProfileSpec", json!({"dataProfileSpec": {"rowFilter": "TRUE"}})),
    ];
    for (index, mask, body) in drifts {
        let (address, name) = &resources()[index];
        let url = format!("{}/v1/{name}?updateMask={mask}", cloud.url());
        let (status, answer) = request("PATCH", &url, Some(&body));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(tf.changes(), [format!("{address}: update")], "{mask}");
        tf.apply();
        tf.assert_no_changes("after the drift was mended");
    }

    // What somebody else deleted is made anew.
    for (address, name) in resources().iter().rev() {
        let force = if address.contains("repository") {
            "?force=true"
        } else {
            ""
        };
        let status = cloud.delete(&format!("/v1/{name}{force}"));
        let referenced = address.contains("release_config");
        if referenced {
            assert_eq!(status, 400, "a release that a workflow runs stays");
            let workflow = format!("/v1/{}", resources()[2].1);
            assert_eq!(cloud.delete(&workflow), 200);
            assert_eq!(cloud.delete(&format!("/v1/{name}")), 200);
        } else {
            assert_eq!(status, 200, "{name}");
        }
        let changes = tf.changes();
        assert!(
            changes.contains(&format!("{address}: create")),
            "{address}: {changes:?}"
        );
        tf.apply();
        tf.assert_no_changes(&format!("after {address} was mended"));
    }

    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id) in resources() {
        tf.run(&["import", address, &id]).ok();
    }
    tf.assert_no_changes("after import");

    // Terraform does not take with it what is not its own.
    let strange = format!("/v1/{}/releaseConfigs?releaseConfigId=strange", resources()[0].1);
    let (status, _) = cloud.post(&strange, &json!({"gitCommitish": "main"}));
    assert_eq!(status, 200);
    let refused = tf.run(&["destroy", "-auto-approve"]);
    assert!(
        refused.code != 0 && refused.stderr.contains("force_destroy"),
        "{}",
        refused.text()
    );
    tf.write(&second().replace(
        "  name                = \"marts\"",
        "  name = \"marts\"\n  force_destroy = true",
    ));
    tf.apply();
    tf.destroy();
    for collection in ["repositories", "dataScans"] {
        let (_, left) = cloud.get(&format!("/v1/projects/{PROJECT}/locations/{REGION}/{collection}"));
        assert_eq!(left, json!({}));
    }
}
