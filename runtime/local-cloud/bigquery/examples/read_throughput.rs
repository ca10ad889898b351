//! Measures the Storage Read API over the wire: a table's rows by ReadRows as Arrow, and as Avro.
//!
//! `cargo run --release -p headwater-local-bigquery --example read_throughput [ROWS] [STREAMS]`

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use headwater_local_bigquery::wire::storage::big_query_read_client::BigQueryReadClient;
use headwater_local_bigquery::wire::storage::read_rows_response::Rows;
use headwater_local_bigquery::wire::storage::{CreateReadSessionRequest, DataFormat, ReadRowsRequest, ReadSession};
use headwater_local_bigquery::{BigQuery, ObjectStore, Options, StoredObject};
use tonic::transport::Channel;
use tower::ServiceExt;

const MEGABYTE: f64 = 1e6;

struct NoObjects;

impl ObjectStore for NoObjects {
    fn list(&self, _: &str, _: &str) -> std::io::Result<Vec<StoredObject>> {
        Ok(Vec::new())
    }

    fn put(&self, _: &str, _: &str, _: &Path) -> std::io::Result<()> {
        Ok(())
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut args = std::env::args().skip(1);
    let rows: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let streams: i32 = args.next().map_or(Ok(1), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let bigquery = BigQuery::open(Options {
        data_dir: dir.path().to_owned(),
        base_url: "http://127.0.0.1".into(),
        objects: Arc::new(NoObjects),
        memory_limit_mb: 1024,
    })?;
    post(
        &bigquery,
        "datasets",
        r#"{"datasetReference": {"datasetId": "d"}}"#.into(),
    )
    .await?;
    let sql = format!(
        "CREATE TABLE d.t AS SELECT n AS id, CONCAT('name of ', CAST(n AS STRING)) AS name, n * 0.5 AS ratio, \
         NUMERIC '0.01' * n AS amount, TIMESTAMP_SECONDS(n) AS at, DATE '2024-01-01' AS day, MOD(n, 7) = 0 AS flag, \
         TO_HEX(SHA256(CAST(n AS STRING))) AS digest FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS n"
    );
    post(
        &bigquery,
        "queries",
        format!(r#"{{"query": "{sql}", "timeoutMs": 600000}}"#),
    )
    .await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = bigquery.grpc();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let channel = Channel::from_shared(url)?.connect().await?;
    for format in [DataFormat::Arrow, DataFormat::Avro] {
        measure(&channel, format, streams).await?;
    }
    Ok(())
}

async fn post(bigquery: &BigQuery, path: &str, body: String) -> Result<(), Failed> {
    let request = http::Request::post(format!("/bigquery/v2/projects/p/{path}"))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body))?;
    let answer = bigquery.router().oneshot(request).await?;
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await?;
    if !status.is_success() {
        return Err(String::from_utf8_lossy(&body).into_owned().into());
    }
    Ok(())
}

/// Reads all streams of a session at once.
async fn measure(channel: &Channel, format: DataFormat, streams: i32) -> Result<(), Failed> {
    let client = BigQueryReadClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
    let since = Instant::now();
    let request = CreateReadSessionRequest {
        parent: "projects/p".into(),
        read_session: Some(ReadSession {
            table: "projects/p/datasets/d/tables/t".into(),
            data_format: format.into(),
            ..ReadSession::default()
        }),
        max_stream_count: streams,
        preferred_min_stream_count: streams,
    };
    let session = client.clone().create_read_session(request).await?.into_inner();
    let created = since.elapsed().as_secs_f64();
    let reading = Instant::now();
    let mut readers = Vec::new();
    for stream in session.streams {
        let mut client = client.clone();
        readers.push(tokio::spawn(async move {
            let request = ReadRowsRequest {
                read_stream: stream.name,
                ..ReadRowsRequest::default()
            };
            let mut answers = client.read_rows(request).await?.into_inner();
            let (mut rows, mut bytes) = (0, 0);
            while let Some(answer) = answers.message().await? {
                rows += answer.row_count;
                bytes += match &answer.rows {
                    Some(Rows::ArrowRecordBatch(batch)) => batch.serialized_record_batch.len(),
                    Some(Rows::AvroRows(rows)) => rows.serialized_binary_rows.len(),
                    None => 0,
                };
            }
            Ok::<_, tonic::Status>((rows, bytes))
        }));
    }
    let (mut rows, mut bytes) = (0, 0);
    for reader in readers {
        let (more, length) = reader.await??;
        rows += more;
        bytes += length;
    }
    #[allow(clippy::cast_precision_loss)]
    let megabytes = bytes as f64 / MEGABYTE;
    let (read, whole) = (reading.elapsed().as_secs_f64(), since.elapsed().as_secs_f64());
    println!(
        "{:?}: {rows} rows, {megabytes:.1} MB; session in {created:.2} s, ReadRows in {read:.2} s: {:.0} MB/s; both: {:.0} MB/s",
        format,
        megabytes / read,
        megabytes / whole
    );
    Ok(())
}
