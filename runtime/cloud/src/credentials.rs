//! Who asks: which credential a setting means, and the authorization headers that it yields.
//! Obtaining and renewing tokens is google-cloud-auth's work.

use std::fmt;

use google_cloud_auth::credentials as google;
use serde_json::Value;

use crate::endpoints::Endpoints;
use crate::errors::{Error, Kind};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What requests are signed with.
#[derive(Clone, PartialEq)]
pub struct Credentials(Source);

#[derive(Clone, PartialEq)]
enum Source {
    Anonymous,
    ApplicationDefault,
    File(Value),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Anonymous => "Credentials(anonymous)",
            Source::ApplicationDefault => "Credentials(application default)",
            Source::File(_) => "Credentials(redacted)",
        })
    }
}

impl Credentials {
    /// No `Authorization` header at all.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Source::Anonymous)
    }

    /// Decides what a setting means: a path to, or the text of, a service-account or ADC file; the word `anonymous`;
    /// or nothing. Nothing means Application Default Credentials, but anonymous over plain http, because a Google
    /// token must never travel unencrypted. For the same reason a given credential is refused over plain http that
    /// leaves this machine.
    ///
    /// # Errors
    /// When the file cannot be read or is no credential, or when it would be sent unencrypted.
    pub fn resolve(explicit: Option<&str>, endpoints: &Endpoints) -> Result<Self, Error> {
        let text = explicit.map(str::trim).filter(|text| !text.is_empty());
        let source = match text {
            None if endpoints.is_plain_http() => Source::Anonymous,
            None => Source::ApplicationDefault,
            Some("anonymous") => Source::Anonymous,
            Some(_) if endpoints.is_plain_http() && !endpoints.is_loopback() => {
                return Err(Error::new(
                    Kind::Invalid,
                    "read credentials",
                    "a credential would be sent unencrypted to another machine",
                )
                .with_hint("use an https endpoint, or set credentials to `anonymous`"));
            }
            Some(json) if json.starts_with('{') => Source::File(parse(json, "the given text")?),
            Some(path) => {
                let json = std::fs::read_to_string(path).map_err(|source| {
                    Error::new(Kind::Invalid, "read credentials", format!("cannot read `{path}`"))
                        .with_hint(
                            "give the path or the JSON of a service-account or ADC file, or the word `anonymous`",
                        )
                        .with_source(source)
                })?;
                Source::File(parse(&json, path)?)
            }
        };
        Ok(Self(source))
    }

    /// Whether requests carry no `Authorization` header.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.0 == Source::Anonymous
    }

    pub(crate) fn build(&self) -> Result<google::Credentials, Error> {
        self.build_with(&[SCOPE.to_owned()])
    }

    /// As [`Credentials::build`], good for these scopes only.
    pub(crate) fn build_with(&self, scopes: &[String]) -> Result<google::Credentials, Error> {
        let scopes = scopes.iter().map(String::as_str);
        let built = match &self.0 {
            Source::Anonymous => return Ok(google::anonymous::Builder::new().build()),
            Source::ApplicationDefault => google::Builder::default().with_scopes(scopes).build(),
            Source::File(json) => match json["type"].as_str() {
                Some("service_account") => google::service_account::Builder::new(json.clone())
                    .with_access_specifier(google::service_account::AccessSpecifier::from_scopes(scopes))
                    .build(),
                Some("external_account") => google::external_account::Builder::new(json.clone())
                    .with_scopes(scopes)
                    .build(),
                Some("impersonated_service_account") => google::impersonated::Builder::new(json.clone())
                    .with_scopes(scopes)
                    .build(),
                _ => google::user_account::Builder::new(json.clone())
                    .with_scopes(scopes)
                    .build(),
            },
        };
        built.map_err(|source| {
            Error::new(Kind::Unauthenticated, "load credentials", "no usable Google credential")
                .with_hint("run `gcloud auth application-default login`, or set credentials (HEADWATER_CREDENTIALS) to a service-account file")
                .with_source(source)
        })
    }
}

fn parse(json: &str, origin: &str) -> Result<Value, Error> {
    const HINT: &str = "give the path or the JSON of a service-account or ADC file, or the word `anonymous`";
    // The parser's own message may quote the text, which is secret: it is not kept as a source.
    let value: Value = serde_json::from_str(json)
        .map_err(|_| Error::new(Kind::Invalid, "read credentials", format!("{origin} is not JSON")).with_hint(HINT))?;
    match value["type"].as_str() {
        Some("service_account" | "authorized_user" | "external_account" | "impersonated_service_account") => Ok(value),
        Some(other) => Err(Error::new(
            Kind::Invalid,
            "read credentials",
            format!("{origin} holds a credential of type `{other}`, which is not supported"),
        )
        .with_hint(HINT)),
        None => Err(Error::new(Kind::Invalid, "read credentials", format!("{origin} has no `type`")).with_hint(HINT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_setting_means() {
        let google = Endpoints::new(None).expect("endpoints");
        let local = Endpoints::new(Some("http://127.0.0.1:1")).expect("endpoints");
        let elsewhere = Endpoints::new(Some("http://cloud.internal")).expect("endpoints");
        let user = r#"{"type":"authorized_user","client_id":"i","client_secret":"hush","refresh_token":"r"}"#;

        let resolve = |text, endpoints| format!("{:?}", Credentials::resolve(text, endpoints).expect("credentials"));
        assert_eq!(resolve(None, &google), "Credentials(application default)");
        assert_eq!(resolve(None, &local), "Credentials(anonymous)");
        assert_eq!(resolve(None, &elsewhere), "Credentials(anonymous)");
        assert_eq!(resolve(Some("anonymous"), &google), "Credentials(anonymous)");
        assert_eq!(resolve(Some(user), &google), "Credentials(redacted)");
        assert_eq!(resolve(Some(user), &local), "Credentials(redacted)");

        for (text, endpoints, says) in [
            (user, &elsewhere, "unencrypted"),
            ("/nowhere/key.json", &google, "cannot read"),
            ("{", &google, "not JSON"),
            ("{}", &google, "no `type`"),
            (r#"{"type":"gdch_service_account"}"#, &google, "gdch_service_account"),
        ] {
            let error = Credentials::resolve(Some(text), endpoints).expect_err(text);
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error:?}").contains("hush"), "a secret in an error");
        }
    }
}
