//! The suite of tests with real programs: one binary, a module for each theme.

mod local_cloud;
