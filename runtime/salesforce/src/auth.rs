//! Access tokens: the OAuth client-credentials and JWT bearer flows, cached, renewed by one caller at a time. Secrets go
//! into the token request's body and nowhere else.
//!
//! <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm>,
//! <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm>

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use headwater_spec::{SalesforceAuth, SalesforceConnection, Secret};
use reqwest::Url;
use reqwest::header::HeaderValue;
use ring::signature::RsaKeyPair;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::retry::{Attempts, RetryPolicy, retry_after};
use crate::{Error, Kind, Result, Retry};

/// Salesforce accepts assertions that expire within minutes.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(180);
const TOKEN_PATH: &str = "/services/oauth2/token";
const REQUEST: &str = "POST /services/oauth2/token";

/// A session: where the org's APIs are and what opens them.
pub(crate) struct Session {
    /// Scheme and host of the instance.
    pub instance: Url,
    /// `Bearer …`, marked sensitive so that it is not printed with the headers.
    pub header: HeaderValue,
    /// When Salesforce says that it was opened.
    pub issued_at: Option<DateTime<Utc>>,
    /// The organisation's id, 18 characters; empty when Salesforce does not say.
    pub organization: String,
}

/// An access token for callers that are not this client.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// What goes behind `Bearer `.
    pub token: Secret,
    /// Scheme and host of the instance that it opens, without a slash at the end.
    pub instance_url: String,
    /// When Salesforce issued it, to the millisecond. Salesforce does not say when it ends: that is the org's setting.
    pub issued_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken")
            .field("instance_url", &self.instance_url)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn access_token(&self) -> AccessToken {
        let header = self.header.to_str().unwrap_or_default();
        AccessToken {
            token: Secret::new(header.trim_start_matches("Bearer ").to_owned()),
            instance_url: self.instance.origin().ascii_serialization(),
            issued_at: self.issued_at,
        }
    }
}

/// Gives out sessions.
pub(crate) struct Authenticator {
    http: reqwest::Client,
    login: Url,
    flow: Flow,
    retry: RetryPolicy,
    current: Mutex<Option<Arc<Session>>>,
}

enum Flow {
    ClientCredentials {
        client_id: String,
        client_secret: Secret,
    },
    JwtBearer {
        client_id: String,
        username: String,
        audience: String,
        key: Box<RsaKeyPair>,
    },
}

impl Authenticator {
    pub(crate) fn new(
        http: reqwest::Client,
        login: Url,
        connection: &SalesforceConnection,
        secret: Secret,
        retry: RetryPolicy,
    ) -> Result<Self> {
        let flow = match &connection.auth {
            SalesforceAuth::ClientCredentials { client_id, .. } => Flow::ClientCredentials {
                client_id: client_id.clone(),
                client_secret: secret,
            },
            SalesforceAuth::JwtBearer {
                client_id, username, ..
            } => Flow::JwtBearer {
                client_id: client_id.clone(),
                username: username.clone(),
                audience: audience(&login),
                key: Box::new(private_key(&secret)?),
            },
        };
        Ok(Self {
            http,
            login,
            flow,
            retry,
            current: Mutex::new(None),
        })
    }

    /// The session, opened at the first call.
    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(session) => Ok(Arc::clone(session)),
            None => Ok(Arc::clone(current.insert(Arc::new(self.open().await?)))),
        }
    }

    /// A session other than `expired`. Callers that find the same one expired share one renewal.
    pub(crate) async fn renew(&self, expired: &Arc<Session>) -> Result<Arc<Session>> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(session) if !Arc::ptr_eq(session, expired) => Ok(Arc::clone(session)),
            _ => {
                tracing::info!("renewing the salesforce session");
                Ok(Arc::clone(current.insert(Arc::new(self.open().await?))))
            }
        }
    }

    async fn open(&self) -> Result<Session> {
        let mut attempts = Attempts::new(&self.retry);
        loop {
            let (error, after) = match self.request().await {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            // 401 here is a refusal of the client, not of a session.
            let error = match error {
                Error::Api {
                    request,
                    status,
                    code,
                    message,
                    kind: Kind::Session | Kind::Access | Kind::Unknown,
                } => Error::Api {
                    request,
                    status,
                    code,
                    message,
                    kind: Kind::Auth,
                },
                other => other,
            };
            if error.retry() != Retry::Transient {
                return Err(error);
            }
            attempts.pause(error, after).await?;
        }
    }

    async fn request(&self) -> Result<Session, (Error, Option<Duration>)> {
        let plain = |error: Error| (error, None);
        let url = self
            .login
            .join(TOKEN_PATH)
            .map_err(|_| plain(config("login_url", "is not a URL")))?;
        let request = self.http.post(url);
        let request = match &self.flow {
            Flow::ClientCredentials {
                client_id,
                client_secret,
            } => request.form(&[
                ("grant_type", "client_credentials"),
                ("client_id", client_id.as_str()),
                ("client_secret", client_secret.expose().as_str()),
            ]),
            Flow::JwtBearer {
                client_id,
                username,
                audience,
                key,
            } => {
                let assertion = assertion(client_id, username, audience, key, SystemTime::now()).map_err(plain)?;
                request.form(&[
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", assertion.as_str()),
                ])
            }
        };
        let response = request.send().await.map_err(|e| plain(Error::transport(REQUEST, e)))?;
        let (status, after) = (response.status(), retry_after(response.headers()));
        if status.is_redirection() {
            let reason = format!(
                "answered with a redirection (HTTP {}): use the org's My Domain URL",
                status.as_u16()
            );
            return Err(plain(config("login_url", reason)));
        }
        let body = response
            .bytes()
            .await
            .map_err(|e| plain(Error::transport(REQUEST, e)))?;
        if !status.is_success() {
            return Err((
                self.redacted(Error::from_answer(REQUEST, status.as_u16(), &body)),
                after,
            ));
        }
        self.read(&body).map_err(plain)
    }

    fn read(&self, body: &[u8]) -> Result<Session> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            instance_url: String,
            issued_at: Option<String>,
            #[serde(default)]
            id: String,
        }
        // serde's message could quote the body, and the body holds the token.
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| Error::unexpected(REQUEST, "it has no access_token and instance_url"))?;
        let instance = Url::parse(&answer.instance_url)
            .map_err(|_| Error::unexpected(REQUEST, "its instance_url is not a URL"))?;
        if self.login.scheme() == "https" && instance.scheme() != "https" {
            return Err(Error::unexpected(
                REQUEST,
                "its instance_url is not https: the token is not sent unencrypted",
            ));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {}", answer.access_token))
            .map_err(|_| Error::unexpected(REQUEST, "its access_token cannot stand in a header"))?;
        header.set_sensitive(true);
        let issued_at = answer
            .issued_at
            .and_then(|text| DateTime::from_timestamp_millis(text.parse().ok()?));
        // `https://login.salesforce.com/id/ORGANIZATION/USER`
        let organization = answer.id.rsplit('/').nth(1).unwrap_or_default().to_owned();
        Ok(Session {
            instance,
            header,
            issued_at,
            organization,
        })
    }

    /// Should an answer ever repeat the secret, our error does not.
    fn redacted(&self, error: Error) -> Error {
        match (error, &self.flow) {
            (
                Error::Api {
                    request,
                    status,
                    code,
                    message,
                    kind,
                },
                Flow::ClientCredentials { client_secret, .. },
            ) if !client_secret.expose().is_empty() => {
                let clean = |text: String| text.replace(client_secret.expose().as_str(), "(redacted)");
                Error::Api {
                    request,
                    status,
                    code: clean(code),
                    message: clean(message),
                    kind,
                }
            }
            (error, _) => error,
        }
    }
}

fn config(setting: &'static str, reason: impl Into<String>) -> Error {
    Error::Config {
        setting,
        reason: reason.into(),
    }
}

/// The `aud` claim names Salesforce's login service, not the org's own host; anything that is not Salesforce is its own.
fn audience(login: &Url) -> String {
    let host = login.host_str().unwrap_or("");
    if !host.ends_with(".salesforce.com") {
        return login.origin().ascii_serialization();
    }
    let sandbox = host == "test.salesforce.com" || host.contains("--") || host.contains(".sandbox.");
    if sandbox {
        "https://test.salesforce.com".into()
    } else {
        "https://login.salesforce.com".into()
    }
}

/// Reads PKCS#8 (`PRIVATE KEY`) and PKCS#1 (`RSA PRIVATE KEY`). Errors say what is wrong, never what stands there.
fn private_key(secret: &Secret) -> Result<RsaKeyPair> {
    let error = |reason: &str| config("private key", reason);
    let pem = pem::parse(secret.expose().trim()).map_err(|_| {
        error("is not PEM: give the text from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, line breaks included")
    })?;
    let unusable = || error("cannot be used: it must be RSA with 2048 to 4096 bits");
    match pem.tag() {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(pem.contents()).map_err(|_| unusable()),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(pem.contents()).map_err(|_| unusable()),
        "ENCRYPTED PRIVATE KEY" => Err(error(
            "is encrypted: decrypt it first, for example with `openssl pkey -in key.pem`",
        )),
        "CERTIFICATE" | "PUBLIC KEY" => Err(error(
            "is a public part: give the private key that belongs to the uploaded certificate",
        )),
        _ => Err(error(
            "is PEM of another kind: it must say PRIVATE KEY or RSA PRIVATE KEY",
        )),
    }
}

fn assertion(client_id: &str, username: &str, audience: &str, key: &RsaKeyPair, now: SystemTime) -> Result<String> {
    let expires = (now + ASSERTION_LIFETIME)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims = serde_json::json!({"iss": client_id, "sub": username, "aud": audience, "exp": expires});
    let mut text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &ring::signature::RSA_PKCS1_SHA256,
        &ring::rand::SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .map_err(|_| config("private key", "cannot sign"))?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(&signature, &mut text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS8: &str = include_str!("../tests/data/test-only.pkcs8.pem");
    const PKCS1: &str = include_str!("../tests/data/test-only.pkcs1.pem");

    #[test]
    fn assertions_carry_the_claims_and_verify() {
        for pem in [PKCS8, PKCS1, &format!("\n\n{PKCS8}\n ")] {
            let key = private_key(&Secret::new(pem.to_owned())).unwrap();
            let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let token = assertion(
                "the-client",
                "user@example.com",
                "https://login.salesforce.com",
                &key,
                now,
            )
            .unwrap();
            let parts: Vec<&str> = token.split('.').collect();
            let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
            let json = |part: &str| serde_json::from_slice::<serde_json::Value>(&decode(part)).unwrap();
            assert_eq!(json(parts[0]), serde_json::json!({"alg": "RS256", "typ": "JWT"}));
            let expected = serde_json::json!({
                "iss": "the-client", "sub": "user@example.com", "aud": "https://login.salesforce.com", "exp": 1_700_000_180
            });
            assert_eq!(json(parts[1]), expected);
            let signed = &token[..token.rfind('.').unwrap()];
            ring::signature::UnparsedPublicKey::new(
                &ring::signature::RSA_PKCS1_2048_8192_SHA256,
                key.public().as_ref(),
            )
            .verify(signed.as_bytes(), &decode(parts[2]))
            .unwrap();
        }
    }

    #[test]
    fn audiences() {
        let cases = [
            ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
            (
                "https://acme--uat.sandbox.my.salesforce.com",
                "https://test.salesforce.com",
            ),
            ("https://login.salesforce.com", "https://login.salesforce.com"),
            ("https://test.salesforce.com/", "https://test.salesforce.com"),
            ("http://127.0.0.1:8651", "http://127.0.0.1:8651"),
            ("https://notsalesforce.com", "https://notsalesforce.com"),
        ];
        for (login, expected) in cases {
            assert_eq!(audience(&Url::parse(login).unwrap()), expected);
        }
    }

    #[test]
    fn unusable_keys_are_refused_without_being_shown() {
        let cases = [
            ("hunter2", "is not PEM"),
            (
                "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----",
                "RSA with 2048",
            ),
            (
                "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----",
                "public part",
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\naHVudGVyMg==\n-----END ENCRYPTED PRIVATE KEY-----",
                "decrypt it",
            ),
            (
                "-----BEGIN EC PRIVATE KEY-----\naHVudGVyMg==\n-----END EC PRIVATE KEY-----",
                "another kind",
            ),
        ];
        for (text, expected) in cases {
            let error = private_key(&Secret::new(text.into())).map(drop).expect_err(text);
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains(expected) && !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
                "{shown}"
            );
        }
    }
}
