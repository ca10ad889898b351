//! The managed resources, one module each.

use tfplugin_framework::AnyResource;

use crate::rest::Rest;

pub mod bigquery_dataset;
pub(crate) mod pubsub_topic;
pub mod runtime;
pub mod salesforce_connection;
pub mod salesforce_extract;
pub mod storage_bucket;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyResource>> {
    vec![
        Box::new(storage_bucket::StorageBucket),
        Box::new(bigquery_dataset::BigQueryDataset),
        Box::new(salesforce_connection::Connection),
        Box::new(Rest(pubsub_topic::PubSubTopic)),
        Box::new(runtime::Runtime),
        Box::new(salesforce_extract::Extract),
    ]
}
