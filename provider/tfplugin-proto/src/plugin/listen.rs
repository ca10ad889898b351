//! The socket: nobody else's, gone at the end.

use std::fs::Permissions;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

/// The longest path that a socket address holds everywhere.
const MAX_PATH: usize = 100;

/// A client that connects and then says nothing must not keep a task for ever.
const HANDSHAKE_TIME: Duration = Duration::from_secs(20);

/// How often and how many times to look for the parent after it has hung up.
const ORPHAN_INTERVAL: Duration = Duration::from_millis(50);
const ORPHAN_CHECKS: usize = 100;

/// A bound socket.
pub(super) struct Socket {
    listener: Arc<UnixListener>,
    /// What the client dials.
    path: PathBuf,
    /// Where it stands, when it stands in the file system.
    dir: Option<tempfile::TempDir>,
}

impl Socket {
    /// A socket for a client that proves who it is.
    ///
    /// On Linux it has a name and no file: making and removing one waits for the disk, which the user would wait for at the end of
    /// each process, and what is killed leaves it behind. Others can reach such a name, so it is for mutual TLS only.
    pub(super) fn authenticated(wanted: Option<&Path>) -> io::Result<Self> {
        if wanted.is_some() || !cfg!(target_os = "linux") {
            return Self::private(wanted);
        }
        let random = || RandomState::new().build_hasher().finish();
        let name = format!("tfplugin-{:016x}{:016x}", random(), random());
        Ok(Socket {
            listener: Arc::new(UnixListener::bind(format!("\0{name}"))?),
            path: PathBuf::from(format!("@{name}")),
            dir: None,
        })
    }

    /// A socket in a directory that only this user can enter.
    pub(super) fn private(wanted: Option<&Path>) -> io::Result<Self> {
        let default = std::env::temp_dir();
        let private = |parent: &Path| {
            tempfile::Builder::new()
                .prefix("tfp")
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)
        };
        let mut dir = private(wanted.unwrap_or(&default))?;
        if dir.path().as_os_str().len() + "/s".len() > MAX_PATH {
            dir = private(Path::new("/tmp"))?;
        }
        let path = dir.path().join("s");
        Ok(Socket {
            listener: Arc::new(UnixListener::bind(&path)?),
            path,
            dir: Some(dir),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The connections that were accepted and, where TLS is on, authenticated.
    pub(super) fn connections(
        &self,
        tls: Option<Arc<rustls::ServerConfig>>,
        orphaned: Option<CancellationToken>,
    ) -> impl Stream<Item = io::Result<Connection>> + use<> {
        let (sender, receiver) = mpsc::channel(4);
        let listener = Arc::clone(&self.listener);
        tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), orphaned, sender));
        ReceiverStream::new(receiver)
    }

    /// Removes the socket's directory. Errors do not matter at the end of a process.
    pub(super) fn remove(self) {
        drop(self.listener);
        if let Some(Err(error)) = self.dir.map(tempfile::TempDir::close) {
            tracing::debug!(%error, "the socket's directory stays behind");
        }
    }
}

async fn accept(
    listener: Arc<UnixListener>,
    tls: Option<TlsAcceptor>,
    orphaned: Option<CancellationToken>,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let parent = std::os::unix::process::parent_id();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let (tls, sender) = (tls.clone(), sender.clone());
        let watch = orphaned.clone().map(|shutdown| Watch { parent, shutdown });
        tokio::spawn(async move {
            let stream = match tls {
                None => Io::Plain(stream),
                Some(tls) => match tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Io::Tls(Box::new(stream)),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "a connection was refused");
                        return;
                    }
                    Err(_) => {
                        tracing::warn!("a connection did not finish its tls handshake");
                        return;
                    }
                },
            };
            // An error means that the server has ended.
            let _ = sender.send(Ok(Connection { stream, _watch: watch })).await;
        });
    }
}

/// Ends the server when a connection closes because the process that started us is gone.
struct Watch {
    parent: u32,
    shutdown: CancellationToken,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let (parent, shutdown) = (self.parent, self.shutdown.clone());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        // A dying process closes its sockets a little before its children get another parent.
        runtime.spawn(async move {
            for _ in 0..ORPHAN_CHECKS {
                if std::os::unix::process::parent_id() != parent {
                    tracing::warn!("terraform is gone");
                    return shutdown.cancel();
                }
                tokio::time::sleep(ORPHAN_INTERVAL).await;
            }
        });
    }
}

/// One connection of the client.
pub(super) struct Connection {
    stream: Io,
    _watch: Option<Watch>,
}

enum Io {
    Plain(UnixStream),
    Tls(Box<TlsStream<UnixStream>>),
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Io::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
