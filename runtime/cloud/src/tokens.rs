//! Access tokens for callers that are not this crate: those of the credential in use, and of service accounts that it may
//! act as. <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use google_cloud_auth::credentials::CacheableResource;
use http::Extensions;
use serde_json::{Value, json};

use crate::endpoints::Service::IamCredentials;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};

const ACTION: &str = "obtain an access token";

/// Gives out tokens.
#[derive(Clone)]
pub struct Tokens {
    transport: Arc<Transport>,
}

/// An OAuth access token. It has neither `Display` nor `Serialize`, and its `Debug` says only when it ends.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    token: String,
    expires_at: Option<DateTime<Utc>>,
}

impl AccessToken {
    /// The token, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.token
    }

    /// When it ends; `None`: its issuer keeps that to itself.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A service account to act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonation {
    /// Its email address.
    pub account: String,
    /// Accounts in between, each of which may act as the next; email addresses.
    pub delegates: Vec<String>,
    /// How long the token is good, whole seconds.
    pub lifetime: Duration,
}

impl Tokens {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// A token of the credential that requests are signed with, for these scopes.
    ///
    /// # Errors
    /// `Unauthenticated` when requests are anonymous, or the credential is refused.
    pub async fn own(&self, scopes: &[String]) -> Result<AccessToken, Error> {
        let credentials = self.transport.credentials();
        if credentials.is_anonymous() {
            return Err(Error::new(
                Kind::Unauthenticated,
                ACTION,
                "requests are anonymous: there is no token",
            )
            .with_hint(
                "name a service account to act as, or give the provider `credentials` (HEADWATER_CREDENTIALS)",
            ));
        }
        let built = credentials.build_with(scopes)?;
        let headers = match built.headers(Extensions::new()).await {
            Ok(CacheableResource::New { data, .. }) => data,
            Ok(CacheableResource::NotModified) => Default::default(),
            Err(source) => {
                let kind = if source.is_transient() {
                    Kind::Unreachable
                } else {
                    Kind::Unauthenticated
                };
                return Err(Error::new(kind, ACTION, "no access token could be obtained").with_source(source));
            }
        };
        let token = headers
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(|| Error::new(Kind::Unexpected, ACTION, "the credential yields no bearer token"))?;
        Ok(AccessToken {
            token: token.to_owned(),
            expires_at: expiry_of(token),
        })
    }

    /// A token of another account. Needs `roles/iam.serviceAccountTokenCreator` on it.
    ///
    /// # Errors
    /// `Denied` when the credential may not act as the account, `NotFound` when there is none.
    pub async fn impersonated(&self, target: &Impersonation, scopes: &[String]) -> Result<AccessToken, Error> {
        let resource = |account: &String| format!("projects/-/serviceAccounts/{account}");
        let body = json!({
            "scope": scopes,
            "lifetime": format!("{}s", target.lifetime.as_secs()),
            "delegates": target.delegates.iter().map(resource).collect::<Vec<_>>(),
        });
        let path = format!(
            "/v1/projects/-/serviceAccounts/{}:generateAccessToken",
            segment(&target.account)
        );
        let answer = Call::post(
            IamCredentials,
            path,
            format!("obtain an access token of `{}`", target.account),
        )
        .json(&body)
        .repeatable()
        .send_json(&self.transport)
        .await?;
        let token = answer["accessToken"]
            .as_str()
            .ok_or_else(|| Error::new(Kind::Unexpected, ACTION, "the answer has no accessToken"))?;
        Ok(AccessToken {
            token: token.to_owned(),
            expires_at: answer["expireTime"].as_str().and_then(|text| text.parse().ok()),
        })
    }
}

/// Service accounts sign their tokens themselves: those are JWTs and say when they end. Others are opaque.
fn expiry_of(token: &str) -> Option<DateTime<Utc>> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    DateTime::from_timestamp(claims["exp"].as_i64()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_say_when_they_end() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"a@b","exp":1700000000}"#);
        let at = |text: &str| expiry_of(text).map(|at| at.timestamp());
        for (token, expected) in [
            (format!("head.{claims}.signature"), Some(1_700_000_000)),
            ("ya29.opaque".to_owned(), None),
            ("ya29.a.b".to_owned(), None),
        ] {
            assert_eq!(at(&token), expected);
        }
    }

    #[test]
    fn tokens_are_not_printed() {
        let token = AccessToken {
            token: "hush".into(),
            expires_at: None,
        };
        assert!(!format!("{token:?}").contains("hush"));
    }
}
