//! The entry point of a provider's program.

use tfplugin_proto::plugin::{self, Handshake, MAX_MESSAGE, PluginError};
use tfplugin_proto::wire::tfplugin6::provider_server::ProviderServer;

use crate::Provider;
use crate::server::Shared;

/// How a provider is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The address in the registry, such as `registry.terraform.io/headwater-data/headwater`; `debug` prints it.
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
    /// The socket, the handshake or the server failed.
    #[error("cannot serve the plugin")]
    Plugin(#[from] PluginError),
    /// The asynchronous runtime could not start.
    #[error("cannot start the runtime")]
    Runtime(#[from] std::io::Error),
}

/// Serves the provider if Terraform started this process (or `debug` is asked for); otherwise returns
/// [`Served::NotAPlugin`] at once. Builds its own tokio runtime, so call it first thing in a plain `fn main`.
pub fn serve<P: Provider>(provider: P, options: &ServeOptions) -> Result<Served, ServeError> {
    let handshake = Handshake::from_env().map_err(PluginError::from)?;
    if handshake.is_none() && !options.debug {
        return Ok(Served::NotAPlugin);
    }
    plugin::hclog::install(provider.name());
    // One thread: a process lives for one walk of the graph, which Terraform itself paces, and mostly waits for the network. More
    // threads would cost each process their start and their share of the allocator. What computes for long does so elsewhere.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let schemas = provider.encoded_schemas();
    let shared = Shared::new(provider);
    // The process ends with it: to give back piece by piece what it has in memory would only have Terraform wait.
    std::mem::forget(shared.clone());
    let service = ProviderServer::new(shared)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let service = plugin::Prepared::new(service, schemas);
    let served = match handshake {
        Some(handshake) => runtime.block_on(plugin::serve(&handshake, service)),
        None => runtime.block_on(plugin::serve_debug(&options.address, service, |reattach| {
            println!("Terraform uses this provider when its environment has\n\n\tTF_REATTACH_PROVIDERS='{reattach}'\n");
        })),
    };
    // Whatever still runs was told to stop, or belongs to a Terraform that is gone.
    runtime.shutdown_background();
    served?;
    Ok(Served::Done)
}

/// The answer to GetProviderSchema in bytes, for [`Provider::encoded_schemas`].
pub fn encode_schemas<P: Provider>(provider: P) -> Vec<u8> {
    plugin::encoded(&Shared::new(provider).provider_schema().0)
}
