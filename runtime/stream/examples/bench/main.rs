//! What `cargo xtask bench stream` puts beside the applier: a publisher, a reader that measures latency, and the floor. Each
//! prints one JSON object.
//!
//! `bench deploy ENDPOINT changelog|current`, `bench fill ENDPOINT TOPIC COUNT`, `bench pace ENDPOINT TOPIC changelog|current
//! RATE SECONDS`, `bench floor COUNT`.

#![expect(clippy::print_stdout, reason = "a program's result")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates"
)]

mod deploy;
mod events;
mod floor;
mod pace;
mod publish;

use std::time::Instant;

use headwater_cloud::{Cloud, CloudOptions};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn connect(endpoint: &str) -> Result<Cloud, Failure> {
    Ok(Cloud::connect(CloudOptions {
        project: "bench".into(),
        region: "local".into(),
        endpoint: Some(endpoint.to_owned()),
        credentials: None,
    })?)
}

async fn fill(endpoint: &str, topic: &str, count: u64) -> Result<Value, Failure> {
    let publisher = publish::Publisher::new(&connect(endpoint)?, topic)?;
    let since = Instant::now();
    publisher.fill(count).await?;
    Ok(json!({"events": count, "events_per_second": count as f64 / since.elapsed().as_secs_f64()}))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = match words[..] {
        ["fill", endpoint, topic, count] => fill(endpoint, topic, count.parse()?).await?,
        ["deploy", endpoint, tables] => deploy::run(&connect(endpoint)?, tables == "current").await?,
        ["pace", endpoint, topic, tables, rate, seconds] => {
            let cloud = connect(endpoint)?;
            pace::run(&cloud, topic, tables == "current", rate.parse()?, seconds.parse()?).await?
        }
        ["floor", count] => floor::run(count.parse()?)?,
        _ => return Err("usage: bench deploy | fill | pace | floor, see the source".into()),
    };
    println!("{said}");
    Ok(())
}
