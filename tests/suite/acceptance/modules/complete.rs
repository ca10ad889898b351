//! The scenario complete-platform: three pipelines, marts and suites from modules, applied, run, planned again and destroyed.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use headwater_tests::bigquery::cell;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::CLIENT_SECRET;
use headwater_tests::{programs, wait_for};
use serde_json::json;

const LAKE: &str = "gs://headwater-complete-lake";
const SUITES: [&str; 4] = ["contacts", "live-accounts", "live-orders", "opportunities"];
const LIMIT: Duration = Duration::from_secs(120);

fn publish(cloud: &Cloud, order: &serde_json::Value) {
    let data = base64::engine::general_purpose::STANDARD.encode(order.to_string());
    let topic = format!("/v1/projects/{PROJECT}/topics/headwater-streaming:publish");
    let (status, answer) = cloud.post(&topic, &json!({"messages": [{ "data": data }]}));
    assert_eq!(status, 200, "{answer}");
}

/// Runs a pipeline as its schedule would.
fn run(cloud: &Cloud, pipeline: &str) {
    let mut command = Command::new(programs::headwater());
    command
        .envs(cloud.environment())
        .args(["runs", "start", "--lake", LAKE, "--pipeline", pipeline]);
    programs::run_within(command.args(["--runtime", "headwater", "--wait"]), LIMIT).ok();
}

/// What the logs say of the end of a pipeline's run.
fn finished(cloud: &Cloud, pipeline: &str) -> serde_json::Value {
    let filter = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"headwater\"";
    let asked = json!({"filter": filter, "orderBy": "timestamp desc", "pageSize": 1000});
    let (status, answer) = cloud.post("/v2/entries:list", &asked);
    assert_eq!(status, 200, "{answer}");
    let mut lines = answer["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["jsonPayload"]);
    let line = lines.find(|line| line["message"] == "run finished" && line["pipeline"] == pipeline);
    line.cloned()
        .unwrap_or_else(|| panic!("no line says that {pipeline} finished: {answer}"))
}

#[test]
fn a_platform_from_modules_comes_runs_and_goes() {
    let cloud = Cloud::start();
    let org = super::org(40);
    let before = inventory(&cloud, PROJECT, REGION);
    let tf = super::terraform(&cloud, &org, "examples/scenarios/complete-platform");
    tf.run(&["init"]).ok();
    tf.apply();
    tf.assert_no_changes("after the platform was applied");
    assert!(!tf.state().contains(CLIENT_SECRET), "the secret is in the state");

    // The extract ran behind its gate, and the marts behind the extract.
    for (object, records) in org.counts() {
        let rows = cell(&cloud, &format!("SELECT COUNT(*) FROM salesforce_raw.`{object}`"));
        assert_eq!(rows, records.to_string(), "{object}");
    }
    assert_eq!(
        cell(&cloud, "SELECT state FROM data_ops.dq_run WHERE suite = 'accounts'"),
        "pass"
    );
    let marts = "SELECT COUNT(*) > 0 FROM salesforce_marts.salesforce__opportunity_enhanced";
    assert_eq!(cell(&cloud, marts), "true");

    // The streams: what was there, what changes, and what others publish.
    let count = |sql: &str| cell(&cloud, sql).parse::<u64>().unwrap();
    let accounts = org
        .counts()
        .into_iter()
        .find(|(object, _)| object == "Account")
        .unwrap()
        .1;
    wait_for("the accounts in the current table", LIMIT, || {
        (count("SELECT COUNT(*) FROM salesforce_live.Account") == accounts).then_some(())
    });
    let snapshot = count("SELECT COUNT(*) FROM salesforce_live.Account_changes");
    org.churn(&json!({"updates": 30}));
    wait_for("changes in the changelogs", LIMIT, || {
        let sql = "SELECT (SELECT COUNT(*) FROM salesforce_live.Account_changes) + \
                   (SELECT COUNT(*) FROM salesforce_live.Contact_changes WHERE _operation = 'UPDATE') + \
                   (SELECT COUNT(*) FROM salesforce_live.Opportunity_changes WHERE _operation = 'UPDATE') + \
                   (SELECT COUNT(*) FROM salesforce_live.Case_changes WHERE _operation = 'UPDATE')";
        (count(sql) > snapshot).then_some(())
    });
    for (kind, version, total) in [("placed", 1, 10.5), ("changed", 2, 12.5)] {
        let order = json!({"id": "A-1", "account": "Acme", "status": kind, "total": total});
        publish(&cloud, &json!({"kind": kind, "version": version, "order": order}));
    }
    wait_for("the order as it is", LIMIT, || {
        let rows = headwater_tests::bigquery::query(&cloud, "SELECT CAST(total AS STRING) FROM salesforce_live.orders");
        (rows.rows == [[Some("12.5".to_owned())]]).then_some(())
    });

    // The suites, and the next run of the extract.
    for pipeline in SUITES.into_iter().chain(["crm"]) {
        run(&cloud, pipeline);
    }
    for suite in SUITES {
        let sql = format!("SELECT state FROM data_ops.dq_run WHERE suite = '{suite}' ORDER BY started DESC LIMIT 1");
        assert_eq!(cell(&cloud, &sql), "pass", "{suite}");
    }

    // Who is told of what, and the line of the logs that it counts.
    let (_, policies) = cloud.get(&format!("/v3/projects/{PROJECT}/alertPolicies"));
    let policies = policies["alertPolicies"].as_array().unwrap();
    let named: Vec<&str> = policies
        .iter()
        .filter_map(|policy| policy["displayName"].as_str())
        .collect();
    for what in [
        "an execution failed",
        "crm is stale",
        "live-orders is stale",
        "a stream lags",
        "marts failed to build",
    ] {
        assert!(
            named.contains(&format!("headwater: {what}").as_str()),
            "{what}: {named:?}"
        );
    }
    for policy in policies {
        assert_eq!(
            policy["notificationChannels"].as_array().map(Vec::len),
            Some(1),
            "{policy}"
        );
    }
    for (pipeline, kind) in [("crm", "extract"), ("opportunities", "suite")] {
        let line = finished(&cloud, pipeline);
        assert_eq!(
            (&line["kind"], &line["outcome"]),
            (&kind.into(), &"succeeded".into()),
            "{line}"
        );
    }

    tf.assert_no_changes("after everything has run");
    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}
