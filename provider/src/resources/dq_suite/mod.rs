//! `headwater_dq_suite`: expectations of a table, evaluated on a schedule.
//!
//! `kinds` is the table of what can be expected; `node`, `families` and `condition` are how its arguments are written,
//! `expectation` leads from them to the suite's model and back. `model` is the state, `schema`, `check` and `contradiction`
//! are its rules, `beyond` is the part of the table that is about other tables, time and SQL, `reads` what of a target is read,
//! `target`, `other` and `query` ask BigQuery, `files` looks at files, `scan` is the suite as Dataplex executes it, `plan` completes a
//! plan, `spec` maps to the PipelineSpec, `deploy` carries an apply
//! out by way of `tables`.

mod beyond;
mod check;
mod condition;
mod contradiction;
mod deploy;
mod expectation;
mod families;
mod files;
mod kinds;
mod model;
mod node;
mod other;
mod plan;
mod query;
mod reads;
mod scan;
mod schema;
mod spec;
mod tables;
mod target;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use headwater_cloud::Cloud;
use headwater_spec::LakeLayout;
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::model::Model;
use crate::clients::Clients;
use crate::resources::pipeline::{self, schedule};

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct DqSuite;

#[async_trait]
impl Resource for DqSuite {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_dq_suite"
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
        Box::pin(plan::complete(
            cx,
            &clients,
            plan.prior.as_ref(),
            &plan.config,
            plan.proposed,
        ))
        .await
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
        let Some((spec, suite)) = spec.as_ref().and_then(|spec| Some((spec, spec.suite().ok()?))) else {
            cx.report(pipeline::unknown_spec(&path, "a suite's"));
            return Ok(Some(Model {
                spec_hash: Attr::Null,
                ..state
            }));
        };
        let mut found = state.with_spec(spec, suite);
        found.id = layout.spec_url().into();
        found.spec_url = layout.spec_url().into();
        cx.private().set(plan::DEPLOYED_BY, &spec.deployed_by);
        deploy::complete(cloud, &layout, &mut found).await?;
        read_schedule(cx, cloud, clients.require_project()?, &layout, &mut found).await?;
        scan::read(cloud, suite, &mut found).await?;
        // What is missing is made again by the next apply, which the plan shows by the hash.
        if let Some(wanted) = found.known()
            && !tables::are_there(&cloud.bigquery(), &wanted).await?
        {
            found.spec_hash = Attr::Null;
        }
        Ok(Some(found))
    }

    async fn update(&self, cx: &mut Cx, prior: Model, planned: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        deploy::deploy(cx, &clients, Some(&prior), planned).await
    }

    async fn delete(&self, cx: &mut Cx, state: Model) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        deploy::destroy(clients.cloud()?, clients.require_project()?, &state).await?;
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
    Ok(())
}
