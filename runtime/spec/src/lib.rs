//! The contract between `terraform-provider-headwater` and the runtime `headwater`.
//!
//! One versioned document, the [`PipelineSpec`], is written by the provider to the lake and read by the runtime; everything
//! that both sides must agree on lives here: its types, the names of objects in the lake and of jobs and tables in BigQuery,
//! the type system that leads from Salesforce to BigQuery, the rules of schema evolution, and the records of runs.
//!
//! The model of a suite stands in `headwater-suite`, which this crate contains as it is.
//!
//! This crate is pure: no IO, no tokio, no clock of its own, no client of anything. Anyone may depend on it.

mod beam;
mod column;
mod connection;
mod dq;
mod dq_tables;
mod evolution;
mod glob;
mod json_path;
mod lake;
mod name;
mod pipeline;
mod run;
mod schedule;
mod secret;
mod stream;
mod stream_engine;
mod stream_scaling;
mod stream_tables;
mod stream_view;
mod window;

pub use beam::{dataflow_job, dataflow_launch};
pub use column::{BigQueryType, Column, Mode};
pub use connection::{SalesforceAuth, SalesforceConnection, SecretRef};
pub use dq::{AlertOn, DqAlert, DqExecution, DqFiles, DqIncremental, DqResults, DqSamples, DqSuiteSpec, DqTarget};
pub use dq_tables::{DQ_RESULT_COLUMNS, DQ_RUN_COLUMNS, dq_table};
pub use evolution::{Change, Drift, Evolution, EvolutionError, evolve, widen};
pub use glob::{Glob, GlobError};
pub use json_path::{JsonPath, JsonPathError};
pub use lake::{GcsUrl, GcsUrlError, LakeLayout, ObjectPaths};
pub use name::{
    NameError, QUARANTINE_COLUMNS, apply_job_id, check_object_name, check_pipeline_name, gate_run_id, load_job_id,
    merge_job_id, quarantine_job_id, quarantine_table, staging_table, verdict_job_id, watermark_job_id,
};
pub use pipeline::{
    API_VERSION, ApiBudget, DatasetRef, Deletes, ObjectSpec, PipelineSpec, ReadMode, SalesforceExtractSpec, SpecError,
};
pub use run::{Api, ErrorRecord, GateVerdict, ObjectRun, Phase, RunState, RunTotals};
pub use schedule::{Schedule, ScheduleError};
pub use secret::Secret;
pub use stream::{
    Batching, CdcStreamSpec, Debezium, DriftPolicy, EntitySpec, Mapping, MessageFormat, Operation, SalesforceSource,
    StreamDeletes, StreamSource, SubscriptionSource, Transport,
};
pub use stream_engine::{Dataflow, Engine};
pub use stream_scaling::{Scaling, worker_pool};
pub use stream_tables::{
    CHANGELOG_COLUMNS, CHANGELOG_KEY, CURRENT_COLUMNS, SystemColumn, entity_columns, entity_field,
};
pub use window::{Manifest, Part, Watermark, Window};
