//! What runs and the workers of streams have said: the log of one execution or worker pool, out of Cloud Logging.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State as Given};
use headwater_cloud::LogEntry;
use headwater_quality::page::escaped;

use super::run::key;
use super::{Page, crumbs, link, moment, needs, path, row, run_badge, run_path, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Kind, Pipeline};
use crate::source::logs::MOST;
use crate::source::runs::Run;

/// Runs to choose from.
const CHOICE: usize = 25;

/// `GET /logs`: of which runs there are logs, the newest first.
pub async fn newest(Given(source): Given<Arc<Source>>) -> Reply {
    let mut page = Page::new(&source, "/logs", "Logs");
    page.raw("<h1>Logs</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let runs = source.runs(&catalog).await;
    page.of("runs", &runs);
    let now = page.now;
    let executed = runs.value.iter().flat_map(|runs| &runs.all);
    let executed = executed.filter(|run| catalog.get(&run.key).is_some_and(|of| execution(of, run).is_some()));
    let rows: Vec<String> = executed
        .take(CHOICE)
        .map(|run| {
            row(&[
                link(&run_path("logs", &run.key, &run.id), &run.id),
                escaped(&run.key.name),
                run_badge(run, now),
                moment(now, run.started),
            ])
        })
        .collect();
    let html = if rows.is_empty() {
        "<p class=\"empty\">Nothing has been executed yet.</p>".to_owned()
    } else {
        table(
            "Executions",
            "choose one to read what it has said",
            &["Run", "Pipeline", "State", "Began"],
            &rows,
        )
    };
    page.live("executions", &html);
    let pools: Vec<String> = catalog
        .of(Kind::Stream)
        .filter(|stream| pool(stream).is_some())
        .map(|stream| row(&[link(&path("logs", &stream.key), &stream.key.name)]))
        .collect();
    if !pools.is_empty() {
        page.live(
            "workers",
            &table(
                "Streams",
                "choose one to read what its workers have said",
                &["Stream"],
                &pools,
            ),
        );
    }
    page.reply()
}

/// The worker pool of a stream.
pub fn pool(pipeline: &Pipeline) -> Option<String> {
    pipeline.spec().ok()?.worker_pool()
}

/// `GET /logs/LAKE/STREAM`: what the workers of a stream have said.
pub async fn workers(Given(source): Given<Arc<Source>>, Path((lake, pipeline)): Path<(String, String)>) -> Reply {
    let mut page = Page::new(&source, "/logs", format!("Log of {pipeline}"));
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let key = key(&lake, &pipeline);
    let Some(pool) = catalog.get(&key).and_then(|of| pool(of)) else {
        return super::missing(&source, "stream with workers");
    };
    page.raw(&crumbs(&[
        ("/logs".to_owned(), "Logs"),
        ("/streams".to_owned(), "Streams"),
        (path("pipelines", &key), "The pipeline"),
    ]));
    page.raw(&format!("<h1>Log of the workers of {}</h1>\n", escaped(&pipeline)));
    let lines = source.logs(&pool).await;
    page.of("log", &lines);
    if let Some(lines) = &lines.value {
        page.say(format!("{} lines", lines.len()));
        page.live("log", &log(lines));
    }
    page.reply()
}

/// The execution of a run: by Cloud Run's own word, or by the names of the run and of its pipeline's runtime.
pub fn execution(pipeline: &Pipeline, run: &Run) -> Option<String> {
    match &run.execution {
        Some(execution) => Some(execution.name.clone()),
        None => Some(format!("{}/executions/{}", pipeline.runtime()?, run.id)),
    }
}

/// `GET /logs/LAKE/PIPELINE/RUN`.
pub async fn page(
    Given(source): Given<Arc<Source>>,
    Path((lake, pipeline, run)): Path<(String, String, String)>,
) -> Reply {
    let mut page = Page::new(&source, "/logs", format!("Log of {run}"));
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let key = key(&lake, &pipeline);
    let runs = source.runs(&catalog).await;
    let found = runs.value.as_ref().and_then(|runs| runs.get(&key, &run));
    let of = catalog.get(&key);
    let Some((of, found)) = of.zip(found) else {
        return super::missing(&source, "run");
    };
    page.raw(&crumbs(&[
        ("/logs".to_owned(), "Logs"),
        (run_path("runs", &key, &run), "The run"),
    ]));
    page.raw(&format!("<h1>Log of {}</h1>\n", escaped(&run)));
    let Some(execution) = execution(of, found) else {
        page.raw("<p class=\"empty\">It was not executed by Cloud Run: its log is where it was started.</p>");
        return page.reply();
    };
    let lines = source.logs(&execution).await;
    page.of("log", &lines);
    page.every(if found.state(page.now).is_over() { 5000 } else { 1000 });
    if let Some(lines) = &lines.value {
        page.say(format!("{} lines", lines.len()));
        page.live("log", &log(lines));
    }
    page.reply()
}

fn log(lines: &[LogEntry]) -> String {
    if lines.is_empty() {
        return "<p class=\"empty\">It has said nothing.</p>".to_owned();
    }
    let mut out = String::new();
    if lines.len() >= MOST as usize {
        write!(out, "<p class=\"empty\">The last {MOST} lines.</p>").ok();
    }
    out.push_str("<ol class=\"log\" tabindex=\"0\" aria-label=\"Log, the newest line last\">");
    for line in lines {
        // `2026-01-31T12:00:00.123Z`: the day is the run's; workers go on for days.
        let time = if line.instance.is_some() { 5..19 } else { 11..19 };
        let time = line.timestamp.get(time).unwrap_or(&line.timestamp).replace('T', " ");
        let class = match line.severity.as_str() {
            "ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY" => " class=\"fail\"",
            "WARNING" | "WARN" => " class=\"warn\"",
            _ => "",
        };
        let who = match (&line.task, &line.instance) {
            (Some(task), _) => format!("task {task} "),
            // Cloud Run's have a hundred digits, of which some tell them apart.
            (None, Some(instance)) => {
                let short: String = instance.chars().rev().take(8).collect();
                format!("worker {} ", short.chars().rev().collect::<String>())
            }
            (None, None) => String::new(),
        };
        write!(
            out,
            "<li{class}><time datetime=\"{}\">{}</time> {}{} {}",
            escaped(&line.timestamp),
            escaped(&time),
            escaped(&who),
            escaped(&line.severity),
            escaped(&line.message)
        )
        .ok();
        for (name, value) in line
            .fields
            .iter()
            .filter(|(name, _)| name != "target" && name != "spans")
        {
            write!(out, " <span class=\"f\">{}={}</span>", escaped(name), escaped(value)).ok();
        }
        out.push_str("</li>");
    }
    out.push_str("</ol>");
    out
}
