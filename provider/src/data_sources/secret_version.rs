//! `headwater_secret_version`: which version of a secret is the newest, and in what state; never its payload.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::OptionalExt as _;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Cx, DataSource, Diagnostic, Result, Schema, Timeouts, validate};

use crate::clients::Clients;
use crate::names;
use crate::problems::Explain as _;

/// The data source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretVersionSource;

/// What it is given and what it finds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    secret: Attr<String>,
    version: Attr<String>,
    state: Attr<String>,
    number: Attr<String>,
    create_time: Attr<String>,
    id: Attr<String>,
}

#[async_trait]
impl DataSource for SecretVersionSource {
    type Model = Found;

    fn type_name(&self) -> &'static str {
        "headwater_secret_version"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "secret",
                Attribute::string().required().validate(names::secret_id()).describe("The secret: the id of a `headwater_secret`."),
            ),
            (
                "version",
                Attribute::string()
                    .default("latest")
                    .validate(validate::matches("must be a version's number, an alias, or `latest`", names::is_secret))
                    .describe("Which version: its number, an alias, or `latest`."),
            ),
            ("state", Attribute::string().computed().describe("`ENABLED`, `DISABLED` or `DESTROYED`.")),
            ("number", Attribute::string().computed().describe("The version's number.")),
            ("create_time", Attribute::string().computed().describe("When it was added.")),
            ("id", Attribute::string().computed().describe("The full name with the number: `projects/PROJECT/secrets/SECRET/versions/NUMBER`.")),
        ])
        .describe("A version of a secret that exists already: its number and state. The payload is never read, and so never in the state.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, config: Found) -> Result<Found> {
        let clients = cx.provider::<Clients>()?;
        let secret = config.secret.require("secret")?;
        let version = config.version.as_deref().unwrap_or("latest");
        let name = format!("{secret}/versions/{version}");
        let found = clients.cloud()?.secrets().get_version(&name).await.optional();
        let Some(document) = found.explain(format!("cannot read the secret version `{name}`"))? else {
            return Err(
                Diagnostic::invalid("version", format!("the secret version `{name}` does not exist"))
                    .hint("Check the name of the secret and the version's number; a new secret has no versions.")
                    .into(),
            );
        };
        let number = document["name"].as_str().unwrap_or_default();
        let number = number.rsplit('/').next().unwrap_or_default();
        Ok(Found {
            state: document["state"].as_str().map(str::to_owned).into(),
            number: number.into(),
            create_time: document["createTime"].as_str().map(str::to_owned).into(),
            id: format!("{secret}/versions/{number}").into(),
            ..config.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin_framework::check_data_source;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_data_source(&SecretVersionSource), Default::default());
    }
}
