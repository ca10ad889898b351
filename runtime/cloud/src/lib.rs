//! Google Cloud, as the provider and the runtime see it: where its services are, who asks, how a failed request is
//! classified and retried, thin typed calls on Storage, BigQuery, Cloud Run, Scheduler and Secret Manager, and the documents
//! of any other service by name.
//!
//! What this crate refuses to know: PipelineSpec, Salesforce, Terraform, and whether the other side is Google or the
//! local cloud. The difference between the two is data: an endpoint and a credential. `provider`, `runtime` and the
//! executors may depend on it; it depends on none of them.
//!
//! # Which of Google's crates, and which not
//! - `google-cloud-auth` obtains tokens (service accounts, users, workload identity, metadata server).
//! - `google-cloud-storage`'s `Storage` moves object bytes: resumable uploads that survive a broken connection,
//!   checksums, resumed downloads.
//! - Resources (buckets, datasets, tables, jobs, secrets, …) are JSON documents over REST here, because Terraform must
//!   tell `null` from absent and needs etags and metagenerations, which the generated builders hide; because
//!   `StorageControl` speaks only gRPC; and because five generated crates cost a minute of compilation for about
//!   forty calls. A document that we read, change and write back keeps the fields that we do not know.
//!
//! # Cost
//! [`Cloud::connect`] only resolves settings. HTTP clients, TLS roots and tokens are made at the first request of each
//! kind, because a Terraform provider process must start within milliseconds.

mod bigquery;
mod client;
mod collections;
mod credentials;
mod dataplex;
mod documents;
mod endpoints;
mod errors;
mod grpc;
mod http_json;
mod image_name;
mod jobs;
mod listing;
mod logging;
mod monitoring;
mod objects;
mod operations;
mod policy;
mod pubsub;
mod registry;
mod retry;
mod routines;
mod run;
mod scheduler;
mod secrets;
mod storage;
mod tokens;
mod turns;

pub use bigquery::{BigQuery, DatasetRef, QueryRows, TableRef};
pub use client::{Cloud, CloudOptions};
pub use credentials::Credentials;
pub use dataplex::{DataScans, ScanJob};
pub use documents::{CreateBy, Documents, Listing, PatchBy};
pub use endpoints::{Endpoints, Service};
pub use errors::{Error, Kind, OptionalExt};
pub use image_name::ImageName;
pub use jobs::{DryRun, JobRef, JobStatus};
pub use listing::Level;
pub use logging::{LogEntry, Logging};
pub use monitoring::Monitoring;
pub use objects::{ByteStream, ObjectBytes, Upload};
pub use operations::Wait;
pub use registry::{BlobSource, Registry};
pub use retry::{Backoff, RetryPolicy};
pub use routines::RoutineRef;
pub use run::{CloudRun, Execution, Overrides};
pub use scheduler::Scheduler;
pub use secrets::{SecretManager, SecretPayload};
pub use storage::{Checksum, Object, ObjectPath, Precondition, Storage, Usage};
pub use tokens::{AccessToken, Impersonation, Tokens};

/// A resource as the service sends it: nothing is lost, and `null` and absent stay different.
pub type Document = serde_json::Value;
