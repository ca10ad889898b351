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
    /// The data does not satisfy its suite; or an audit that is to be strict has found something.
    Refused = 3,
    /// Stopped early by a limit or a deadline; running again resumes.
    Resumable = 4,
    /// There is no verdict on the data: some expectation could not be evaluated.
    NoVerdict = 5,
    /// Interrupted after a clean drain.
    Interrupted = 130,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
