//! The overview: how every pipeline stands, at one look.

use std::sync::Arc;

use axum::extract::State as Given;
use chrono::{DateTime, TimeDelta, Utc};
use headwater_quality::page::escaped;
use headwater_quality::report::state_name;

use super::{Page, ago, badge, count, lasting, link, moment, n, needs, path, row, run_badge, run_path, strip, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Bridge, Catalog, Kind, Pipeline};
use crate::source::runs::{Run, Runs, State};
use crate::source::schedules::Schedules;
use crate::source::verdicts::Verdicts;

/// `GET /`.
pub async fn page(Given(source): Given<Arc<Source>>) -> Reply {
    let mut page = Page::new(&source, "/", "Overview");
    page.raw("<h1>Overview</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let (runs, schedules, verdicts) = tokio::join!(
        source.runs(&catalog),
        source.schedules(&catalog),
        source.verdicts(&catalog)
    );
    page.of("runs", &runs);
    page.of("schedules", &schedules);
    let suites = catalog.of(Kind::Suite).next().is_some();
    if suites {
        page.of("verdicts", &verdicts);
    }
    let unread = runs.value.as_ref().map_or(0, |runs| runs.unread());
    if unread > 0 {
        page.note(
            "warn",
            "runs are being read",
            &format!("{unread} records are still to come"),
        );
        page.every(1000);
    }
    let now = page.now;
    let at_work = runs
        .value
        .as_ref()
        .is_some_and(|runs| tiles(&mut page, runs, verdicts.value.as_deref()));
    if at_work {
        page.every(1000);
    }
    if catalog.pipelines.is_empty() {
        let lakes: Vec<String> = catalog.lakes().collect();
        let place = if lakes.is_empty() {
            format!("the buckets of {}", source.project())
        } else {
            lakes.join(", ")
        };
        page.live(
            "none",
            &format!(
                "<p class=\"empty\">There is no pipeline in {}. Apply one with Terraform; it appears here by itself.</p>",
                escaped(&place)
            ),
        );
        return page.reply();
    }
    let view = View {
        now,
        runs: runs.value.as_deref(),
        schedules: schedules.value.as_deref(),
        verdicts: verdicts.value.as_deref(),
    };
    page.live("pipelines", &view.tables(&catalog));
    page.reply()
}

/// The sums at the top; whether something is at work.
fn tiles(page: &mut Page<'_>, runs: &Runs, verdicts: Option<&Verdicts>) -> bool {
    let now = page.now;
    let day = now - TimeDelta::hours(24);
    let recent: Vec<&Arc<Run>> = runs.all.iter().take_while(|run| run.started > day).collect();
    let of = |wanted: &[State]| recent.iter().filter(|run| wanted.contains(&run.state(now))).count();
    let (running, failed) = (of(&[State::Running]), of(&[State::Failed, State::Silent]));
    let rows: u64 = recent.iter().map(|run| run.totals().rows_read).sum();
    let tile = |class: &str, n: String, words: &str| format!("<li class=\"{class}\"><b>{n}</b> {words}</li>");
    let mut tiles = String::from("<ul class=\"tiles\">");
    tiles.push_str(&tile(
        if running > 0 { "run" } else { "" },
        running.to_string(),
        "at work now",
    ));
    tiles.push_str(&tile("", recent.len().to_string(), "runs in 24 hours"));
    tiles.push_str(&tile(
        if failed > 0 { "fail" } else { "" },
        failed.to_string(),
        "of them failed",
    ));
    tiles.push_str(&tile(
        "",
        headwater_quality::page::number(rows),
        "rows read in 24 hours",
    ));
    let bad = verdicts.map_or(0, Verdicts::unsatisfied);
    if verdicts.is_some() {
        tiles.push_str(&tile(
            if bad > 0 { "fail" } else { "" },
            bad.to_string(),
            "suites not satisfied",
        ));
    }
    tiles.push_str("</ul>");
    page.live("tiles", &tiles);
    page.say(format!(
        "{running} runs at work, {failed} failed in 24 hours, {bad} suites not satisfied"
    ));
    running > 0
}

struct View<'a> {
    now: DateTime<Utc>,
    runs: Option<&'a Runs>,
    schedules: Option<&'a Schedules>,
    verdicts: Option<&'a Verdicts>,
}

impl View<'_> {
    fn tables(&self, catalog: &Catalog) -> String {
        let mut html = String::new();
        let mut add = |kind: Kind, caption: &str, small: &str, head: &[&str], one: &dyn Fn(&Pipeline) -> String| {
            let rows: Vec<String> = catalog.of(kind).map(|pipeline| one(pipeline)).collect();
            if !rows.is_empty() {
                html.push_str(&table(caption, small, head, &rows));
            }
        };
        let head = [
            "Pipeline",
            "State",
            "Last run",
            "#Took",
            "#Rows read",
            "Complete up to",
            "Next run",
            "The last runs",
        ];
        add(Kind::Extract, "Extracts", "Salesforce to BigQuery", &head, &|one| {
            self.extract(one)
        });
        let head = [
            "Pipeline",
            "State",
            "Newest event in the topic",
            "#Entities",
            "#Dead letters",
            "#Repairs",
        ];
        add(Kind::Stream, "Streams", "changes as they happen", &head, &|one| {
            self.stream(one)
        });
        let head = [
            "Suite",
            "Verdict",
            "Judged",
            "Last verdict",
            "#Rows",
            "Next run",
            "The last verdicts",
        ];
        add(Kind::Suite, "Suites", "what is expected of the data", &head, &|one| {
            self.suite(one)
        });
        let head = ["Pipeline", "Lake", "Why"];
        add(
            Kind::Unknown,
            "Specs that this version cannot read",
            "",
            &head,
            &|one| {
                let why = one.spec().err().unwrap_or_default();
                row(&[escaped(&one.key.name), escaped(&one.key.lake), escaped(why)])
            },
        );
        html
    }

    fn runs(&self, pipeline: &Pipeline) -> &[Arc<Run>] {
        self.runs.map_or(&[], |runs| runs.of(&pipeline.key))
    }

    fn next(&self, pipeline: &Pipeline) -> String {
        let scheduled = self.schedules.and_then(|schedules| schedules.of(&pipeline.key));
        match scheduled {
            Some(scheduled) if scheduled.paused => badge("warn", "paused"),
            Some(scheduled) => scheduled.next.map_or_else(String::new, |next| moment(self.now, next)),
            None => "<span class=\"empty\">none</span>".to_owned(),
        }
    }

    fn extract(&self, pipeline: &Pipeline) -> String {
        let runs = self.runs(pipeline);
        let last = runs.first();
        let state = match last {
            _ if pipeline.half_made() => badge("warn", "being applied"),
            Some(run) => run_badge(run, self.now),
            None => "<span class=\"empty\">no run yet</span>".to_owned(),
        };
        let fresh = pipeline
            .fresh_to()
            .map_or_else(|| "–".to_owned(), |at| moment(self.now, at));
        row(&[
            link(&path("pipelines", &pipeline.key), &pipeline.key.name),
            state,
            last.map_or_else(String::new, |run| {
                let began = ago(self.now, run.started);
                link(&run_path("runs", &run.key, &run.id), &began)
            }),
            n(&last.map_or_else(String::new, |run| {
                let end = if run.state(self.now).is_over() {
                    run.last()
                } else {
                    self.now
                };
                lasting(end - run.started)
            })),
            n(&last.map_or_else(String::new, |run| count(run.totals().rows_read))),
            fresh,
            self.next(pipeline),
            strip::runs(runs, self.now),
        ])
    }

    fn stream(&self, pipeline: &Pipeline) -> String {
        let notes = pipeline.stream.clone().unwrap_or_default();
        let entities = pipeline.spec().ok().and_then(|spec| spec.cdc_stream.as_ref());
        let newest = notes.bridge.as_ref().and_then(Bridge::newest);
        let letters = count(notes.dead_letters as u64);
        row(&[
            link(&path("pipelines", &pipeline.key), &pipeline.key.name),
            super::streams::state(pipeline, &notes, self.now),
            newest.map_or_else(|| "–".to_owned(), |at| moment(self.now, at)),
            n(&entities.map_or(0, |stream| stream.entities.len()).to_string()),
            n(&if notes.dead_letters > 0 {
                format!("<b class=\"fail\">{letters}</b>")
            } else {
                letters
            }),
            n(&count(notes.repairs as u64)),
        ])
    }

    fn suite(&self, pipeline: &Pipeline) -> String {
        let target = pipeline.spec().ok().and_then(|spec| spec.dq_suite.as_ref());
        let target = target.map(|suite| suite.target.name()).unwrap_or_default();
        let history = self.verdicts.and_then(|verdicts| verdicts.of(&pipeline.key));
        let history = history.and_then(|history| history.as_ref().ok());
        let last = history.and_then(|history| history.runs.first());
        row(&[
            link(&path("quality", &pipeline.key), &pipeline.key.name),
            last.map_or_else(
                || "<span class=\"empty\">none yet</span>".to_owned(),
                |last| badge(state_name(last.state), state_name(last.state)),
            ),
            escaped(&target),
            last.and_then(|last| last.at.parse().ok())
                .map_or_else(String::new, |at| moment(self.now, at)),
            n(&last.and_then(|last| last.rows).map_or_else(String::new, count)),
            self.next(pipeline),
            history.map_or_else(String::new, |history| strip::verdicts(&history.runs)),
        ])
    }
}
