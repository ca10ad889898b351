//! `headwater_cdc_stream`: change events into changelogs and current tables.
//!
//! `model` is the state, `schema` and `check` are its rules, `columns` asks the org, `plan` completes a plan, `spec` maps to
//! the PipelineSpec, `deploy` carries an apply out by way of `transport`, `tables`, `pool` and `job`.

mod check;
mod columns;
mod deploy;
mod job;
mod model;
mod plan;
mod pool;
mod schema;
mod spec;
mod tables;
#[cfg(test)]
mod tests;
mod transport;

use async_trait::async_trait;
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::model::Model;
use crate::clients::Clients;
use crate::resources::pipeline;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct CdcStream;

#[async_trait]
impl Resource for CdcStream {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_cdc_stream"
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
        let Some((spec, stream)) = spec.as_ref().and_then(|spec| Some((spec, spec.stream().ok()?))) else {
            cx.report(pipeline::unknown_spec(&path, "a stream's"));
            return Ok(Some(Model {
                spec_hash: Attr::Null,
                ..state
            }));
        };
        let mut found = state.with_spec(spec, stream);
        cx.private().set(plan::DEPLOYED_BY, &spec.deployed_by);
        // What is missing is made again by the next apply, which the plan shows by the hash.
        let whole = pool::read(cloud, &mut found).await?
            & job::read(cloud, spec, stream, &mut found).await?
            & transport::is_there(cloud, stream).await?;
        tables::hide_missing(cloud, stream, &mut found).await?;
        deploy::complete(cloud, &layout, &mut found).await?;
        if !whole {
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
        deploy::destroy(cx, &clients, &state).await
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
