//! A simulator of a Salesforce org, and the generator of its synthetic data.
//!
//! [`generate`] writes an org to a directory: the same seed, the same bytes. [`Simulator`] serves it on loopback through
//! Salesforce's own protocols: OAuth, REST (describe, query, records) and Bulk API 2.0 queries, at
//! `/services/…` as <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/> describes them. What a test
//! needs beyond that (changes, faults, the truth) is under `/_control/…`.
//!
//! This crate knows nothing of Headwater's clients, Google, Arrow or Terraform. Only the command line and tests use it.

mod cdc;
mod change;
mod check;
mod churn;
mod control;
mod decimal;
mod error;
mod generate;
mod http;
mod id;
mod jobs;
mod pubsub;
mod references;
mod render;
mod results;
mod rng;
mod schema;
mod simulate;
mod soql;
mod store;
mod time;

pub use error::Error;
pub use generate::{Generate, Summary, generate};
pub use http::Fault;
pub use simulate::{Simulate, Simulator};

/// The user as which clients are logged in: the first of the generated users.
pub const INTEGRATION_USER: &str = "integration@headwater.example";
