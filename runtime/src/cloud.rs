//! From the command line's settings to a Google Cloud client.

use headwater_cloud::{Cloud, CloudOptions, Service};

use crate::cli::CloudArgs;
use crate::error::CommandError;

/// Resolves the settings; connects to nothing yet.
pub fn connect(args: &CloudArgs) -> Result<Cloud, CommandError> {
    let options = CloudOptions {
        project: args.project.clone(),
        region: args.region.clone(),
        endpoint: args.endpoint.clone().filter(|e| !e.is_empty()),
        credentials: args.credentials.clone().filter(|c| !c.is_empty()),
    };
    let elsewhere = options.endpoint.is_some();
    let cloud = Cloud::connect(options)?;
    match args.pubsub_emulator.as_deref().filter(|host| !host.is_empty()) {
        Some(host) if elsewhere => Ok(cloud.with_service_at(Service::PubSub, &format!("http://{host}"))?),
        // Credentials for Google do not travel unencrypted.
        Some(_) => Err(CommandError::Usage {
            argument: "--pubsub-emulator",
            message: "the emulator goes with a local cloud: set HEADWATER_ENDPOINT, or unset PUBSUB_EMULATOR_HOST"
                .into(),
        }),
        None => Ok(cloud),
    }
}
