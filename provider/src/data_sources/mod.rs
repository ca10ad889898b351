//! The data sources, one module each.

use tfplugin_framework::AnyDataSource;

use crate::resources::pubsub_topic::PubSubTopic;
use crate::rest::Lookup;

pub mod salesforce_object;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyDataSource>> {
    vec![
        Box::new(salesforce_object::SalesforceObject),
        Box::new(Lookup(PubSubTopic)),
    ]
}
