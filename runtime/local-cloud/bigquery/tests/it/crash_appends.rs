//! A server process that is killed in the middle of appends: what was acknowledged is there once, each request is there
//! whole or not at all, and a writer goes on at the offset where it was.

use std::time::Duration;

use headwater_local_bigquery::wire::storage::append_rows_request::{ProtoData, Rows};
use headwater_local_bigquery::wire::storage::append_rows_response::Response;
use headwater_local_bigquery::wire::storage::big_query_write_client::BigQueryWriteClient;
use headwater_local_bigquery::wire::storage::write_stream::Type;
use headwater_local_bigquery::wire::storage::{
    AppendRowsRequest, BatchCommitWriteStreamsRequest, CreateWriteStreamRequest, FinalizeWriteStreamRequest, ProtoRows,
    ProtoSchema, WriteStream,
};
use prost_types::field_descriptor_proto::{Label, Type as Kind};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use serde_json::json;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::transport::Channel;

use crate::crash::{Client, start};

const TABLE: &str = "projects/p/datasets/d/tables/t";
/// Rows of a request.
const BATCH: i64 = 50;
const KILLS: u64 = 12;

/// A message with one field, `id`.
fn schema() -> ProtoSchema {
    let id = FieldDescriptorProto {
        name: Some("id".into()),
        number: Some(1),
        label: Some(Label::Optional.into()),
        r#type: Some(Kind::Int64.into()),
        ..FieldDescriptorProto::default()
    };
    ProtoSchema {
        proto_descriptor: Some(DescriptorProto {
            name: Some("Row".into()),
            field: vec![id],
            ..DescriptorProto::default()
        }),
    }
}

/// Rows with the numbers from `first` on as their ids.
fn request(stream: &str, first: i64) -> AppendRowsRequest {
    let row = |id: i64| {
        let mut bytes = vec![0x08];
        prost::encoding::encode_varint(id.cast_unsigned(), &mut bytes);
        bytes.into()
    };
    let rows = ProtoRows {
        serialized_rows: (first..first + BATCH).map(row).collect(),
    };
    AppendRowsRequest {
        write_stream: stream.into(),
        offset: Some(first),
        rows: Some(Rows::ProtoRows(ProtoData {
            writer_schema: Some(schema()),
            rows: Some(rows),
        })),
        ..AppendRowsRequest::default()
    }
}

async fn writer(base: &str) -> Option<BigQueryWriteClient<Channel>> {
    let channel = Channel::from_shared(base.to_owned()).ok()?.connect().await.ok()?;
    Some(BigQueryWriteClient::new(channel))
}

/// Appends from an offset on until the server is gone; the offset after the last request that was acknowledged.
async fn append(base: &str, stream: &str, from: i64) -> i64 {
    let Some(mut client) = writer(base).await else {
        return from;
    };
    let (requests, out) = tokio::sync::mpsc::channel(4);
    let name = stream.to_owned();
    tokio::spawn(async move {
        let mut first = from;
        while requests.send(request(&name, first)).await.is_ok() {
            first += BATCH;
        }
    });
    let Ok(answers) = client.append_rows(ReceiverStream::new(out)).await else {
        return from;
    };
    let mut answers = answers.into_inner();
    let mut acknowledged = from;
    while let Some(Ok(answer)) = answers.next().await {
        match answer.response {
            Some(Response::AppendResult(result)) => {
                assert_eq!(result.offset, Some(acknowledged));
                acknowledged += BATCH;
            }
            // Stored by the process that was killed before it could say so.
            Some(Response::Error(error)) if error.code == i32::from(Code::AlreadyExists) => acknowledged += BATCH,
            other => panic!("{other:?}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_was_acknowledged_is_there_once() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
    let (mut child, base) = start(dir.path());
    let mut client = Client {
        http: reqwest::Client::new(),
        base,
    };
    client
        .post("datasets", json!({"datasetReference": {"datasetId": "d"}}))
        .await
        .unwrap();
    client
        .post("queries", json!({"query": "CREATE TABLE d.t (id INT64 NOT NULL)"}))
        .await
        .unwrap();
    let mut streams = Vec::new();
    for kind in [Type::Committed, Type::Pending] {
        let request = CreateWriteStreamRequest {
            parent: TABLE.into(),
            write_stream: Some(WriteStream {
                r#type: kind.into(),
                ..WriteStream::default()
            }),
        };
        let mut writer = writer(&client.base).await.unwrap();
        streams.push(writer.create_write_stream(request).await.unwrap().into_inner().name);
    }
    let mut acknowledged = [0, 0];
    for round in 0..KILLS {
        let which = usize::from(round % 3 == 2);
        let (base, stream, from) = (client.base.clone(), streams[which].clone(), acknowledged[which]);
        let appending = tokio::spawn(async move { append(&base, &stream, from).await });
        // The moment of death moves through the appends; nothing waits for it.
        tokio::time::sleep(Duration::from_millis(150 + 37 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged[which] = appending.await.unwrap();
        let (next, base) = start(dir.path());
        child = next;
        client.base = base;
        let rows = i64::try_from(client.count("t", "TRUE").await.unwrap()).unwrap();
        assert!(
            rows >= acknowledged[0] && rows % BATCH == 0,
            "round {round}: {rows} rows, {} acknowledged",
            acknowledged[0]
        );
        let distinct = client.count("t", &format!("id < {rows}")).await.unwrap();
        assert_eq!(
            i64::try_from(distinct).unwrap(),
            rows,
            "round {round}: a row is there twice or missing"
        );
    }
    assert!(
        acknowledged[0] > 0 && acknowledged[1] > 0,
        "nothing was appended: {acknowledged:?}"
    );
    let before = client.count("t", "TRUE").await.unwrap();
    let mut writer = writer(&client.base).await.unwrap();
    let name = streams[1].clone();
    let pending = writer.finalize_write_stream(FinalizeWriteStreamRequest { name }).await;
    let pending = pending.unwrap().into_inner().row_count;
    assert!(
        pending >= acknowledged[1] && pending % BATCH == 0,
        "{pending} {acknowledged:?}"
    );
    let commit = BatchCommitWriteStreamsRequest {
        parent: TABLE.into(),
        write_streams: vec![streams[1].clone()],
    };
    writer.batch_commit_write_streams(commit).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, base) = start(dir.path());
    client.base = base;
    let after = client.count("t", "TRUE").await.unwrap();
    assert_eq!(
        after,
        before + pending.cast_unsigned(),
        "a commit that was answered is whole"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}
