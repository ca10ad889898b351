//! What the runs before have found of expectations that look back: read once for all of them, and only of the days that count.

use chrono::{DateTime, SecondsFormat, TimeDelta};
use headwater_cloud::{Cloud, Error};
use headwater_quality::engine::{Context, Earlier, History};
use headwater_quality::report::state_of;
use headwater_suite::{Check, Expectation};
use serde_json::Value;

use super::{Run, record, text};

/// A schema that was recorded longer ago is forgotten: the next run records it anew.
const SCHEMAS: TimeDelta = TimeDelta::days(400);
/// So many runs of an expectation are compared with at most, the last ones.
const RUNS: usize = 10_000;

/// What the run knows beside the data.
pub async fn context(cloud: &Cloud, run: &Run<'_>) -> Result<Context, Error> {
    let all = run.suite.suite.expectations.iter();
    let looking: Vec<&Expectation> = all.filter(|one| one.enabled && one.check.looks_back()).collect();
    let history = if looking.is_empty() {
        History::default()
    } else {
        let location = run.suite.results.dataset.location.as_str();
        let found = cloud.bigquery().query(&asked(run, &looking), Some(location)).await?;
        found.rows.iter().filter_map(|row| earlier(row)).collect()
    };
    Ok(Context {
        now: Some(run.started),
        history: Some(history),
    })
}

fn asked(run: &Run<'_>, looking: &[&Expectation]) -> String {
    let back = looking.iter().map(|one| match &one.check {
        Check::Anomaly(anomaly) => anomaly.window(),
        _ => SCHEMAS,
    });
    let from = run.started - back.max().unwrap_or_default();
    let stamp = |at: DateTime<chrono::Utc>| text(&at.to_rfc3339_opts(SecondsFormat::Micros, true));
    let ids: Vec<String> = looking.iter().map(|one| text(&one.identity())).collect();
    format!(
        "SELECT expectation_id, CAST(UNIX_MICROS(started) AS STRING), state, observed FROM {} \
         WHERE started >= TIMESTAMP {} AND started < TIMESTAMP {} AND suite = {} AND target = {} AND run_id != {} \
         AND expectation_id IN ({}) AND observed IS NOT NULL \
         QUALIFY ROW_NUMBER() OVER (PARTITION BY expectation_id ORDER BY started DESC) <= IF(type = 'schema_change', 1, {RUNS})",
        record::results_table(run).sql(),
        stamp(from),
        stamp(run.started),
        text(&run.spec.name),
        text(&run.suite.target.name()),
        text(&run.id),
        ids.join(", ")
    )
}

fn earlier(row: &[Value]) -> Option<(String, Earlier)> {
    let cell = |at: usize| row.get(at).and_then(Value::as_str);
    let earlier = Earlier {
        at: DateTime::from_timestamp_micros(cell(1)?.parse().ok()?)?,
        state: state_of(cell(2)?)?,
        observed: serde_json::from_str(cell(3)?).ok()?,
    };
    Some((cell(0)?.to_owned(), earlier))
}
