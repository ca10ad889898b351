//! `gcloud secrets`, `gcloud kms`, `gcloud scheduler`, `gcloud dataplex datascans` and `gcloud dataflow` against the local
//! cloud. (`gcloud run` is in `made`: it reads jobs, which others make.)

use headwater_tests::bigquery::query;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use serde_json::json;

use super::tools::{Tools, contains};

#[test]
fn secrets() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let secrets = |arguments: &[&str]| tools.gcloud(&[&["secrets"], arguments].concat());
    // Binary on purpose, with a line break at its end that must stay.
    let first = b"p\xc3\xa4ss\0w\xff\x01rd\n";
    tools.file("first", first);
    tools.file("second", "two");

    secrets(&[
        "create",
        "crm",
        "--replication-policy=automatic",
        "--labels=team=data",
        "--data-file=first",
    ])
    .ok();
    let again = secrets(&["create", "crm", "--replication-policy=automatic"]);
    assert_ne!(again.code, 0);
    contains(&again.stderr, &["already exists"]);
    secrets(&["versions", "add", "crm", "--data-file=second"]).ok();
    // gcloud verifies the checksum that comes with the payload.
    assert_eq!(
        secrets(&["versions", "access", "latest", "--secret=crm"]).ok().stdout,
        "two"
    );
    secrets(&["versions", "access", "1", "--secret=crm", "--out-file=out"]).ok();
    assert_eq!(std::fs::read(tools.dir().join("out")).unwrap(), first);

    let listed = secrets(&["list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["labels"]["team"], "data", "{listed}");
    assert!(
        listed[0]["name"].as_str().unwrap().ends_with("/secrets/crm"),
        "{listed}"
    );
    secrets(&["versions", "disable", "2", "--secret=crm"]).ok();
    let refused = secrets(&["versions", "access", "2", "--secret=crm"]);
    assert_ne!(refused.code, 0);
    contains(&refused.stderr, &["FAILED_PRECONDITION", "DISABLED"]);
    secrets(&["versions", "destroy", "1", "--secret=crm"]).ok();
    let versions = secrets(&["versions", "list", "crm", "--format=json"]).ok().json();
    let states: Vec<&str> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["DISABLED", "DESTROYED"], "newest first: {versions}");
    secrets(&["delete", "crm"]).ok();
    let missing = secrets(&["describe", "crm"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);
}

#[test]
fn scheduler() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let location = format!("--location={REGION}");
    let jobs = |arguments: &[&str]| tools.gcloud(&[&["scheduler", "jobs"], arguments, &[&location]].concat());
    let uri = format!("https://run.googleapis.com/v2/projects/{PROJECT}/locations/{REGION}/jobs/none:run");

    let uri_flag = format!("--uri={uri}");
    let create = [
        "create",
        "http",
        "nightly",
        "--schedule=30 2 * * 1-5",
        "--time-zone=Europe/Berlin",
        &uri_flag,
        "--http-method=post",
        "--message-body={\"overrides\":{}}",
        "--oauth-service-account-email=runner@test-project.iam.gserviceaccount.com",
    ];
    jobs(&create).ok();
    let again = jobs(&create);
    assert_ne!(again.code, 0);
    contains(&again.stderr, &["ALREADY_EXISTS"]);
    let bad = jobs(&["create", "http", "bad", "--schedule=61 * * * *", &uri_flag]);
    assert_ne!(bad.code, 0);
    contains(&bad.stderr, &["INVALID_ARGUMENT"]);

    let job = jobs(&["describe", "nightly", "--format=json"]).ok().json();
    assert_eq!(job["state"], "ENABLED", "{job}");
    assert_eq!(job["schedule"], "30 2 * * 1-5", "{job}");
    assert_eq!(job["timeZone"], "Europe/Berlin", "{job}");
    assert_eq!(job["httpTarget"]["uri"], uri.as_str(), "{job}");
    // {"overrides":{}} in base64.
    assert_eq!(job["httpTarget"]["body"], "eyJvdmVycmlkZXMiOnt9fQ==", "{job}");
    assert!(job["scheduleTime"].is_string(), "the next time is known: {job}");

    jobs(&["pause", "nightly"]).ok();
    let listed = jobs(&["list", "--format=json"]).ok().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["state"], "PAUSED", "{listed}");
    jobs(&["resume", "nightly"]).ok();
    jobs(&["update", "http", "nightly", "--schedule=0 * * * *"]).ok();
    let job = jobs(&["describe", "nightly", "--format=json"]).ok().json();
    assert_eq!(
        (&job["state"], &job["schedule"]),
        (&"ENABLED".into(), &"0 * * * *".into())
    );
    assert_eq!(job["timeZone"], "Europe/Berlin", "an update leaves the rest: {job}");
    jobs(&["delete", "nightly"]).ok();
    let missing = jobs(&["describe", "nightly"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);
}

#[test]
fn dataplex_datascans() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let location = format!("--location={REGION}");
    let scans = |arguments: &[&str]| tools.gcloud(&[&["dataplex", "datascans"], arguments, &[&location]].concat());
    let table = format!("//bigquery.googleapis.com/projects/{PROJECT}/datasets/d/tables/t");
    let scan = json!({
        "data": {"resource": table},
        "dataQualitySpec": {"rules": [{"nonNullExpectation": {}, "column": "id", "dimension": "COMPLETENESS"}]},
    });
    let path = format!("/v1/projects/{PROJECT}/locations/{REGION}/dataScans?dataScanId=orders");
    assert_eq!(cloud.post(&path, &scan).0, 200);

    let described = scans(&["describe", "orders", "--view=FULL", "--format=json"])
        .ok()
        .json();
    assert_eq!(described["data"]["resource"], table.as_str(), "{described}");
    assert_eq!(described["dataQualitySpec"]["rules"][0]["column"], "id", "{described}");
    let listed = scans(&["list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["type"], "DATA_QUALITY", "{listed}");
    scans(&["delete", "orders"]).ok();
    let missing = scans(&["describe", "orders"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);

    // Made of a file of rules, run, and looked at.
    query(&cloud, "CREATE SCHEMA d OPTIONS (location = 'EU')");
    query(&cloud, "CREATE TABLE d.t AS SELECT 1 AS id");
    tools.file("rules.json", scan["dataQualitySpec"].to_string());
    let source = format!("--data-source-resource={table}");
    scans(&[
        "create",
        "data-quality",
        "made",
        &source,
        "--data-quality-spec-file=rules.json",
    ])
    .ok();
    scans(&["run", "made"]).ok();
    let job = headwater_tests::wait_for("the job ends", std::time::Duration::from_secs(60), || {
        let jobs = scans(&["jobs", "list", "--datascan=made", "--format=json"]).ok().json();
        (jobs[0]["state"] == "SUCCEEDED").then(|| jobs[0]["uid"].as_str().unwrap_or_default().to_owned())
    });
    let described = scans(&[
        "jobs",
        "describe",
        &job,
        "--datascan=made",
        "--view=FULL",
        "--format=json",
    ]);
    let described = described.ok().json();
    assert_eq!(
        described["dataQualityResult"]["rules"][0]["passedCount"], "1",
        "{described}"
    );
}

#[test]
fn dataflow_jobs() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let region = format!("--region={REGION}");
    let dataflow = |arguments: &[&str]| tools.gcloud(&[&["dataflow"], arguments, &[&region]].concat());
    tools.file("pipeline.yaml", "pipeline:\n  type: chain\n");
    let launched = dataflow(&[
        "yaml",
        "run",
        "crm",
        "--yaml-pipeline-file=pipeline.yaml",
        "--format=json",
    ]);
    let launched = launched.ok().json();
    let id = launched["job"]["id"].as_str().expect("an id").to_owned();
    let twice = dataflow(&["yaml", "run", "crm", "--yaml-pipeline-file=pipeline.yaml"]);
    assert_ne!(twice.code, 0);
    contains(&twice.stderr, &["already an active job named crm"]);

    headwater_tests::wait_for("the job runs", std::time::Duration::from_secs(30), || {
        let described = dataflow(&["jobs", "describe", &id, "--full", "--format=json"])
            .ok()
            .json();
        assert_eq!(described["name"], "crm", "{described}");
        (described["currentState"] == "JOB_STATE_RUNNING").then_some(())
    });
    let listed = dataflow(&["jobs", "list", "--status=active", "--format=json"])
        .ok()
        .json();
    assert_eq!(listed[0]["id"], id.as_str(), "{listed}");
    let said = tools.gcloud(&["beta", "dataflow", "logs", "list", &id, &region, "--importance=warning"]);
    contains(&said.ok().stdout, &["does not execute it"]);
    dataflow(&["jobs", "drain", &id]).ok();
    headwater_tests::wait_for("the job is drained", std::time::Duration::from_secs(30), || {
        let described = dataflow(&["jobs", "describe", &id, "--format=json"]).ok().json();
        (described["currentState"] == "JOB_STATE_DRAINED").then_some(())
    });
}

#[test]
fn keys() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let kms = |arguments: &[&str]| tools.gcloud(&[&["kms"], arguments].concat());
    let of_ring = ["--location=us", "--keyring=ring"];
    let plaintext = b"p\xc3\xa4ss\0w\xff\x01rd\n";
    tools.file("plaintext", plaintext);

    kms(&["keyrings", "create", "ring", "--location=us"]).ok();
    let again = kms(&["keyrings", "create", "ring", "--location=us"]);
    assert_ne!(again.code, 0);
    contains(&again.stderr, &["already exists"]);
    let key = |verb: &str, more: &[&str]| kms(&[&["keys", verb], more, &of_ring].concat());
    key("create", &["key", "--purpose=encryption", "--labels=team=data"]).ok();
    let listed = key("list", &["--format=json"]).ok().json();
    assert_eq!(
        (&listed[0]["labels"]["team"], &listed[0]["primary"]["state"]),
        (&json!("data"), &json!("ENABLED")),
        "{listed}"
    );
    // gcloud verifies the checksums of both directions.
    let crypt = |verb: &str, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        kms(&[&[verb, "--key=key", &from, &to], of_ring.as_slice()].concat())
    };
    crypt("encrypt", "--plaintext-file=plaintext", "--ciphertext-file=sealed").ok();
    let versions =
        |verb: &str, more: &[&str]| kms(&[&["keys", "versions", verb, "--key=key"], more, &of_ring].concat());
    versions("create", &["--primary"]).ok();
    crypt("decrypt", "--ciphertext-file=sealed", "--plaintext-file=opened").ok();
    assert_eq!(std::fs::read(tools.dir().join("opened")).unwrap(), plaintext);
    versions("disable", &["1"]).ok();
    let refused = crypt("decrypt", "--ciphertext-file=sealed", "--plaintext-file=opened");
    assert_ne!(refused.code, 0);
    contains(&refused.stderr, &["FAILED_PRECONDITION", "DISABLED"]);
    versions("enable", &["1"]).ok();
    versions("destroy", &["1"]).ok();
    versions("restore", &["1"]).ok();
    let states: Vec<String> = versions("list", &["--format=json"])
        .ok()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["DISABLED", "ENABLED"]);
    let missing = key("describe", &["none"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["NOT_FOUND"]);
}
