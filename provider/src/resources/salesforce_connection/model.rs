//! The state of a connection and its rules.

use std::time::Duration;

use headwater_spec::{SalesforceAuth, SalesforceConnection, Secret};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path, Schema, Timeouts, equal, exactly_one_of, validate};

use super::stored::{Stored, newest};
use crate::names;

/// The version of Salesforce's API that is spoken unless another is named.
pub(crate) const API_VERSION: &str = "66.0";

/// The state of a connection. The write-only fields are null in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) name: Attr<String>,
    pub(super) login_url: Attr<String>,
    pub(super) api_version: Attr<String>,
    pub(super) client_credentials: Attr<ClientCredentials>,
    pub(super) jwt_bearer: Attr<JwtBearer>,
    pub(super) verify: Attr<bool>,
    pub(super) secret_version: Attr<String>,
    pub(super) id: Attr<String>,
}

/// The client-credentials flow.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientCredentials {
    pub(super) client_id: Attr<String>,
    pub(super) client_secret_wo: Attr<String>,
    pub(super) client_secret_wo_version: Attr<i64>,
}

/// The JWT bearer flow.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JwtBearer {
    pub(super) client_id: Attr<String>,
    pub(super) username: Attr<String>,
    pub(super) private_key_wo: Attr<String>,
    pub(super) private_key_wo_version: Attr<i64>,
}

// A configuration, unlike a state, carries the secret: neither may be printed.
impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtBearer")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The parts of a configured flow that both flows have.
pub(super) struct Flow {
    pub auth: Option<SalesforceAuth>,
    pub secret: Attr<String>,
    pub secret_path: Path,
    pub wo_version: Attr<i64>,
}

impl Model {
    /// The flow that is configured; `None`: not known yet which.
    pub(super) fn flow(&self, id: &str) -> Option<Flow> {
        match (&self.client_credentials, &self.jwt_bearer) {
            (Attr::Known(flow), _) => Some(Flow {
                auth: flow
                    .client_id
                    .known()
                    .map(|client_id| SalesforceAuth::ClientCredentials {
                        client_id: client_id.clone(),
                        client_secret: newest(id),
                    }),
                secret: flow.client_secret_wo.clone(),
                secret_path: Path::attr("client_credentials").child("client_secret_wo"),
                wo_version: flow.client_secret_wo_version,
            }),
            (_, Attr::Known(flow)) => Some(Flow {
                auth: flow
                    .client_id
                    .known()
                    .zip(flow.username.known())
                    .map(|(client_id, username)| SalesforceAuth::JwtBearer {
                        client_id: client_id.clone(),
                        username: username.clone(),
                        private_key: newest(id),
                    }),
                secret: flow.private_key_wo.clone(),
                secret_path: Path::attr("jwt_bearer").child("private_key_wo"),
                wo_version: flow.private_key_wo_version,
            }),
            _ => None,
        }
    }

    /// What is to be stored; `None` while something of it is not known yet.
    pub(super) fn to_stored(&self) -> Option<Stored> {
        let id = self.id.known()?;
        let flow = self.flow(id)?;
        Some(Stored {
            name: self.name.known()?.clone(),
            settings: SalesforceConnection {
                id: id.clone(),
                login_url: self.login_url.known()?.trim_end_matches('/').to_owned(),
                api_version: self.api_version.known()?.clone(),
                auth: flow.auth?,
            },
            wo_version: *flow.wo_version.known()?,
            verify: self.verify.known().copied().unwrap_or(true),
        })
    }

    /// What is to be stored, at apply, when all of it is known.
    pub(super) fn require_stored(&self) -> Result<Stored, Diagnostic> {
        self.to_stored()
            .ok_or_else(|| Diagnostic::error("the connection is not known completely at apply"))
    }

    /// The state that a stored connection amounts to, in the spelling of the state before.
    pub(super) fn read(&self, stored: &Stored, newest_version: Option<String>) -> Model {
        let settings = &stored.settings;
        let same_url = self
            .login_url
            .as_deref()
            .is_some_and(|url| url.trim_end_matches('/') == settings.login_url);
        let (mut client_credentials, mut jwt_bearer) = (Attr::Null, Attr::Null);
        match &settings.auth {
            SalesforceAuth::ClientCredentials { client_id, .. } => {
                client_credentials = Attr::Known(ClientCredentials {
                    client_id: client_id.as_str().into(),
                    client_secret_wo: Attr::Null,
                    client_secret_wo_version: stored.wo_version.into(),
                });
            }
            SalesforceAuth::JwtBearer {
                client_id, username, ..
            } => {
                jwt_bearer = Attr::Known(JwtBearer {
                    client_id: client_id.as_str().into(),
                    username: username.as_str().into(),
                    private_key_wo: Attr::Null,
                    private_key_wo_version: stored.wo_version.into(),
                });
            }
        }
        Model {
            name: stored.name.as_str().into(),
            login_url: if same_url {
                self.login_url.clone()
            } else {
                settings.login_url.as_str().into()
            },
            api_version: settings.api_version.as_str().into(),
            client_credentials,
            jwt_bearer,
            verify: stored.verify.into(),
            secret_version: newest_version.into(),
            id: settings.id.as_str().into(),
        }
    }
}

/// The secret out of a configuration.
pub(super) fn secret_of(config: &Model, id: &str) -> Option<Secret> {
    let flow = config.flow(id)?;
    flow.secret.known().map(|text| Secret::new(text.clone()))
}

fn wo_version(what: &str) -> Attribute {
    Attribute::number()
        .required()
        .validate(validate::whole_number())
        .validate(validate::range(1..=1_000_000))
        .describe(format!("Raise it when {what} changes: Terraform does not keep the secret and cannot see the change. A new version is stored then, and the old ones are destroyed."))
}

pub(super) fn schema() -> Schema {
    let client_id = || {
        Attribute::string()
            .required()
            .validate(validate::length(1..=1024))
            .describe("The consumer key of the connected app (or external client app).")
    };
    Schema::new([
        (
            "name",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::connection())
                .describe("The connection's name, unique in the project. The secret is called `headwater-salesforce-NAME`."),
        ),
        (
            "login_url",
            Attribute::string()
                .required()
                .equivalent(equal::trailing_slash)
                .validate(names::login_url())
                .describe("The org's My Domain address, such as `https://acme.my.salesforce.com`."),
        ),
        (
            "api_version",
            Attribute::string().default(API_VERSION).validate(names::api_version()).describe("The version of Salesforce's API."),
        ),
        (
            "client_credentials",
            Attribute::object([
                ("client_id", client_id()),
                (
                    "client_secret_wo",
                    Attribute::string()
                        .required()
                        .write_only()
                        .sensitive()
                        .validate(secret_text())
                        .describe("The consumer secret. It goes to Secret Manager and is never in plan or state."),
                ),
                ("client_secret_wo_version", wo_version("the secret")),
            ])
            .optional()
            .describe("The client-credentials flow: the run-as user of the connected app reads. Simplest to set up."),
        ),
        (
            "jwt_bearer",
            Attribute::object([
                ("client_id", client_id()),
                (
                    "username",
                    Attribute::string().required().validate(validate::length(1..=255)).describe("The user to act as, such as `integration@acme.com`."),
                ),
                (
                    "private_key_wo",
                    Attribute::string()
                        .required()
                        .write_only()
                        .sensitive()
                        .validate(private_key())
                        .describe("The RSA private key in PEM whose certificate the connected app holds. It goes to Secret Manager and is never in plan or state."),
                ),
                ("private_key_wo_version", wo_version("the key")),
            ])
            .optional()
            .describe("The JWT bearer flow: a certificate instead of a shared secret."),
        ),
        (
            "verify",
            Attribute::bool()
                .default(true)
                .describe("Whether the provider logs in to the org before it stores a new or changed connection, so that what cannot work fails at once."),
        ),
        ("secret_version", Attribute::string().computed().describe("The stored secret: `projects/PROJECT/secrets/SECRET/versions/N`.")),
        (
            "id",
            Attribute::string().computed().use_state_for_unknown().describe("The full name of the secret: `projects/PROJECT/secrets/headwater-salesforce-NAME`."),
        ),
    ])
    .check(exactly_one_of(["client_credentials", "jwt_bearer"]))
    .describe(
        "A connection to a Salesforce org. Address and flow are kept as annotations of a secret in Secret Manager, and the secret as its \
         newest version; nobody but the runtime, and the provider while it plans, reads it.",
    )
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(300)),
    )
}

// Rules about secrets say what is allowed and never quote the value.
pub(crate) fn secret_text() -> tfplugin_framework::Validator {
    tfplugin_framework::Validator::new("must be the consumer secret, without spaces around it", |value| {
        let text = value.as_str().unwrap_or_default();
        if text.is_empty() || text.trim() != text {
            return Err(
                "must be the consumer secret, without spaces around it; the value given is empty or has some".into(),
            );
        }
        Ok(())
    })
}

pub(crate) fn private_key() -> tfplugin_framework::Validator {
    tfplugin_framework::Validator::new("must be an RSA private key in PEM", |value| {
        let text = value.as_str().unwrap_or_default();
        if !text.contains("-----BEGIN ") || !text.contains("PRIVATE KEY-----") {
            return Err("must be an RSA private key in PEM (`-----BEGIN PRIVATE KEY-----` …): use `file(\"…\")`, or an ephemeral variable".into());
        }
        Ok(())
    })
}
