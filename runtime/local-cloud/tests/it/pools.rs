//! Cloud Run worker pools: what is shown, and the processes behind it.

use serde_json::{Value, json};

use crate::harness::{Client, Local};

const POOLS: &str = "/v2/projects/p/locations/l/workerPools";

/// What the tests' runtime does is in its first argument.
const SCRIPT: &str = r#"
[ "$1" = work ] && trap 'echo drained; exit 0' TERM
echo "args=$* pool=$CLOUD_RUN_WORKER_POOL revision=$CLOUD_RUN_WORKER_POOL_REVISION plain=$PLAIN endpoint=$HEADWATER_ENDPOINT"
case "$1" in
  die) exit 3 ;;
  work) sleep 300 & wait ;;
esac
"#;

fn pool(args: &[&str], instances: u32) -> Value {
    json!({
        "template": {"containers": [{"image": "i", "args": args, "env": [{"name": "PLAIN", "value": "1"}]}]},
        "scaling": {"manualInstanceCount": instances},
    })
}

async fn create(client: &Client, id: &str, body: Value) -> Value {
    let begun = client
        .json("POST", &format!("{POOLS}?workerPoolId={id}"), body)
        .await
        .expect(200);
    client.finish(&begun).await["response"].clone()
}

async fn log_has(client: &Client, id: &str, instance: u32, times: usize, text: &str) -> String {
    let path = format!("/_control/logs/{id}/{instance}");
    let passes = |reply: &crate::harness::Reply| reply.text().matches(text).count() >= times;
    client.until(&path, passes).await.text()
}

#[tokio::test]
async fn pools_are_kept_and_changed() {
    let local = Local::with_runtime(SCRIPT).await;
    let made = create(&local, "w", pool(&["work"], 0)).await;
    assert_eq!(made["name"], "projects/p/locations/l/workerPools/w");
    assert_eq!(made["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    assert_eq!(
        (&made["generation"], &made["reconciling"]),
        (&json!("1"), &json!(false))
    );
    assert_eq!(made["template"]["containers"][0]["resources"]["limits"]["cpu"], "1000m");
    let path = format!("{POOLS}/w");
    for (id, body, status) in [
        ("w", pool(&[], 1), 409),
        ("Bad_Name", pool(&[], 1), 400),
        ("x", json!({}), 400),
        ("x", json!({"template": {"containers": []}}), 400),
        ("x", pool(&[], 5000), 400),
    ] {
        local
            .json("POST", &format!("{POOLS}?workerPoolId={id}"), body)
            .await
            .expect(status);
    }
    local
        .json(
            "POST",
            &format!("{POOLS}?workerPoolId=dry&validateOnly=true"),
            pool(&[], 1),
        )
        .await
        .expect(200);
    local.get(&format!("{POOLS}/dry")).await.expect(404);

    let got = local.get(&path).await.expect(200).json();
    let begun = local
        .json(
            "PATCH",
            &format!("{path}?updateMask=labels"),
            json!({"labels": {"team": "crm"}, "etag": got["etag"]}),
        )
        .await
        .expect(200);
    let changed = local.finish(&begun).await["response"].clone();
    assert_eq!(
        (&changed["labels"]["team"], &changed["generation"]),
        (&json!("crm"), &json!("2"))
    );
    assert_eq!(
        changed["latestCreatedRevision"], got["latestCreatedRevision"],
        "labels make no revision"
    );
    local.json("PATCH", &path, got).await.expect(409);
    assert_eq!(
        local.get(POOLS).await.json()["workerPools"]
            .as_array()
            .expect("pools")
            .len(),
        1
    );
    local.delete(&format!("{path}?etag=old")).await.expect(409);
    let begun = local.delete(&path).await.expect(200);
    assert!(local.finish(&begun).await["response"]["deleteTime"].is_string());
    local.get(&path).await.expect(404);
}

#[tokio::test]
async fn workers_run_and_are_started_again() {
    let local = Local::with_runtime(SCRIPT).await;
    let made = create(&local, "w", pool(&["work", "a b"], 2)).await;
    let revision = made["latestReadyRevision"]
        .as_str()
        .expect("a revision")
        .rsplit('/')
        .next()
        .expect("a name")
        .to_owned();
    for instance in 0..2 {
        let log = log_has(&local, "w", instance, 1, "args=").await;
        let expected = format!(
            "args=work a b pool=w revision={revision} plain=1 endpoint={}",
            local.base
        );
        assert!(log.contains(&expected), "{log}");
    }
    // One that dies comes back.
    create(&local, "mortal", pool(&["die"], 1)).await;
    log_has(&local, "mortal", 0, 3, "args=die").await;

    // A new template is a new revision: the workers before are drained first.
    let begun = local
        .json(
            "PATCH",
            &format!("{POOLS}/w?updateMask=template"),
            pool(&["work", "anew"], 2),
        )
        .await
        .expect(200);
    let changed = local.finish(&begun).await["response"].clone();
    assert_ne!(changed["latestReadyRevision"], made["latestReadyRevision"]);
    for instance in 0..2 {
        let log = log_has(&local, "w", instance, 1, "args=work anew").await;
        assert!(log.find("drained") < log.find("anew"), "{log}");
    }

    // When a pool is gone, so are its workers.
    let begun = local.delete(&format!("{POOLS}/w")).await.expect(200);
    local.finish(&begun).await;
    log_has(&local, "w", 0, 2, "drained").await;
    log_has(&local, "w", 1, 2, "drained").await;
}

#[tokio::test]
async fn another_number_leaves_those_alone_that_stay() {
    let local = Local::with_runtime(SCRIPT).await;
    let made = create(&local, "w", pool(&["work"], 1)).await;
    log_has(&local, "w", 0, 1, "args=").await;
    let scaled = async |number: u32| {
        let body = json!({"scaling": {"manualInstanceCount": number}});
        let begun = local
            .json("PATCH", &format!("{POOLS}/w?updateMask=scaling"), body)
            .await
            .expect(200);
        let changed = local.finish(&begun).await["response"].clone();
        assert_eq!(changed["scaling"]["manualInstanceCount"], number);
        assert_eq!(changed["latestReadyRevision"], made["latestReadyRevision"]);
    };
    scaled(3).await;
    for instance in 1..3 {
        log_has(&local, "w", instance, 1, "args=").await;
    }
    scaled(1).await;
    for instance in 1..3 {
        log_has(&local, "w", instance, 1, "drained").await;
    }
    // Cloud Logging has what each has said.
    let filter = "resource.type = \"cloud_run_worker_pool\" AND resource.labels.worker_pool_name = \"w\"";
    let asked = json!({"resourceNames": ["projects/p"], "filter": filter, "orderBy": "timestamp desc"});
    let entries = local.json("POST", "/v2/entries:list", asked).await.expect(200).json()["entries"].clone();
    let of = |text: &str| {
        let entries = entries.as_array().expect("entries").iter();
        let mut instances: Vec<_> = entries
            .filter(|entry| entry["textPayload"].as_str().is_some_and(|said| said.contains(text)))
            .map(|entry| entry["labels"]["instanceId"].as_str().expect("an instance"))
            .collect();
        instances.sort_unstable();
        instances
    };
    assert_eq!((of("args=work"), of("drained")), (vec!["0", "1", "2"], vec!["1", "2"]));
    assert_eq!(entries[0]["resource"]["labels"]["worker_pool_name"], "w");
    let first = local.get("/_control/logs/w/0").await.text();
    assert_eq!(
        (first.matches("args=").count(), first.matches("drained").count()),
        (1, 0),
        "{first}"
    );
    scaled(0).await;
    log_has(&local, "w", 0, 1, "drained").await;
    scaled(2).await;
    log_has(&local, "w", 0, 2, "args=").await;
    log_has(&local, "w", 1, 2, "args=").await;
}
