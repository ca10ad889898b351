//! EXPORT DATA and LOAD DATA.

use serde_json::json;

use crate::api::Api;

async fn refusal(api: &Api, sql: &str) -> String {
    let (_, answer) = api.try_query(sql).await;
    answer["error"]["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn rows_go_into_files_and_come_back() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT 1 AS n, 'a' AS s UNION ALL SELECT 2, 'b'")
        .await;
    let export = "EXPORT DATA OPTIONS (uri = 'gs://lake/out-*.csv', format = 'CSV', header = TRUE, field_delimiter = ';') AS \
        SELECT n * 10 AS n, s FROM d.t ORDER BY n";
    api.query(export).await;
    assert_eq!(
        std::fs::read_to_string(api.object("out-000000000000.csv")).unwrap(),
        "n;s\n10;a\n20;b\n"
    );
    let again = refusal(&api, export).await;
    assert!(again.contains("set overwrite = true"), "{again}");
    api.query(&export.replace("header = TRUE", "overwrite = TRUE")).await;
    assert_eq!(
        std::fs::read_to_string(api.object("out-000000000000.csv")).unwrap(),
        "10;a\n20;b\n"
    );
    api.query("EXPORT DATA OPTIONS (uri = 'gs://lake/all-*.parquet', format = 'PARQUET') AS SELECT * FROM d.t")
        .await;
    api.query("LOAD DATA INTO d.loaded FROM FILES (format = 'PARQUET', uris = ['gs://lake/all-*.parquet'])")
        .await;
    api.query("LOAD DATA INTO d.loaded FROM FILES (format = 'PARQUET', uris = ['gs://lake/all-*.parquet'])")
        .await;
    assert_eq!(
        api.rows("SELECT n, COUNT(*), MIN(s) FROM d.loaded GROUP BY n ORDER BY n")
            .await,
        json!([["1", "2", "a"], ["2", "2", "b"]])
    );
    api.query(
        "LOAD DATA OVERWRITE d.made (n INT64, s STRING) PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10)) CLUSTER BY s \
         OPTIONS (description = 'from files') FROM FILES (format = 'CSV', field_delimiter = ';', uris = ['gs://lake/out-*.csv'])",
    )
    .await;
    assert_eq!(
        api.rows("SELECT * FROM d.made ORDER BY n").await,
        json!([["10", "a"], ["20", "b"]])
    );
    let made = api.get("datasets/d/tables/made").await;
    assert_eq!(
        (
            &made["description"],
            &made["rangePartitioning"]["field"],
            &made["clustering"]["fields"]
        ),
        (&json!("from files"), &json!("n"), &json!(["s"]))
    );
    // In a script each has a job of its own.
    let script = "DECLARE last INT64 DEFAULT 2; LOAD DATA OVERWRITE d.loaded FROM FILES (format = 'parquet', uris = ['gs://lake/all-*.parquet']); \
        EXPORT DATA OPTIONS (uri = 'gs://lake/last-*.json', format = 'JSON') AS SELECT s FROM d.loaded WHERE n = last;";
    api.query(script).await;
    assert_eq!(
        std::fs::read_to_string(api.object("last-000000000000.json")).unwrap(),
        "{\"s\":\"b\"}\n"
    );
    let job = api
        .job(
            "export",
            json!({"query": {"useLegacySql": false, "query": "EXPORT DATA OPTIONS (uri = 'gs://lake/x-*.csv', format = 'CSV') AS SELECT 1 AS n"}}),
        )
        .await;
    assert_eq!(job["statistics"]["query"]["statementType"], "EXPORT_DATA", "{job}");
    let wrong = [
        (
            "EXPORT DATA OPTIONS (uri = 'gs://lake/x.csv', format = 'CSV') AS SELECT 1 AS n",
            "must be a wild card URI",
        ),
        (
            "EXPORT DATA OPTIONS (uri = 'gs://lake/*.csv') AS SELECT 1 AS n",
            "Option 'format' must be specified",
        ),
        (
            "EXPORT DATA OPTIONS (uri = 'gs://lake/*.csv', format = 'CSV', colour = 1) AS SELECT 1 AS n",
            "Unknown option: colour",
        ),
        (
            "LOAD DATA INTO d.x FROM FILES (format = 'CSV', uris = ['gs://lake/none-*'])",
            "Not found: URI gs://lake/none-*",
        ),
        (
            "LOAD DATA INTO d.x FROM FILES (uris = ['gs://lake/out-*'])",
            "Option 'format' must be specified",
        ),
        (
            "LOAD DATA d.x FROM FILES (format = 'CSV')",
            "Expected keyword INTO but got identifier \"d\" at [1:11]",
        ),
    ];
    for (sql, expected) in wrong {
        let message = refusal(&api, sql).await;
        assert!(message.contains(expected), "{sql}: {message}");
    }
}
