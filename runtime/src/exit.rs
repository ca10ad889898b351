//! The exit status of every command. The numbers are an interface: documented in docs/cli.md and never given another meaning.
//! `headwater quality` has a scheme of its own, in which verdicts about data have numbers: there, wrong usage is 1.

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
    /// The data does not satisfy its suite.
    Refused = 3,
    /// Stopped early by a limit or a deadline; running again resumes.
    Resumable = 4,
    /// `headwater quality`: there is no verdict for some expectation.
    NoVerdict = 3,
    /// Interrupted after a clean drain.
    Interrupted = 130,
}

impl Exit {
    /// `headwater quality`: the data fails its suite. The number is that of wrong usage elsewhere.
    pub const DATA_FAILED: Self = Self::Usage;
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
