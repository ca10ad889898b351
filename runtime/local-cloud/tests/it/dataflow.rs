//! Dataflow: launches of the flex template for Beam YAML, and the states of their jobs.

use serde_json::{Value, json};

use crate::harness::Local;

const REGION: &str = "/v1b3/projects/p/locations/l";
const LAUNCH: &str = "/v1b3/projects/p/locations/l/flexTemplates:launch";

fn launch(change: impl FnOnce(&mut Value)) -> Value {
    let mut parameter = json!({
        "jobName": "crm", "containerSpecGcsPath": "gs://dataflow-templates-l/latest/flex/Yaml_Template",
        "parameters": {"yaml_pipeline_file": "gs://lake/pipeline.yaml"},
        "environment": {"maxWorkers": 3, "tempLocation": "gs://lake/temp", "additionalUserLabels": {"team": "crm"}},
    });
    change(&mut parameter);
    json!({ "launchParameter": parameter })
}

async fn local() -> Local {
    let local = Local::start().await;
    local.bucket("lake").await;
    local.put("lake", "pipeline.yaml", "", "pipeline: {}").await.expect(200);
    local
}

/// Launches, and answers with the path of the job.
async fn launched(local: &Local, body: Value) -> String {
    let made = local.json("POST", LAUNCH, body).await.expect(200).json();
    format!("{REGION}/jobs/{}", made["job"]["id"].as_str().expect("an id"))
}

async fn until(local: &Local, job: &str, state: &str) -> Value {
    local
        .until(job, |reply| reply.json()["currentState"] == state)
        .await
        .json()
}

#[tokio::test]
async fn a_job_is_launched_updated_and_drained() {
    let local = local().await;
    let first = launched(&local, launch(|_| ())).await;
    until(&local, &first, "JOB_STATE_RUNNING").await;
    let whole = local
        .get(&format!("{first}?view=JOB_VIEW_DESCRIPTION"))
        .await
        .expect(200)
        .json();
    assert_eq!(whole["labels"], json!({"team": "crm"}));
    assert_eq!(local.get(&first).await.json()["labels"], Value::Null);
    local.json("POST", LAUNCH, launch(|_| ())).await.expect(409);
    let said = local
        .get(&format!("{first}/messages?minimumImportance=JOB_MESSAGE_WARNING"))
        .await
        .json();
    assert!(
        said["jobMessages"][0]["messageText"]
            .as_str()
            .is_some_and(|text| text.contains("does not execute it"))
    );

    let second = launched(&local, launch(|parameter| parameter["update"] = true.into())).await;
    let before = until(&local, &first, "JOB_STATE_UPDATED").await;
    assert!(second.ends_with(before["replacedByJobId"].as_str().expect("an id")));
    until(&local, &second, "JOB_STATE_RUNNING").await;
    let active = local.get(&format!("{REGION}/jobs?filter=ACTIVE&name=crm")).await.json();
    assert_eq!(active["jobs"].as_array().map(Vec::len), Some(1));

    let drain = json!({"requestedState": "JOB_STATE_DRAINED"});
    let draining = local.json("PUT", &second, drain.clone()).await.expect(200).json();
    assert_eq!(draining["requestedState"], "JOB_STATE_DRAINED");
    until(&local, &second, "JOB_STATE_DRAINED").await;
    local.json("PUT", &second, drain).await.expect(400);
    assert_eq!(
        local.get(&format!("{REGION}/jobs?filter=ACTIVE")).await.json(),
        json!({})
    );
    local.get(&format!("{REGION}/jobs/none")).await.expect(404);
}

#[tokio::test]
async fn a_launch_that_cannot_be_is_refused() {
    let local = local().await;
    let cases: [(&str, Value, u16); 8] = [
        ("/jobName", "Crm".into(), 400),
        ("/containerSpecGcsPath", "".into(), 400),
        (
            "/containerSpecGcsPath",
            "gs://dataflow-templates-l/latest/flex/Kafka_to_BigQuery".into(),
            501,
        ),
        (
            "/parameters",
            json!({"yaml_pipeline": "x", "yaml_pipeline_file": "gs://lake/pipeline.yaml"}),
            400,
        ),
        ("/parameters/colour", "red".into(), 400),
        ("/environment/maxWorkers", (-1).into(), 400),
        ("/environment/colour", "red".into(), 400),
        ("/environment/additionalUserLabels/Team", "crm".into(), 400),
    ];
    for (path, value, status) in cases {
        let body = launch(|parameter| {
            let (parent, member) = path.rsplit_once('/').expect("a path");
            parameter.pointer_mut(parent).expect("its parent")[member] = value;
        });
        let refused = local.json("POST", LAUNCH, body).await;
        assert_eq!(refused.status, status, "{path}: {}", refused.text());
    }
    // What only the launcher finds out fails the job.
    for body in [
        launch(|parameter| parameter["parameters"]["yaml_pipeline_file"] = "gs://lake/none.yaml".into()),
        launch(|parameter| parameter["update"] = true.into()),
    ] {
        let job = launched(&local, body).await;
        until(&local, &job, "JOB_STATE_FAILED").await;
        let said = local.get(&format!("{job}/messages")).await.json();
        assert_eq!(said["jobMessages"][0]["messageImportance"], "JOB_MESSAGE_ERROR");
    }
}
