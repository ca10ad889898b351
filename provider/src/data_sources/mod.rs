//! The data sources, one module each.

use tfplugin_framework::AnyDataSource;

pub mod salesforce_object;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyDataSource>> {
    vec![Box::new(salesforce_object::SalesforceObject)]
}
