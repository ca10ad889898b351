//! What a plan finds out: the columns that the tables will have, and whether the spec will change.

use headwater_cloud::OptionalExt as _;
use headwater_spec::SalesforceConnection;
use tfplugin_framework::{Attr, Cx, Diagnostic, Result, Severity};

use super::check::table_name;
use super::columns::{self, Failure};
use super::model::{Columns, Model, columns_of, schemas_of};
use super::spec::{self, Facts, Names};
use super::{tables, transport};
use crate::clients::{Clients, no_region};
use crate::names::parse_dataset_path;
use crate::org::{Connection, NoOrg};
use crate::problems::Explain as _;

/// Where the plan remembers who deployed the spec that lies in the lake: it is part of the spec's hash.
pub(super) const DEPLOYED_BY: &str = "deployed_by";

/// Completes what the framework proposes.
pub(super) async fn complete(
    cx: &mut Cx,
    clients: &Clients,
    prior: Option<&Model>,
    config: &Model,
    mut planned: Model,
) -> Result<Model> {
    if planned.region.is_unknown() && config.region.is_null() {
        planned.region = match clients.region() {
            Attr::Null => return Err(no_region("region").into()),
            region => region.clone(),
        };
    }
    name_tables(&mut planned, config);
    name_the_rest(clients, &mut planned);
    (planned.schemas, planned.spec_hash) = (Attr::Unknown, Attr::Unknown);
    planned.job_id = if planned.on_dataflow() {
        Attr::Unknown
    } else {
        Attr::Null
    };
    match config.autoscaling {
        Attr::Null => {}
        Attr::Known(_) => planned.workers = Attr::Null,
        Attr::Unknown => planned.workers = Attr::Unknown,
    }
    if planned.on_dataflow() && config.service_account.is_null() {
        planned.service_account = Attr::Null;
    }
    if planned.subscription.known().is_some() {
        planned.topic = Attr::Unknown;
    }
    let Some((columns, facts)) = outlook(cx, clients, prior, &mut planned, false).await? else {
        return Ok(planned);
    };
    planned.schemas = schemas_of(&columns).into();
    if let Some(topic) = &facts.topic {
        planned.topic = topic.as_str().into();
    }
    let Some(wanted) = spec::spec(&planned, &columns, &facts) else {
        return Ok(planned);
    };
    wanted.check().map_err(|error| spec::problem(&error))?;
    if prior.and_then(|prior| prior.spec_hash.as_deref()) == Some(wanted.hash().as_str()) {
        planned.spec_hash = wanted.hash().into();
        planned.job_id = prior.map_or(Attr::Null, |prior| prior.job_id.clone());
    }
    Ok(planned)
}

/// Tables are called after their entity unless they are given other names.
fn name_tables(planned: &mut Model, config: &Model) {
    let Some(entities) = planned.entities.known_mut() else {
        return;
    };
    for (name, entity) in entities {
        let configured = config.entities.known().and_then(|entities| entities.get(name)?.known());
        let (Some(entity), Some(configured)) = (entity.known_mut(), configured) else {
            continue;
        };
        entity.changelog =
            table_name(&configured.changelog, || format!("{name}_changes")).map_or(Attr::Unknown, Attr::Known);
        entity.current = match &entity.keep_current {
            Attr::Known(false) => Attr::Null,
            _ => table_name(&configured.current, || name.clone()).map_or(Attr::Unknown, Attr::Known),
        };
    }
}

fn name_the_rest(clients: &Clients, planned: &mut Model) {
    let url: Attr<String> = planned
        .layout()
        .map_or(Attr::Unknown, |layout| layout.spec_url().into());
    (planned.spec_url, planned.id) = (url.clone(), url);
    let (Attr::Known(project), Attr::Known(region), Attr::Known(name)) =
        (clients.project(), &planned.region, &planned.name)
    else {
        for attribute in [
            &mut planned.topic,
            &mut planned.pull_subscription,
            &mut planned.dead_letter_topic,
            &mut planned.dead_letter_subscription,
            &mut planned.worker_pool,
        ] {
            *attribute = Attr::Unknown;
        }
        return;
    };
    let names = Names::of(project, region, name);
    planned.topic = names.topic.into();
    planned.pull_subscription = match planned.subscription.known() {
        Some(subscription) => subscription.id.clone(),
        None => names.subscription.into(),
    };
    planned.dead_letter_topic = names.dead_letter_topic.into();
    planned.dead_letter_subscription = names.dead_letter_subscription.into();
    planned.worker_pool = match planned.subscription.known() {
        // Nothing is left for it to do.
        Some(_) if planned.on_dataflow() => Attr::Null,
        _ => names.pool.into(),
    };
}

/// The columns and what else the spec says; `None` while something is not known yet.
async fn outlook(
    cx: &mut Cx,
    clients: &Clients,
    prior: Option<&Model>,
    planned: &mut Model,
    applying: bool,
) -> Result<Option<(Columns, Facts)>> {
    // What this walk makes is there by now when it is this stream's turn.
    let absent = |id: &str| !applying && clients.is_fresh(id);
    let source = match planned.salesforce.known() {
        Some(salesforce) => {
            let Some((columns, settings)) =
                from_org(cx, clients, planned, &salesforce.connection, &salesforce.channel).await?
            else {
                return Ok(None);
            };
            (columns, Some(*settings))
        }
        None if planned.subscription.known().is_some() => (Some(columns::configured(planned)), None),
        None => return Ok(None),
    };
    let (columns, connection) = source;
    // An org that does not answer changes nothing.
    let unasked = || {
        prior
            .and_then(|prior| prior.schemas.known())
            .map(columns_of)
            .transpose()
    };
    let Some(columns) = columns.map_or_else(unasked, |columns| Ok(Some(columns)))? else {
        return Ok(None);
    };
    let Some(dataset) = planned.dataset.as_deref().filter(|dataset| !absent(dataset)) else {
        planned.schemas = schemas_of(&columns).into();
        return Ok(None);
    };
    let Some((project, id)) = parse_dataset_path(dataset) else {
        return Ok(None);
    };
    let reference = headwater_cloud::DatasetRef::new(project, id);
    let found = clients.cloud()?.bigquery().get_dataset(&reference).await.optional();
    let Some(document) = found.explain_at("dataset", format!("cannot read the dataset `{reference}`"))? else {
        return Ok(None);
    };
    let topic = match planned.subscription.known().map(|subscription| &subscription.id) {
        None => None,
        Some(Attr::Known(subscription)) if !absent(subscription) => {
            match transport::topic_of(clients.cloud()?, subscription).await? {
                Some(topic) => Some(topic),
                None => return Ok(None),
            }
        }
        Some(_) => return Ok(None),
    };
    let facts = Facts {
        project: clients.require_project()?.to_owned(),
        connection,
        location: document["location"].as_str().unwrap_or_default().to_owned(),
        topic,
        deployed_by: cx.private().get(DEPLOYED_BY),
    };
    let Some(wanted) = spec::spec(planned, &columns, &facts) else {
        return Ok(Some((columns, facts)));
    };
    let stream = wanted.stream().map_err(|error| spec::problem(&error))?;
    let existing = tables::existing(&clients.cloud()?.bigquery(), &wanted.name, stream).await?;
    let columns = columns::planned(&columns, &existing, planned.salesforce.known().is_some())?;
    Ok(Some((columns, facts)))
}

/// What the org says. `None`: the connection is not known yet; no columns: the org does not answer.
async fn from_org(
    cx: &mut Cx,
    clients: &Clients,
    planned: &Model,
    connection: &Attr<String>,
    channel: &Attr<String>,
) -> Result<Option<(Option<Columns>, Box<SalesforceConnection>)>> {
    let (Some(connection), false) = (connection.known(), channel.is_unknown()) else {
        return Ok(None);
    };
    let all = planned.entities.known().into_iter().flatten();
    if all
        .into_iter()
        .any(|(_, entity)| entity.known().is_none_or(|entity| entity.exclude.is_unknown()))
    {
        return Ok(None);
    }
    let (settings, secret) = match clients.connection(connection).await? {
        Connection::Known(settings, secret) => (settings, secret),
        Connection::Unknown => return Ok(None),
        Connection::Absent => {
            cx.report(
                Diagnostic::warning(format!("the connection `{connection}` does not exist yet"))
                    .detail("The entities are checked, and their columns planned, when it does: at the latest by the apply.")
                    .hint("If it is no part of this configuration, check its id.")
                    .at("salesforce"),
            );
            return Ok(None);
        }
    };
    let asked = async {
        match clients.org(&settings, secret).await {
            Ok(org) => columns::source(&org, planned, channel.as_deref()).await,
            Err(no_org) => Err(Failure::Org(no_org)),
        }
    };
    match asked.await {
        Ok(columns) => Ok(Some((Some(columns), settings))),
        Err(Failure::Org(NoOrg::Unreachable(problem))) if !cx.is_applying() => {
            cx.report(
                Diagnostic {
                    severity: Severity::Warning,
                    ..problem
                }
                .hint("The plan goes on without the org: changes of its fields are not seen.")
                .at("salesforce"),
            );
            Ok(Some((None, settings)))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The same at apply, when all of it must be known.
pub(super) async fn at_apply(cx: &mut Cx, clients: &Clients, planned: &mut Model) -> Result<(Columns, Facts)> {
    let shown = planned.schemas.known().map(columns_of).transpose()?;
    let found = outlook(cx, clients, None, planned, true).await?;
    let (columns, facts) = found.ok_or_else(|| {
        Diagnostic::error("something that the stream refers to does not exist").hint(
            "Check the ids of `dataset`, `salesforce.connection` and `subscription.id`: write them as references to the resources.",
        )
    })?;
    // What was shown is what is done.
    Ok((shown.unwrap_or(columns), facts))
}
