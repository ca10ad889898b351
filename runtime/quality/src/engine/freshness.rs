//! How old the newest value is: a pure function of the value and the time.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::json;

use super::aggregate::Said;
use super::cell::Cell;
use super::outcome::{Observed, Reason};
use crate::literal;
use crate::suite::{Freshness, duration};

/// From when to when the newest value is: a timestamp is one moment, a day begins and ends.
struct Newest {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

fn newest(text: &str) -> Option<Newest> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let from = day.and_time(NaiveTime::MIN).and_utc();
        return Some(Newest {
            from,
            to: from.checked_add_signed(TimeDelta::days(1))?,
        });
    }
    let (civil, offset) = literal::timestamp(text).ok()?;
    let at = civil.and_utc() - TimeDelta::seconds(offset.unwrap_or_default().into());
    Some(Newest { from: at, to: at })
}

/// What the greatest value of the column says.
pub fn judge(check: &Freshness, greatest: Said, now: DateTime<Utc>) -> Result<Said, Reason> {
    let Observed::Cell(Cell::Moment(text)) = &greatest.observed else {
        // There are no values, and the check says what that means.
        return Ok(Said {
            success: false,
            ..greatest
        });
    };
    let unreadable = || {
        Reason::new(
            "too_large",
            format!("{text} is no moment that can be compared with the time"),
        )
    };
    let newest = newest(text).ok_or_else(unreadable)?;
    let length = |text: &String| duration::parse(text).map_err(|why| Reason::new("wrong_value", why));
    let max_age = length(&check.max_age)?;
    let max_ahead = check.max_ahead.as_ref().map(length).transpose()?;
    let age = now - newest.to;
    let ahead = newest.from - now;
    let success = age <= max_age && max_ahead.is_none_or(|most| ahead <= most);
    let observed = json!({"newest": text, "age_seconds": age.num_seconds()});
    Ok(Said::new(success, Observed::Json(observed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::NoData;

    #[test]
    fn the_newest_value_is_neither_too_old_nor_from_the_future() {
        let now = "2026-02-01T12:00:00Z".parse().expect("a time");
        for (newest, max_age, max_ahead, success, seconds) in [
            ("2026-02-01T06:00:00+00:00", "6h", None, true, 21_600),
            ("2026-02-01T05:59:59+00:00", "6h", None, false, 21_601),
            // Without a zone it is UTC.
            ("2026-02-01T11:59:00", "1m", None, true, 60),
            // A day is as old as its end.
            ("2026-01-31", "12h", None, true, 43_200),
            ("2026-01-31", "11h", None, false, 43_200),
            ("2026-02-01", "1s", Some("0s"), true, -43_200),
            // The future: allowed unless it is not.
            ("2026-02-01T13:00:00+00:00", "6h", None, true, -3_600),
            ("2026-02-01T13:00:00+00:00", "6h", Some("1h"), true, -3_600),
            ("2026-02-01T13:00:01+00:00", "6h", Some("1h"), false, -3_601),
            ("2026-02-02", "6h", Some("12h"), true, -129_600),
            ("2026-02-02", "6h", Some("11h"), false, -129_600),
        ] {
            let check = Freshness {
                column: "at".into(),
                max_age: max_age.into(),
                max_ahead: max_ahead.map(str::to_owned),
                no_data: NoData::Error,
            };
            let greatest = Said::new(true, Observed::Cell(Cell::Moment(newest.into())));
            let said = judge(&check, greatest, now).expect("a verdict");
            assert_eq!(said.success, success, "{newest} {max_age} {max_ahead:?}");
            assert_eq!(said.observed.to_json(false)["age_seconds"], seconds, "{newest}");
        }
    }
}
