//! Being a plugin: the handshake on stdout, the socket, mutual TLS, go-plugin's services, the end.
//!
//! Follows <https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md>; what the documents leave open was
//! measured with Terraform 1.11.

mod handshake;
pub mod hclog;
mod listen;
mod prepared;
mod services;
mod tls;

use std::convert::Infallible;
use std::io::Write as _;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::Request;
use tonic::server::NamedService;

pub(crate) use handshake::fuzz as fuzz_handshake;
pub use handshake::{Handshake, HandshakeError};
use listen::Socket;
pub use prepared::{Prepared, encoded};
pub(crate) use tls::fuzz as fuzz_certificate;

/// How large a message may be: what Terraform's own Go library allows.
pub const MAX_MESSAGE: usize = 256 << 20;

/// How long calls may go on after TERM, or after Terraform is gone.
const GRACE: Duration = Duration::from_millis(500);

/// How often everything else that is ready runs between the client's `Shutdown` and the end: the answer is to leave. The client
/// only waits for the process to end, and does not mind if none comes; servers in Go break off at once.
const LAST_ROUNDS: usize = 8;

/// Why a plugin cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The environment that Terraform set up is not as it should be.
    #[error("the handshake with terraform failed")]
    Handshake(#[from] HandshakeError),
    /// The socket, or stdout.
    #[error("cannot open the plugin's socket")]
    Io(#[from] std::io::Error),
    /// Making the certificate.
    #[error("cannot make the plugin's certificate")]
    Certificate(#[from] rcgen::Error),
    /// Configuring TLS.
    #[error("cannot set up tls")]
    Tls(#[from] rustls::Error),
    /// Serving.
    #[error("the plugin's server failed")]
    Serve(#[from] tonic::transport::Error),
}

/// Serves the service to the Terraform that started this process, until it says `Shutdown`, goes away, or a TERM comes.
pub async fn serve<S>(handshake: &Handshake, service: S) -> Result<(), PluginError>
where
    S: Service<Request<Body>, Response = tonic::codegen::http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let shutdown = CancellationToken::new();
    // Ctrl-C goes to the whole process group. Terraform decides then, by StopProvider and Shutdown: not the signal.
    let _ignored = signal(SignalKind::interrupt())?;
    let tls = handshake.client_cert.as_deref().map(tls::pinned_to).transpose()?;
    let socket_dir = handshake.socket_dir.as_deref();
    let socket = match tls {
        Some(_) => Socket::authenticated(socket_dir)?,
        None => Socket::private(socket_dir)?,
    };
    let line = handshake.line(socket.path(), tls.as_ref().map(|tls| tls.certificate.as_ref()));
    {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()?;
    }
    end_on_term(&shutdown)?;
    run(socket, tls, service, shutdown).await
}

/// Serves the service to any Terraform that is told of it by the environment variable `TF_REATTACH_PROVIDERS`, whose
/// value `announce` is given. Ends at Ctrl-C or TERM.
pub async fn serve_debug<S>(address: &str, service: S, announce: impl FnOnce(&str)) -> Result<(), PluginError>
where
    S: Service<Request<Body>, Response = tonic::codegen::http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let shutdown = CancellationToken::new();
    let socket = Socket::private(None)?;
    end_on_term(&shutdown)?;
    let interrupted = shutdown.clone();
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        interrupt.recv().await;
        interrupted.cancel();
    });
    announce(&handshake::reattach(address, socket.path()));
    run(socket, None, service, shutdown).await
}

fn end_on_term(shutdown: &CancellationToken) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        term.recv().await;
        shutdown.cancel();
    });
    Ok(())
}

async fn run<S>(
    socket: Socket,
    tls: Option<tls::Tls>,
    service: S,
    shutdown: CancellationToken,
) -> Result<(), PluginError>
where
    S: Service<Request<Body>, Response = tonic::codegen::http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    // A child of Terraform ends with it, even if Terraform was killed and could not say goodbye.
    let orphaned = tls.is_some().then(|| shutdown.clone());
    let connections = socket.connections(tls.map(|tls| tls.config), orphaned);
    let dismissed = CancellationToken::new();
    let serving = tonic::transport::Server::builder()
        .add_service(service)
        .add_service(services::controller(&dismissed))
        .add_service(services::stdio(&shutdown))
        .add_service(services::broker(&shutdown))
        .add_service(services::health())
        .serve_with_incoming_shutdown(connections, shutdown.clone().cancelled_owned());
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let answered = async {
        dismissed.cancelled().await;
        for _ in 0..LAST_ROUNDS {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = serving => ended?,
        () = answered => {}
        () = overdue => tracing::debug!("calls still open at shutdown were given up"),
    }
    socket.remove();
    Ok(())
}
