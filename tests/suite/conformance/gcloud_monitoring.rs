//! `gcloud monitoring` (policies are in `gcloud alpha`) and `gcloud logging metrics` against the local cloud.

use headwater_tests::cloud::Cloud;
use serde_json::json;

use super::tools::{Tools, contains};

const FILTER: &str =
    r#"metric.type="run.googleapis.com/job/completed_execution_count" AND resource.type="cloud_run_job""#;

#[test]
fn monitoring_policies() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let policies = |arguments: &[&str]| tools.gcloud(&[&["alpha", "monitoring", "policies"], arguments].concat());
    let policy = json!({
        "displayName": "failures", "combiner": "OR",
        "conditions": [{"displayName": "failed", "conditionThreshold": {
            "filter": FILTER, "comparison": "COMPARISON_GT", "thresholdValue": 0, "duration": "0s",
            "aggregations": [{"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA"}],
        }}],
    });
    tools.file("policy.json", policy.to_string());
    let made = policies(&["create", "--policy-from-file=policy.json", "--format=json"])
        .ok()
        .json();
    let name = made["name"].as_str().unwrap();
    assert!(name.rsplit('/').next().unwrap().parse::<u64>().is_ok(), "{made}");
    policies(&["update", name, "--no-enabled", "--update-user-labels=team=crm"]).ok();
    let described = policies(&["describe", name, "--format=json"]).ok().json();
    assert_eq!(described["enabled"], false, "{described}");
    assert_eq!(described["userLabels"], json!({"team": "crm"}), "{described}");
    assert_eq!(
        described["conditions"][0]["conditionThreshold"]["filter"], FILTER,
        "{described}"
    );
    let listed = policies(&["list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["name"], name, "{listed}");

    let mut wrong = policy;
    wrong["conditions"][0]["conditionThreshold"]["duration"] = "30s".into();
    tools.file("wrong.json", wrong.to_string());
    let refused = policies(&["create", "--policy-from-file=wrong.json"]);
    assert_ne!(refused.code, 0);
    contains(&refused.stderr, &["INVALID_ARGUMENT", "only multiples of 1 minute"]);
    policies(&["delete", name, "--quiet"]).ok();
    let missing = policies(&["describe", name]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);
}

#[test]
fn monitoring_dashboards() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let dashboards = |arguments: &[&str]| tools.gcloud(&[&["monitoring", "dashboards"], arguments].concat());
    let config = r#"--config={"name": "projects/test-project/dashboards/data", "displayName": "Data", "gridLayout": {"widgets": [{"text": {"content": "x"}}]}}"#;
    dashboards(&["create", config]).ok();
    let described = dashboards(&["describe", "data", "--format=json"]).ok().json();
    assert_eq!(
        described["gridLayout"]["widgets"][0]["text"]["content"], "x",
        "{described}"
    );
    let etag = described["etag"].as_str().unwrap();
    let changed = format!(r#"--config={{"displayName": "New", "gridLayout": {{}}, "etag": "{etag}"}}"#);
    dashboards(&["update", "data", &changed]).ok();
    let again = dashboards(&["update", "data", &changed]);
    assert_ne!(again.code, 0, "the etag is another by now");
    let listed = dashboards(&["list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["displayName"], "New", "{listed}");
    dashboards(&["delete", "data", "--quiet"]).ok();
    assert_eq!(dashboards(&["list", "--format=json"]).ok().json(), json!([]));
}

#[test]
fn logging_metrics() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let metrics = |arguments: &[&str]| tools.gcloud(&[&["logging", "metrics"], arguments].concat());
    metrics(&[
        "create",
        "failures",
        "--description=What failed",
        "--log-filter=severity>=ERROR",
    ])
    .ok();
    metrics(&["update", "failures", "--log-filter=severity>=WARNING"]).ok();
    let described = metrics(&["describe", "failures", "--format=json"]).ok().json();
    assert_eq!(described["filter"], "severity>=WARNING", "{described}");
    assert_eq!(described["description"], "What failed", "{described}");
    assert_eq!(described["metricDescriptor"]["valueType"], "INT64", "{described}");
    let listed = metrics(&["list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["name"], "failures", "{listed}");
    metrics(&["delete", "failures", "--quiet"]).ok();
    let missing = metrics(&["describe", "failures"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);
}
