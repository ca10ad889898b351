//! The rest of the page: suites with their last verdicts, marts, and who may do what where data lies.

use std::fmt::Write as _;

use headwater_quality::page::{escaped, number};

use super::parts::{anchor, code, declared, dim, facts, hash, mark, named, schedule, state, table, text};
use crate::audit::access::is_public;
use crate::audit::model::{Audit, Grant, Store, Suite};

pub fn suites(audit: &Audit, out: &mut String) {
    out.push_str("<section aria-labelledby=\"suites\"><h2 id=\"suites\">Checks</h2>\n");
    if audit.suites.is_empty() {
        out.push_str("<p>There are no suites.</p>\n");
    }
    for suite in &audit.suites {
        self::suite(suite, out);
    }
    out.push_str("</section>\n");
}

fn suite(suite: &Suite, out: &mut String) {
    let verdict = suite.verdict.as_ref();
    writeln!(
        out,
        "<details class=\"entry\" id=\"{}\"><summary>{} <strong>{}</strong> <span class=\"said\">{} expectations of {}</span></summary>",
        anchor("suite", &suite.name),
        verdict.map_or_else(|| mark("skipped", "no verdict"), |verdict| state(&verdict.state)),
        escaped(&suite.name),
        suite.expectations.len(),
        escaped(&suite.target)
    )
    .ok();
    let spec = &suite.spec;
    let agree = match (&spec.declared, &spec.found) {
        (Some(declared), Some(found)) if declared == found => mark("pass", "lies so in the lake"),
        (Some(_), Some(_)) => mark("fail", "differs from the lake's"),
        _ => String::new(),
    };
    facts(
        &[
            ("Declared", declared(&suite.declared)),
            ("Runs", schedule(suite.schedule.as_ref())),
            ("Spec", format!("{} {agree}", hash(spec.declared.as_deref()))),
            (
                "Last verdict",
                verdict.map_or_else(
                    || dim("none, or not known"),
                    |verdict| {
                        let rows = verdict
                            .rows
                            .map(|rows| format!(", {} rows", number(rows)))
                            .unwrap_or_default();
                        let by = if spec.declared.as_deref() == Some(&verdict.suite_hash) {
                            "this spec"
                        } else {
                            "another spec"
                        };
                        format!(
                            "{} {} ({}{rows}; by {by})",
                            state(&verdict.state),
                            text(&verdict.at),
                            text(&verdict.mode)
                        )
                    },
                ),
            ),
            (
                "Verdicts are in",
                suite
                    .results
                    .as_ref()
                    .map(|(runs, results)| format!("{} {}", code(runs), code(results)))
                    .unwrap_or_default(),
            ),
        ],
        out,
    );
    let rows: Vec<Vec<String>> = suite
        .expectations
        .iter()
        .map(|one| {
            vec![
                code(&one.id),
                text(&one.check),
                text(&one.columns.join(", ")),
                text(&one.on_fail),
                one.state.as_deref().map_or_else(|| dim("not known"), state),
                one.unexpected.map(number).unwrap_or_default(),
            ]
        })
        .collect();
    let caption = format!("What {} expects, and how that stood last", suite.name);
    table(
        &caption,
        &[
            "Expectation",
            "Check",
            "Columns",
            "If it does not hold",
            "Last",
            "#Rows against it",
        ],
        &rows,
        out,
    );
    out.push_str("</details>\n");
}

pub fn marts(audit: &Audit, out: &mut String) {
    out.push_str("<section aria-labelledby=\"marts\"><h2 id=\"marts\">Marts</h2>\n");
    if audit.marts.is_empty() {
        out.push_str("<p>There are none.</p></section>\n");
        return;
    }
    out.push_str("<p>What Dataform makes of tables: which tables each reads is known from its compiled graph, which columns are not.</p>\n");
    out.push_str("<details class=\"entry\"><summary><strong>Tables and views</strong></summary>\n");
    let home = super::home(audit);
    let rows: Vec<Vec<String>> = audit
        .marts
        .iter()
        .map(|mart| {
            let reads: Vec<String> = mart.reads.iter().map(|name| named(home, name)).collect();
            vec![
                named(home, &mart.name),
                text(&mart.kind),
                reads.join("<br>"),
                format!(
                    "<span class=\"path\">{}</span>",
                    text(mart.file.as_deref().unwrap_or_default())
                ),
                mart.schedule.as_deref().map_or_else(|| dim("when asked for"), text),
                hash(mart.fingerprint.as_deref()),
            ]
        })
        .collect();
    table(
        "Tables and views, and what they read",
        &["Makes", "Kind", "Reads", "Written in", "Runs", "Fingerprint"],
        &rows,
        out,
    );
    out.push_str("</details>\n</section>\n");
}

pub fn stores(audit: &Audit, out: &mut String) {
    out.push_str("<section aria-labelledby=\"stores\"><h2 id=\"stores\">Access and retention</h2>\n");
    out.push_str(
        "<p>Grants that reach data, on the place itself or on its project. Members of groups are not resolved.</p>\n",
    );
    for store in &audit.stores {
        self::store(audit, store, out);
    }
    out.push_str("</section>\n");
}

fn store(audit: &Audit, store: &Store, out: &mut String) {
    writeln!(
        out,
        "<details class=\"entry\" open><summary><strong>{} {}</strong> <span class=\"said\">{} grants</span></summary>",
        store.kind,
        escaped(&store.name),
        store.grants.len()
    )
    .ok();
    let labels: Vec<String> = store
        .labels
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    facts(
        &[
            (
                "Declared",
                store.declared.as_ref().map_or_else(|| dim("elsewhere"), declared),
            ),
            ("Location", text(store.location.as_deref().unwrap_or_default())),
            (
                "Kept",
                if store.retention.is_empty() {
                    dim("not known")
                } else {
                    text(&store.retention.join("; "))
                },
            ),
            ("Labels", text(&labels.join(", "))),
        ],
        out,
    );
    if store.grants.is_empty() {
        let known = if audit.basis.cloud.is_some() {
            "No grant reaches it."
        } else {
            "The configuration grants nothing; what the cloud has is not known."
        };
        writeln!(out, "<p>{known}</p></details>").ok();
        return;
    }
    let rows: Vec<Vec<String>> = store.grants.iter().map(grant).collect();
    let caption = format!("Who may do what with {} {}", store.kind, store.name);
    table(
        &caption,
        &["Who", "May", "Role", "Granted on", "Declared by", "In the cloud"],
        &rows,
        out,
    );
    out.push_str("</details>\n");
}

fn grant(grant: &Grant) -> Vec<String> {
    let public = if is_public(&grant.principal) {
        format!(" {}", mark("fail", "public"))
    } else {
        String::new()
    };
    let condition = grant
        .condition
        .as_ref()
        .map(|condition| format!(" if {}", code(condition)))
        .unwrap_or_default();
    vec![
        format!("{}{public}", code(&grant.principal)),
        text(grant.may.word()),
        format!("{}{condition}", code(&grant.role)),
        text(&grant.on),
        grant
            .declared
            .as_deref()
            .map_or_else(|| dim("nothing in this state"), code),
        match grant.in_cloud {
            Some(true) => mark("pass", "yes"),
            Some(false) => mark("fail", "no"),
            None => dim("not known"),
        },
    ]
}
