//! Great Expectations' formats: suites are read, of version 1 and of the versions before; validation results are written, as
//! version 1.24 writes them.

mod condition;
mod config;
mod import;
mod kwargs;

#[cfg(test)]
mod tests;

pub use config::{Config, config};
pub use import::{ImportError, Imported, import, is_suite};
