//! Faults of the org and of Google's services during a run: each ends as it should. Retried within bounds, resumed, or a clear
//! error that says what to do; and afterwards the tables equal the org.

use headwater_tests::cloud::Cloud;
use headwater_tests::org::{CLIENT_SECRET, Org};
use headwater_tests::pipeline::Pipeline;
use serde_json::{Value, json};

const RESULTS: &str = "/services/data/*/jobs/query/*/results";
const JOB: &str = "/services/data/*/jobs/query/*";
const QUERY: &str = "/services/data/*/queryAll";

/// How a run under a fault is to end.
enum Ends {
    /// It succeeds in spite of the fault.
    Well,
    /// It stops, resumable (exit status 4), and says these words.
    Stopped(&'static [&'static str]),
    /// It fails (exit status 1) and says these words.
    Failed(&'static [&'static str]),
}

#[test]
fn faults_of_the_org() {
    let cloud = Cloud::start();
    let org = Org::start(150);
    // Account has over 100 rows and is read by Bulk API, Campaign has few and is read by REST.
    let settings = json!({"bulk_threshold_rows": 100});
    let cases: Vec<(&str, Value, Ends)> = vec![
        (
            "503 twice on results",
            json!([{"kind": "503", "match": RESULTS, "times": 2}]),
            Ends::Well,
        ),
        (
            "503 while a job is polled",
            json!([{"kind": "503", "match": JOB, "times": 2}]),
            Ends::Well,
        ),
        (
            "a maintenance page",
            json!([{"kind": "maintenance_page", "match": "/services/data", "times": 2}]),
            Ends::Well,
        ),
        (
            "the session expires before the results",
            json!([{"kind": "expired_session", "match": RESULTS}]),
            Ends::Well,
        ),
        (
            "the session expires during a query",
            json!([{"kind": "expired_session", "match": QUERY}]),
            Ends::Well,
        ),
        (
            "the connection is cut in mid-result",
            json!([{"kind": "cut_connection", "match": RESULTS, "after_bytes": 20_000, "times": 2}]),
            Ends::Well,
        ),
        (
            "a Bulk job fails once",
            json!([{"kind": "bulk_job_failed"}]),
            Ends::Well,
        ),
        (
            "Bulk does not support the object",
            json!([{"kind": "bulk_unsupported"}]),
            Ends::Well,
        ),
        (
            "a query cursor expires",
            json!([{"kind": "invalid_locator", "match": "/services/data/*/query/*"}]),
            Ends::Well,
        ),
        (
            "the daily limit is reached",
            json!([{"kind": "daily_limit", "match": "/services/data", "times": 50}]),
            Ends::Stopped(&["limit"]),
        ),
        (
            "the API is disabled",
            json!([{"kind": "api_disabled", "match": "/services/data", "times": 50}]),
            Ends::Failed(&["API"]),
        ),
        (
            "503 without end",
            json!([{"kind": "503", "match": RESULTS, "times": 10_000}]),
            Ends::Failed(&["503"]),
        ),
    ];
    for (index, (what, faults, ends)) in cases.into_iter().enumerate() {
        let objects = ["Account", "Campaign"];
        let pipeline = Pipeline::deploy(&cloud, &org, &format!("fault-{index}"), &objects, &settings);
        org.control("faults", &faults);
        let ended = headwater_tests::programs::run_within(&mut pipeline.command(), std::time::Duration::from_secs(170));
        let text = ended.text();
        assert!(
            !text.contains(CLIENT_SECRET),
            "{what}: the client secret is in what the run said"
        );
        match ends {
            Ends::Well => {
                assert_eq!(ended.code, 0, "{what}: {text}");
                // What no request of this kind met proves nothing; the cursor's only strikes when there are several pages.
                if !faults.to_string().contains("invalid_locator") {
                    assert!(org.all_faults_struck(), "{what}: the fault never struck");
                }
            }
            Ends::Stopped(words) => {
                assert_eq!(ended.code, 4, "{what}: {text}");
                assert!(
                    words.iter().all(|w| text.contains(w)),
                    "{what}: {words:?} are not all in {text}"
                );
            }
            Ends::Failed(words) => {
                assert_eq!(ended.code, 1, "{what}: {text}");
                assert!(
                    words.iter().all(|w| text.contains(w)),
                    "{what}: {words:?} are not all in {text}"
                );
            }
        }
        org.clear_faults();
        pipeline.run().ok();
        pipeline.assert_equal(&cloud, &org, &objects);
        pipeline.assert_parts_loaded_once(&cloud);
    }
}

#[test]
fn faults_of_the_cloud() {
    let cloud = Cloud::start();
    let org = Org::start(60);
    let cases: Vec<(&str, Value)> = vec![
        (
            "503 on an upload",
            json!([{"method": "POST", "path_prefix": "/upload/storage", "times": 2, "action": {"status": 503}}]),
        ),
        (
            "a watermark is written and the answer lost",
            json!([{"method": "POST", "path_prefix": "/upload/storage", "nth": 3, "times": 1, "action": "apply_then_drop"}]),
        ),
        (
            "a job is inserted and the answer lost",
            json!([{"method": "POST", "path_prefix": "/bigquery/v2/projects/test-project/jobs", "times": 1, "action": "apply_then_drop"}]),
        ),
        (
            "BigQuery is overloaded",
            json!([{"method": "*", "path_prefix": "/bigquery/v2", "times": 3, "action": {"status": 503, "retry_after": 1}}]),
        ),
        (
            "Secret Manager is overloaded",
            json!([{"method": "*", "path_prefix": "/v1/projects/test-project/secrets", "times": 2, "action": {"status": 429}}]),
        ),
    ];
    for (index, (what, faults)) in cases.into_iter().enumerate() {
        let objects = ["Account", "Contact"];
        let pipeline = Pipeline::deploy(&cloud, &org, &format!("cloud-fault-{index}"), &objects, &json!({}));
        cloud.faults(&faults);
        let ended = pipeline.run();
        // A lost answer may end a run (the next one finds what was done); an overload must not.
        assert!(ended.code == 0 || what.contains("lost"), "{what}: {}", ended.text());
        cloud.clear_faults();
        pipeline.run().ok();
        pipeline.assert_equal(&cloud, &org, &objects);
        pipeline.assert_parts_loaded_once(&cloud);
    }
}

#[test]
fn the_api_budget_stops_a_run_that_the_next_one_resumes() {
    let cloud = Cloud::start();
    let org = Org::start(30);
    let frugal = Pipeline::deploy(
        &cloud,
        &org,
        "frugal",
        &["Account"],
        &json!({"api_budget": {"max_daily_percent": 1}}),
    );
    org.control("limits", &json!({"used": 900, "allowed": 1000}));
    let ended = headwater_tests::programs::run(&mut frugal.command());
    assert_eq!(ended.code, 4, "{}", ended.text());
    assert!(ended.text().contains("budget"), "{}", ended.text());
    org.control("limits", &json!({"used": 0, "allowed": 100_000}));
    frugal.run().ok();
    frugal.assert_equal(&cloud, &org, &["Account"]);
}
