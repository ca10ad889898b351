//! `headwater console`: serving the pages about pipelines, by itself or beside a local cloud. What is shown is
//! `headwater-console`'s.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use headwater_cloud::{Cloud, CloudOptions};
use headwater_console::{Console, Options};
use headwater_spec::GcsUrl;
use tokio_util::sync::CancellationToken;

use crate::cli::ConsoleArgs;
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::Printer;

/// Where it is when nothing else is said.
const PORT: u16 = 8652;

/// Serves it until it is told to stop.
pub async fn run(args: ConsoleArgs, printer: Printer) -> Result<Exit, CommandError> {
    let stop = crate::signals::stop_requested();
    let lakes = args
        .lakes
        .iter()
        .filter(|lake| !lake.is_empty())
        .map(|lake| lake.parse());
    let lakes: Vec<GcsUrl> = lakes
        .collect::<Result<_, _>>()
        .map_err(|e| CommandError::usage("--lake", &e))?;
    let cloud = connect(&args.cloud)?;
    if lakes.is_empty() && cloud.project().is_empty() {
        return Err(CommandError::Usage {
            argument: "--project",
            message: "it is empty, and no --lake is named: say whose buckets are looked into".into(),
        });
    }
    let address = SocketAddr::from((args.address, args.port));
    let options = Options {
        lakes,
        hosts: args.hosts,
        warm: true,
    };
    let console = Console::bind(address, cloud, options)
        .await
        .map_err(|source| CommandError::Listen { address, source })?;
    let url = console.url();
    printer.result(&serde_json::json!({"base_url": url}), || format!("console at {url}"));
    if args.open {
        open(&url, printer);
    }
    let ended = CancellationToken::new();
    let served = tokio::spawn(console.serve(ended.clone()));
    stop.await;
    ended.cancel();
    // A browser keeps its connection; nobody waits for it to let go.
    tokio::time::timeout(std::time::Duration::from_secs(1), served)
        .await
        .ok();
    Ok(Exit::Done)
}

fn open(url: &str, printer: Printer) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        printer.note(&format!("no browser was opened ({program}: {error}): go to {url}"));
    }
}

/// Serves it beside a local cloud at `endpoint`, until `stop`; gives its address. At its own port, unless that is taken: the
/// local cloud is there for more than its console.
pub async fn beside(
    endpoint: &str,
    project: &str,
    region: &str,
    port: Option<u16>,
    stop: CancellationToken,
) -> Result<String, std::io::Error> {
    let cloud = Cloud::connect(CloudOptions {
        project: project.to_owned(),
        region: region.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        credentials: Some("anonymous".to_owned()),
    })
    .map_err(std::io::Error::other)?;
    let at = |port: u16| Console::bind((Ipv4Addr::LOCALHOST, port).into(), cloud.clone(), Options::default());
    let console = match (at(port.unwrap_or(PORT)).await, port) {
        (Err(_), None) => at(0).await?,
        (bound, _) => bound?,
    };
    let url = console.url();
    tokio::spawn(console.serve(stop));
    Ok(url)
}
