//! Date parts and time zones: what a granularity means to DuckDB, and how a moment is cut, counted and taken apart.

use sqlparser::ast::{Expr, Spanned};

use super::{Ex, Result, at, literal};
use crate::error::Fault;
use crate::types::{Ty, literal as quote};

/// A granularity: GoogleSQL's name of it, DuckDB's, and for weeks how many days after Monday they begin.
pub(super) struct Part {
    pub(super) written: String,
    pub(super) name: &'static str,
    week_start: Option<u8>,
}

const TIME_PARTS: &[&str] = &["microsecond", "millisecond", "second", "minute", "hour"];

pub(super) fn named(text: &str) -> Option<Part> {
    let written = text.to_ascii_uppercase();
    let (name, week_start) = match written.as_str() {
        "MICROSECOND" => ("microsecond", None),
        "MILLISECOND" => ("millisecond", None),
        "SECOND" => ("second", None),
        "MINUTE" => ("minute", None),
        "HOUR" => ("hour", None),
        "DAY" => ("day", None),
        "WEEK" | "WEEK(SUNDAY)" => ("week", Some(6)),
        "ISOWEEK" | "WEEK(MONDAY)" => ("week", Some(0)),
        "WEEK(TUESDAY)" => ("week", Some(1)),
        "WEEK(WEDNESDAY)" => ("week", Some(2)),
        "WEEK(THURSDAY)" => ("week", Some(3)),
        "WEEK(FRIDAY)" => ("week", Some(4)),
        "WEEK(SATURDAY)" => ("week", Some(5)),
        "MONTH" => ("month", None),
        "QUARTER" => ("quarter", None),
        "YEAR" => ("year", None),
        "ISOYEAR" => ("isoyear", None),
        _ => return None,
    };
    Some(Part {
        written,
        name,
        week_start,
    })
}

pub(super) fn of(expr: &Expr) -> Result<Part> {
    let text = expr.to_string();
    named(&text).ok_or_else(|| {
        Fault::query(format!(
            "A valid date part name is required but found {text}{}",
            at(expr)
        ))
    })
}

impl Part {
    fn is_time(&self) -> bool {
        TIME_PARTS.contains(&self.name)
    }

    /// Refuses what a function cannot do with this type.
    pub(super) fn must_fit(&self, function: &str, ty: &Ty, node: &impl Spanned) -> Result<()> {
        let (_, kind) = function.split_once('_').unwrap_or(("", function));
        let moves = matches!(kind, "ADD" | "SUB");
        let fits = match ty {
            Ty::Date => !self.is_time(),
            Ty::Time => self.is_time(),
            Ty::Timestamp if moves || kind == "DIFF" => self.is_time() || self.name == "day",
            _ => true,
        };
        let fits =
            fits && !(moves && (self.name == "isoyear" || self.written.contains("WEEK") && self.written != "WEEK"));
        if fits {
            return Ok(());
        }
        Err(Fault::query(format!(
            "{function} does not support the {} date part{}",
            self.written,
            at(node)
        )))
    }

    /// The boundaries (of a TIMESTAMP the whole intervals) between two moments.
    pub(super) fn difference(&self, start: &str, end: &str, ty: &Ty) -> String {
        match (self.week_start, self.name) {
            // 1970-01-01 was a Thursday: the weeks since then that begin on this day.
            (Some(days), _) => {
                let shift = 3 - i32::from(days);
                let weeks = |value: &str| format!("floor((CAST({value} AS DATE) - DATE '1970-01-01' + {shift}) / 7)");
                format!("CAST({} - {} AS BIGINT)", weeks(end), weeks(start))
            }
            // Microseconds by themselves would overflow in DuckDB's date_sub.
            (None, "microsecond") => format!("(epoch_us({end}) - epoch_us({start}))"),
            (None, name) if *ty == Ty::Timestamp => format!("date_sub('{name}', {start}, {end})"),
            (None, name) => format!("date_diff('{name}', {start}, {end})"),
        }
    }

    /// The beginning of the part that a civil moment (DATE or DATETIME) is in.
    pub(super) fn cut(&self, civil: &str) -> String {
        match (self.week_start, self.name) {
            (Some(days), _) if days > 0 => {
                let shift = 7 - i32::from(days);
                format!("date_trunc('week', {civil} + to_days({shift})) - to_days({shift})")
            }
            (_, "isoyear") => {
                format!("date_trunc('week', make_date(date_part('isoyear', {civil})::BIGINT, 1, 4))")
            }
            (_, part) => format!("date_trunc('{part}', {civil})"),
        }
    }

    /// The last day of the part that a date is in.
    pub(super) fn last_day(&self, date: &str) -> Option<String> {
        Some(match (self.week_start, self.name) {
            (Some(_), _) => format!("{} + to_days(6)", self.cut(date)),
            (_, "isoyear") => {
                format!("date_trunc('week', make_date(date_part('isoyear', {date})::BIGINT + 1, 1, 4)) - to_days(1)")
            }
            (_, "month") => format!("last_day({date})"),
            (_, "quarter") => format!("date_trunc('quarter', {date}) + to_months(3) - to_days(1)"),
            (_, "year") => format!("make_date(date_part('year', {date})::BIGINT, 12, 31)"),
            _ => return None,
        })
    }

    /// The week's number in its year: days before the first such day are in week 0.
    fn week_number(&self, civil: &str) -> Option<String> {
        let first = self.week_start?;
        Some(format!(
            "(date_part('doy', {civil}) + 6 - (date_part('isodow', {civil}) + 6 - {first}) % 7) // 7"
        ))
    }
}

/// EXTRACT of a civil moment or an interval; what it answers, and `None` where it cannot.
pub(super) fn extraction(name: &str, value: &str, ty: &Ty) -> Option<Ex> {
    let number = |sql: String| Some(Ex::new(format!("CAST({sql} AS BIGINT)"), Ty::Int64));
    let time = matches!(name, "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND");
    let fits = match ty {
        Ty::Time => time,
        Ty::Date => !time && !matches!(name, "TIME" | "DATETIME" | "DATE"),
        Ty::Interval => time || matches!(name, "YEAR" | "MONTH" | "DAY"),
        _ => true,
    };
    if !fits {
        return None;
    }
    match name {
        "DATE" => Some(Ex::new(format!("CAST({value} AS DATE)"), Ty::Date)),
        "TIME" => Some(Ex::new(format!("CAST({value} AS TIME)"), Ty::Time)),
        "DATETIME" => Some(Ex::new(format!("CAST({value} AS TIMESTAMP)"), Ty::Datetime)),
        "YEAR" | "MONTH" | "DAY" | "HOUR" | "MINUTE" | "QUARTER" | "ISOYEAR" | "SECOND" => {
            number(format!("date_part('{}', {value})", name.to_lowercase()))
        }
        "DAYOFYEAR" => number(format!("date_part('doy', {value})")),
        "DAYOFWEEK" => number(format!("date_part('dow', {value}) + 1")),
        "ISOWEEK" => number(format!("date_part('week', {value})")),
        "MILLISECOND" => number(format!("date_part('millisecond', {value}) % 1000")),
        "MICROSECOND" => number(format!("date_part('microsecond', {value}) % 1000000")),
        _ => number(named(name)?.week_number(value)?),
    }
}

/// `+05:30` or `-8` as seconds.
fn offset_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The civil time of a TIMESTAMP in a zone; UTC where none is said. UTC is reckoned from the microseconds: DuckDB's `timezone`
/// asks its calendar for every row and takes ten times as long.
pub(super) fn civil(timestamp: &str, zone: Option<&Ex>) -> String {
    let utc = format!("make_timestamp(epoch_us({timestamp}))");
    match zone {
        None => utc,
        Some(zone) => match literal::text(zone) {
            Some("UTC" | "Etc/UTC") => utc,
            Some(text) => match offset_seconds(text) {
                Some(seconds) => format!("({utc} + to_seconds({seconds}))"),
                None => format!("timezone({}, {timestamp})", quote(text)),
            },
            None => format!("_headwater.civil({timestamp}, {})", zone.sql),
        },
    }
}

/// The TIMESTAMP of a civil time in a zone.
pub(super) fn moment(civil: &str, zone: Option<&Ex>) -> String {
    let utc = format!("make_timestamptz(epoch_us(CAST({civil} AS TIMESTAMP)))");
    match zone {
        None => utc,
        Some(zone) => match literal::text(zone) {
            Some("UTC" | "Etc/UTC") => utc,
            Some(text) => match offset_seconds(text) {
                Some(seconds) => format!("({utc} - to_seconds({seconds}))"),
                None => format!("timezone({}, CAST({civil} AS TIMESTAMP))", quote(text)),
            },
            None => format!("_headwater.moment(CAST({civil} AS TIMESTAMP), {})", zone.sql),
        },
    }
}
