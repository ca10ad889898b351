//! Google's Python libraries against the local cloud, simple-salesforce against the simulator. The checks themselves are in
//! `tests/python`; a script runs all of its own and names those that failed.

use headwater_tests::cloud::Cloud;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::programs;

use super::tools::{run_script, script, script_with};

fn against_the_cloud(name: &str) {
    let cloud = Cloud::start();
    run_script(&mut script(name, &cloud.url()));
}

#[test]
fn google_cloud_storage_objects() {
    against_the_cloud("storage_objects.py");
}

#[test]
fn google_cloud_storage_buckets() {
    against_the_cloud("storage_buckets.py");
}

#[test]
fn google_cloud_bigquery_datasets_and_tables() {
    against_the_cloud("bigquery_tables.py");
}

#[test]
fn google_cloud_bigquery_loads() {
    against_the_cloud("bigquery_loads.py");
}

#[test]
fn google_cloud_bigquery_queries() {
    against_the_cloud("bigquery_queries.py");
}

#[test]
fn google_cloud_bigquery_views_and_routines() {
    against_the_cloud("bigquery_views.py");
}

#[test]
fn google_cloud_bigquery_storage_read() {
    against_the_cloud("bigquery_storage_read.py");
}

#[test]
fn google_cloud_bigquery_storage_write() {
    against_the_cloud("bigquery_storage_write.py");
}

#[test]
fn another_engine_has_the_same_answers() {
    against_the_cloud("second_opinion.py");
}

#[test]
fn sqlalchemy_bigquery_and_the_database_api() {
    let cloud = Cloud::start();
    run_script(&mut script_with(&programs::dbt_python(), "alchemy.py", &cloud.url()));
}

#[test]
fn google_cloud_dataform() {
    against_the_cloud("dataform.py");
}

#[test]
fn google_cloud_dataplex() {
    against_the_cloud("dataplex.py");
}

#[test]
fn google_api_python_client_of_monitoring_and_logging() {
    let cloud = Cloud::start();
    run_script(&mut script_with(
        &programs::beam_python(),
        "monitoring.py",
        &cloud.url(),
    ));
}

#[test]
fn google_api_python_client_of_time_series() {
    let cloud = Cloud::start();
    run_script(&mut script_with(
        &programs::beam_python(),
        "monitoring_series.py",
        &cloud.url(),
    ));
}

#[test]
fn google_cloud_run_worker_pools() {
    against_the_cloud("run_worker_pools.py");
}

#[test]
fn salesforce_change_events() {
    let org = Org::start_with(60, &["--capture", "*"]);
    run_script(
        script("salesforce_events.py", org.url())
            .env("CLIENT_ID", CLIENT_ID)
            .env("CLIENT_SECRET", CLIENT_SECRET),
    );
}

#[test]
fn simple_salesforce() {
    // Accounts beyond 2,000, the size of a page of a query's result.
    let org = Org::start(2500);
    run_script(
        script("salesforce.py", org.url())
            .env("CLIENT_ID", CLIENT_ID)
            // Not an argument: other tests look for it in the list of processes.
            .env("CLIENT_SECRET", CLIENT_SECRET),
    );
}
