//! Data quality: a suite of expectations, what each means, and its evaluation over Arrow batches.
//!
//! One model ([`Suite`]) is written by the provider, by `headwater quality import` and by hand, and is executed in several
//! places with the same verdict. This crate holds the model, the semantics, the engine that evaluates all expectations of a
//! suite in one pass over record batches, what a gate does with rows, profiles of data, reports to read, and the formats of
//! others: Great Expectations' suites and results, and Dataplex' data quality scans.
//!
//! It refuses to know where data comes from: no files, no network, no tokio, no clock. Batches are handed to it; programs do
//! the reading and writing. Provider, runtime and programs may depend on it.

pub mod dataplex;
pub mod engine;
pub mod gate;
pub mod gx;
mod hcl;
mod literal;
pub mod mask;
pub mod page;
pub mod profile;
pub mod report;
pub mod sql;
pub mod suite;

pub use hcl::hcl;
pub use suite::{Check, Expectation, Suite, SuiteError};
