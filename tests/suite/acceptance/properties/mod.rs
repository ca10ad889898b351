//! For every resource, hundreds of generated configurations: applied, planned to no change, imported into an empty state,
//! planned to no change, destroyed to nothing.
//!
//! Resources are batched: one configuration holds those of a group, hundreds of each type, over prerequisites that are made
//! once. A type that no group generates fails [`every_type_is_generated`]; an attribute that no configuration sets fails its
//! group. `HEADWATER_TEST_SEED` chooses other configurations than those of every day.

mod coverage;
mod hcl;
mod kinds;
mod random;
mod round;

use std::collections::BTreeSet;

use headwater_tests::cloud::Cloud;
use headwater_tests::terraform::Terraform;
use serde_json::Value;

/// How many configurations of each type there are at least, unless a kind says why not.
const AT_LEAST: usize = 200;

/// The schemas of the provider's resources, as Terraform understands them.
fn schemas(tf: &Terraform) -> Value {
    let all = tf.run(&["providers", "schema", "-json"]).ok().json();
    let providers = all["provider_schemas"].as_object().unwrap();
    let ours = providers
        .values()
        .find(|schema| !schema["resource_schemas"]["headwater_storage_bucket"].is_null());
    ours.expect("the provider's schemas")["resource_schemas"].clone()
}

#[test]
fn every_type_is_generated() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, "");
    let schemas = schemas(&tf);
    let generated: BTreeSet<&str> = kinds::groups()
        .iter()
        .flat_map(|group| group.kinds.iter().map(|kind| kind.type_name))
        .collect();
    let missing: Vec<&str> = schemas
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| !generated.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "no configurations are generated for {missing:?}: add them to tests/suite/acceptance/properties/kinds"
    );
    for group in kinds::groups() {
        for kind in group.kinds {
            let excused = kind.fewer.is_some_and(|why| !why.is_empty());
            assert!(
                kind.count >= AT_LEAST || excused,
                "{}: only {} and no reason",
                kind.type_name,
                kind.count
            );
        }
    }
}

/// A test for each group, so that they run beside each other and fail apart.
macro_rules! rounds {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            round::run(&kinds::$name::group());
        })*

        /// The groups that have a test.
        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

rounds!(
    salesforce,
    streams,
    pubsub,
    dataform,
    dataplex,
    quality,
    bigquery_datasets,
    bigquery_tables,
    bigquery_views,
    bigquery_routines,
    storage,
    secrets,
    scheduler,
    iam,
    monitoring,
);

#[test]
fn every_group_is_run() {
    let all: Vec<&str> = kinds::groups().iter().map(|group| group.name).collect();
    assert_eq!(all, TESTED);
}
