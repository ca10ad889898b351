//! Refusals of the Storage Write API: a fault, and where Google has one the code that clients decide by.

use prost::{Message, Name};
use prost_types::Any;
use tonic::Status;

use crate::error::{Fault, Reason};
use crate::grpc::code;
use crate::wire::rpc;
use crate::wire::storage::StorageError;
use crate::wire::storage::storage_error::StorageErrorCode;

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) fault: Fault,
    code: Option<StorageErrorCode>,
    /// What it is about: the name of a stream or table.
    entity: String,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            code: None,
            entity: String::new(),
        }
    }
}

impl Refusal {
    pub(super) fn storage(code: StorageErrorCode, fault: Fault) -> Self {
        Self {
            fault,
            code: Some(code),
            entity: String::new(),
        }
    }

    /// Fields of the writer's schema that the table does not have.
    pub(super) fn extra_fields(extra: &[String], path: &str) -> Self {
        Self::storage(
            StorageErrorCode::SchemaMismatchExtraFields,
            Fault::invalid(format!(
                "Input schema has more fields than BigQuery schema, extra fields: {} (in {path})",
                extra.join(", ")
            )),
        )
    }

    pub(super) fn about(mut self, entity: &str) -> Self {
        entity.clone_into(&mut self.entity);
        self
    }

    pub(super) fn stream_not_found(stream: &str) -> Self {
        Self::storage(
            StorageErrorCode::StreamNotFound,
            Fault::not_found("Write stream", stream),
        )
        .about(stream)
    }

    pub(super) fn finalized(stream: &str) -> Self {
        let fault = Fault::invalid(format!("The stream is finalized and takes no more rows: {stream}"));
        Self::storage(StorageErrorCode::StreamFinalized, fault).about(stream)
    }

    pub(super) fn wrong_type(stream: &str, message: &str) -> Self {
        Self::storage(StorageErrorCode::InvalidStreamType, Fault::invalid(message)).about(stream)
    }

    /// An offset that is not the next one.
    pub(super) fn offset(stream: &str, expected: i64, received: i64) -> Self {
        let detail = format!("expected offset {expected}, received {received}, Entity: {stream}");
        let (code, reason, what) = if received < expected {
            (
                StorageErrorCode::OffsetAlreadyExists,
                Reason::Duplicate,
                "already exists",
            )
        } else {
            (
                StorageErrorCode::OffsetOutOfRange,
                Reason::OutOfRange,
                "is beyond the end of the stream",
            )
        };
        let fault = Fault::new(reason, format!("The offset {what}, {detail}"));
        Self::storage(code, fault).about(stream)
    }

    /// Whether a connection goes on after it.
    pub(super) fn is_answered(&self) -> bool {
        use StorageErrorCode::{OffsetAlreadyExists, OffsetOutOfRange, StreamFinalized};
        matches!(
            self.code,
            Some(OffsetAlreadyExists | OffsetOutOfRange | StreamFinalized)
        )
    }

    /// For an answer that lists what is wrong with streams.
    pub(super) fn error(&self) -> StorageError {
        StorageError {
            code: self.code.unwrap_or_default().into(),
            entity: self.entity.clone(),
            error_message: self.fault.message.clone(),
        }
    }

    /// As it stands in an answer.
    pub(super) fn status(&self) -> rpc::Status {
        let details = self.code.map(|_| Any {
            type_url: format!("type.googleapis.com/{}", StorageError::full_name()),
            value: self.error().encode_to_vec(),
        });
        rpc::Status {
            code: code(self.fault.reason).into(),
            message: self.fault.message.clone(),
            details: details.into_iter().collect(),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let details = refusal.status().encode_to_vec();
        Self::with_details(code(refusal.fault.reason), refusal.fault.message, details.into())
    }
}
