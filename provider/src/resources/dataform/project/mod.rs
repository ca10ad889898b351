//! `headwater_dataform_project`: a local folder of SQLX, compiled at plan time by Dataform's own core, uploaded to a repository,
//! released, and run on a schedule.
//!
//! `model` is the state and its attributes, `compiled` is what a plan learns from the folder, `service` are the steps of an apply
//! and what the service says of their results.

mod compiled;
mod model;
mod service;

use std::collections::BTreeMap;

use async_trait::async_trait;
use headwater_dataform::CompilationConfig;
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::compiled::Source;
use self::model::{ActionModel, Model};
use self::service::Repository;
use super::rules;
use crate::clients::{Clients, no_region};
use crate::names;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Project;

const NAME: &str = "projects/{project}/locations/{region}/repositories/{name}";

#[async_trait]
impl Resource for Project {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_dataform_project"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new(NAME).or("{name}"))
    }

    fn schema(&self) -> Schema {
        model::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Model) -> Result<()> {
        rules::check_schedule(&config.cron_schedule, &config.time_zone)?;
        if config.cron_schedule.is_null()
            && (config.run_on_apply.is_null() || config.run_on_apply.known() == Some(&false))
            && !config.invocation_config.is_null()
        {
            return Err(Diagnostic::invalid(
                "invocation_config",
                "`invocation_config` says what is run, and nothing would ever run it",
            )
            .hint("Set `cron_schedule`, or `run_on_apply = true`.")
            .into());
        }
        Ok(())
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Model>) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let (prior, mut planned) = (plan.prior, plan.proposed);
        fill(&clients, &mut planned)?;
        let Some((directory, config, own)) = known(&planned) else {
            planned.forget_results();
            planned.source_hash = Attr::Unknown;
            planned.actions = Attr::Unknown;
            return Ok(planned);
        };
        let source = compiled::read(directory, &config, own)?;
        let prior_hash = prior.as_ref().and_then(|prior| prior.source_hash.as_deref());
        let settled = prior
            .as_ref()
            .filter(|prior| prior_hash == Some(&*source.hash) && prior.actions.known().is_some());
        if let Some(prior) = settled {
            // Nothing of the folder has changed: what it compiles to has not either.
            planned.source_hash = prior.source_hash.clone();
            planned.actions = prior.actions.clone();
            if planned.same_settings(prior) && prior.commit_sha.known().is_some() {
                planned.commit_sha = prior.commit_sha.clone();
                planned.compilation_result = prior.compilation_result.clone();
            } else {
                planned.forget_results();
            }
            planned.core_version = prior.core_version.clone();
            return Ok(planned);
        }
        let compiled = source.compile().await?;
        compiled.report(cx);
        planned.source_hash = compiled.hash.clone().into();
        planned.core_version = compiled.core_version.clone().into();
        let actions = compiled.actions();
        note_tables(&clients, prior.as_ref(), &actions);
        planned.actions = actions.into();
        planned.forget_results();
        if !cx.is_applying() {
            compiled.report_bytes(cx, &clients, prior.as_ref()).await?;
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let source = check_unchanged(&planned)?;
        let repository = Repository::of(&clients, &planned)?;
        repository.create(&planned).await?;
        // From here on it exists: whatever fails, Terraform must know of it.
        let halfway = Model {
            commit_sha: Attr::Null,
            compilation_result: Attr::Null,
            ..planned.clone()
        };
        cx.record(&halfway)?;
        repository.deploy(cx, &source, planned).await
    }

    async fn read(&self, cx: &mut Cx, state: Model) -> Result<Option<Model>> {
        let clients = cx.provider::<Clients>()?;
        let repository = Repository::of(&clients, &state)?;
        let Some(mut found) = repository.read(&state).await? else {
            return Ok(None);
        };
        // After an import: what the folder that was uploaded compiles to, where it is at hand.
        if found.actions.is_null()
            && let Some((directory, config, own)) = known(&found)
            && let Ok(source) = compiled::read(directory, &config, own)
            && found.source_hash.as_deref() == Some(&*source.hash)
        {
            let compiled = source.compile().await?;
            found.core_version = compiled.core_version.clone().into();
            found.actions = compiled.actions().into();
        }
        Ok(Some(found))
    }

    async fn update(&self, cx: &mut Cx, _prior: Model, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let source = check_unchanged(&planned)?;
        let repository = Repository::of(&clients, &planned)?;
        repository.change(&planned).await?;
        if planned.commit_sha.known().is_some() && planned.compilation_result.known().is_some() {
            // Only the repository itself is another: what lies in it stays as it was planned to.
            return Ok(planned);
        }
        repository.deploy(cx, &source, planned).await
    }

    async fn delete(&self, cx: &mut Cx, state: Model) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        Repository::of(&clients, &state)?.delete().await
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let parts: Vec<&str> = id.split('/').collect();
        let mut model = match parts.as_slice() {
            ["projects", project, "locations", region, "repositories", name] => Model {
                project: (*project).into(),
                region: (*region).into(),
                name: (*name).into(),
                ..Model::default()
            },
            [name] if !name.is_empty() => Model {
                name: (*name).into(),
                ..Model::default()
            },
            _ => {
                let forms = ["`projects/PROJECT/locations/REGION/repositories/NAME`", "`NAME`"];
                return Err(names::not_an_id(id, &forms.join(" or ")).into());
            }
        };
        fill(&clients, &mut model)?;
        Ok(model)
    }
}

/// What a compilation needs: the folder, what is overridden, and the resource's own project; `None` while any is not known.
fn known(model: &Model) -> Option<(&str, CompilationConfig, &str)> {
    Some((model.directory.as_deref()?, model.config()?, model.project.as_deref()?))
}

/// The folder, which must be there.
fn source(model: &Model) -> Result<Source, Diagnostic> {
    let directory = model.directory.require("directory")?;
    let own = model.project.require("project")?;
    compiled::read(directory, &model.config().unwrap_or_default(), own)
}

/// Fills in what the user left to the provider, and the id.
fn fill(clients: &Clients, model: &mut Model) -> Result<(), Diagnostic> {
    if model.project.known().is_none() {
        model.project = clients.project().clone();
    }
    if model.region.known().is_none() {
        model.region = match clients.region() {
            Attr::Null => return Err(no_region("region")),
            region => region.clone(),
        };
    }
    model.id = match (model.project.as_deref(), model.region.as_deref(), model.name.as_deref()) {
        (Some(project), Some(region), Some(name)) => {
            format!("projects/{project}/locations/{region}/repositories/{name}").into()
        }
        _ => Attr::Unknown,
    };
    Ok(())
}

/// Tables that this walk makes first: who is planned behind it must not look for them yet.
fn note_tables(clients: &Clients, prior: Option<&Model>, actions: &BTreeMap<String, Attr<ActionModel>>) {
    let known = prior.and_then(|prior| prior.actions.known());
    for (name, action) in actions {
        let before = known.and_then(|known| known.get(name));
        let print = |action: &Attr<ActionModel>| action.known().map(|action| action.fingerprint.clone());
        if before.and_then(print) == print(action) {
            continue;
        }
        if let Some(id) = action.known().and_then(|action| action.table.as_deref()) {
            clients.note_changing(id);
        }
    }
}

/// The folder must be what the plan showed.
fn check_unchanged(planned: &Model) -> Result<Source, Diagnostic> {
    let source = source(planned)?;
    match planned.source_hash.as_deref() {
        Some(hash) if hash != source.hash => Err(Diagnostic::invalid(
            "directory",
            "the folder has changed since it was planned",
        )
        .hint("Plan again: what is applied is what was shown.")),
        _ => Ok(source),
    }
}
