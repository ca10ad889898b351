//! Quality: what suites say of the data now, and what they have said before.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State as Given};
use headwater_quality::page::{Point, escaped, number, spark};
use headwater_quality::report::state_name;

use super::run::key;
use super::{Page, badge, count, crumbs, facts, link, moment, n, needs, path, row, strip, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Key, Kind};
use crate::source::verdicts::{History, Said, Verdict};

/// `GET /quality`.
pub async fn page(Given(source): Given<Arc<Source>>) -> Reply {
    let mut page = Page::new(&source, "/quality", "Quality");
    page.raw("<h1>Quality</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    if catalog.of(Kind::Suite).next().is_none() {
        page.live(
            "suites",
            "<p class=\"empty\">No suite is deployed: <code>headwater_dq_suite</code> declares one.</p>",
        );
        return page.reply();
    }
    let verdicts = source.verdicts(&catalog).await;
    page.of("verdicts", &verdicts);
    let now = page.now;
    let mut html = String::new();
    let (mut rows, mut failing) = (Vec::new(), Vec::new());
    for suite in catalog.of(Kind::Suite) {
        let history = verdicts.value.as_ref().and_then(|verdicts| verdicts.of(&suite.key));
        let name = link(&path("quality", &suite.key), &suite.key.name);
        let history = match history {
            Some(Ok(history)) => history,
            Some(Err(why)) => {
                rows.push(row(&[name, badge("error", "not known"), escaped(why)]));
                continue;
            }
            None => continue,
        };
        let last = history.runs.first();
        let target = suite.spec().ok().and_then(|spec| spec.dq_suite.as_ref());
        rows.push(row(&[
            name,
            last.map_or_else(|| "<span class=\"empty\">none yet</span>".to_owned(), verdict_badge),
            escaped(&target.map(|suite| suite.target.name()).unwrap_or_default()),
            last.and_then(|last| last.at.parse().ok())
                .map_or_else(String::new, |at| moment(now, at)),
            n(&last.and_then(|last| last.rows).map_or_else(String::new, count)),
            n(&last.map_or_else(String::new, |last| {
                format!("{} of {}", last.failed + last.errors, last.expectations)
            })),
            strip::verdicts(&history.runs),
        ]));
        let bad = history
            .last_results()
            .into_iter()
            .filter(|said| said.state > headwater_quality::engine::State::Pass);
        failing.extend(bad.map(|said| {
            row(&[
                format!(
                    "<a href=\"{}\"><code>{}</code></a>",
                    escaped(&path("quality", &suite.key)),
                    escaped(&said.id)
                ),
                escaped(&suite.key.name),
                badge(state_name(said.state), state_name(said.state)),
                escaped(&words(said)),
                escaped(&said.severity),
                escaped(&said.on_fail),
                escaped(said.owner.as_deref().unwrap_or_default()),
            ])
        }));
    }
    let head = [
        "Suite",
        "Verdict",
        "Judged",
        "Last verdict",
        "#Rows",
        "#Not satisfied",
        "The last verdicts",
    ];
    html.push_str(&table("Suites", "", &head, &rows));
    if !failing.is_empty() {
        let head = [
            "Expectation",
            "Suite",
            "State",
            "What was seen",
            "Severity",
            "On failure",
            "Owner",
        ];
        html.push_str(&table(
            "What is not satisfied",
            "by the last run of each suite",
            &head,
            &failing,
        ));
    }
    page.say(format!("{} expectations not satisfied", failing.len()));
    page.live("suites", &html);
    page.reply()
}

fn verdict_badge(verdict: &Verdict) -> String {
    badge(state_name(verdict.state), state_name(verdict.state))
}

/// What was seen, in a line.
pub fn words(said: &Said) -> String {
    if let Some(reason) = &said.reason {
        return reason.clone();
    }
    match (said.unexpected, said.evaluated) {
        (Some(0), Some(evaluated)) => format!("all {} rows", number(evaluated)),
        (Some(unexpected), Some(evaluated)) => {
            format!("{} of {} rows are against it", number(unexpected), number(evaluated))
        }
        _ => String::new(),
    }
}

/// `GET /quality/LAKE/SUITE`.
pub async fn suite(Given(source): Given<Arc<Source>>, Path((lake, pipeline)): Path<(String, String)>) -> Reply {
    let mut page = Page::new(&source, "/quality", format!("{pipeline}: quality"));
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let key = key(&lake, &pipeline);
    let Some(suite) = catalog.get(&key).filter(|one| one.kind() == Kind::Suite) else {
        return super::missing(&source, "suite");
    };
    let verdicts = source.verdicts(&catalog).await;
    page.of("verdicts", &verdicts);
    let history = verdicts.value.as_ref().and_then(|verdicts| verdicts.of(&key));
    let spec = suite.spec().ok().and_then(|spec| spec.dq_suite.as_ref());
    page.raw(&crumbs(&[("/quality".to_owned(), "Quality")]));
    match history {
        Some(Ok(history)) => show(&mut page, &key, history),
        Some(Err(why)) => {
            page.raw(&format!("<h1>{}</h1>\n", escaped(&key.name)));
            page.note("fail", "its verdicts cannot be read", why);
        }
        None => page.raw(&format!("<h1>{}</h1>\n", escaped(&key.name))),
    }
    let results = spec.map(|spec| &spec.results);
    page.raw(&facts(&[
        ("Judges", spec.map(|spec| escaped(&spec.target.name()))),
        ("Pipeline", Some(link(&path("pipelines", &key), "spec and runs"))),
        (
            "Verdicts' tables",
            results.map(|at| {
                let dataset = format!("{}.{}", at.dataset.project, at.dataset.dataset);
                format!(
                    "<code>{}</code>",
                    escaped(&format!("{dataset}.{}, {}", at.run_table, at.result_table))
                )
            }),
        ),
    ]));
    page.reply()
}

fn show(page: &mut Page<'_>, key: &Key, history: &History) {
    let now = page.now;
    let last = history.runs.first();
    let state = last.map_or_else(String::new, verdict_badge);
    page.live("title", &format!("<h1>{} {state}</h1>", escaped(&key.name)));
    let Some(last) = last else {
        page.live(
            "none",
            "<p class=\"empty\">It has not said anything in the last 90 days.</p>",
        );
        return;
    };
    page.say(format!("{}: {}", key.name, state_name(last.state)));
    let reason = last
        .reason
        .as_deref()
        .map(|reason| format!("<p class=\"note warn\">{}</p>", escaped(reason)));
    page.live("reason", &reason.unwrap_or_default());
    page.live(
        "strip",
        &format!("<h2>The last verdicts</h2>{}", strip::verdicts(&history.runs)),
    );
    let mut points: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for said in history.results.iter().rev() {
        points.entry(&said.id).or_default().push(Point {
            at: said.at.clone(),
            state: said.state,
            pass_ratio: said.pass_ratio,
        });
    }
    let rows: Vec<String> = history
        .last_results()
        .into_iter()
        .map(|said| {
            row(&[
                format!("<code>{}</code>", escaped(&said.id)),
                badge(state_name(said.state), state_name(said.state)),
                escaped(&words(said)),
                escaped(&said.severity),
                escaped(&said.on_fail),
                escaped(said.owner.as_deref().unwrap_or_default()),
                points
                    .get(said.id.as_str())
                    .map_or_else(String::new, |points| spark(points)),
            ])
        })
        .collect();
    let head = [
        "Expectation",
        "State",
        "What was seen",
        "Severity",
        "On failure",
        "Owner",
        "Before",
    ];
    page.live("results", &table("Expectations", "by the last run", &head, &rows));
    let rows: Vec<String> = history
        .runs
        .iter()
        .map(|run| {
            row(&[
                escaped(&run.run),
                verdict_badge(run),
                run.at.parse().ok().map_or_else(String::new, |at| moment(now, at)),
                escaped(&run.mode),
                n(&run.rows.map_or_else(String::new, count)),
                n(&format!("{} of {}", run.failed + run.errors, run.expectations)),
                escaped(run.transition.as_deref().unwrap_or_default()),
                escaped(run.reason.as_deref().unwrap_or_default()),
            ])
        })
        .collect();
    let head = [
        "Run",
        "Verdict",
        "When",
        "Judged by",
        "#Rows",
        "#Not satisfied",
        "Since before",
        "Reason",
    ];
    page.live("runs", &table("Verdicts", "", &head, &rows));
}
