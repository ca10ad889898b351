//! Rules for lengths of time, moments and dates.

use std::ops::RangeBounds;
use std::time::Duration;

use chrono::{DateTime, NaiveDate};

use super::{Validator, matches};
use crate::schema::{parse_duration, spell_duration};

/// A length of time such as `20m`.
pub fn duration() -> Validator {
    Validator::new("must be a duration such as `30s`, `20m` or `1h30m`", |value| {
        value.as_str().map_or(Ok(()), |text| parse_duration(text).map(|_| ()))
    })
}

/// A length of time in this range: `duration_in(Duration::from_secs(10)..=Duration::from_secs(600))`.
pub fn duration_in(range: impl RangeBounds<Duration> + Send + Sync + 'static) -> Validator {
    use std::ops::Bound;
    let least = match range.start_bound() {
        Bound::Included(start) | Bound::Excluded(start) => Some(spell_duration(*start)),
        Bound::Unbounded => None,
    };
    let most = match range.end_bound() {
        Bound::Included(end) | Bound::Excluded(end) => Some(spell_duration(*end)),
        Bound::Unbounded => None,
    };
    let text = match (least, most) {
        (Some(least), Some(most)) => format!("must be a duration of `{least}` to `{most}`"),
        (Some(least), None) => format!("must be a duration of at least `{least}`"),
        (None, Some(most)) => format!("must be a duration of at most `{most}`"),
        (None, None) => return duration(),
    };
    Validator::new(text.clone(), move |value| {
        let Some(given) = value.as_str() else { return Ok(()) };
        match parse_duration(given) {
            Ok(length) if range.contains(&length) => Ok(()),
            Ok(_) => Err(format!("{text}, got {given:?}")),
            Err(malformed) => Err(malformed),
        }
    })
}

/// A moment in RFC 3339: `2026-01-31T12:00:00Z`.
pub fn instant() -> Validator {
    matches("must be a moment such as `2026-01-31T12:00:00Z`", |text| {
        DateTime::parse_from_rfc3339(text).is_ok()
    })
}

/// A day: `2026-01-31`.
pub fn date() -> Validator {
    matches("must be a date such as `2026-01-31`", |text| {
        text.len() == "2026-01-31".len() && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
    })
}
