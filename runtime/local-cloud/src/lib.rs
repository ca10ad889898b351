//! The local cloud: Google Cloud's services as this project uses them, served on loopback from one process over one
//! durable directory. Google's own clients are what decides whether an answer is right.
//!
//! It refuses to know who calls it: there is nothing here of pipelines, of Salesforce or of Terraform. It shares no code
//! with `headwater-cloud`, which is the other end of the wire. A call that it does not know is answered 501 with the
//! method's name. The command line and tests depend on it; no other crate does.
//!
//! Everything that has been answered is on disk: a `kill -9` loses nothing, and the next start goes on where it was.

mod artifacts;
mod bigquery;
mod blobs;
mod clock;
mod cloud;
mod control;
mod dataflow;
mod dataform;
mod dataplex;
mod error;
mod faults;
mod http;
mod iam;
mod iam_credentials;
mod ids;
mod kms;
mod labels;
mod logging;
mod memory;
mod monitoring;
mod operations;
mod page;
mod platform;
mod projects;
mod pubsub;
mod run;
mod scheduler;
mod secrets;
mod start;
mod storage;
mod store;
mod tokens;

pub use error::Error;
pub use start::{LocalCloud, Options};
