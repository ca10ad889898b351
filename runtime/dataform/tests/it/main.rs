//! The crate over whole projects.
