//! The compilation of a project with Dataform's own core in an embedded JavaScript engine.

use std::time::Duration;

use crate::{CompilationConfig, Core, Files, Graph};

/// What a compilation may use. A project's code is not trusted to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the engine's heap.
    pub memory: usize,
    /// Wall time.
    pub time: Duration,
    /// Bytes of the engine's stack.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            time: Duration::from_secs(30),
            stack: 4 << 20,
        }
    }
}

/// One of [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Limits")]
pub enum Limit {
    Memory,
    Time,
    Stack,
}

/// Why there is no graph. Errors of a project that the core can tell apart are in [`Graph::errors`] instead.
#[derive(Debug, thiserror::Error)]
pub enum CompileFailure {
    /// The project used more than it may.
    #[error("{message}")]
    Limit {
        /// Which.
        limit: Limit,
        /// Which, its value, and how to raise it.
        message: String,
    },
    /// The project's settings or its core do not fit together.
    #[error("{0}")]
    Project(String),
    /// The engine failed.
    #[error("the compiler failed: {0}")]
    Engine(String),
}

/// Compiles a project. Blocking: call it in `spawn_blocking`.
///
/// # Errors
/// When no graph comes to be. A graph with errors is an answer.
pub fn compile(
    _core: &Core,
    _files: &Files,
    _config: &CompilationConfig,
    _limits: &Limits,
) -> Result<Graph, CompileFailure> {
    Err(CompileFailure::Engine("not written yet".into()))
}
