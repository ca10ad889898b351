//! An audit in a few lines of text: what it was made of, and what somebody should look at.

use super::model::{Audit, Severity};

/// The summary.
pub fn text(audit: &Audit) -> String {
    let tables: Vec<_> = audit.pipelines.iter().flat_map(|pipeline| &pipeline.tables).collect();
    let columns = tables.iter().flat_map(|table| &table.columns);
    let (mut fields, mut undeclared) = (0_usize, 0_usize);
    for column in columns {
        fields += usize::from(column.field.is_some());
        undeclared += usize::from(column.class.is_none());
    }
    let cloud = audit
        .basis
        .cloud
        .as_deref()
        .map_or_else(|| "no cloud was asked".to_owned(), |cloud| format!("project {cloud}"));
    let mut lines = vec![format!(
        "{} pipelines, {} suites, {} tables; {fields} columns filled from fields, {undeclared} without a declared class ({}; {cloud})",
        audit.pipelines.len(),
        audit.suites.len(),
        tables.len(),
        audit.basis.state,
    )];
    for finding in &audit.findings {
        lines.push(format!(
            "{:<5}  {}  {}: {}",
            finding.severity.word(),
            finding.rule,
            finding.subject,
            finding.message
        ));
    }
    for unknown in &audit.unknown {
        lines.push(format!("not known: {unknown}"));
    }
    let count = |severity| audit.findings.iter().filter(|one| one.severity == severity).count();
    lines.push(format!(
        "{} errors, {} warnings, {} to know",
        count(Severity::Error),
        count(Severity::Warn),
        count(Severity::Info)
    ));
    lines.join("\n")
}
