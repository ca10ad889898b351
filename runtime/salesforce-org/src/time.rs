//! Instants as milliseconds since 1970, their text forms, and the clock of the org, which a test may move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const SECOND: i64 = 1000;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// The clock of the org: the machine's, moved by an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> i64 {
        system_now() + self.offset_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, now_ms: i64) {
        self.offset_ms.store(now_ms - system_now(), Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Year, month, day of a day number (1970-01-01 is 0), after Howard Hinnant's `civil_from_days`.
pub(crate) fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        yoe + era * 400 + i64::from(month <= 2),
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

/// The day number of a date: the inverse of [`civil`].
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn push_digits(out: &mut Vec<u8>, value: i64, width: u32) {
    for at in (0..width).rev() {
        out.push(b'0' + (value / 10i64.pow(at) % 10) as u8);
    }
}

/// `2026-11-23`.
pub(crate) fn push_date(out: &mut Vec<u8>, day: i64) {
    let (y, m, d) = civil(day);
    push_digits(out, y, 4);
    out.push(b'-');
    push_digits(out, m, 2);
    out.push(b'-');
    push_digits(out, d, 2);
}

/// `10:15:00.000Z`.
pub(crate) fn push_time(out: &mut Vec<u8>, ms_of_day: i64) {
    push_digits(out, ms_of_day / 3_600_000, 2);
    out.push(b':');
    push_digits(out, ms_of_day / 60_000 % 60, 2);
    out.push(b':');
    push_digits(out, ms_of_day / 1000 % 60, 2);
    out.push(b'.');
    push_digits(out, ms_of_day % 1000, 3);
    out.push(b'Z');
}

/// `2026-11-23T10:15:00.000Z`: the form in which datetimes are stored and written by the Bulk API.
pub(crate) fn push_datetime(out: &mut Vec<u8>, ms: i64) {
    push_date(out, ms.div_euclid(DAY));
    out.push(b'T');
    push_time(out, ms.rem_euclid(DAY));
}

/// [`push_datetime`] as text.
pub(crate) fn datetime(ms: i64) -> String {
    let mut out = Vec::with_capacity(24);
    push_datetime(&mut out, ms);
    String::from_utf8_lossy(&out).into_owned()
}

/// The REST form, with `+0000` for the `Z`.
pub(crate) fn datetime_rest(ms: i64) -> String {
    let mut text = datetime(ms);
    text.pop();
    text + "+0000"
}

/// The form of the HTTP `Date` header.
pub(crate) fn http_date(ms: i64) -> String {
    let day = ms.div_euclid(DAY);
    let (y, m, d) = civil(day);
    let s = ms.rem_euclid(DAY) / 1000;
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][day.rem_euclid(7) as usize];
    let month = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][m as usize - 1];
    format!(
        "{weekday}, {d:02} {month} {y:04} {:02}:{:02}:{:02} GMT",
        s / 3600,
        s / 60 % 60,
        s % 60
    )
}

/// Reads [`http_date`]'s form.
pub(crate) fn parse_http_date(text: &str) -> Option<i64> {
    let naive = chrono::NaiveDateTime::parse_from_str(text.trim(), "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(naive.and_utc().timestamp_millis())
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The day number of `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || y.len() != 4 || m.len() != 2 || d.len() != 2 {
        return None;
    }
    let day = day_number(number(y)?, number(m)?, number(d)?);
    (civil(day) == (number(y)?, number(m)?, number(d)?)).then_some(day)
}

/// Milliseconds of a day from `HH:MM[:SS[.fff]][Z]`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (h, m) = (number(parts.next()?)?, number(parts.next()?)?);
    let s = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || h > 23 || m > 59 || s > 59 || fraction.len() > 9 {
        return None;
    }
    let ms = if fraction.is_empty() {
        0
    } else {
        number(&format!("{fraction:0<3}")[..3])?
    };
    Some(((h * 60 + m) * 60 + s) * SECOND + ms)
}

/// Milliseconds since 1970 from `YYYY-MM-DDTHH:MM:SS[.fff](Z|±HH:MM|±HHMM)`.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let offset = match zone.as_bytes()[0] {
        b'Z' | b'z' => (zone.len() == 1).then_some(0)?,
        sign => {
            let digits = zone[1..].replace(':', "");
            if digits.len() != 4 {
                return None;
            }
            let minutes = number(&digits[..2])? * 60 + number(&digits[2..])?;
            if sign == b'-' { -minutes } else { minutes }
        }
    };
    Some(parse_date(date)? * DAY + parse_time(clock)? - offset * 60 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_round_trip() {
        for text in [
            "1969-12-31T23:59:59.999Z",
            "1900-02-28T00:00:00.000Z",
            "2024-02-29T12:30:05.007Z",
            "2400-12-31T23:00:00.000Z",
        ] {
            assert_eq!(parse_datetime(text).map(datetime).as_deref(), Some(text));
        }
    }

    #[test]
    fn offsets_and_forms() {
        let at = parse_datetime("2024-05-01T10:00:00Z");
        assert!(at.is_some());
        for same in [
            "2024-05-01T12:00:00+02:00",
            "2024-05-01T12:00:00.000+0200",
            "2024-05-01T05:30:00-0430",
        ] {
            assert_eq!(parse_datetime(same), at, "{same}");
        }
        for bad in [
            "2024-13-01T00:00:00Z",
            "2024-02-30T00:00:00Z",
            "2024-05-01",
            "2024-05-01T10:00:00",
            "2024-05-01T25:00:00Z",
        ] {
            assert_eq!(parse_datetime(bad), None, "{bad}");
        }
        assert_eq!(parse_http_date(&http_date(1_700_000_000_000)), Some(1_700_000_000_000));
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
