//! `headwater_salesforce_extract`: Salesforce objects into BigQuery tables.
//!
//! `model` is the state, `schema` and `check` are its rules, `plan` and `columns` ask the org, `spec` maps to the
//! PipelineSpec, `deploy` carries an apply out by way of `tables`, `deployment` and `execution`.

mod check;
pub(crate) mod columns;
mod deploy;
mod deployment;
mod execution;
mod gate;
mod model;
mod plan;
mod schema;
mod spec;
mod tables;

use async_trait::async_trait;
use headwater_cloud::{Cloud, OptionalExt as _, Precondition};
use headwater_spec::{LakeLayout, SalesforceExtractSpec};
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::model::{Model, Schemas, Wanted};
use crate::clients::Clients;
use crate::problems::Explain as _;
use crate::resources::pipeline::{self, execution as executions, schedule};

pub use self::model::Model as ExtractModel;
pub(crate) use self::spec::deployer;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct Extract;

#[async_trait]
impl Resource for Extract {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_salesforce_extract"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{lake}#{name}"))
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Model) -> Result<()> {
        check::check(config).into_result()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Model>) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        plan::complete(cx, &clients, plan.prior.as_ref(), &plan.config, plan.proposed).await
    }

    async fn create(&self, cx: &mut Cx, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        deploy::deploy(cx, &clients, None, planned).await
    }

    async fn read(&self, cx: &mut Cx, state: Model) -> Result<Option<Model>> {
        let clients = cx.provider::<Clients>()?;
        let cloud = clients.cloud()?;
        let layout = state
            .layout()
            .ok_or_else(|| Diagnostic::error("the state names no lake"))?;
        let (spec, path) = match pipeline::read(cloud, &layout).await? {
            pipeline::Found::Nothing => return Ok(None),
            pipeline::Found::Other(path) => (None, path),
            pipeline::Found::Spec(spec) => (Some(spec), pipeline::spec_path(&layout)),
        };
        let Some((spec, extract)) = spec.as_ref().and_then(|spec| Some((spec, spec.extract().ok()?))) else {
            cx.report(pipeline::unknown_spec(&path, "an extract's"));
            return Ok(Some(Model {
                spec_hash: Attr::Null,
                ..state
            }));
        };
        let mut found = state.with_spec(spec, extract);
        found.id = layout.spec_url().into();
        found.spec_url = layout.spec_url().into();
        cx.private().set(plan::DEPLOYED_BY, &spec.deployed_by);
        if let Some(deployment) = deployment::read(cloud, &layout).await? {
            deployment.complete(&mut found);
            if deployment.state != deployment::State::Deployed {
                // An apply was killed at work: the next one completes it.
                found.spec_hash = Attr::Null;
            }
        }
        read_schedule(cx, cloud, clients.require_project()?, &layout, &mut found).await?;
        hide_missing(cloud, extract, &mut found).await?;
        Ok(Some(found))
    }

    async fn update(&self, cx: &mut Cx, prior: Model, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        deploy::deploy(cx, &clients, Some(&prior), planned).await
    }

    async fn delete(&self, cx: &mut Cx, state: Model) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        destroy(clients.cloud()?, clients.require_project()?, &state).await?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Model> {
        let (lake, name) = pipeline::import(id)?;
        Ok(Model {
            name: name.into(),
            lake: lake.into(),
            ..Model::default()
        })
    }
}

/// Puts into the state what the schedule really is, so that a plan shows what was changed by hand.
async fn read_schedule(
    cx: &mut Cx,
    cloud: &Cloud,
    project: &str,
    layout: &LakeLayout,
    state: &mut Model,
) -> Result<(), Diagnostic> {
    let (Some(runtime), Some(name)) = (state.runtime.as_deref(), state.name.as_deref()) else {
        return Ok(());
    };
    let Some(found) = schedule::read(cx, cloud, project, runtime, layout, name).await? else {
        state.schedule = Attr::Null;
        return Ok(());
    };
    state.schedule = found.schedule.into();
    if let Some(runtime) = found.runtime {
        state.runtime = runtime.into();
    }
    if let Some(tasks) = found.task_count {
        state.task_count = tasks.into();
    }
    Ok(())
}

/// Takes out of `schemas` what is not there: tables, and columns that were dropped. The plan then shows them as added.
async fn hide_missing(cloud: &Cloud, extract: &SalesforceExtractSpec, state: &mut Model) -> Result<(), Diagnostic> {
    let dataset = &extract.dataset;
    let dataset = headwater_cloud::DatasetRef::new(&dataset.project, &dataset.dataset);
    let objects = extract
        .objects
        .iter()
        .map(|(name, object)| (name.clone(), spec::object_of(object)))
        .collect();
    let existing = tables::existing(&cloud.bigquery(), &dataset, &objects).await?;
    if let Some(schemas) = state.schemas.known_mut() {
        keep_existing(schemas, |object| existing.get(object));
    }
    Ok(())
}

fn keep_existing<'a>(schemas: &mut Schemas, existing: impl Fn(&str) -> Option<&'a tables::Existing>) {
    schemas.retain(|object, _| existing(object).is_some());
    for (object, columns) in schemas {
        if let Some(table) = existing(object) {
            columns.retain(|column| table.has_column(&column.name));
        }
    }
}

/// Takes everything down in an order that can be interrupted: nothing starts any more, nothing runs any more, tables,
/// files, and the spec last, so that a destroy that was killed is found again and completed.
async fn destroy(cloud: &Cloud, project: &str, state: &Model) -> Result<(), Diagnostic> {
    let layout = state
        .layout()
        .ok_or_else(|| Diagnostic::error("the state names no lake"))?;
    let spec_url = layout.spec_url();
    if let (Some(runtime), Some(name)) = (state.runtime.as_deref(), state.name.as_deref()) {
        if let Some(job) = schedule::job_name(project, runtime, name) {
            schedule::delete(cloud, &job, spec_url.clone()).await?;
        }
        executions::stop(cloud, runtime, &spec_url).await?;
    }
    if let Some(wanted) = state.known() {
        destroy_tables(cloud, &wanted).await?;
    }
    destroy_files(cloud, &layout).await
}

async fn destroy_tables(cloud: &Cloud, wanted: &Wanted) -> Result<(), Diagnostic> {
    let bigquery = cloud.bigquery();
    tables::delete_staging(&bigquery, wanted).await?;
    if wanted.delete_tables {
        let all = wanted.objects.values().flat_map(|object| wanted.tables(&object.table));
        let all = all.collect();
        tables::delete(&bigquery, &wanted.name, all).await?;
    }
    Ok(())
}

async fn destroy_files(cloud: &Cloud, layout: &LakeLayout) -> Result<(), Diagnostic> {
    let storage = cloud.storage();
    let root = layout.root();
    let summary = format!("cannot delete gs://{}/{root}", layout.bucket());
    for below in ["data/", "objects/", "runs/"] {
        storage
            .delete_prefix(layout.bucket(), &format!("{root}{below}"))
            .await
            .optional()
            .explain(&*summary)?;
    }
    storage
        .delete(&pipeline::deployment_path(layout), Precondition::None)
        .await
        .optional()
        .explain(&*summary)?;
    storage
        .delete(&pipeline::spec_path(layout), Precondition::None)
        .await
        .optional()
        .explain(&*summary)?;
    storage
        .delete_prefix(layout.bucket(), &root)
        .await
        .optional()
        .explain(summary)?;
    Ok(())
}

#[cfg(test)]
mod tests;
