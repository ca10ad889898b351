//! What the org says about the chosen objects, and the schemas of the tables that follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use headwater_salesforce::{Error, Kind, List, ObjectDescribe, SelectionError, columns};
use headwater_spec::{Column, Drift, ReadMode, evolve};
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
                    problems.push(refused_where(name, &error))
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
    let problem = Diagnostic::invalid(
        object_path(name),
        format!("the org has no object `{name}` that the connection's user may read"),
    );
    match suggestion {
        Some(other) => problem.hint(format!("Did you mean `{other}`?")),
        None => problem.hint(
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
        return Err(
            Diagnostic::invalid(path, format!("the object `{name}` is called `{}`", describe.name()))
                .hint(format!("Write `{}`.", describe.name()))
                .into(),
        );
    }
    if let Some(reason) = describe.refusal() {
        return Err(Diagnostic::invalid(path, format!("`{name}` cannot be extracted"))
            .detail(sentence(&reason))
            .hint("Take it out of `objects`.")
            .into());
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

/// The schemas that the tables will have: what the org says, brought together with what is there.
pub(super) fn planned(
    source: &Columns,
    existing: &BTreeMap<String, Existing>,
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
                for drift in &evolution.drift {
                    notes.push(noticed(object, drift));
                }
                result.insert(object.clone(), evolution.columns);
            }
            Err(errors) => {
                for error in errors {
                    problems.push(
                        Diagnostic::invalid(
                            object_path(object),
                            format!("the column `{}` of `{object}` cannot follow Salesforce", error.name),
                        )
                        .detail(sentence(&error.to_string())),
                    );
                }
            }
        }
    }
    if problems.has_error() {
        Err(problems)
    } else {
        Ok((result, notes))
    }
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
        unknown_object(object, suggestion).at("name")
    } else {
        salesforce_problem(format!("cannot describe the Salesforce object `{object}`"), error).at("name")
    }
}
