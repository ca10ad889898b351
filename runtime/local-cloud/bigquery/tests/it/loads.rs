//! Load, extract and copy jobs, and uploads.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::i256;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::api::Api;

fn parquet(path: &std::path::Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// What the Salesforce extract writes: one column of each type.
fn part(path: &std::path::Path, ids: &[i64]) {
    let latitude = i256::from_i128(12_345_678_901_234_567) * i256::from_i128(10_i128.pow(23));
    let each = ids.len();
    parquet(
        path,
        vec![
            (
                "Id",
                Arc::new(StringArray::from_iter_values(ids.iter().map(|i| format!("id{i}")))),
            ),
            (
                "Amount",
                Arc::new(
                    Decimal128Array::from(vec![Some(1_500_000_000); each])
                        .with_precision_and_scale(38, 9)
                        .unwrap(),
                ),
            ),
            (
                "Latitude",
                Arc::new(
                    Decimal256Array::from(vec![Some(latitude); each])
                        .with_precision_and_scale(76, 38)
                        .unwrap(),
                ),
            ),
            ("Open", Arc::new(BooleanArray::from(vec![Some(true); each]))),
            ("Count", Arc::new(Int64Array::from(vec![None; each]))),
            ("Day", Arc::new(Date32Array::from(vec![19_723; each]))),
            (
                "Clock",
                Arc::new(Time64MicrosecondArray::from(vec![3_600_000_000; each])),
            ),
            (
                "Stamp",
                Arc::new(TimestampMicrosecondArray::from(vec![1_704_067_200_000_000; each]).with_timezone("UTC")),
            ),
        ],
    );
}

#[tokio::test]
async fn parquet_is_loaded_by_its_own_schema() {
    let api = Api::start().await;
    part(&api.object("part-0.parquet"), &[1, 2]);
    part(&api.object("part-1.parquet"), &[3]);
    let settings = json!({"sourceUris": ["gs://lake/part-*.parquet"], "sourceFormat": "PARQUET",
        "decimalTargetTypes": ["NUMERIC", "BIGNUMERIC"], "writeDisposition": "WRITE_TRUNCATE"});
    let job = api.load("l1", "t", settings.clone()).await;
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    let load = &job["statistics"]["load"];
    assert_eq!(
        (&load["inputFiles"], &load["outputRows"], &load["badRecords"]),
        (&json!("2"), &json!("3"), &json!("0"))
    );
    let types: Vec<Value> = api.get("datasets/d/tables/t").await["schema"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["type"].clone())
        .collect();
    assert_eq!(
        types,
        [
            "STRING",
            "NUMERIC",
            "BIGNUMERIC",
            "BOOLEAN",
            "INTEGER",
            "DATE",
            "TIME",
            "TIMESTAMP"
        ]
    );
    let row = json!([
        "id1",
        "1.5",
        "12.345678901234567",
        "true",
        null,
        "2024-01-01",
        "01:00:00",
        "1704067200000000"
    ]);
    assert_eq!(api.rows("SELECT * FROM d.t ORDER BY Id LIMIT 1").await, json!([row]));
    // Truncating once more leaves three rows, appending makes six.
    api.load("l2", "t", settings.clone()).await;
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.t").await, json!([["3"]]));
    let mut append = settings.clone();
    append["writeDisposition"] = json!("WRITE_APPEND");
    api.load("l3", "t", append).await;
    assert_eq!(api.rows("SELECT COUNT(*) FROM d.t").await, json!([["6"]]));
    let mut empty = settings;
    empty["writeDisposition"] = json!("WRITE_EMPTY");
    let job = api.load("l4", "t", empty).await;
    assert_eq!(job["status"]["errorResult"]["reason"], "duplicate");
}

#[tokio::test]
async fn a_load_is_refused_with_its_reason() {
    let api = Api::start().await;
    part(&api.object("a.parquet"), &[1]);
    let wide: ArrayRef = Arc::new(
        Decimal256Array::from(vec![Some(i256::ONE)])
            .with_precision_and_scale(76, 38)
            .unwrap(),
    );
    parquet(&api.object("tiny.parquet"), vec![("x", wide)]);
    api.query("CREATE TABLE d.t (Id STRING, Amount STRING)").await;
    let base =
        |uri: &str| json!({"sourceUris": [uri], "sourceFormat": "PARQUET", "decimalTargetTypes": ["BIGNUMERIC"]});
    let mut never = base("gs://lake/a.parquet");
    never["createDisposition"] = json!("CREATE_NEVER");
    let mut numeric = base("gs://lake/a.parquet");
    numeric["decimalTargetTypes"] = json!(["NUMERIC"]);
    for (i, (table, settings, reason, message)) in [
        (
            "n",
            base("gs://lake/missing"),
            "notFound",
            "Not found: URI gs://lake/missing",
        ),
        (
            "n",
            base("gs://nobucket/x"),
            "notFound",
            "Not found: URI gs://nobucket/x",
        ),
        (
            "n",
            base("file:///etc/passwd"),
            "invalid",
            "Source URI must be a Google Cloud Storage location",
        ),
        ("n", never, "notFound", "Not found: Table p:d.n"),
        (
            "n",
            numeric,
            "invalid",
            "Error while reading data, error message: a decimal column does not fit NUMERIC",
        ),
        (
            "n",
            base("gs://lake/tiny.parquet"),
            "invalid",
            "the local BigQuery keeps BIGNUMERIC with 20 digits",
        ),
        (
            "t",
            base("gs://lake/a.parquet"),
            "invalid",
            "Provided Schema does not match Table p:d.t. Field Amount has changed type",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let job = api.load(&format!("r{i}"), table, settings).await;
        let error = &job["status"]["errorResult"];
        assert_eq!(error["reason"], reason, "{job}");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
        assert_eq!(job["status"]["errors"][0], *error);
    }
    assert_eq!(
        api.call(reqwest::Method::GET, "datasets/d/tables/n", None).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_load_may_add_and_relax_columns_when_told_so() {
    let api = Api::start().await;
    let ints = |name| (name, Arc::new(Int64Array::from(vec![Some(7)])) as ArrayRef);
    parquet(&api.object("x.parquet"), vec![ints("ID"), ints("extra")]);
    api.query("CREATE TABLE d.t (id INT64 NOT NULL, other STRING)").await;
    let mut settings = json!({"sourceUris": ["gs://lake/x.parquet"], "sourceFormat": "PARQUET"});
    let job = api.load("a1", "t", settings.clone()).await;
    let message = job["status"]["errorResult"]["message"].as_str().unwrap().to_owned();
    assert!(
        message.ends_with("Field ID has changed mode from REQUIRED to NULLABLE"),
        "{message}"
    );
    settings["schemaUpdateOptions"] = json!(["ALLOW_FIELD_RELAXATION"]);
    let job = api.load("a2", "t", settings.clone()).await;
    let message = job["status"]["errorResult"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("Cannot add fields (field: extra)"), "{message}");
    settings["schemaUpdateOptions"] = json!(["ALLOW_FIELD_RELAXATION", "ALLOW_FIELD_ADDITION"]);
    let job = api.load("a3", "t", settings).await;
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    assert_eq!(
        api.rows("SELECT id, other, extra FROM d.t").await,
        json!([["7", null, "7"]])
    );
    assert_eq!(
        api.get("datasets/d/tables/t").await["schema"]["fields"][0]["mode"],
        "NULLABLE"
    );
}

#[tokio::test]
async fn csv_with_all_its_options() {
    let api = Api::start().await;
    std::fs::write(
        api.object("a.csv"),
        "id|name|when\n1|'x|\ny'|2024-01-01 00:00:00\n2|NIL|\n",
    )
    .unwrap();
    let schema = json!({"fields": [{"name": "id", "type": "INT64"}, {"name": "name", "type": "STRING"}, {"name": "when", "type": "TIMESTAMP"}]});
    let job = api
        .load("c1", "a", json!({"sourceUris": ["gs://lake/a.csv"], "sourceFormat": "CSV", "skipLeadingRows": "1", "fieldDelimiter": "|",
            "quote": "'", "allowQuotedNewlines": true, "nullMarker": "NIL", "schema": schema}))
        .await;
    let error = &job["status"]["errorResult"]["message"];
    assert!(
        error.as_str().is_some_and(|e| e.contains("Error while reading data")),
        "an empty TIMESTAMP is no NULL here: {job}"
    );
    std::fs::write(
        api.object("a.csv"),
        "id|name|when\n1|'x|\ny'|2024-01-01 00:00:00\n2|NIL|NIL\n",
    )
    .unwrap();
    let job = api
        .load(
            "c2",
            "a",
            json!({"sourceUris": ["gs://lake/a.csv"], "skipLeadingRows": 1, "fieldDelimiter": "|",
            "quote": "'", "allowQuotedNewlines": true, "nullMarker": "NIL", "schema": schema}),
        )
        .await;
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    assert_eq!(
        api.rows("SELECT * FROM d.a ORDER BY id").await,
        json!([["1", "x|\ny", "1704067200000000"], ["2", null, null]])
    );

    std::fs::write(api.object("b.csv"), "name,n,ok\na,1,true\n\"b\"\"c\",2.5,false\n").unwrap();
    api.load(
        "c3",
        "b",
        json!({"sourceUris": ["gs://lake/b.csv"], "autodetect": true}),
    )
    .await;
    assert_eq!(
        api.rows("SELECT name, n, ok FROM d.b ORDER BY n").await,
        json!([["a", "1.0", "true"], ["b\"c", "2.5", "false"]])
    );

    std::fs::write(api.object("bad.csv"), "1,a\nx,b\n3,c\n").unwrap();
    let schema = json!({"fields": [{"name": "id", "type": "INT64"}, {"name": "name", "type": "STRING"}]});
    let mut settings = json!({"sourceUris": ["gs://lake/bad.csv"], "schema": schema});
    let job = api.load("c4", "bad", settings.clone()).await;
    assert_eq!(job["status"]["errorResult"]["reason"], "invalid", "{job}");
    settings["maxBadRecords"] = json!(1);
    let job = api.load("c5", "bad", settings).await;
    assert_eq!(job["statistics"]["load"]["badRecords"], "1", "{job}");
    assert_eq!(
        api.rows("SELECT id FROM d.bad ORDER BY id").await,
        json!([["1"], ["3"]])
    );
}

#[tokio::test]
async fn newline_delimited_json() {
    let api = Api::start().await;
    std::fs::write(
        api.object("a.json"),
        "{\"id\": 1, \"tags\": [\"x\"], \"in\": {\"k\": 1.5}}\n{\"id\": 2}\n",
    )
    .unwrap();
    api.load(
        "j1",
        "a",
        json!({"sourceUris": ["gs://lake/a.json"], "sourceFormat": "NEWLINE_DELIMITED_JSON", "autodetect": true}),
    )
    .await;
    assert_eq!(
        api.rows("SELECT id, tags, `in`.k FROM d.a ORDER BY id").await,
        json!([["1", ["x"], "1.5"], ["2", [], null]])
    );
    std::fs::write(
        api.object("b.json"),
        "{\"id\": \"5\", \"at\": 1.5, \"n\": \"0.1\", \"b\": \"AQI=\"}\n",
    )
    .unwrap();
    let schema = json!({"fields": [{"name": "id", "type": "INT64"}, {"name": "at", "type": "TIMESTAMP"}, {"name": "n", "type": "NUMERIC"}, {"name": "b", "type": "BYTES"}]});
    let mut settings =
        json!({"sourceUris": ["gs://lake/b.json"], "sourceFormat": "NEWLINE_DELIMITED_JSON", "schema": schema});
    let job = api.load("j2", "b", settings.clone()).await;
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    assert_eq!(
        api.rows("SELECT * FROM d.b").await,
        json!([["5", "1500000", "0.1", "AQI="]])
    );
    settings["schema"] = json!({"fields": [{"name": "id", "type": "INT64"}]});
    let job = api.load("j3", "c", settings.clone()).await;
    assert!(
        job["status"]["errorResult"]["message"]
            .as_str()
            .unwrap()
            .contains("No such field"),
        "{job}"
    );
    settings["ignoreUnknownValues"] = json!(true);
    api.load("j4", "c", settings).await;
    assert_eq!(api.rows("SELECT * FROM d.c").await, json!([["5"]]));
}

#[tokio::test]
async fn a_table_is_copied_and_extracted() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT 1 AS a, 'x,y' AS b").await;
    let reference = |table: &str| json!({"datasetId": "d", "tableId": table});
    let job = api
        .job(
            "cp",
            json!({"copy": {"sourceTable": reference("t"), "destinationTable": reference("u")}}),
        )
        .await;
    assert_eq!(job["status"], json!({"state": "DONE"}), "{job}");
    assert_eq!(api.rows("SELECT * FROM d.u").await, json!([["1", "x,y"]]));
    let extract = json!({"extract": {"sourceTable": reference("u"), "destinationUris": ["gs://lake/out-*.csv"]}});
    let job = api.job("ex", extract).await;
    assert_eq!(
        job["statistics"]["extract"]["destinationUriFileCounts"],
        json!(["1"]),
        "{job}"
    );
    let text = std::fs::read_to_string(api.object("out-000000000000.csv")).unwrap();
    assert_eq!(text, "a,b\n1,\"x,y\"\n");
}

#[tokio::test]
async fn a_file_is_uploaded_in_one_request_or_in_parts() {
    let api = Api::start().await;
    let client = reqwest::Client::new();
    let upload = format!("{}/upload/bigquery/v2/projects/p/jobs", api.base);
    let job = |id: &str, table: &str| {
        json!({"jobReference": {"jobId": id}, "configuration": {"load": {"autodetect": true, "sourceFormat": "CSV",
            "destinationTable": {"datasetId": "d", "tableId": table}}}})
    };
    let body = format!(
        "--zz\r\nContent-Type: application/json\r\n\r\n{}\r\n--zz\r\nContent-Type: */*\r\n\r\na,b\n1,x\n\r\n--zz--",
        job("m", "m")
    );
    let response = client
        .post(format!("{upload}?uploadType=multipart"))
        .header("Content-Type", "multipart/related; boundary=zz")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(api.done("m").await["status"], json!({"state": "DONE"}));
    assert_eq!(api.rows("SELECT * FROM d.m").await, json!([["1", "x"]]));

    let response = client
        .post(format!("{upload}?uploadType=resumable"))
        .json(&job("r", "r"))
        .send()
        .await
        .unwrap();
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let put = |range: &'static str, body: &'static str| {
        client.put(&location).header("Content-Range", range).body(body).send()
    };
    let first = put("bytes 0-3/*", "a,b\n").await.unwrap();
    assert_eq!(
        (first.status().as_u16(), first.headers()["range"].to_str().unwrap()),
        (308, "bytes=0-3")
    );
    let asked = put("bytes */*", "").await.unwrap();
    assert_eq!(asked.status().as_u16(), 308);
    let last = put("bytes 4-7/8", "2,y\n").await.unwrap();
    assert_eq!(last.status(), StatusCode::OK);
    assert_eq!(api.done("r").await["status"], json!({"state": "DONE"}));
    assert_eq!(api.rows("SELECT * FROM d.r").await, json!([["2", "y"]]));
}
