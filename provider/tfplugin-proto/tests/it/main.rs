//! Tests from outside the crate.

mod fields;
mod generated;
mod values;
