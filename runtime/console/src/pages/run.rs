//! A run, object by object, while it is at work and afterwards.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State as Given};
use chrono::{DateTime, Utc};
use headwater_quality::page::escaped;
use headwater_spec::{ObjectRun, Phase, PipelineSpec};

use super::{
    Page, badge, bytes, class, count, crumbs, facts, lasting, link, moment, n, needs, path, row, run_badge, run_path,
    table,
};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Key, Pipeline};
use crate::source::runs::{Run, State};

/// The steps of an object, in order.
const PHASES: [(Phase, &str); 8] = [
    (Phase::Prepare, "prepare"),
    (Phase::Query, "query"),
    (Phase::Fetch, "fetch"),
    (Phase::Judge, "judge"),
    (Phase::Load, "load"),
    (Phase::Merge, "merge"),
    (Phase::Commit, "commit"),
    (Phase::Done, "done"),
];

/// The key that a path names.
pub fn key(lake: &str, pipeline: &str) -> Key {
    Key {
        lake: format!("gs://{lake}").into(),
        name: pipeline.into(),
    }
}

/// `GET /runs/LAKE/PIPELINE/RUN`.
pub async fn page(
    Given(source): Given<Arc<Source>>,
    Path((lake, pipeline, run)): Path<(String, String, String)>,
) -> Reply {
    let mut page = Page::new(&source, "/runs", format!("Run {run}"));
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let key = key(&lake, &pipeline);
    let Some(of) = catalog.get(&key) else {
        return super::missing(&source, "pipeline");
    };
    let runs = source.runs(&catalog).await;
    page.of("runs", &runs);
    let found = runs.value.as_ref().and_then(|runs| runs.get(&key, &run)).cloned();
    let pending = runs.value.as_ref().is_none_or(|runs| runs.unread() > 0);
    let Some(found) = found else {
        if pending {
            page.every(1000);
            page.raw("<h1>Run</h1><p class=\"empty\">The runs are still being read.</p>");
            return page.reply();
        }
        return super::missing(&source, "run");
    };
    show(&mut page, of, &found);
    page.reply()
}

fn show(page: &mut Page<'_>, pipeline: &Pipeline, run: &Run) {
    let now = page.now;
    let (state, totals) = (run.state(now), run.totals());
    page.every(if state.is_over() { 5000 } else { 1000 });
    page.say(format!(
        "Run {}: {}, {} rows read",
        run.id,
        state.word(),
        totals.rows_read
    ));
    page.raw(&crumbs(&[
        (path("pipelines", &run.key), &run.key.name),
        (format!("{}#runs", path("pipelines", &run.key)), "Runs"),
    ]));
    page.live(
        "title",
        &format!("<h1>{} {}</h1>", escaped(&run.id), run_badge(run, now)),
    );
    page.live("facts", &about(pipeline, run, now));
    page.live("problems", &problems(run, now));
    let rows: Vec<String> = run.records.iter().map(|record| object(run, record, now)).collect();
    if rows.is_empty() {
        let words = if state.is_over() {
            "It left no records of objects: its log may say why."
        } else {
            "No object has been begun yet."
        };
        page.live("objects", &format!("<p class=\"empty\">{words}</p>"));
    } else {
        let head = [
            "Object",
            "State",
            "Step",
            "Read by",
            "#Read",
            "#Inserted",
            "#Updated",
            "#Deleted",
            "#Set apart",
            "#Parts",
            "#Size",
            "#Calls",
            "#Took",
        ];
        page.live("objects", &table("Objects", "", &head, &rows));
    }
    let gates: Vec<String> = run
        .records
        .iter()
        .flat_map(|record| record.gate.iter().map(move |verdict| (record, verdict)))
        .map(|(record, verdict)| {
            let suite = Key {
                lake: run.key.lake.clone(),
                name: verdict.suite.as_str().into(),
            };
            row(&[
                escaped(&record.object),
                link(&path("quality", &suite), &verdict.suite),
                badge(verdict_class(&verdict.state), &verdict.state),
                n(&count(verdict.quarantined)),
            ])
        })
        .collect();
    let gates = match gates.as_slice() {
        [] => String::new(),
        gates => table(
            "What the gate says",
            "",
            &["Object", "Suite", "Verdict", "#Rows set apart"],
            gates,
        ),
    };
    page.live("gates", &gates);
    let changes: Vec<String> = run
        .records
        .iter()
        .flat_map(|record| {
            record
                .schema_changes
                .iter()
                .map(move |change| row(&[escaped(&record.object), escaped(change)]))
        })
        .collect();
    let changes = match changes.as_slice() {
        [] => String::new(),
        changes => table("Changes of tables", "", &["Object", "Change"], changes),
    };
    page.live("changes", &changes);
}

/// The class of a verdict's state.
pub fn verdict_class(state: &str) -> &'static str {
    match state {
        "pass" => "pass",
        "warn" => "warn",
        "fail" => "fail",
        "skipped" => "skipped",
        _ => "error",
    }
}

fn about(pipeline: &Pipeline, run: &Run, now: DateTime<Utc>) -> String {
    let (state, totals) = (run.state(now), run.totals());
    let end = if state.is_over() { run.last() } else { now };
    let first = run.records.first();
    let done = run.records.iter().filter(|record| record.phase == Phase::Done).count();
    let of = pipeline.spec().ok().and_then(|spec| spec.salesforce_extract.as_ref());
    let of = of.map_or(run.records.len(), |extract| {
        extract.objects.len().max(run.records.len())
    });
    let current = pipeline.spec().ok().map(PipelineSpec::hash);
    let hash = first.map(|record| {
        let short: String = record.spec_hash.chars().take(12).collect();
        let same = if current.as_deref() == Some(&record.spec_hash) {
            ""
        } else {
            " (the spec has changed since)"
        };
        format!("<code>{}</code>{same}", escaped(&short))
    });
    facts(&[
        ("Began", Some(moment(now, run.started))),
        ("Took", Some(lasting(end - run.started))),
        ("Objects", Some(format!("{done} of {of} done"))),
        ("Rows read", Some(count(totals.rows_read))),
        ("Written", Some(bytes(totals.bytes)).filter(|_| totals.bytes > 0)),
        ("Calls of Salesforce", Some(count(totals.api_calls))),
        ("Spec", hash),
        (
            "Deployed by",
            first.and_then(|record| record.deployed_by.as_deref()).map(escaped),
        ),
        ("Runtime", first.map(|record| escaped(&record.runtime_version))),
        ("Image", first.and_then(|record| record.image.as_deref()).map(escaped)),
        (
            "Logs",
            Some(link(&run_path("logs", &run.key, &run.id), "what it has said")),
        ),
    ])
}

/// What went wrong, with what to do about it.
fn problems(run: &Run, now: DateTime<Utc>) -> String {
    let mut notes = String::new();
    for record in &run.records {
        let Some(error) = &record.error else { continue };
        let kind = if run.state_of(record, now) == State::Failed {
            "fail"
        } else {
            "warn"
        };
        let hint = error
            .hint
            .as_ref()
            .map(|hint| format!("<br>What to do: {}", escaped(hint)));
        write!(
            notes,
            "<p class=\"note {kind}\"><b>{}</b>: {} <code>{}</code>{}</p>",
            escaped(&record.object),
            escaped(&error.message),
            escaped(&error.code),
            hint.unwrap_or_default()
        )
        .ok();
    }
    let state = run.state(now);
    let message = run.execution.as_ref().and_then(|one| one.message.as_deref());
    if let Some(message) = message.filter(|_| matches!(state, State::Failed | State::Silent)) {
        write!(
            notes,
            "<p class=\"note fail\"><b>Cloud Run</b>: {}</p>",
            escaped(message)
        )
        .ok();
    }
    if state == State::Silent {
        notes.push_str(
            "<p class=\"note warn\"><b>Silent</b>: it says that it is at work, and says nothing any more: it was killed. The next \
             run goes on where it was.</p>",
        );
    }
    notes
}

fn object(run: &Run, record: &ObjectRun, now: DateTime<Utc>) -> String {
    let state = run.state_of(record, now);
    let at = PHASES
        .iter()
        .position(|(phase, _)| *phase == record.phase)
        .unwrap_or_default();
    let name = PHASES[at].1;
    let step = if state == State::Running {
        format!(
            "<progress max=\"7\" value=\"{at}\" aria-label=\"{}: step {at} of 7\"></progress>{name}",
            escaped(&record.object)
        )
    } else {
        name.to_owned()
    };
    let api = match record.api {
        Some(headwater_spec::Api::Bulk) => "Bulk API",
        Some(headwater_spec::Api::Rest) => "REST",
        None => "",
    };
    let totals = &record.totals;
    let end = record.finished_at.unwrap_or(if state == State::Running {
        now
    } else {
        record.updated_at
    });
    row(&[
        escaped(&record.object),
        badge(class(state), state.word()),
        step,
        api.to_owned(),
        n(&count(totals.rows_read)),
        n(&count(totals.rows_inserted)),
        n(&count(totals.rows_updated)),
        n(&count(totals.rows_deleted)),
        n(&count(totals.rows_quarantined)),
        n(&count(totals.parts)),
        n(&bytes(totals.bytes)),
        n(&count(totals.api_calls)),
        n(&lasting(end - record.started_at)),
    ])
}
