//! `headwater image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CloudArgs;

/// `headwater image`.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Make an image of a static program and push it to Artifact Registry; what is there already is not sent again.
    Push(ImagePushArgs),
}

/// `headwater image push`.
#[derive(Debug, Args)]
pub struct ImagePushArgs {
    /// Where it goes: LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE, in a repository that exists; with :TAG, or a tag is made of what
    /// is in it.
    pub name: String,
    /// The program: a static headwater for Linux on x86-64.
    #[arg(long, env = "HEADWATER_IMAGE_BINARY")]
    pub binary: PathBuf,
    /// Where Google Cloud is.
    #[command(flatten)]
    pub cloud: CloudArgs,
}
