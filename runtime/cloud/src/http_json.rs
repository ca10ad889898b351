//! One JSON request to a Google API: URL, headers, authorization, answer or classified error, with retries.
//! Knows HTTP and Google's error bodies; knows no resource.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use google_cloud_auth::credentials::{CacheableResource, Credentials as GoogleCredentials};
use http::{Extensions, HeaderMap, Method};
use serde_json::Value;

use crate::credentials::Credentials;
use crate::endpoints::{Endpoints, Service};
use crate::errors::{Error, Kind};
use crate::retry::{History, RetryPolicy, Safety, run};

/// Shared by every service's handle; parts that are slow to build are made at first use.
pub(crate) struct Transport {
    pub(crate) endpoints: Endpoints,
    credentials: Credentials,
    retry: RetryPolicy,
    client: OnceLock<reqwest::Client>,
    google: OnceLock<GoogleCredentials>,
}

/// A request in the making.
pub(crate) struct Call {
    service: Service,
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<(&'static str, Bytes)>,
    action: String,
    safety: Safety,
}

/// A query parameter's value as text.
pub(crate) struct QueryValue(String);

impl From<&str> for QueryValue {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for QueryValue {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<String> for QueryValue {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<i64> for QueryValue {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<bool> for QueryValue {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

/// What came back.
pub(crate) struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Transport {
    pub fn new(endpoints: Endpoints, credentials: Credentials, retry: RetryPolicy) -> Arc<Self> {
        Arc::new(Self {
            endpoints,
            credentials,
            retry,
            client: OnceLock::new(),
            google: OnceLock::new(),
        })
    }

    /// Bounds of retries.
    pub fn retry(&self) -> RetryPolicy {
        self.retry
    }

    /// What requests are signed with.
    pub fn credentials(&self) -> &Credentials {
        install_crypto_provider();
        &self.credentials
    }

    /// The credential as Google's own crates take it.
    pub fn google_credentials(&self) -> Result<GoogleCredentials, Error> {
        if let Some(made) = self.google.get() {
            return Ok(made.clone());
        }
        install_crypto_provider();
        let made = self.credentials.build()?;
        Ok(self.google.get_or_init(|| made).clone())
    }

    pub fn client(&self) -> Result<&reqwest::Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        install_crypto_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(120))
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none());
        if self.endpoints.is_plain_http() {
            // Loading the system's roots takes tens of milliseconds and a plain connection needs none.
            builder = builder.tls_backend_preconfigured(rootless_tls()?);
        }
        let client = builder.build().map_err(|source| {
            Error::new(Kind::Unexpected, "build http client", "the client could not be built").with_source(source)
        })?;
        Ok(self.client.get_or_init(|| client))
    }

    pub async fn authorization(&self, action: &str) -> Result<HeaderMap, Error> {
        if self.credentials.is_anonymous() {
            return Ok(HeaderMap::new());
        }
        match self.google_credentials()?.headers(Extensions::new()).await {
            Ok(CacheableResource::New { data, .. }) => Ok(data),
            Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
            Err(source) => {
                let kind = if source.is_transient() {
                    Kind::Unreachable
                } else {
                    Kind::Unauthenticated
                };
                Err(Error::new(kind, action, "no access token could be obtained").with_source(source))
            }
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Error> {
        let url = format!("{}{}", self.endpoints.of(call.service), call.path);
        let mut request = self
            .client()?
            .request(call.method.clone(), url)
            .query(&call.query)
            .headers(self.authorization(&call.action).await?)
            .headers(call.headers.clone());
        if let Some((content_type, body)) = &call.body {
            request = request
                .header(http::header::CONTENT_TYPE, *content_type)
                .body(body.clone());
        }
        let lost = |source: reqwest::Error| {
            let kind = if source.is_connect() {
                Kind::Unreachable
            } else {
                Kind::Unavailable
            };
            let message = if source.is_timeout() {
                "no answer in time"
            } else if source.is_connect() {
                "no connection"
            } else {
                "the connection broke"
            };
            let base = self.endpoints.of(call.service);
            Error::new(kind, &*call.action, format!("{message} ({base})")).with_source(source.without_url())
        };
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(lost)?;
        if status.is_success() {
            return Ok(Answer { headers, body });
        }
        let deleting = call.method == Method::DELETE;
        let after = headers
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        Err(Error::from_answer(&call.action, deleting, status.as_u16(), &body)
            .with_retry_after(after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs)))
    }
}

impl Call {
    pub fn new(service: Service, method: Method, path: String, action: impl Into<String>) -> Self {
        // A POST has effects that nobody named beforehand; everything else can be repeated.
        let safety = if method == Method::POST {
            Safety::Once
        } else {
            Safety::Repeatable
        };
        Self {
            service,
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            action: action.into(),
            safety,
        }
    }

    pub fn get(service: Service, path: String, action: impl Into<String>) -> Self {
        Self::new(service, Method::GET, path, action)
    }

    pub fn post(service: Service, path: String, action: impl Into<String>) -> Self {
        Self::new(service, Method::POST, path, action)
    }

    pub fn patch(service: Service, path: String, action: impl Into<String>) -> Self {
        Self::new(service, Method::PATCH, path, action)
    }

    pub fn delete(service: Service, path: String, action: impl Into<String>) -> Self {
        Self::new(service, Method::DELETE, path, action)
    }

    /// States that sending it twice is harmless.
    pub fn repeatable(mut self) -> Self {
        self.safety = Safety::Repeatable;
        self
    }

    /// States that an error is an answer, too: it is not sent again unless it was certainly not carried out.
    pub fn once(mut self) -> Self {
        self.safety = Safety::Once;
        self
    }

    pub fn query(mut self, name: &'static str, value: impl Into<QueryValue>) -> Self {
        self.query.push((name, value.into().0));
        self
    }

    pub fn query_opt(self, name: &'static str, value: Option<impl Into<QueryValue>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// `If-Match`, as BigQuery wants its etags.
    pub fn if_match(mut self, etag: Option<&str>) -> Self {
        if let Some(value) = etag.and_then(|etag| etag.parse().ok()) {
            self.headers.insert(http::header::IF_MATCH, value);
        }
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(("application/json", Bytes::from(body.to_string())));
        self
    }

    pub fn content(mut self, content_type: &'static str, body: Bytes) -> Self {
        self.body = Some((content_type, body));
        self
    }

    pub async fn send(self, transport: &Transport) -> Result<Answer, Error> {
        run(transport.retry, self.safety, |_| transport.once(&self)).await
    }

    pub async fn send_json(self, transport: &Transport) -> Result<Value, Error> {
        let answer = run(transport.retry, self.safety, |_| transport.once(&self)).await?;
        parse(&self.action, &answer.body)
    }

    /// For a creation whose name the client chose: sent again although an earlier attempt may have succeeded, and then
    /// "exists already" is read as "that was us" and answered by `existing`.
    pub async fn create<F>(mut self, transport: &Transport, existing: impl Fn() -> F) -> Result<Value, Error>
    where
        F: Future<Output = Result<Value, Error>>,
    {
        self.safety = Safety::Repeatable;
        let call = &self;
        let existing = &existing;
        run(transport.retry, self.safety, |history: History| async move {
            match transport.once(call).await {
                Ok(answer) => parse(&call.action, &answer.body),
                Err(error) if error.kind() == Kind::AlreadyExists && history.maybe_done => existing().await,
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// As `send_json`; an error comes with whether an earlier attempt may have been carried out.
    pub async fn send_noting_ambiguity(self, transport: &Transport) -> Result<Value, (Error, bool)> {
        let ambiguous = std::sync::atomic::AtomicBool::new(false);
        let (call, noted) = (&self, &ambiguous);
        let answer = run(transport.retry, self.safety, |history: History| async move {
            noted.store(history.maybe_done, std::sync::atomic::Ordering::Relaxed);
            transport.once(call).await
        })
        .await;
        let ambiguous = ambiguous.into_inner();
        let answer = answer.map_err(|error| (error, ambiguous))?;
        parse(&self.action, &answer.body).map_err(|error| (error, ambiguous))
    }

    /// For a deletion: `true` when something was deleted, `false` when nothing was there.
    pub async fn send_delete(self, transport: &Transport) -> Result<bool, Error> {
        match self.send(transport).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn parse(action: &str, body: &[u8]) -> Result<Value, Error> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|source| Error::new(Kind::Unexpected, action, "the answer is not JSON").with_source(source))
}

/// Google's crates and reqwest take the process's default; a program that chose its own keeps it.
pub(crate) fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn rootless_tls() -> Result<rustls::ClientConfig, Error> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::new(Kind::Unexpected, "build http client", "no TLS versions").with_source(source))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(config)
}

/// Percent-encodes one path segment (an object name's slashes included).
pub(crate) fn segment(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(byte as char);
        } else {
            out.push('%');
            out.push(HEX[usize::from(byte >> 4)] as char);
            out.push(HEX[usize::from(byte & 15)] as char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments() {
        assert_eq!(segment("a/b c.json"), "a%2Fb%20c.json");
        assert_eq!(segment("é~_-"), "%C3%A9~_-");
    }
}
