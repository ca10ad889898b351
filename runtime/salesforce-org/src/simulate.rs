//! Starting and stopping the simulator.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Error;
use crate::http::{App, Fault, Faults, Sessions, public_key};
use crate::store::Org;

/// How to simulate an org.
#[derive(Clone)]
pub struct Simulate {
    /// A directory that [`crate::generate`] wrote.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How many rows change per second by themselves; 0 for none.
    pub churn_per_second: f64,
    /// What goes wrong from the start; more can be posted to `/_control/faults`.
    pub faults: Vec<Fault>,
    /// The connected app's consumer key.
    pub client_id: String,
    /// The connected app's consumer secret.
    pub client_secret: String,
    /// The certificate (or RSA public key) of the app for the JWT bearer flow, as PEM.
    pub jwt_certificate: Option<String>,
    /// Who logs in with a password or is named in an assertion.
    pub username: String,
    /// For password and SOAP logins.
    pub password: String,
    /// Appended to the password in SOAP logins.
    pub security_token: String,
    /// How long a session lasts.
    pub session: Duration,
    /// The most API calls in a day; the org begins with 18 of them used.
    pub daily_api_requests: u64,
    /// How long a Bulk job takes at least.
    pub bulk_job_delay: Duration,
    /// Objects whose changes are captured from the start, `*` for all; kept with the org.
    pub change_data_capture: Vec<String>,
    /// How long a stream of events is silent at most; Salesforce promises 270 seconds.
    pub keep_alive: Duration,
    /// How many rows a page of Bulk results has unless the client says `maxRecords`, and each of `resultPages`.
    pub bulk_page_rows: u64,
}

impl Simulate {
    /// A quiet org on a free port, with credentials that are good for nothing else.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            churn_per_second: 0.0,
            faults: vec![],
            client_id: "headwater-client".into(),
            client_secret: "headwater-secret".into(),
            jwt_certificate: None,
            username: crate::INTEGRATION_USER.into(),
            password: "headwater-password".into(),
            security_token: "headwater-token".into(),
            session: Duration::from_secs(2 * 3600),
            daily_api_requests: 1_000_000,
            bulk_job_delay: Duration::ZERO,
            change_data_capture: vec![],
            keep_alive: Duration::from_secs(5),
            bulk_page_rows: 100_000,
        }
    }
}

/// Without the secrets.
impl fmt::Debug for Simulate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulate")
            .field("dir", &self.dir)
            .field("port", &self.port)
            .field("churn_per_second", &self.churn_per_second)
            .field("faults", &self.faults)
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What requests need of [`Simulate`].
pub(crate) struct Settings {
    pub client_id: String,
    pub client_secret: String,
    pub public_key: Option<Vec<u8>>,
    pub username: String,
    passwords: [String; 2],
    pub session_ms: i64,
    pub bulk_job_delay: Duration,
    pub bulk_page_rows: u64,
}

impl Settings {
    /// Whether a username and password let in, with or without the security token.
    pub(crate) fn accepts(&self, username: &str, password: &str) -> bool {
        username == self.username && self.passwords.iter().any(|p| p == password)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A running simulator. Dropped without [`Simulator::shutdown`], it stops at once; nothing that was answered is lost.
#[derive(Debug)]
pub struct Simulator {
    base_url: String,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Opens the org and serves it. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the directory holds no org, the port is taken, or the certificate is none.
    pub async fn start(options: Simulate) -> Result<Self, Error> {
        let public_key = options.jwt_certificate.as_deref().map(public_key).transpose()?;
        let dir = options.dir.clone();
        let opened = tokio::task::spawn_blocking(move || Org::open(&dir)).await;
        let org = Arc::new(opened.map_err(|_| Error::NoOrg {
            path: options.dir.clone(),
        })??);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listen = |source| Error::Listen {
            port: options.port,
            source,
        };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let base_url = format!("http://127.0.0.1:{port}");
        let settings = Settings {
            client_id: options.client_id,
            client_secret: options.client_secret,
            public_key,
            username: options.username,
            passwords: [
                format!("{}{}", options.password, options.security_token),
                options.password,
            ],
            session_ms: i64::try_from(options.session.as_millis()).unwrap_or(i64::MAX),
            bulk_job_delay: options.bulk_job_delay,
            bulk_page_rows: options.bulk_page_rows.max(1),
        };
        let app = Arc::new(App {
            org,
            settings,
            base_url: base_url.clone(),
            sessions: Sessions::default(),
            faults: Faults::new(options.faults),
            jobs: Default::default(),
            cursors: Default::default(),
            used: AtomicU64::new(18),
            allowed: AtomicU64::new(options.daily_api_requests),
            bulk_jobs: AtomicU64::new(0),
            streams: crate::pubsub::Streams::new(options.keep_alive),
        });
        if !options.change_data_capture.is_empty() {
            let chosen = serde_json::json!({ "enable": options.change_data_capture });
            crate::pubsub::control::choose(&app, chosen).map_err(Error::ChangeDataCapture)?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut tasks = vec![];
        if options.churn_per_second > 0.0 {
            let churn = crate::churn::background(Arc::clone(&app), options.churn_per_second, stopped.clone());
            tasks.push(tokio::spawn(churn));
        }
        let router = axum::Router::new()
            .fallback(crate::http::serve)
            .with_state(Arc::clone(&app));
        let listener = listener.tap_io(|tcp| {
            // Small answers must not wait for an acknowledgement.
            let _ = tcp.set_nodelay(true);
        });
        let mut end = stopped;
        tasks.push(tokio::spawn(async move {
            let ended = async move {
                let _ = end.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        }));
        tracing::info!(base_url, "salesforce simulator ready");
        Ok(Self {
            base_url,
            app,
            stop,
            tasks,
        })
    }

    /// Where it listens, `http://127.0.0.1:PORT`: login URL and instance URL in one.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Finishes the requests under way, for two seconds at most, and stops.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        self.app.streams.cut_all();
        self.app.jobs.abort_all();
        for mut task in self.tasks.drain(..) {
            if tokio::time::timeout(Duration::from_secs(2), &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // A job at work would hold up the end of the runtime.
        self.app.jobs.abort_all();
        // Connections that stay open must not be served by an org that is gone.
        let _ = self.stop.send(true);
        self.app.streams.cut_all();
        for task in &self.tasks {
            task.abort();
        }
    }
}
