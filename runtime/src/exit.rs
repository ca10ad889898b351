//! The exit status of every command. The numbers are an interface: documented in docs/cli.md and never given another meaning.

use std::process::{ExitCode, Termination};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed; the message says how to mend it.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Stopped early by a limit or a deadline; running again resumes.
    Resumable = 4,
    /// Interrupted after a clean drain.
    Interrupted = 130,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
