//! Whether a number is far from what it was: a pure function of the number and of what it was in the runs before.
//!
//! A run that did not hold is no measure for others: an outlier must not make the next one look usual. What changed for good is
//! told until the runs before the change are out of the window; then there are too few to compare with, and a new history begins.

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Value, json};

use super::aggregate::Said;
use super::cell::Cell;
use super::context::Earlier;
use super::outcome::{Observed, Reason, State};
use crate::suite::{Anomaly, AnomalyMethod, GroupBy, float_to_json};

/// By this the median distance from the median is the standard deviation, if the numbers are normally distributed.
const OF_MEDIAN_DISTANCE: f64 = 1.482_602_218_505_602;
/// The same of the mean distance.
const OF_MEAN_DISTANCE: f64 = 1.253_314_137_315_500_3;

/// What was observed: the number, and what of.
fn metric(check: &Anomaly) -> String {
    match &check.column {
        Some(column) => format!("{}({column})", check.metric.name()),
        None => check.metric.name().to_owned(),
    }
}

/// The numbers of the runs that count, the oldest first.
pub fn points(check: &Anomaly, earlier: &[Earlier], now: DateTime<Utc>) -> Vec<f64> {
    let metric = metric(check);
    let from = now.checked_sub_signed(check.window());
    let counts = |one: &&Earlier| {
        one.state == State::Pass
            && one.at < now
            && from.is_none_or(|from| one.at >= from)
            && one.observed["metric"] == metric.as_str()
            && (check.group_by == GroupBy::None || one.at.weekday() == now.weekday())
    };
    let number = |one: &Earlier| one.observed["value"].as_f64();
    earlier.iter().filter(counts).filter_map(number).collect()
}

/// What a number says.
pub fn judge(check: &Anomaly, found: &Said, before: &[f64]) -> Result<Said, Reason> {
    let value = match &found.observed {
        Observed::Cell(Cell::Int(i)) => *i as f64,
        Observed::Cell(Cell::Float(f)) => *f,
        Observed::Cell(Cell::Bool(b)) => f64::from(u8::from(*b)),
        Observed::Cell(cell @ Cell::Decimal(..)) => cell.to_string().parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    if !value.is_finite() {
        return Err(Reason::new(
            "no_data",
            format!("{} is no number that can be compared", metric(check)),
        ));
    }
    let shown = match &found.observed {
        Observed::Cell(cell @ Cell::Int(_)) => cell.to_json(true),
        _ => number(value),
    };
    let mut observed = json!({"metric": metric(check), "value": shown, "runs": before.len()});
    if before.len() < usize::try_from(check.min_points).unwrap_or(usize::MAX) {
        observed["compared"] = false.into();
        return Ok(Said::new(true, Observed::Json(observed)));
    }
    let median = median(before);
    let distance = distance(check.method, value, median, before);
    observed["median"] = number(median);
    observed["distance"] = number(distance);
    Ok(Said::new(distance <= check.threshold, Observed::Json(observed)))
}

fn number(value: f64) -> Value {
    float_to_json(value)
}

/// How far a number is from the others.
fn distance(method: AnomalyMethod, value: f64, median: f64, before: &[f64]) -> f64 {
    let far = (value - median).abs();
    if far == 0.0 {
        return 0.0;
    }
    let unit = match method {
        AnomalyMethod::RelativeChange => median.abs(),
        AnomalyMethod::RobustZ => spread(median, before),
    };
    // Of what never varied, any other number is infinitely far.
    far / unit
}

/// How much numbers vary. When more than half of them are the same, the median distance is 0 and the mean one says more.
fn spread(center: f64, before: &[f64]) -> f64 {
    let distances: Vec<f64> = before.iter().map(|point| (point - center).abs()).collect();
    let of_median = OF_MEDIAN_DISTANCE * median(&distances);
    if of_median > 0.0 {
        return of_median;
    }
    OF_MEAN_DISTANCE * distances.iter().sum::<f64>() / distances.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (
        sorted.get(middle),
        middle.checked_sub(1).and_then(|below| sorted.get(below)),
    ) {
        (Some(above), Some(below)) if sorted.len().is_multiple_of(2) => f64::midpoint(*below, *above),
        (Some(one), _) => *one,
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Metric;

    fn check(method: AnomalyMethod, threshold: f64) -> Anomaly {
        Anomaly {
            metric: Metric::RowCount,
            column: None,
            method,
            threshold,
            history: "28d".into(),
            min_points: 3,
            group_by: GroupBy::None,
        }
    }

    #[test]
    fn distances_are_measured_from_the_median() {
        use AnomalyMethod::{RelativeChange, RobustZ};
        let steady = [100.0, 102.0, 98.0, 101.0, 99.0];
        for (method, threshold, before, value, expected) in [
            (RelativeChange, 0.1, &steady[..], 110, Some((true, 0.1))),
            (RelativeChange, 0.1, &steady, 111, Some((false, 0.11))),
            (RelativeChange, 0.1, &steady, 89, Some((false, 0.11))),
            // 100 ± 1, in units of 1.4826.
            (RobustZ, 3.5, &steady, 105, Some((true, 5.0 / OF_MEDIAN_DISTANCE))),
            (RobustZ, 3.5, &steady, 94, Some((false, 6.0 / OF_MEDIAN_DISTANCE))),
            // More than half are the same: the mean distance, 2 of 5.
            (
                RobustZ,
                3.0,
                &[5.0, 5.0, 5.0, 5.0, 15.0],
                10,
                Some((true, 5.0 / (OF_MEAN_DISTANCE * 2.0))),
            ),
            (RobustZ, 3.0, &[7.0, 7.0, 7.0], 7, Some((true, 0.0))),
            (RobustZ, 3.0, &[7.0, 7.0, 7.0], 8, Some((false, f64::INFINITY))),
            (RelativeChange, 9.0, &[0.0, 0.0, 0.0], 1, Some((false, f64::INFINITY))),
            // Too few.
            (RobustZ, 3.0, &[7.0, 7.0], 8_000, None),
            (RobustZ, 3.0, &[], 8, None),
        ] {
            let check = check(method, threshold);
            let found = Said::new(true, Observed::Cell(Cell::Int(value)));
            let said = judge(&check, &found, before).expect("a verdict");
            let observed = said.observed.to_json(false);
            assert_eq!(observed["value"], value as f64);
            match expected {
                None => {
                    assert!(said.success);
                    assert_eq!(observed["compared"], false);
                }
                Some((success, distance)) => {
                    assert_eq!(said.success, success, "{method:?} {before:?} {value}");
                    let found = observed["distance"].as_f64().unwrap_or(f64::INFINITY);
                    assert!((found - distance).abs() < 1e-12 || found == distance, "{observed}");
                }
            }
        }
        let nothing = Said::new(false, Observed::Cell(Cell::Null));
        assert!(judge(&check(RobustZ, 1.0), &nothing, &steady).is_err());
    }

    #[test]
    fn only_runs_that_held_and_are_alike_count() {
        let now: DateTime<Utc> = "2026-02-02T06:00:00Z".parse().expect("a Monday");
        let earlier = |at: &str, state: State, value: i64| Earlier {
            at: at.parse().expect("a time"),
            state,
            observed: json!({"metric": "row_count", "value": value}),
        };
        let mut found = vec![
            earlier("2026-01-05T05:59:59Z", State::Pass, 1),
            earlier("2026-01-05T06:00:00Z", State::Pass, 2),
            earlier("2026-01-26T06:00:00Z", State::Pass, 3),
            earlier("2026-01-27T06:00:00Z", State::Fail, 4),
            earlier("2026-01-28T06:00:00Z", State::Warn, 5),
            earlier("2026-01-29T06:00:00Z", State::Error, 6),
            earlier("2026-02-01T06:00:00Z", State::Pass, 7),
            earlier("2026-02-02T06:00:00Z", State::Pass, 8),
        ];
        found.push(Earlier {
            observed: json!({"metric": "mean(a)", "value": 9}),
            ..found[6].clone()
        });
        let mut check = check(AnomalyMethod::RobustZ, 3.0);
        assert_eq!(points(&check, &found, now), [2.0, 3.0, 7.0]);
        check.group_by = GroupBy::DayOfWeek;
        assert_eq!(points(&check, &found, now), [2.0, 3.0]);
    }
}
