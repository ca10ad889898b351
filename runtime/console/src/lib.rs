//! The console: pages for people and JSON for programs about what pipelines do. It reads what Google's APIs say (the lakes, Cloud
//! Run, Cloud Scheduler, BigQuery, Dataform, Cloud Logging) by `headwater-cloud`, and so works with Google Cloud and with the
//! local cloud alike.
//!
//! It refuses to change anything: there are no methods but GET, and no credential but that of whoever starts it. It knows
//! neither Salesforce nor Terraform. The binary `headwater` depends on it, and no other crate.
//!
//! Pages are rendered here, from what is kept in memory: none waits for the cloud where something is known already, and each says
//! of when it is. They work without their script, which only fetches the same page again and puts in what is new.

mod api;
mod http;
mod kept;
mod lineage;
mod pages;
mod source;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_cloud::{Cloud, RetryPolicy};
use headwater_spec::GcsUrl;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::source::Source;

/// How long what fails is tried.
const SOON: RetryPolicy = RetryPolicy {
    attempts: 3,
    deadline: Duration::from_secs(10),
    initial: Duration::from_millis(200),
    maximum: Duration::from_secs(1),
};

/// What a console needs to be told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The lakes that are shown; empty: every bucket of the project that has pipelines.
    pub lakes: Vec<GcsUrl>,
    /// Names by which it is asked for beside the address that it listens at, such as that of a proxy in front of it.
    pub hosts: Vec<String>,
    /// Whether runs are read before somebody asks for them.
    pub warm: bool,
}

/// A console that listens.
pub struct Console {
    listener: TcpListener,
    address: SocketAddr,
    source: Arc<Source>,
    hosts: Vec<String>,
    warm: bool,
}

impl Console {
    /// Listens at an address; port 0 takes a free one. Nothing is asked of the cloud yet.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn bind(address: SocketAddr, cloud: Cloud, options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            // What fails is tried again by the next look, and a person waits.
            source: Arc::new(Source::new(cloud.with_retry(SOON), options.lakes)),
            hosts: options.hosts,
            warm: options.warm,
        })
    }

    /// Where it is reached: `http://127.0.0.1:8652`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop`, and answers what was asked by then.
    pub async fn serve(self, stop: CancellationToken) {
        let warm = self.warm.then(|| tokio::spawn(warm(Arc::clone(&self.source))));
        let app = http::router(self.source, http::Hosts::new(self.address, self.hosts));
        let served = axum::serve(self.listener, app).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::warn!(%error, "the console has stopped");
        }
        if let Some(warm) = warm {
            warm.abort();
        }
    }
}

/// Reads the index of runs before somebody asks for it.
async fn warm(source: Arc<Source>) {
    loop {
        let Some(catalog) = source.catalog().await.value else {
            return;
        };
        match source.runs(&catalog).await.value {
            Some(runs) if runs.unread() > 0 => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => return,
        }
    }
}
