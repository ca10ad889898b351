//! Dates and times in the two forms that clients send: text, and DATETIME and TIME packed into the bits of an integer
//! (in Google's client for Java `CivilTimeEncoder`, with microseconds).

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};

/// 0001-01-01 and 9999-12-31 in days since 1970-01-01.
pub(super) const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;
/// The same range in microseconds.
pub(super) const MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Days since 1970-01-01.
pub(super) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

fn since_midnight(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond()) / 1000
}

pub(super) fn date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    Some(days(date)).filter(|d| DAYS.contains(&i64::from(*d)))
}

/// Microseconds since midnight.
pub(super) fn time(text: &str) -> Option<i64> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M:%S%.f")
        .ok()
        .map(since_midnight)
}

/// Microseconds since 1970-01-01T00:00:00.
pub(super) fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dt%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let found = formats.iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok());
    let found = found.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    in_range(found?.and_utc().timestamp_micros())
}

/// Microseconds since 1970-01-01 00:00:00 UTC; without a zone UTC is meant.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let plain = ["UTC", "utc", "Z", "z"].iter().find_map(|zone| text.strip_suffix(zone));
    if let Some(micros) = datetime(plain.unwrap_or(text)) {
        return Some(micros);
    }
    let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
    let (civil, offset) = text.split_at(at);
    let seconds = offset_seconds(offset)?;
    let civil = Utc.timestamp_micros(datetime(civil)?).single()?.naive_utc();
    let instant: DateTime<FixedOffset> = FixedOffset::east_opt(seconds)?.from_local_datetime(&civil).single()?;
    in_range(instant.timestamp_micros())
}

/// `+2`, `-02:30` and the like.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, rest) = (if text.starts_with('-') { -1 } else { 1 }, &text[1..]);
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 3600 + minutes * 60))
}

fn in_range(micros: i64) -> Option<i64> {
    Some(micros).filter(|m| MICROS.contains(m))
}

/// TIME from its bits: hour (5), minute (6), second (6), microsecond (20).
pub(super) fn packed_time(bits: i64) -> Option<i64> {
    let field = |at: u32, width: u32| u32::try_from((bits >> at) & ((1 << width) - 1)).ok();
    if bits >> 37 != 0 {
        return None;
    }
    NaiveTime::from_hms_micro_opt(field(32, 5)?, field(26, 6)?, field(20, 6)?, field(0, 20)?).map(since_midnight)
}

/// DATETIME from its bits: year (14), month (4), day (5), and a TIME.
pub(super) fn packed_datetime(bits: i64) -> Option<i64> {
    let date = bits >> 37;
    let field = |at: u32, width: u32| u32::try_from((date >> at) & ((1 << width) - 1)).ok();
    let year = i32::try_from(date >> 9).ok()?;
    let day = NaiveDate::from_ymd_opt(year, field(5, 4)?, field(0, 5)?)?;
    let time = packed_time(bits & ((1 << 37) - 1))?;
    in_range(i64::from(days(day)) * 86_400_000_000 + time)
}

/// Months, days and nanoseconds of `[Y-M] [D] [H:M:S[.F]]`, as BigQuery writes an INTERVAL.
pub(super) fn interval(text: &str) -> Option<(i32, i32, i64)> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let (months, days, clock) = match parts.as_slice() {
        [months, days, clock] => (*months, *days, *clock),
        [days, clock] if clock.contains(':') && !days.contains(['-', ':']) => ("0-0", *days, *clock),
        [clock] if clock.contains(':') => ("0-0", "0", *clock),
        [months] if months[1..].contains('-') => (*months, "0", "0:0:0"),
        _ => return None,
    };
    let (sign, whole) = signed(months);
    let (years, months) = whole.split_once('-')?;
    let months = sign
        * (years
            .parse::<i32>()
            .ok()?
            .checked_mul(12)?
            .checked_add(months.parse().ok()?)?);
    let (sign, whole) = signed(clock);
    let mut pieces = whole.split(':');
    let (hours, minutes, seconds) = (pieces.next()?, pieces.next()?, pieces.next()?);
    if pieces.next().is_some() {
        return None;
    }
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction = format!("{fraction:0<9}");
    let whole: i64 =
        hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60 + seconds.parse::<i64>().ok()?;
    let nanos = whole
        .checked_mul(1_000_000_000)?
        .checked_add(fraction.get(..9)?.parse().ok()?)?;
    Some((months, days.parse().ok()?, i64::from(sign) * nanos))
}

fn signed(text: &str) -> (i32, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("10000-01-01"), None);
        assert_eq!(time("00:00:01.5"), Some(1_500_000));
        assert_eq!(datetime("1970-01-01T00:00:01"), datetime("1970-01-01 00:00:01"));
        for (text, micros) in [
            ("1970-01-01 00:00:01", Some(1_000_000)),
            ("1970-01-01 00:00:01 UTC", Some(1_000_000)),
            ("1970-01-01T00:00:01Z", Some(1_000_000)),
            ("1970-01-01 01:00:01.000001+01", Some(1_000_001)),
            ("1969-12-31 22:30:01-01:30", Some(1_000_000)),
            ("1970-01-01", Some(0)),
            ("tomorrow", None),
        ] {
            assert_eq!(timestamp(text), micros, "{text}");
        }
        for (text, parts) in [
            ("1-2 3 4:5:6.5", Some((14, 3, 14_706_500_000_000))),
            ("-1-2 -3 -0:0:1", Some((-14, -3, -1_000_000_000))),
            ("3 0:0:0", Some((0, 3, 0))),
            ("1-0", Some((12, 0, 0))),
            ("x", None),
        ] {
            assert_eq!(interval(text), parts, "{text}");
        }
    }

    #[test]
    fn bits() {
        let time = (23 << 32) | (59 << 26) | (58 << 20) | 7;
        assert_eq!(packed_time(time), Some(86_398_000_007));
        assert_eq!(packed_time(24 << 32), None);
        assert_eq!(packed_time(-1), None);
        let datetime = (((1970 << 9) | (1 << 5) | 2) << 37) | time;
        assert_eq!(packed_datetime(datetime), Some(86_400_000_000 + 86_398_000_007));
        assert_eq!(packed_datetime(0), None);
    }
}
