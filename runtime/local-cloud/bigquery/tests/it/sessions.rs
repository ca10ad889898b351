//! Sessions: variables, temporary tables and functions that outlive a query, and a restart.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{Api, plain};
use crate::crash::{Client, start};

fn body(sql: &str, session: &str) -> Value {
    json!({"query": sql, "useLegacySql": false, "timeoutMs": 60_000,
        "connectionProperties": [{"key": "session_id", "value": session}]})
}

async fn ask(api: &Api, session: &str, sql: &str) -> Result<Value, String> {
    let (status, answer) = api.call(Method::POST, "queries", Some(body(sql, session))).await;
    if status == StatusCode::OK {
        assert_eq!(answer["sessionInfo"]["sessionId"], session, "{answer}");
        return Ok(plain(&answer["rows"]));
    }
    Err(answer["error"]["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn what_a_query_leaves_is_there_for_the_next_one() {
    let api = Api::start().await;
    let begin = json!({"query": "DECLARE x INT64 DEFAULT 3; SELECT @@session_id", "useLegacySql": false, "createSession": true, "timeoutMs": 60_000});
    let (_, begun) = api.call(Method::POST, "queries", Some(begin)).await;
    let id = begun["sessionInfo"]["sessionId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(plain(&begun["rows"]), json!([[id]]), "{begun}");
    let job = api
        .get(&format!("jobs/{}", begun["jobReference"]["jobId"].as_str().unwrap()))
        .await;
    assert_eq!(job["statistics"]["sessionInfo"]["sessionId"], id.as_str());
    let id = id.as_str();
    assert_eq!(ask(&api, id, "SELECT x + 1").await.unwrap(), json!([["4"]]));
    ask(&api, id, "SET x = 10").await.unwrap();
    ask(&api, id, "CREATE TEMP TABLE t AS SELECT x AS n").await.unwrap();
    ask(&api, id, "CREATE TEMP FUNCTION twice(v INT64) AS (v * 2)")
        .await
        .unwrap();
    ask(&api, id, "INSERT INTO t VALUES (20)").await.unwrap();
    assert_eq!(
        ask(&api, id, "SELECT twice(n) FROM _SESSION.t WHERE n >= x ORDER BY n")
            .await
            .unwrap(),
        json!([["20"], ["40"]])
    );
    let taken = ask(&api, id, "CREATE TEMP TABLE t AS SELECT 1 AS n").await.unwrap_err();
    assert!(taken.starts_with("Already Exists"), "{taken}");
    ask(&api, id, "CREATE OR REPLACE TEMP TABLE t AS SELECT 7 AS n")
        .await
        .unwrap();
    assert_eq!(ask(&api, id, "SELECT n FROM t").await.unwrap(), json!([["7"]]));
    // Nobody else sees any of it.
    let (_, other) = api.try_query("SELECT n FROM t").await;
    assert!(
        other["error"]["message"]
            .as_str()
            .unwrap()
            .contains("must be qualified with a dataset"),
        "{other}"
    );
    let checked = json!({"query": "SELECT x, n FROM t", "useLegacySql": false, "dryRun": true,
        "connectionProperties": [{"key": "session_id", "value": id}]});
    let (status, checked) = api.call(Method::POST, "queries", Some(checked)).await;
    assert_eq!(
        (status, checked["schema"]["fields"].as_array().map(Vec::len)),
        (StatusCode::OK, Some(2))
    );
    ask(&api, id, "CALL BQ.ABORT_SESSION()").await.unwrap();
    let ended = ask(&api, id, "SELECT 1").await.unwrap_err();
    assert!(ended.starts_with("Not found: Session"), "{ended}");
}

#[tokio::test]
async fn a_session_outlives_the_process_that_began_it() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
    let (mut child, base) = start(dir.path());
    let http = reqwest::Client::new();
    let client = Client {
        http: http.clone(),
        base,
    };
    let begin = json!({"query": "DECLARE names ARRAY<STRING> DEFAULT ['a', \"b'c\"]; CREATE TEMP TABLE t AS SELECT DATE '2026-01-03' AS day",
        "useLegacySql": false, "createSession": true, "timeoutMs": 60_000});
    let begun = client.post("queries", begin).await.unwrap();
    let id = begun["sessionInfo"]["sessionId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, base) = start(dir.path());
    let client = Client { http, base };
    let sql = "SELECT CAST(day AS STRING), ARRAY_TO_STRING(names, ',') FROM t";
    let answer = client.post("queries", body(sql, &id)).await.unwrap();
    assert_eq!(plain(&answer["rows"]), json!([["2026-01-03", "a,b'c"]]), "{answer}");
    child.kill().unwrap();
    child.wait().unwrap();
}
