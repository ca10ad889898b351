//! The grammar of `headwater console`.

use std::net::IpAddr;

use clap::Args;

use super::CloudArgs;

/// `headwater console`.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// A lake to show, gs://BUCKET[/PREFIX], again and again; absent: every bucket of the project that has pipelines.
    #[arg(long = "lake", value_name = "LAKE", env = "HEADWATER_LAKE", value_delimiter = ',')]
    pub lakes: Vec<String>,
    /// The port; 0: any free one.
    #[arg(long, default_value_t = 8652, env = "HEADWATER_CONSOLE_PORT")]
    pub port: u16,
    /// The address to listen at. The console asks nobody who they are: everybody who reaches another address than the
    /// default sees what it shows.
    #[arg(long, default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// A name, with its port unless that is 80, by which it is asked for beside its address, such as that of a proxy in
    /// front of it; again and again.
    #[arg(long = "host", value_name = "HOST[:PORT]")]
    pub hosts: Vec<String>,
    /// Open it in the browser.
    #[arg(long)]
    pub open: bool,
    /// Where Google Cloud is.
    #[command(flatten)]
    pub cloud: CloudArgs,
}
