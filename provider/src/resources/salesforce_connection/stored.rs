//! How a connection lies in Secret Manager: everything that is not secret as annotations of a secret, the secret itself
//! as its newest version.

use headwater_cloud::{Document, SecretManager};
use headwater_spec::{SalesforceAuth, SalesforceConnection, SecretRef};
use serde_json::{Value as Json, json};
use tfplugin_framework::Diagnostic;

use crate::labels;

const NAME: &str = "headwater-name";
const LOGIN_URL: &str = "headwater-login-url";
const CLIENT_ID: &str = "headwater-client-id";
const AUTH: &str = "headwater-auth";
const USERNAME: &str = "headwater-username";
const API_VERSION: &str = "headwater-api-version";
const SECRET_VERSION: &str = "headwater-secret-wo-version";
const VERIFY: &str = "headwater-verify";

const CLIENT_CREDENTIALS: &str = "client_credentials";
const JWT_BEARER: &str = "jwt_bearer";

/// A connection without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The name in HCL.
    pub name: String,
    /// What the runtime needs.
    pub settings: SalesforceConnection,
    /// The `*_wo_version` that the stored secret came with.
    pub wo_version: i64,
    /// Whether changes are tried out before they are stored.
    pub verify: bool,
}

/// The secret that holds the connection of this name.
pub(crate) fn secret_name(project: &str, name: &str) -> String {
    SecretManager::secret_name(project, &format!("headwater-salesforce-{name}"))
}

/// The newest version. Specs refer to it so that a rotated secret serves scheduled runs at once, without every extract
/// being applied again.
pub(crate) fn newest(secret: &str) -> SecretRef {
    SecretRef(format!("{secret}/versions/latest"))
}

impl Stored {
    /// From the secret's document.
    pub(crate) fn read(id: &str, document: &Document) -> Result<Self, Diagnostic> {
        let annotations = &document["annotations"];
        let text = |key: &str| annotations[key].as_str().filter(|text| !text.is_empty());
        let need = |key: &str| {
            text(key).map(str::to_owned).ok_or_else(|| {
                Diagnostic::error(format!("the secret `{id}` is not a connection"))
                    .detail(format!("It has no annotation `{key}`."))
                    .hint("Use the id of a headwater_salesforce_connection. If its annotations were removed by hand, apply the connection again.")
            })
        };
        let client_id = need(CLIENT_ID)?;
        let auth = match need(AUTH)?.as_str() {
            JWT_BEARER => SalesforceAuth::JwtBearer {
                client_id,
                username: need(USERNAME)?,
                private_key: newest(id),
            },
            _ => SalesforceAuth::ClientCredentials {
                client_id,
                client_secret: newest(id),
            },
        };
        let in_id = id
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_start_matches("headwater-salesforce-");
        Ok(Self {
            name: text(NAME).unwrap_or(in_id).to_owned(),
            settings: SalesforceConnection {
                id: id.to_owned(),
                login_url: need(LOGIN_URL)?,
                api_version: need(API_VERSION)?,
                auth,
            },
            wo_version: text(SECRET_VERSION)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            verify: text(VERIFY) != Some("false"),
        })
    }

    /// The annotations.
    pub(crate) fn annotations(&self) -> Json {
        let mut annotations = json!({
            NAME: self.name,
            LOGIN_URL: self.settings.login_url,
            API_VERSION: self.settings.api_version,
            CLIENT_ID: self.settings.auth.client_id(),
            SECRET_VERSION: self.wo_version.to_string(),
            VERIFY: self.verify.to_string(),
        });
        annotations[AUTH] = match &self.settings.auth {
            SalesforceAuth::ClientCredentials { .. } => CLIENT_CREDENTIALS.into(),
            SalesforceAuth::JwtBearer { username, .. } => {
                annotations[USERNAME] = username.as_str().into();
                JWT_BEARER.into()
            }
        };
        annotations
    }

    /// The document that creates the secret.
    pub(crate) fn document(&self) -> Json {
        json!({"labels": {labels::MANAGED: "true"}, "annotations": self.annotations()})
    }

    /// The present annotations with ours in place, those of others kept: an update replaces them all.
    pub(crate) fn merged(&self, present: &Document) -> Json {
        let mut merged = self.annotations();
        for (key, value) in present["annotations"].as_object().into_iter().flatten() {
            if !key.starts_with(labels::RESERVED) && merged.get(key).is_none() {
                merged[key] = value.clone();
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(auth: SalesforceAuth) -> Stored {
        Stored {
            name: "crm".into(),
            settings: SalesforceConnection {
                id: secret_name("p", "crm"),
                login_url: "https://acme.my.salesforce.com".into(),
                api_version: "66.0".into(),
                auth,
            },
            wo_version: 3,
            verify: false,
        }
    }

    #[test]
    fn a_connection_survives_its_annotations() {
        let id = secret_name("p", "crm");
        assert_eq!(id, "projects/p/secrets/headwater-salesforce-crm");
        for auth in [
            SalesforceAuth::ClientCredentials {
                client_id: "3MVG".into(),
                client_secret: newest(&id),
            },
            SalesforceAuth::JwtBearer {
                client_id: "3MVG".into(),
                username: "u@acme.com".into(),
                private_key: newest(&id),
            },
        ] {
            let stored = stored(auth);
            assert_eq!(Stored::read(&id, &stored.document()).expect("read"), stored);
        }
    }

    #[test]
    fn annotations_of_others_stay_and_stale_ones_of_ours_go() {
        let id = secret_name("p", "crm");
        let stored = stored(SalesforceAuth::ClientCredentials {
            client_id: "c".into(),
            client_secret: newest(&id),
        });
        let present = json!({"annotations": {"team": "crm", "headwater-username": "old@acme.com"}});
        let merged = stored.merged(&present);
        assert_eq!(merged["team"], "crm");
        assert!(merged.get("headwater-username").is_none());
    }

    #[test]
    fn another_secret_is_no_connection() {
        let problem = Stored::read("projects/p/secrets/s", &json!({})).expect_err("no connection");
        assert!(problem.summary.contains("not a connection"));
    }
}
