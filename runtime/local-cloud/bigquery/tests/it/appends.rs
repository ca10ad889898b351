//! Appends that one connection sends without waiting: each has its own answer, whatever it shares a transaction with.

use headwater_local_bigquery::wire::storage::append_rows_request::{ProtoData, Rows};
use headwater_local_bigquery::wire::storage::append_rows_response::Response;
use headwater_local_bigquery::wire::storage::big_query_read_client::BigQueryReadClient;
use headwater_local_bigquery::wire::storage::big_query_write_client::BigQueryWriteClient;
use headwater_local_bigquery::wire::storage::write_stream::Type;
use headwater_local_bigquery::wire::storage::{
    AppendRowsRequest, AppendRowsResponse, CreateReadSessionRequest, CreateWriteStreamRequest, DataFormat, ProtoRows,
    ProtoSchema, ReadSession, WriteStream, read_session,
};
use prost_types::field_descriptor_proto::{Label, Type as Kind};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use serde_json::json;
use tonic::Code;
use tonic::transport::Channel;

use crate::api::Api;

async fn channel(api: &Api) -> Channel {
    Channel::from_shared(api.base.clone()).unwrap().connect().await.unwrap()
}

fn field(number: i32, name: &str, kind: Kind, message: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        type_name: message.map(str::to_owned),
        ..FieldDescriptorProto::default()
    }
}

fn request(stream: &str, offset: Option<i64>, schema: &DescriptorProto, rows: Vec<Vec<u8>>) -> AppendRowsRequest {
    AppendRowsRequest {
        write_stream: stream.into(),
        offset,
        rows: Some(Rows::ProtoRows(ProtoData {
            writer_schema: Some(ProtoSchema {
                proto_descriptor: Some(schema.clone()),
            }),
            rows: Some(ProtoRows {
                serialized_rows: rows.into_iter().map(Into::into).collect(),
            }),
        })),
        ..AppendRowsRequest::default()
    }
}

async fn send(api: &Api, requests: Vec<AppendRowsRequest>) -> Vec<Result<AppendRowsResponse, tonic::Status>> {
    let mut writer = BigQueryWriteClient::new(channel(api).await);
    let mut answers = writer
        .append_rows(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut out = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => out.push(Ok(answer)),
            Ok(None) => return out,
            Err(status) => {
                out.push(Err(status));
                return out;
            }
        }
    }
}

/// What an answer says: an offset, or a code.
fn said(answer: &Result<AppendRowsResponse, tonic::Status>) -> Result<Option<i64>, Code> {
    match answer {
        Ok(answer) => match answer.response.as_ref().unwrap() {
            Response::AppendResult(result) => Ok(result.offset),
            Response::Error(error) => Err(error.code.into()),
        },
        Err(status) => Err(status.code()),
    }
}

#[tokio::test]
async fn each_request_of_a_connection_has_its_own_answer() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (n INT64 NOT NULL)").await;
    let schema = DescriptorProto {
        name: Some("Row".into()),
        field: vec![field(1, "n", Kind::Int64, None)],
        ..DescriptorProto::default()
    };
    let row = |n: i64| {
        let mut bytes = Vec::new();
        prost::encoding::int64::encode(1, &n, &mut bytes);
        bytes
    };
    let create = CreateWriteStreamRequest {
        parent: "projects/p/datasets/d/tables/t".into(),
        write_stream: Some(WriteStream {
            r#type: Type::Committed.into(),
            ..WriteStream::default()
        }),
    };
    let mut writer = BigQueryWriteClient::new(channel(&api).await);
    let stream = writer.create_write_stream(create).await.unwrap().into_inner().name;
    let append = |offset: i64, rows: Vec<Vec<u8>>| request(&stream, Some(offset), &schema, rows);
    let answers = send(
        &api,
        vec![
            append(0, vec![row(1), row(2)]),
            append(2, vec![row(3)]),
            // Sent twice, too far, and without what is required: nothing of them is stored, and the connection goes on.
            append(2, vec![row(3)]),
            append(9, vec![row(9)]),
            append(3, vec![row(4), Vec::new()]),
            append(3, vec![row(4)]),
        ],
    )
    .await;
    let said_all: Vec<Result<Option<i64>, Code>> = answers.iter().map(said).collect();
    assert_eq!(
        said_all,
        [
            Ok(Some(0)),
            Ok(Some(2)),
            Err(Code::AlreadyExists),
            Err(Code::OutOfRange),
            Err(Code::InvalidArgument),
            Ok(Some(3))
        ]
    );
    let wrong = answers[4].as_ref().unwrap();
    assert_eq!((wrong.row_errors.len(), wrong.row_errors[0].index), (1, 1));
    assert_eq!(
        api.rows("SELECT n FROM d.t ORDER BY n").await,
        json!([["1"], ["2"], ["3"], ["4"]])
    );

    // What ends a connection ends it there: what came before is stored, what comes after is not.
    let default = "projects/p/datasets/d/tables/t/streams/_default";
    let mut other = schema.clone();
    other.field.push(field(2, "more", Kind::String, None));
    let answers = send(
        &api,
        vec![
            request(default, None, &schema, vec![row(5)]),
            request(default, None, &other, vec![row(6)]),
            request(default, None, &schema, vec![row(7)]),
        ],
    )
    .await;
    let said_all: Vec<Result<Option<i64>, Code>> = answers.iter().map(said).collect();
    assert_eq!(said_all, [Ok(None), Err(Code::InvalidArgument)]);
    assert_eq!(api.rows("SELECT n FROM d.t WHERE n > 4").await, json!([["5"]]));
}

#[tokio::test]
async fn ranges_are_written_and_read() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (n INT64, during RANGE<DATE>)").await;
    let bounds = DescriptorProto {
        name: Some("Bounds".into()),
        field: vec![field(1, "start", Kind::Int32, None), field(2, "end", Kind::Int32, None)],
        ..DescriptorProto::default()
    };
    let schema = DescriptorProto {
        name: Some("Row".into()),
        field: vec![
            field(1, "n", Kind::Int64, None),
            field(2, "during", Kind::Message, Some("Row.Bounds")),
        ],
        nested_type: vec![bounds],
        ..DescriptorProto::default()
    };
    let row = |n: i64, start: Option<i32>, end: Option<i32>| {
        let (mut inner, mut bytes) = (Vec::new(), Vec::new());
        for (number, bound) in [(1, start), (2, end)] {
            if let Some(bound) = bound {
                prost::encoding::int32::encode(number, &bound, &mut inner);
            }
        }
        prost::encoding::int64::encode(1, &n, &mut bytes);
        prost::encoding::bytes::encode(2, &inner, &mut bytes);
        bytes
    };
    let default = "projects/p/datasets/d/tables/t/streams/_default";
    let rows = vec![row(1, Some(0), Some(31)), row(2, None, Some(1))];
    let answers = send(
        &api,
        vec![
            request(default, None, &schema, rows),
            request(default, None, &schema, vec![row(3, Some(2), Some(1))]),
        ],
    )
    .await;
    assert_eq!(said(&answers[0]), Ok(None));
    assert_eq!(said(&answers[1]), Err(Code::InvalidArgument));
    assert_eq!(
        api.rows(
            "SELECT n, CAST(RANGE_START(during) AS STRING), CAST(RANGE_END(during) AS STRING) FROM d.t ORDER BY n"
        )
        .await,
        json!([["1", "1970-01-01", "1970-02-01"], ["2", null, "1970-01-02"]])
    );
    let request = CreateReadSessionRequest {
        parent: "projects/p".into(),
        read_session: Some(ReadSession {
            table: "projects/p/datasets/d/tables/t".into(),
            data_format: DataFormat::Arrow.into(),
            ..ReadSession::default()
        }),
        max_stream_count: 1,
        ..CreateReadSessionRequest::default()
    };
    let mut reader = BigQueryReadClient::new(channel(&api).await);
    let session = reader.create_read_session(request).await.unwrap().into_inner();
    let Some(read_session::Schema::ArrowSchema(schema)) = &session.schema else {
        panic!("{session:?}");
    };
    let mut stream = schema.serialized_schema.to_vec();
    let read = headwater_local_bigquery::wire::storage::ReadRowsRequest {
        read_stream: session.streams[0].name.clone(),
        ..headwater_local_bigquery::wire::storage::ReadRowsRequest::default()
    };
    let mut answers = reader.read_rows(read).await.unwrap().into_inner();
    while let Some(answer) = answers.message().await.unwrap() {
        if let Some(headwater_local_bigquery::wire::storage::read_rows_response::Rows::ArrowRecordBatch(batch)) =
            answer.rows
        {
            stream.extend_from_slice(&batch.serialized_record_batch);
        }
    }
    let batches = arrow_ipc::reader::StreamReader::try_new(stream.as_slice(), None).unwrap();
    let batches: Vec<_> = batches.map(Result::unwrap).collect();
    let during = batches[0].column_by_name("during").unwrap();
    assert_eq!(
        during.data_type().to_string(),
        "Struct(\"start\": Date32, \"end\": Date32)"
    );
    assert_eq!(batches.iter().fold(0, |rows, batch| rows + batch.num_rows()), 2);
}
