//! The model of a suite, which is a crate of its own: whoever reads a pipeline's spec reads it, too.

pub use headwater_suite::*;
