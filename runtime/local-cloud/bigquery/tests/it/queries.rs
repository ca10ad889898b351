//! Queries over stored tables: wildcard tables, samples, pivots of them, INFORMATION_SCHEMA.

use reqwest::StatusCode;
use serde_json::json;

use crate::api::Api;

#[tokio::test]
async fn a_wildcard_reads_all_tables_of_a_prefix() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.day_01 AS SELECT 1 AS id; CREATE TABLE d.day_02 AS SELECT 2 AS id, 'x' AS s")
        .await;
    api.query("CREATE VIEW d.day_view AS SELECT 9 AS id").await;
    assert_eq!(
        api.rows("SELECT *, _TABLE_SUFFIX AS day FROM `d.day_*` ORDER BY id")
            .await,
        json!([["1", null, "01"], ["2", "x", "02"]])
    );
    assert_eq!(
        api.rows("SELECT w.id FROM `p.d.day_0*` AS w WHERE w._TABLE_SUFFIX = '2'")
            .await,
        json!([["2"]])
    );
    assert_eq!(api.rows("SELECT COUNT(*) FROM `d.*`").await, json!([["2"]]));
    let (status, answer) = api.try_query("SELECT * FROM `d.none_*`").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("p:d.none_* does not match any table."), "{message}");
}

#[tokio::test]
async fn samples_and_pivots_of_tables() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT x, MOD(x, 2) AS k, 'w' AS w FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x")
        .await;
    let sampled = api
        .rows("SELECT COUNT(*) FROM d.t TABLESAMPLE SYSTEM (10 PERCENT)")
        .await;
    let sampled: u32 = sampled[0][0].as_str().unwrap().parse().unwrap();
    assert!(sampled < 400, "{sampled} of 1000 rows");
    assert_eq!(
        api.rows("SELECT COUNT(*) FROM d.t AS s TABLESAMPLE SYSTEM (100 PERCENT)")
            .await,
        json!([["1000"]])
    );
    assert_eq!(
        api.rows("SELECT * FROM (SELECT k, x FROM d.t) PIVOT(COUNT(x) FOR k IN (0, 1 AS odd))")
            .await,
        json!([["500", "500"]])
    );
    assert_eq!(
        api.rows("SELECT p.w, p.n_odd FROM d.t PIVOT(COUNT(x) AS n FOR k IN (1 AS odd)) AS p")
            .await,
        json!([["w", "500"]])
    );
}

#[tokio::test]
async fn the_information_schema_tells_what_there_is() {
    let api = Api::start().await;
    api.query(
        "CREATE TABLE d.t (id INT64 NOT NULL OPTIONS(description='key'), r STRUCT<a STRING(5), b ARRAY<NUMERIC(10, 2)>>, \
         day DATE DEFAULT CURRENT_DATE(), PRIMARY KEY (id) NOT ENFORCED) PARTITION BY day CLUSTER BY id \
         OPTIONS(description='a table', labels=[('k','v')])",
    )
    .await;
    api.query("CREATE VIEW d.v AS SELECT id FROM d.t").await;
    api.query("CREATE MATERIALIZED VIEW d.m AS SELECT id, COUNT(*) AS n FROM d.t GROUP BY id")
        .await;
    api.query("CREATE FUNCTION d.f(x INT64, y ANY TYPE) AS (x + 1)").await;
    for (sql, expected) in [
        (
            "SELECT table_name, table_type FROM d.INFORMATION_SCHEMA.TABLES ORDER BY 1",
            json!([["m", "MATERIALIZED VIEW"], ["t", "BASE TABLE"], ["v", "VIEW"]]),
        ),
        (
            "SELECT column_name, is_nullable, data_type, is_partitioning_column, clustering_ordinal_position, column_default \
             FROM d.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 't' ORDER BY ordinal_position",
            json!([
                ["id", "NO", "INT64", "NO", "1", "NULL"],
                [
                    "r",
                    "YES",
                    "STRUCT<a STRING(5), b ARRAY<NUMERIC(10, 2)>>",
                    "NO",
                    null,
                    "NULL"
                ],
                ["day", "YES", "DATE", "YES", null, "CURRENT_DATE()"]
            ]),
        ),
        (
            "SELECT field_path, data_type, description FROM d.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE table_name = 't' \
             ORDER BY 1",
            json!([
                ["day", "DATE", null],
                ["id", "INT64", "key"],
                ["r", "STRUCT<a STRING(5), b ARRAY<NUMERIC(10, 2)>>", null],
                ["r.a", "STRING(5)", null],
                ["r.b", "ARRAY<NUMERIC(10, 2)>", null]
            ]),
        ),
        (
            "SELECT option_name, option_type, option_value FROM d.INFORMATION_SCHEMA.TABLE_OPTIONS WHERE table_name = 't' ORDER BY 1",
            json!([
                ["description", "STRING", "\"a table\""],
                ["labels", "ARRAY<STRUCT<STRING, STRING>>", "[STRUCT(\"k\", \"v\")]"]
            ]),
        ),
        (
            "SELECT routine_name, routine_type, routine_body, routine_definition FROM d.INFORMATION_SCHEMA.ROUTINES",
            json!([["f", "FUNCTION", "SQL", "x + 1"]]),
        ),
        (
            "SELECT parameter_name, ordinal_position, data_type FROM d.INFORMATION_SCHEMA.PARAMETERS ORDER BY 2",
            json!([["x", "1", "INT64"], ["y", "2", "ANY TYPE"]]),
        ),
        (
            "SELECT constraint_name, constraint_type, enforced FROM d.INFORMATION_SCHEMA.TABLE_CONSTRAINTS",
            json!([["t.pk$", "PRIMARY KEY", "NO"]]),
        ),
        (
            "SELECT column_name, ordinal_position FROM d.INFORMATION_SCHEMA.KEY_COLUMN_USAGE",
            json!([["id", "1"]]),
        ),
        ("SELECT table_name FROM d.INFORMATION_SCHEMA.VIEWS", json!([["v"]])),
        (
            "SELECT table_name, last_refresh_time IS NOT NULL FROM d.INFORMATION_SCHEMA.MATERIALIZED_VIEWS",
            json!([["m", "true"]]),
        ),
        (
            "SELECT table_id, row_count, size_bytes, type FROM d.__TABLES__ ORDER BY table_id",
            json!([["m", "0", "0", "2"], ["t", "0", "0", "1"], ["v", "0", "0", "2"]]),
        ),
        (
            "SELECT COUNT(*), LOGICAL_AND(creation_time > 0) FROM d.__TABLES_SUMMARY__",
            json!([["3", "true"]]),
        ),
        (
            "SELECT schema_name, location FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = 'd'",
            json!([["d", "US"]]),
        ),
    ] {
        assert_eq!(api.rows(sql).await, expected, "{sql}");
    }
    let (_, answer) = api.try_query("SELECT * FROM d.INFORMATION_SCHEMA.NONSENSE").await;
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("INFORMATION_SCHEMA.NONSENSE"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_table_may_require_a_filter_on_its_partitions() {
    let api = Api::start().await;
    api.query(
        "CREATE TABLE d.t (day DATE, x INT64) PARTITION BY day OPTIONS(require_partition_filter = true); \
         INSERT INTO d.t VALUES ('2024-01-01', 1), ('2024-01-02', 2)",
    )
    .await;
    for sql in [
        "SELECT x FROM d.t WHERE day = '2024-01-02'",
        "SELECT s.x FROM d.t AS s WHERE s.day > DATE '2024-01-01' AND s.x > 0",
        "SELECT x FROM (SELECT * FROM d.t WHERE day >= '2024-01-02')",
    ] {
        assert_eq!(api.rows(sql).await, json!([["2"]]), "{sql}");
    }
    for sql in [
        "SELECT x FROM d.t",
        "SELECT x FROM d.t WHERE x = 2",
        "DELETE FROM d.t WHERE x = 1",
    ] {
        let (status, answer) = api.try_query(sql).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{sql}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with(
                "Cannot query over table 'p.d.t' without a filter over column(s) 'day' that can be used for partition elimination"
            ),
            "{sql}: {message}"
        );
    }
}
