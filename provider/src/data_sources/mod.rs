//! The data sources, one module each; those that are the reading half of a resource are made of it.

use tfplugin_framework::AnyDataSource;

use crate::resources::pubsub_subscription::PubSubSubscription;
use crate::resources::pubsub_topic::PubSubTopic;
use crate::resources::secret::SecretManagerSecret;
use crate::resources::service_account::ServiceAccountLookup;
use crate::rest::Lookup;

pub mod bigquery_dataset;
pub mod bigquery_table;
pub(crate) mod project;
pub mod salesforce_object;
pub(crate) mod secret_version;
pub(crate) mod storage_bucket;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyDataSource>> {
    vec![
        Box::new(bigquery_dataset::BigQueryDataset),
        Box::new(bigquery_table::BigQueryTable),
        Box::new(salesforce_object::SalesforceObject),
        Box::new(project::ProjectSource),
        Box::new(storage_bucket::BucketSource),
        Box::new(Lookup(PubSubTopic)),
        Box::new(Lookup(PubSubSubscription)),
        Box::new(Lookup(SecretManagerSecret)),
        Box::new(secret_version::SecretVersionSource),
        Box::new(ServiceAccountLookup),
    ]
}
