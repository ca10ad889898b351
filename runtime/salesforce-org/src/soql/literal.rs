//! Named dates: `TODAY`, `LAST_N_DAYS:7` and their kin, as half-open ranges in UTC.

use crate::time::{DAY, civil, day_number};

const PLAIN: &[&str] = &[
    "YESTERDAY",
    "TODAY",
    "TOMORROW",
    "LAST_WEEK",
    "THIS_WEEK",
    "NEXT_WEEK",
    "LAST_MONTH",
    "THIS_MONTH",
    "NEXT_MONTH",
    "LAST_90_DAYS",
    "NEXT_90_DAYS",
    "LAST_QUARTER",
    "THIS_QUARTER",
    "NEXT_QUARTER",
    "LAST_YEAR",
    "THIS_YEAR",
    "NEXT_YEAR",
];
const COUNTED: &[&str] = &[
    "LAST_N_DAYS",
    "NEXT_N_DAYS",
    "N_DAYS_AGO",
    "LAST_N_WEEKS",
    "NEXT_N_WEEKS",
    "N_WEEKS_AGO",
    "LAST_N_MONTHS",
    "NEXT_N_MONTHS",
    "N_MONTHS_AGO",
    "LAST_N_QUARTERS",
    "NEXT_N_QUARTERS",
    "N_QUARTERS_AGO",
    "LAST_N_YEARS",
    "NEXT_N_YEARS",
    "N_YEARS_AGO",
];

pub(super) fn is_named(upper: &str) -> bool {
    PLAIN.contains(&upper) || COUNTED.contains(&upper)
}

#[derive(Clone, Copy)]
enum Unit {
    Day,
    Week,
    Month(i64),
}

/// The days from and (exclusive) to that a literal stands for; `None` when its count is missing or too much.
pub(super) fn range(name: &str, n: Option<i64>, now_ms: i64) -> Option<(i64, i64)> {
    let today = now_ms.div_euclid(DAY);
    if PLAIN.contains(&name) != n.is_none() {
        return None;
    }
    match name {
        "YESTERDAY" => return Some((today - 1, today)),
        "TODAY" => return Some((today, today + 1)),
        "TOMORROW" => return Some((today + 1, today + 2)),
        "LAST_90_DAYS" => return Some((today - 90, today + 1)),
        "NEXT_90_DAYS" => return Some((today + 1, today + 91)),
        _ => {}
    }
    let unit = match name {
        n if n.contains("DAY") => Unit::Day,
        n if n.contains("WEEK") => Unit::Week,
        n if n.contains("MONTH") => Unit::Month(1),
        n if n.contains("QUARTER") => Unit::Month(3),
        _ => Unit::Month(12),
    };
    let count = n.unwrap_or(1);
    let (from, to) = if name.ends_with("_AGO") {
        (-count, 1 - count)
    } else if name.starts_with("LAST") {
        // The last N days include today; the last N weeks and so on do not include the current one.
        if matches!(unit, Unit::Day) {
            (-count, 1)
        } else {
            (-count, 0)
        }
    } else if name.starts_with("NEXT") {
        (1, 1 + count)
    } else {
        (0, 1)
    };
    Some((start_of(unit, today, from), start_of(unit, today, to)))
}

/// The first day of the unit that is `steps` after the one with `day` in it.
fn start_of(unit: Unit, day: i64, steps: i64) -> i64 {
    match unit {
        Unit::Day => day + steps,
        // 1970-01-01 was a Thursday; weeks begin on Sunday.
        Unit::Week => day - (day + 4).rem_euclid(7) + 7 * steps,
        Unit::Month(size) => {
            let (year, month, _) = civil(day);
            let months = (year * 12 + month - 1).div_euclid(size) * size + steps * size;
            day_number(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn ranges() {
        // A Monday.
        let now = parse_date("2026-11-23").unwrap() * DAY + 5;
        for (name, n, from, to) in [
            ("TODAY", None, "2026-11-23", "2026-11-24"),
            ("YESTERDAY", None, "2026-11-22", "2026-11-23"),
            ("LAST_N_DAYS", Some(7), "2026-11-16", "2026-11-24"),
            ("N_DAYS_AGO", Some(3), "2026-11-20", "2026-11-21"),
            ("THIS_WEEK", None, "2026-11-22", "2026-11-29"),
            ("LAST_MONTH", None, "2026-10-01", "2026-11-01"),
            ("NEXT_N_MONTHS", Some(2), "2026-12-01", "2027-02-01"),
            ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
            ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
            ("LAST_N_YEARS", Some(2), "2024-01-01", "2026-01-01"),
        ] {
            assert_eq!(
                range(name, n, now),
                Some((parse_date(from).unwrap(), parse_date(to).unwrap())),
                "{name}"
            );
        }
        assert_eq!(range("LAST_N_DAYS", None, now), None);
        assert_eq!(range("TODAY", Some(1), now), None);
    }
}
