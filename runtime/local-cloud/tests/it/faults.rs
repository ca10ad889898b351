//! Faults on demand, and what every call has in common.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::harness::Local;

#[tokio::test]
async fn faults_happen_as_written_and_are_accounted_for() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let script = json!([
        {"method": "POST", "path_prefix": "/upload/storage", "nth": 2, "times": 2, "action": {"status": 503, "retry_after": 1}},
        {"method": "GET", "path_prefix": "/storage/v1/b/bkt/o/lost", "action": {"drop_after_bytes": 3}},
        {"method": "DELETE", "action": "apply_then_drop"},
        {"method": "PATCH", "action": {"drop_after_bytes": 0}},
        {"method": "PUT", "action": {"drop_request_after_bytes": 2}},
        {"path_prefix": "/v1/projects", "action": {"delay_ms": 50}},
    ]);
    local.json("POST", "/_control/faults", script).await.expect(200);

    local.put("bkt", "lost", "", "0123456789").await.expect(200);
    let refused = local.put("bkt", "two", "", "x").await.expect(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["error"]["status"], "UNAVAILABLE");
    local.put("bkt", "two", "", "x").await.expect(503);
    local.get("/storage/v1/b/bkt/o/two").await.expect(404);
    local.put("bkt", "two", "", "x").await.expect(200);

    let cut = local
        .http
        .get(format!("{}/storage/v1/b/bkt/o/lost?alt=media", local.base))
        .send()
        .await
        .unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err(), "the body ends early");
    assert!(
        local
            .try_send(local.request("DELETE", "/storage/v1/b/bkt/o/two"))
            .await
            .is_err(),
        "the answer is lost"
    );
    local.get("/storage/v1/b/bkt/o/two").await.expect(404);
    let patch = local
        .request("PATCH", "/storage/v1/b/bkt")
        .json(&json!({"labels": {"a": "b"}}));
    assert!(local.try_send(patch).await.is_err());
    assert_eq!(
        local.get("/storage/v1/b/bkt").await.json()["labels"]["a"],
        "b",
        "the change was made"
    );
    let put = local.request("PUT", "/storage/v1/b/bkt").json(&json!({}));
    assert!(local.try_send(put).await.is_err());
    assert_eq!(
        local.get("/storage/v1/b/bkt").await.json()["labels"]["a"],
        "b",
        "half a request changes nothing"
    );

    assert_eq!(local.get("/_control/faults").await.json()["all_consumed"], false);
    let begun = std::time::Instant::now();
    local.get("/v1/projects/p").await.expect(200);
    assert!(begun.elapsed().as_millis() >= 50);
    assert_eq!(local.get("/_control/faults").await.json()["all_consumed"], true);
    assert_eq!(local.delete("/_control/faults").await.json()["faults"], json!([]));
    local
        .json("POST", "/_control/faults", json!([{"action": {}}]))
        .await
        .expect(400);
}

/// Sends bytes as they are, reads until the server closes.
fn raw(base: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_proxys_requests_are_understood() {
    let local = Local::start().await;
    let base = local.base.clone();
    let request = b"GET http://run.emulator/v1/projects/p HTTP/1.1\r\nHost: run.emulator\r\nConnection: close\r\n\r\n";
    let answer = tokio::task::spawn_blocking(move || raw(&base, request)).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"projectId\":\"p\""),
        "{answer}"
    );
}

#[tokio::test]
async fn grpc_and_http2_arrive_at_the_same_port() {
    let local = Local::start().await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let url = format!("{}/google.storage.v2.Storage/GetObject", local.base);
    let reply = http
        .post(url)
        .header("content-type", "application/grpc")
        .body("")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (reply.version(), reply.status().as_u16()),
        (reqwest::Version::HTTP_2, 200)
    );
    assert_eq!(reply.headers()["grpc-status"], "12");
    let message = reply.headers()["grpc-message"].to_str().unwrap();
    assert!(message.contains("google.storage.v2.Storage/GetObject"), "{message}");
    let health = http
        .get(format!("{}/_control/health", local.base))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_reset_forgets_everything_but_goes_on_counting() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let before = local.put("bkt", "o", "", "x").await.json()["generation"]
        .as_str()
        .unwrap()
        .to_owned();
    local.json("POST", "/_control/reset", json!({})).await.expect(200);
    local.get("/storage/v1/b/bkt").await.expect(404);
    local.bucket("bkt").await;
    let after = local.put("bkt", "o", "", "x").await.json()["generation"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(after > before);
}
