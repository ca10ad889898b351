//! Great Expectations' formats: suites are read, of version 1 and of the versions before; validation results are written, as
//! version 1.24 writes them.

mod condition;
mod config;
mod import;
mod kwargs;
mod result;

#[cfg(test)]
mod tests;

pub use config::{Config, config};
pub use import::{ImportError, Imported, Refused, import, is_suite, restore};
pub use result::{ResultFormat, RunInfo, VERSION, validation_result};
