//! What a plan finds out: the identities of expectations, whether they fit the table, and whether the spec will change.

use headwater_cloud::{Cloud, DatasetRef, OptionalExt as _};
use tfplugin_framework::{Attr, Cx, Diagnostic, Diagnostics, Result};

use super::check::{Known, check};
use super::model::{Model, Wanted};
use super::node::Node;
use super::reads::{self, FilesModel};
use super::spec::Facts;
use super::{files, other, query, scan, tables, target};
use crate::clients::Clients;
use crate::names::parse_table_path;
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
    name_expectations(&mut planned, config);
    scan::fill(&mut planned, config);
    let url: Attr<String> = match planned.layout() {
        Some(layout) => layout.spec_url().into(),
        None => Attr::Unknown,
    };
    planned.spec_url = url.clone();
    planned.id = url;
    // What was not known when the configuration was validated, such as other tables' names, may be now.
    check(&planned).into_result()?;
    check_target(cx, clients, &planned).await?;
    planned.spec_hash = spec_hash(cx, clients, prior, &planned).await?;
    if let (Attr::Unknown, Some(id)) = (&planned.spec_hash, planned.id.as_deref()) {
        // What lies there is not what whoever uses the suite will find.
        clients.note_changing(id);
    }
    Ok(planned)
}

/// An expectation is called by its kind and its columns unless it is given a name.
fn name_expectations(planned: &mut Model, config: &Model) {
    let names: Vec<(&'static str, usize, Attr<String>)> = config
        .placed()
        .into_iter()
        .filter(|placed| placed.block.get("id").is_none_or(Attr::is_null))
        .map(|placed| {
            let name = placed.read.ok().map_or(Attr::Unknown, |read| read.identity().into());
            (placed.kind, placed.index, name)
        })
        .collect();
    let Some(kinds) = planned.expectations.known_mut() else {
        return;
    };
    for (kind, index, name) in names {
        let blocks = kinds.get_mut(kind).and_then(Attr::known_mut);
        if let Some(block) = blocks
            .and_then(|blocks| blocks.get_mut(index))
            .and_then(Attr::known_mut)
        {
            block.insert("id".to_owned(), name.map(Node::Text));
        }
    }
}

async fn check_target(cx: &mut Cx, clients: &Clients, planned: &Model) -> Result<()> {
    if let Some(files) = planned.files.known().and_then(FilesModel::known) {
        return files::check(clients, planned, &files).await;
    }
    let Some(table) = planned.table.as_deref().and_then(parse_table_path) else {
        return Ok(());
    };
    if clients.any_in_flux(|id| id == table.id() || id == table.dataset.id()) {
        // It is made or changed before the suite: the apply looks again.
        return Ok(());
    }
    let Some(target) = target::read(clients.cloud()?, &table).await? else {
        if !cx.is_applying() {
            cx.report(
                Diagnostic::warning(format!("the table `{table}` does not exist yet"))
                    .detail("The expectations are checked against its columns when it does.")
                    .hint("If it is no part of this configuration, check its id.")
                    .at("table"),
            );
        }
        return Ok(());
    };
    let mut problems = Diagnostics::new();
    if let (Some(column), Attr::Null) = (&target.required_filter, &planned.partition_filter)
        && !reads::filters_by(planned, column)
    {
        problems.push(
            Diagnostic::invalid(
                "partition_filter",
                format!("the table `{table}` is not read without a filter of its partitions"),
            )
            .hint(format!(
                "Set `partition_filter`, such as `{column} >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)`."
            )),
        );
    }
    problems.extend(reads::fits(planned, &target));
    problems.extend(check_columns(planned, &target));
    problems.extend(other::check(clients, &planned.placed(), &target).await?);
    problems.into_result()?;
    scan::refused(planned, &table, &target).into_result()?;
    query::check(clients, planned, &table, &target).await
}

/// Whether the expectations fit the columns.
pub(super) fn check_columns(planned: &Model, target: &target::Target) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for one in &planned.placed() {
        if let Ok(expectation) = &one.read {
            problems.extend(target.check(&Known {
                placed: one,
                expectation,
            }));
        }
    }
    problems
}

/// What else the spec says; `None` while a dataset is not there.
pub(super) async fn facts(
    cloud: &Cloud,
    project: &str,
    wanted: &Wanted,
    deployed_by: Option<String>,
) -> Result<Option<Facts>, Diagnostic> {
    let location = match &wanted.table {
        Some(table) => match location(cloud, &table.dataset, "table").await? {
            Some(location) => location,
            None => return Ok(None),
        },
        None => String::new(),
    };
    let Some(results_location) = self::location(cloud, &wanted.results, "results").await? else {
        return Ok(None);
    };
    Ok(Some(Facts {
        project: project.to_owned(),
        location,
        results_location,
        deployed_by,
    }))
}

async fn location(cloud: &Cloud, dataset: &DatasetRef, attribute: &str) -> Result<Option<String>, Diagnostic> {
    let found = cloud.bigquery().get_dataset(dataset).await.optional();
    let found = found.explain_at(attribute, format!("cannot read the dataset `{dataset}`"))?;
    Ok(found.map(|document| document["location"].as_str().unwrap_or_default().to_owned()))
}

/// The hash of the spec in the lake if the apply would leave it as it is.
async fn spec_hash(cx: &mut Cx, clients: &Clients, prior: Option<&Model>, planned: &Model) -> Result<Attr<String>> {
    let Some(wanted) = planned.known() else {
        return Ok(Attr::Unknown);
    };
    let bucket = format!("gs://{}", wanted.lake.bucket());
    let judged = wanted.table.as_ref().map(|table| table.dataset.id());
    let mut datasets = judged.into_iter().chain([wanted.results.id()]);
    if clients.is_fresh(&bucket) || datasets.any(|id| clients.is_fresh(&id)) {
        return Ok(Attr::Unknown);
    }
    let cloud = clients.cloud()?;
    tables::check(&cloud.bigquery(), &wanted).await?;
    let Some(present) = prior.and_then(|prior| prior.spec_hash.known()) else {
        return Ok(Attr::Unknown);
    };
    let deployed_by = cx.private().get(DEPLOYED_BY);
    let Some(facts) = facts(cloud, clients.require_project()?, &wanted, deployed_by).await? else {
        return Ok(Attr::Unknown);
    };
    let same = wanted.spec(&facts).hash() == *present;
    Ok(if same { present.as_str().into() } else { Attr::Unknown })
}
