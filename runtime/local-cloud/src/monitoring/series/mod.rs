//! Time series of what Pub/Sub's subscriptions have before them, and the metrics that they are of.
//! <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list>
//!
//! Not here: series that users write, and series put together to one.

mod align;
pub(super) mod history;
pub(super) mod metrics;
mod pages;
mod query;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use self::align::{Alignment, Number, Point};
use self::history::Sample;
use self::pages::{Series, page};
use self::query::Asked;
use super::expression::Unanswered;
use super::invalid;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;

/// A filter that is written rightly and has no answer.
fn refused(why: Unanswered, given: &str) -> ApiError {
    match why {
        Unanswered::Wrong(why) => invalid("filter", given, &why),
        Unanswered::Unserved(what) => ApiError::unimplemented(what),
    }
}

pub(super) async fn list(call: Call) -> Answer {
    let asked = Asked::read(&call.query)?;
    let project = call.cloud.project_of(call.param("project"));
    // Whether a filter means anything does not hang on there being a subscription.
    asked.selects(project, "")?;
    let mut all = Vec::new();
    for (subscription, samples) in call.cloud.history.of_project(project) {
        if asked.selects(project, &subscription)? {
            let points = points(&asked, &samples);
            all.push(Series { subscription, points });
        }
    }
    let (page, end) = page(all, asked.after.as_ref(), asked.page_size, asked.with_points);
    let (value_type, unit) = asked.alignment.map_or(("INT64", None), Alignment::gives);
    let unit = unit.unwrap_or(asked.metric.unit);
    let mut answer = json!({ "unit": unit });
    if !page.is_empty() {
        let shown = page.iter().map(|series| {
            let mut shown = json!({
                "metric": { "type": asked.metric.kind },
                "resource": {
                    "type": metrics::RESOURCE,
                    "labels": { "project_id": project, "subscription_id": series.subscription },
                },
                "metricKind": "GAUGE",
                "valueType": value_type,
                "unit": unit,
            });
            if asked.with_points {
                shown["points"] = series.points.iter().map(shown_point).collect();
            }
            shown
        });
        answer["timeSeries"] = shown.collect();
    }
    if let Some(end) = end {
        answer["nextPageToken"] = json!(end.token());
    }
    ok(&answer)
}

/// The points that are asked for, the newest first.
fn points(asked: &Asked, samples: &[Sample]) -> Vec<Point> {
    let values = samples.iter().map(|sample| (sample.at, (asked.metric.value)(sample)));
    match asked.alignment {
        Some(alignment) => alignment.apply(&asked.interval, &values.collect::<Vec<_>>()),
        None => values
            .rev()
            .filter(|(at, _)| (asked.interval.start..=asked.interval.end).contains(at))
            .map(|(at, value)| Point {
                at,
                value: Number::Int(value),
            })
            .collect(),
    }
}

fn shown_point(point: &Point) -> Value {
    let at = time(point.at);
    json!({ "interval": { "startTime": at, "endTime": at }, "value": point.value.shown() })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
