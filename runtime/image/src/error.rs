//! Why there is no image, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program cannot be read.
    #[error("cannot read the program {}", .path.display())]
    Read {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program cannot be executed in an image of its own.
    #[error("{} cannot be the program of an image: {why}", .path.display())]
    NotExecutable {
        /// The program.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Somebody writes the program.
    #[error("{} was changed while it was read", .path.display())]
    Changed {
        /// The program.
        path: PathBuf,
    },
    /// The layer cannot be written.
    #[error("cannot write the image's layer")]
    Write {
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Read { .. } | Error::NotExecutable { .. } => {
                "name the static `headwater` that `cargo xtask image` builds"
            }
            Error::Changed { .. } => "wait until it is written, and run again",
            Error::Write { .. } => "make room in the directory for temporary files (TMPDIR)",
        }
    }
}
