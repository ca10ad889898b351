//! Tests from outside the crate.

mod generated;
