//! Fetching from an npm registry.
