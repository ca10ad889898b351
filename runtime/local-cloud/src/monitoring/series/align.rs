//! Alignment: the points of a series, put together to one for each period of time.
//! <https://cloud.google.com/monitoring/api/v3/aggregation#alignment-periods>
//!
//! Periods are counted back from the end of the interval that is asked for; a period is without its begin and with its end.
//! Not here: how series are put together to one, which is not served.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::invalid;
use super::query::Interval;
use crate::clock::parse_duration;
use crate::http::answer::ApiError;
use crate::http::call::Query;

/// The longest period, 104 weeks.
const LONGEST: TimeDelta = TimeDelta::weeks(104);

/// A point of a gauge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) at: DateTime<Utc>,
    pub(super) value: Number,
}

/// A value of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(u64),
    Double(f64),
}

impl Number {
    pub(super) fn shown(self) -> Value {
        match self {
            Number::Int(value) => json!({ "int64Value": value.to_string() }),
            Number::Double(value) => json!({ "doubleValue": value }),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aligner {
    NextOlder,
    Min,
    Max,
    Mean,
    Sum,
    Count,
}

/// How a call wants points to be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alignment {
    aligner: Aligner,
    period: TimeDelta,
}

impl Alignment {
    /// Reads `aggregation` of a call; none if points are wanted as they are.
    pub(super) fn read(query: &Query) -> Result<Option<Alignment>, ApiError> {
        let secondary = |name: &str, value: &str| name.starts_with("secondaryAggregation.") && !value.is_empty();
        if query.pairs().iter().any(|(name, value)| secondary(name, value)) {
            return Err(ApiError::unimplemented("a secondary aggregation of time series"));
        }
        let aligner = query.get("aggregation.perSeriesAligner").unwrap_or("ALIGN_NONE");
        let reducer = query.get("aggregation.crossSeriesReducer").unwrap_or("REDUCE_NONE");
        if reducer != "REDUCE_NONE" {
            return Err(ApiError::unimplemented(format_args!(
                "the reducer {reducer} of time series, which puts several of them together"
            )));
        }
        let aligner = match aligner {
            "ALIGN_NONE" => return Ok(None),
            "ALIGN_NEXT_OLDER" => Aligner::NextOlder,
            "ALIGN_MIN" => Aligner::Min,
            "ALIGN_MAX" => Aligner::Max,
            "ALIGN_MEAN" => Aligner::Mean,
            "ALIGN_SUM" => Aligner::Sum,
            "ALIGN_COUNT" => Aligner::Count,
            "ALIGN_INTERPOLATE" | "ALIGN_STDDEV" | "ALIGN_PERCENT_CHANGE" => {
                return Err(ApiError::unimplemented(format_args!(
                    "the aligner {aligner} of time series"
                )));
            }
            "ALIGN_DELTA"
            | "ALIGN_RATE"
            | "ALIGN_COUNT_TRUE"
            | "ALIGN_COUNT_FALSE"
            | "ALIGN_FRACTION_TRUE"
            | "ALIGN_PERCENTILE_99"
            | "ALIGN_PERCENTILE_95"
            | "ALIGN_PERCENTILE_50"
            | "ALIGN_PERCENTILE_05" => {
                return Err(invalid(
                    "aggregation.perSeriesAligner",
                    aligner,
                    "The aligner cannot be applied to metrics with kind GAUGE and value type INT64.",
                ));
            }
            other => {
                return Err(ApiError::invalid(format!(
                    "Invalid value at 'aggregation.per_series_aligner' (type.googleapis.com/google.monitoring.v3.Aggregation.Aligner), \"{other}\""
                )));
            }
        };
        let period = read_period(query.get("aggregation.alignmentPeriod").unwrap_or_default())?;
        Ok(Some(Alignment { aligner, period }))
    }

    /// The type of values, and their unit where it is not the metric's.
    pub(super) fn gives(self) -> (&'static str, Option<&'static str>) {
        match self.aligner {
            Aligner::Mean => ("DOUBLE", None),
            Aligner::Count => ("INT64", Some("1")),
            Aligner::NextOlder | Aligner::Min | Aligner::Max | Aligner::Sum => ("INT64", None),
        }
    }

    /// One point for each period that ends in the interval and has any, the newest first. `values` are in the order of time.
    pub(super) fn apply(self, interval: &Interval, values: &[(DateTime<Utc>, u64)]) -> Vec<Point> {
        let (Some((first, _)), Some((last, _))) = (values.first(), values.last()) else {
            return Vec::new();
        };
        let mut points = Vec::new();
        let mut end = interval.end - self.whole_periods(interval.end - last);
        // Before the oldest value there is nothing, however long the interval is; nor behind the newest.
        while end >= interval.start && *first <= end {
            let from = values.partition_point(|(at, _)| *at <= end - self.period);
            let to = values.partition_point(|(at, _)| *at <= end);
            let within = values.get(from..to).unwrap_or_default().iter().map(|(_, value)| *value);
            if let Some(value) = self.aligner.of(within) {
                points.push(Point { at: end, value });
            }
            // The whole interval is one period or several: its begin ends none of it.
            end -= self.period;
            if end == interval.start {
                break;
            }
        }
        points
    }

    /// As many periods as there are in a time.
    fn whole_periods(self, time: TimeDelta) -> TimeDelta {
        let period = self.period.num_milliseconds().max(1);
        TimeDelta::milliseconds((time.num_milliseconds().max(0) / period).saturating_mul(period))
    }
}

impl Aligner {
    fn of(self, mut values: impl DoubleEndedIterator<Item = u64> + Clone) -> Option<Number> {
        let count = u64::try_from(values.clone().count()).unwrap_or(u64::MAX);
        let whole = match self {
            Aligner::NextOlder => values.next_back()?,
            Aligner::Min => values.min()?,
            Aligner::Max => values.max()?,
            Aligner::Sum if count > 0 => values.sum(),
            Aligner::Count if count > 0 => count,
            Aligner::Mean if count > 0 => return Some(Number::Double(double(values.sum()) / double(count))),
            Aligner::Sum | Aligner::Count | Aligner::Mean => return None,
        };
        Some(Number::Int(whole))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean is a double, as Google's is")]
fn double(value: u64) -> f64 {
    value as f64
}

fn read_period(text: &str) -> Result<TimeDelta, ApiError> {
    const FIELD: &str = "aggregation.alignmentPeriod";
    if text.is_empty() {
        return Err(invalid(FIELD, text, "it is required where there is an aligner."));
    }
    let period = parse_duration(text).and_then(|period| TimeDelta::from_std(period).ok());
    let period = period.ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid value at 'aggregation.alignment_period' (type.googleapis.com/google.protobuf.Duration), \"{text}\""
        ))
    })?;
    if period < TimeDelta::minutes(1) || period > LONGEST {
        return Err(invalid(
            FIELD,
            text,
            "it must be at least 60 seconds and at most 104 weeks.",
        ));
    }
    Ok(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn aligned(aligner: &str, start: i64, end: i64) -> Vec<(i64, Number)> {
        let query = Query::parse(&format!(
            "aggregation.alignmentPeriod=60s&aggregation.perSeriesAligner={aligner}"
        ));
        let alignment = Alignment::read(&query).unwrap().unwrap();
        let values = [(10, 1), (60, 2), (61, 9), (120, 4), (190, 7)];
        let values: Vec<_> = values.into_iter().map(|(second, value)| (at(second), value)).collect();
        let interval = Interval {
            start: at(start),
            end: at(end),
        };
        let points = alignment.apply(&interval, &values);
        points
            .into_iter()
            .map(|point| (point.at.timestamp(), point.value))
            .collect()
    }

    #[test]
    fn periods_are_counted_back_from_the_end() {
        use Number::{Double, Int};
        assert_eq!(aligned("ALIGN_MAX", 0, 180), [(120, Int(9)), (60, Int(2))]);
        assert_eq!(aligned("ALIGN_MIN", 0, 120), [(120, Int(4)), (60, Int(1))]);
        assert_eq!(aligned("ALIGN_NEXT_OLDER", 0, 180), [(120, Int(4)), (60, Int(2))]);
        assert_eq!(aligned("ALIGN_SUM", 60, 120), [(120, Int(13))]);
        assert_eq!(
            aligned("ALIGN_COUNT", 60, 200),
            [(200, Int(1)), (140, Int(1)), (80, Int(2))]
        );
        assert_eq!(aligned("ALIGN_MEAN", 60, 120), [(120, Double(6.5))]);
        assert_eq!(
            aligned("ALIGN_MAX", 120, 120),
            [(120, Int(9))],
            "a point in time has its period before it"
        );
        assert_eq!(aligned("ALIGN_MAX", -1_000_000_000, 9), []);
        assert_eq!(aligned("ALIGN_MAX", 10_000, 100_000), []);
        assert_eq!(
            aligned("ALIGN_MAX", 0, 240_000_000_040),
            [(220, Int(7)), (160, Int(4)), (100, Int(9)), (40, Int(1))]
        );
    }

    #[test]
    fn what_is_refused() {
        for (query, status, says) in [
            ("aggregation.perSeriesAligner=ALIGN_MAX", 400, "required"),
            (
                "aggregation.perSeriesAligner=ALIGN_MAX&aggregation.alignmentPeriod=59s",
                400,
                "60 seconds",
            ),
            (
                "aggregation.perSeriesAligner=ALIGN_MAX&aggregation.alignmentPeriod=1m",
                400,
                "Duration",
            ),
            (
                "aggregation.perSeriesAligner=ALIGN_RATE&aggregation.alignmentPeriod=60s",
                400,
                "GAUGE",
            ),
            (
                "aggregation.perSeriesAligner=LINE_UP&aggregation.alignmentPeriod=60s",
                400,
                "LINE_UP",
            ),
            (
                "aggregation.perSeriesAligner=ALIGN_STDDEV&aggregation.alignmentPeriod=60s",
                501,
                "ALIGN_STDDEV",
            ),
            ("aggregation.crossSeriesReducer=REDUCE_SUM", 501, "REDUCE_SUM"),
            ("secondaryAggregation.alignmentPeriod=60s", 501, "secondary"),
        ] {
            let error = Alignment::read(&Query::parse(query)).unwrap_err();
            assert_eq!(error.code, status, "{query}");
            assert!(error.message.contains(says), "{query}: {}", error.message);
        }
        let none = "aggregation.perSeriesAligner=ALIGN_NONE&aggregation.alignmentPeriod=1s";
        assert_eq!(
            Alignment::read(&Query::parse(none)).unwrap(),
            None,
            "the period is ignored"
        );
    }
}
