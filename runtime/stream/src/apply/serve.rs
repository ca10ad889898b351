//! What platforms ask of a worker: is it alive, is it ready, its metrics. HTTP/1.1, answers only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::measures;
use super::metrics::Metrics;
use crate::bridge::Progress;
use crate::errors::{Error, Result};

/// A listening server; it ends when this is dropped.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whose health is served.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The stream.
    pub pipeline: String,
    /// What the applier does.
    pub metrics: Arc<Metrics>,
    /// What the bridge does, where there is one.
    pub bridge: Option<Arc<Progress>>,
    /// How long either may stand still.
    pub patience: Duration,
    /// When they began.
    pub since: Instant,
}

impl Watched {
    /// Why it is not ready; `None`: it is.
    fn unready(&self) -> Option<String> {
        if let Some(stalled) = self.metrics.stalled().filter(|stalled| *stalled > self.patience) {
            let seconds = stalled.as_secs();
            return Some(format!(
                "messages have waited for {seconds} s without any becoming durable"
            ));
        }
        let age = self.position_age()?;
        let late = age > self.patience;
        late.then(|| format!("the bridge's position has not been durable for {} s", age.as_secs()))
    }

    /// Of a bridge that has not got hold of the position yet, since when it tries; of one that stands by, none.
    pub(super) fn position_age(&self) -> Option<Duration> {
        let bridge = self.bridge.as_ref().filter(|bridge| !bridge.is_standing_by())?;
        Some(bridge.durable_age().unwrap_or_else(|| self.since.elapsed()))
    }
}

/// Serves `/livez`, `/readyz` and `/metrics`. Ready is who makes progress: messages that wait without any becoming durable
/// make a worker unready, and so does a bridge that does not keep its position, though the process is well.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(address: SocketAddr, watched: Watched) -> Result<Serving> {
    let failed = |source| Error::Listen {
        address: address.to_string(),
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let watched = Arc::new(watched);
    let task = tokio::spawn(async move {
        loop {
            let Ok((connection, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let watched = Arc::clone(&watched);
            tokio::spawn(async move {
                // Whoever is slow or goes away misses the answer.
                let answered = answer(connection, &watched);
                let _ = tokio::time::timeout(Duration::from_secs(5), answered).await;
            });
        }
    });
    Ok(Serving { address, task })
}

async fn answer(connection: TcpStream, watched: &Watched) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    let mut request = String::new();
    connection.read_line(&mut request).await?;
    let mut header = String::new();
    while connection.read_line(&mut header).await? > 2 {
        header.clear();
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, body) = match (method, target.split('?').next().unwrap_or_default()) {
        ("GET" | "HEAD", "/livez") => ("200 OK", "alive\n".to_owned()),
        ("GET" | "HEAD", "/readyz") => match watched.unready() {
            None => ("200 OK", "ready\n".to_owned()),
            Some(why) => ("503 Service Unavailable", format!("{why}\n")),
        },
        ("GET" | "HEAD", "/metrics") => ("200 OK", measures::prometheus(watched)),
        ("GET" | "HEAD", _) => ("404 Not Found", "there are /livez, /readyz and /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await?;
    if method != "HEAD" {
        connection.write_all(body.as_bytes()).await?;
    }
    connection.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Watched {
        /// A stream that has only begun, without a bridge.
        pub(in crate::apply) fn of(pipeline: &str) -> Self {
            Watched {
                pipeline: pipeline.to_owned(),
                metrics: Arc::default(),
                bridge: None,
                patience: Duration::from_secs(60),
                since: Instant::now(),
            }
        }
    }

    #[test]
    fn a_bridge_without_a_position_is_not_ready_for_long() {
        let watched = |bridge, patience| Watched {
            bridge,
            patience,
            ..Watched::of("crm")
        };
        let (no, long) = (Duration::ZERO, Duration::from_secs(60));
        let bridge = || Some(Arc::<Progress>::default());
        assert_eq!(watched(None, no).unready(), None, "nothing waits");
        assert_eq!(watched(bridge(), long).unready(), None, "it has just begun");
        let why = watched(bridge(), no).unready().unwrap_or_default();
        assert!(why.contains("position"), "{why}");
        assert!(!measures::prometheus(&watched(None, no)).contains("headwater_bridge_"));
        assert!(
            measures::prometheus(&watched(bridge(), no))
                .contains("headwater_bridge_events_total{pipeline=\"crm\"} 0\n")
        );
    }
}
