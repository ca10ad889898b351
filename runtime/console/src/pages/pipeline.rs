//! A pipeline: what it does, where its objects stand, its runs.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State as Given};
use chrono::{DateTime, Utc};
use headwater_quality::page::escaped;
use headwater_spec::{PipelineSpec, ReadMode, SalesforceExtractSpec};

use super::run::key;
use super::runs::{Choice, filter, list};
use super::{Page, badge, class, count, crumbs, facts, link, moment, n, needs, path, row, run_path, streams, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Catalog, Key, Kind, Pipeline};
use crate::source::runs::Runs;
use crate::source::schedules::Schedules;

/// `GET /pipelines/LAKE/PIPELINE`.
pub async fn page(
    Given(source): Given<Arc<Source>>,
    Path((lake, pipeline)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Reply {
    let mut page = Page::new(&source, "", pipeline.clone());
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let key = key(&lake, &pipeline);
    let Some(pipeline) = catalog.get(&key) else {
        return super::missing(&source, "pipeline");
    };
    let choice = Choice::of(query.as_deref(), &catalog).map(|choice| Choice {
        pipeline: Some(key.clone()),
        ..choice
    });
    let Some(choice) = choice else {
        return super::missing(&source, "state");
    };
    let (runs, schedules) = tokio::join!(source.runs(&catalog), source.schedules(&catalog));
    page.of("runs", &runs);
    page.raw(&crumbs(&[("/".to_owned(), "Overview")]));
    page.raw(&format!(
        "<h1>{} <small>{}</small></h1>\n",
        escaped(&key.name),
        pipeline.kind().word()
    ));
    page.live(
        "facts",
        &about(pipeline, &catalog, schedules.value.as_deref(), page.now),
    );
    match pipeline.spec() {
        Ok(spec) => objects(&mut page, pipeline, spec, runs.value.as_deref()),
        Err(why) => page.note("fail", "its spec cannot be read by this version", why),
    }
    if let (Some(runs), Kind::Extract | Kind::Suite) = (&runs.value, pipeline.kind()) {
        page.raw("<div id=\"runs\"></div>\n");
        page.raw(&filter(&choice, &catalog, false));
        let html = list(&mut page, runs, &choice, &path("pipelines", &key), false);
        page.live("runs", &html);
    }
    if let Ok(spec) = pipeline.spec() {
        page.raw(&format!(
            "<details id=\"spec\"><summary>The spec, as it is deployed</summary><pre tabindex=\"0\" aria-label=\"The spec\"><code>{}</code></pre></details>\n",
            escaped(&spec.to_json())
        ));
    }
    page.reply()
}

fn about(pipeline: &Pipeline, catalog: &Catalog, schedules: Option<&Schedules>, now: DateTime<Utc>) -> String {
    let spec = pipeline.spec().ok();
    let scheduled = schedules.and_then(|schedules| schedules.of(&pipeline.key));
    let schedule = scheduled.map(|one| {
        let paused = if one.paused { " (paused)" } else { "" };
        let words = format!("{} {}{paused}", one.schedule.cron, one.schedule.time_zone);
        let next = one
            .next
            .map_or_else(String::new, |next| format!(", next {}", moment(now, next)));
        format!("<code>{}</code>{next}", escaped(&words))
    });
    let extract = spec.and_then(|spec| spec.salesforce_extract.as_ref());
    let suite = spec.and_then(|spec| spec.dq_suite.as_ref());
    let stream = spec.and_then(|spec| spec.cdc_stream.as_ref());
    let dataset = extract.map(|one| &one.dataset).or(stream.map(|one| &one.dataset));
    let gate = extract
        .map(|extract| gate(extract, catalog))
        .filter(|gate| !gate.is_empty());
    let target = suite.map(|suite| escaped(&suite.target.name()));
    let quality = suite.map(|_| link(&path("quality", &pipeline.key), "verdicts and expectations"));
    facts(&[
        ("State", pipeline.half_made().then(|| badge("warn", "being applied"))),
        ("Schedule", schedule),
        ("Salesforce", extract.map(|one| escaped(&one.connection.login_url))),
        (
            "Into",
            dataset.map(|one| escaped(&format!("{}.{} ({})", one.project, one.dataset, one.location))),
        ),
        ("Judges", target),
        ("Quality", quality),
        ("Gate", gate),
        ("Complete up to", pipeline.fresh_to().map(|at| moment(now, at))),
        ("Runtime", pipeline.runtime().map(escaped)),
        (
            "Deployed by",
            spec.and_then(|spec| spec.deployed_by.as_deref()).map(escaped),
        ),
        (
            "Lake",
            Some(format!(
                "<code>{}</code>",
                escaped(&format!("gs://{}/{}", pipeline.layout.bucket(), pipeline.layout.root()))
            )),
        ),
    ])
}

/// The suites of a gate, by the URLs of their specs.
fn gate(extract: &SalesforceExtractSpec, catalog: &Catalog) -> String {
    let one = |url: &headwater_spec::GcsUrl| {
        let suite = catalog
            .pipelines
            .iter()
            .find(|one| one.layout.spec_url() == url.to_string());
        suite.map_or_else(
            || escaped(&url.to_string()),
            |suite| link(&path("quality", &suite.key), &suite.key.name),
        )
    };
    extract.quality_gate.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn objects(page: &mut Page<'_>, pipeline: &Pipeline, spec: &PipelineSpec, runs: Option<&Runs>) {
    let now = page.now;
    if let Some(extract) = &spec.salesforce_extract {
        let rows: Vec<String> = extract
            .objects
            .iter()
            .map(|(name, object)| {
                let mark = pipeline.watermark(name);
                let mut of = runs.map_or(&[][..], |runs| runs.of(&pipeline.key)).iter();
                let last = of.find_map(|run| Some((run, run.records.iter().find(|record| record.object == *name)?)));
                let state = last.map_or_else(String::new, |(run, record)| {
                    let state = run.state_of(record, now);
                    let badge = badge(class(state), state.word());
                    format!(
                        "<a href=\"{}\">{badge}</a>",
                        escaped(&run_path("runs", &pipeline.key, &run.id))
                    )
                });
                row(&[
                    escaped(name),
                    escaped(&object.table),
                    match object.mode {
                        ReadMode::Incremental => "what has changed".to_owned(),
                        ReadMode::Full => "everything each time".to_owned(),
                    },
                    n(&object.columns.len().to_string()),
                    mark.map_or_else(|| "–".to_owned(), |mark| moment(now, mark.committed)),
                    state,
                    n(&last.map_or_else(String::new, |(_, record)| count(record.totals.rows_read))),
                ])
            })
            .collect();
        let head = [
            "Object",
            "Table",
            "Reads",
            "#Columns",
            "Complete up to",
            "Last run",
            "#Rows read",
        ];
        page.live("objects", &table("Objects", "", &head, &rows));
    }
    if spec.cdc_stream.is_some() {
        page.raw(&format!(
            "<p>{}</p>",
            link(&format!("/streams#{}", streams::anchor(&pipeline.key)), "How far it is")
        ));
    }
    if let Some(suite) = &spec.dq_suite {
        let rows: Vec<String> = suite
            .suite
            .expectations
            .iter()
            .map(|one| {
                let said = serde_json::to_string(&one.check).unwrap_or_default();
                row(&[
                    format!("<code>{}</code>", escaped(&one.identity())),
                    format!("<code>{}</code>", escaped(&said)),
                ])
            })
            .collect();
        page.live(
            "expectations",
            &table("Expectations", "", &["Expectation", "What is demanded"], &rows),
        );
    }
}

/// The links from a key to its own pages, for the JSON.
pub fn address(key: &Key) -> String {
    path("pipelines", key)
}
