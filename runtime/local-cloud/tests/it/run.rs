//! Cloud Run jobs and their executions.

use serde_json::{Value, json};

use crate::harness::{Client, Local};

const JOBS: &str = "/v2/projects/p/locations/l/jobs";

/// What the tests' runtime does is in its first argument.
const SCRIPT: &str = r#"
echo "args=$* index=$CLOUD_RUN_TASK_INDEX count=$CLOUD_RUN_TASK_COUNT attempt=$CLOUD_RUN_TASK_ATTEMPT"
echo "job=$CLOUD_RUN_JOB endpoint=$HEADWATER_ENDPOINT project=$HEADWATER_PROJECT region=$HEADWATER_REGION" >&2
case "$1" in
  env) echo "secret=$SECRET plain=$PLAIN" ;;
  flaky) [ "$CLOUD_RUN_TASK_ATTEMPT" -ge 1 ] || exit 7 ;;
  fail) exit 3 ;;
  # A child that would outlive its parent were it not for the group.
  hang) trap '' TERM; sleep 300 & wait; wait ;;
  obey) trap 'echo ended; exit 0' TERM; sleep 300 & wait ;;
esac
exit 0
"#;

fn job(args: &Value, task: &Value) -> Value {
    let mut template = json!({"containers": [{"image": "i", "args": args}], "maxRetries": 1});
    for (name, value) in task.as_object().unwrap() {
        template[name] = value.clone();
    }
    json!({"template": {"template": template}})
}

async fn create(client: &Client, id: &str, body: Value) -> Value {
    let begun = client
        .json(
            "POST",
            &format!("{JOBS}?jobId={id}&%24alt=json%3Benum-encoding%3Dint"),
            body,
        )
        .await
        .expect(200);
    client.finish(&begun).await["response"].clone()
}

/// Runs a job to its end: the operation's last state and the execution.
async fn run(client: &Client, id: &str, overrides: Value) -> (Value, Value) {
    let begun = client
        .json("POST", &format!("{JOBS}/{id}:run"), json!({"overrides": overrides}))
        .await
        .expect(200);
    let name = begun.json()["metadata"]["name"].as_str().unwrap().to_owned();
    let end = client.finish(&begun).await;
    (end, client.get(&format!("/v2/{name}")).await.expect(200).json())
}

async fn log(client: &Client, execution: &Value, task: u32) -> String {
    let name = execution["name"].as_str().unwrap().rsplit('/').next().unwrap();
    client
        .get(&format!("/_control/logs/{name}/{task}"))
        .await
        .expect(200)
        .text()
}

#[tokio::test]
async fn jobs_are_kept_and_changed() {
    let local = Local::start().await;
    let made = create(&local, "j", job(&json!(["version"]), &json!({"timeout": "9s"}))).await;
    assert_eq!(
        (&made["name"], &made["generation"]),
        (&json!("projects/p/locations/l/jobs/j"), &json!("1"))
    );
    assert_eq!(made["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    let path = format!("{JOBS}/j");
    let got = local.get(&path).await.expect(200).json();
    assert_eq!(got["template"]["template"]["timeout"], "9s");
    local
        .json("POST", &format!("{JOBS}?jobId=j"), job(&json!([]), &json!({})))
        .await
        .expect(409);
    local
        .json("POST", &format!("{JOBS}?jobId=Bad_Name"), job(&json!([]), &json!({})))
        .await
        .expect(400);
    local
        .json("POST", &format!("{JOBS}?jobId=k"), json!({}))
        .await
        .expect(400);
    local
        .json(
            "POST",
            &format!("{JOBS}?jobId=dry&validateOnly=true"),
            job(&json!([]), &json!({})),
        )
        .await
        .expect(200);
    local.get(&format!("{JOBS}/dry")).await.expect(404);

    let mut change = got.clone();
    change["template"]["template"]["containers"][0]["args"] = json!(["x"]);
    let begun = local.json("PATCH", &path, change.clone()).await.expect(200);
    let changed = local.finish(&begun).await["response"].clone();
    assert_eq!((&changed["generation"], &changed["uid"]), (&json!("2"), &got["uid"]));
    local.json("PATCH", &path, change).await.expect(409);
    local
        .json("PATCH", &format!("{JOBS}/none"), got.clone())
        .await
        .expect(404);
    let listed = local.get(JOBS).await.json();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 1);
    local.delete(&format!("{path}?etag=old")).await.expect(409);
    let begun = local.delete(&path).await.expect(200);
    assert!(local.finish(&begun).await["response"]["deleteTime"].is_string());
    local.get(&path).await.expect(404);
}

#[tokio::test]
async fn tasks_see_what_cloud_run_would_tell_them() {
    let local = Local::with_runtime(SCRIPT).await;
    let secret = json!({"replication": {"automatic": {}}});
    local
        .json("POST", "/v1/projects/p/secrets?secretId=s", secret)
        .await
        .expect(200);
    local
        .json(
            "POST",
            "/v1/projects/p/secrets/s:addVersion",
            json!({"payload": {"data": "aHVudGVyMg=="}}),
        )
        .await
        .expect(200);
    let mut spec = job(&json!(["env"]), &json!({}));
    spec["template"]["template"]["containers"][0]["env"] = json!([
        {"name": "PLAIN", "value": "1"},
        {"name": "SECRET", "valueSource": {"secretKeyRef": {"secret": "projects/p/secrets/s", "version": "1"}}},
    ]);
    create(&local, "j", spec).await;
    let overrides = json!({"taskCount": 3, "containerOverrides": [{"args": ["env", "a b"], "env": [{"name": "PLAIN", "value": "2"}]}]});
    let (end, execution) = run(&local, "j", overrides).await;
    assert_eq!(end["response"]["succeededCount"], 3, "{end}");
    assert_eq!(
        (&execution["taskCount"], &execution["reconciling"]),
        (&json!(3), &json!(false))
    );
    for index in 0..3 {
        let log = log(&local, &execution, index).await;
        for expected in [
            &format!("args=env a b index={index} count=3 attempt=0"),
            "secret=hunter2 plain=2",
            &format!("job=j endpoint={} project=p region=l", local.base),
        ] {
            assert!(log.contains(expected), "{expected} in {log}");
        }
    }
    let job = local.get(&format!("{JOBS}/j")).await.json();
    assert_eq!(
        (
            &job["executionCount"],
            &job["latestCreatedExecution"]["completionStatus"]
        ),
        (&json!(1), &json!("EXECUTION_SUCCEEDED"))
    );
    assert!(!job.to_string().contains("hunter2") && !execution.to_string().contains("hunter2"));

    let filter = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"j\" AND labels.\"run.googleapis.com/task_index\" = \"1\"";
    let entries = local
        .json("POST", "/v2/entries:list", json!({"filter": filter}))
        .await
        .expect(200)
        .json();
    assert!(
        entries["entries"][0]["textPayload"]
            .as_str()
            .unwrap()
            .contains("index=1"),
        "{entries}"
    );
    local
        .json("POST", "/v2/entries:list", json!({"filter": "severity>=ERROR"}))
        .await
        .expect(501);
}

#[tokio::test]
async fn version_1_shows_the_same() {
    let local = Local::with_runtime(SCRIPT).await;
    create(&local, "j", job(&json!(["env"]), &json!({"timeout": "60s"}))).await;
    let (_, execution) = run(&local, "j", json!({"taskCount": 2})).await;
    let elsewhere = JOBS.replace("/locations/l/", "/locations/m/");
    for id in ["j", "k"] {
        let path = format!("{elsewhere}?jobId={id}");
        let begun = local.json("POST", &path, job(&json!([]), &json!({}))).await.expect(200);
        local.finish(&begun).await;
    }
    const V1: &str = "/apis/run.googleapis.com/v1/namespaces";
    let of_region = async |region: &str, path: &str| {
        let host = format!("{region}-run.googleapis.com");
        local
            .send(local.request("GET", &format!("{V1}/{path}")).header("host", host))
            .await
    };
    let number = local.get("/v1/projects/p").await.json()["projectNumber"].clone();
    let shown = of_region("l", &format!("{}/jobs/j", number.as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shown["metadata"]["namespace"], &shown["status"]["executionCount"]),
        (&number, &json!(1)),
        "{shown}"
    );
    let latest = &shown["status"]["latestCreatedExecution"];
    assert_eq!(latest["completionTimestamp"], execution["completionTime"], "{shown}");
    let spec = &shown["spec"]["template"]["spec"]["template"]["spec"];
    assert_eq!(spec["timeoutSeconds"], "60", "{shown}");

    // The region decides; without one a name must be the only one.
    of_region("m", "p/jobs/k").await.expect(200);
    of_region("l", "p/jobs/k").await.expect(404);
    local.get(&format!("{V1}/p/jobs/k")).await.expect(200);
    let several = local.get(&format!("{V1}/p/jobs/j")).await.expect(400);
    assert!(several.text().contains("several regions"), "{}", several.text());
    local.get(&format!("{V1}/other/jobs/j")).await.expect(404);

    // Pages, selectors, and what is not there.
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = local
            .get(&format!("{V1}/p/jobs?limit=2&continue={token}"))
            .await
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["metadata"]["name"].clone()));
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["j", "j", "k"]);
    for (path, count) in [
        ("executions?labelSelector=run.googleapis.com/job%20%3D%20j", 1),
        ("executions?labelSelector=run.googleapis.com/job=k", 0),
        (
            "tasks?labelSelector=run.googleapis.com/runningState%20in%20(Succeeded,Failed)",
            2,
        ),
        ("tasks?labelSelector=run.googleapis.com/runningState=Failed", 0),
    ] {
        let page = of_region("l", &format!("p/{path}")).await.expect(200).json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(count), "{path}: {page}");
    }
    of_region("l", "p/tasks?labelSelector=a%20of%20b").await.expect(400);
    of_region("l", "p/jobs?watch=true").await.expect(501);
    let of_two = of_region("l", "p/executions").await.json();
    let owner = &of_two["items"][0]["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["uid"]),
        (&json!("Job"), &shown["metadata"]["uid"])
    );
}

#[tokio::test]
async fn failures_are_retried_and_then_told() {
    let local = Local::with_runtime(SCRIPT).await;
    create(&local, "j", job(&json!(["flaky"]), &json!({}))).await;
    let (end, execution) = run(&local, "j", json!({})).await;
    assert_eq!(
        (&end["response"]["retriedCount"], &execution["succeededCount"]),
        (&json!(1), &json!(1)),
        "{end}"
    );
    let log = log(&local, &execution, 0).await;
    assert!(log.contains("attempt=0") && log.contains("attempt=1"), "{log}");

    let (end, execution) = run(&local, "j", json!({"containerOverrides": [{"args": ["fail"]}]})).await;
    assert!(
        end["error"]["message"].as_str().unwrap().contains("Exit code: 3"),
        "{end}"
    );
    assert_eq!(
        (&execution["failedCount"], &execution["retriedCount"]),
        (&json!(1), &json!(1))
    );
    let tasks = local
        .get(&format!("/v2/{}/tasks", execution["name"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(tasks["tasks"][0]["lastAttemptResult"]["exitCode"], 3);
    let task = tasks["tasks"][0]["name"].as_str().unwrap();
    assert_eq!(local.get(&format!("/v2/{task}")).await.expect(200).json()["index"], 0);

    let missing =
        json!({"containerOverrides": [{"env": [{"name": "X", "valueSource": {"secretKeyRef": {"secret": "gone"}}}]}]});
    let (end, _) = run(&local, "j", missing).await;
    assert!(
        end["error"]["message"].as_str().unwrap().contains("secrets/gone"),
        "{end}"
    );
}

#[tokio::test]
async fn time_outs_and_cancellation_end_tasks() {
    let local = Local::with_runtime(SCRIPT).await;
    create(&local, "j", job(&json!(["obey"]), &json!({"maxRetries": 0}))).await;
    let (end, execution) = run(&local, "j", json!({"timeout": "1s"})).await;
    assert!(
        end["error"]["message"]
            .as_str()
            .unwrap()
            .contains("timeout was reached"),
        "{end}"
    );
    assert!(
        log(&local, &execution, 0).await.contains("ended"),
        "SIGTERM comes first"
    );

    let begun = local
        .json("POST", &format!("{JOBS}/j:run"), json!({"overrides": {"taskCount": 2}}))
        .await
        .expect(200);
    let path = format!("/v2/{}", begun.json()["metadata"]["name"].as_str().unwrap());
    local.until(&path, |reply| reply.json()["runningCount"] == 2).await;
    local
        .json("POST", &format!("{path}:cancel"), json!({}))
        .await
        .expect(200);
    let over = local
        .until(&path, |reply| reply.json()["completionTime"].is_string())
        .await
        .json();
    assert_eq!(
        (&over["cancelledCount"], &over["conditions"][0]["executionReason"]),
        (&json!(2), &json!("CANCELLED"))
    );
    local
        .json("POST", &format!("{path}:cancel"), json!({}))
        .await
        .expect(400);
    assert_eq!(local.finish(&begun).await["error"]["code"], 1);
    let begun = local.delete(&path).await.expect(200);
    local.finish(&begun).await;
    local.get(&path).await.expect(404);
}

#[tokio::test]
async fn at_most_so_many_tasks_run_at_once() {
    let local = Local::with_runtime("sleep 0.2").await;
    let mut spec = job(&json!([]), &json!({}));
    spec["template"]["parallelism"] = json!(2);
    spec["template"]["taskCount"] = json!(6);
    create(&local, "j", spec).await;
    let begun = local
        .json("POST", &format!("{JOBS}/j:run"), json!({}))
        .await
        .expect(200);
    let path = format!("/v2/{}", begun.json()["metadata"]["name"].as_str().unwrap());
    let most = std::sync::atomic::AtomicU64::new(0);
    local
        .until(&path, |reply| {
            let execution = reply.json();
            most.fetch_max(
                execution["runningCount"].as_u64().unwrap(),
                std::sync::atomic::Ordering::Relaxed,
            );
            execution["succeededCount"] == 6
        })
        .await;
    assert_eq!(most.into_inner(), 2);
}
