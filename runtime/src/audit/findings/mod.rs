//! What somebody should look at: rules over an audit. Each says what is the case and what to do; none guesses what is not known.

mod data;
mod evidence;

use super::classify::Classes;
use super::model::{Audit, Finding, Severity, Table};

/// Findings as they are made.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, severity: Severity, rule: &'static str, subject: &str, message: String, remedy: &str) {
        // Pipelines share runtimes, and suites share tables.
        if self
            .0
            .iter()
            .any(|one| one.rule == rule && one.subject == subject && one.message == message)
        {
            return;
        }
        self.0.push(Finding {
            severity,
            rule,
            subject: subject.to_owned(),
            message,
            remedy: remedy.to_owned(),
        });
    }
}

/// Applies all rules.
pub fn find(audit: &Audit, classes: &Classes) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    if let Some(changes) = audit.basis.changes.as_ref().filter(|changes| !changes.is_empty()) {
        let named: Vec<String> = changes
            .iter()
            .map(|change| format!("{} ({})", change.address, change.actions))
            .collect();
        let message = format!("the plan is not empty: {}", named.join("; "));
        findings.add(
            Severity::Warn,
            "pending_changes",
            &audit.basis.state,
            message,
            "apply it, or find out who changed what",
        );
    }
    for pipeline in &audit.pipelines {
        for table in &pipeline.tables {
            // What a gate sets apart has the columns of its target, whose classes are declared there.
            if table.role != "quarantine" {
                data::columns(&mut findings, pipeline, table);
            }
            data::retention(&mut findings, audit, table);
            data::readers(&mut findings, &table.name, &table.grants);
            if table.role == "target" || table.role == "current" {
                data::guarded(&mut findings, audit, pipeline, table);
            }
        }
        data::quarantines(&mut findings, pipeline);
        evidence::spec(&mut findings, &pipeline.name, &pipeline.spec);
        evidence::runs(&mut findings, pipeline);
        evidence::image(&mut findings, pipeline);
        evidence::schedule(&mut findings, &pipeline.name, pipeline.schedule.as_ref());
    }
    for suite in &audit.suites {
        evidence::spec(&mut findings, &suite.name, &suite.spec);
        evidence::verdict(&mut findings, suite, audit.basis.cloud.is_some());
        evidence::schedule(&mut findings, &suite.name, suite.schedule.as_ref());
    }
    for store in &audit.stores {
        data::readers(&mut findings, &format!("{} {}", store.kind, store.name), &store.grants);
        if store.kind == "bucket" && !store.expires {
            let message = "nothing in it is deleted by itself".to_owned();
            let remedy = "set delete_after_days or lifecycle_rules, or write down why it is kept";
            findings.add(
                Severity::Warn,
                "kept_for_ever",
                &format!("bucket {}", store.name),
                message,
                remedy,
            );
        }
    }
    let tables: Vec<&Table> = audit.pipelines.iter().flat_map(|pipeline| &pipeline.tables).collect();
    for name in classes.unused(&tables) {
        let message = "its columns have classes, and no pipeline has such a table or object".to_owned();
        findings.add(
            Severity::Warn,
            "unused_classification",
            name,
            message,
            "correct its name, or take it out",
        );
    }
    findings.0.sort_by(|a, b| {
        let key = |one: &Finding| (one.severity, one.rule, one.subject.clone());
        key(a).cmp(&key(b))
    });
    findings.0
}

/// Some of many names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 40;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests;
