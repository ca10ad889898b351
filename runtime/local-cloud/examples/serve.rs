//! A local cloud without the command line: `serve DATA_DIR PORT RUNTIME_BINARY`. Prints its address, serves until ^C.

use headwater_local_cloud::{LocalCloud, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut args = std::env::args().skip(1);
    let mut next = |name: &str| {
        args.next()
            .ok_or_else(|| format!("usage: serve DATA_DIR PORT RUNTIME_BINARY: {name} is missing"))
    };
    let options = Options {
        data_dir: next("DATA_DIR")?.into(),
        port: next("PORT")?.parse()?,
        project: std::env::var("HEADWATER_PROJECT").unwrap_or_else(|_| "local".to_owned()),
        region: std::env::var("HEADWATER_REGION").unwrap_or_else(|_| "europe-west1".to_owned()),
        record: None,
        runtime_binary: next("RUNTIME_BINARY")?.into(),
    };
    let cloud = LocalCloud::start(options).await?;
    println!("{}", cloud.base_url());
    tokio::signal::ctrl_c().await?;
    cloud.shutdown().await;
    Ok(())
}
