//! Streams: how far each is, from Salesforce to the tables.

use std::sync::Arc;

use axum::extract::State as Given;
use chrono::{DateTime, Utc};
use headwater_quality::page::{escaped, number};
use headwater_spec::StreamSource;

use super::{Page, badge, count, facts, lasting, link, moment, n, needs, path, row, table};
use crate::http::Reply;
use crate::source::Source;
use crate::source::catalog::{Bridge, Key, Kind, Notes, Pipeline};
use crate::source::lag::{DAYS, Lags};

/// `GET /streams`.
pub async fn page(Given(source): Given<Arc<Source>>) -> Reply {
    let mut page = Page::new(&source, "/streams", "Streams");
    page.raw("<h1>Streams</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let streams: Vec<&Arc<Pipeline>> = catalog.of(Kind::Stream).collect();
    if streams.is_empty() {
        page.live(
            "streams",
            "<p class=\"empty\">No stream is deployed: <code>headwater_cdc_stream</code> declares one.</p>",
        );
        return page.reply();
    }
    let lags = source.lags(&catalog).await;
    page.of("tables", &lags);
    let mut html = String::new();
    for stream in streams {
        html.push_str(&one(stream, lags.value.as_deref(), page.now));
    }
    page.live("streams", &html);
    page.reply()
}

/// The id of a stream's part of the page.
pub fn anchor(key: &Key) -> String {
    super::segment(&key.name)
}

/// Whether the stream is at work, in a word.
pub fn state(pipeline: &Pipeline, notes: &Notes, now: DateTime<Utc>) -> String {
    let stream = pipeline.spec().ok().and_then(|spec| spec.cdc_stream.as_ref());
    let from_salesforce = stream.is_some_and(|stream| matches!(stream.source, StreamSource::Salesforce(_)));
    match &notes.bridge {
        _ if pipeline.half_made() => badge("warn", "being applied"),
        _ if notes.paused => badge("warn", "paused"),
        Some(bridge) if bridge.is_held(now) => badge("pass", "at work"),
        Some(_) => badge("fail", "no bridge"),
        None if from_salesforce => badge("fail", "not begun"),
        // Workers over a subscription leave nothing in the lake that says so.
        None => badge("skipped", "not known"),
    }
}

fn one(pipeline: &Pipeline, lags: Option<&Lags>, now: DateTime<Utc>) -> String {
    let notes = pipeline.stream.clone().unwrap_or_default();
    let key = &pipeline.key;
    let Some(stream) = pipeline.spec().ok().and_then(|spec| spec.cdc_stream.as_ref()) else {
        return String::new();
    };
    let newest = notes.bridge.as_ref().and_then(Bridge::newest);
    let found = lags.and_then(|lags| lags.of(key));
    let tables = found.and_then(|found| found.as_ref().ok());
    let applied = tables.and_then(|tables| tables.values().filter_map(|newest| newest.committed).max());
    let behind = newest.zip(applied).map(|(newest, applied)| {
        let behind = (newest - applied).max(chrono::TimeDelta::zero());
        // Positions are to the millisecond, and so are commits.
        if behind.num_milliseconds() < 1 {
            "nothing".to_owned()
        } else {
            lasting(behind)
        }
    });
    let more = if notes.dead_letters_counted { "" } else { " or more" };
    let letters = match notes.dead_letters {
        0 => "none".to_owned(),
        many => format!("<b class=\"fail\">{}{more}</b>", number(many as u64)),
    };
    let snapshot = notes
        .bridge
        .as_ref()
        .and_then(|bridge| bridge.snapshot.as_ref())
        .map(|snapshot| {
            let rows: u64 = snapshot.done.values().sum();
            format!(
                "{} of {} entities, {} records",
                snapshot.done.len(),
                stream.entities.len(),
                number(rows)
            )
        });
    let mut html = format!(
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{} {}</h2>\n",
        link(&path("pipelines", key), &key.name),
        state(pipeline, &notes, now),
        id = anchor(key)
    );
    html.push_str(&facts(&[
        ("Newest event in the topic", newest.map(|at| moment(now, at))),
        ("Newest change in the tables", applied.map(|at| moment(now, at))),
        ("The tables are behind the topic by", behind),
        ("Dead letters", Some(letters)),
        ("Repairs", Some(count(notes.repairs as u64))),
        ("Initial snapshot", snapshot),
        (
            "Subscription",
            Some(format!("<code>{}</code>", escaped(&stream.transport.subscription))),
        ),
    ]));
    if super::logs::pool(pipeline).is_some() {
        html.push_str(&format!(
            "<p>{}</p>\n",
            link(&path("logs", key), "What its workers say")
        ));
    }
    if let Some(Err(why)) = found {
        html.push_str(&format!(
            "<p class=\"note fail\"><b>the tables cannot be read</b>: {}</p>",
            escaped(why)
        ));
    }
    if let Some(bridge) = notes.bridge.as_ref().filter(|bridge| !bridge.feeds.is_empty()) {
        let rows: Vec<String> = bridge
            .feeds
            .iter()
            .map(|(channel, feed)| {
                row(&[
                    escaped(channel),
                    feed.committed_at
                        .map_or_else(|| "none yet".to_owned(), |at| moment(now, at)),
                    moment(now, feed.since),
                ])
            })
            .collect();
        let caption = format!("Channels of {}", key.name);
        html.push_str(&table(&caption, "", &["Channel", "Newest event", "Read since"], &rows));
    }
    let rows: Vec<String> = stream
        .entities
        .iter()
        .map(|(name, entity)| {
            let lag = tables.and_then(|tables| tables.get(name));
            let newest = match lag {
                Some(lag) => lag
                    .committed
                    .map_or_else(|| format!("none in {DAYS} days"), |at| moment(now, at)),
                None => "–".to_owned(),
            };
            row(&[
                escaped(name),
                escaped(&entity.changelog),
                escaped(entity.current.as_deref().unwrap_or_default()),
                newest,
                n(&lag.map_or_else(String::new, |lag| count(lag.last_hour))),
            ])
        })
        .collect();
    let head = [
        "Entity",
        "Changelog",
        "Current table",
        "Newest change",
        "#In the last hour",
    ];
    html.push_str(&table(&format!("Entities of {}", key.name), "", &head, &rows));
    html.push_str("</section>\n");
    html
}
