//! The HTTP side of all calls: one session, one retry loop, the usage of the org's request budget. What is asked and what
//! the answers mean is in `describe`, `query`, `bulk` and `limits`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use headwater_spec::{SalesforceConnection, Secret};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use crate::auth::{AccessToken, Authenticator, Session};
use crate::limits::{ApiUsage, parse_limit_info};
use crate::retry::{Attempts, RetryPolicy, retry_after};
use crate::{Error, Kind, Result, Retry};

/// How a client behaves. The defaults suit production.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `User-Agent`.
    pub user_agent: String,
    /// Time for TCP and TLS.
    pub connect_timeout: Duration,
    /// The longest silence in an answer. Salesforce gives a query up to 120 s before its first byte.
    pub read_timeout: Duration,
    /// Whether answers may come compressed. Absent: yes, except from this machine itself, where bytes are cheaper than
    /// time.
    pub compression: Option<bool>,
    /// Repeats of calls, and of downloads that break.
    pub retry: RetryPolicy,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("headwater/", env!("CARGO_PKG_VERSION")).into(),
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(150),
            compression: None,
            retry: RetryPolicy::default(),
        }
    }
}

/// A client of one org. Cheap to clone; clones share the session.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    login: Url,
    version: String,
    auth: Authenticator,
    options: ClientOptions,
    calls: AtomicU64,
    usage: Mutex<Option<ApiUsage>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("login_url", &self.inner.login.as_str())
            .field("version", &self.inner.version)
            .finish_non_exhaustive()
    }
}

/// One request, as often as it takes.
pub(crate) struct Call {
    pub method: Method,
    /// From the root: `/services/data/v66.0/…`, or the relative URL that Salesforce gave for a next page.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<serde_json::Value>,
    pub headers: Vec<(&'static str, String)>,
    pub accept: &'static str,
    /// A kind of error that is not worth another attempt here, though elsewhere it is.
    pub final_kind: Option<Kind>,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            headers: Vec::new(),
            accept: "application/json",
            final_kind: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: serde_json::Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Method and path: a query string holds the user's conditions and stays out of errors.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or(""))
    }
}

/// An answer that has arrived whole.
pub(crate) struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub request: String,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|e| Error::unexpected(&self.request, format!("its JSON is not as documented ({})", place(&e))))
    }
}

/// serde_json's messages may quote a value; the place is enough.
pub(crate) fn place(error: &serde_json::Error) -> String {
    format!(
        "{:?} error at line {} column {}",
        error.classify(),
        error.line(),
        error.column()
    )
}

impl Client {
    /// Logs in. `secret` is the consumer secret or the PEM private key, as the connection's flow asks.
    ///
    /// # Errors
    /// [`Error::Config`] for a bad URL or key, [`crate::Kind::Auth`] when Salesforce refuses the client.
    pub async fn connect(connection: &SalesforceConnection, secret: Secret, options: ClientOptions) -> Result<Self> {
        let config = |setting, reason: &str| Error::Config {
            setting,
            reason: reason.to_owned(),
        };
        let login = Url::parse(&connection.login_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
            .ok_or_else(|| config("login_url", "is not a URL such as https://acme.my.salesforce.com"))?;
        let version = connection.api_version.trim_start_matches('v');
        if !version
            .split_once('.')
            .is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok())
        {
            return Err(config("api_version", "is not a version such as 66.0"));
        }
        let http = http_client(&login, &options)?;
        let auth = Authenticator::new(http.clone(), login.clone(), connection, secret, options.retry.clone())?;
        auth.session().await?;
        let inner = Inner {
            http,
            login,
            version: version.to_owned(),
            auth,
            options,
            calls: AtomicU64::new(0),
            usage: Mutex::new(None),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The org's usage of its daily request budget, as the last answer told it (`Sforce-Limit-Info`).
    pub fn api_usage(&self) -> Option<ApiUsage> {
        *self
            .inner
            .usage
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Requests that this client has sent to the org's APIs, failed ones included.
    pub fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// The version of the API, such as `66.0`.
    pub fn api_version(&self) -> &str {
        &self.inner.version
    }

    /// The token of the session, for callers that are not this client. Opens a session when there is none.
    ///
    /// # Errors
    /// [`crate::Kind::Auth`] when Salesforce refuses the client.
    pub async fn access_token(&self) -> Result<AccessToken> {
        Ok(self.inner.auth.session().await?.access_token())
    }

    pub(crate) fn login(&self) -> &Url {
        &self.inner.login
    }

    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        self.inner.auth.session().await
    }

    /// A session other than `expired`.
    pub(crate) async fn renew(&self, expired: &Arc<Session>) -> Result<Arc<Session>> {
        self.inner.auth.renew(expired).await
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.inner.options.retry
    }

    /// `/services/data/v66.0` and what follows.
    pub(crate) fn path(&self, tail: &str) -> String {
        format!("/services/data/v{}{tail}", self.inner.version)
    }

    /// Sends and reads the whole answer, within the bounds of the retry policy.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer> {
        let request = call.name();
        let mut attempts = Attempts::new(self.retry_policy());
        loop {
            let response = self.open_with(call, &mut attempts).await?;
            let headers = response.headers().clone();
            match response.bytes().await {
                Ok(body) => return Ok(Answer { headers, body, request }),
                Err(source) => attempts.pause(Error::transport(&request, source), None).await?,
            }
        }
    }

    /// Sends until there is a successful answer, whose body is still to be read.
    pub(crate) async fn open(&self, call: &Call) -> Result<reqwest::Response> {
        self.open_with(call, &mut Attempts::new(self.retry_policy())).await
    }

    async fn open_with(&self, call: &Call, attempts: &mut Attempts<'_>) -> Result<reqwest::Response> {
        let mut renewed = false;
        let mut session = self.inner.auth.session().await?;
        loop {
            let (error, after) = match self.once(call, &session).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            match error.retry() {
                Retry::Session if !renewed => {
                    renewed = true;
                    session = self.inner.auth.renew(&session).await?;
                }
                Retry::Transient if call.final_kind != Some(error.kind()) => {
                    attempts.pause(error, after).await?;
                    session = self.inner.auth.session().await?;
                }
                Retry::Transient | Retry::Session | Retry::Restart | Retry::Limit | Retry::Fatal => return Err(error),
            }
        }
    }

    async fn once(&self, call: &Call, session: &Session) -> Result<reqwest::Response, (Error, Option<Duration>)> {
        let request = call.name();
        let mut url =
            resolve(&session.instance, &call.path).map_err(|reason| (Error::unexpected(&request, reason), None))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut builder = self
            .inner
            .http
            .request(call.method.clone(), url)
            .header(AUTHORIZATION, session.header.clone())
            .header(ACCEPT, call.accept);
        for (name, value) in &call.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &call.body {
            builder = builder.json(body);
        }
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let response = builder
            .send()
            .await
            .map_err(|e| (Error::transport(&request, e), None))?;
        self.note_usage(response.headers());
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = retry_after(response.headers());
        let body = response.bytes().await.unwrap_or_default();
        Err((Error::from_answer(&request, status.as_u16(), &body), after))
    }

    fn note_usage(&self, headers: &HeaderMap) {
        if let Some(usage) = headers
            .get("sforce-limit-info")
            .and_then(|v| v.to_str().ok())
            .and_then(parse_limit_info)
        {
            *self
                .inner
                .usage
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(usage);
        }
    }
}

/// Joins a path that we or Salesforce made to the instance. Anything that leads to another host is refused: the token goes
/// only where the login said.
fn resolve(instance: &Url, path: &str) -> Result<Url, &'static str> {
    let url = instance.join(path).map_err(|_| "it names a URL that does not parse")?;
    if url.origin() == instance.origin() {
        Ok(url)
    } else {
        Err("it names a URL on another host")
    }
}

fn http_client(login: &Url, options: &ClientOptions) -> Result<reqwest::Client> {
    // reqwest panics without a provider. When two threads race here, either one's is ring.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(50));
    if login.scheme() == "http" {
        // Nothing to verify: do not read the system's certificates.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    let loopback = matches!(login.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if loopback {
        builder = builder.no_proxy();
    }
    builder
        .gzip(options.compression.unwrap_or(!loopback))
        .build()
        .map_err(|source| Error::transport("the HTTP client", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_instance_is_called() {
        let instance = Url::parse("https://acme.my.salesforce.com").unwrap();
        let cases = [
            (
                "/services/data/v66.0/query/01g-2000",
                Ok("https://acme.my.salesforce.com/services/data/v66.0/query/01g-2000"),
            ),
            (
                "https://acme.my.salesforce.com/x",
                Ok("https://acme.my.salesforce.com/x"),
            ),
            ("https://evil.example/x", Err(())),
            ("//evil.example/x", Err(())),
            ("http://acme.my.salesforce.com/x", Err(())),
        ];
        for (path, expected) in cases {
            assert_eq!(
                resolve(&instance, path).map(String::from).map_err(drop),
                expected.map(String::from),
                "{path}"
            );
        }
    }

    #[test]
    fn requests_are_named_without_their_query() {
        assert_eq!(Call::get("/services/data?q=secret").name(), "GET /services/data");
    }
}
