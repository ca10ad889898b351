//! What is executed of a graph: the selection, what it brings with it, and a deterministic order. No warehouse is asked here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::graph::{Action, Graph, ProjectConfig, Target};

/// What is to be executed. Nothing named: everything. Otherwise what is named, united with what bears one of the tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selection {
    /// By name.
    pub targets: Vec<TargetPattern>,
    /// By tag.
    pub tags: Vec<String>,
    /// And all that these depend on.
    pub include_dependencies: bool,
    /// And all that depends on these.
    pub include_dependents: bool,
    /// Incremental tables are made anew, unless they are protected.
    pub full_refresh: bool,
}

/// A name as a person writes it: `name`, `dataset.name` or `project.dataset.name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetPattern(pub String);

impl From<&Target> for TargetPattern {
    fn from(target: &Target) -> Self {
        Self(target.to_string())
    }
}

impl TargetPattern {
    fn matches(&self, target: &Target) -> bool {
        let full = target.to_string();
        self.0 == full || full.strip_suffix(&self.0).is_some_and(|before| before.ends_with('.'))
    }
}

/// Why a selection cannot be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The graph has errors.
    #[error("the project has {count} compilation errors, the first is: {first}; mend them before it is run")]
    Errors {
        /// How many.
        count: usize,
        /// The first.
        first: String,
    },
    /// A name that nothing has.
    #[error("no action is called {name:?}; {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is that is like it.
        hint: String,
    },
    /// A name that several have.
    #[error("{name:?} names {}: write dataset.name or project.dataset.name", candidates.join(" and "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Who bears it.
        candidates: Vec<String>,
    },
    /// A tag that nothing bears.
    #[error("no action bears the tag {tag:?}; the project's tags are: {known}")]
    UnknownTag {
        /// The tag.
        tag: String,
        /// All tags.
        known: String,
    },
    /// Two actions write to one name.
    #[error("{target} is written by {files}: rename one of them")]
    Doubled {
        /// The name.
        target: String,
        /// The files.
        files: String,
    },
    /// Actions that wait for one another.
    #[error("these actions depend on one another in a ring: {ring}; remove one of the dependencies")]
    Ring {
        /// The ring.
        ring: String,
    },
    /// What would compile only when it is executed.
    #[error(
        "{target} ({file}) is compiled just in time, which this executor does not do; write it as SQLX or with publish()"
    )]
    JustInTime {
        /// The action.
        target: String,
        /// Its file.
        file: String,
    },
}

/// One action of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAction {
    /// The action.
    pub action: Action,
    /// Those of its dependencies that are in the plan, as places in [`Plan::actions`].
    pub waits_for: Vec<usize>,
}

/// What is to be executed, in an order in which every action comes after all that it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The actions.
    pub actions: Vec<PlannedAction>,
    /// The settings that the graph was compiled with.
    pub project: ProjectConfig,
    /// See [`Selection::full_refresh`].
    pub full_refresh: bool,
}

/// Chooses what is to be executed and orders it.
///
/// # Errors
/// When the graph has errors, when a selector matches nothing or too much, and when no order exists.
pub fn plan(graph: &Graph, selection: &Selection) -> Result<Plan, SelectionError> {
    if let Some(first) = graph.errors.first() {
        return Err(SelectionError::Errors {
            count: graph.errors.len(),
            first: first.to_string(),
        });
    }
    let mut actions: BTreeMap<Target, Action> = BTreeMap::new();
    for action in graph.actions() {
        let file = action.file_name().to_owned();
        if let Some(other) = actions.insert(action.target().clone(), action.clone()) {
            return Err(SelectionError::Doubled {
                target: action.target().to_string(),
                files: format!("{} and {file}", other.file_name()),
            });
        }
    }
    let chosen = choose(graph, &actions, selection)?;
    for target in &chosen {
        if let Some(action) = actions
            .get(target)
            .filter(|a| !a.jit_code().is_empty() && !a.disabled())
        {
            return Err(SelectionError::JustInTime {
                target: target.to_string(),
                file: action.file_name().to_owned(),
            });
        }
    }
    let order = order(&chosen, &actions)?;
    let places: BTreeMap<&Target, usize> = order.iter().enumerate().map(|(i, t)| (*t, i)).collect();
    let planned = order
        .iter()
        .filter_map(|target| actions.get(*target))
        .map(|action| {
            let waits_for: BTreeSet<usize> = action
                .dependencies()
                .iter()
                .filter_map(|d| places.get(d).copied())
                .collect();
            PlannedAction {
                action: action.clone(),
                waits_for: waits_for.into_iter().collect(),
            }
        })
        .collect();
    Ok(Plan {
        actions: planned,
        project: graph.project.clone(),
        full_refresh: selection.full_refresh,
    })
}

fn choose(
    graph: &Graph,
    actions: &BTreeMap<Target, Action>,
    selection: &Selection,
) -> Result<BTreeSet<Target>, SelectionError> {
    if selection.targets.is_empty() && selection.tags.is_empty() {
        return Ok(actions.keys().cloned().collect());
    }
    let mut chosen = BTreeSet::new();
    for pattern in &selection.targets {
        let matches: Vec<&Target> = actions.keys().filter(|t| pattern.matches(t)).collect();
        match matches.as_slice() {
            [one] => chosen.insert((*one).clone()),
            [] => return Err(unknown(graph, actions, pattern)),
            several => {
                // A full name is one name, even if it is the end of a longer one.
                let Some(exact) = several.iter().find(|t| t.to_string() == pattern.0) else {
                    return Err(SelectionError::Ambiguous {
                        name: pattern.0.clone(),
                        candidates: several.iter().map(ToString::to_string).collect(),
                    });
                };
                chosen.insert((*exact).clone())
            }
        };
    }
    for tag in &selection.tags {
        let before = chosen.len();
        let mut borne = false;
        for (target, action) in actions {
            if action.tags().contains(tag) {
                borne = true;
                chosen.insert(target.clone());
            }
        }
        if !borne && chosen.len() == before {
            let tags: BTreeSet<&str> = actions.values().flat_map(Action::tags).map(String::as_str).collect();
            let known = if tags.is_empty() {
                "none".to_owned()
            } else {
                tags.into_iter().collect::<Vec<_>>().join(", ")
            };
            return Err(SelectionError::UnknownTag {
                tag: tag.clone(),
                known,
            });
        }
    }
    // Notebooks and preparations are not executed here, but what is before and behind them hangs together by them.
    let mut edges: Vec<(&Target, &Target)> = Vec::new();
    for (target, action) in actions {
        edges.extend(action.dependencies().iter().map(|d| (target, d)));
    }
    for other in &graph.others {
        edges.extend(other.dependency_targets.iter().map(|d| (&other.target, d)));
    }
    let named = chosen.clone();
    if selection.include_dependencies {
        chosen.extend(reachable(&named, edges.iter().copied()));
    }
    if selection.include_dependents {
        chosen.extend(reachable(&named, edges.iter().map(|(from, to)| (*to, *from))));
    }
    chosen.retain(|target| actions.contains_key(target));
    Ok(chosen)
}

fn reachable<'a>(from: &BTreeSet<Target>, edges: impl Iterator<Item = (&'a Target, &'a Target)>) -> BTreeSet<Target> {
    let mut next: BTreeMap<&Target, Vec<&Target>> = BTreeMap::new();
    for (a, b) in edges {
        next.entry(a).or_default().push(b);
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&Target> = from.iter().collect();
    while let Some(target) = open.pop() {
        for neighbour in next.get(target).into_iter().flatten().copied() {
            if found.insert(neighbour.clone()) {
                open.push(neighbour);
            }
        }
    }
    found
}

/// Kahn's algorithm; of what may come next, the smallest name comes.
fn order<'a>(
    chosen: &'a BTreeSet<Target>,
    actions: &BTreeMap<Target, Action>,
) -> Result<Vec<&'a Target>, SelectionError> {
    let mut missing: BTreeMap<&Target, BTreeSet<&Target>> = BTreeMap::new();
    let mut dependents: BTreeMap<&Target, Vec<&Target>> = BTreeMap::new();
    for target in chosen {
        let dependencies = actions.get(target).map(Action::dependencies).unwrap_or_default();
        let inside: BTreeSet<&Target> = dependencies.iter().filter_map(|d| chosen.get(d)).collect();
        for dependency in &inside {
            dependents.entry(*dependency).or_default().push(target);
        }
        missing.insert(target, inside);
    }
    let mut ready: BTreeSet<&Target> = missing.iter().filter(|(_, m)| m.is_empty()).map(|(t, _)| *t).collect();
    let mut order = Vec::with_capacity(chosen.len());
    while let Some(target) = ready.pop_first() {
        missing.remove(target);
        order.push(target);
        for dependent in dependents.get(target).into_iter().flatten() {
            if let Some(waits_for) = missing.get_mut(dependent) {
                waits_for.remove(target);
                if waits_for.is_empty() {
                    ready.insert(*dependent);
                }
            }
        }
    }
    if missing.is_empty() {
        Ok(order)
    } else {
        Err(SelectionError::Ring { ring: ring(&missing) })
    }
}

/// Walks from one waiting action to the next until one is met again.
fn ring(missing: &BTreeMap<&Target, BTreeSet<&Target>>) -> String {
    let mut path: Vec<&Target> = Vec::new();
    let mut at = missing.keys().next().copied();
    while let Some(target) = at {
        if let Some(start) = path.iter().position(|t| *t == target) {
            path.drain(..start);
            path.push(target);
            break;
        }
        path.push(target);
        at = missing.get(target).and_then(|m| m.iter().next().copied());
    }
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ")
}

fn unknown(graph: &Graph, actions: &BTreeMap<Target, Action>, pattern: &TargetPattern) -> SelectionError {
    let name = pattern.0.clone();
    if let Some(declaration) = graph.declarations.iter().find(|d| pattern.matches(&d.target)) {
        let hint = format!(
            "{} declares it: others make it, so there is nothing to execute",
            declaration.file_name
        );
        return SelectionError::Unknown { name, hint };
    }
    if let Some(other) = graph.others.iter().find(|o| pattern.matches(&o.target)) {
        let hint = format!(
            "{} is a notebook or data preparation, which this executor leaves out",
            other.file_name
        );
        return SelectionError::Unknown { name, hint };
    }
    let last = pattern.0.rsplit('.').next().unwrap_or_default().to_lowercase();
    let mut near: Vec<(usize, String)> = actions
        .keys()
        .map(|t| (distance(&t.name.to_lowercase(), &last), t.to_string()))
        .filter(|(d, _)| *d <= last.chars().count().max(3) / 3)
        .collect();
    near.sort();
    let hint = match near.first() {
        Some((_, first)) => format!("did you mean {first}?"),
        None => format!("the project has {} actions, none with a name like it", actions.len()),
    };
    SelectionError::Unknown { name, hint }
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or_default();
            let best = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            diagonal = above;
            left = best;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("orders", "orders", 0),
            ("order", "orders", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
