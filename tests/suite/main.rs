//! The suite of tests with real programs: one binary, a module for each theme.

#![expect(clippy::unwrap_used, reason = "a test's failure is a panic that says where")]

mod acceptance;
mod chaos;
mod conformance;
mod faults;
mod first_steps;
mod local_cloud;
mod stream_chaos;
