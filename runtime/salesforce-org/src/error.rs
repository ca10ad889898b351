//! What can go wrong outside a request: directories, files, ports. Errors of the simulated APIs live in `http::fault`.

use std::path::{Path, PathBuf};

/// Failures of generating or starting an org.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was attempted, as a verb: `read`, `write`, `create`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The directory holds no org.
    #[error("{} holds no generated org", path.display())]
    NoOrg {
        /// The directory.
        path: PathBuf,
    },
    /// The directory already holds something.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the org is damaged or of another version.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that is no object of the org.
    #[error("there is no object {0:?}")]
    UnknownObject(String),
    /// The port could not be bound.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// The cause.
        source: std::io::Error,
    },
    /// An object that cannot be chosen for Change Data Capture.
    #[error("cannot capture changes: {0}")]
    ChangeDataCapture(String),
    /// The certificate for the JWT bearer flow cannot be used.
    #[error("the certificate of the connected app cannot be used: {0}")]
    Certificate(&'static str),
}

impl Error {
    /// What the user can do about it, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::File { .. } => "check that the directory exists, is writable and has free space",
            Self::NoOrg { .. } => "create one first: headwater salesforce generate --dir DIR",
            Self::NotEmpty { .. } => "choose an empty directory, or replace what is there with --overwrite",
            Self::Damaged { .. } => "generate the org anew: the same seed gives the same data",
            Self::UnknownObject(_) | Self::ChangeDataCapture(_) => {
                "the org has User, Account, Contact, Lead, Opportunity, OpportunityLineItem, Product2, Task, Case and Campaign"
            }
            Self::Listen { .. } => {
                "is another org served there? choose another port with --port, or --port 0 for any free one"
            }
            Self::Certificate(_) => "give an RSA certificate or public key as PEM",
        })
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }
}
