//! Why a local cloud does not start.

use std::path::PathBuf;

/// Why a local cloud does not start. [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process serves from the same directory.
    #[error("the data directory {} is in use by another local cloud{}", .dir.display(), .holder.as_deref().map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The other process, if it said who it is.
        holder: Option<String>,
    },
    /// The directory cannot be used.
    #[error("the data directory {} cannot be used", .dir.display())]
    DataDir {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file of metadata cannot be opened.
    #[error("the store {} cannot be opened", .path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file in which calls are written down cannot be opened.
    #[error("calls cannot be recorded in {}", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The threads and clients that the services work with cannot be made.
    #[error("the local cloud cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The port is taken or not allowed.
    #[error("port {port} on 127.0.0.1 cannot be listened on")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Error::Locked { .. } => {
                "stop it with `headwater local down`, or choose another directory with --data-dir".to_owned()
            }
            Error::DataDir { dir, .. } => {
                format!(
                    "make sure that {} is a directory that you may write to, or choose another one",
                    dir.display()
                )
            }
            Error::Store { path, .. } => format!(
                "if {} is damaged, `headwater local reset` removes it together with everything stored",
                path.display()
            ),
            Error::Record { .. } => "choose another file with --record, or leave it out".to_owned(),
            Error::Setup(_) => "the machine is probably out of memory, threads or file descriptors".to_owned(),
            Error::Listen { port, .. } => {
                format!("see what listens on port {port}, or choose another one with --port (0 takes any free one)")
            }
        }
    }
}
