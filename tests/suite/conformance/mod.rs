//! Independent clients against our servers: Google's own tools and libraries against the local cloud, simple-salesforce
//! against the simulator. They decide whether an answer is right; nothing of ours is on their side of the wire.
//!
//! A module for each client. The Python scripts are in `tests/python`.

mod bq;
mod dataform;
mod dbt;
mod dist;
mod durability;
mod gcloud;
mod gcloud_monitoring;
mod gcloud_storage;
mod gcp_bigquery_client;
mod github;
mod gsutil;
mod image;
mod made;
mod pubsub;
mod python;
mod quality;
mod quality_kinds;
pub mod tools;
