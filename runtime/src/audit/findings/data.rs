//! Rules about data: what columns hold, how long rows are kept, who reads them, what guards them.

use super::super::access;
use super::super::model::{Audit, Column, Grant, May, Pipeline, Severity, Table};
use super::{Findings, some};

/// What columns hold, and whether that is declared.
pub fn columns(findings: &mut Findings, pipeline: &Pipeline, table: &Table) {
    let undeclared = table.columns.iter().filter(|column| column.class.is_none());
    let (personal, other): (Vec<&Column>, Vec<&Column>) =
        undeclared.partition(|column| column.looks_personal.is_some());
    let because = |column: &&Column| {
        format!(
            "{} ({})",
            column.name,
            column.looks_personal.as_deref().unwrap_or_default()
        )
    };
    let declare = "declare their classes in the output headwater_classification, or guard them by policy tags";
    if !personal.is_empty() {
        let named: Vec<String> = personal.iter().map(because).collect();
        let message = format!(
            "columns that look like personal data are not declared: {}",
            some(&named)
        );
        findings.add(
            Severity::Error,
            "undeclared_personal_data",
            &table.name,
            message,
            declare,
        );
    }
    if !other.is_empty() {
        let named: Vec<String> = other.iter().map(|column| column.name.clone()).collect();
        let message = format!(
            "{} of {} columns have no declared class: {}",
            named.len(),
            table.columns.len(),
            some(&named)
        );
        findings.add(Severity::Warn, "undeclared_columns", &table.name, message, declare);
    }
    let declared = |class: &'static str| {
        table
            .columns
            .iter()
            .filter(move |column| column.class.as_deref() == Some(class))
    };
    let doubtful: Vec<String> = declared("none")
        .filter(|column| column.looks_personal.is_some())
        .map(|c| because(&c))
        .collect();
    if !doubtful.is_empty() {
        let message = format!(
            "columns that are declared to hold no personal data look like it: {}",
            some(&doubtful)
        );
        findings.add(
            Severity::Warn,
            "doubtful_class",
            &table.name,
            message,
            "say why, or declare another class",
        );
    }
    let direct: Vec<&Column> = declared("direct").collect();
    let open = direct
        .iter()
        .filter(|column| column.policy_tags.as_ref().is_some_and(Vec::is_empty));
    let open: Vec<String> = open.map(|column| column.name.clone()).collect();
    if !open.is_empty() {
        let message = format!("columns with direct personal data carry no policy tag: {}", some(&open));
        let remedy = "put a policy tag on them: whoever may read the table reads them";
        findings.add(Severity::Warn, "unguarded_personal_data", &table.name, message, remedy);
    }
    if pipeline.labels.get("pii").is_some_and(|pii| pii == "none") && !direct.is_empty() {
        let named: Vec<String> = direct.iter().map(|column| column.name.clone()).collect();
        let message = format!(
            "the label pii of {} is none, and these are declared direct: {}",
            pipeline.name,
            some(&named)
        );
        findings.add(
            Severity::Error,
            "contradicting_label",
            &table.name,
            message,
            "set the label to direct",
        );
    }
    let strange: Vec<String> = table
        .columns
        .iter()
        .filter(|c| c.origin == "undeclared")
        .map(|c| c.name.clone())
        .collect();
    if !strange.is_empty() {
        let message = format!(
            "the table has columns that the state does not know a source of: {}",
            some(&strange)
        );
        let remedy =
            "refresh the state: the runtime adds columns for new fields, and anybody may have added them by hand";
        findings.add(Severity::Warn, "column_without_source", &table.name, message, remedy);
    }
    if table.exists == Some(false) && table.role != "quarantine" {
        let message = "the table is declared and is not there".to_owned();
        findings.add(
            Severity::Warn,
            "missing_table",
            &table.name,
            message,
            "apply the configuration, or run the pipeline",
        );
    }
}

/// How long rows are kept.
pub fn retention(findings: &mut Findings, audit: &Audit, table: &Table) {
    let dataset = table.name.rsplit_once('.').map_or("", |(dataset, _)| dataset);
    let store = audit
        .stores
        .iter()
        .find(|store| store.kind == "dataset" && store.name == dataset);
    // Of a dataset that is not in the state nothing is known.
    let Some(store) = store else { return };
    // A dataset's defaults are a table's own from its making on: of one that is there its own document says all.
    let inherits = table.exists.is_none() && store.expires;
    if !table.retention.is_empty() || inherits || table.exists == Some(false) {
        return;
    }
    let personal = |column: &Column| column.class.as_deref() == Some("direct") || column.looks_personal.is_some();
    let severity = if table.columns.iter().any(personal) {
        Severity::Warn
    } else {
        Severity::Info
    };
    let message = "rows stay until somebody deletes them, or until they are deleted in the source".to_owned();
    let remedy = "set an expiration on the table, its partitions or its dataset, or write down why it is kept";
    findings.add(severity, "kept_for_ever", &table.name, message, remedy);
}

/// Who has access.
pub fn readers(findings: &mut Findings, subject: &str, grants: &[Grant]) {
    for grant in grants {
        let who = format!("{} has {} on {}", grant.principal, grant.role, grant.on);
        if access::is_public(&grant.principal) {
            findings.add(Severity::Error, "public", subject, who.clone(), "take the grant away");
        }
        match (grant.declared.is_some(), grant.in_cloud) {
            (true, Some(false)) => {
                let message = format!("{who} by the configuration, and not in the cloud");
                findings.add(
                    Severity::Warn,
                    "grant_missing",
                    subject,
                    message,
                    "plan and apply, or find out who took it away",
                );
            }
            (false, Some(true)) if given_by_hand(grant) => {
                let message = format!("{who}, which the configuration does not declare");
                findings.add(
                    Severity::Warn,
                    "grant_undeclared",
                    subject,
                    message,
                    "declare it, or take it away",
                );
            }
            _ => {}
        }
        if grant.may == May::Unknown {
            let message = format!("{who}: whether that reads data is not known here");
            let remedy = "look at what the role permits: gcloud iam roles describe";
            findings.add(Severity::Info, "unknown_role", subject, message, remedy);
        }
    }
}

/// Not what Google gives to a project's own groups when a dataset or bucket is made, nor what belongs to a whole project, which
/// other configurations may declare.
fn given_by_hand(grant: &Grant) -> bool {
    let own = [
        "specialGroup:project",
        "projectOwner:",
        "projectEditor:",
        "projectViewer:",
    ];
    grant.may != May::Nothing
        && !grant.on.starts_with("project ")
        && !own.iter().any(|own| grant.principal.starts_with(own))
}

/// Whether anything judges a table.
pub fn guarded(findings: &mut Findings, audit: &Audit, pipeline: &Pipeline, table: &Table) {
    let judges = |suite: &&super::super::model::Suite| suite.target == table.name;
    let elsewhere = pipeline
        .gates
        .iter()
        .any(|gate| !audit.suites.iter().any(|suite| suite.name == *gate));
    if audit.suites.iter().any(|suite| judges(&suite)) || elsewhere {
        return;
    }
    let message = "no suite judges it".to_owned();
    findings.add(
        Severity::Info,
        "unjudged",
        &table.name,
        message,
        "declare a headwater_dq_suite for it, as a gate or on a schedule",
    );
}

/// Rows that are set apart hold the same values.
pub fn quarantines(findings: &mut Findings, pipeline: &Pipeline) {
    for apart in pipeline
        .tables
        .iter()
        .filter(|table| table.role == "quarantine" && table.exists == Some(true))
    {
        let target = pipeline
            .tables
            .iter()
            .find(|table| table.role == "target" && table.object == apart.object);
        let tagged = target
            .into_iter()
            .flat_map(|table| &table.columns)
            .filter(|column| column.policy_tags.as_ref().is_some_and(|tags| !tags.is_empty()));
        let open = tagged.filter(|column| {
            let same = apart.columns.iter().find(|other| other.name == column.name);
            same.is_some_and(|other| other.policy_tags != column.policy_tags)
        });
        let open: Vec<String> = open.map(|column| column.name.clone()).collect();
        if !open.is_empty() {
            let message = format!("columns have policy tags in the table and not here: {}", some(&open));
            findings.add(
                Severity::Error,
                "unguarded_quarantine",
                &apart.name,
                message,
                "run the pipeline: it carries the tags over",
            );
        }
    }
}
