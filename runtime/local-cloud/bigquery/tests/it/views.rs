//! Views and materialized views: made, read, changed and dropped, by the API and by statements.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;

async fn start() -> Api {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'")
        .await;
    api
}

#[tokio::test]
async fn a_view_is_changed_by_the_api() {
    let api = start().await;
    let body = json!({"tableReference": {"datasetId": "d", "tableId": "v"}, "description": "first",
        "view": {"query": "SELECT a, b FROM `p.d.t`", "useLegacySql": false},
        "schema": {"fields": [{"name": "a", "type": "INTEGER", "description": "the number"}]}});
    let (status, view) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    assert_eq!(view["schema"]["fields"][0]["description"], "the number");
    assert_eq!(view["schema"]["fields"][1]["type"], "STRING");

    // Descriptions change alone, and survive a patch that repeats the query.
    let same = json!({"view": {"query": "SELECT a, b FROM `p.d.t`"}, "labels": {"k": "v"}});
    let (status, view) = api.call(Method::PATCH, "datasets/d/tables/v", Some(same)).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    assert_eq!(view["schema"]["fields"][0]["description"], "the number");
    let fields = json!([{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "STRING", "description": "text"}]);
    let (_, view) = api
        .call(
            Method::PATCH,
            "datasets/d/tables/v",
            Some(json!({"schema": {"fields": fields}})),
        )
        .await;
    assert_eq!(view["schema"]["fields"][0]["description"], Value::Null);
    assert_eq!(view["schema"]["fields"][1]["description"], "text");

    let other = json!({"view": {"query": "SELECT a * 2.5 AS c FROM `p.d.t`"}});
    let (_, view) = api.call(Method::PATCH, "datasets/d/tables/v", Some(other)).await;
    assert_eq!(
        view["schema"]["fields"],
        json!([{"name": "c", "type": "FLOAT", "mode": "NULLABLE"}])
    );
    assert_eq!(api.rows("SELECT SUM(c) FROM d.v").await, json!([["7.5"]]));

    for (query, message) in [
        ("SELECT x FROM `p.d.none`", "Not found: Table p:d.none"),
        ("SELECT nope FROM `p.d.t`", "Unrecognized name: nope"),
        ("SELECT * FROM `p.d.v`", "Recursive reference to p:d.v"),
        ("SELECT @p AS x", "Query parameter 'p' not found"),
        ("DELETE FROM `p.d.t` WHERE TRUE", "a view must be one SELECT"),
        ("SELECT 1 AS a; SELECT 2 AS a", "Syntax error"),
    ] {
        let (status, answer) = api
            .call(
                Method::PATCH,
                "datasets/d/tables/v",
                Some(json!({"view": {"query": query}})),
            )
            .await;
        assert!(status.is_client_error(), "{query}: {answer}");
        let found = answer["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{query}: {found}");
    }
    let (status, answer) = api.try_query("INSERT INTO d.v (c) VALUES (1)").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("because it is currently a VIEW"),
        "{answer}"
    );
}

#[tokio::test]
async fn views_are_made_by_statements() {
    let api = start().await;
    let made = api
        .query(
            "CREATE VIEW d.v (n OPTIONS(description='number'), text) OPTIONS(description='named', labels=[('k','v')]) AS\n\
             SELECT a, b -- as it was written\nFROM d.t WHERE a > 0;",
        )
        .await;
    assert_eq!(made["jobComplete"], true);
    let view = api.get("datasets/d/tables/v").await;
    assert_eq!(
        view["view"]["query"],
        "SELECT a, b -- as it was written\nFROM d.t WHERE a > 0"
    );
    assert_eq!(
        view["schema"]["fields"][0],
        json!({"name": "n", "type": "INTEGER", "mode": "NULLABLE", "description": "number"})
    );
    assert_eq!(api.rows("SELECT text FROM d.v WHERE n = 2").await, json!([["y"]]));
    // A view of a view; the default dataset of who reads does not matter.
    api.query("CREATE OR REPLACE VIEW d.w AS WITH x AS (SELECT * FROM d.v) SELECT n + 1 AS m FROM x")
        .await;
    assert_eq!(api.rows("SELECT SUM(m) FROM d.w").await, json!([["5"]]));
    api.query("ALTER VIEW d.v SET OPTIONS (description = 'altered', labels = [])")
        .await;
    assert_eq!(api.get("datasets/d/tables/v").await["description"], "altered");
    api.query("CREATE VIEW IF NOT EXISTS d.v AS SELECT 1 AS z").await;
    for (statement, message) in [
        ("CREATE VIEW d.v AS SELECT 1 AS x", "Already Exists: Table p:d.v"),
        (
            "CREATE OR REPLACE VIEW d.t AS SELECT 1 AS x",
            "Cannot replace p:d.t by a VIEW, it is a TABLE",
        ),
        (
            "CREATE OR REPLACE VIEW d.v AS SELECT * FROM d.v",
            "Recursive reference to p:d.v",
        ),
        (
            "CREATE VIEW d.z (a, b) AS SELECT 1 AS x",
            "The number of columns in the view's column list is 2",
        ),
        ("DROP TABLE d.v", "Cannot drop p:d.v as a TABLE, it is a VIEW"),
        ("DROP VIEW d.t", "Cannot drop p:d.t as a VIEW, it is a TABLE"),
        (
            "ALTER VIEW d.t SET OPTIONS (description = 'x')",
            "Cannot alter p:d.t as a VIEW, it is a TABLE",
        ),
        (
            "ALTER VIEW d.none SET OPTIONS (description = 'x')",
            "Not found: Table p:d.none",
        ),
        ("CREATE VIEW d.z AS SELECT 1 AS a, 2 AS a", "Duplicate column names"),
    ] {
        let (_, answer) = api.try_query(statement).await;
        let found = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(found.starts_with(message), "{statement}: {answer}");
    }
    api.query("DROP VIEW d.v; DROP VIEW IF EXISTS d.v").await;
    let (_, answer) = api.try_query("SELECT * FROM d.w").await;
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Not found: Table p:d.v"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_materialized_view_follows_its_table() {
    let api = start().await;
    let body = json!({"tableReference": {"datasetId": "d", "tableId": "m"}, "clustering": {"fields": ["b"]},
        "materializedView": {"query": "SELECT b, SUM(a) AS s FROM `p.d.t` GROUP BY b", "refreshIntervalMs": 600_000}});
    let (status, view) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    assert_eq!(view["type"], "MATERIALIZED_VIEW");
    assert_eq!(view["materializedView"]["refreshIntervalMs"], "600000");
    assert_eq!(view["materializedView"]["enableRefresh"], true);
    assert_eq!(view["schema"]["fields"][1]["name"], "s");
    api.query("INSERT INTO d.t VALUES (5, 'y')").await;
    assert_eq!(api.rows("SELECT s FROM d.m WHERE b = 'y'").await, json!([["7"]]));
    let (status, answer) = api
        .call(
            Method::PATCH,
            "datasets/d/tables/m",
            Some(json!({"materializedView": {"enableRefresh": false}})),
        )
        .await;
    assert_eq!(
        (status, &answer["materializedView"]["enableRefresh"]),
        (StatusCode::OK, &json!(false)),
        "{answer}"
    );
    let change = json!({"materializedView": {"query": "SELECT 1 AS x FROM `p.d.t`"}});
    let (status, answer) = api.call(Method::PATCH, "datasets/d/tables/m", Some(change)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");

    api.query(
        "CREATE OR REPLACE MATERIALIZED VIEW d.m CLUSTER BY b OPTIONS (enable_refresh = true, refresh_interval_minutes = 60, \
         max_staleness = INTERVAL \"4:0:0\" HOUR TO SECOND) AS SELECT b, COUNT(*) AS n FROM d.t GROUP BY b",
    )
    .await;
    let view = api.get("datasets/d/tables/m").await;
    assert_eq!(view["materializedView"]["refreshIntervalMs"], "3600000");
    assert_eq!(view["clustering"]["fields"], json!(["b"]));
    assert_eq!(view["maxStaleness"], "0-0 0 4:0:0");
    api.query("ALTER MATERIALIZED VIEW d.m SET OPTIONS (enable_refresh = false)")
        .await;
    assert_eq!(
        api.get("datasets/d/tables/m").await["materializedView"]["enableRefresh"],
        false
    );
    for (query, what) in [
        ("SELECT a FROM d.t ORDER BY a", "ORDER BY"),
        ("SELECT a FROM d.t LIMIT 1", "LIMIT"),
        ("SELECT CURRENT_TIMESTAMP() AS x FROM d.t", "CURRENT_TIMESTAMP"),
        (
            "SELECT a, ROW_NUMBER() OVER (ORDER BY a) AS n FROM d.t",
            "an analytic function",
        ),
        ("SELECT 1 AS x", "a query that reads no table"),
    ] {
        let (_, answer) = api
            .try_query(&format!("CREATE MATERIALIZED VIEW d.bad AS {query}"))
            .await;
        let found = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            found.starts_with("Unsupported operator in materialized view") && found.contains(what),
            "{query}: {answer}"
        );
    }
    api.query(
        "CREATE MATERIALIZED VIEW d.free OPTIONS (allow_non_incremental_definition = true, max_staleness = INTERVAL 1 DAY) AS \
         SELECT a, ROW_NUMBER() OVER (ORDER BY a) AS n FROM d.t",
    )
    .await;
    let (_, answer) = api.try_query("DROP VIEW d.m").await;
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Cannot drop p:d.m as a VIEW"),
        "{answer}"
    );
    api.query("DROP MATERIALIZED VIEW d.m").await;
    assert_eq!(
        api.call(Method::GET, "datasets/d/tables/m", None).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_dry_run_tells_schema_and_bytes() {
    let api = start().await;
    let dry = async |sql: &str| {
        let body = json!({"configuration": {"dryRun": true, "query": {"query": sql, "useLegacySql": false}}});
        let (status, job) = api.call(Method::POST, "jobs", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{sql}: {job}");
        job["statistics"]["query"].clone()
    };
    api.query("CREATE VIEW d.v AS SELECT * FROM d.t").await;
    for (sql, kind, bytes) in [
        ("SELECT a FROM d.t", "SELECT", "16"),
        ("SELECT b FROM d.t", "SELECT", "6"),
        ("SELECT * FROM d.t", "SELECT", "22"),
        ("SELECT COUNT(*) FROM d.t", "SELECT", "0"),
        ("SELECT a FROM (SELECT * FROM d.t)", "SELECT", "16"),
        ("WITH x AS (SELECT * FROM d.t) SELECT a FROM x", "SELECT", "16"),
        ("SELECT a FROM d.v", "SELECT", "16"),
        ("SELECT a FROM d.t WHERE b = 'x'", "SELECT", "22"),
        ("SELECT COUNT(DISTINCT b) FROM d.v", "SELECT", "6"),
        ("SELECT a FROM d.t UNION ALL SELECT a FROM d.t", "SELECT", "16"),
        ("UPDATE d.t SET a = 3 WHERE TRUE", "UPDATE", "22"),
        (
            "CREATE TABLE d.new AS SELECT a FROM d.t",
            "CREATE_TABLE_AS_SELECT",
            "16",
        ),
        ("CREATE VIEW d.new AS SELECT b FROM d.t", "CREATE_VIEW", "6"),
        (
            "CREATE MATERIALIZED VIEW d.new AS SELECT b, COUNT(*) AS n FROM d.t GROUP BY b",
            "CREATE_MATERIALIZED_VIEW",
            "6",
        ),
        ("CREATE FUNCTION d.f(x INT64) AS (x + 1)", "CREATE_FUNCTION", "0"),
        ("DROP VIEW d.v", "DROP_VIEW", "0"),
        ("CREATE SCHEMA other", "CREATE_SCHEMA", "0"),
        ("DECLARE x INT64; SET x = 1", "SCRIPT", "0"),
    ] {
        let stats = dry(sql).await;
        assert_eq!(
            (
                stats["statementType"].as_str().unwrap(),
                stats["totalBytesProcessed"].as_str().unwrap()
            ),
            (kind, bytes),
            "{sql}"
        );
    }
    assert_eq!(dry("SELECT a AS z FROM d.t").await["schema"]["fields"][0]["name"], "z");
    let made = dry("CREATE OR REPLACE VIEW d.v AS SELECT b AS q FROM d.t").await;
    assert_eq!(made["schema"]["fields"][0]["name"], "q");
    assert_eq!(
        (&made["ddlOperationPerformed"], &made["ddlTargetTable"]["tableId"]),
        (&json!("REPLACE"), &json!("v"))
    );
    assert!(dry("DELETE FROM d.t WHERE TRUE").await["dmlStats"].is_null());
    assert_eq!(
        api.rows("SELECT COUNT(*) FROM d.v").await,
        json!([["2"]]),
        "nothing was changed"
    );
    let body = json!({"query": "SELECT * FROM d.t", "useLegacySql": false, "maximumBytesBilled": "100"});
    let (status, answer) = api.call(Method::POST, "queries", Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["error"]["errors"][0]["reason"], "bytesBilledLimitExceeded");
}
