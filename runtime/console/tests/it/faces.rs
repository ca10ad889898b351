//! What pages say, and what they do not let through.

use chrono::Utc;
use headwater_cloud::DatasetRef;
use headwater_spec::{DQ_RESULT_COLUMNS, DQ_RUN_COLUMNS, dq_table};
use serde_json::json;

use crate::world::{LAKE, PROJECT, World, record};

const EVIL: &str = "<script>alert(1)</script>\"'&";

#[tokio::test(flavor = "multi_thread")]
async fn texts_from_outside_are_texts() {
    let world = World::with_pipeline().await;
    let now = Utc::now();
    let mut failed = record("evil-run", "Account", "failed", now, 5);
    failed["error"] = json!({"code": EVIL, "message": EVIL, "hint": EVIL});
    failed["deployed_by"] = EVIL.into();
    failed["image"] = EVIL.into();
    failed["schema_changes"] = json!([EVIL]);
    failed["gate"] = json!([{"suite": EVIL, "suite_hash": "0", "run_id": EVIL, "state": EVIL, "quarantined": 3}]);
    world.put("runs/evil-run/Account.json", &failed).await;
    let mut odd = record(EVIL, EVIL, "failed", now, 5);
    odd["error"] = json!({"code": "x", "message": EVIL});
    world.put("runs/odd/Account.json", &odd).await;
    world.until("/runs", |answer| answer.text.contains("evil-run")).await;
    let encoded: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for path in [
        "/".to_owned(),
        "/runs".to_owned(),
        "/runs/test-lake/crm/evil-run".to_owned(),
        format!("/runs/test-lake/crm/{encoded}"),
        "/pipelines/test-lake/crm".to_owned(),
        "/logs".to_owned(),
        format!("/lineage?of={encoded}"),
        format!("/runs?pipeline={encoded}"),
        format!("/{encoded}"),
    ] {
        let page = world.get(&path).await;
        assert!(!page.text.contains("<script>alert"), "{path}: {}", page.text);
        assert!(page.text.starts_with("<!DOCTYPE html>"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(
            !page.text.contains(" style=") && !page.text.contains(" onclick="),
            "{path}"
        );
    }
    let page = world.page("/runs/test-lake/crm/evil-run").await;
    assert!(page.text.contains("What to do: &lt;script&gt;"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_by_its_own_name_and_changes_nothing() {
    let world = World::with_pipeline().await;
    let url = &world.url;
    let foreign = world.client.get(url).header("host", "evil.test");
    assert_eq!(world.ask(foreign).await.status, 421);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = world.client.request(method.parse().unwrap(), format!("{url}/api/runs"));
        let answer = world.ask(request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    for (path, status) in [
        ("/nothing", 404),
        ("/pipelines/test-lake/none", 404),
        ("/runs/test-lake/crm/none", 404),
        ("/runs?state=odd", 404),
        ("/quality/test-lake/crm", 404),
        ("/logs/test-lake/crm", 404),
        ("/api/logs/test-lake/none", 404),
        ("/api/runs?limit=0", 400),
        ("/api/runs?pipeline=none", 404),
        ("/api/lineage?of=none", 404),
        ("/healthz", 200),
    ] {
        assert_eq!(world.page(path).await.status, status, "{path}");
    }
    // A page that has not changed is not sent again, and what it looks like is fetched once.
    let path = "/lineage";
    let tag = world.page(path).await.header("etag").to_owned();
    let again = world.client.get(format!("{url}{path}")).header("if-none-match", &tag);
    let again = world.ask(again).await;
    assert_eq!((again.status, again.text.len()), (304, 0), "{tag}");
    let page = world.page("/").await;
    for name in ["console.css", "console.js"] {
        let at = page.text.find(&format!("/assets/{name}?")).unwrap();
        let asset: String = page.text[at..].chars().take_while(|c| *c != '"').collect();
        let file = world.get(&asset).await;
        assert!(
            file.status == 200 && file.header("cache-control").contains("immutable"),
            "{asset}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_pipelines_says_so() {
    let world = World::start().await;
    assert!(
        world
            .page("/")
            .await
            .text
            .contains("There is no pipeline in the buckets of p")
    );
    assert_eq!(world.json("/api/pipelines").await["pipelines"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lineage_leads_from_salesforce_to_tables() {
    let world = World::with_pipeline().await;
    let graph = world.json("/api/lineage?of=bigquery:p.raw.Account").await;
    assert_eq!(
        graph["edges"],
        json!([{"from": "salesforce:acme.my.salesforce.com/Account", "to": "bigquery:p.raw.Account", "by": "crm"}])
    );
    let page = world.page("/lineage").await;
    assert!(page.text.contains("<svg") && page.text.contains("What is made of what"));
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_shown_with_those_before() {
    let world = World::with_pipeline().await;
    let at = DatasetRef::new(PROJECT, "dq");
    let bigquery = world.cloud.bigquery();
    let reference = json!({"datasetReference": {"projectId": PROJECT, "datasetId": "dq"}, "location": "EU"});
    bigquery.create_dataset(&at, &reference).await.unwrap();
    for (name, columns) in [("dq_run", DQ_RUN_COLUMNS), ("dq_result", DQ_RESULT_COLUMNS)] {
        bigquery
            .create_table(&at.table(name), &dq_table(columns, name))
            .await
            .unwrap();
    }
    let spec = json!({
        "api_version": "headwater.dev/v1", "name": "orders", "project": PROJECT, "region": "europe-west1",
        "dq_suite": {
            "lake": format!("gs://{LAKE}"),
            "target": {"project": PROJECT, "dataset": "raw", "table": "Account", "location": "EU"},
            "suite": {"api_version": "headwater.dev/quality/v1", "name": "orders",
                "expectations": [{"check": {"not_null": {"column": "Id"}}}]},
            "results": {"dataset": {"project": PROJECT, "dataset": "dq", "location": "EU"},
                "run_table": "dq_run", "result_table": "dq_result"},
        },
    });
    let path = headwater_cloud::ObjectPath {
        bucket: LAKE.into(),
        name: "headwater/pipelines/orders/spec.json".into(),
    };
    let bytes = spec.to_string().into();
    let none = headwater_cloud::Precondition::None;
    world
        .cloud
        .storage()
        .put(&path, "application/json", bytes, none)
        .await
        .unwrap();
    for (hours, state, failed, unexpected) in [(2, "pass", 0, 0), (1, "fail", 1, 3)] {
        let sql = format!(
            "INSERT INTO dq.dq_run (run_id, suite, target, started, ended, mode, state, suite_hash, expectations, failed, errors, \
             rows_evaluated, engine_version) VALUES ('run-{hours}', 'orders', 'p.raw.Account', \
             TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {hours} HOUR), CURRENT_TIMESTAMP(), 'pushdown', '{state}', 'h', 1, {failed}, \
             0, 1000, '1')"
        );
        bigquery.query(&sql, Some("EU")).await.unwrap();
        let sql = format!(
            "INSERT INTO dq.dq_result (run_id, suite, target, started, expectation_id, type, dimension, severity, on_fail, state, \
             evaluated, unexpected, pass_ratio, owner) VALUES ('run-{hours}', 'orders', 'p.raw.Account', \
             TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {hours} HOUR), 'not_null.Id', 'not_null', 'completeness', 'error', 'fail', \
             '{state}', 1000, {unexpected}, 0.997, '<b>me</b>')"
        );
        bigquery.query(&sql, Some("EU")).await.unwrap();
    }
    let document = world.json("/api/quality").await;
    let suite = &document["suites"][0];
    assert_eq!(suite["runs"].as_array().map(Vec::len), Some(2), "{document}");
    assert_eq!(
        (&suite["runs"][0]["run"], &suite["runs"][0]["state"]),
        (&json!("run-1"), &json!("fail"))
    );
    assert_eq!(suite["last_results"][0]["unexpected"], 3);
    let page = world.page("/quality/test-lake/orders").await;
    assert!(
        page.text.contains("3 of 1,000 rows are against it") && page.text.contains("class=\"spark\""),
        "{}",
        page.text
    );
    assert!(page.text.contains("&lt;b&gt;me&lt;/b&gt;"), "{}", page.text);
    let page = world.page("/").await;
    assert!(page.text.contains("suites not satisfied") && page.text.contains("/quality/test-lake/orders"));
}
