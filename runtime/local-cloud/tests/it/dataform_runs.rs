//! Dataform's workflow invocations and schedules: real projects, executed on the local BigQuery.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::dataform_project::{
    EVENTS, NAME, ONE, ORDERS, SETTINGS, SLOW, TOTALS, action, compiled, ended, finished, invoke, repository, rows,
    states,
};
use crate::harness::{Local, Reply};
use crate::killed::{Server, dir_with};

#[tokio::test]
async fn invocations_make_tables_and_tell_of_every_action() {
    let local = Local::start().await;
    repository(&local, &[SETTINGS, ORDERS, TOTALS, EVENTS]).await;
    let result = compiled(&local).await;
    let (invocation, actions) = finished(&local, json!({"compilationResult": result})).await;
    assert_eq!(invocation["state"], "SUCCEEDED", "{actions:?}");
    assert_eq!(invocation["resolvedCompilationResult"], result.as_str());
    assert!(invocation["invocationTiming"]["endTime"].is_string());
    assert_eq!(
        states(&actions),
        "events SUCCEEDED, marts_orders_assertions_rowConditions SUCCEEDED, \
         marts_orders_assertions_uniqueKey_0 SUCCEEDED, orders SUCCEEDED, totals SUCCEEDED"
    );
    assert_eq!(rows(&local, "SELECT total FROM marts.totals").await, [["60"]]);
    let table = local
        .get("/bigquery/v2/projects/p/datasets/marts/tables/orders")
        .await
        .expect(200)
        .json();
    assert_eq!(table["description"], "One row for each order.");
    assert_eq!(table["labels"]["layer"], "mart");
    assert_eq!(table["schema"]["fields"][0]["description"], "Its number.");

    // Its job is one of BigQuery's, with the labels by which the hosted service's are found.
    let orders = action(&actions, "orders");
    let script = &orders["bigqueryAction"];
    assert!(
        script["sqlScript"]
            .as_str()
            .unwrap()
            .contains("create or replace table `p.marts.orders`"),
        "{script}"
    );
    let job = format!("/bigquery/v2/projects/p/jobs/{}", script["jobId"].as_str().unwrap());
    let job = local.get(&job).await.expect(200).json();
    let id = invocation["name"].as_str().unwrap().rsplit('/').next().unwrap();
    let labels = &job["configuration"]["labels"];
    assert_eq!(labels["dataform_repository_id"], "sales");
    assert_eq!(labels["dataform_workflow_execution_id"], id);
    assert_eq!(labels["dataform_workflow_execution_action_id_database"], "p");
    assert_eq!(labels["dataform_workflow_execution_action_id_schema"], "marts");
    assert_eq!(labels["dataform_workflow_execution_action_id_name"], "orders");
    let jobs = local
        .get("/bigquery/v2/projects/p/jobs?maxResults=1000")
        .await
        .expect(200)
        .json();
    let ours = jobs["jobs"].as_array().unwrap().iter();
    let ours = ours.filter(|job| job["configuration"]["labels"]["dataform_workflow_execution_id"] == id);
    assert!(ours.count() >= 7, "one a table, two an assertion");

    // Incremental the second time; whole again when that is asked for.
    let again = json!({"compilationResult": result, "invocationConfig": {"includedTargets": [
        {"database": "p", "schema": "marts", "name": "events"}], "queryPriority": "BATCH", "serviceAccount": "a@b.iam.gserviceaccount.com"}});
    let (invocation, actions) = finished(&local, again.clone()).await;
    assert_eq!(
        (invocation["state"].as_str(), states(&actions).as_str()),
        (Some("SUCCEEDED"), "events SUCCEEDED")
    );
    let script = &action(&actions, "events")["bigqueryAction"];
    assert!(
        script["sqlScript"].as_str().unwrap().contains("merge `p.marts.events`"),
        "{script}"
    );
    let job = format!("/bigquery/v2/projects/p/jobs/{}", script["jobId"].as_str().unwrap());
    let job = local.get(&job).await.expect(200).json();
    assert_eq!(job["configuration"]["query"]["priority"], "BATCH");
    assert_eq!(job["user_email"], "a@b.iam.gserviceaccount.com");
    assert_eq!(rows(&local, "SELECT COUNT(*) FROM marts.events").await, [["3"]]);
    let mut full = again;
    full["invocationConfig"]["fullyRefreshIncrementalTablesEnabled"] = json!(true);
    let (_, actions) = finished(&local, full).await;
    let script = &action(&actions, "events")["bigqueryAction"]["sqlScript"];
    assert!(script.as_str().unwrap().contains("create or replace table"), "{script}");

    // Selections.
    for (config, expected) in [
        (
            json!({"includedTags": ["daily"]}),
            "marts_orders_assertions_rowConditions SUCCEEDED, marts_orders_assertions_uniqueKey_0 SUCCEEDED, orders SUCCEEDED",
        ),
        (
            json!({"includedTargets": [{"name": "totals"}], "transitiveDependenciesIncluded": true}),
            "orders SUCCEEDED, totals SUCCEEDED",
        ),
    ] {
        let (_, actions) = finished(&local, json!({"compilationResult": result, "invocationConfig": config})).await;
        assert_eq!(states(&actions), expected, "{config}");
    }
    for (body, status, says) in [
        (json!({}), 400, "exactly one of"),
        (json!({"compilationResult": "x"}), 400, "compilationResults/*"),
        (
            json!({"compilationResult": format!("{NAME}/compilationResults/x")}),
            404,
            "was not found",
        ),
        (
            json!({"workflowConfig": format!("{NAME}/workflowConfigs/x")}),
            404,
            "was not found",
        ),
        (
            json!({"compilationResult": result, "invocationConfig": {"includedTargets": [{"name": "none"}]}}),
            400,
            "none",
        ),
        (
            json!({"compilationResult": result, "invocationConfig": {"includedTags": ["none"]}}),
            400,
            "none",
        ),
        (
            json!({"compilationResult": result, "invocationConfig": {"includedTargets": [{"schema": "s"}]}}),
            400,
            "needs a name",
        ),
        (
            json!({"compilationResult": result, "invocationConfig": {"serviceAccount": "x"}}),
            400,
            "service_account",
        ),
        (
            json!({"compilationResult": result, "state": 9, "colour": 1}),
            400,
            "colour",
        ),
    ] {
        let refused = invoke(&local, body.clone()).await.expect(status).text();
        assert!(refused.contains(says), "{body}: {refused}");
    }
    let all = format!("{ONE}/workflowInvocations");
    let listed = |reply: Reply| {
        reply.expect(200).json()["workflowInvocations"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(listed(local.get(&all).await), 5);
    assert_eq!(listed(local.get(&format!("{all}?filter=state%3DFAILED")).await), 0);
    assert_eq!(
        listed(local.get(&format!("{all}?filter=state%3DSUCCEEDED&orderBy=name")).await),
        5
    );
    local.get(&format!("{all}?orderBy=state")).await.expect(400);
    let one = format!("/v1/{}", invocation["name"].as_str().unwrap());
    local.delete(&one).await.expect(200);
    local.get(&one).await.expect(404);
    local.get(&format!("{one}:query")).await.expect(404);
    local.delete(ONE).await.expect(400);
    local.delete(&format!("{ONE}?force=true")).await.expect(200);
}

#[tokio::test]
async fn failures_are_told_and_what_depends_on_them_is_skipped() {
    let local = Local::start().await;
    let check = (
        "definitions/small.sqlx",
        "config { type: \"assertion\" }\nSELECT * FROM ${ref(\"orders\")} WHERE amount > 15",
    );
    let after = (
        "definitions/after.sqlx",
        "config { type: \"table\", dependencies: [\"small\"] }\nSELECT 1 AS x",
    );
    let last = (
        "definitions/last.sqlx",
        "config { type: \"view\" }\nSELECT x FROM ${ref(\"after\")}",
    );
    let broken = (
        "definitions/broken.sqlx",
        "config { type: \"table\" }\nSELECT nothing FROM ${ref(\"orders\")}",
    );
    let off = (
        "definitions/off.sqlx",
        "config { type: \"table\", disabled: true }\nSELECT 1 AS x",
    );
    repository(&local, &[SETTINGS, ORDERS, check, after, last, broken, off]).await;
    let result = compiled(&local).await;
    let config = json!({"includedTargets": [{"name": "last"}, {"name": "broken"}, {"name": "off"}],
        "transitiveDependenciesIncluded": true});
    let (invocation, actions) =
        finished(&local, json!({"compilationResult": result, "invocationConfig": config})).await;
    assert_eq!(invocation["state"], "FAILED");
    assert_eq!(
        states(&actions),
        "after SKIPPED, broken FAILED, last SKIPPED, off DISABLED, orders SUCCEEDED, small FAILED"
    );
    let small = action(&actions, "small");
    assert_eq!(small["failureReason"], "Assertion failed: query returned 2 row(s).");
    assert!(small["bigqueryAction"]["jobId"].is_string() && small["invocationTiming"]["endTime"].is_string());
    let reason = action(&actions, "broken")["failureReason"].as_str().unwrap();
    assert!(reason.contains("nothing"), "{reason}");
    let skipped = action(&actions, "after");
    assert!(
        skipped["failureReason"].is_null() && skipped["invocationTiming"].is_null(),
        "{skipped}"
    );

    // The state of all of it is in the store.
    let name = invocation["name"].as_str().unwrap();
    let local = local.restart().await;
    assert_eq!(ended(&local, name).await, (invocation.clone(), actions));
}

#[tokio::test]
async fn cancelling_takes_effect() {
    let local = Local::start().await;
    let after = (
        "definitions/after.sqlx",
        "config { type: \"table\", dependencies: [\"slow\"] }\nSELECT 1 AS x",
    );
    repository(&local, &[SETTINGS, SLOW, after]).await;
    let result = compiled(&local).await;
    let name = invoke(&local, json!({"compilationResult": result}))
        .await
        .expect(200)
        .json()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/{name}");
    let at_work = |reply: &Reply| {
        let actions = reply.json()["workflowInvocationActions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        action(&actions, "slow")["bigqueryAction"]["jobId"].is_string()
    };
    local.until(&format!("{path}:query"), at_work).await;
    assert_eq!(local.get(&path).await.json()["state"], "RUNNING");
    local.delete(&path).await.expect(400);
    local
        .json("POST", &format!("{path}:cancel"), json!({"x": 1}))
        .await
        .expect(400);
    local
        .json("POST", &format!("{path}:cancel"), json!({}))
        .await
        .expect(200);
    let (invocation, actions) = ended(&local, &name).await;
    assert_eq!(invocation["state"], "CANCELLED");
    assert_eq!(states(&actions), "after CANCELLED, slow CANCELLED");
    let job = action(&actions, "slow")["bigqueryAction"]["jobId"].as_str().unwrap();
    let job = local
        .get(&format!("/bigquery/v2/projects/p/jobs/{job}"))
        .await
        .expect(200)
        .json();
    assert_eq!(job["status"]["errorResult"]["reason"], "stopped");
    let refused = local
        .json("POST", &format!("{path}:cancel"), json!({}))
        .await
        .expect(400);
    assert!(refused.text().contains("is not running"));
}

#[tokio::test]
async fn what_a_stop_cut_off_has_failed() {
    let local = Local::start().await;
    repository(&local, &[SETTINGS, SLOW]).await;
    let result = compiled(&local).await;
    let made = invoke(&local, json!({"compilationResult": result}))
        .await
        .expect(200)
        .json();
    let path = format!("/v1/{}:query", made["name"].as_str().unwrap());
    let running = |reply: &Reply| reply.json()["workflowInvocationActions"][0]["state"] == "RUNNING";
    local.until(&path, running).await;
    let local = local.restart().await;
    let (invocation, actions) = ended(&local, made["name"].as_str().unwrap()).await;
    assert_eq!(
        (invocation["state"].as_str(), states(&actions).as_str()),
        (Some("FAILED"), "slow FAILED")
    );
    let reason = actions[0]["failureReason"].as_str().unwrap();
    assert!(reason.contains("local cloud was stopped"), "{reason}");
}

#[test]
fn what_a_kill_cut_off_has_failed() {
    let dir = dir_with("exit 0");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut server = Server::start(dir.path());
    let client = server.client.clone();
    let name = runtime.block_on(async {
        let after = (
            "definitions/after.sqlx",
            "config { type: \"table\", dependencies: [\"slow\"] }\nSELECT 1 AS x",
        );
        repository(&client, &[SETTINGS, SLOW, after]).await;
        let result = compiled(&client).await;
        let made = invoke(&client, json!({"compilationResult": result}))
            .await
            .expect(200)
            .json();
        let name = made["name"].as_str().unwrap().to_owned();
        let running = |reply: &Reply| reply.text().contains("RUNNING");
        client.until(&format!("/v1/{name}:query"), running).await;
        name
    });
    server.kill();
    let server = Server::start(dir.path());
    runtime.block_on(async {
        let (invocation, actions) = ended(&server.client, &name).await;
        assert_eq!(invocation["state"], "FAILED");
        assert_eq!(states(&actions), "after CANCELLED, slow FAILED");
        assert!(
            action(&actions, "slow")["failureReason"]
                .as_str()
                .unwrap()
                .contains("was stopped")
        );
    });
}

#[tokio::test]
async fn schedules_release_and_execute() {
    let local = Local::start().await;
    repository(&local, &[SETTINGS, ORDERS]).await;
    let release = json!({"gitCommitish": "main", "cronSchedule": "0 * * * *", "timeZone": "Europe/Berlin"});
    let releases = format!("{ONE}/releaseConfigs");
    let workflows = format!("{ONE}/workflowConfigs");
    local
        .json("POST", &format!("{releases}?releaseConfigId=prod"), release.clone())
        .await
        .expect(200);
    let mut off = release;
    off["disabled"] = json!(true);
    local
        .json("POST", &format!("{releases}?releaseConfigId=off"), off)
        .await
        .expect(200);
    let workflow = |release: &str| {
        json!({"releaseConfig": format!("{NAME}/releaseConfigs/{release}"), "cronSchedule": "30 * * * *",
        "invocationConfig": {"includedTags": ["daily"]}})
    };
    for (id, release) in [("daily", "prod"), ("unreleased", "off")] {
        let path = format!("{workflows}?workflowConfigId={id}");
        local.json("POST", &path, workflow(release)).await.expect(200);
    }
    // Invoked before anything is released.
    let early = invoke(
        &local,
        json!({"workflowConfig": format!("{NAME}/workflowConfigs/daily")}),
    )
    .await
    .expect(400);
    assert!(
        early.text().contains("has no release_compilation_result yet"),
        "{}",
        early.text()
    );

    // To the next full hour and a little; several hours would be one release.
    let advance = async |seconds: u64| {
        let body = json!({"advance_seconds": seconds});
        local.json("POST", "/_control/clock", body).await.expect(200);
    };
    let now = local.get("/_control/clock").await.json()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let minute: u64 = now[14..16].parse().unwrap();
    advance((60 - minute) * 60).await;
    let recorded = |field: &'static str| move |reply: &Reply| reply.json()[field].is_array();
    let released = local
        .until(&format!("{releases}/prod"), recorded("recentScheduledReleaseRecords"))
        .await
        .json();
    let records = released["recentScheduledReleaseRecords"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["compilationResult"], released["releaseCompilationResult"]);
    assert!(records[0]["releaseTime"].is_string());

    advance(1800).await;
    let path = format!("{workflows}/daily");
    let done = |reply: &Reply| !reply.json()["recentScheduledExecutionRecords"][0]["workflowInvocation"].is_null();
    let executed = local.until(&path, done).await.json();
    let name = executed["recentScheduledExecutionRecords"][0]["workflowInvocation"]
        .as_str()
        .unwrap();
    let (invocation, _) = ended(&local, name).await;
    assert_eq!(invocation["state"], "SUCCEEDED");
    assert_eq!(invocation["workflowConfig"], format!("{NAME}/workflowConfigs/daily"));
    assert_eq!(
        invocation["resolvedCompilationResult"],
        released["releaseCompilationResult"]
    );
    assert_eq!(rows(&local, "SELECT COUNT(*) FROM marts.orders").await, [["3"]]);
    let path = format!("{workflows}/unreleased");
    let failed = local
        .until(&path, recorded("recentScheduledExecutionRecords"))
        .await
        .json();
    let status = &failed["recentScheduledExecutionRecords"][0]["errorStatus"];
    assert_eq!(status["code"], 9, "{failed}");
    let off = local.get(&format!("{releases}/off")).await.json();
    assert!(off["recentScheduledReleaseRecords"].is_null(), "{off}");

    // Records survive a change and a restart.
    let masked = format!("{releases}/prod?updateMask=disabled");
    let changed = local
        .json("PATCH", &masked, json!({"disabled": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        changed["recentScheduledReleaseRecords"],
        released["recentScheduledReleaseRecords"]
    );
    let local = local.restart().await;
    assert_eq!(local.get(&format!("{releases}/prod")).await.json(), changed);
}

#[tokio::test]
async fn packages_are_dataforms_own_or_refused() {
    let local = Local::start().await;
    repository(&local, &[("README.md", "")]).await;
    let workspace = format!("{ONE}/workspaces/dev");
    local
        .json("POST", &format!("{ONE}/workspaces?workspaceId=dev"), json!({}))
        .await
        .expect(200);
    let install = async || {
        local
            .json("POST", &format!("{workspace}:installNpmPackages"), json!({}))
            .await
    };
    let write = async |path: &str, text: &str| {
        let body = json!({"path": path, "contents": STANDARD.encode(text)});
        local
            .json("POST", &format!("{workspace}:writeFile"), body)
            .await
            .expect(200);
    };
    assert!(install().await.expect(400).text().contains("neither package.json nor"));
    write(
        "package.json",
        r#"{"dependencies": {"@dataform/core": "3.0.62", "lodash": "4"}}"#,
    )
    .await;
    assert!(install().await.expect(501).text().contains("lodash"));
    write("package.json", r#"{"dependencies": {"@dataform/core": "3.0.62"}}"#).await;
    assert_eq!(install().await.expect(200).json(), json!({}));
    write("package.json", "{").await;
    install().await.expect(400);
    local
        .json(
            "POST",
            &format!("{workspace}:removeFile"),
            json!({"path": "package.json"}),
        )
        .await
        .expect(200);
    write(SETTINGS.0, SETTINGS.1).await;
    assert_eq!(install().await.expect(200).json(), json!({}));
    tokio::time::timeout(Duration::from_secs(5), install())
        .await
        .unwrap()
        .expect(200);
}
