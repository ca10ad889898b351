//! The Storage APIs by gRPC, and faults as gRPC's statuses.

use std::sync::Arc;

use tonic::{Code, Status};

use crate::error::{Fault, Reason};
use crate::service::Service;
use crate::storage_read::Read;
use crate::storage_write::Write;
use crate::wire::storage::big_query_read_server::BigQueryReadServer;
use crate::wire::storage::big_query_write_server::BigQueryWriteServer;

/// A request of AppendRows has at most 20 MB of rows; the rest is for what is around them.
const MOST_REQUEST: usize = 32 << 20;

/// The methods that are served: the service, and the method.
pub const STORAGE_METHODS: &[(&str, &str)] = &[
    ("BigQueryRead", "CreateReadSession"),
    ("BigQueryRead", "ReadRows"),
    ("BigQueryRead", "SplitReadStream"),
    ("BigQueryWrite", "CreateWriteStream"),
    ("BigQueryWrite", "AppendRows"),
    ("BigQueryWrite", "GetWriteStream"),
    ("BigQueryWrite", "FinalizeWriteStream"),
    ("BigQueryWrite", "BatchCommitWriteStreams"),
    ("BigQueryWrite", "FlushRows"),
];

/// All services in one router.
pub(crate) fn router(service: &Arc<Service>) -> axum::Router {
    let mut routes = tonic::service::Routes::builder();
    routes.add_service(BigQueryReadServer::new(Read(Arc::clone(service))));
    let write = BigQueryWriteServer::new(Write(Arc::clone(service)));
    routes.add_service(write.max_decoding_message_size(MOST_REQUEST));
    routes.routes().prepare().into_axum_router()
}

/// Google's canonical code of a reason.
pub(crate) fn code(reason: Reason) -> Code {
    match reason {
        Reason::NotFound => Code::NotFound,
        Reason::Duplicate => Code::AlreadyExists,
        Reason::Invalid | Reason::InvalidQuery | Reason::Required | Reason::BytesBilledLimitExceeded => {
            Code::InvalidArgument
        }
        Reason::ConditionNotMet | Reason::ResourceInUse => Code::FailedPrecondition,
        Reason::OutOfRange => Code::OutOfRange,
        Reason::ResourcesExceeded => Code::ResourceExhausted,
        Reason::Stopped => Code::Cancelled,
        Reason::BackendError => Code::Unavailable,
        Reason::NotImplemented => Code::Unimplemented,
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        Self::new(code(fault.reason), fault.message)
    }
}
