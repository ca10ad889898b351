//! Interval literals over several parts, as in `INTERVAL '1-2 3 4:5:6.5' YEAR TO SECOND`.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#interval_literals>.

use super::Ex;
use crate::types::Ty;

const PARTS: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];

/// The interval that `text` writes from one part to another.
pub(super) fn between(text: &str, from: &str, to: &str) -> Option<Ex> {
    let place = |part: &str| PARTS.iter().position(|p| *p == part);
    let (first, last) = (place(from)?, place(to)?);
    if first >= last {
        return None;
    }
    let (months, days, micros) = read(text.trim(), first, last)?;
    Some(Ex::new(
        format!("(to_months({months}) + to_days({days}) + to_microseconds({micros}))"),
        Ty::Interval,
    ))
}

/// The interval of one part whose amount is written as text, as in `INTERVAL '1.5' SECOND`.
pub(super) fn single(text: &str, part: &str) -> Option<Ex> {
    let (sign, digits) = signed(text.trim());
    let (amount, factor, unit) = match part {
        "second" => (seconds(digits)?, 1, "microseconds"),
        "year" => (whole(digits)?, 12, "months"),
        "quarter" => (whole(digits)?, 3, "months"),
        "week" => (whole(digits)?, 7, "days"),
        "month" => (whole(digits)?, 1, "months"),
        "day" => (whole(digits)?, 1, "days"),
        "hour" => (whole(digits)?, 1, "hours"),
        "minute" => (whole(digits)?, 1, "minutes"),
        "millisecond" => (whole(digits)?, 1, "milliseconds"),
        "microsecond" => (whole(digits)?, 1, "microseconds"),
        _ => return None,
    };
    Some(Ex::new(format!("to_{unit}({})", sign * amount * factor), Ty::Interval))
}

/// Months, days and microseconds.
fn read(text: &str, first: usize, last: usize) -> Option<(i64, i64, i64)> {
    let mut groups = text.split_whitespace();
    let mut months = 0;
    let mut days = 0;
    let mut micros = 0;
    if first <= 1 && last >= 1 {
        let (sign, group) = signed(groups.next()?);
        let (years, rest) = match (first, group.split_once('-')) {
            (0, Some((years, rest))) => (years, rest),
            (1, None) => ("0", group),
            _ => return None,
        };
        months = sign * (whole(years)? * 12 + whole(rest)?);
    }
    if first <= 2 && last >= 2 {
        let (sign, group) = signed(groups.next()?);
        days = sign * whole(group)?;
    }
    if last >= 3 {
        let (sign, group) = signed(groups.next()?);
        let from = first.max(3);
        let pieces: Vec<&str> = group.split(':').collect();
        if pieces.len() != last - from + 1 {
            return None;
        }
        for (piece, unit) in pieces.iter().zip(from..) {
            micros += match unit {
                3 => whole(piece)?.checked_mul(3_600_000_000)?,
                4 => whole(piece)?.checked_mul(60_000_000)?,
                _ => seconds(piece)?,
            };
        }
        micros *= sign;
    }
    groups.next().is_none().then_some((months, days, micros))
}

fn signed(text: &str) -> (i64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn whole(text: &str) -> Option<i64> {
    text.parse::<u32>().ok().map(i64::from)
}

fn seconds(text: &str) -> Option<i64> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some(whole(whole_part)? * 1_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_are_read_from_first_to_last() {
        for (text, first, last, expected) in [
            ("1-2", 0, 1, Some((14, 0, 0))),
            ("-1-2 3", 0, 2, Some((-14, 3, 0))),
            ("1-2 3 4:5:6.5", 0, 5, Some((14, 3, 14_706_500_000))),
            ("2 -4:30", 2, 4, Some((0, 2, -16_200_000_000))),
            ("4:0:0", 3, 5, Some((0, 0, 14_400_000_000))),
            ("4:0", 3, 5, None),
            ("x", 2, 3, None),
        ] {
            assert_eq!(super::read(text, first, last), expected, "{text}");
        }
    }
}
