//! What the org says about the chosen objects, and the schemas of the tables that follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use headwater_salesforce::{Error, Kind, List, ObjectDescribe, SelectionError, columns};
use headwater_spec::{Column, Drift, EvolutionError, ReadMode, evolve};
use tfplugin_framework::{Diagnostic, Diagnostics};

use super::model::{Object, object_path};
use super::tables::Existing;
use crate::org::{NoOrg, Org, is_absent, no_org};
use crate::problems::{salesforce_problem, sentence};

/// Objects described at the same time. Salesforce allows 25 long calls at once to everybody in the org together.
const PARALLEL: usize = 5;

/// Columns by object.
pub(super) type Columns = BTreeMap<String, Vec<Column>>;

/// Describes the objects, checks every selection against them, and returns the columns in the source's order.
pub(super) async fn source(
    org: &Org,
    objects: &BTreeMap<String, Object>,
    check_conditions: bool,
) -> Result<Columns, Failure> {
    // The futures are made first: a closure in the stream itself would have to hold for every lifetime.
    let questions: Vec<_> = objects
        .iter()
        .map(|(name, object)| async move {
            let answer = org.describe(name).await;
            let condition = object
                .condition
                .as_deref()
                .filter(|_| check_conditions && answer.is_ok());
            let accepted = match condition {
                Some(condition) => org.client().validate_where(name, condition).await,
                None => Ok(()),
            };
            (name, object, answer, accepted)
        })
        .collect();
    let described = stream::iter(questions).buffered(PARALLEL).collect::<Vec<_>>().await;
    let mut result = Columns::new();
    let mut problems = Diagnostics::new();
    for (name, object, answer, accepted) in described {
        let describe = match answer {
            Ok(describe) => describe,
            Err(error) if is_absent(&error) => {
                problems.push(unknown_object(name, org.suggestion(name).await));
                continue;
            }
            Err(error) => return Err(failure(name, &error)),
        };
        match resolve(name, object, &describe) {
            Ok(columns) => {
                result.insert(name.clone(), columns);
            }
            Err(found) => problems.extend(found),
        }
        if let Err(error) = accepted {
            match error.kind() {
                Kind::MalformedQuery | Kind::Field | Kind::QueryTimeout | Kind::TooLong => {
                    problems.push(refused_where(name, &error));
                }
                _ => return Err(failure(name, &error)),
            }
        }
    }
    if problems.has_error() {
        Err(Failure::Wrong(problems))
    } else {
        Ok(result)
    }
}

/// Why there are no columns.
pub(super) enum Failure {
    /// The configuration does not fit the org.
    Wrong(Diagnostics),
    /// The org did not answer.
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

fn failure(object: &str, error: &Error) -> Failure {
    let at = object_path(object);
    Failure::Org(
        match no_org(format!("cannot describe the Salesforce object `{object}`"), error) {
            NoOrg::Unreachable(problem) => NoOrg::Unreachable(problem.at(at)),
            NoOrg::Problem(problem) => NoOrg::Problem(problem.at(at)),
        },
    )
}

fn unknown_object(name: &str, suggestion: Option<String>) -> Diagnostic {
    // The path is in the text: Terraform points at the line only.
    let path = object_path(name);
    absent(
        name,
        suggestion,
        format!("`{path}`: the org has no object `{name}` that the connection's user may read"),
    )
    .at(path)
}

fn absent(name: &str, suggestion: Option<String>, summary: String) -> Diagnostic {
    match suggestion.filter(|other| other != name) {
        Some(other) => Diagnostic::error(summary).hint(format!("Did you mean `{other}`?")),
        None => Diagnostic::error(summary).hint(
            "Check its API name (custom objects end with `__c`), and that the user has the permission to read it.",
        ),
    }
}

fn refused_where(name: &str, error: &Error) -> Diagnostic {
    let words = error.message().map_or_else(|| error.to_string(), str::to_owned);
    Diagnostic::invalid(
        object_path(name).child("where"),
        format!("Salesforce refuses the `where` of `{name}`"),
    )
    .detail(format!("Salesforce says: {}", words.trim()))
    .hint(sentence(error.hint()))
}

/// The columns of one object.
pub(super) fn resolve(name: &str, object: &Object, describe: &Arc<ObjectDescribe>) -> Result<Vec<Column>, Diagnostics> {
    let path = object_path(name);
    if describe.name() != name {
        // Salesforce does not tell capitals apart, BigQuery's job ids and our paths do.
        return Err(Diagnostic::invalid(
            path.clone(),
            format!("`{path}`: the object is called `{}`", describe.name()),
        )
        .hint(format!("Write `{}`.", describe.name()))
        .into());
    }
    if let Some(reason) = describe.refusal() {
        return Err(
            Diagnostic::invalid(path.clone(), format!("`{path}`: the object cannot be extracted"))
                .detail(sentence(&reason))
                .hint("Take it out of `objects`.")
                .into(),
        );
    }
    if object.mode == ReadMode::Incremental && describe.cursor_field().is_none() {
        return Err(
            Diagnostic::invalid(path.child("mode"), format!("`{name}` cannot be read incrementally"))
                .detail("It has no field that says when a row last changed.")
                .hint("Set `mode = \"full\"`.")
                .into(),
        );
    }
    columns(describe, &object.selection)
        .map_err(|errors| errors.iter().map(|error| wrong_selection(name, error)).collect())
}

fn wrong_selection(object: &str, error: &SelectionError) -> Diagnostic {
    let list = match error.list {
        List::Include => "include",
        List::Exclude => "exclude",
    };
    let at = object_path(object).child(list).index(error.index);
    Diagnostic::invalid(at, format!("`{}` in `{list}` of `{object}` is not usable", error.name))
        .detail(sentence(&error.to_string()))
}

/// The schemas that the tables will have: what the org says, brought together with what is there. What differs is told
/// once: while the plan before, if there was one, did not have it so.
pub(super) fn planned(
    source: &Columns,
    existing: &BTreeMap<String, Existing>,
    before: Option<&Columns>,
) -> Result<(Columns, Diagnostics), Diagnostics> {
    let mut result = Columns::new();
    let mut problems = Diagnostics::new();
    let mut notes = Diagnostics::new();
    for (object, columns) in source {
        let Some(table) = existing.get(object) else {
            result.insert(object.clone(), columns.clone());
            continue;
        };
        match evolve(columns, &table.columns) {
            Ok(evolution) => {
                let before = before.and_then(|before| before.get(object));
                let news = evolution
                    .drift
                    .iter()
                    .filter(|drift| is_news(drift, before, &evolution.columns));
                notes.extend(news.map(|drift| noticed(object, drift)).collect());
                result.insert(object.clone(), evolution.columns);
            }
            Err(errors) => problems.extend(errors.iter().map(|error| cannot_follow(object, error)).collect()),
        }
    }
    if problems.has_error() {
        Err(problems)
    } else {
        Ok((result, notes))
    }
}

/// Whether the state did not know of it yet.
fn is_news(drift: &Drift, before: Option<&Vec<Column>>, now: &[Column]) -> bool {
    let Some(before) = before else { return true };
    let find = |columns: &[Column], name: &str| columns.iter().find(|column| column.name == name).cloned();
    match drift {
        Drift::Removed(name) => find(before, name).is_some(),
        Drift::Narrowed { name, .. } => find(before, name) != find(now, name),
    }
}

fn cannot_follow(object: &str, error: &EvolutionError) -> Diagnostic {
    Diagnostic::invalid(
        object_path(object),
        format!("the column `{}` of `{object}` cannot follow Salesforce", error.name),
    )
    .detail(sentence(&error.to_string()))
}

fn noticed(object: &str, drift: &Drift) -> Diagnostic {
    let column = match drift {
        Drift::Removed(name) | Drift::Narrowed { name, .. } => name,
    };
    Diagnostic::warning(format!("the column `{column}` of `{object}` differs from Salesforce"))
        .detail(sentence(&drift.to_string()))
        .at(object_path(object))
}

/// An error of Salesforce about an object of the data source.
pub(crate) fn describe_problem(object: &str, error: &Error, suggestion: Option<String>) -> Diagnostic {
    if is_absent(error) {
        let summary = format!("the org has no object `{object}` that the connection's user may read");
        absent(object, suggestion, summary).at("name")
    } else {
        salesforce_problem(format!("cannot describe the Salesforce object `{object}`"), error).at("name")
    }
}
