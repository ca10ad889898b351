//! `headwater_google_access_token`: a token for Google's APIs, for as long as Terraform runs.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::Impersonation;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, EphemeralResource, Opened, Result, Schema, Type, equal, parse_duration,
    required_with, validate,
};

use super::stamp;
use crate::clients::Clients;
use crate::durations;
use crate::names;
use crate::problems::cloud_problem;

const DEFAULT_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// The ephemeral resource.
#[derive(Debug, Clone, Copy)]
pub struct GoogleAccessToken;

/// What it is given and what it yields.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Model {
    scopes: Attr<Vec<String>>,
    target_service_account: Attr<String>,
    delegates: Attr<Vec<String>>,
    lifetime: Attr<String>,
    access_token: Attr<String>,
    expires_at: Attr<String>,
}

#[async_trait]
impl EphemeralResource for GoogleAccessToken {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_google_access_token"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "scopes",
                Attribute::list(Type::String)
                    .optional()
                    .validate(validate::size(1..))
                    .validate(validate::each(names::scope()))
                    .describe(format!("What the token opens. Default: `[\"{DEFAULT_SCOPE}\"]`.")),
            ),
            (
                "target_service_account",
                Attribute::string().optional().validate(names::service_account()).describe(
                    "The email address of a service account to act as. The provider's credentials need `roles/iam.serviceAccountTokenCreator` \
                     on it. Without it the token is that of the provider's credentials themselves.",
                ),
            ),
            (
                "delegates",
                Attribute::list(Type::String)
                    .optional()
                    .validate(validate::each(names::service_account()))
                    .describe(
                        "Service accounts in between, by email address: the provider's credentials may act as the first, each as the next, the \
                         last as `target_service_account`.",
                    ),
            ),
            (
                "lifetime",
                Attribute::string()
                    .optional()
                    .equivalent(equal::duration)
                    .validate(durations::between("1s", "12h"))
                    .describe(
                        "How long a token of `target_service_account` is good. More than `1h` needs the organisation policy \
                         `iam.allowServiceAccountCredentialLifetimeExtension`. Default: `1h`. Google sets the lifetime of other tokens itself.",
                    ),
            ),
            (
                "access_token",
                Attribute::string().computed().sensitive().describe("The token: what goes behind `Bearer` in the header `Authorization`."),
            ),
            (
                "expires_at",
                Attribute::string().computed().describe(
                    "When the token ends (RFC 3339). Null where Google keeps that to itself: with user credentials and on the metadata server.",
                ),
            ),
        ])
        .check(required_with("delegates", ["target_service_account"]))
        .check(required_with("lifetime", ["target_service_account"]))
        .describe(
            "An access token for Google's APIs, of the provider's credentials or of a service account that they may act as, for other \
             providers and for write-only attributes. It exists while Terraform runs and is in no plan, no state and no log. On the local \
             cloud, where no credentials are needed, name a `target_service_account`.",
        )
    }

    async fn open(&self, cx: &mut Cx, config: Model) -> Result<Opened<Model>> {
        let clients = cx.provider::<Clients>()?;
        let tokens = clients.cloud()?.tokens();
        let scopes = match config.scopes.known() {
            Some(scopes) => scopes.clone(),
            None => vec![DEFAULT_SCOPE.to_owned()],
        };
        let (token, blamed) = match config.target_service_account.known() {
            Some(account) => {
                let lifetime = match config.lifetime.as_deref() {
                    Some(text) => parse_duration(text).map_err(|problem| Diagnostic::invalid("lifetime", problem))?,
                    None => DEFAULT_LIFETIME,
                };
                let target = Impersonation {
                    account: account.clone(),
                    delegates: config.delegates.known().cloned().unwrap_or_default(),
                    lifetime,
                };
                (tokens.impersonated(&target, &scopes).await, "target_service_account")
            }
            None => (tokens.own(&scopes).await, ""),
        };
        let token = token.map_err(|error| {
            let problem = cloud_problem("cannot obtain a Google access token", &error);
            if blamed.is_empty() { problem } else { problem.at(blamed) }
        })?;
        // No renewal: Google's tokens cannot be prolonged, and the value that was given out cannot be exchanged.
        Ok(Opened {
            result: Model {
                access_token: token.expose().into(),
                expires_at: token.expires_at().map(stamp).into(),
                ..config
            },
            renew_at: None,
        })
    }
}
