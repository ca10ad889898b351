//! Tables as they were, and tables made of others: time travel, snapshots, clones, copies.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::api::Api;

async fn message(api: &Api, sql: &str) -> String {
    let (status, answer) = api.try_query(sql).await;
    assert_ne!(status, StatusCode::OK, "{sql}: {answer}");
    answer["error"]["message"].as_str().unwrap().to_owned()
}

/// The server's time in milliseconds, after which whatever follows happens.
async fn now(api: &Api) -> String {
    let rows = api.rows("SELECT UNIX_MILLIS(CURRENT_TIMESTAMP())").await;
    let now: i64 = rows[0][0].as_str().unwrap().parse().unwrap();
    let passed = format!("SELECT UNIX_MILLIS(CURRENT_TIMESTAMP()) > {now}");
    while api.rows(&passed).await != json!([["true"]]) {}
    now.to_string()
}

#[tokio::test]
async fn a_small_table_is_read_as_it_was_before_statements_and_jobs() {
    let api = Api::start().await;
    let before_all = now(&api).await;
    api.query("CREATE TABLE d.t AS SELECT 1 AS n UNION ALL SELECT 2").await;
    let made = now(&api).await;
    api.query("INSERT INTO d.t VALUES (3)").await;
    let inserted = now(&api).await;
    api.query("DELETE FROM d.t WHERE n < 3").await;
    let deleted = now(&api).await;
    api.query("ALTER TABLE d.t ADD COLUMN more STRING").await;
    api.query("CREATE TEMP FUNCTION f() AS (1); UPDATE d.t SET n = 30, more = 'x' WHERE TRUE")
        .await;
    let count =
        |at: &str| format!("SELECT SUM(a.n), COUNT(*) FROM d.t AS a FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS({at})");
    assert_eq!(api.rows(&count(&made)).await, json!([["3", "2"]]));
    assert_eq!(api.rows(&count(&inserted)).await, json!([["6", "3"]]));
    assert_eq!(api.rows(&count(&deleted)).await, json!([["3", "1"]]));
    assert_eq!(api.rows("SELECT * FROM d.t").await, json!([["30", "x"]]));
    let at = now(&api).await;
    let joined = format!(
        "SELECT old.n AS a, new.n AS b FROM d.t FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS({deleted}) AS old, d.t new \
         FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS({at}) WHERE old.n = 3"
    );
    assert_eq!(api.rows(&joined).await, json!([["3", "30"]]));
    let refused = message(&api, &count(&before_all)).await;
    assert!(
        refused.starts_with(&format!(
            "Invalid time travel timestamp {before_all} for table p:d.t. Cannot read before "
        )),
        "{refused}"
    );
    let future = "SELECT * FROM d.t FOR SYSTEM_TIME AS OF TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)";
    assert!(message(&api, future).await.contains("It is in the future"));
    let wrong = message(&api, "SELECT * FROM d.t FOR SYSTEM_TIME AS OF 1").await;
    assert!(
        wrong.contains("must be of type TIMESTAMP but was of type INT64 at [1:41]"),
        "{wrong}"
    );

    // What is streamed leaves no earlier state behind, and says so.
    let row = json!({"rows": [{"json": {"n": 4}}]});
    let streamed = now(&api).await;
    api.call(Method::POST, "datasets/d/tables/t/insertAll", Some(row)).await;
    let refused = message(&api, &count(&streamed)).await;
    assert!(refused.contains("it has none of that time"), "{refused}");
    assert_eq!(api.rows(&count(&made)).await, json!([["3", "2"]]));
}

#[tokio::test]
async fn snapshots_clones_and_copies_have_rows_of_their_own() {
    let api = Api::start().await;
    api.query(
        "CREATE TABLE d.t (n INT64, PRIMARY KEY (n) NOT ENFORCED) OPTIONS (description = 'numbers'); INSERT INTO d.t VALUES (1), (2)",
    )
    .await;
    let before = now(&api).await;
    api.query("DELETE FROM d.t WHERE n = 1").await;
    api.query(&format!(
        "CREATE SNAPSHOT TABLE d.s CLONE d.t FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS({before}) OPTIONS (friendly_name = 'old')"
    ))
    .await;
    api.query("CREATE TABLE d.c CLONE d.t").await;
    api.query("CREATE OR REPLACE TABLE d.k COPY d.s").await;
    api.query("INSERT INTO d.c VALUES (7)").await;
    assert_eq!(api.rows("SELECT n FROM d.s ORDER BY n").await, json!([["1"], ["2"]]));
    assert_eq!(api.rows("SELECT n FROM d.c ORDER BY n").await, json!([["2"], ["7"]]));
    assert_eq!(api.rows("SELECT n FROM d.k ORDER BY n").await, json!([["1"], ["2"]]));
    let snapshot = api.get("datasets/d/tables/s").await;
    assert_eq!(snapshot["type"], "SNAPSHOT");
    assert_eq!(snapshot["friendlyName"], "old");
    assert_eq!(snapshot["description"], "numbers");
    assert_eq!(snapshot["snapshotDefinition"]["baseTableReference"]["tableId"], "t");
    let clone = api.get("datasets/d/tables/c").await;
    assert_eq!((&clone["type"], &clone["numRows"]), (&json!("TABLE"), &json!("2")));
    assert_eq!(clone["cloneDefinition"]["baseTableReference"]["tableId"], "t");
    assert_eq!(clone["tableConstraints"]["primaryKey"]["columns"], json!(["n"]));
    for sql in [
        "INSERT INTO d.s VALUES (9)",
        "DELETE FROM d.s WHERE TRUE",
        "TRUNCATE TABLE d.s",
    ] {
        let refused = message(&api, sql).await;
        assert!(refused.contains("is currently a SNAPSHOT"), "{refused}");
    }
    let (status, taken) = api.try_query("CREATE SNAPSHOT TABLE d.s CLONE d.t").await;
    assert_eq!(status, StatusCode::CONFLICT, "{taken}");
    api.query("CREATE SNAPSHOT TABLE IF NOT EXISTS d.s CLONE d.t").await;
    assert!(message(&api, "DROP TABLE d.s").await.contains("it is a SNAPSHOT"));
    api.query("DROP SNAPSHOT TABLE d.s").await;
    api.query("DROP SNAPSHOT TABLE IF EXISTS d.s").await;
    assert!(message(&api, "DROP SNAPSHOT TABLE d.t").await.contains("it is a TABLE"));
}

#[tokio::test]
async fn copy_jobs_make_snapshots_and_restore_them() {
    let api = Api::start().await;
    let table = |name: &str| json!({"datasetId": "d", "tableId": name});
    let copy = |from: &str, to: &str, more: serde_json::Value| {
        let mut settings = json!({"sourceTable": table(from), "destinationTable": table(to)});
        for (key, value) in more.as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        json!({"copy": settings})
    };
    api.query("CREATE TABLE d.t AS SELECT 1 AS n").await;
    let before = now(&api).await;
    api.query("UPDATE d.t SET n = 2 WHERE TRUE").await;
    let expires = json!({"operationType": "SNAPSHOT", "destinationExpirationTime": "2999-01-01T00:00:00Z"});
    let job = api.job("snapshot", copy(&format!("t@{before}"), "s", expires)).await;
    assert!(job["status"]["errorResult"].is_null(), "{job}");
    assert_eq!(job["statistics"]["copy"]["copiedRows"], "1");
    let made = api.get("datasets/d/tables/s").await;
    assert_eq!(
        (&made["type"], &made["expirationTime"]),
        (&json!("SNAPSHOT"), &json!("32472144000000"))
    );
    let job = api
        .job("clone", copy("t", "c", json!({"operationType": "CLONE"})))
        .await;
    assert!(job["status"]["errorResult"].is_null(), "{job}");
    let restore = json!({"operationType": "RESTORE", "writeDisposition": "WRITE_TRUNCATE"});
    let job = api.job("restore", copy("s", "t", restore)).await;
    assert!(job["status"]["errorResult"].is_null(), "{job}");
    assert_eq!(api.rows("SELECT n FROM d.t").await, json!([["1"]]));
    assert_eq!(api.rows("SELECT n FROM d.c").await, json!([["2"]]));
    let job = api
        .job("again", copy("t", "s", json!({"operationType": "SNAPSHOT"})))
        .await;
    assert_eq!(job["status"]["errorResult"]["reason"], "duplicate", "{job}");
    let over = copy("t", "s", json!({"writeDisposition": "WRITE_TRUNCATE"}));
    let job = api.job("over", over).await;
    assert_eq!(job["status"]["errorResult"]["reason"], "invalid", "{job}");
}
