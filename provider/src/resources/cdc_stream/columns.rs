//! The columns of the entities: from the org, or from the configuration; brought together with the tables that are there.

use std::collections::BTreeMap;

use headwater_salesforce::{Selection, columns};
use headwater_spec::{BigQueryType, Column, Mode};
use tfplugin_framework::{Diagnostic, Diagnostics, Path};

use super::model::{Columns, EntityModel, Model, entity_path, texts};
use crate::org::{NoOrg, Org, is_absent, no_org};
use crate::problems::{salesforce_problem, sentence};

/// What change events do not carry.
const NEVER_SENT: &[&str] = &["SystemModstamp"];

/// Why there are no columns.
pub(super) enum Failure {
    Wrong(Diagnostics),
    Org(NoOrg),
}

impl From<Failure> for Diagnostics {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Wrong(problems) => problems,
            Failure::Org(no_org) => Diagnostic::from(no_org).into(),
        }
    }
}

/// The columns that the configuration names.
pub(super) fn configured(model: &Model) -> Columns {
    let column = |(name, kind): (&String, BigQueryType)| Column {
        name: name.clone(),
        field: name.clone(),
        salesforce_type: String::new(),
        data_type: kind,
        mode: Mode::Nullable,
        description: String::new(),
    };
    let entities = model.known_entities().map(|(name, entity)| {
        let columns = entity.columns.known().into_iter().flatten();
        let typed = columns.filter_map(|(name, kind)| Some((name, BigQueryType::parse(kind.as_deref()?)?)));
        (name.clone(), typed.map(column).collect())
    });
    entities.collect()
}

/// The columns that the org's objects ask for. Which of them are chosen for Change Data Capture is asked, too.
pub(super) async fn source(org: &Org, model: &Model, channel: Option<&str>) -> Result<Columns, Failure> {
    let mut result = Columns::new();
    let mut problems = Diagnostics::new();
    for (name, entity) in model.known_entities() {
        let describe = match org.describe(name).await {
            Ok(describe) => describe,
            Err(error) if is_absent(&error) => {
                problems.push(unknown(name, org.suggestion(name).await));
                continue;
            }
            Err(error) => {
                let sorted = no_org(format!("cannot describe the Salesforce object `{name}`"), &error);
                return Err(Failure::Org(sorted));
            }
        };
        let selection = Selection {
            include: None,
            exclude: texts(&entity.exclude),
        };
        match columns(&describe, &selection) {
            Ok(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| column.field.as_str()).collect();
                // Persons have a name of parts; events carry the parts.
                let composed = names.contains(&"FirstName") && names.contains(&"LastName");
                let sent = |column: &Column| {
                    !(NEVER_SENT.contains(&column.field.as_str()) || composed && column.field == "Name")
                };
                result.insert(name.clone(), columns.into_iter().filter(sent).map(nullable).collect());
            }
            Err(errors) => problems.extend(errors.iter().map(|error| wrong_exclude(name, entity, error)).collect()),
        }
    }
    problems.extend(not_captured(org, model, channel).await?);
    if problems.has_error() {
        Err(Failure::Wrong(problems))
    } else {
        Ok(result)
    }
}

/// Every column of a changelog may be unset.
fn nullable(column: Column) -> Column {
    Column {
        mode: Mode::Nullable,
        ..column
    }
}

/// Entities that no event will ever come of.
async fn not_captured(org: &Org, model: &Model, channel: Option<&str>) -> Result<Diagnostics, Failure> {
    let name = channel
        .and_then(|channel| channel.strip_prefix("/data/"))
        .unwrap_or("ChangeEvents");
    let chosen = match org.client().captured_objects(name).await {
        Ok(chosen) => chosen,
        // Who may not view the setup may still read the events: nothing is known, and nothing is refused.
        Err(error) if error.kind() == headwater_salesforce::Kind::Access => return Ok(Diagnostics::new()),
        Err(error) if matches!(no_org("", &error), NoOrg::Unreachable(_)) => {
            return Err(Failure::Org(no_org(
                "cannot ask which objects are chosen for Change Data Capture",
                &error,
            )));
        }
        Err(error) => {
            let summary = "cannot ask which objects are chosen for Change Data Capture";
            return Err(Failure::Wrong(
                salesforce_problem(summary, &error).at(Path::attr("salesforce")).into(),
            ));
        }
    };
    let missing = model.known_entities().filter(|(name, _)| !chosen.contains(name));
    Ok(missing
        .map(|(entity, _)| {
            Diagnostic::invalid(
                entity_path(entity),
                format!(
                    "`{}`: `{entity}` is not chosen for Change Data Capture on `{name}`",
                    entity_path(entity)
                ),
            )
            .hint("Choose it in Salesforce under Setup, Change Data Capture, or add it to the channel.")
        })
        .collect())
}

fn unknown(name: &str, suggestion: Option<String>) -> Diagnostic {
    let path = entity_path(name);
    let problem = Diagnostic::invalid(
        path.clone(),
        format!("`{path}`: the org has no object `{name}` that the connection's user may read"),
    );
    match suggestion.filter(|other| other != name) {
        Some(other) => problem.hint(format!("Did you mean `{other}`?")),
        None => problem.hint("Check its API name (custom objects end with `__c`), and that the user may read it."),
    }
}

fn wrong_exclude(name: &str, _entity: &EntityModel, error: &headwater_salesforce::SelectionError) -> Diagnostic {
    let at = entity_path(name).child("exclude").index(error.index);
    Diagnostic::invalid(at, format!("`{}` in `exclude` of `{name}` is not usable", error.name))
        .detail(sentence(&error.to_string()))
}

/// The columns that the tables will have: further columns of a table stay, and of what the org says a table's own types win.
pub(super) fn planned(
    source: &Columns,
    existing: &BTreeMap<String, Vec<Column>>,
    from_org: bool,
) -> Result<Columns, Diagnostics> {
    let mut result = Columns::new();
    let mut problems = Diagnostics::new();
    for (entity, columns) in source {
        let Some(present) = existing.get(entity) else {
            result.insert(entity.clone(), columns.clone());
            continue;
        };
        match headwater_spec::evolve(columns, present) {
            Ok(_) => {
                let kept = columns.iter().map(|column| {
                    let have = present.iter().find(|have| have.name.eq_ignore_ascii_case(&column.name));
                    Column {
                        data_type: have
                            .filter(|_| from_org)
                            .map_or(column.data_type, |have| have.data_type),
                        ..column.clone()
                    }
                });
                result.insert(entity.clone(), kept.collect());
            }
            Err(errors) => problems.extend(
                errors
                    .iter()
                    .map(|error| {
                        let at = entity_path(entity);
                        Diagnostic::invalid(
                            at,
                            format!("the column `{}` of `{entity}` cannot follow its source", error.name),
                        )
                        .detail(sentence(&error.to_string()))
                    })
                    .collect(),
            ),
        }
    }
    if problems.has_error() {
        Err(problems)
    } else {
        Ok(result)
    }
}
