//! The store of cores.

use std::path::PathBuf;

/// Where cores are kept and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreStore {
    /// A folder of ours.
    pub cache: PathBuf,
    /// `https://registry.npmjs.org` or a mirror of it.
    pub registry: String,
}
