//! A read session outlives the process that made it: a client goes on where it was.

use headwater_local_bigquery::wire::storage::big_query_read_client::BigQueryReadClient;
use headwater_local_bigquery::wire::storage::{CreateReadSessionRequest, DataFormat, ReadRowsRequest, ReadSession};
use serde_json::json;
use tonic::transport::Channel;

use crate::crash::{Client, start};

const ROWS: i64 = 5000;

async fn reader(base: &str) -> BigQueryReadClient<Channel> {
    let channel = Channel::from_shared(base.to_owned()).unwrap().connect().await.unwrap();
    BigQueryReadClient::new(channel)
}

/// How many rows a stream gives from an offset on.
async fn count(base: &str, stream: &str, offset: i64) -> i64 {
    let request = ReadRowsRequest {
        read_stream: stream.to_owned(),
        offset,
        ..ReadRowsRequest::default()
    };
    let mut answers = reader(base).await.read_rows(request).await.unwrap().into_inner();
    let mut rows = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        rows += answer.row_count;
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_its_process() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
    let (mut child, base) = start(dir.path());
    let client = Client {
        http: reqwest::Client::new(),
        base: base.clone(),
    };
    client
        .post("datasets", json!({"datasetReference": {"datasetId": "d"}}))
        .await
        .unwrap();
    let sql = format!("CREATE TABLE d.t AS SELECT n AS id FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n");
    client.post("queries", json!({"query": sql})).await.unwrap();
    let request = CreateReadSessionRequest {
        parent: "projects/p".into(),
        read_session: Some(ReadSession {
            table: "projects/p/datasets/d/tables/t".into(),
            data_format: DataFormat::Avro.into(),
            ..ReadSession::default()
        }),
        max_stream_count: 1,
        ..CreateReadSessionRequest::default()
    };
    let session = reader(&base)
        .await
        .create_read_session(request)
        .await
        .unwrap()
        .into_inner();
    let stream = session.streams[0].name.clone();
    assert_eq!(count(&base, &stream, 0).await, ROWS);
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, base) = start(dir.path());
    assert_eq!(count(&base, &stream, 10).await, ROWS - 10);
    child.kill().unwrap();
    child.wait().unwrap();
}
