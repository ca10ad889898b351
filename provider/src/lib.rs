//! The Terraform provider for Headwater: resources that declare a Salesforce extract and what it stands on.
//!
//! It turns HCL into a [`headwater_spec::PipelineSpec`] and into resources of Google Cloud. It never moves rows, and it
//! never reads what the runtime writes except the records of runs. It knows nothing of the plugin protocol (that is
//! `tfplugin-framework`), of HTTP (`headwater-cloud`) or of Salesforce's JSON (`headwater-salesforce`). Nothing may
//! depend on it but its own program and the generator of the documentation.

mod clients;
pub mod data_sources;
mod durations;
pub mod environment;
mod ephemeral;
pub mod functions;
mod labels;
pub mod names;
mod network;
mod org;
mod problems;
mod provider;
mod queries;
pub mod resources;
mod rest;
mod settings;

mod stakes;

pub use provider::Headwater;

/// The address in the registries.
pub const SOURCE: &str = "headwater-data/headwater";

/// The version of this provider and of the runtime that belongs to it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
