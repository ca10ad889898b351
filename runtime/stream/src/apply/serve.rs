//! What platforms ask of a worker: is it alive, is it ready, its metrics. HTTP/1.1, answers only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::metrics::Metrics;
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

/// Serves `/livez`, `/readyz` and `/metrics`. Ready is who makes progress: messages that wait for longer than `patience`
/// without any becoming durable make a worker unready, though its process is well.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(address: SocketAddr, pipeline: &str, metrics: &Arc<Metrics>, patience: Duration) -> Result<Serving> {
    let failed = |source| Error::Listen {
        address: address.to_string(),
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (pipeline, metrics) = (pipeline.to_owned(), metrics.clone());
    let task = tokio::spawn(async move {
        loop {
            let Ok((connection, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (pipeline, metrics) = (pipeline.clone(), metrics.clone());
            tokio::spawn(async move {
                // Whoever is slow or goes away misses the answer.
                let answered = answer(connection, &pipeline, &metrics, patience);
                let _ = tokio::time::timeout(Duration::from_secs(5), answered).await;
            });
        }
    });
    Ok(Serving { address, task })
}

async fn answer(connection: TcpStream, pipeline: &str, metrics: &Metrics, patience: Duration) -> std::io::Result<()> {
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
        ("GET" | "HEAD", "/readyz") => match metrics.stalled().filter(|stalled| *stalled > patience) {
            None => ("200 OK", "ready\n".to_owned()),
            Some(stalled) => (
                "503 Service Unavailable",
                format!(
                    "messages have waited for {} s without any becoming durable\n",
                    stalled.as_secs()
                ),
            ),
        },
        ("GET" | "HEAD", "/metrics") => ("200 OK", metrics.prometheus(pipeline)),
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
