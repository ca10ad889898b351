//! Pipelines on the page: the evidence that what is declared is what ran, each field's way into its column, and the last runs.

use std::fmt::Write as _;

use headwater_quality::page::{escaped, number};

use super::parts::{anchor, code, declared, dim, facts, hash, mark, schedule, state, table, text, time};
use crate::audit::model::{Audit, Column, Grant, Pipeline, Run, Table};

pub fn section(audit: &Audit, out: &mut String) {
    out.push_str("<section aria-labelledby=\"pipelines\"><h2 id=\"pipelines\">Pipelines</h2>\n");
    if audit.pipelines.is_empty() {
        out.push_str("<p>There are none.</p>\n");
    }
    for pipeline in &audit.pipelines {
        let id = anchor("pipeline", &pipeline.name);
        writeln!(
            out,
            "<section class=\"pipeline\" aria-labelledby=\"{id}\"><h3 id=\"{id}\">{} <span class=\"where\">{}</span></h3>",
            escaped(&pipeline.name),
            declared(&pipeline.declared)
        )
        .ok();
        about(pipeline, out);
        evidence(pipeline, out);
        out.push_str("<h4>From field to column</h4>\n");
        for one in &pipeline.tables {
            columns(audit, pipeline, one, out);
        }
        runs(pipeline, out);
        out.push_str("</section>\n");
    }
    out.push_str("</section>\n");
}

fn about(pipeline: &Pipeline, out: &mut String) {
    let labels: Vec<String> = pipeline
        .labels
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let kind = match pipeline.kind {
        "cdc_stream" => "stream of changes",
        _ => "extract",
    };
    let when = match pipeline.kind {
        "cdc_stream" => "always".to_owned(),
        _ => schedule(pipeline.schedule.as_ref()),
    };
    facts(
        &[
            ("Kind", kind.to_owned()),
            ("Source", code(&pipeline.source)),
            ("Runs", when),
            (
                "Runs as",
                pipeline
                    .runtime
                    .service_account
                    .as_deref()
                    .map_or_else(|| dim("the project's default account, or not known"), text),
            ),
            (
                "Deleted in the source",
                pipeline.deletes.as_deref().map(text).unwrap_or_default(),
            ),
            ("Lake", code(&pipeline.lake)),
            ("Labels", text(&labels.join(", "))),
        ],
        out,
    );
}

/// Whether something is the same as what is declared.
fn same(declared: Option<&str>, found: Option<&str>) -> String {
    match (declared, found) {
        (Some(declared), Some(found)) if declared == found => mark("pass", "as declared"),
        (Some(_), Some(_)) => mark("fail", "differs"),
        _ => mark("skipped", "not known"),
    }
}

fn evidence(pipeline: &Pipeline, out: &mut String) {
    out.push_str("<h4>Is this what was really run?</h4>\n");
    let spec = &pipeline.spec;
    let declared = spec.declared.as_deref();
    let last = pipeline.runs.newest.first();
    let image = pipeline.runtime.image.as_deref();
    let mut rows = vec![
        vec![
            "Spec by the state".to_owned(),
            hash(declared),
            String::new(),
            code(&spec.url),
        ],
        vec![
            "Spec in the lake".to_owned(),
            hash(spec.found.as_deref()),
            same(declared, spec.found.as_deref()),
            spec.written
                .as_deref()
                .map(|at| format!("written {}", escaped(at)))
                .unwrap_or_default(),
        ],
    ];
    if pipeline.kind == "cdc_stream" {
        rows.push(vec![
            "Spec of the workers".to_owned(),
            hash(spec.working.as_deref()),
            same(declared, spec.working.as_deref()),
            code(&pipeline.runtime.id),
        ]);
    } else {
        let executed = last.map(|run| run.spec_hashes.join(", "));
        let note = last.map(|run| format!("run {} {} {}", code(&run.id), state(&run.state), escaped(&run.started)));
        rows.push(vec![
            "Spec of the last run".to_owned(),
            hash(executed.as_deref()),
            same(declared, executed.as_deref()),
            note.unwrap_or_default(),
        ]);
    }
    rows.push(vec![
        "Image by the state".to_owned(),
        image.map_or_else(|| dim("not known"), code),
        image.map(pinned).unwrap_or_default(),
        code(&pipeline.runtime.id),
    ]);
    let deployed = pipeline.runtime.deployed_image.as_deref();
    rows.push(vec![
        "Image in the cloud".to_owned(),
        deployed.map_or_else(|| dim("not known"), code),
        same(image, deployed),
        String::new(),
    ]);
    if let Some(run) = last {
        let ran = run.images.join(", ");
        let ran = Some(ran.as_str()).filter(|ran| !ran.is_empty());
        rows.push(vec![
            "Image of the last run".to_owned(),
            ran.map_or_else(|| dim("its record does not name it"), code),
            same(image, ran),
            format!("headwater {}", escaped(&run.versions.join(", "))),
        ]);
    }
    let deployers = last
        .map(|run| run.deployed_by.join(", "))
        .filter(|by| !by.is_empty())
        .or_else(|| spec.deployed_by.clone());
    rows.push(vec![
        "Deployed by".to_owned(),
        deployers.as_deref().map_or_else(|| dim("the spec does not say"), text),
        String::new(),
        String::new(),
    ]);
    table(
        "What is declared, what lies in the lake, and what ran",
        &["What", "Value", "Agrees", "Evidence"],
        &rows,
        out,
    );
}

fn pinned(image: &str) -> String {
    if image.contains("@sha256:") {
        mark("pass", "a digest")
    } else {
        mark("warn", "a tag, which can be moved")
    }
}

/// `p.raw.Contact` reads well where it belongs to one project; whole it is in the title.
fn columns(audit: &Audit, pipeline: &Pipeline, one: &Table, out: &mut String) {
    let undeclared = one.columns.iter().filter(|column| column.class.is_none()).count();
    let personal = one
        .columns
        .iter()
        .filter(|column| column.class.is_none() && column.looks_personal.is_some())
        .count();
    let mut said = format!("{} columns", one.columns.len());
    if undeclared > 0 {
        said.push_str(&format!(", {undeclared} without a declared class"));
    }
    let there = if one.exists == Some(false) {
        mark("skipped", "not there")
    } else {
        String::new()
    };
    let warning = if personal > 0 {
        mark("fail", &format!("{personal} look personal"))
    } else {
        String::new()
    };
    writeln!(
        out,
        "<details class=\"entry\"><summary><strong>{}</strong> into <code>{}</code> {} <span class=\"said\">{said}</span> {warning} {there}</summary>",
        escaped(&one.object),
        escaped(&one.name),
        mark("skipped", one.role)
    )
    .ok();
    let mut readers: Vec<String> = one.readers.iter().map(reader).collect();
    // Granted in several places, with the same result.
    readers.dedup();
    let checks = checks(audit, pipeline, one);
    facts(
        &[
            (
                "Rows read",
                one.filter
                    .as_deref()
                    .map_or_else(|| "all".to_owned(), |filter| format!("where {}", code(filter))),
            ),
            ("Kept", kept(audit, one)),
            (
                "Checked by",
                if checks.is_empty() {
                    dim("no suite")
                } else {
                    checks.join(", ")
                },
            ),
        ],
        out,
    );
    let readers = match (readers.is_empty(), audit.basis.cloud.is_some()) {
        (false, _) => readers.join(", "),
        (true, true) => dim("nobody that is known"),
        (true, false) => dim("nobody by the configuration; what the cloud has is not known"),
    };
    writeln!(
        out,
        "<p class=\"answer\"><span class=\"dim\">May read it:</span> {readers}</p>"
    )
    .ok();
    let rows: Vec<Vec<String>> = one.columns.iter().map(column).collect();
    table(
        &format!("{} into {}: each column and what fills it", one.object, one.name),
        &["Field", "Its type", "Column", "Type", "Class", "Policy tag", "Remarks"],
        &rows,
        out,
    );
    out.push_str("</details>\n");
}

fn reader(grant: &Grant) -> String {
    let when = grant.condition.as_ref().map(|_| " on a condition").unwrap_or_default();
    format!(
        "{} <span class=\"dim\">({}{when})</span>",
        code(&grant.principal),
        grant.may.word()
    )
}

/// How long rows are kept: the table's own words; of one that is not known to be there, its dataset's.
fn kept(audit: &Audit, one: &Table) -> String {
    if one.retention.is_empty() && one.exists == Some(true) {
        return "it has no expiration: rows stay until somebody deletes them".to_owned();
    }
    let dataset = one.name.rsplit_once('.').map_or("", |(dataset, _)| dataset);
    let store = audit
        .stores
        .iter()
        .find(|store| store.kind == "dataset" && store.name == dataset);
    let inherited = store.filter(|_| one.retention.is_empty()).map(|store| &store.retention);
    let said = inherited.unwrap_or(&one.retention);
    if said.is_empty() {
        dim("not known")
    } else {
        text(&said.join("; "))
    }
}

/// The suites that judge a table, each with its last verdict.
fn checks(audit: &Audit, pipeline: &Pipeline, one: &Table) -> Vec<String> {
    let judging = audit.suites.iter().filter(|suite| suite.target == one.name);
    let mut said: Vec<String> = judging
        .map(|suite| {
            let gate = if pipeline.gates.contains(&suite.name) {
                " as a gate"
            } else {
                ""
            };
            let verdict = suite
                .verdict
                .as_ref()
                .map(|verdict| state(&verdict.state))
                .unwrap_or_default();
            format!(
                "<a href=\"#{}\">{}</a>{gate} {verdict}",
                anchor("suite", &suite.name),
                escaped(&suite.name)
            )
        })
        .collect();
    let elsewhere = pipeline
        .gates
        .iter()
        .filter(|gate| !audit.suites.iter().any(|suite| suite.name == **gate));
    said.extend(elsewhere.map(|gate| format!("{} (a gate that is declared elsewhere)", escaped(gate))));
    said
}

fn column(column: &Column) -> Vec<String> {
    let class = match (&column.class, &column.looks_personal) {
        (Some(class), _) => {
            let colour = if class == "none" { "skipped" } else { "warn" };
            let from = column.class_from.as_deref().unwrap_or_default();
            format!("<span title=\"{}\">{}</span>", escaped(from), mark(colour, class))
        }
        (None, Some(_)) => mark("fail", "undeclared"),
        (None, None) => dim("undeclared"),
    };
    let tags = match &column.policy_tags {
        None => dim("not known"),
        Some(tags) if tags.is_empty() => dim("none"),
        Some(tags) => tags
            .iter()
            .map(|tag| code(tag.rsplit_once("/taxonomies/").map_or(tag, |(_, tag)| tag)))
            .collect::<Vec<_>>()
            .join(" "),
    };
    let field = match (&column.field, column.origin) {
        (Some(field), _) => code(field),
        (None, "headwater") => dim("Headwater's own"),
        (None, _) => mark("warn", "no declared source"),
    };
    let mut remarks = Vec::new();
    if let Some(looks) = column
        .looks_personal
        .as_ref()
        .filter(|_| column.class.as_deref() != Some("direct"))
    {
        remarks.push(format!("looks personal: {looks}"));
    }
    if column.exists == Some(false) {
        remarks.push("the table does not have it".into());
    }
    remarks.extend(column.description.clone());
    vec![
        field,
        text(column.field_type.as_deref().unwrap_or_default()),
        code(&column.name),
        text(&column.data_type),
        class,
        tags,
        text(&remarks.join("; ")),
    ]
}

fn runs(pipeline: &Pipeline, out: &mut String) {
    if pipeline.kind == "cdc_stream" {
        return;
    }
    out.push_str("<h4>What it did</h4>\n");
    let runs = &pipeline.runs;
    let said = match runs.total {
        None => dim("not known: the cloud was not asked, or did not answer"),
        Some(0) => "It has never run.".to_owned(),
        Some(total) if total > runs.newest.len() => {
            format!(
                "Of {} runs the newest {} are shown.",
                number(total as u64),
                runs.newest.len()
            )
        }
        Some(1) => "One run.".to_owned(),
        Some(total) => format!("{} runs.", number(total as u64)),
    };
    writeln!(out, "<p>{said}</p>").ok();
    if runs.newest.is_empty() {
        return;
    }
    let declared = pipeline.spec.declared.as_deref();
    let rows: Vec<Vec<String>> = runs.newest.iter().map(|one| run(one, declared)).collect();
    table(
        "The newest runs, newest first",
        &[
            "Run",
            "State",
            "Began",
            "Ended",
            "Spec",
            "#Read",
            "#Inserted",
            "#Updated",
            "#Deleted",
            "#Set apart",
            "Objects that are not done",
        ],
        &rows,
        out,
    );
}

fn run(run: &Run, declared: Option<&str>) -> Vec<String> {
    let sum = |of: fn(&crate::audit::model::RunObject) -> u64| number(run.objects.iter().map(of).sum());
    let executed = run.spec_hashes.join(", ");
    let open = run.objects.iter().filter(|object| object.state != "succeeded");
    let open: Vec<String> = open
        .map(|object| match &object.error {
            Some(code) => format!("{}: {} ({code})", object.object, object.state),
            None => format!("{}: {}", object.object, object.state),
        })
        .collect();
    vec![
        code(&run.id),
        state(&run.state),
        time(&run.started),
        time(&run.ended),
        format!(
            "{} {}",
            hash(Some(&executed)),
            if declared == Some(&executed) {
                mark("pass", "as declared")
            } else {
                mark("warn", "another")
            }
        ),
        sum(|object| object.read),
        sum(|object| object.inserted),
        sum(|object| object.updated),
        sum(|object| object.deleted),
        sum(|object| object.quarantined),
        text(&open.join("; ")),
    ]
}
