//! Rows as the Storage Write API takes them.

use headwater_local_bigquery::wire::storage::append_rows_request::{ProtoData, Rows};
use headwater_local_bigquery::wire::storage::write_stream::Type;
use headwater_local_bigquery::wire::storage::{
    AppendRowsRequest, CreateWriteStreamRequest, ProtoRows, ProtoSchema, WriteStream,
};
use prost::encoding;
use prost_types::field_descriptor_proto::{Label, Type as Kind};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::Client;

pub fn table(name: &str) -> String {
    format!("projects/p/datasets/d/tables/{name}")
}

fn schema(fields: &[(&str, Kind)]) -> ProtoSchema {
    let field = |(number, (name, kind)): (i32, &(&str, Kind))| FieldDescriptorProto {
        name: Some((*name).into()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some((*kind).into()),
        ..FieldDescriptorProto::default()
    };
    ProtoSchema {
        proto_descriptor: Some(DescriptorProto {
            name: Some("Row".into()),
            field: (1..).zip(fields).map(field).collect(),
            ..DescriptorProto::default()
        }),
    }
}

fn request(stream: &str, offset: Option<i64>, schema: ProtoSchema, rows: Vec<Vec<u8>>) -> AppendRowsRequest {
    AppendRowsRequest {
        write_stream: stream.into(),
        offset,
        rows: Some(Rows::ProtoRows(ProtoData {
            writer_schema: Some(schema),
            rows: Some(ProtoRows {
                serialized_rows: rows.into_iter().map(Into::into).collect(),
            }),
        })),
        ..AppendRowsRequest::default()
    }
}

/// Rows `(batch, i)` for each `i` of a range.
pub fn pieces(stream: &str, offset: Option<i64>, batch: i64, i: std::ops::Range<i64>) -> AppendRowsRequest {
    let row = |i: i64| {
        let mut bytes = Vec::new();
        encoding::int64::encode(1, &batch, &mut bytes);
        encoding::int64::encode(2, &i, &mut bytes);
        bytes
    };
    let schema = schema(&[("batch", Kind::Int64), ("i", Kind::Int64)]);
    request(stream, offset, schema, i.map(row).collect())
}

/// The same change of rows `(key, version)` for each key of a range.
pub fn changes(stream: &str, keys: std::ops::Range<i64>, version: i64, kind: &str) -> AppendRowsRequest {
    let row = |key: i64| {
        let mut bytes = Vec::new();
        encoding::int64::encode(1, &key, &mut bytes);
        encoding::int64::encode(2, &version, &mut bytes);
        encoding::string::encode(3, &kind.to_owned(), &mut bytes);
        encoding::string::encode(4, &format!("{version:X}"), &mut bytes);
        bytes
    };
    let schema = schema(&[
        ("key", Kind::Int64),
        ("version", Kind::Int64),
        ("_CHANGE_TYPE", Kind::String),
        ("_CHANGE_SEQUENCE_NUMBER", Kind::String),
    ]);
    request(stream, None, schema, keys.map(row).collect())
}

/// The name of a new stream, unless the server is gone.
pub async fn create(client: &Client, name: &str, kind: Type) -> Option<String> {
    let request = CreateWriteStreamRequest {
        parent: table(name),
        write_stream: Some(WriteStream {
            r#type: kind.into(),
            ..WriteStream::default()
        }),
    };
    let mut writer = client.writer().await?;
    Some(writer.create_write_stream(request).await.ok()?.into_inner().name)
}
