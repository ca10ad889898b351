//! Queries and jobs: DML with its counts, idempotent ids, results, restarts.

use std::sync::Arc;

use headwater_local_bigquery::{BigQuery, Options};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::api::{Api, Buckets, Keys, plain};

#[tokio::test]
async fn merge_follows_bigquerys_rules_and_counts_truly() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (Id STRING, name STRING, at TIMESTAMP)")
        .await;
    api.query("INSERT INTO d.t VALUES ('1', 'a', '2024-01-01'), ('2', 'b', '2024-01-01'), ('3', 'c', '2024-01-05')")
        .await;
    api.query(
        "CREATE TABLE d.s AS SELECT '1' AS Id, 'A' AS name, TIMESTAMP '2024-01-02' AS at, FALSE AS IsDeleted \
         UNION ALL SELECT '2', NULL, TIMESTAMP '2024-01-02', TRUE UNION ALL SELECT '3', 'older', TIMESTAMP '2024-01-04', FALSE \
         UNION ALL SELECT '4', 'new', TIMESTAMP '2024-01-02', FALSE UNION ALL SELECT '5', 'gone', TIMESTAMP '2024-01-02', TRUE",
    )
    .await;
    let merge = "MERGE `p.d.t` T USING `p.d.s` S ON T.Id = S.Id \
        WHEN MATCHED AND S.IsDeleted THEN DELETE \
        WHEN MATCHED AND S.at >= T.at THEN UPDATE SET name = S.name, at = S.at \
        WHEN NOT MATCHED AND NOT S.IsDeleted THEN INSERT (Id, name, at) VALUES (S.Id, S.name, S.at)";
    let job = api
        .job("merge_1", json!({"query": {"query": merge, "useLegacySql": false}}))
        .await;
    let stats = &job["statistics"]["query"];
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    assert_eq!(
        stats["dmlStats"],
        json!({"insertedRowCount": "1", "updatedRowCount": "1", "deletedRowCount": "1"})
    );
    assert_eq!(
        (&stats["numDmlAffectedRows"], &stats["statementType"]),
        (&json!("3"), &json!("MERGE"))
    );
    let rows = json!([["1", "A"], ["3", "c"], ["4", "new"]]);
    assert_eq!(api.rows("SELECT Id, name FROM d.t ORDER BY Id").await, rows);
    // The same job id again is refused and changes nothing.
    let again = json!({"jobReference": {"jobId": "merge_1"}, "configuration": {"query": {"query": merge}}});
    let (status, answer) = api.call(Method::POST, "jobs", Some(again)).await;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (StatusCode::CONFLICT, &json!("duplicate"))
    );

    let full = "MERGE d.t T USING (SELECT '1' AS Id, 'only' AS name) S ON T.Id = S.Id \
        WHEN MATCHED THEN UPDATE SET name = S.name WHEN NOT MATCHED BY SOURCE THEN DELETE";
    let answer = api.query(full).await;
    assert_eq!(
        answer["dmlStats"],
        json!({"insertedRowCount": "0", "updatedRowCount": "1", "deletedRowCount": "2"})
    );
    let twice = "MERGE d.t T USING (SELECT '1' AS Id UNION ALL SELECT '1') S ON T.Id = S.Id WHEN MATCHED THEN DELETE";
    let (status, answer) = api.try_query(twice).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = "UPDATE/MERGE must match at most one source row for each target row";
    assert_eq!(answer["error"]["message"], message);
    let replace = "MERGE d.t T USING (SELECT '9' AS Id) S ON FALSE \
        WHEN NOT MATCHED THEN INSERT (Id) VALUES (Id) WHEN NOT MATCHED BY SOURCE THEN DELETE";
    api.query(replace).await;
    assert_eq!(api.rows("SELECT Id, name FROM d.t").await, json!([["9", null]]));
}

#[tokio::test]
async fn other_dml_and_ddl_do_what_they_say() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (id INT64 NOT NULL, n NUMERIC, s STRUCT<a INT64, b STRING>)")
        .await;
    api.query("INSERT INTO d.t (id, n, s) VALUES (1, 1.1, (5, 'x')), (2, 2, NULL)")
        .await;
    assert_eq!(
        api.query("UPDATE d.t SET n = n * 2 WHERE id = 1").await["numDmlAffectedRows"],
        "1"
    );
    let sql = "UPDATE d.t t SET n = s.n FROM (SELECT 2 AS id, NUMERIC '7' AS n) s WHERE s.id = t.id";
    assert_eq!(api.query(sql).await["dmlStats"]["updatedRowCount"], "1");
    assert_eq!(
        api.rows("SELECT * FROM d.t ORDER BY id").await,
        json!([["1", "2.2", ["5", "x"]], ["2", "7", null]])
    );
    for (sql, message) in [
        ("INSERT INTO d.t (id) VALUES (NULL)", "Required field id cannot be null"),
        (
            "INSERT INTO d.t (id) VALUES ('x')",
            "Value of type STRING cannot be assigned to id, which has type INT64 at [1:30]",
        ),
        ("DELETE FROM d.t", "DELETE must have a WHERE clause at [1:1]"),
        (
            "UPDATE d.t SET zz = 1 WHERE TRUE",
            "Column zz is not present in the table at [1:16]",
        ),
        (
            "INSERT INTO d.t (id) SELECT 'x'",
            "Query column 1 has type STRING which cannot be inserted into column id",
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN id SET DATA TYPE STRING",
            "ALTER TABLE ALTER COLUMN SET DATA TYPE requires",
        ),
        (
            "GRANT SELECT ON d.t TO x",
            "the local BigQuery does not support the statement GRANT",
        ),
    ] {
        let (status, answer) = api.try_query(sql).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{sql}");
        let found = answer["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{sql}: {found}");
    }
    for sql in [
        "ALTER TABLE d.t ADD COLUMN z STRING, DROP COLUMN s",
        "ALTER TABLE d.t ALTER COLUMN id DROP NOT NULL",
        "ALTER TABLE d.t ALTER COLUMN id SET DATA TYPE NUMERIC",
        "ALTER TABLE d.t SET OPTIONS (description = 'new', labels = [('k', 'v')])",
        "CREATE OR REPLACE TABLE d.u AS SELECT * FROM d.t",
        "CREATE OR REPLACE TABLE d.u AS SELECT * FROM d.u WHERE id = 1",
        "CREATE TABLE IF NOT EXISTS d.u (x INT64)",
        "BEGIN TRANSACTION; INSERT INTO d.u (id) VALUES (7); DELETE FROM d.u WHERE id = 1; COMMIT TRANSACTION",
    ] {
        api.query(sql).await;
    }
    let table = api.get("datasets/d/tables/t").await;
    assert_eq!(
        (&table["description"], &table["labels"]),
        (&json!("new"), &json!({"k": "v"}))
    );
    let names = "SELECT column_name, data_type FROM d.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'u' ORDER BY 1";
    assert_eq!(
        api.rows(names).await,
        json!([["id", "NUMERIC"], ["n", "NUMERIC"], ["z", "STRING"]])
    );
    assert_eq!(api.rows("SELECT id FROM d.u").await, json!([["7"]]));
    let (status, _) = api
        .try_query("BEGIN TRANSACTION; DELETE FROM d.u WHERE TRUE; SELECT 1/0; COMMIT TRANSACTION")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        api.rows("SELECT COUNT(*) FROM d.u").await,
        json!([["1"]]),
        "the transaction is undone as a whole"
    );
    assert_eq!(
        api.query("TRUNCATE TABLE d.u").await["dmlStats"]["deletedRowCount"],
        "1"
    );
    api.query("DROP TABLE d.u").await;
    assert_eq!(api.try_query("DROP TABLE d.u").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_result_is_a_table_that_is_paged() {
    let api = Api::start().await;
    let sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 30)) AS x ORDER BY x DESC";
    let job = api
        .job("q", json!({"query": {"query": sql, "useLegacySql": false}}))
        .await;
    let reference = &job["configuration"]["query"]["destinationTable"];
    let (dataset, table) = (
        reference["datasetId"].as_str().unwrap(),
        reference["tableId"].as_str().unwrap(),
    );
    assert_eq!(
        api.get(&format!("datasets/{dataset}/tables/{table}")).await["numRows"],
        "30"
    );
    let first = api.get("queries/q?maxResults=20").await;
    assert_eq!(
        (&first["totalRows"], &first["jobComplete"]),
        (&json!("30"), &json!(true))
    );
    assert_eq!(plain(&first["rows"][0]), json!(["30"]));
    let second = api
        .get(&format!(
            "queries/q?maxResults=20&pageToken={}",
            first["pageToken"].as_str().unwrap()
        ))
        .await;
    assert_eq!(second["rows"].as_array().unwrap().len(), 10);
    assert!(second["pageToken"].is_null());
    assert_eq!(
        api.get("datasets").await["datasets"].as_array().unwrap().len(),
        1,
        "the hidden dataset stays hidden"
    );

    let query = json!({"query": {"query": "SELECT 1 AS a", "destinationTable": {"datasetId": "d", "tableId": "dest"}}});
    assert_eq!(api.job("d1", query.clone()).await["status"]["state"], "DONE");
    let refused = api.job("d2", query.clone()).await;
    assert_eq!(
        refused["status"]["errorResult"]["reason"], "duplicate",
        "WRITE_EMPTY is the default"
    );
    let mut append = query;
    append["query"]["writeDisposition"] = json!("WRITE_APPEND");
    api.job("d3", append).await;
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.dest").await, json!([["2"]]));

    let dry = json!({"query": "SELECT a, a / 2 AS h FROM d.dest", "dryRun": true});
    let (_, answer) = api.call(Method::POST, "queries", Some(dry)).await;
    assert_eq!(answer["schema"]["fields"][1]["type"], "FLOAT");
    assert_eq!(answer["totalBytesProcessed"], "16");
    let dry = json!({"query": "DELETE FROM d.dest WHERE TRUE", "dryRun": true});
    assert_eq!(api.call(Method::POST, "queries", Some(dry)).await.0, StatusCode::OK);
    assert_eq!(
        api.rows("SELECT COUNT(*) FROM d.dest").await,
        json!([["2"]]),
        "a dry run changes nothing"
    );
}

#[tokio::test]
async fn a_query_without_a_job_and_one_that_is_repeated() {
    let api = Api::start().await;
    let body = json!({"query": "SELECT @a + 1 AS b, @c AS c", "jobCreationMode": 2, "parameterMode": "NAMED", "queryParameters": [
        {"name": "a", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "4"}},
        {"name": "c", "parameterType": {"type": "ARRAY", "arrayType": {"type": "STRING"}},
            "parameterValue": {"arrayValues": [{"value": "it's"}, {"value": "x"}]}},
    ]});
    let (_, answer) = api.call(Method::POST, "queries", Some(body)).await;
    assert!(answer["jobReference"].is_null(), "{answer}");
    assert_eq!(plain(&answer["rows"]), json!([["5", ["it's", "x"]]]));

    api.query("CREATE TABLE d.t (x INT64)").await;
    let body = json!({"query": "INSERT INTO d.t VALUES (1)", "requestId": "once"});
    let (_, first) = api.call(Method::POST, "queries", Some(body.clone())).await;
    let (_, second) = api.call(Method::POST, "queries", Some(body)).await;
    assert_eq!(first["jobReference"], second["jobReference"]);
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.t").await, json!([["1"]]));
}

#[tokio::test]
async fn a_job_can_be_cancelled_listed_and_deleted() {
    let api = Api::start().await;
    let slow = "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 30000)) a, UNNEST(GENERATE_ARRAY(1, 30000)) b WHERE MOD(a * b, 7) = 3";
    let body = json!({"jobReference": {"jobId": "slow"}, "configuration": {"query": {"query": slow}}});
    assert_eq!(api.call(Method::POST, "jobs", Some(body)).await.0, StatusCode::OK);
    let waiting = api.get("queries/slow?timeoutMs=0").await;
    assert_eq!(waiting["jobComplete"], false);
    assert_eq!(api.call(Method::POST, "jobs/slow/cancel", None).await.0, StatusCode::OK);
    let job = api.done("slow").await;
    assert_eq!(job["status"]["errorResult"]["reason"], "stopped", "{job}");
    let listed = api.get("jobs?stateFilter=done&maxResults=5").await;
    assert_eq!(listed["jobs"][0]["jobReference"]["jobId"], "slow");
    assert_eq!(
        api.call(Method::DELETE, "jobs/slow/delete", None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(api.call(Method::GET, "jobs/slow", None).await.0, StatusCode::NOT_FOUND);
}

/// One request to a warehouse that is opened for it alone.
async fn once(dir: &std::path::Path, path: &str, body: serde_json::Value) -> serde_json::Value {
    let bigquery = BigQuery::open(Options {
        data_dir: dir.to_owned(),
        base_url: "http://127.0.0.1".into(),
        objects: Arc::new(Buckets(dir.join("buckets"))),
        keys: Arc::new(Keys),
        memory_limit_mb: 256,
        spill_limit_mb: None,
    })
    .unwrap();
    let request = http::Request::post(format!("/bigquery/v2/projects/p/{path}"))
        .body(body.to_string())
        .unwrap();
    let response = tower::ServiceExt::oneshot(bigquery.router(), request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    bigquery.shutdown();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    once(
        dir.path(),
        "datasets",
        json!({"datasetReference": {"datasetId": "d"}, "description": "x"}),
    )
    .await;
    let made = once(
        dir.path(),
        "queries",
        json!({"query": "CREATE TABLE d.t AS SELECT 1 AS a, NUMERIC '1.5' AS n"}),
    )
    .await;
    assert_eq!(made["jobComplete"], true, "{made}");
    let answer = once(dir.path(), "queries", json!({"query": "SELECT * FROM d.t"})).await;
    assert_eq!(plain(&answer["rows"]), json!([["1", "1.5"]]));
    let listed = once(
        dir.path(),
        "queries",
        json!({"query": "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA"}),
    )
    .await;
    assert_eq!(plain(&listed["rows"]), json!([["d"]]));
}

#[tokio::test]
async fn a_request_that_lacks_a_required_parameter_makes_no_job() {
    let api = Api::start().await;
    for (configuration, missing) in [
        (json!({"query": {}}), "query"),
        (json!({"query": {"query": ""}}), "query"),
        (json!({"load": {"sourceUris": ["gs://b/o"]}}), "destinationTable"),
        (
            json!({"load": {"destinationTable": {"datasetId": "d", "tableId": "t"}, "sourceUris": []}}),
            "sourceUris",
        ),
        (json!({"copy": {"sourceTables": []}}), "destinationTable"),
        (
            json!({"copy": {"destinationTable": {"datasetId": "d", "tableId": "t"}}}),
            "sourceTables",
        ),
        (json!({"extract": {"destinationUris": ["gs://b/o"]}}), "sourceTable"),
        (
            json!({"extract": {"sourceTable": {"datasetId": "d", "tableId": "t"}}}),
            "destinationUris",
        ),
    ] {
        let body = json!({"jobReference": {"jobId": "not_whole"}, "configuration": configuration});
        let (status, answer) = api.call(Method::POST, "jobs", Some(body)).await;
        let message = format!("Required parameter is missing: {missing}");
        assert_eq!(
            (status, &answer["error"]["message"]),
            (StatusCode::BAD_REQUEST, &json!(message)),
            "{answer}"
        );
        assert_eq!(
            api.call(Method::GET, "jobs/not_whole", None).await.0,
            StatusCode::NOT_FOUND
        );
    }
}
