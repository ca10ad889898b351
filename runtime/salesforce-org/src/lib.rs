//! A simulator of a Salesforce org, and the generator of its synthetic data.

mod check;
mod decimal;
mod error;
mod generate;
mod id;
mod jobs;
mod render;
mod results;
mod rng;
mod schema;
mod soql;
mod store;
mod time;

pub use error::Error;
pub use generate::{Generate, Summary, generate};

/// The user as which clients are logged in: the first of the generated users.
pub const INTEGRATION_USER: &str = "integration@headwater.example";
