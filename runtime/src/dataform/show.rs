//! What people see of a project: its graph, the progress and the end of a run, a run that is only thought through, tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use headwater_cloud::Kind as CloudKind;
use headwater_dataform::graph::{Action, Kind};
use headwater_dataform::run::test::{TestReport, Verdict};
use headwater_dataform::run::{ActionEvent, ActionState, RunReport};
use headwater_dataform::{Graph, Plan, Target};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::warehouse::OfCloud;
use super::word;
use crate::printer::{Printer, table};

/// A target without the project that all share.
fn short(target: &Target) -> String {
    format!("{}.{}", target.schema, target.name)
}

/// One line for each action, with what it depends on.
pub fn text(graph: &Graph) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for action in graph.actions() {
        let depends: Vec<String> = action.dependencies().iter().map(short).collect();
        let state = if action.disabled() { " (disabled)" } else { "" };
        rows.push(vec![
            format!("{}{state}", short(action.target())),
            action.kind().name().to_owned(),
            action.file_name().to_owned(),
            depends.join(", "),
        ]);
    }
    let header = ["action", "type", "file", "depends on"];
    format!(
        "{}\n\n{} actions, {} declarations, {} tests (core {})\n",
        table(&header, &rows),
        rows.len(),
        graph.declarations.len(),
        graph.tests.len(),
        graph.core_version
    )
}

/// The arrows of a graph, from what is needed to who needs it. Assertions of a table's own block are left to their table.
fn arrows(graph: &Graph) -> (BTreeMap<Target, &'static str>, Vec<(Target, Target)>) {
    let mut nodes = BTreeMap::new();
    for declaration in &graph.declarations {
        nodes.insert(declaration.target.clone(), Kind::Declaration.name());
    }
    let mut arrows = Vec::new();
    for action in graph.actions() {
        if matches!(&action, Action::Assertion(assertion) if assertion.parent_action.is_some()) {
            continue;
        }
        nodes.insert(action.target().clone(), action.kind().name());
        for needed in action.dependencies() {
            arrows.push((needed.clone(), action.target().clone()));
        }
    }
    arrows.retain(|(needed, _)| nodes.contains_key(needed));
    (nodes, arrows)
}

/// The graph for Graphviz. <https://graphviz.org/doc/info/lang.html>
pub fn dot(graph: &Graph) -> String {
    let (nodes, arrows) = arrows(graph);
    let quoted = |target: &Target| format!("\"{}\"", short(target).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::from("digraph dataform {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    for (target, kind) in &nodes {
        let shape = match *kind {
            "declaration" => ", style=dashed",
            "view" => ", style=\"rounded,dotted\"",
            _ => "",
        };
        writeln!(out, "  {} [tooltip=\"{kind}\"{shape}];", quoted(target)).ok();
    }
    for (from, to) in &arrows {
        writeln!(out, "  {} -> {};", quoted(from), quoted(to)).ok();
    }
    out.push_str("}\n");
    out
}

/// The graph for Mermaid, which Markdown shows. <https://mermaid.js.org/syntax/flowchart.html>
pub fn mermaid(graph: &Graph) -> String {
    let (nodes, arrows) = arrows(graph);
    let number: BTreeMap<&Target, usize> = nodes.keys().enumerate().map(|(i, target)| (target, i)).collect();
    let mut out = String::from("flowchart LR\n");
    for (target, kind) in &nodes {
        let label = short(target).replace('"', "&quot;");
        let (open, close) = match *kind {
            "declaration" => ("[(", ")]"),
            "view" => ("(", ")"),
            _ => ("[", "]"),
        };
        writeln!(out, "  n{}{open}\"{label}\"{close}", number[target]).ok();
    }
    for (from, to) in &arrows {
        writeln!(out, "  n{} --> n{}", number[from], number[to]).ok();
    }
    out
}

/// The progress of a run: a bar on a terminal, a line for each action that ends elsewhere.
pub struct Shown {
    bar: Option<ProgressBar>,
    running: Mutex<Vec<String>>,
    printer: Printer,
}

impl Shown {
    pub fn new(plan: &Plan, interactive: bool, printer: Printer) -> Self {
        let bar = interactive.then(|| {
            let bar = ProgressBar::new(plan.actions.len() as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed:>4} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self {
            bar,
            running: Mutex::default(),
            printer,
        }
    }

    /// An action is in another state.
    pub fn event(&self, event: &ActionEvent) {
        let name = short(&event.target);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if event.state == ActionState::Running {
            if !running.contains(&name) {
                running.push(name);
            }
        } else if event.state.is_final() {
            running.retain(|other| *other != name);
            let why = event.failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let line = format!("{:<9} {name}{}{why}", word(event.state), took(event));
            match &self.bar {
                Some(bar) => {
                    bar.println(line);
                    bar.inc(1);
                }
                None if self.printer.json() => {}
                None => self.printer.note(&line),
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_message(running.join(", "));
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn took(event: &ActionEvent) -> String {
    let span = event.started.zip(event.ended).map(|(from, to)| to - from);
    span.map(|span| format!(" ({:.2} s)", span.as_seconds_f64()))
        .unwrap_or_default()
}

/// The end of a run.
pub fn report(report: &RunReport) -> String {
    let mut rows = Vec::new();
    for action in &report.actions {
        let span = action.started.zip(action.ended).map(|(from, to)| to - from);
        let bytes: u64 = action.tasks.iter().filter_map(|task| task.bytes_processed).sum();
        rows.push(vec![
            short(&action.target),
            action.kind.name().to_owned(),
            word(action.state).to_owned(),
            span.map(|span| format!("{:.2} s", span.as_seconds_f64()))
                .unwrap_or_default(),
            if action.tasks.is_empty() {
                String::new()
            } else {
                bytes.to_string()
            },
            action
                .failure
                .clone()
                .unwrap_or_default()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        ]);
    }
    let count = |state: ActionState| report.actions.iter().filter(|action| action.state == state).count();
    let states = [
        ActionState::Succeeded,
        ActionState::Failed,
        ActionState::Skipped,
        ActionState::Cancelled,
        ActionState::Disabled,
    ];
    let counts: Vec<String> = states
        .into_iter()
        .filter(|state| count(*state) > 0)
        .map(|state| format!("{} {}", count(state), word(state)))
        .collect();
    let mut text = table(&["action", "type", "state", "time", "bytes", "why"], &rows);
    if let Some(failure) = &report.failure {
        text.push_str(&format!("\n{failure}"));
    }
    let seconds = (report.ended - report.started).as_seconds_f64();
    text.push_str(&format!("\n{} in {seconds:.2} s", counts.join(", ")));
    text
}

/// Whether all was carried out, and only the data is not as it should be.
pub fn only_assertions_failed(report: &RunReport) -> bool {
    let failed = || {
        report
            .actions
            .iter()
            .filter(|action| action.state == ActionState::Failed)
    };
    let refused = |why: &Option<String>| why.as_ref().is_some_and(|why| why.starts_with("Assertion failed"));
    report.failure.is_none()
        && failed().next().is_some()
        && failed().all(|action| action.kind == Kind::Assertion && refused(&action.failure))
}

/// An action of a run that is only thought through.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DryStep {
    target: Target,
    #[serde(rename = "type")]
    kind: Kind,
    file: String,
    /// Bytes that its query would read, where what it reads is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// It reads what this run would first make.
    waits_for_tables: bool,
    /// What BigQuery finds wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks BigQuery what each action's query would read.
pub async fn dry_run(plan: &Plan, warehouse: &OfCloud) -> Vec<DryStep> {
    let location = Some(plan.project.default_location.as_str()).filter(|location| !location.is_empty());
    let mut steps = Vec::new();
    for planned in &plan.actions {
        let action = &planned.action;
        let query = match action {
            Action::Table(table) => table.query.clone(),
            Action::Assertion(assertion) => assertion.query.clone(),
            Action::Operation(operation) => operation.queries.join(";\n"),
        };
        let mut step = DryStep {
            target: action.target().clone(),
            kind: action.kind(),
            file: action.file_name().to_owned(),
            bytes: None,
            waits_for_tables: false,
            error: None,
        };
        match warehouse.0.dry_run(&query, location).await {
            Ok(found) => step.bytes = Some(found.bytes),
            Err(error) if error.kind() == CloudKind::NotFound && !planned.waits_for.is_empty() => {
                step.waits_for_tables = true;
            }
            Err(error) => step.error = Some(error.message().to_owned()),
        }
        steps.push(step);
    }
    steps
}

/// The same for people.
pub fn dry_run_text(steps: &[DryStep]) -> String {
    let rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            let said = match (&step.error, step.bytes) {
                (Some(error), _) => format!("WRONG: {error}"),
                (None, Some(bytes)) => format!("{bytes} bytes"),
                (None, None) => "reads what this run would first make".into(),
            };
            vec![
                short(&step.target),
                step.kind.name().to_owned(),
                step.file.clone(),
                said,
            ]
        })
        .collect();
    let bytes: u64 = steps.iter().filter_map(|step| step.bytes).sum();
    format!(
        "{}\n{} actions, nothing is run; {bytes} bytes would be read as far as it is known",
        table(&["action", "type", "file", "query"], &rows),
        steps.len()
    )
}

/// The end of unit tests.
pub fn tests(reports: &[TestReport]) -> String {
    let mut lines = Vec::new();
    let (mut passed, mut others) = (0, 0);
    for report in reports {
        let said = match &report.verdict {
            Verdict::Passed => {
                passed += 1;
                "pass".to_owned()
            }
            Verdict::Disabled => "disabled".to_owned(),
            Verdict::Broken { reason } => {
                others += 1;
                format!("broken    {reason}")
            }
            Verdict::Failed { differences } => {
                others += 1;
                format!("FAIL\n    {}", differences.join("\n    "))
            }
        };
        lines.push(format!("{} ({}): {said}", report.name, report.file));
    }
    lines.push(format!("{passed} passed, {others} did not"));
    lines.join("\n")
}
