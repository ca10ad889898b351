//! Drives the REST API over HTTP, as clients do; DuckDB is never spoken to here.

#[cfg(test)]
mod api;
#[cfg(test)]
mod appends;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod loads;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod partitions;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod read_sessions;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod routines;
#[cfg(test)]
mod schema_edits;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod views;
