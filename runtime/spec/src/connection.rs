//! How the runtime reaches an org. Refers to secrets; never holds one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of a Secret Manager secret: `projects/P/secrets/S/versions/N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(pub String);

/// A connection to a Salesforce org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesforceConnection {
    /// The id of the `headwater_salesforce_connection`: `projects/P/secrets/S`.
    pub id: String,
    /// The My Domain host with its scheme, such as `https://acme.my.salesforce.com`; no path.
    pub login_url: String,
    /// The API's version without a `v`, such as `66.0`.
    pub api_version: String,
    /// The OAuth flow.
    pub auth: SalesforceAuth,
}

/// The OAuth flow and all of its parameters that are not secret.
/// <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "flow", rename_all = "snake_case", deny_unknown_fields)]
pub enum SalesforceAuth {
    /// The client-credentials flow: the org's run-as user of the connected app.
    ClientCredentials {
        /// The consumer key.
        client_id: String,
        /// Where the consumer secret is.
        client_secret: SecretRef,
    },
    /// The JWT bearer flow: a certificate instead of a shared secret.
    JwtBearer {
        /// The consumer key, the token's `iss`.
        client_id: String,
        /// The user to act as, the token's `sub`.
        username: String,
        /// Where the PEM private key (RSA) is.
        private_key: SecretRef,
    },
}

impl SalesforceAuth {
    /// Where this flow's secret is.
    pub const fn secret(&self) -> &SecretRef {
        match self {
            Self::ClientCredentials { client_secret, .. } => client_secret,
            Self::JwtBearer { private_key, .. } => private_key,
        }
    }

    /// The consumer key.
    pub fn client_id(&self) -> &str {
        match self {
            Self::ClientCredentials { client_id, .. } | Self::JwtBearer { client_id, .. } => client_id,
        }
    }
}
