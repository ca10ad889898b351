//! Pages of time series. A page ends at a point, perhaps in the midst of a series, and the next one goes on behind it: what is
//! sampled meanwhile moves nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::align::Point;
use crate::http::answer::ApiError;

/// A subscription's series, the newest point first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) subscription: String,
    pub(super) points: Vec<Point>,
}

/// Where a page ended: behind this point of this series, or behind all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    subscription: String,
    at: Option<DateTime<Utc>>,
}

impl Place {
    pub(super) fn read(token: &str) -> Result<Place, ApiError> {
        let place = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let (micros, subscription) = text.split_once('/')?;
            let at = match micros {
                "" => None,
                micros => Some(DateTime::from_timestamp_micros(micros.parse().ok()?)?),
            };
            Some(Place {
                subscription: subscription.to_owned(),
                at,
            })
        };
        place().ok_or_else(|| ApiError::invalid("The page token is invalid."))
    }

    pub(super) fn token(&self) -> String {
        let micros = self.at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{micros}/{}", self.subscription))
    }
}

/// One page of `all`, which are sorted by their subscriptions, and where it ended if more is behind it. A page has so many points, or
/// so many series where points are not asked for.
pub(super) fn page(
    all: Vec<Series>,
    after: Option<&Place>,
    size: usize,
    with_points: bool,
) -> (Vec<Series>, Option<Place>) {
    let mut left = size;
    let mut page: Vec<Series> = Vec::new();
    for mut series in all {
        if let Some(after) = after {
            match series.subscription.cmp(&after.subscription) {
                std::cmp::Ordering::Less => continue,
                std::cmp::Ordering::Equal => series.points.retain(|point| after.at.is_some_and(|at| point.at < at)),
                std::cmp::Ordering::Greater => {}
            }
        }
        if series.points.is_empty() {
            continue;
        }
        let last = |page: &[Series], with_points: bool| {
            page.last().map(|last| Place {
                subscription: last.subscription.clone(),
                at: last.points.last().map(|point| point.at).filter(|_| with_points),
            })
        };
        if left == 0 {
            let end = last(&page, with_points);
            return (page, end);
        }
        let points = series.points.len();
        if !with_points {
            left -= 1;
            page.push(series);
        } else if points <= left {
            left -= points;
            page.push(series);
        } else {
            series.points.truncate(left);
            page.push(series);
            let end = last(&page, with_points);
            return (page, end);
        }
    }
    (page, None)
}

#[cfg(test)]
mod tests {
    use super::super::align::Number;
    use super::*;

    fn all() -> Vec<Series> {
        let series = |subscription: &str, times: &[i64]| Series {
            subscription: subscription.to_owned(),
            points: times
                .iter()
                .map(|second| Point {
                    at: DateTime::from_timestamp(*second, 0).unwrap(),
                    value: Number::Int(1),
                })
                .collect(),
        };
        vec![
            series("a", &[3, 2, 1]),
            series("b", &[]),
            series("c", &[2]),
            series("d", &[3, 2]),
        ]
    }

    #[test]
    fn pages_have_every_point_once() {
        for size in 1..=7 {
            let (mut got, mut after) = (Vec::new(), None);
            loop {
                let (page, end) = page(all(), after.as_ref(), size, true);
                let points = page.iter().map(|series| series.points.len()).sum::<usize>();
                assert!(points == size || end.is_none() && points > 0, "{size}: {page:?}");
                let flat = |series: &Series| {
                    let id = series.subscription.clone();
                    let times = series.points.iter().map(|point| point.at.timestamp());
                    times.map(|time| format!("{id}{time}")).collect::<Vec<_>>()
                };
                got.extend(page.iter().flat_map(flat));
                let Some(end) = end else { break };
                after = Some(Place::read(&end.token()).unwrap());
            }
            assert_eq!(got, ["a3", "a2", "a1", "c2", "d3", "d2"], "{size}");
        }
    }

    #[test]
    fn pages_of_headers_have_series() {
        let (first, end) = page(all(), None, 2, false);
        let ids = |page: &[Series]| {
            page.iter()
                .map(|series| series.subscription.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&first), ["a", "c"]);
        let after = Place::read(&end.unwrap().token()).unwrap();
        let (second, end) = page(all(), Some(&after), 2, false);
        assert_eq!((ids(&second), end), (vec!["d".to_owned()], None));
    }
}
