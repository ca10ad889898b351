//! The steps of an apply. Each can be repeated; an apply that was killed between any two of them is completed by the next.

use std::collections::BTreeSet;

use headwater_cloud::{Cloud, OptionalExt as _, Precondition};
use headwater_spec::PipelineSpec;
use tfplugin_framework::{Attr, Cx, Diagnostic, Result};

use super::columns::{self, Columns};
use super::deployment::{self, Deployment, State};
use super::model::{Model, Wanted, columns_of, schemas_of};
use super::plan::DEPLOYED_BY;
use super::spec::{Facts, deployer};
use super::{execution, gate, tables};
use crate::clients::Clients;
use crate::org::Connection;
use crate::problems::Explain as _;
use crate::resources::pipeline::{self, Present, schedule};

/// Brings everything to what is planned: tables, state of objects, spec, schedule, and a run if one is asked for.
pub(super) async fn deploy(cx: &mut Cx, clients: &Clients, prior: Option<&Model>, planned: Model) -> Result<Model> {
    let cloud = clients.cloud()?;
    let project = clients.require_project()?.to_owned();
    let wanted = planned.require_known()?;
    let layout = wanted.layout();
    let runtime = cloud
        .run()
        .get_job(&wanted.runtime)
        .await
        .explain_at("runtime", format!("cannot use the runtime `{}`", wanted.runtime))?;
    let (columns, facts) = prepare(clients, &wanted, &planned, &project).await?;
    gate::required(
        cloud,
        &wanted.quality_gate,
        &wanted.dataset(),
        &wanted.objects,
        &columns,
    )
    .await?;
    let before = Present::read(cloud, &layout).await?;
    let spec = before.settle(wanted.spec(&columns, &facts));
    if prior.is_none() {
        let half_made = deployment::read(cloud, &layout)
            .await?
            .is_some_and(|deployment| deployment.state == State::Creating);
        before.check_absent(&spec, half_made)?;
    }

    let at_work = if prior.is_none() {
        State::Creating
    } else {
        State::Updating
    };
    deployment::write(cloud, &layout, &Deployment::of(&wanted, at_work)).await?;
    let state = done(&planned, &spec, &columns);
    cx.private().set(DEPLOYED_BY, &spec.deployed_by);
    // From here on there is something to destroy, whatever fails.
    cx.record(&state)?;

    let outcome = tables::deploy(&cloud.bigquery(), &wanted, &columns).await?;
    let renewed = renewed(prior, &wanted, &outcome.created);
    forget_progress(cloud, &wanted, &renewed).await?;
    let changed = before.write(cloud, &layout, &spec).await?;
    forget_removed(cloud, &wanted, before.spec.as_ref()).await?;
    let account = schedule::account(cloud, &layout, &runtime).await;
    let started = wanted.started(&layout);
    schedule::deploy(cloud, &project, started, account.as_deref()).await?;
    let runtime_before = prior.and_then(|prior| prior.runtime.as_deref());
    schedule::drop_moved(cloud, &project, runtime_before, started).await?;

    let unfinished = prior.is_some_and(|prior| prior.spec_hash.is_null());
    if wanted.run_on_apply && (prior.is_none() || changed || unfinished || !renewed.is_empty()) {
        execution::run(cx, cloud, &wanted).await?;
    }
    deployment::write(cloud, &layout, &Deployment::of(&wanted, State::Deployed)).await?;
    Ok(state)
}

/// What is true after the apply, as far as it can be known before.
fn done(planned: &Model, spec: &PipelineSpec, columns: &Columns) -> Model {
    let url = spec.layout().spec_url();
    Model {
        schemas: match &planned.schemas {
            Attr::Known(_) => planned.schemas.clone(),
            _ => schemas_of(columns).into(),
        },
        spec_hash: spec.hash().into(),
        spec_url: url.as_str().into(),
        id: url.into(),
        ..planned.clone()
    }
}

/// The columns, and what else the spec says. The org is asked only if the plan could not.
async fn prepare(clients: &Clients, wanted: &Wanted, planned: &Model, project: &str) -> Result<(Columns, Facts)> {
    let cloud = clients.cloud()?;
    let (settings, secret) = match clients.connection(&wanted.connection).await? {
        Connection::Known(settings, secret) => (settings, secret),
        Connection::Unknown | Connection::Absent => {
            return Err(Diagnostic::invalid("connection", format!("the connection `{}` does not exist", wanted.connection))
                .hint("Use the id of a headwater_salesforce_connection: `connection = headwater_salesforce_connection.NAME.id`.")
                .into());
        }
    };
    let dataset = wanted.dataset();
    let document = cloud
        .bigquery()
        .get_dataset(&dataset)
        .await
        .explain_at("dataset", format!("cannot use the dataset `{dataset}`"))?;
    let columns = match planned.schemas.known() {
        Some(schemas) => columns_of(schemas)?,
        None => {
            let org = clients
                .org(&settings, secret)
                .await
                .map_err(|no_org| Diagnostic::from(no_org).at("connection"))?;
            let source = columns::source(&org, &wanted.objects, true).await?;
            let existing = tables::existing(&cloud.bigquery(), &dataset, &wanted.objects).await?;
            columns::planned(&source, &existing, None)?.0
        }
    };
    let facts = Facts {
        project: project.to_owned(),
        connection: *settings,
        location: document["location"].as_str().unwrap_or_default().to_owned(),
        deployed_by: deployer(|name| std::env::var(name).ok()),
    };
    Ok((columns, facts))
}

/// Objects whose rows must all be read again: their table is new, or another than before.
fn renewed(prior: Option<&Model>, wanted: &Wanted, created: &BTreeSet<String>) -> BTreeSet<String> {
    let mut renewed = created.clone();
    if let Some(before) = prior.and_then(Model::known) {
        for (object, known) in &wanted.objects {
            let moved = before
                .objects
                .get(object)
                .is_some_and(|before| before.table != known.table);
            if moved || before.dataset() != wanted.dataset() {
                renewed.insert(object.clone());
            }
        }
    }
    renewed
}

/// A watermark says what is in a table; of a new table it would say too much.
async fn forget_progress(cloud: &Cloud, wanted: &Wanted, objects: &BTreeSet<String>) -> Result<(), Diagnostic> {
    let layout = wanted.layout();
    for object in objects {
        let paths = layout.object(object);
        for name in [paths.watermark(), paths.inflight()] {
            let path = pipeline::document(&layout, name);
            let summary = format!("cannot delete {path}");
            cloud
                .storage()
                .delete(&path, Precondition::None)
                .await
                .optional()
                .explain(summary)?;
        }
    }
    Ok(())
}

/// Objects that are no longer extracted: their state and files go, and their tables if that is asked for.
async fn forget_removed(cloud: &Cloud, wanted: &Wanted, before: Option<&PipelineSpec>) -> Result<(), Diagnostic> {
    let Some(extract) = before.and_then(|before| before.salesforce_extract.as_ref()) else {
        return Ok(());
    };
    let layout = wanted.layout();
    let removed = extract
        .objects
        .iter()
        .filter(|(object, _)| !wanted.objects.contains_key(*object));
    for (object, spec) in removed {
        for prefix in [
            format!("{}objects/{object}/", layout.root()),
            format!("{}data/{object}/", layout.root()),
        ] {
            cloud
                .storage()
                .delete_prefix(layout.bucket(), &prefix)
                .await
                .explain(format!("cannot delete gs://{}/{prefix}", layout.bucket()))?;
        }
        // Another object may have taken the table over.
        let taken = wanted.objects.values().any(|object| object.table == spec.table);
        if wanted.delete_tables && !taken {
            let dataset = headwater_cloud::DatasetRef::new(&extract.dataset.project, &extract.dataset.dataset);
            let all = [spec.table.clone(), headwater_spec::quarantine_table(&spec.table)];
            let all = all.into_iter().map(|table| dataset.table(table)).collect();
            tables::delete(&cloud.bigquery(), &wanted.name, all).await?;
        }
    }
    Ok(())
}
