//! FORMAT_DATE, FORMAT_DATETIME, FORMAT_TIME and FORMAT_TIMESTAMP.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements>.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("format_time", Answers::Text, format_time),
    native("timestamp_text", Answers::Text, timestamp_text),
];

/// Elements that say nothing about a DATE, a TIME, a DATETIME: they are written as they stand.
const NOT_OF_DATE: &str = "cHIklMPpRrSsTXZz";
const NOT_OF_TIME: &str = "AaBbhCcDdeFGgJjmQsUuVWwxYyZz";
const NOT_OF_DATETIME: &str = "Zz";

/// A format, the value in its civil time, and for a TIMESTAMP how many seconds that is ahead of UTC.
fn format_time(args: &[Cell]) -> Outcome {
    let (Some(Cell::Text(format)), Some(value)) = (args.first(), args.get(1)) else {
        return Err(misused());
    };
    let offset = match args.get(2) {
        Some(Cell::Int(seconds)) => Some(i32::try_from(*seconds).map_err(|_| misused())?),
        _ => None,
    };
    let (micros, foreign) = match value {
        Cell::Date(days) => (i64::from(*days) * 86_400_000_000, NOT_OF_DATE),
        Cell::Time(micros) => (*micros, NOT_OF_TIME),
        Cell::Timestamp(micros) if offset.is_some() => (*micros, ""),
        Cell::Timestamp(micros) => (*micros, NOT_OF_DATETIME),
        _ => return Err(misused()),
    };
    let civil = DateTime::from_timestamp_micros(micros).ok_or_else(misused)?.naive_utc();
    let writer = Writer {
        civil,
        offset: offset.unwrap_or(0),
        foreign,
    };
    Ok(Cell::Text(writer.text(format)))
}

/// A TIMESTAMP's civil time and how many seconds that is ahead of UTC, as a cast to STRING writes them.
fn timestamp_text(args: &[Cell]) -> Outcome {
    let [Cell::Timestamp(micros), Cell::Int(offset)] = args else {
        return Err(misused());
    };
    let writer = Writer {
        civil: DateTime::from_timestamp_micros(*micros)
            .ok_or_else(misused)?
            .naive_utc(),
        offset: i32::try_from(*offset).map_err(|_| misused())?,
        foreign: "",
    };
    let seconds = match (micros % 1_000_000 == 0, micros % 1000 == 0) {
        (true, _) => "%S",
        (false, true) => "%E3S",
        (false, false) => "%E6S",
    };
    let text = writer.text(&format!("%E4Y-%m-%d %H:%M:{seconds}%Ez"));
    // Whole hours are written alone.
    Ok(Cell::Text(text.strip_suffix(":00").unwrap_or(&text).to_owned()))
}

struct Writer<'f> {
    civil: NaiveDateTime,
    offset: i32,
    foreign: &'f str,
}

impl Writer<'_> {
    fn text(&self, format: &str) -> String {
        let mut out = String::new();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let Some(element) = chars.next() else {
                out.push('%');
                break;
            };
            if element != 'E' && element != 'O' {
                match self.element(element) {
                    Some(text) => out.push_str(&text),
                    None => out.extend(['%', element]),
                }
                continue;
            }
            let mut modifier = String::new();
            if let Some(m) = chars.next_if(|m| *m == '*' || m.is_ascii_digit()) {
                modifier.push(m);
                if let Some(second) = chars.next_if(char::is_ascii_digit) {
                    modifier.push(second);
                }
            }
            let kind = chars.next();
            match kind.and_then(|kind| self.extended(&modifier, kind)) {
                Some(text) => out.push_str(&text),
                None => {
                    out.extend(['%', element]);
                    out.push_str(&modifier);
                    out.extend(kind);
                }
            }
        }
        out
    }

    /// `%E4Y`, `%E3S`, `%E*S`, `%Ez`, and modifiers that change nothing in English.
    fn extended(&self, modifier: &str, kind: char) -> Option<String> {
        match (modifier, kind) {
            ("", 'z') if !self.foreign.contains('z') => Some(self.zone(":")),
            ("", kind) => self.element(kind),
            ("4", 'Y') if !self.foreign.contains('Y') => Some(format!("{:04}", self.civil.year())),
            (digits, 'S') if !self.foreign.contains('S') => {
                let micros = format!("{:06}", self.civil.nanosecond() / 1000);
                let fraction = match digits {
                    "*" => micros.trim_end_matches('0').to_owned(),
                    digits => {
                        let digits: usize = digits.parse().ok()?;
                        format!("{micros:0<15}").get(..digits)?.to_owned()
                    }
                };
                let second = self.civil.second();
                Some(if fraction.is_empty() {
                    format!("{second:02}")
                } else {
                    format!("{second:02}.{fraction}")
                })
            }
            _ => None,
        }
    }

    fn zone(&self, separator: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }

    fn zone_name(&self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        match (minutes / 60, minutes % 60) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        }
    }

    /// `None`: not an element, or none of this type.
    fn element(&self, element: char) -> Option<String> {
        if self.foreign.contains(element) {
            return None;
        }
        let t = &self.civil;
        let week = t.iso_week();
        let day_of_year = i64::from(t.ordinal0());
        let weeks = |first: u32| (day_of_year + 7 - i64::from(first)) / 7;
        let hour12 = t.hour12().1;
        let chrono = |format: &str| t.format(format).to_string();
        Some(match element {
            'A' => chrono("%A"),
            'a' => chrono("%a"),
            'B' => chrono("%B"),
            'b' | 'h' => chrono("%b"),
            'C' => format!("{:02}", t.year() / 100),
            'c' => self.text("%a %b %e %T %Y"),
            'D' | 'x' => self.text("%m/%d/%y"),
            'd' => format!("{:02}", t.day()),
            'e' => format!("{:2}", t.day()),
            'F' => self.text("%Y-%m-%d"),
            'G' => week.year().to_string(),
            'g' => format!("{:02}", week.year().rem_euclid(100)),
            'H' => format!("{:02}", t.hour()),
            'I' => format!("{hour12:02}"),
            'J' => {
                let monday = i64::from(t.weekday().num_days_from_monday());
                format!("{:03}", (i64::from(week.week()) - 1) * 7 + monday + 1)
            }
            'j' => format!("{:03}", t.ordinal()),
            'k' => format!("{:2}", t.hour()),
            'l' => format!("{hour12:2}"),
            'M' => format!("{:02}", t.minute()),
            'm' => format!("{:02}", t.month()),
            'n' => "\n".to_owned(),
            'P' => (if t.hour() < 12 { "am" } else { "pm" }).to_owned(),
            'p' => (if t.hour() < 12 { "AM" } else { "PM" }).to_owned(),
            'Q' => (t.month0() / 3 + 1).to_string(),
            'R' => self.text("%H:%M"),
            'r' => self.text("%I:%M:%S %p"),
            'S' => format!("{:02}", t.second()),
            's' => (*t - TimeDelta::seconds(self.offset.into()))
                .and_utc()
                .timestamp()
                .to_string(),
            'T' | 'X' => self.text("%H:%M:%S"),
            't' => "\t".to_owned(),
            'U' => format!("{:02}", weeks(t.weekday().num_days_from_sunday())),
            'u' => t.weekday().number_from_monday().to_string(),
            'V' => format!("{:02}", week.week()),
            'W' => format!("{:02}", weeks(t.weekday().num_days_from_monday())),
            'w' => t.weekday().num_days_from_sunday().to_string(),
            'Y' => t.year().to_string(),
            'y' => format!("{:02}", t.year().rem_euclid(100)),
            'Z' => self.zone_name(),
            'z' => self.zone(""),
            '%' => "%".to_owned(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_written_and_foreign_ones_stand() {
        let moment = Cell::Timestamp(1_611_179_220_120_000);
        let zoned = |format: &str| format_time(&[Cell::Text(format.into()), moment.clone(), Cell::Int(-18_000)]);
        for (format, expected) in [
            (
                "%c|%x|%C|%e|%k|%l|%P",
                "Wed Jan 20 21:47:00 2021|01/20/21|20|20|21| 9|pm",
            ),
            ("%G-%V-%u|%J|%U|%W|%Q", "2021-03-3|017|03|03|1"),
            ("%E3S %E*S %E0S %E4Y", "00.120 00.12 00 2021"),
            ("%z %Ez %Z %s", "-0500 -05:00 UTC-5 1611197220"),
        ] {
            assert_eq!(zoned(format), Ok(Cell::Text(expected.into())), "{format}");
        }
        let date = format_time(&[Cell::Text("%F %T %%".into()), Cell::Date(0)]);
        assert_eq!(date, Ok(Cell::Text("1970-01-01 %T %".into())));
    }
}
