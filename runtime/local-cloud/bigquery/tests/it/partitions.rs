//! Partitions: `_PARTITIONTIME`, `_PARTITIONDATE`, and `table$PARTITION` in jobs and requests.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{Api, plain};

fn destination(table: &str, disposition: &str) -> Value {
    json!({"destinationTable": {"datasetId": "d", "tableId": table}, "writeDisposition": disposition})
}

async fn write(api: &Api, id: &str, table: &str, disposition: &str, query: &str) -> Value {
    let mut settings = destination(table, disposition);
    settings["query"] = json!(query);
    settings["useLegacySql"] = json!(false);
    api.job(id, json!({"query": settings})).await["status"]["errorResult"].clone()
}

#[tokio::test]
async fn rows_are_in_the_partition_of_their_arrival() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (n INT64, name STRING) PARTITION BY _PARTITIONDATE")
        .await;
    api.query("INSERT INTO d.t (n, name) VALUES (1, 'now')").await;
    api.query("INSERT INTO d.t (_PARTITIONTIME, n, name) VALUES (TIMESTAMP '2026-01-03', 2, 'then')")
        .await;
    let row = json!({"rows": [{"json": {"n": 3, "name": "streamed"}}]});
    let (status, answer) = api.call(Method::POST, "datasets/d/tables/t/insertAll", Some(row)).await;
    assert_eq!((status, &answer["insertErrors"]), (StatusCode::OK, &Value::Null));
    assert_eq!(
        api.rows("SELECT n, _PARTITIONDATE = CURRENT_DATE() FROM d.t ORDER BY n")
            .await,
        json!([["1", "true"], ["2", "false"], ["3", "true"]])
    );
    // They are no columns of the table.
    assert_eq!(
        api.rows("SELECT * FROM d.t WHERE _PARTITIONTIME = TIMESTAMP '2026-01-03'")
            .await,
        json!([["2", "then"]])
    );
    assert_eq!(
        api.rows("SELECT TO_JSON_STRING(a) FROM d.t AS a WHERE a._PARTITIONDATE < '2026-01-04'")
            .await,
        json!([["{\"n\":2,\"name\":\"then\"}"]])
    );
    let fields = api.get("datasets/d/tables/t").await["schema"]["fields"].clone();
    assert_eq!(fields.as_array().map(Vec::len), Some(2));
    // A row that is changed stays where it is.
    api.query("UPDATE d.t SET name = 'changed' WHERE _PARTITIONDATE = '2026-01-03'")
        .await;
    api.query(
        "MERGE d.t USING (SELECT 2 AS n) AS s ON t.n = s.n WHEN MATCHED THEN UPDATE SET name = CONCAT(name, '!')",
    )
    .await;
    assert_eq!(
        api.rows("SELECT name FROM d.t WHERE _PARTITIONDATE = '2026-01-03'")
            .await,
        json!([["changed!"]])
    );
    api.query("CREATE TABLE d.c CLONE d.t").await;
    api.query("DELETE FROM d.t WHERE _PARTITIONDATE > '2026-01-03'").await;
    assert_eq!(api.rows("SELECT n FROM d.t").await, json!([["2"]]));
    assert_eq!(
        api.rows("SELECT n FROM d.c WHERE _PARTITIONTIME = '2026-01-03 00:00:00'")
            .await,
        json!([["2"]])
    );
    api.query("CREATE TABLE d.hourly (n INT64) PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR) OPTIONS (require_partition_filter = TRUE)")
        .await;
    api.query("INSERT INTO d.hourly (n) VALUES (1)").await;
    let (_, refused) = api.try_query("SELECT n FROM d.hourly").await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("without a filter over column(s) '_PARTITIONTIME'"),
        "{message}"
    );
    let hour = "SELECT n FROM d.hourly WHERE _PARTITIONTIME = TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)";
    assert_eq!(api.rows(hour).await, json!([["1"]]));
}

#[tokio::test]
async fn jobs_write_and_read_single_partitions() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (n INT64, day DATE) PARTITION BY day").await;
    api.query("INSERT INTO d.t VALUES (1, '2026-01-01'), (2, '2026-01-02')")
        .await;
    let second = "SELECT 20 AS n, DATE '2026-01-02' AS day UNION ALL SELECT 21, DATE '2026-01-02'";
    assert_eq!(
        write(&api, "replace", "t$20260102", "WRITE_TRUNCATE", second).await,
        Value::Null
    );
    assert_eq!(
        api.rows("SELECT n FROM d.t ORDER BY n").await,
        json!([["1"], ["20"], ["21"]])
    );
    let error = write(&api, "strange", "t$20260103", "WRITE_APPEND", second).await;
    assert_eq!(
        error["message"],
        "Some rows belong to different partitions rather than destination partition 20260103"
    );
    let error = write(&api, "taken", "t$20260102", "WRITE_EMPTY", second).await;
    assert_eq!(error["reason"], "duplicate", "{error}");
    let error = write(&api, "wrong", "t$202601", "WRITE_APPEND", second).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid partition ID \"202601\""),
        "{error}"
    );

    // A load makes the table that it needs, and replaces one partition of it.
    std::fs::write(api.object("one.csv"), "1\n2\n").unwrap();
    std::fs::write(api.object("two.csv"), "3\n").unwrap();
    for (id, file, partition) in [
        ("a", "one", "20260101"),
        ("b", "one", "20260102"),
        ("c", "two", "20260101"),
    ] {
        let load = json!({"sourceUris": [format!("gs://lake/{file}.csv")], "writeDisposition": "WRITE_TRUNCATE",
            "schema": {"fields": [{"name": "n", "type": "INT64"}]}});
        let job = api.load(id, &format!("arrived${partition}"), load).await;
        assert!(job["status"]["errorResult"].is_null(), "{job}");
    }
    assert_eq!(
        api.rows("SELECT CAST(_PARTITIONDATE AS STRING), n FROM d.arrived ORDER BY 1, 2")
            .await,
        json!([["2026-01-01", "3"], ["2026-01-02", "1"], ["2026-01-02", "2"]])
    );
    let page = api.get("datasets/d/tables/arrived$20260102/data").await;
    assert_eq!(
        (plain(&page["rows"]), &page["totalRows"]),
        (json!([["1"], ["2"]]), &json!("2"))
    );
    let table = |name: &str| json!({"datasetId": "d", "tableId": name});
    let extract =
        json!({"extract": {"sourceTable": table("arrived$20260101"), "destinationUris": ["gs://lake/out.csv"]}});
    let job = api.job("extract", extract).await;
    assert!(job["status"]["errorResult"].is_null(), "{job}");
    assert_eq!(std::fs::read_to_string(api.object("out.csv")).unwrap(), "n\n3\n");
    let copy =
        json!({"copy": {"sourceTable": table("arrived$20260102"), "destinationTable": table("arrived$20260105")}});
    let job = api.job("copy", copy).await;
    assert!(job["status"]["errorResult"].is_null(), "{job}");
    assert_eq!(
        api.call(Method::DELETE, "datasets/d/tables/arrived$20260102", None)
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        api.rows("SELECT CAST(_PARTITIONDATE AS STRING), COUNT(*) FROM d.arrived GROUP BY 1 ORDER BY 1")
            .await,
        json!([["2026-01-01", "1"], ["2026-01-05", "2"]])
    );

    api.query("CREATE TABLE d.ranged (k INT64) PARTITION BY RANGE_BUCKET(k, GENERATE_ARRAY(0, 100, 10))")
        .await;
    assert_eq!(
        write(&api, "r1", "ranged$20", "WRITE_APPEND", "SELECT 25 AS k").await,
        Value::Null
    );
    assert_eq!(
        write(&api, "r2", "ranged$20", "WRITE_TRUNCATE", "SELECT 26 AS k").await,
        Value::Null
    );
    assert_eq!(api.rows("SELECT k FROM d.ranged").await, json!([["26"]]));
    assert_eq!(
        api.call(Method::DELETE, "datasets/d/tables/ranged$20", None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.ranged").await, json!([["0"]]));
}
