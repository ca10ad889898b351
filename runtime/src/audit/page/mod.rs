//! The page: one HTML file without scripts or anything from elsewhere, for auditors who read pipelines as HCL.

mod parts;
mod pipelines;
mod rest;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use headwater_quality::page::{STYLE, escaped, number};

use self::parts::{code, dim, facts, named, table, text};
use super::model::{Audit, Finding, Severity};

/// What is this page's own.
const OWN: &str = include_str!("style.css");

/// The page.
pub fn html(audit: &Audit) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing is loaded and nothing is run, whatever the state says.
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    let title = match &audit.basis.cloud {
        Some(project) => format!("Audit of {project}"),
        None => "Audit".to_owned(),
    };
    writeln!(
        out,
        "<title>{0}</title>\n<style>{STYLE}{OWN}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n<header>\n<h1>{0}</h1>",
        escaped(&title)
    )
    .ok();
    basis(audit, &mut out);
    out.push_str("</header>\n<nav aria-label=\"Sections\"><ul>");
    for (id, name) in [
        ("findings", "Findings"),
        ("pipelines", "Pipelines: field to column, and what ran"),
        ("suites", "Checks"),
        ("marts", "Marts"),
        ("stores", "Access and retention"),
        ("unknown", "What is not known"),
    ] {
        write!(out, "<li><a href=\"#{id}\">{name}</a></li>").ok();
    }
    out.push_str("</ul></nav>\n<main id=\"main\">\n");
    tiles(audit, &mut out);
    findings(audit, &mut out);
    pipelines::section(audit, &mut out);
    rest::suites(audit, &mut out);
    rest::marts(audit, &mut out);
    rest::stores(audit, &mut out);
    out.push_str(
        "<section aria-labelledby=\"unknown\"><h2 id=\"unknown\">What is not known</h2>\n<ul class=\"plain\">",
    );
    for unknown in &audit.unknown {
        write!(out, "<li>{}</li>", escaped(unknown)).ok();
    }
    out.push_str("</ul></section>\n</main>\n</body>\n</html>\n");
    out
}

fn basis(audit: &Audit, out: &mut String) {
    let basis = &audit.basis;
    let terraform = basis
        .terraform_version
        .as_ref()
        .map(|version| format!(", by Terraform {}", escaped(version)));
    let plan = match &basis.changes {
        None => dim("not given: whether configuration and cloud agree beyond what stands here is not known"),
        Some(changes) if changes.is_empty() => "empty: configuration, state and cloud agree".to_owned(),
        Some(changes) => format!("{} changes are pending", changes.len()),
    };
    facts(
        &[
            (
                "Made",
                format!("{} by headwater {}", text(&audit.at), text(audit.version)),
            ),
            ("Configuration", code(&basis.configuration)),
            (
                "State",
                format!(
                    "{}, {} resources{}",
                    text(&basis.state),
                    basis.resources,
                    terraform.unwrap_or_default()
                ),
            ),
            ("Plan", plan),
            (
                "Cloud",
                basis
                    .cloud
                    .as_deref()
                    .map_or_else(|| dim("not asked"), |project| format!("project {}", text(project))),
            ),
            (
                "Classes",
                basis
                    .classification
                    .as_deref()
                    .map_or_else(|| dim("declared nowhere: only policy tags count"), text),
            ),
        ],
        out,
    );
}

fn tiles(audit: &Audit, out: &mut String) {
    let tables: Vec<_> = audit.pipelines.iter().flat_map(|pipeline| &pipeline.tables).collect();
    let columns: Vec<_> = tables.iter().flat_map(|table| &table.columns).collect();
    let counted = |count: usize| number(count as u64);
    let of = |severity| audit.findings.iter().filter(|one| one.severity == severity).count();
    let tiles = [
        ("", counted(audit.pipelines.len()), "pipelines"),
        ("", counted(tables.len()), "tables"),
        (
            "",
            counted(columns.iter().filter(|column| column.field.is_some()).count()),
            "columns followed to a field",
        ),
        (
            "",
            counted(columns.iter().filter(|column| column.class.is_none()).count()),
            "columns without a declared class",
        ),
        ("fail", counted(of(Severity::Error)), "errors"),
        ("warn", counted(of(Severity::Warn)), "warnings"),
        ("skipped", counted(of(Severity::Info)), "to know"),
    ];
    out.push_str("<ul class=\"tiles\">");
    for (class, count, name) in tiles {
        write!(out, "<li class=\"{class}\"><b>{count}</b> {name}</li>").ok();
    }
    out.push_str("</ul>\n");
}

fn findings(audit: &Audit, out: &mut String) {
    out.push_str("<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>\n");
    if audit.findings.is_empty() {
        out.push_str("<p>None.</p></section>\n");
        return;
    }
    let home = home(audit);
    let mut left = audit.findings.as_slice();
    while let Some(first) = left.first() {
        // They are in the order of severity and rule.
        let same = |one: &&Finding| one.severity == first.severity && one.rule == first.rule;
        let many = left.iter().take_while(same).count();
        let (of_rule, rest) = left.split_at(many);
        left = rest;
        writeln!(
            out,
            "<details class=\"entry\"{}><summary>{} <code>{}</code> <span class=\"said\">{many}: {}</span></summary>",
            if first.severity == Severity::Error { " open" } else { "" },
            parts::severity(first.severity),
            escaped(first.rule),
            escaped(&first.remedy)
        )
        .ok();
        let rows: Vec<Vec<String>> = of_rule
            .iter()
            .map(|one| vec![named(home, &one.subject), text(&one.message)])
            .collect();
        table(
            &format!("{}, finding by finding", first.rule),
            &["About", "What is the case"],
            &rows,
            out,
        );
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}

/// The project that most of the page is about.
fn home(audit: &Audit) -> &str {
    let mut tables = audit.pipelines.iter().flat_map(|pipeline| &pipeline.tables);
    tables
        .find_map(|table| table.name.split_once('.'))
        .map_or("", |(project, _)| project)
}
