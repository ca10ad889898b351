//! Datasets, tables, tabledata, discovery.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{Api, plain};

#[tokio::test]
async fn a_dataset_lives_its_life() {
    let api = Api::start().await;
    let body = json!({"datasetReference": {"datasetId": "sales"}, "location": "europe-WEST1", "labels": {"team": "a"},
        "description": "first", "defaultTableExpirationMs": 3_600_000, "access": [{"role": "OWNER", "userByEmail": "a@b.c"}, {"role": "roles/bigquery.dataViewer", "iamMember": "allUsers"}]});
    let (status, made) = api.call(Method::POST, "datasets", Some(body.clone())).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["location"], "europe-west1");
    assert_eq!(made["defaultTableExpirationMs"], "3600000");
    assert_eq!(made["access"][0]["userByEmail"], "a@b.c");
    assert_eq!(made["access"][1]["role"], "READER");
    let (status, error) = api.call(Method::POST, "datasets", Some(body)).await;
    assert_eq!(
        (status, &error["error"]["errors"][0]["reason"]),
        (StatusCode::CONFLICT, &json!("duplicate"))
    );

    let patch = json!({"description": null, "labels": {"team": null, "tier": "1"}});
    let stale = [("If-Match", "\"nonsense\"")];
    let (status, _) = api
        .call_with(Method::PATCH, "datasets/sales", Some(patch.clone()), &stale)
        .await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let etag = made["etag"].as_str().unwrap();
    let (status, patched) = api
        .call_with(Method::PATCH, "datasets/sales", Some(patch), &[("If-Match", etag)])
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&patched["labels"], &patched["description"]),
        (&json!({"tier": "1"}), &Value::Null)
    );
    assert_ne!(patched["etag"], made["etag"]);
    assert_eq!(api.get("datasets/sales").await, patched);

    let listed = api.get("datasets?maxResults=1").await;
    assert_eq!(listed["datasets"].as_array().unwrap().len(), 1);
    let token = listed["nextPageToken"].as_str().unwrap();
    let rest = api.get(&format!("datasets?maxResults=1&pageToken={token}")).await;
    assert_eq!(rest["datasets"][0]["datasetReference"]["datasetId"], "sales");
    assert!(rest["nextPageToken"].is_null());

    api.query("CREATE TABLE sales.t (x INT64)").await;
    let (status, error) = api.call(Method::DELETE, "datasets/sales", None).await;
    assert_eq!(
        (status, &error["error"]["errors"][0]["reason"]),
        (StatusCode::BAD_REQUEST, &json!("resourceInUse"))
    );
    let (status, _) = api
        .call(Method::DELETE, "datasets/sales?deleteContents=true", None)
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, error) = api.call(Method::GET, "datasets/sales", None).await;
    assert_eq!(
        (status, &error["error"]["message"]),
        (StatusCode::NOT_FOUND, &json!("Not found: Dataset p:sales"))
    );
}

#[tokio::test]
async fn names_and_labels_are_checked() {
    let api = Api::start().await;
    for body in [
        json!({"datasetReference": {"datasetId": "a-b"}}),
        json!({"datasetReference": {"datasetId": ""}}),
        json!({"datasetReference": {"datasetId": "ok"}, "labels": {"Upper": "x"}}),
        json!({"datasetReference": {"datasetId": "ok"}, "defaultTableExpirationMs": "10"}),
    ] {
        let (status, answer) = api.call(Method::POST, "datasets", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    for fields in [
        json!([{"name": "1a", "type": "STRING"}]),
        json!([{"name": "a", "type": "STRING"}, {"name": "A", "type": "STRING"}]),
        json!([{"name": "a", "type": "WIBBLE"}]),
        json!([{"name": "a", "type": "RECORD"}]),
        json!([{"name": "a", "type": "STRING", "mode": "SOMETIMES"}]),
    ] {
        let body = json!({"tableReference": {"tableId": "t"}, "schema": {"fields": fields}});
        let (status, answer) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    let (status, answer) = api.call(Method::GET, "wibble", None).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("GET /bigquery/v2/projects/p/wibble"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_table_grows_and_refuses_to_shrink() {
    let api = Api::start().await;
    let fields = json!([
        {"name": "Id", "type": "STRING", "mode": "REQUIRED", "description": "the key"},
        {"name": "r", "type": "STRUCT", "mode": "REPEATED", "fields": [{"name": "x", "type": "INT64"}]},
    ]);
    let body = json!({"tableReference": {"tableId": "t"}, "schema": {"fields": fields}, "description": "d",
        "clustering": {"fields": ["Id"]}, "tableConstraints": {"primaryKey": {"columns": ["Id"]}}});
    let (status, made) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["schema"]["fields"][1]["type"], "RECORD");
    assert_eq!((&made["numRows"], &made["type"]), (&json!("0"), &json!("TABLE")));
    api.query("INSERT INTO d.t VALUES ('a', [STRUCT(1)])").await;

    let mut schema = made["schema"].clone();
    schema["fields"][0]["mode"] = json!("NULLABLE");
    schema["fields"][1]["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "y", "type": "STRING"}));
    schema["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "n", "type": "NUMERIC"}));
    let (status, grown) = api
        .call(Method::PATCH, "datasets/d/tables/t", Some(json!({"schema": schema})))
        .await;
    assert_eq!(status, StatusCode::OK, "{grown}");
    assert_eq!(grown["schema"]["fields"][0]["description"], "the key");
    assert_eq!(grown["description"], "d");
    api.query("INSERT INTO d.t VALUES (NULL, [STRUCT(2, 'y')], 1.5)").await;
    assert_eq!(
        api.rows("SELECT * FROM d.t ORDER BY Id").await,
        json!([[null, [["2", "y"]], "1.5"], ["a", [["1", null]], null]])
    );

    for fields in [
        json!([{"name": "Id", "type": "STRING"}]),
        json!([{"name": "Id", "type": "INT64"}, grown["schema"]["fields"][1], grown["schema"]["fields"][2]]),
    ] {
        let body = json!({"schema": {"fields": fields}});
        let (status, answer) = api.call(Method::PATCH, "datasets/d/tables/t", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .starts_with("Provided Schema does not match Table p:d.t")
        );
    }
    assert_eq!(api.get("datasets/d/tables/t").await["schema"], grown["schema"]);
    let (status, _) = api.call(Method::DELETE, "datasets/d/tables/t", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        api.call(Method::DELETE, "datasets/d/tables/t", None).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_expired_table_is_gone() {
    let api = Api::start().await;
    let soon = std::time::SystemTime::now() + std::time::Duration::from_millis(1500);
    let soon = soon
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .to_string();
    let body = json!({"tableReference": {"tableId": "t"}, "expirationTime": soon,
        "schema": {"fields": [{"name": "x", "type": "INT64"}]}});
    assert_eq!(
        api.call(Method::POST, "datasets/d/tables", Some(body.clone())).await.0,
        StatusCode::OK
    );
    assert_eq!(
        api.call(Method::GET, "datasets/d/tables/t", None).await.0,
        StatusCode::OK
    );
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while api.call(Method::GET, "datasets/d/tables/t", None).await.0 == StatusCode::OK {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(api.try_query("SELECT * FROM d.t").await.0, StatusCode::NOT_FOUND);
    let body = json!({"tableReference": {"tableId": "t"}, "schema": body["schema"]});
    assert_eq!(
        api.call(Method::POST, "datasets/d/tables", Some(body)).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_view_answers_its_query() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT 1 AS a, 'x' AS b").await;
    let body = json!({"tableReference": {"tableId": "v"}, "view": {"query": "SELECT a + 1 AS c FROM `p.d.t`"}});
    let (status, view) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
    assert_eq!((status, &view["type"]), (StatusCode::OK, &json!("VIEW")), "{view}");
    assert_eq!(view["schema"]["fields"][0]["name"], "c");
    assert_eq!(api.rows("SELECT c FROM d.v").await, json!([["2"]]));
    let body = json!({"tableReference": {"tableId": "w"}, "view": {"query": "SELECT nope FROM `p.d.t`"}});
    let (status, answer) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (StatusCode::BAD_REQUEST, &json!("invalidQuery"))
    );
    assert_eq!(
        api.call(Method::GET, "datasets/d/tables/v/data", None).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn rows_come_page_by_page() {
    let api = Api::start().await;
    api.query(
        "CREATE TABLE d.t AS SELECT x, CAST(x AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x",
    )
    .await;
    let mut seen = Vec::new();
    let mut path = "datasets/d/tables/t/data?maxResults=10&selectedFields=x".to_owned();
    loop {
        let page = api.get(&path).await;
        assert_eq!(page["totalRows"], "25");
        seen.extend(plain(&page["rows"]).as_array().unwrap().clone());
        let Some(token) = page["pageToken"].as_str() else { break };
        path = format!("datasets/d/tables/t/data?maxResults=10&selectedFields=x&pageToken={token}");
    }
    let expected: Vec<Value> = (1..=25).map(|x| json!([x.to_string()])).collect();
    assert_eq!(seen, expected);
    let page = api.get("datasets/d/tables/t/data?startIndex=24").await;
    assert_eq!(plain(&page["rows"]), json!([["25", "25"]]));
    assert_eq!(
        api.call(Method::GET, "datasets/d/tables/t/data?pageToken=zzz", None)
            .await
            .0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn insert_all_tells_what_is_wrong_with_each_row() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (id INT64 NOT NULL, d DATE, r ARRAY<STRUCT<b BYTES>>, j JSON, ts TIMESTAMP)")
        .await;
    let path = "datasets/d/tables/t/insertAll";
    let send = |body: Value| api.call(Method::POST, path, Some(body));
    let good = json!({"rows": [
        {"insertId": "1", "json": {"id": 1, "d": "2024-01-02", "r": [{"b": "AQI="}], "j": {"k": [1]}, "ts": 1.5}},
        {"insertId": "2", "json": {"id": "2"}},
    ]});
    assert!(send(good.clone()).await.1["insertErrors"].is_null());
    // The same ids again, within the minute: nothing is doubled.
    assert!(send(good).await.1["insertErrors"].is_null());
    let rows = json!([
        ["1", "2024-01-02", [["AQI="]], "{\"k\":[1]}", "1500000"],
        ["2", null, [], null, null]
    ]);
    assert_eq!(api.rows("SELECT * FROM d.t ORDER BY id").await, rows);

    let bad = json!({"rows": [
        {"json": {"id": "x"}}, {"json": {"id": 3, "nope": 1}}, {"json": {"id": 4, "d": "2024-13-01"}},
        {"json": {"d": "2024-01-01"}}, {"json": {"id": 5}},
    ]});
    let (status, answer) = send(bad.clone()).await;
    assert_eq!(status, StatusCode::OK);
    let reasons: Vec<(u64, &str)> = answer["insertErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["index"].as_u64().unwrap(), e["errors"][0]["reason"].as_str().unwrap()))
        .collect();
    let all = [
        (0, "invalid"),
        (1, "invalid"),
        (2, "invalid"),
        (3, "invalid"),
        (4, "stopped"),
    ];
    assert_eq!(reasons, all, "{answer}");
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.t").await, json!([["2"]]));
    let mut lenient = bad;
    lenient["skipInvalidRows"] = json!(true);
    assert_eq!(send(lenient).await.1["insertErrors"].as_array().unwrap().len(), 4);
    assert_eq!(
        api.rows("SELECT id FROM d.t ORDER BY id").await,
        json!([["1"], ["2"], ["5"]])
    );
}

#[tokio::test]
async fn the_description_names_this_server() {
    let api = Api::start().await;
    for path in ["/$discovery/rest?version=v2", "/discovery/v1/apis/bigquery/v2/rest"] {
        let doc: Value = reqwest::get(format!("{}{path}", api.base))
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(doc["rootUrl"], format!("{}/", api.base));
    }
}
