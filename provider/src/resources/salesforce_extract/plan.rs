//! What a plan finds out: the schemas that the tables will have, and whether the spec will change.

use std::collections::BTreeMap;

use headwater_cloud::{DatasetRef, OptionalExt as _};
use headwater_spec::SalesforceConnection;
use tfplugin_framework::{Attr, Cx, Diagnostic, Result, Severity};

use super::columns::{self, Columns, Failure};
use super::model::{Model, Object, columns_of, object_path, schemas_of};
use super::spec::Facts;
use super::{gate, tables};
use crate::clients::Clients;
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
    name_tables(&mut planned, config);
    let url: Attr<String> = match planned.layout() {
        Some(layout) => layout.spec_url().into(),
        None => Attr::Unknown,
    };
    planned.spec_url = url.clone();
    planned.id = url;
    if let Some(prior) = prior {
        tell_removed(cx, prior, &planned);
    }
    match outlook(cx, clients, prior, &planned).await? {
        Outlook::Unknown => {
            planned.schemas = Attr::Unknown;
            planned.spec_hash = Attr::Unknown;
        }
        Outlook::Unreachable { settings } => {
            // If nothing is asked of the org but what it cannot answer now, what is there stays as it is.
            planned.spec_hash = match planned.schemas.known().map(columns_of).transpose()? {
                Some(columns) => spec_hash(cx, clients, prior, &planned, &columns, *settings).await?,
                None => Attr::Unknown,
            };
        }
        Outlook::Columns { columns, settings } => {
            gate::planned(clients, &planned, &columns).await?;
            planned.schemas = schemas_of(&columns).into();
            planned.spec_hash = spec_hash(cx, clients, prior, &planned, &columns, *settings).await?;
        }
    }
    Ok(planned)
}

/// An object's table is called like the object unless it is given another name.
fn name_tables(planned: &mut Model, config: &Model) {
    let Some(objects) = planned.objects.known_mut() else {
        return;
    };
    for (name, object) in objects {
        let configured = config
            .objects
            .known()
            .and_then(|objects| objects.get(name))
            .and_then(Attr::known);
        if let (Some(object), Some(configured)) = (object.known_mut(), configured)
            && configured.table.is_null()
        {
            object.table = name.as_str().into();
        }
    }
}

/// What becomes of the tables of objects that are taken out, and of those that others take the place of.
fn tell_removed(cx: &mut Cx, prior: &Model, planned: &Model) {
    let (Some(before), Some(after)) = (prior.known_objects(), planned.known_objects()) else {
        return;
    };
    if cx.is_applying() {
        return;
    }
    let deletes = planned.delete_tables_on_destroy == Attr::Known(true);
    let dataset = prior.dataset.as_deref().unwrap_or_default();
    let dataset_moves = planned.dataset.as_deref().is_some_and(|planned| planned != dataset);
    for (object, known) in &before {
        let (what, why) = match after.get(object) {
            None if deletes => (
                "is deleted with its rows",
                "`delete_tables_on_destroy` is set. To keep the table, unset it and apply before you take the object out.",
            ),
            None => (
                "stays, and is no longer kept up to date",
                "Delete it by hand if nobody needs it.",
            ),
            Some(next) if dataset_moves || next.table != known.table => (
                "stays, and another takes its place",
                "Every row is read anew into the other table. Delete this one by hand if nobody needs it.",
            ),
            Some(_) => continue,
        };
        let table = format!("{dataset}/tables/{}", known.table);
        cx.report(
            Diagnostic::warning(format!("the table of `{object}` {what}"))
                .detail(table)
                .hint(why)
                .at(object_path(object)),
        );
    }
}

/// What can be said about the schemas.
enum Outlook {
    /// They depend on something that is not known yet.
    Unknown,
    /// The org does not answer.
    Unreachable { settings: Box<SalesforceConnection> },
    /// These.
    Columns {
        columns: Columns,
        settings: Box<SalesforceConnection>,
    },
}

async fn outlook(cx: &mut Cx, clients: &Clients, prior: Option<&Model>, planned: &Model) -> Result<Outlook> {
    let (Some(objects), Some(connection)) = (planned.known_objects(), planned.connection.known()) else {
        return Ok(Outlook::Unknown);
    };
    let (settings, secret) = match clients.connection(connection).await? {
        Connection::Known(settings, secret) => (settings, secret),
        Connection::Unknown => return Ok(Outlook::Unknown),
        Connection::Absent => {
            cx.report(
                Diagnostic::warning(format!("the connection `{connection}` does not exist yet"))
                    .detail(
                        "The objects are checked, and their schemas planned, when it does: at the latest by the apply.",
                    )
                    .hint("If it is no part of this configuration, check its id.")
                    .at("connection"),
            );
            return Ok(Outlook::Unknown);
        }
    };
    let asked = async {
        match clients.org(&settings, secret).await {
            Ok(org) => columns::source(&org, &objects, !cx.is_applying()).await,
            Err(NoOrg::Problem(problem)) => Err(Failure::Wrong(problem.at("connection").into())),
            Err(unreachable) => Err(Failure::Org(unreachable)),
        }
    };
    let source = tokio::select! {
        source = asked => source,
        () = cx.cancelled().cancelled() => return Err(Diagnostic::error("the plan was interrupted while it asked Salesforce").into()),
    };
    let source = match source {
        Ok(source) => source,
        Err(Failure::Org(NoOrg::Unreachable(problem))) => {
            cx.report(
                Diagnostic { severity: Severity::Warning, ..problem }
                    .hint("The plan goes on without the org: changes of its fields are not seen. An apply needs it if the extract changes.")
                    .at("connection"),
            );
            return Ok(Outlook::Unreachable { settings });
        }
        Err(failure) => return Err(failure.into()),
    };
    // Until the dataset is known, nobody can say which tables are there.
    let Some((project, dataset)) = planned.dataset.as_deref().and_then(parse_dataset_path) else {
        return Ok(Outlook::Unknown);
    };
    let existing = match planned.dataset.as_deref() {
        Some(id) if clients.is_fresh(id) => BTreeMap::new(),
        _ => existing(cx, clients, planned, &DatasetRef::new(project, dataset), &objects).await?,
    };
    let before = prior
        .and_then(|prior| prior.schemas.known())
        .map(columns_of)
        .transpose()?;
    let (columns, notes) = columns::planned(&source, &existing, before.as_ref())?;
    if !cx.is_applying() {
        cx.report(notes);
    }
    Ok(Outlook::Columns { columns, settings })
}

async fn existing(
    cx: &mut Cx,
    clients: &Clients,
    planned: &Model,
    dataset: &DatasetRef,
    objects: &BTreeMap<String, Object>,
) -> Result<BTreeMap<String, tables::Existing>> {
    let existing = tables::existing(&clients.cloud()?.bigquery(), dataset, objects).await?;
    if let Some(name) = planned.name.as_deref() {
        let (problems, notes) = tables::check_owners(name, dataset, objects, &existing);
        problems.into_result()?;
        if !cx.is_applying() {
            cx.report(notes);
        }
    }
    Ok(existing)
}

/// The hash of the spec in the lake if the apply would leave it as it is.
async fn spec_hash(
    cx: &mut Cx,
    clients: &Clients,
    prior: Option<&Model>,
    planned: &Model,
    columns: &Columns,
    connection: SalesforceConnection,
) -> Result<Attr<String>> {
    let (Some(present), Some(wanted)) = (prior.and_then(|prior| prior.spec_hash.known()), planned.known()) else {
        return Ok(Attr::Unknown);
    };
    let bucket = format!("gs://{}", wanted.lake.bucket());
    if clients.is_fresh(&bucket) || planned.dataset.as_deref().is_some_and(|id| clients.is_fresh(id)) {
        return Ok(Attr::Unknown);
    }
    let dataset = wanted.dataset();
    let found = clients.cloud()?.bigquery().get_dataset(&dataset).await.optional();
    let Some(document) = found.explain_at("dataset", format!("cannot read the dataset `{dataset}`"))? else {
        return Ok(Attr::Unknown);
    };
    let facts = Facts {
        project: clients.require_project()?.to_owned(),
        connection,
        location: document["location"].as_str().unwrap_or_default().to_owned(),
        deployed_by: cx.private().get(DEPLOYED_BY),
    };
    let same = wanted.spec(columns, &facts).hash() == *present;
    Ok(if same { present.as_str().into() } else { Attr::Unknown })
}
