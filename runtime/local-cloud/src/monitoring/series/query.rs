//! What a call of `timeSeries.list` asks for.

use chrono::{DateTime, Utc};

use super::super::expression::{Comparison, Expression, Unanswered};
use super::super::{filter, invalid};
use super::align::Alignment;
use super::metrics::{Metric, RESOURCE, named};
use super::pages::Place;
use super::refused;
use crate::http::answer::ApiError;
use crate::http::call::Query;

/// The most results of a call, and as many as there are where none are asked for.
const MOST: usize = 100_000;

/// From one time to another, both included. Of a gauge it may be one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

/// See the module.
pub(super) struct Asked {
    given: String,
    filter: Expression,
    pub(super) metric: &'static Metric,
    pub(super) interval: Interval,
    pub(super) alignment: Option<Alignment>,
    pub(super) with_points: bool,
    pub(super) page_size: usize,
    pub(super) after: Option<Place>,
}

impl Asked {
    pub(super) fn read(query: &Query) -> Result<Asked, ApiError> {
        let given = query.get("filter").unwrap_or_default().to_owned();
        let wrong = |why: &str| invalid("filter", &given, why);
        let filter = filter::parse(&given).map_err(|why| wrong(&why))?;
        let required = filter.required();
        let of = |field: &str| -> Vec<&Comparison> {
            let all = required.iter().copied();
            all.filter(|one| one.field == field).collect()
        };
        let kind = match of("metric.type")[..] {
            [one] => one.equal_to(),
            _ => None,
        };
        let kind = kind.ok_or_else(|| {
            wrong("The filter must specify a single metric type, as in metric.type = \"pubsub.googleapis.com/…\".")
        })?;
        let metric = named(kind)?;
        let resources = of("resource.type");
        if !resources.is_empty()
            && resources
                .iter()
                .all(|one| one.equal_to().is_some_and(|kind| kind != RESOURCE))
        {
            return Err(wrong(
                "The supplied filter does not specify a valid combination of metric and monitored resource descriptors. The query will not return any time series.",
            ));
        }
        let interval = interval(query)?;
        let alignment = Alignment::read(query)?;
        let with_points = match query.get("view") {
            None | Some("FULL") => true,
            Some("HEADERS") => false,
            Some(other) => {
                return Err(ApiError::invalid(format!(
                    "Invalid value at 'view' (type.googleapis.com/google.monitoring.v3.ListTimeSeriesRequest.TimeSeriesView), \"{other}\""
                )));
            }
        };
        if let Some(order) = query.get("orderBy") {
            return Err(invalid(
                "order_by",
                order,
                "it is not supported and must be left blank.",
            ));
        }
        Ok(Asked {
            metric,
            interval,
            alignment,
            with_points,
            page_size: query.page_size("pageSize", MOST, MOST)?,
            after: query.get("pageToken").map(Place::read).transpose()?,
            filter,
            given,
        })
    }

    /// Whether the filter selects the series of a subscription.
    pub(super) fn selects(&self, project: &str, subscription: &str) -> Result<bool, ApiError> {
        let value = |field: &str| match field {
            "project" | "resource.labels.project_id" => Ok(project.to_owned()),
            "resource.labels.subscription_id" => Ok(subscription.to_owned()),
            "resource.type" => Ok(RESOURCE.to_owned()),
            "metric.type" => Ok(self.metric.kind.to_owned()),
            other if other == "group.id" || other.starts_with("metadata.") => Err(Unanswered::Unserved(format!(
                "the field {other} in a filter of time series"
            ))),
            other => Err(Unanswered::Wrong(format!(
                "\"{other}\" is no label of the metric or of the resource, whose labels are project_id and subscription_id."
            ))),
        };
        self.filter.holds(&value).map_err(|why| refused(why, &self.given))
    }
}

fn interval(query: &Query) -> Result<Interval, ApiError> {
    let end = time(query, "interval.endTime", "end_time")?
        .ok_or_else(|| invalid("interval.end_time", "", "The end time must be specified."))?;
    let start = time(query, "interval.startTime", "start_time")?.unwrap_or(end);
    if start > end {
        return Err(invalid(
            "interval.start_time",
            query.get("interval.startTime").unwrap_or_default(),
            &format!("The start time must not be later than the end time ({end:?})."),
        ));
    }
    Ok(Interval { start, end })
}

fn time(query: &Query, parameter: &str, field: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = query.get(parameter) else {
        return Ok(None);
    };
    let read = DateTime::parse_from_rfc3339(text);
    read.map(|time| Some(time.to_utc())).map_err(|_| {
        ApiError::invalid(format!(
            "Invalid value at 'interval.{field}' (type.googleapis.com/google.protobuf.Timestamp), Field '{field}', Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKLOG: &str = "filter=metric.type%3D%22pubsub.googleapis.com/subscription/num_undelivered_messages%22";
    const END: &str = "interval.endTime=2026-01-01T00:00:00Z";

    fn selects(more: &str, subscription: &str) -> Result<bool, ApiError> {
        Asked::read(&Query::parse(&format!("{BACKLOG}{more}&{END}")))?.selects("p", subscription)
    }

    #[test]
    fn subscriptions_are_selected() {
        for (more, expected) in [
            ("", true),
            (
                " resource.type=\"pubsub_subscription\" resource.label.subscription_id=\"s\"",
                true,
            ),
            (" AND resource.labels.subscription_id=\"t\"", false),
            (
                " AND resource.labels.subscription_id=one_of(\"t\", \"s\") project=\"p\"",
                true,
            ),
            (" AND resource.labels.project_id!=\"p\"", false),
        ] {
            assert_eq!(selects(more, "s").unwrap(), expected, "{more}");
        }
    }

    #[test]
    fn what_is_refused() {
        for (query, status, says) in [
            (END.to_owned(), 400, "The filter is empty"),
            (
                format!("filter=resource.type=\"pubsub_subscription\"&{END}"),
                400,
                "single metric type",
            ),
            (
                format!("filter=metric.type=starts_with(\"pubsub\")&{END}"),
                400,
                "single metric type",
            ),
            (format!("filter=metric.kind=\"x\"&{END}"), 400, "metric.kind"),
            (
                format!("filter=metric.type=\"custom.googleapis.com/x\"&{END}"),
                404,
                "Cannot find metric(s)",
            ),
            (
                format!("filter=metric.type=\"run.googleapis.com/x\"&{END}"),
                501,
                "run.googleapis.com/x",
            ),
            (
                format!("{BACKLOG} resource.type=\"gce_instance\"&{END}"),
                400,
                "valid combination",
            ),
            (BACKLOG.to_owned(), 400, "interval.end_time"),
            (
                format!("{BACKLOG}&interval.endTime=2026-01-01"),
                400,
                "Illegal timestamp",
            ),
            (
                format!("{BACKLOG}&{END}&interval.startTime=2026-01-01T00:00:01Z"),
                400,
                "later than the end time",
            ),
            (format!("{BACKLOG}&{END}&view=SOME"), 400, "SOME"),
            (format!("{BACKLOG}&{END}&orderBy=time"), 400, "order_by"),
            (format!("{BACKLOG}&{END}&pageSize=-1"), 400, "pageSize"),
            (format!("{BACKLOG}&{END}&pageToken=x"), 400, "page token"),
        ] {
            let error = Asked::read(&Query::parse(&query)).err().unwrap();
            assert_eq!(error.code, status, "{query}: {}", error.message);
            assert!(error.message.contains(says), "{query}: {}", error.message);
        }
        for (more, status) in [
            (" resource.labels.topic_id=\"t\"", 400),
            (" metric.labels.x=\"t\"", 400),
            (" metadata.user_labels.x=\"t\"", 501),
            (" group.id=\"t\"", 501),
        ] {
            assert_eq!(selects(more, "s").unwrap_err().code, status, "{more}");
        }
    }
}
