//! `headwater_salesforce_access_token`: a token for Salesforce's APIs, for as long as Terraform runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::Utc;
use headwater_salesforce::Client;
use headwater_spec::{SalesforceAuth, SalesforceConnection, Secret, SecretRef};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, EphemeralResource, Opened, Result, Schema, conflicts_with, equal, exactly_one_of,
    parse_duration, required_with, validate,
};

use super::{later, stamp};
use crate::clients::Clients;
use crate::durations;
use crate::names;
use crate::org::{self, Connection};
use crate::problems::Explain as _;
use crate::resources::salesforce_connection::{API_VERSION, private_key, secret_text};

const SESSION: &str = "session";

/// The ephemeral resource, with the sessions that are open: what renews one stays in this process and is not given to
/// Terraform, whose logs we do not know.
#[derive(Debug, Default)]
pub struct SalesforceAccessToken {
    open: Mutex<HashMap<u64, Held>>,
    opened: AtomicU64,
}

#[derive(Debug, Clone)]
struct Held {
    client: Client,
    timeout: Duration,
    token: Secret,
    what: String,
}

/// What it is given and what it yields.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Model {
    connection: Attr<String>,
    login_url: Attr<String>,
    client_credentials: Attr<ClientCredentials>,
    jwt_bearer: Attr<JwtBearer>,
    session_timeout: Attr<String>,
    access_token: Attr<String>,
    instance_url: Attr<String>,
    issued_at: Attr<String>,
    expires_at: Attr<String>,
}

/// The client-credentials flow.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ClientCredentials {
    client_id: Attr<String>,
    client_secret: Attr<String>,
}

/// The JWT bearer flow.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct JwtBearer {
    client_id: Attr<String>,
    username: Attr<String>,
    private_key: Attr<String>,
}

impl Model {
    /// The settings of a login that is written out, and its secret.
    fn direct(&self) -> Result<(SalesforceConnection, Secret), Diagnostic> {
        let nowhere = SecretRef(String::new());
        let (auth, secret) = match (&self.client_credentials, &self.jwt_bearer) {
            (Attr::Known(flow), _) => (
                SalesforceAuth::ClientCredentials {
                    client_id: flow.client_id.require("client_credentials")?.clone(),
                    client_secret: nowhere,
                },
                flow.client_secret.require("client_credentials")?,
            ),
            (_, flow) => {
                let flow = flow.require("jwt_bearer")?;
                (
                    SalesforceAuth::JwtBearer {
                        client_id: flow.client_id.require("jwt_bearer")?.clone(),
                        username: flow.username.require("jwt_bearer")?.clone(),
                        private_key: nowhere,
                    },
                    flow.private_key.require("jwt_bearer")?,
                )
            }
        };
        let login_url = self.login_url.require("login_url")?;
        let settings = SalesforceConnection {
            id: String::new(),
            login_url: login_url.trim_end_matches('/').to_owned(),
            api_version: API_VERSION.to_owned(),
            auth,
        };
        Ok((settings, Secret::new(secret.clone())))
    }
}

/// The settings and, unless it is to be fetched, the secret; and the attribute to blame when the login fails.
async fn settings(
    clients: &Clients,
    config: &Model,
) -> Result<(Box<SalesforceConnection>, Option<Secret>, &'static str), Diagnostic> {
    let Some(connection) = config.connection.known() else {
        let (settings, secret) = config.direct()?;
        return Ok((Box::new(settings), Some(secret), "login_url"));
    };
    match clients.connection(connection).await? {
        Connection::Known(settings, secret) => Ok((settings, secret, "connection")),
        Connection::Unknown | Connection::Absent => Err(Diagnostic::invalid(
            "connection",
            format!("the connection `{connection}` does not exist yet"),
        )
        .hint(
            "Apply the headwater_salesforce_connection first: a token can be had only of a connection that is stored.",
        )),
    }
}

#[async_trait]
impl EphemeralResource for SalesforceAccessToken {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_salesforce_access_token"
    }

    fn schema(&self) -> Schema {
        let client_id = || {
            Attribute::string()
                .required()
                .validate(validate::length(1..=1024))
                .describe("The consumer key of the connected app (or external client app).")
        };
        Schema::new([
            (
                "connection",
                Attribute::string().optional().validate(names::connection_id()).describe(
                    "The org and how to log in to it: the id of a `headwater_salesforce_connection`. The secret is read from Secret Manager.",
                ),
            ),
            (
                "login_url",
                Attribute::string().optional().validate(names::login_url()).describe(
                    "Without a `connection`: the org's My Domain address, such as `https://acme.my.salesforce.com`.",
                ),
            ),
            (
                "client_credentials",
                Attribute::object([
                    ("client_id", client_id()),
                    (
                        "client_secret",
                        Attribute::string().required().sensitive().validate(secret_text()).describe("The consumer secret."),
                    ),
                ])
                .optional()
                .describe("Without a `connection`: the client-credentials flow. Needs `login_url`."),
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
                        "private_key",
                        Attribute::string().required().sensitive().validate(private_key()).describe(
                            "The RSA private key in PEM whose certificate the connected app holds.",
                        ),
                    ),
                ])
                .optional()
                .describe("Without a `connection`: the JWT bearer flow. Needs `login_url`."),
            ),
            (
                "session_timeout",
                Attribute::string()
                    .default("15m")
                    .equivalent(equal::duration)
                    .validate(durations::between("15m", "24h"))
                    .describe(
                        "How long the org keeps a session that nobody uses (*Session Settings* in its setup). Salesforce does not tell it: \
                         the default is the shortest that an org can set. When two thirds of it are over, and Terraform still runs, the \
                         session is kept alive by one API call.",
                    ),
            ),
            (
                "access_token",
                Attribute::string().computed().sensitive().describe("The token: what goes behind `Bearer` in the header `Authorization`."),
            ),
            (
                "instance_url",
                Attribute::string().computed().describe("Scheme and host of the APIs that the token opens, such as `https://acme.my.salesforce.com`."),
            ),
            ("issued_at", Attribute::string().computed().describe("When Salesforce issued the token (RFC 3339).")),
            (
                "expires_at",
                Attribute::string().computed().describe("When the token ends unless it is used: `issued_at` and `session_timeout` (RFC 3339)."),
            ),
        ])
        .check(exactly_one_of(["connection", "client_credentials", "jwt_bearer"]))
        .check(conflicts_with(["connection", "login_url"]))
        .check(required_with("client_credentials", ["login_url"]))
        .check(required_with("jwt_bearer", ["login_url"]))
        .describe(
            "An access token for Salesforce's APIs, for other providers and for write-only attributes. It exists while Terraform runs and is in \
             no plan, no state and no log. It is not revoked at the end: Salesforce may have given the same session to others that log in with \
             the same app and user, such as an extract that is running.",
        )
    }

    async fn open(&self, cx: &mut Cx, config: Model) -> Result<Opened<Model>> {
        let clients = cx.provider::<Clients>()?;
        let (settings, secret, blamed) = settings(&clients, &config).await?;
        // A session of its own: the provider's others may be renewed while this one is in use.
        let org = org::connect(clients.cloud()?, &settings, secret)
            .await
            .map_err(|no_org| Diagnostic::from(no_org).at(blamed))?;
        let client = org.client().clone();
        let what = format!("cannot keep the session with {} alive", settings.login_url);
        let issued = client.access_token().await.explain("cannot obtain an access token")?;
        let timeout = config.session_timeout.require("session_timeout")?;
        let timeout = parse_duration(timeout).map_err(|problem| Diagnostic::invalid("session_timeout", problem))?;
        let issued_at = issued.issued_at.unwrap_or_else(Utc::now);
        let handle = self.opened.fetch_add(1, Ordering::Relaxed);
        cx.private().set(SESSION, handle);
        let held = Held {
            client,
            timeout,
            token: issued.token.clone(),
            what,
        };
        let renew_at = held.renew_at();
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(handle, held);
        Ok(Opened {
            result: Model {
                access_token: issued.token.expose().as_str().into(),
                instance_url: issued.instance_url.into(),
                issued_at: stamp(issued_at).into(),
                expires_at: stamp(later(issued_at, timeout)).into(),
                ..config
            },
            renew_at: Some(renew_at),
        })
    }

    async fn renew(&self, cx: &mut Cx) -> Result<Option<SystemTime>> {
        let handle: Option<u64> = cx.private().get(SESSION);
        let held = handle.and_then(|handle| {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.get(&handle).cloned()
        });
        let Some(held) = held else {
            return Err(Diagnostic::error("this session was not opened by this process").into());
        };
        // Salesforce prolongs a session that is used in the second half of its time.
        held.client.limits().await.explain(&*held.what)?;
        let now = held.client.access_token().await.explain(&*held.what)?;
        if now.token != held.token {
            return Err(Diagnostic::error(&*held.what)
                .detail("Salesforce had ended it: the token that was given out is no longer good.")
                .hint("Set `session_timeout` to what the org's Session Settings say.")
                .into());
        }
        Ok(Some(held.renew_at()))
    }

    async fn close(&self, cx: &mut Cx) -> Result<()> {
        if let Some(handle) = cx.private().get::<u64>(SESSION) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&handle);
        }
        Ok(())
    }
}

impl Held {
    fn renew_at(&self) -> SystemTime {
        SystemTime::now() + self.timeout * 2 / 3
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use headwater_cloud::{Cloud, CloudOptions};
    use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::settings::Resolved;

    /// Ends every session of the org, as an administrator may.
    async fn expire_sessions(org: &Simulator) {
        let host = org.base_url().trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(host).await.expect("a connection");
        let request = format!(
            "POST /_control/expire_sessions HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn a_session_is_kept_alive_until_the_org_ends_it() {
        let dir = tempfile::tempdir().expect("a directory");
        generate(&Generate {
            accounts: 5,
            overwrite: true,
            ..Generate::new(dir.path())
        })
        .expect("an org");
        let org = Simulator::start(Simulate::new(dir.path()))
            .await
            .expect("the simulator");
        let cloud = Cloud::connect(CloudOptions {
            endpoint: Some("http://127.0.0.1:9".into()),
            ..CloudOptions::default()
        });
        let clients = Clients::new(Resolved {
            project: "p".into(),
            region: Attr::Null,
            cloud: Some(cloud.expect("settings")),
        });
        let resource = SalesforceAccessToken::default();
        let mut cx = Cx::for_test(resource.schema(), Arc::new(clients), tfplugin_framework::Value::Null);
        let config = Model {
            login_url: org.base_url().into(),
            client_credentials: ClientCredentials {
                client_id: "headwater-client".into(),
                client_secret: "headwater-secret".into(),
            }
            .into(),
            session_timeout: "30m".into(),
            ..Model::default()
        };
        let opened = resource.open(&mut cx, config).await.expect("a token");
        let in_minutes =
            |at: Option<SystemTime>| at.and_then(|at| Some(at.duration_since(SystemTime::now()).ok()?.as_secs() / 60));
        assert_eq!(in_minutes(opened.renew_at), Some(19), "two thirds of the time");
        assert!(
            !format!("{:?} {:?}", resource, cx.private())
                .contains(opened.result.access_token.as_deref().expect("a token"))
        );

        assert_eq!(in_minutes(resource.renew(&mut cx).await.expect("alive")), Some(19));
        expire_sessions(&org).await;
        let ended = resource.renew(&mut cx).await.expect_err("ended");
        let text = ended
            .iter()
            .next()
            .map(|found| found.detail.clone())
            .unwrap_or_default();
        assert!(text.contains("no longer good"), "{text}");
        resource.close(&mut cx).await.expect("closed");
        assert!(resource.renew(&mut cx).await.is_err(), "what was closed is renewed");
    }
}
