//! A suite's literals, read: as the model reads them.

pub use headwater_suite::literal::*;
