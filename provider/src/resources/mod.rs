//! The managed resources, one module each.

use tfplugin_framework::AnyResource;

use crate::rest::Rest;

pub mod bigquery_dataset;
pub mod bigquery_materialized_view;
pub mod bigquery_routine;
pub mod bigquery_table;
pub mod bigquery_view;
pub mod cdc_stream;
pub(crate) mod dataform;
pub(crate) mod dataplex_data_scan;
pub mod dq_suite;
mod iam_member;
mod monitoring;
pub(crate) mod pipeline;
pub(crate) mod pubsub_schema;
pub(crate) mod pubsub_subscription;
pub(crate) mod pubsub_topic;
pub mod runtime;
pub mod salesforce_connection;
pub mod salesforce_extract;
pub(crate) mod scheduler_job;
pub(crate) mod secret;
pub(crate) mod secret_version;
pub mod service_account;
pub mod storage_bucket;
pub mod storage_object;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyResource>> {
    let mut all: Vec<Box<dyn AnyResource>> = vec![
        Box::new(storage_bucket::StorageBucket),
        Box::new(storage_object::StorageObject),
        Box::new(service_account::ServiceAccount),
        Box::new(bigquery_dataset::BigQueryDataset),
        Box::new(bigquery_table::BigQueryTable),
        Box::new(bigquery_view::BigQueryView),
        Box::new(bigquery_materialized_view::BigQueryMaterializedView),
        Box::new(bigquery_routine::BigQueryRoutine),
        Box::new(salesforce_connection::Connection),
        Box::new(Rest(pubsub_schema::PubSubSchema)),
        Box::new(Rest(pubsub_topic::PubSubTopic)),
        Box::new(Rest(pubsub_subscription::PubSubSubscription)),
        Box::new(Rest(secret::SecretManagerSecret)),
        Box::new(secret_version::SecretVersion),
        Box::new(Rest(scheduler_job::SchedulerJob)),
        Box::new(Rest(dataform::Repository)),
        Box::new(Rest(dataform::ReleaseConfig)),
        Box::new(Rest(dataform::WorkflowConfig)),
        Box::new(dataform::Project),
        Box::new(Rest(dataplex_data_scan::DataScan)),
        Box::new(Rest(monitoring::NotificationChannel)),
        Box::new(Rest(monitoring::AlertPolicy)),
        Box::new(Rest(monitoring::Dashboard)),
        Box::new(Rest(monitoring::LoggingMetric)),
        Box::new(runtime::Runtime),
        Box::new(salesforce_extract::Extract),
        Box::new(cdc_stream::CdcStream),
        Box::new(dq_suite::DqSuite),
    ];
    all.extend(iam_member::all());
    all
}
