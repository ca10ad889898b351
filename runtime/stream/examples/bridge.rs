//! The bridge as a process of its own, for tests that kill it: `bridge ENDPOINT SPEC_FILE LEASE_MS FLUSH_MS`. It ends when its
//! standard input does.

use std::io::Read as _;
use std::time::Duration;

use headwater_cloud::{Cloud, CloudOptions};
use headwater_spec::PipelineSpec;
use headwater_stream::bridge::{Options, run};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, spec, lease, flush] = &arguments[..] else {
        return Err("usage: bridge ENDPOINT SPEC_FILE LEASE_MS FLUSH_MS".into());
    };
    let cloud = Cloud::connect(CloudOptions {
        project: "test-project".into(),
        region: "europe-west1".into(),
        endpoint: Some(endpoint.clone()),
        credentials: None,
    })?;
    let spec = PipelineSpec::from_json(&std::fs::read(spec)?)?;
    let options = Options {
        lease: Duration::from_millis(lease.parse()?),
        flush: Duration::from_millis(flush.parse()?),
        ..Options::default()
    };
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        drop(std::io::stdin().read_to_end(&mut rest));
        stop.cancel();
    });
    run(&spec, &cloud, options, cancel).await?;
    Ok(())
}
