//! A reader of the Storage Read API for `cargo xtask bench warehouse`: all rows of a table by ReadRows, as Arrow and as Avro.
//!
//! `read_throughput URL projects/P/datasets/D/tables/T [STREAMS]` prints
//! `{FORMAT: {"rows", "bytes", "session_seconds", "read_seconds"}}`. Bytes are those of record batches and of Avro rows as they
//! came, without what gRPC puts around them.

#![expect(clippy::print_stdout, reason = "a program's result")]

use std::time::Instant;

use headwater_local_bigquery::wire::storage::big_query_read_client::BigQueryReadClient;
use headwater_local_bigquery::wire::storage::read_rows_response::Rows;
use headwater_local_bigquery::wire::storage::{CreateReadSessionRequest, DataFormat, ReadRowsRequest, ReadSession};
use serde_json::{Value, json};
use tonic::transport::Channel;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(table)) = (args.next(), args.next()) else {
        return Err("usage: read_throughput URL projects/P/datasets/D/tables/T [STREAMS]".into());
    };
    let streams: i32 = args.next().map_or(Ok(1), |text| text.parse())?;
    let channel = Channel::from_shared(url)?.connect().await?;
    let arrow = measure(&channel, &table, DataFormat::Arrow, streams).await?;
    let avro = measure(&channel, &table, DataFormat::Avro, streams).await?;
    println!("{}", json!({"arrow": arrow, "avro": avro}));
    Ok(())
}

/// Makes a session and reads all its streams at once.
async fn measure(channel: &Channel, table: &str, format: DataFormat, streams: i32) -> Result<Value, Failed> {
    let client = BigQueryReadClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
    let project = table.split("/datasets/").next().unwrap_or_default();
    let request = CreateReadSessionRequest {
        parent: project.into(),
        read_session: Some(ReadSession {
            table: table.into(),
            data_format: format.into(),
            ..ReadSession::default()
        }),
        max_stream_count: streams,
        preferred_min_stream_count: streams,
    };
    let since = Instant::now();
    let session = client.clone().create_read_session(request).await?.into_inner();
    let session_seconds = since.elapsed().as_secs_f64();
    let since = Instant::now();
    let mut readers = Vec::new();
    for stream in session.streams {
        readers.push(tokio::spawn(read(client.clone(), stream.name)));
    }
    let (mut rows, mut bytes) = (0, 0);
    for reader in readers {
        let (more, length) = reader.await??;
        rows += more;
        bytes += length;
    }
    let read_seconds = since.elapsed().as_secs_f64();
    Ok(json!({"rows": rows, "bytes": bytes, "session_seconds": session_seconds, "read_seconds": read_seconds}))
}

/// The rows and bytes of one stream.
async fn read(mut client: BigQueryReadClient<Channel>, stream: String) -> Result<(i64, usize), tonic::Status> {
    let request = ReadRowsRequest {
        read_stream: stream,
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
    Ok((rows, bytes))
}
