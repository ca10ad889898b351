//! From the command line's settings to a Google Cloud client.

use headwater_cloud::{Cloud, CloudOptions};

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
    Ok(Cloud::connect(options)?)
}
