//! What a run asks before its first action: what exists under the names of its actions, and which datasets are missing. Whether a
//! table is written incrementally is decided by what is found here, not by what is there when its turn comes.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream;

use super::action::{attempt, location};
use super::execute::Context;
use super::warehouse::{Existing, Failure};
use crate::graph::{Action, Target};

/// What is known when the first action begins. What could not be found out fails the actions that need it, and no others.
pub(super) struct Prepared {
    tables: BTreeMap<Target, Result<Option<Existing>, Failure>>,
    datasets: BTreeMap<(String, String), Failure>,
}

impl Prepared {
    /// What exists under a name.
    pub fn existing(&self, target: &Target) -> Result<Option<&Existing>, String> {
        if let Some(failure) = self.datasets.get(&(target.database.clone(), target.schema.clone())) {
            return Err(format!(
                "the dataset {}.{} cannot be used: {failure}",
                target.database, target.schema
            ));
        }
        match self.tables.get(target) {
            Some(Ok(existing)) => Ok(existing.as_ref()),
            Some(Err(failure)) => Err(format!("{target} cannot be looked up: {failure}")),
            None => Ok(None),
        }
    }
}

pub(super) async fn prepare(context: &Context<'_>) -> Prepared {
    let (tables, datasets) = tokio::join!(tables(context), datasets(context));
    Prepared { tables, datasets }
}

/// In parallel like the actions, which begin only when all answers are there.
async fn tables(context: &Context<'_>) -> BTreeMap<Target, Result<Option<Existing>, Failure>> {
    let wanted = context.plan.actions.iter().map(|planned| &planned.action);
    let wanted = wanted
        .filter(|a| !a.disabled() && !matches!(a, Action::Operation(_)))
        .map(|a| a.target().clone());
    // Futures made of owned names: the compiler cannot tell that borrowed ones live long enough.
    let wanted: Vec<Target> = wanted.collect();
    stream::iter(wanted)
        .map(|target| async move {
            let found = context.warehouse.table(&target).await;
            (target, found)
        })
        .buffer_unordered(context.settings.parallel.max(1))
        .collect()
        .await
}

async fn datasets(context: &Context<'_>) -> BTreeMap<(String, String), Failure> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for planned in context.plan.actions.iter().filter(|planned| !planned.action.disabled()) {
        let target = planned.action.target();
        wanted
            .entry(target.database.clone())
            .or_default()
            .insert(target.schema.clone());
    }
    let mut failures = BTreeMap::new();
    for (project, schemas) in wanted {
        let found = match context.warehouse.datasets(&project).await {
            Ok(found) => found,
            Err(failure) => {
                failures.extend(
                    schemas
                        .into_iter()
                        .map(|schema| ((project.clone(), schema), failure.clone())),
                );
                continue;
            }
        };
        for schema in schemas.into_iter().filter(|schema| !found.contains(schema)) {
            if let Err(failure) = create(context, &project, &schema).await {
                failures.insert((project.clone(), schema), failure);
            }
        }
    }
    failures
}

async fn create(context: &Context<'_>, project: &str, schema: &str) -> Result<(), Failure> {
    let name = if project.is_empty() {
        schema.to_owned()
    } else {
        format!("{project}.{schema}")
    };
    let place = location(context)
        .map(|place| format!("\noptions(location=\"{place}\")"))
        .unwrap_or_default();
    let sql = format!("create schema if not exists `{name}`{place}");
    attempt(context, &sql, &BTreeMap::new(), None, true, &mut |_, _| {})
        .await
        .map(|_| ())
}
