//! Drives the REST API over HTTP.
fn main() {}
