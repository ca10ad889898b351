//! The messages of BigQuery's Storage Write API that the applier uses, by the field numbers of
//! <https://github.com/googleapis/googleapis/blob/master/google/cloud/bigquery/storage/v1/storage.proto>.

use bytes::Bytes;
use prost::Message;
use prost_types::{Any, DescriptorProto};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AppendRowsRequest {
    #[prost(string, tag = "1")]
    pub write_stream: String,
    #[prost(message, optional, tag = "4")]
    pub proto_rows: Option<ProtoData>,
    #[prost(string, tag = "6")]
    pub trace_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProtoData {
    #[prost(message, optional, tag = "1")]
    pub writer_schema: Option<ProtoSchema>,
    #[prost(message, optional, tag = "2")]
    pub rows: Option<ProtoRows>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProtoSchema {
    #[prost(message, optional, tag = "1")]
    pub proto_descriptor: Option<DescriptorProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProtoRows {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub serialized_rows: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AppendRowsResponse {
    #[prost(message, optional, tag = "1")]
    pub append_result: Option<AppendResult>,
    #[prost(message, optional, tag = "2")]
    pub error: Option<RpcStatus>,
    #[prost(message, repeated, tag = "4")]
    pub row_errors: Vec<RowError>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AppendResult {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RowError {
    #[prost(int64, tag = "1")]
    pub index: i64,
    #[prost(string, tag = "3")]
    pub message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// What a refusal carries in its details.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct StorageError {
    #[prost(int32, tag = "1")]
    pub code: i32,
}

impl StorageError {
    /// `SCHEMA_MISMATCH_EXTRA_FIELDS`.
    pub const EXTRA_FIELDS: i32 = 7;
}
