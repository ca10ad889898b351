//! `headwater_salesforce_connection`: how an org is reached, kept in Secret Manager.

mod model;
pub(crate) mod stored;

use async_trait::async_trait;
use headwater_cloud::{Kind, OptionalExt as _, SecretManager, SecretPayload};
use headwater_spec::Secret;
use tfplugin_framework::{Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::model::secret_of;
pub(crate) use self::model::{API_VERSION, private_key, secret_text};
pub use self::model::{ClientCredentials, JwtBearer, Model};
use self::stored::{Stored, secret_name};
use crate::clients::{Clients, PlannedConnection};
use crate::labels;
use crate::names;
use crate::org;
use crate::problems::{Explain as _, cloud_problem};

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct Connection;

#[async_trait]
impl Resource for Connection {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_salesforce_connection"
    }

    fn identity(&self) -> Option<Identity> {
        // The project is in the full name alone.
        Some(Identity::new("{id}"))
    }

    fn schema(&self) -> Schema {
        model::schema()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Model>) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        if planned.id.is_unknown() {
            planned.id = match (clients.project().known(), planned.name.known()) {
                (Some(project), Some(name)) => secret_name(project, name).into(),
                _ => planned.id,
            };
        }
        let before = plan.prior.as_ref().and_then(Model::to_stored);
        let after = planned.to_stored();
        if let Some(id) = planned.id.known() {
            let rotated =
                before.as_ref().map(|stored| stored.wo_version) != after.as_ref().map(|stored| stored.wo_version);
            let flow_changed = plan
                .prior
                .as_ref()
                .is_some_and(|prior| prior.jwt_bearer.is_null() != planned.jwt_bearer.is_null());
            if !rotated
                && !flow_changed
                && let Some(prior) = &plan.prior
            {
                planned.secret_version = prior.secret_version.clone();
            }
            // Extracts that are planned in the same walk must see the org through what this plan will make of it.
            match after {
                Some(after) if plan.prior.is_none() || before.as_ref() != Some(&after) => {
                    let config: Model = cx.config()?;
                    let secret = secret_of(&config, id).filter(|_| rotated || flow_changed);
                    let known = secret.is_some() || !(rotated || flow_changed);
                    clients.plan_connection(
                        id,
                        if known {
                            PlannedConnection::Known(Box::new(after.settings), secret)
                        } else {
                            PlannedConnection::Unknown
                        },
                    );
                }
                Some(_) => {}
                None => clients.plan_connection(id, PlannedConnection::Unknown),
            }
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, mut planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let secrets = clients.cloud()?.secrets();
        let config: Model = cx.config()?;
        let id = secret_name(clients.require_project()?, planned.name.require("name")?);
        planned.id = id.as_str().into();
        let wanted = planned.require_stored()?;
        let secret = configured_secret(&config, &id)?;
        verify(&clients, &wanted, Some(secret.clone())).await?;
        match secrets.create(&id, &wanted.document()).await {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::AlreadyExists => adopt(&secrets, &id, &wanted).await?,
            Err(error) => {
                return Err(cloud_problem(format!("cannot create the connection's secret `{id}`"), &error).into());
            }
        }
        // From here on the secret exists: whatever fails, Terraform must know of it.
        cx.record(&planned.read(&wanted, None))?;
        let version = rotate(&secrets, &id, &secret).await?;
        clients.settle_connection(&id);
        Ok(planned.read(&wanted, Some(version)))
    }

    async fn read(&self, cx: &mut Cx, state: Model) -> Result<Option<Model>> {
        let clients = cx.provider::<Clients>()?;
        let secrets = clients.cloud()?.secrets();
        let id = state.id.require("id")?;
        let summary = format!("cannot read the connection `{id}`");
        let Some(document) = secrets.get(id).await.optional().explain(&*summary)? else {
            return Ok(None);
        };
        let stored = match Stored::read(id, &document) {
            Ok(stored) => stored,
            // Its annotations were removed by hand: the plan writes them again.
            Err(problem) if state.name.is_null() => return Err(problem.into()),
            Err(_) => {
                cx.report(
                    Diagnostic::warning(format!("the secret `{id}` has lost annotations of its connection"))
                        .hint("The next apply writes them again."),
                );
                let login_url = None::<String>.into();
                return Ok(Some(Model { login_url, ..state }));
            }
        };
        let versions = secrets.list_versions(id).await.explain(summary)?;
        let newest = versions
            .iter()
            .find(|version| version["state"] == "ENABLED")
            .and_then(|version| version["name"].as_str());
        let mut found = state.read(&stored, newest.map(str::to_owned));
        if newest.is_none() {
            // The secret's only version was destroyed by hand: as if it had never been given, so that the plan stores it.
            forget_secret(&mut found);
        }
        Ok(Some(found))
    }

    async fn update(&self, cx: &mut Cx, prior: Model, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let secrets = clients.cloud()?.secrets();
        let id = planned.id.require("id")?.clone();
        let wanted = planned.require_stored()?;
        let before = prior.to_stored();
        let same_flow = prior.jwt_bearer.is_null() == planned.jwt_bearer.is_null();
        let rotated = !same_flow || before.as_ref().map(|stored| stored.wo_version) != Some(wanted.wo_version);
        let secret = if rotated {
            Some(configured_secret(&cx.config()?, &id)?)
        } else {
            None
        };
        if before.as_ref().map(|stored| &stored.settings) != Some(&wanted.settings) || rotated {
            verify(&clients, &wanted, secret.clone()).await?;
        }
        let version = match &secret {
            Some(secret) => Some(rotate(&secrets, &id, secret).await?),
            None => prior.secret_version.known().cloned(),
        };
        let summary = format!("cannot change the connection `{id}`");
        let present = secrets.get(&id).await.explain(&*summary)?;
        let change = serde_json::json!({"annotations": wanted.merged(&present), "etag": present["etag"]});
        secrets.patch(&id, &change, "annotations").await.explain(summary)?;
        clients.settle_connection(&id);
        Ok(planned.read(&wanted, version))
    }

    async fn delete(&self, cx: &mut Cx, state: Model) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let id = state.id.require("id")?;
        clients
            .cloud()?
            .secrets()
            .delete(id)
            .await
            .explain(format!("cannot delete the connection `{id}`"))?;
        Ok(())
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let full = match id.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", _, "secrets", _] => id.to_owned(),
            [name] if !name.is_empty() => secret_name(clients.require_project()?, name),
            _ => {
                return Err(names::not_an_id(id, "the connection's name, or `projects/PROJECT/secrets/SECRET`").into());
            }
        };
        Ok(Model {
            id: full.into(),
            ..Model::default()
        })
    }
}

fn configured_secret(config: &Model, id: &str) -> Result<Secret, Diagnostic> {
    secret_of(config, id).ok_or_else(|| {
        let path = config.flow(id).map(|flow| flow.secret_path).unwrap_or_default();
        Diagnostic::invalid(path, "the secret is needed to store a new version of it")
            .hint("Set the write-only attribute; Terraform sends it and keeps it nowhere.")
    })
}

/// Logs in once, so that settings which cannot work are never stored.
async fn verify(clients: &Clients, wanted: &Stored, secret: Option<Secret>) -> Result<(), Diagnostic> {
    if !wanted.verify {
        return Ok(());
    }
    let cloud = clients.cloud()?;
    match org::connect(cloud, &wanted.settings, secret).await {
        Ok(org) => {
            tracing::info!(
                connection = wanted.name,
                api_version = org.client().api_version(),
                "connection verified"
            );
            Ok(())
        }
        Err(no_org) => Err(Diagnostic::from(no_org)
            .at("login_url")
            .hint("Nothing was stored. To store it all the same, set `verify = false`.")),
    }
}

/// Stores the secret as a new version and destroys the older ones: after a rotation they are worth nothing to us.
async fn rotate(secrets: &SecretManager, id: &str, secret: &Secret) -> Result<String, Diagnostic> {
    let version = secrets
        .add_version(id, &SecretPayload::new(secret.expose().as_bytes()))
        .await
        .explain(format!("cannot store the secret of `{id}`"))?;
    let versions = secrets
        .list_versions(id)
        .await
        .explain(format!("cannot list the versions of `{id}`"))?;
    for old in versions.iter().filter(|old| old["state"] != "DESTROYED") {
        if let Some(name) = old["name"].as_str().filter(|name| !same_version(name, &version)) {
            secrets
                .destroy_version(name)
                .await
                .explain(format!("cannot destroy the old version `{name}`"))?;
        }
    }
    tracing::info!(version, "secret stored");
    Ok(version)
}

/// Google may answer with the project's number where we sent its id.
fn same_version(a: &str, b: &str) -> bool {
    a.rsplit('/').next() == b.rsplit('/').next()
}

/// The secret that an apply which was killed left behind: ours, and as it is planned now.
async fn adopt(secrets: &SecretManager, id: &str, wanted: &Stored) -> Result<(), Diagnostic> {
    let document = secrets
        .get(id)
        .await
        .explain(format!("cannot read the secret `{id}`"))?;
    let ours = labels::has(&document["labels"], labels::MANAGED)
        && Stored::read(id, &document).is_ok_and(|stored| stored == *wanted);
    if !ours {
        return Err(
            Diagnostic::invalid("name", format!("the connection's secret `{id}` exists already")).hint(format!(
                "Import it: `terraform import ADDRESS {id}`, or choose another `name`."
            )),
        );
    }
    tracing::info!(secret = id, "secret of an earlier apply adopted");
    Ok(())
}

fn forget_secret(state: &mut Model) {
    if let Some(flow) = state.client_credentials.known_mut() {
        flow.client_secret_wo_version = 0.into();
    }
    if let Some(flow) = state.jwt_bearer.known_mut() {
        flow.private_key_wo_version = 0.into();
    }
}
