//! The compilation of a project with Dataform's own core in an embedded JavaScript engine: what goes in, what comes out, and what
//! stops it. The engine lives in `host`, what a project's code finds there in `prelude.js`, the wording and the places of errors
//! in `errors` and `places`.

mod errors;
mod host;
mod lexer;
mod places;
mod request;

use std::time::Duration;

use serde_json::Value;

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

impl Limit {
    /// Which limit it is, its value, and what to do.
    fn message(self, limits: &Limits) -> String {
        match self {
            Self::Memory => format!(
                "the compilation used more than its limit of {} MB of memory; look for a list or text that grows without end, or \
                 raise the memory limit",
                limits.memory >> 20
            ),
            Self::Time => format!(
                "the compilation took longer than its limit of {:?}; look for a loop without end, or raise the time limit",
                limits.time
            ),
            Self::Stack => format!(
                "the compilation nests calls deeper than its limit of {} KB of stack; look for a function that calls itself without \
                 end, or raise the stack limit",
                limits.stack >> 10
            ),
        }
    }
}

/// Why there is no graph. What is wrong with a project is in [`Graph::errors`] instead, and so is a call that nests too deep,
/// which the core reports with its file.
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
    /// The engine failed, or the core is not one.
    #[error("the compiler failed: {0}")]
    Engine(String),
}

/// Compiles a project. Blocking: call it in `spawn_blocking`.
///
/// # Errors
/// When no graph comes to be. A graph with errors is an answer.
pub fn compile(
    core: &Core,
    files: &Files,
    config: &CompilationConfig,
    limits: &Limits,
) -> Result<Graph, CompileFailure> {
    let request = request::encode(host::ROOT, files, config);
    let outcome = on_own_stack(limits, || host::execute(core, files, &request, limits))?;
    let over = |limit: Limit| CompileFailure::Limit {
        limit,
        message: limit.message(limits),
    };
    if outcome.interrupted {
        return Err(over(Limit::Time));
    }
    let sources = errors::Sources {
        files,
        compiled: &outcome.compiled,
        limits,
    };
    if outcome.exhausted {
        return Err(over(Limit::Memory));
    }
    let mut json = match outcome.result {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| CompileFailure::Engine(format!("the graph is not JSON: {error}")))?,
        Err(thrown) if errors::is_out_of_memory(&thrown.message) => return Err(over(Limit::Memory)),
        Err(thrown) => errors::graph_of(&thrown),
    };
    errors::mend(&mut json, &sources);
    read(json)
}

fn read(json: Value) -> Result<Graph, CompileFailure> {
    Graph::from_json(json).map_err(|error| {
        let source = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        CompileFailure::Engine(format!("{error}: {source}"))
    })
}

/// The engine measures its own stack, from where it was entered; the thread's must be larger by what its callbacks use.
fn on_own_stack<T: Send>(
    limits: &Limits,
    work: impl FnOnce() -> Result<T, CompileFailure> + Send,
) -> Result<T, CompileFailure> {
    const CALLBACKS: usize = 2 << 20;
    let failed = |what: &str| CompileFailure::Engine(what.to_owned());
    // A scope, so that the files need not be copied; a thread that was entered with a tracing subscriber keeps it.
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("dataform".to_owned())
            .stack_size(limits.stack + CALLBACKS)
            .spawn_scoped(scope, || tracing::dispatcher::with_default(&dispatch, work))
            .map_err(|error| failed(&format!("no thread: {error}")))?
            .join()
            .map_err(|_| failed("its thread panicked"))?
    })
}
