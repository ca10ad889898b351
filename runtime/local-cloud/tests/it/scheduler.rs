//! Cloud Scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::harness::Local;

const JOBS: &str = "/v1/projects/p/locations/l/jobs";

#[tokio::test]
async fn jobs_fire_at_googles_hosts_which_are_here() {
    let local = Local::start().await;
    let target = "https://run.googleapis.com/v2/projects/p/locations/l/jobs/j:run";
    let runs = json!({"template": {"template": {"containers": [{"image": "i"}]}}});
    local
        .json("POST", "/v2/projects/p/locations/l/jobs?jobId=j", runs)
        .await
        .expect(200);
    let name = "projects/p/locations/l/jobs/hourly";
    // {"overrides":{"taskCount":2}}
    let job = json!({"name": name, "schedule": "0 * * * *", "timeZone": "Europe/Berlin", "httpTarget": {
        "uri": target, "httpMethod": 1, "body": "eyJvdmVycmlkZXMiOnsidGFza0NvdW50IjoyfX0=",
        "oauthToken": {"serviceAccountEmail": "a@b"}}});
    let made = local.json("POST", JOBS, job.clone()).await.expect(200).json();
    assert_eq!(
        (&made["state"], &made["httpTarget"]["httpMethod"]),
        (&json!("ENABLED"), &json!("POST"))
    );
    assert!(made["scheduleTime"].as_str().unwrap().contains(":00:00"), "{made}");
    local.json("POST", JOBS, job).await.expect(409);

    // Three hours pass at once: one fire, not three.
    local
        .json("POST", "/_control/clock", json!({"advance_seconds": 3 * 3600}))
        .await
        .expect(200);
    let path = format!("{JOBS}/hourly");
    let fired = local
        .until(&path, |reply| reply.json()["status"].is_object())
        .await
        .json();
    assert!(
        fired["scheduleTime"].as_str() > made["scheduleTime"].as_str(),
        "{fired}"
    );
    assert_eq!(
        (&fired["status"], fired["lastAttemptTime"].is_string()),
        (&json!({}), true)
    );
    let executions = local.get("/v2/projects/p/locations/l/jobs/j/executions").await.json();
    assert_eq!(executions["executions"].as_array().unwrap().len(), 1);
    assert_eq!(executions["executions"][0]["taskCount"], 2);

    let paused = local
        .json("POST", &format!("{path}:pause"), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&paused["state"], paused["scheduleTime"].is_null()),
        (&json!("PAUSED"), true)
    );
    local
        .json("POST", "/_control/clock", json!({"advance_seconds": 7200}))
        .await
        .expect(200);
    local.json("POST", &format!("{path}:run"), json!({})).await.expect(200);
    local
        .until("/v2/projects/p/locations/l/jobs/j/executions", |reply| {
            reply.json()["executions"].as_array().unwrap().len() == 2
        })
        .await;
    let resumed = local
        .json("POST", &format!("{path}:resume"), json!({}))
        .await
        .expect(200)
        .json();
    assert!(resumed["scheduleTime"].is_string());
    let masked = format!("{path}?updateMask=schedule,time_zone");
    let patched = local
        .json("PATCH", &masked, json!({"schedule": "5 4 * * *", "timeZone": "UTC"}))
        .await
        .expect(200)
        .json();
    assert!(
        patched["scheduleTime"].as_str().unwrap().contains("T04:05:00"),
        "{patched}"
    );
    assert_eq!(patched["httpTarget"]["uri"], target);
    local
        .json(
            "PATCH",
            &format!("{path}?updateMask=schedule"),
            json!({"schedule": "never"}),
        )
        .await
        .expect(400);
    assert_eq!(local.get(JOBS).await.json()["jobs"].as_array().unwrap().len(), 1);
    local.delete(&path).await.expect(200);
    local.get(&path).await.expect(404);
}

#[tokio::test]
async fn targets_that_fail_are_called_again() {
    let local = Local::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let own = calls.clone();
    let app = axum::Router::new().fallback(move || {
        let n = own.fetch_add(1, Ordering::SeqCst);
        async move {
            if n < 2 {
                http::StatusCode::SERVICE_UNAVAILABLE
            } else {
                http::StatusCode::OK
            }
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut job = json!({"name": "projects/p/locations/l/jobs/j", "schedule": "0 0 1 1 *", "httpTarget": {"uri": uri},
        "retryConfig": {"retryCount": 1, "minBackoffDuration": "0.01s"}});
    local.json("POST", JOBS, job.clone()).await.expect(200);
    local
        .json("POST", &format!("{JOBS}/j:run"), json!({}))
        .await
        .expect(200);
    let failed = local
        .until(&format!("{JOBS}/j"), |reply| reply.json()["status"].is_object())
        .await
        .json();
    assert_eq!(
        (&failed["status"]["code"], calls.load(Ordering::SeqCst)),
        (&json!(14), 2)
    );
    job["name"] = json!("projects/p/locations/l/jobs/k");
    local.json("POST", JOBS, job).await.expect(200);
    local
        .json("POST", &format!("{JOBS}/k:run"), json!({}))
        .await
        .expect(200);
    let done = local
        .until(&format!("{JOBS}/k"), |reply| reply.json()["status"].is_object())
        .await
        .json();
    assert_eq!((&done["status"], calls.load(Ordering::SeqCst)), (&json!({}), 3));
}
