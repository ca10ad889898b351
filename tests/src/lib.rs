//! The harness of the tests that drive real programs: our binaries as child processes, the real terraform, Google's tools.
//!
//! It links none of the project's crates: a test sees what a user sees. `cargo xtask test` builds the programs and says where
//! they are; without it every test fails and says so, none is left out silently. Nothing here is part of the product.

#![expect(clippy::unwrap_used, reason = "a test's failure is a panic that says where")]

pub mod bigquery;
pub mod browser;
pub mod cloud;
pub mod emulator;
pub mod inventory;
pub mod org;
pub mod pipeline;
pub mod programs;
pub mod server;
pub mod stream_chaos;
pub mod terraform;
pub mod truth;

use std::time::{Duration, Instant};

/// Waits until `look` yields something, and panics with `what` when it has not within `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
