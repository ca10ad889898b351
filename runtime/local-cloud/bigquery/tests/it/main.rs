//! Drives the REST API over HTTP, as clients do; DuckDB is never spoken to here.

mod api;
mod crash;
mod jobs;
mod loads;
mod resources;
