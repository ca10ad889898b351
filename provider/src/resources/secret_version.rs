//! `headwater_secret_version`: the payload of a secret, which Terraform sends and keeps nowhere.
//! <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions>

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{Cloud, OptionalExt as _, SecretPayload, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema, Timeouts, validate,
};

use crate::clients::Clients;
use crate::names;
use crate::problems::Explain as _;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretVersion;

/// Its state: which version it is, and never what is in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Version {
    secret: Attr<String>,
    secret_data_wo: Attr<String>,
    secret_data_wo_version: Attr<i64>,
    enabled: Attr<bool>,
    retire: Attr<String>,
    version: Attr<String>,
    create_time: Attr<String>,
    id: Attr<String>,
}

/// What becomes of a version that is not needed any more.
const DESTROY: &str = "DESTROY";
const DISABLE: &str = "DISABLE";
const KEEP: &str = "KEEP";

impl Version {
    /// The state that a version's document amounts to.
    fn read(&self, document: &Json) -> Version {
        let number = number_of(document);
        Version {
            secret_data_wo: Attr::Null,
            // After an import the number of the version itself is the best guess.
            secret_data_wo_version: match self.secret_data_wo_version {
                Attr::Null => number.parse().ok().into(),
                said => said,
            },
            enabled: (document["state"] == "ENABLED").into(),
            retire: match &self.retire {
                Attr::Null => DESTROY.into(),
                said => said.clone(),
            },
            version: number.into(),
            create_time: document["createTime"].as_str().map(str::to_owned).into(),
            // Google answers with the project's number where its id was sent.
            id: self.secret.clone().map(|secret| format!("{secret}/versions/{number}")),
            ..self.clone()
        }
    }

    fn is_rotated_from(&self, prior: &Version) -> bool {
        self.secret_data_wo_version != prior.secret_data_wo_version
    }
}

fn number_of(document: &Json) -> &str {
    let name = document["name"].as_str().unwrap_or_default();
    name.rsplit('/').next().unwrap_or_default()
}

#[async_trait]
impl Resource for SecretVersion {
    type Model = Version;

    fn type_name(&self) -> &'static str {
        "headwater_secret_version"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "secret",
                Attribute::string().required().requires_replace().validate(names::secret_id()).describe("The secret: the id of a `headwater_secret`."),
            ),
            (
                "secret_data_wo",
                Attribute::string()
                    .required()
                    .sensitive()
                    .write_only()
                    .validate(validate::length(1..=65_536))
                    .describe("The payload. Write-only: it is in no plan and no state. Give it as an ephemeral variable or resource."),
            ),
            (
                "secret_data_wo_version",
                Attribute::number()
                    .required()
                    .validate(validate::whole_number())
                    .validate(validate::range(1..))
                    .describe("Change it whenever the payload changes: Terraform cannot see that by itself. A change adds a version to the secret. After an import it is the version's own number."),
            ),
            ("enabled", Attribute::bool().default(true).describe("Whether the payload can be read.")),
            (
                "retire",
                Attribute::string()
                    .default(DESTROY)
                    .validate(validate::one_of([DESTROY, DISABLE, KEEP]))
                    .describe("What becomes of a version when another one takes its place, and when this resource is destroyed: its payload is destroyed for ever, it is disabled, or it is kept as it is."),
            ),
            ("version", Attribute::string().computed().describe("The version's number.")),
            ("create_time", Attribute::string().computed().describe("When the version was added.")),
            ("id", Attribute::string().computed().describe("The version's full name: `projects/PROJECT/secrets/SECRET/versions/VERSION`.")),
        ])
        .describe(
            "A version of a secret: its payload. When `secret_data_wo_version` changes, a new version is added and the old one retired. If the \
             secret's newest version holds exactly this payload already, it is taken over.",
        )
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(300))
                .delete(Duration::from_secs(300)),
        )
    }

    async fn plan(&self, _cx: &mut Cx, plan: Plan<Version>) -> Result<Version> {
        let mut planned = plan.proposed;
        if let Some(prior) = &plan.prior
            && !planned.is_rotated_from(prior)
        {
            planned.version = prior.version.clone();
            planned.create_time = prior.create_time.clone();
            planned.id = prior.id.clone();
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Version) -> Result<Version> {
        let clients = cx.provider::<Clients>()?;
        let cloud = clients.cloud()?;
        let document = add(cx, cloud, &planned).await?;
        // From here on the version exists: whatever fails, Terraform must know of it.
        cx.record(&planned.read(&document))?;
        let document = enable(cloud, &planned, document).await?;
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Version) -> Result<Option<Version>> {
        let clients = cx.provider::<Clients>()?;
        let id = state.id.require("id")?;
        let found = clients.cloud()?.secrets().get_version(id).await.optional();
        let found = found.explain(format!("cannot read the secret version `{id}`"))?;
        // A destroyed version is a number without anything in it.
        let found = found.filter(|document| document["state"] != "DESTROYED");
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, prior: Version, planned: Version) -> Result<Version> {
        let clients = cx.provider::<Clients>()?;
        let cloud = clients.cloud()?;
        let old = prior.id.require("id")?;
        if !planned.is_rotated_from(&prior) {
            let document = cloud.secrets().get_version(old).await;
            let document = document.explain(format!("cannot change the secret version `{old}`"))?;
            let document = enable(cloud, &planned, document).await?;
            return Ok(planned.read(&document));
        }
        // Should this fail on its way, the state stays as it was, and the next apply finds the new version again.
        let document = add(cx, cloud, &planned).await?;
        let document = enable(cloud, &planned, document).await?;
        if planned.read(&document).id.as_deref() != Some(old) {
            retire(cloud, old, planned.retire.as_deref()).await?;
        }
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Version) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        retire(clients.cloud()?, state.id.require("id")?, state.retire.as_deref()).await?;
        Ok(())
    }

    fn identity(&self) -> Option<Identity> {
        // Another payload is another version.
        Some(Identity::new("{secret}/versions/{version}").mutable())
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Version> {
        let clients = cx.provider::<Clients>()?;
        let not_an_id = || {
            names::not_an_id(
                id,
                "`projects/PROJECT/secrets/SECRET/versions/VERSION`, or `SECRET/VERSION` in the provider's project",
            )
        };
        let parts: Vec<&str> = id.split('/').collect();
        let (project, secret, version) = match parts.as_slice() {
            ["projects", project, "secrets", secret, "versions", version] => (*project, *secret, *version),
            [secret, version] => (clients.require_project()?, *secret, *version),
            _ => return Err(not_an_id().into()),
        };
        if !names::is_project(project) || !names::is_secret(secret) || version.parse::<u64>().is_err() {
            return Err(not_an_id().into());
        }
        let secret = format!("projects/{project}/secrets/{secret}");
        Ok(Version {
            id: format!("{secret}/versions/{version}").into(),
            secret: secret.into(),
            ..Version::default()
        })
    }
}

/// Adds a version with the configured payload, unless the newest one is just that: then an apply that was killed, or
/// whose answer was lost, has added it.
async fn add(cx: &Cx, cloud: &Cloud, planned: &Version) -> Result<Json> {
    let secret = planned.secret.require("secret")?;
    let config: Version = cx.config()?;
    let payload = config.secret_data_wo.require("secret_data_wo")?;
    let payload = SecretPayload::new(payload.as_bytes());
    let secrets = cloud.secrets();
    let newest = secrets
        .get_version(&format!("{secret}/versions/latest"))
        .await
        .optional();
    let newest = newest.explain(format!("cannot read the versions of the secret `{secret}`"))?;
    if let Some(newest) = newest.filter(|newest| newest["state"] == "ENABLED") {
        let name = format!("{secret}/versions/{}", number_of(&newest));
        // Who may add versions need not be allowed to read them.
        if secrets.access(&name).await.is_ok_and(|present| present == payload) {
            tracing::info!(version = name, "the newest version holds the payload already");
            return Ok(newest);
        }
    }
    let added = secrets.add_version(secret, &payload).await;
    let added = added.explain(format!("cannot add a version to the secret `{secret}`"))?;
    let added = secrets.get_version(&added).await;
    Ok(added.explain(format!("cannot read the new version of the secret `{secret}`"))?)
}

/// Makes the payload readable or not, as planned.
async fn enable(cloud: &Cloud, planned: &Version, document: Json) -> Result<Json, Diagnostic> {
    let verb = match (planned.enabled.known(), document["state"] == "ENABLED") {
        (Some(true), false) => "enable",
        (Some(false), true) => "disable",
        _ => return Ok(document),
    };
    let secret = planned.secret.require("secret")?;
    let name = format!("{secret}/versions/{}", number_of(&document));
    let documents = cloud.documents(Service::SecretManager);
    let changed = documents.repeatable_verb(&name, verb, &json!({})).await;
    changed.explain(format!("cannot {verb} the secret version `{name}`"))
}

/// Does with a version that is not needed any more what the user chose.
async fn retire(cloud: &Cloud, name: &str, choice: Option<&str>) -> Result<(), Diagnostic> {
    let secrets = cloud.secrets();
    let summary = format!("cannot retire the secret version `{name}`");
    let Some(document) = secrets.get_version(name).await.optional().explain(&*summary)? else {
        return Ok(());
    };
    match (choice, document["state"].as_str()) {
        (Some(KEEP), _) | (_, Some("DESTROYED")) | (Some(DISABLE), Some("DISABLED")) => Ok(()),
        (Some(DISABLE), _) => secrets.disable_version(name).await.explain(summary),
        _ => secrets.destroy_version(name).await.explain(summary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin_framework::check_resource;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_resource(&SecretVersion), Default::default());
    }

    #[test]
    fn a_state_never_holds_the_payload() {
        let planned = Version {
            secret: "projects/acme/secrets/s".into(),
            secret_data_wo: "hush".into(),
            secret_data_wo_version: 7.into(),
            ..Version::default()
        };
        let document = json!({"name": "projects/123/secrets/s/versions/3", "state": "ENABLED", "createTime": "t"});
        let read = planned.read(&document);
        assert_eq!(read.secret_data_wo, Attr::Null);
        assert_eq!(read.id, "projects/acme/secrets/s/versions/3".into());
        assert_eq!((read.version, read.secret_data_wo_version), ("3".into(), 7.into()));
        let imported = Version {
            secret: "projects/acme/secrets/s".into(),
            ..Version::default()
        };
        assert_eq!(imported.read(&document).secret_data_wo_version, 3.into());
    }
}
