//! The rules, each a function from a project to findings.

use std::collections::{BTreeMap, BTreeSet};

use super::place::line;
use super::sql::{self, Columns, Condition, Named};
use super::{Code, Finding, Knowledge};
use crate::graph::{Action, Assertion, Graph, Table, Target};
use crate::{Files, Graph as CompiledGraph};

/// A graph with what its rules need to know more than once.
pub(super) struct Project<'a> {
    graph: &'a Graph,
    files: &'a Files,
    knowledge: &'a Knowledge,
    marts: Vec<&'a Table>,
}

const MARTS: &[&str] = &["marts", "mart", "outputs", "output", "reporting"];

impl<'a> Project<'a> {
    pub fn new(graph: &'a CompiledGraph, files: &'a Files, knowledge: &'a Knowledge) -> Self {
        let named = |table: &&Table| {
            let folder = table.file_name.rsplit_once('/').map_or("", |(folder, _)| folder);
            folder.split('/').any(|part| MARTS.contains(&part))
                || table.tags.iter().any(|tag| MARTS.contains(&tag.as_str()))
        };
        let mut marts: Vec<&Table> = graph.tables.iter().filter(named).collect();
        if marts.is_empty() {
            let read: BTreeSet<&Target> = graph
                .tables
                .iter()
                .flat_map(|table| &table.dependency_targets)
                .collect();
            marts = graph
                .tables
                .iter()
                .filter(|table| !read.contains(&table.target))
                .collect();
        }
        marts.retain(|table| !table.disabled);
        Self {
            graph,
            files,
            knowledge,
            marts,
        }
    }

    fn finding(
        &self,
        code: Code,
        file: &str,
        target: &Target,
        texts: &[&str],
        message: String,
        remedy: &str,
    ) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            file: file.to_owned(),
            line: line(self.files, file, texts),
            target: target.clone(),
            message,
            remedy: remedy.to_owned(),
        }
    }
}

pub(super) fn all(project: &Project<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &project.marts {
        findings.extend(undocumented_columns(project, table));
        findings.extend(missing_key(project, table));
        findings.extend(select_star(project, table));
    }
    findings.extend(undeclared_sources(project));
    findings.extend(null_blind_conditions(project));
    findings
}

fn undocumented_columns(project: &Project<'_>, table: &Table) -> Vec<Finding> {
    let documented: BTreeSet<String> = table
        .action_descriptor
        .iter()
        .flat_map(|descriptor| &descriptor.columns)
        .filter(|column| !column.description.trim().is_empty())
        .filter_map(|column| column.path.first().map(|name| name.to_lowercase()))
        .collect();
    let columns = project.knowledge.columns.get(&table.target).cloned().or_else(|| {
        match sql::columns(&sql::read(&table.query).ok()?)? {
            Columns::Named(names) => Some(names),
            Columns::Open(_) => None,
        }
    });
    let remedy = "describe it in config { columns: { … } }";
    let about = |texts: &[&str], message| {
        project.finding(
            Code::UndocumentedColumn,
            &table.file_name,
            &table.target,
            texts,
            message,
            remedy,
        )
    };
    match columns {
        Some(columns) => columns
            .iter()
            .filter(|column| !documented.contains(&column.to_lowercase()))
            .map(|column| {
                about(
                    &[column],
                    format!("the column {column} of {} has no description", table.target),
                )
            })
            .collect(),
        None if documented.is_empty() => {
            vec![about(&[], format!("no column of {} has a description", table.target))]
        }
        None => Vec::new(),
    }
}

fn missing_key(project: &Project<'_>, table: &Table) -> Option<Finding> {
    let holds = |assertion: &&Assertion| {
        if assertion.disabled {
            return false;
        }
        match &assertion.parent_action {
            Some(parent) => {
                *parent == table.target && assertion.canonical_target.name.contains("_assertions_uniqueKey")
            }
            None => {
                assertion.dependency_targets.contains(&table.target)
                    && sql::read(&assertion.query).is_ok_and(|statements| sql::groups(&statements))
            }
        }
    };
    if project.graph.assertions.iter().find(holds).is_some() {
        return None;
    }
    Some(project.finding(
        Code::MissingKey,
        &table.file_name,
        &table.target,
        &["assertions", "type:"],
        format!("no assertion holds the rows of {} unique", table.target),
        "add config { assertions: { uniqueKey: [\"…\"] } }",
    ))
}

fn select_star(project: &Project<'_>, table: &Table) -> Option<Finding> {
    let statements = sql::read(&table.query).ok()?;
    let Some(Columns::Open(at)) = sql::columns(&statements) else {
        return None;
    };
    let text = usize::try_from(at)
        .ok()
        .and_then(|at| table.query.lines().nth(at.saturating_sub(1)))
        .unwrap_or_default();
    Some(project.finding(
        Code::SelectStar,
        &table.file_name,
        &table.target,
        &[text, "select *", "SELECT *", ".*"],
        format!(
            "the columns of {} are whatever its source has: a star reaches down to a table",
            table.target
        ),
        "name the columns, so that a new one of the source is published on purpose",
    ))
}

/// The texts of SQL that an action holds, without those that the core makes itself.
fn texts(action: &Action) -> Vec<&str> {
    match action {
        Action::Table(table) => {
            let operations = [
                &table.pre_ops,
                &table.post_ops,
                &table.incremental_pre_ops,
                &table.incremental_post_ops,
            ];
            let queries = [&table.query, &table.incremental_query].into_iter().map(String::as_str);
            queries
                .chain(operations.into_iter().flatten().map(String::as_str))
                .collect()
        }
        Action::Operation(operation) => operation.queries.iter().map(String::as_str).collect(),
        Action::Assertion(assertion) if assertion.parent_action.is_some() => Vec::new(),
        Action::Assertion(assertion) => vec![&assertion.query],
    }
}

fn undeclared_sources(project: &Project<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut named: BTreeMap<Named, Vec<Action>> = BTreeMap::new();
    let mut made: BTreeSet<Target> = BTreeSet::new();
    // What is disabled reads nothing.
    for action in project.graph.actions().filter(|action| !action.disabled()) {
        let mut unread = None;
        for text in texts(&action)
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .collect::<BTreeSet<_>>()
        {
            match sql::read(text) {
                Ok(statements) => {
                    made.extend(sql::made(&statements).iter().map(|name| project.target(name)));
                    for name in sql::tables(&statements) {
                        let actions = named.entry(name).or_default();
                        if !actions.iter().any(|a| a.target() == action.target()) {
                            actions.push(action.clone());
                        }
                    }
                }
                // The first is enough to send a reader there.
                Err(error) => unread = unread.or(Some((text, error))),
            }
        }
        if let Some((text, error)) = unread {
            let target = action.target();
            findings.push(project.finding(
                Code::UnreadSql,
                action.file_name(),
                target,
                &[text.trim().lines().next().unwrap_or_default()],
                format!("the SQL of {target} could not be read, so its tables were not looked at ({error})"),
                "nothing is wrong with it for that reason: look it through by eye",
            ));
        }
    }
    for (name, actions) in named {
        let target = project.target(&name);
        // A table of many by a pattern (`events_*`) is known if it is declared so, or if one of them is.
        let pattern = target.name.strip_suffix('*');
        let of_pattern = |known: &Target| {
            pattern.is_some_and(|p| {
                known.schema == target.schema && known.database == target.database && known.name.starts_with(p)
            })
        };
        let declared = project
            .graph
            .declarations
            .iter()
            .any(|declaration| of_pattern(&declaration.target));
        if project.graph.knows(&target) || made.contains(&target) || declared {
            continue;
        }
        let written = name.parts.join(".");
        for action in actions {
            findings.push(project.finding(
                Code::UndeclaredSource,
                action.file_name(),
                action.target(),
                &[&written, name.parts.last().map_or("", String::as_str)],
                format!("{} reads {target}, which is neither an action nor declared", action.target()),
                "declare it (type: \"declaration\") and write ${ref(…)}, so that it is depended on and renamed with the rest",
            ));
        }
    }
    findings
}

impl Project<'_> {
    /// A name as the warehouse understands it.
    fn target(&self, named: &Named) -> Target {
        match named.parts.as_slice() {
            [database, schema, name] => Target {
                database: database.clone(),
                schema: schema.clone(),
                name: name.clone(),
            },
            parts => Target {
                database: self.graph.project.default_database.clone(),
                schema: parts.first().cloned().unwrap_or_default(),
                name: parts.last().cloned().unwrap_or_default(),
            },
        }
    }
}

/// `WHERE NOT (condition)` does not find a row for which the condition is NULL.
fn null_blind_conditions(project: &Project<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for assertion in &project.graph.assertions {
        let of_rows = assertion.canonical_target.name.ends_with("_assertions_rowConditions");
        let Some(parent) = assertion
            .parent_action
            .as_ref()
            .filter(|_| of_rows && !assertion.disabled)
        else {
            continue;
        };
        let conditions = match sql::read(&assertion.query) {
            Ok(statements) => sql::conditions(&statements),
            Err(error) => {
                findings.push(project.finding(
                    Code::UnreadSql,
                    &assertion.file_name,
                    &assertion.target,
                    &["rowConditions"],
                    format!("the row conditions of {parent} could not be read, so they were not looked at ({error})"),
                    "nothing is wrong with them for that reason: look them through by eye",
                ));
                continue;
            }
        };
        let non_null: BTreeSet<&String> = conditions
            .iter()
            .filter_map(|condition| condition.non_null.as_ref())
            .collect();
        let blind = conditions.iter().filter(|condition| !condition.speaks_of_null);
        findings.extend(blind.filter_map(|condition| blind_to(project, assertion, parent, condition, &non_null)));
    }
    findings
}

fn blind_to(
    project: &Project<'_>,
    assertion: &Assertion,
    parent: &Target,
    condition: &Condition,
    non_null: &BTreeSet<&String>,
) -> Option<Finding> {
    let open: Vec<&str> = condition
        .columns
        .iter()
        .filter(|column| !non_null.contains(column))
        .map(String::as_str)
        .collect();
    if open.is_empty() {
        return None;
    }
    let columns = open.join(", ");
    Some(project.finding(
        Code::NullBlindCondition,
        &assertion.file_name,
        parent,
        &[&condition.text, "rowConditions"],
        format!(
            "the row condition {:?} of {parent} lets rows pass in which {columns} is NULL",
            condition.text
        ),
        "add the column to nonNull, or say in the condition what a NULL is (IS NULL OR …, COALESCE)",
    ))
}
