//! Runs of all pipelines, or of one, page by page.

use std::sync::Arc;

use axum::extract::{RawQuery, State as Given};
use chrono::{DateTime, Utc};
use headwater_quality::page::escaped;

use super::{Page, asked, badge, class, count, lasting, link, moment, n, needs, path, row, run_path, segment, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Catalog, Key, Kind};
use crate::source::runs::{Run, Runs, State};

/// Runs of a page.
pub const PAGE: usize = 50;

/// Which runs are meant.
#[derive(Debug, Default)]
pub struct Choice {
    /// Of this pipeline.
    pub pipeline: Option<Key>,
    /// In this state.
    pub state: Option<State>,
    /// Those behind this one.
    pub cursor: Option<String>,
}

/// Some runs, and where those behind them begin.
pub struct Chosen {
    /// The newest first.
    pub runs: Vec<Arc<Run>>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Choice {
    /// What a query asks for; `None` where it names what there is not.
    pub fn of(query: Option<&str>, catalog: &Catalog) -> Option<Self> {
        let named = asked(query, "pipeline");
        let lake = asked(query, "lake").map(|lake| format!("gs://{}", lake.trim_start_matches("gs://")));
        let pipeline = match &named {
            None => None,
            Some(name) => {
                let same = |one: &Key| *one.name == **name && lake.as_ref().is_none_or(|lake| *one.lake == **lake);
                Some(
                    catalog
                        .pipelines
                        .iter()
                        .map(|one| &one.key)
                        .find(|key| same(key))?
                        .clone(),
                )
            }
        };
        let state = match asked(query, "state") {
            None => None,
            Some(word) => Some(State::ALL.into_iter().find(|state| state.word() == word)?),
        };
        Some(Self {
            pipeline,
            state,
            cursor: asked(query, "cursor"),
        })
    }

    /// Those runs, at most `most`.
    pub fn among(&self, runs: &Runs, most: usize, now: DateTime<Utc>) -> Chosen {
        let all = self.pipeline.as_ref().map_or(runs.all.as_slice(), |key| runs.of(key));
        let behind = match self.cursor.as_deref().and_then(place) {
            // Sorted from the newest to the oldest.
            Some(place) => all.partition_point(|run| run.place() >= place),
            None => 0,
        };
        let mut chosen = all[behind..]
            .iter()
            .filter(|run| self.state.is_none_or(|state| run.state(now) == state));
        let some: Vec<Arc<Run>> = chosen.by_ref().take(most).cloned().collect();
        let more = chosen.next().is_some();
        let last = some.last().filter(|_| more);
        Chosen {
            next: last.map(|run| format!("{}.{}", run.place().0, run.id)),
            runs: some,
        }
    }

    /// As a query, without a cursor.
    fn query(&self) -> String {
        let mut query = String::new();
        if let Some(key) = &self.pipeline {
            query.push_str(&format!(
                "pipeline={}&lake={}&",
                segment(&key.name),
                segment(key.short_lake())
            ));
        }
        if let Some(state) = self.state {
            query.push_str(&format!("state={}&", state.word()));
        }
        query
    }
}

fn place(cursor: &str) -> Option<(i64, &str)> {
    let (micros, run) = cursor.split_once('.')?;
    Some((micros.parse().ok()?, run))
}

/// `GET /runs`.
pub async fn page(Given(source): Given<Arc<Source>>, RawQuery(query): RawQuery) -> Reply {
    let mut page = Page::new(&source, "/runs", "Runs");
    page.raw("<h1>Runs</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let Some(choice) = Choice::of(query.as_deref(), &catalog) else {
        return super::missing(&source, "pipeline or state");
    };
    let runs = source.runs(&catalog).await;
    page.of("runs", &runs);
    page.raw(&filter(&choice, &catalog, true));
    if let Some(runs) = &runs.value {
        let html = list(&mut page, runs, &choice, "/runs", choice.pipeline.is_none());
        page.live("runs", &html);
    }
    page.reply()
}

/// A form that works without the script.
pub fn filter(choice: &Choice, catalog: &Catalog, pipelines: bool) -> String {
    let option = |value: &str, text: &str, chosen: bool| {
        let selected = if chosen { " selected" } else { "" };
        format!(
            "<option value=\"{}\"{selected}>{}</option>",
            escaped(value),
            escaped(text)
        )
    };
    let mut form = String::from("<form class=\"filter\" method=\"get\">");
    if pipelines {
        form.push_str("<label>Pipeline<select name=\"pipeline\">");
        form.push_str(&option("", "all", choice.pipeline.is_none()));
        let mut names: Vec<&str> = catalog
            .pipelines
            .iter()
            .filter(|one| one.kind() != Kind::Stream)
            .map(|one| &*one.key.name)
            .collect();
        names.dedup();
        for name in names {
            let chosen = choice.pipeline.as_ref().is_some_and(|key| *key.name == *name);
            form.push_str(&option(name, name, chosen));
        }
        form.push_str("</select></label>");
    }
    form.push_str("<label>State<select name=\"state\">");
    form.push_str(&option("", "any", choice.state.is_none()));
    for state in State::ALL {
        form.push_str(&option(state.word(), state.word(), choice.state == Some(state)));
    }
    form.push_str("</select></label><button>Show</button></form>\n");
    form
}

/// The table of runs, with the way to those behind them.
pub fn list(page: &mut Page<'_>, runs: &Runs, choice: &Choice, path_of_page: &str, with_pipeline: bool) -> String {
    let now = page.now;
    let some = choice.among(runs, PAGE, now);
    let at_work = some.runs.iter().filter(|run| !run.state(now).is_over()).count();
    page.every(if at_work > 0 || runs.unread() > 0 { 1000 } else { 5000 });
    page.say(format!("{} runs shown, {at_work} at work", some.runs.len()));
    if some.runs.is_empty() {
        return "<p class=\"empty\">There is no such run.</p>".to_owned();
    }
    let mut head = vec![
        "Run",
        "State",
        "Began",
        "#Took",
        "#Read",
        "#Inserted",
        "#Updated",
        "#Deleted",
        "#Set apart",
    ];
    if with_pipeline {
        head.insert(1, "Pipeline");
    }
    let rows: Vec<String> = some.runs.iter().map(|run| one(run, now, with_pipeline)).collect();
    let all = choice
        .pipeline
        .as_ref()
        .map_or(runs.all.len(), |key| runs.of(key).len());
    let small = match runs.unread() {
        0 => format!("{} in all", headwater_quality::page::number(all as u64)),
        unread => format!("{all} so far; {unread} records are still to be read"),
    };
    let mut html = table("Runs", &small, &head, &rows);
    if let Some(next) = some.next {
        let target = format!("{path_of_page}?{}cursor={}", choice.query(), segment(&next));
        html.push_str(&format!("<p class=\"more\">{}</p>", link(&target, "Older runs")));
    } else if runs.beyond > 0 {
        html.push_str(
            "<p class=\"empty\">Older ones are in the lake: <code>headwater runs list</code> shows them.</p>",
        );
    }
    html
}

fn one(run: &Run, now: DateTime<Utc>, with_pipeline: bool) -> String {
    let (state, totals) = (run.state(now), run.totals());
    let end = if state.is_over() { run.last() } else { now };
    let mut cells = vec![
        link(&run_path("runs", &run.key, &run.id), &run.id),
        badge(class(state), state.word()),
        moment(now, run.started),
        n(&lasting(end - run.started)),
        n(&count(totals.rows_read)),
        n(&count(totals.rows_inserted)),
        n(&count(totals.rows_updated)),
        n(&count(totals.rows_deleted)),
        n(&count(totals.rows_quarantined)),
    ];
    if with_pipeline {
        cells.insert(1, link(&path("pipelines", &run.key), &run.key.name));
    }
    row(&cells)
}
