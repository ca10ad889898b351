//! The steps of an apply. Each can be repeated; an apply that was killed between any two of them is completed by the next.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_cloud::{Cloud, Kind, OptionalExt as _, Precondition, Wait};
use headwater_spec::{LakeLayout, PipelineSpec};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Cx, Diagnostic, Result};

use super::model::{Model, schemas_of, texts};
use super::plan::DEPLOYED_BY;
use super::{job, plan, pool, schema, spec, tables, transport};
use crate::clients::Clients;
use crate::problems::{Explain as _, cloud_problem};
use crate::resources::pipeline;
use crate::resources::salesforce_extract::deployer;

/// `deployment.json`, beside the spec: what an import needs and the spec does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Deployment {
    delete_tables_on_destroy: bool,
    #[serde(default)]
    exclude: BTreeMap<String, Vec<String>>,
    /// Whether the apply that made the stream has not ended.
    #[serde(default)]
    creating: bool,
}

impl Deployment {
    fn of(model: &Model, creating: bool) -> Self {
        let exclude = model.known_entities().filter(|(_, entity)| !entity.exclude.is_null());
        Self {
            delete_tables_on_destroy: model.delete_tables_on_destroy == Attr::Known(true),
            exclude: exclude
                .map(|(name, entity)| (name.clone(), texts(&entity.exclude)))
                .collect(),
            creating,
        }
    }
}

async fn remembered(cloud: &Cloud, layout: &LakeLayout) -> Result<Option<Deployment>, Diagnostic> {
    let path = pipeline::deployment_path(layout);
    let found = cloud
        .storage()
        .get(&path)
        .await
        .optional()
        .explain(format!("cannot read {path}"))?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.bytes).ok()))
}

async fn remember(cloud: &Cloud, layout: &LakeLayout, deployment: &Deployment) -> Result<(), Diagnostic> {
    let path = pipeline::deployment_path(layout);
    let text = serde_json::to_vec_pretty(deployment).unwrap_or_default();
    let written = cloud
        .storage()
        .put(&path, "application/json", text.into(), Precondition::None)
        .await;
    written.explain_at("lake", format!("cannot write {path}"))?;
    Ok(())
}

/// Puts into a state what it does not know yet: after an import that is everything here.
pub(super) async fn complete(cloud: &Cloud, layout: &LakeLayout, state: &mut Model) -> Result<(), Diagnostic> {
    let found = remembered(cloud, layout).await?;
    if found.as_ref().is_some_and(|found| found.creating) {
        state.spec_hash = Attr::Null;
    }
    if !state.delete_tables_on_destroy.is_null() {
        return Ok(());
    }
    let found = found.unwrap_or_default();
    state.delete_tables_on_destroy = found.delete_tables_on_destroy.into();
    for (name, entity) in state.entities.known_mut().into_iter().flatten() {
        if let (Some(entity), Some(exclude)) = (entity.known_mut(), found.exclude.get(name)) {
            let exclude: Vec<Attr<String>> = exclude.iter().map(|field| field.as_str().into()).collect();
            entity.exclude = exclude.into();
        }
    }
    Ok(())
}

fn wait(cx: &Cx) -> Wait {
    Wait::at_most(cx.time_left().unwrap_or(Duration::from_secs(600)))
}

/// Brings everything to what is planned: topics, tables, spec, workers.
pub(super) async fn deploy(cx: &mut Cx, clients: &Clients, prior: Option<&Model>, mut planned: Model) -> Result<Model> {
    let cloud = clients.cloud()?;
    let project = clients.require_project()?.to_owned();
    let (columns, mut facts) = plan::at_apply(cx, clients, &mut planned).await?;
    let layout = planned
        .layout()
        .ok_or_else(|| Diagnostic::error("lake and name are not known at apply"))?;
    let path = pipeline::spec_path(&layout);
    let before = cloud
        .storage()
        .get(&path)
        .await
        .optional()
        .explain_at("lake", format!("cannot read {path}"))?;
    let present = before
        .as_ref()
        .and_then(|found| PipelineSpec::from_json(&found.bytes).ok());
    let make = |facts: &spec::Facts| {
        spec::spec(&planned, &columns, facts).ok_or_else(|| {
            Diagnostic::error("the stream is not known completely at apply").detail("This is a bug in the provider.")
        })
    };
    // If only its author would change, it stays the author's who wrote it.
    facts.deployed_by = present.as_ref().and_then(|present| present.deployed_by.clone());
    let mut wanted = make(&facts)?;
    if present.as_ref() != Some(&wanted) {
        facts.deployed_by = deployer(|name| std::env::var(name).ok());
        wanted = make(&facts)?;
    }
    wanted.check().map_err(|error| spec::problem(&error))?;
    let stream = wanted.stream().map_err(|error| spec::problem(&error))?;
    if prior.is_none() && before.is_some() && present.as_ref() != Some(&wanted) {
        let half_made = remembered(cloud, &layout).await?.is_some_and(|found| found.creating);
        if !half_made {
            let url = layout.spec_url();
            return Err(Diagnostic::invalid(
                "name",
                format!("the pipeline `{}` exists already in this lake", wanted.name),
            )
            .detail(format!("There is a spec at {url}, and it says something else."))
            .hint(format!(
                "Import it: `terraform import ADDRESS {url}`, or choose another `name`."
            ))
            .into());
        }
    }
    remember(cloud, &layout, &Deployment::of(&planned, prior.is_none())).await?;
    cx.private().set(DEPLOYED_BY, &wanted.deployed_by);
    let mut state = Model {
        schemas: schemas_of(&columns).into(),
        spec_hash: wanted.hash().into(),
        topic: stream.transport.topic.as_str().into(),
        ..planned.clone()
    };
    if state.workers.is_unknown() {
        state.workers = if state.scales() {
            Attr::Null
        } else {
            schema::WORKERS.into()
        };
    }
    if state.service_account.is_unknown() {
        state.service_account = Attr::Null;
    }
    // From here on there is something to destroy, whatever fails.
    cx.record(&state)?;

    transport::deploy(cloud, &wanted, stream).await?;
    tables::deploy(&cloud.bigquery(), &wanted, stream).await?;
    let text = wanted.to_json().into_bytes();
    if before.as_ref().is_none_or(|found| found.bytes[..] != text[..]) {
        let precondition = before.map_or(Precondition::Absent, |found| Precondition::Generation(found.generation));
        match cloud
            .storage()
            .put(&path, "application/json", text.into(), precondition)
            .await
        {
            Ok(_) => tracing::info!(spec = %path, hash = wanted.hash(), "spec written"),
            Err(error) if error.kind() == Kind::PreconditionFailed => {
                return Err(
                    Diagnostic::error(format!("somebody else changed {path} during this apply"))
                        .hint("Plan and apply again.")
                        .into(),
                );
            }
            Err(error) => return Err(cloud_problem(format!("cannot write {path}"), &error).at("lake").into()),
        }
    }
    if stream.engine.dataflow().is_some() {
        let path = pipeline::document(&layout, layout.pipeline());
        let text = stream.beam_pipeline().into_bytes();
        let written = cloud
            .storage()
            .put(&path, "application/yaml", text.into(), Precondition::None)
            .await;
        written.explain_at("lake", format!("cannot write {path}"))?;
    }
    pool::deploy(cloud, &project, &mut state, wait(cx)).await?;
    let allowed = wait(cx);
    job::deploy(cx, cloud, &wanted, stream, &mut state, allowed).await?;
    remember(cloud, &layout, &Deployment::of(&planned, false)).await?;
    Ok(state)
}

/// Takes everything down: workers first, so that nothing is written to what goes next; the spec last, so that a destroy that
/// was killed can be repeated.
pub(super) async fn destroy(cx: &mut Cx, clients: &Clients, state: &Model) -> Result<()> {
    let cloud = clients.cloud()?;
    let Some(layout) = state.layout() else { return Ok(()) };
    let name = state.name.require("name")?;
    if let Some(pool) = state.worker_pool.known() {
        pool::delete(cloud, pool, name, wait(cx)).await?;
    }
    job::delete(cloud, clients.require_project()?, state, wait(cx)).await?;
    let path = pipeline::spec_path(&layout);
    let found = cloud
        .storage()
        .get(&path)
        .await
        .optional()
        .explain(format!("cannot read {path}"))?;
    let spec = found.and_then(|found| PipelineSpec::from_json(&found.bytes).ok());
    if let Some(spec) = &spec
        && let Ok(stream) = spec.stream()
    {
        transport::delete(cloud, spec, stream).await?;
        if state.delete_tables_on_destroy == Attr::Known(true) {
            tables::delete(&cloud.bigquery(), name, stream).await?;
        }
    }
    for prefix in [
        "bridge/",
        "objects/",
        "dataflow/",
        "control.json",
        "scaling.json",
        "pipeline.yaml",
        "deployment.json",
        "spec.json",
    ] {
        let prefix = format!("{}{prefix}", layout.root());
        let summary = format!("cannot delete gs://{}/{prefix}", layout.bucket());
        cloud
            .storage()
            .delete_prefix(layout.bucket(), &prefix)
            .await
            .explain(summary)?;
    }
    Ok(())
}
