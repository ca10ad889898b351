//! The steps of an apply. Each can be repeated; an apply that was killed between any two of them is completed by the next.

use headwater_cloud::{Cloud, OptionalExt as _, Precondition};
use headwater_spec::LakeLayout;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Cx, Diagnostic, Result};

use super::model::{Model, Wanted};
use super::plan::{self, DEPLOYED_BY};
use super::{scan, tables};
use crate::clients::Clients;
use crate::problems::{Explain as _, sentence};
use crate::resources::pipeline::{self, Present, execution, schedule};
use crate::resources::salesforce_extract::deployer;

/// `deployment.json`, beside the spec: what an import needs and the spec does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Deployment {
    runtime: String,
    delete_results_on_destroy: bool,
    /// Whether the apply that made the suite has not ended.
    #[serde(default)]
    creating: bool,
}

async fn remembered(cloud: &Cloud, layout: &LakeLayout) -> Result<Option<Deployment>, Diagnostic> {
    let path = pipeline::deployment_path(layout);
    let found = cloud.storage().get(&path).await.optional();
    let found = found.explain(format!("cannot read {path}"))?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.bytes).ok()))
}

async fn remember(cloud: &Cloud, wanted: &Wanted, creating: bool) -> Result<(), Diagnostic> {
    let deployment = Deployment {
        runtime: wanted.runtime.clone(),
        delete_results_on_destroy: wanted.delete_results,
        creating,
    };
    let path = pipeline::deployment_path(&wanted.layout());
    let text = serde_json::to_vec_pretty(&deployment).unwrap_or_default();
    let storage = cloud.storage();
    let written = storage
        .put(&path, "application/json", text.into(), Precondition::None)
        .await;
    written.explain_at("lake", format!("cannot write {path}"))?;
    Ok(())
}

/// Puts into a state what it does not know yet: after an import that is everything here.
pub(super) async fn complete(cloud: &Cloud, layout: &LakeLayout, state: &mut Model) -> Result<(), Diagnostic> {
    let Some(found) = remembered(cloud, layout).await? else {
        return Ok(());
    };
    if found.creating {
        // An apply was killed at work: the next one completes it.
        state.spec_hash = Attr::Null;
    }
    if state.runtime.is_null() {
        state.runtime = found.runtime.into();
    }
    if state.delete_results_on_destroy.is_null() {
        state.delete_results_on_destroy = found.delete_results_on_destroy.into();
    }
    Ok(())
}

/// Brings everything to what is planned: tables of verdicts, spec, schedule.
pub(super) async fn deploy(cx: &mut Cx, clients: &Clients, prior: Option<&Model>, planned: Model) -> Result<Model> {
    let cloud = clients.cloud()?;
    let project = clients.require_project()?.to_owned();
    let wanted = planned.require_known()?;
    let layout = wanted.layout();
    let runtime = cloud.run().get_job(&wanted.runtime).await;
    let runtime = runtime.explain_at("runtime", format!("cannot use the runtime `{}`", wanted.runtime))?;
    let deployed_by = deployer(|name| std::env::var(name).ok());
    let facts = plan::facts(cloud, &project, &wanted, deployed_by)
        .await?
        .ok_or_else(|| {
            Diagnostic::error("a dataset does not exist")
                .detail(match &wanted.table {
                    Some(table) => format!("`{}` or `{}`", table.dataset, wanted.results),
                    None => format!("`{}`", wanted.results),
                })
                .hint("Create it, or name another: `table` is judged, and `results.dataset` holds the verdicts.")
        })?;
    let before = Present::read(cloud, &layout).await?;
    let spec = before.settle(wanted.spec(&facts));
    spec.check().map_err(|error| {
        Diagnostic::invalid("expectations", "the suite is not usable").detail(sentence(&error.to_string()))
    })?;
    if prior.is_none() {
        let half_made = remembered(cloud, &layout).await?.is_some_and(|found| found.creating);
        before.check_absent(&spec, half_made)?;
    }
    remember(cloud, &wanted, prior.is_none()).await?;
    cx.private().set(DEPLOYED_BY, &spec.deployed_by);
    let state = Model {
        spec_hash: spec.hash().into(),
        ..planned.clone()
    };
    // From here on there is something to destroy, whatever fails.
    cx.record(&state)?;

    tables::deploy(&cloud.bigquery(), &wanted).await?;
    scan::deploy(cloud, &project, &wanted, &planned, before.spec.as_ref()).await?;
    before.write(cloud, &layout, &spec).await?;
    let account = schedule::account(cloud, &layout, &runtime).await;
    let started = wanted.started(&layout);
    schedule::deploy(cloud, &project, started, account.as_deref()).await?;
    let runtime_before = prior.and_then(|prior| prior.runtime.as_deref());
    schedule::drop_moved(cloud, &project, runtime_before, started).await?;
    remember(cloud, &wanted, false).await?;
    Ok(state)
}

/// Takes everything down: nothing starts any more, nothing runs any more, rows of verdicts if that is asked for, and the spec
/// last, so that a destroy that was killed is found again and completed.
pub(super) async fn destroy(cloud: &Cloud, project: &str, state: &Model) -> Result<(), Diagnostic> {
    let layout = state
        .layout()
        .ok_or_else(|| Diagnostic::error("the state names no lake"))?;
    let spec_url = layout.spec_url();
    if let (Some(runtime), Some(name)) = (state.runtime.as_deref(), state.name.as_deref()) {
        if let Some(job) = schedule::job_name(project, runtime, name) {
            schedule::delete(cloud, &job, spec_url.clone()).await?;
        }
        execution::stop(cloud, runtime, &spec_url).await?;
    }
    scan::destroy(cloud, project, &layout, state).await?;
    if let Some(wanted) = state.known()
        && wanted.delete_results
    {
        tables::forget(&cloud.bigquery(), &wanted).await?;
    }
    for name in ["scans/", "deployment.json", "spec.json"] {
        let prefix = format!("{}{name}", layout.root());
        let deleted = cloud.storage().delete_prefix(layout.bucket(), &prefix).await.optional();
        deleted.explain(format!("cannot delete gs://{}/{prefix}", layout.bucket()))?;
    }
    Ok(())
}
