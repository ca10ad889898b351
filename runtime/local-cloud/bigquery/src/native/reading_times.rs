//! PARSE_DATE, PARSE_DATETIME, PARSE_TIME and PARSE_TIMESTAMP: text that a cast of the engine's reads.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements>.

use std::iter::Peekable;
use std::str::Chars;

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[native("parse_time", Answers::Text, parse_time)];

pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The type (`DATE`, `TIME`, `DATETIME`, `TIMESTAMP`), a format, a text, and the zone where the text has none.
fn parse_time(args: &[Cell]) -> Outcome {
    let [Cell::Text(kind), Cell::Text(format), Cell::Text(text), Cell::Text(zone)] = args else {
        return Err(misused());
    };
    let mut reader = Reader {
        rest: text.trim_start(),
        parts: Parts::default(),
    };
    let read = reader.read(format).and_then(|()| {
        reader.rest = reader.rest.trim_start();
        if !reader.rest.is_empty() {
            return None;
        }
        reader.parts.written(kind, zone)
    });
    match read {
        Some(text) => Ok(Cell::Text(text)),
        None => Err(format!("Failed to parse input string \"{text}\"")),
    }
}

/// What was read; the last element that says something wins.
#[derive(Default)]
struct Parts {
    year: Option<i32>,
    century: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: u32,
    /// An hour of twelve, and whether it is one of the afternoon.
    afternoon: Option<bool>,
    twelve: bool,
    minute: u32,
    second: u32,
    micros: u32,
    day_of_year: Option<u32>,
    week: Option<Week>,
    weekday: Option<Weekday>,
    iso_year: Option<i32>,
    iso_day: Option<u32>,
    epoch: Option<i64>,
    zone: Option<String>,
}

/// Weeks of a year that begin on Sunday or Monday, or ISO 8601's.
#[derive(Clone, Copy)]
enum Week {
    Sunday(u32),
    Monday(u32),
    Iso(u32),
}

impl Parts {
    fn date(&self) -> Option<NaiveDate> {
        let year = match (self.year, self.century) {
            (Some(year), Some(century)) => century * 100 + year.rem_euclid(100),
            (Some(year), None) => year,
            (None, Some(century)) => century * 100,
            (None, None) => 1970,
        };
        if let Some(iso_year) = self.iso_year {
            if let Some(day) = self.iso_day {
                let monday = NaiveDate::from_isoywd_opt(iso_year, 1, Weekday::Mon)?;
                return monday.checked_add_signed(TimeDelta::days(i64::from(day) - 1));
            }
            let week = match self.week {
                Some(Week::Iso(week)) => week,
                _ => 1,
            };
            return NaiveDate::from_isoywd_opt(iso_year, week, self.weekday.unwrap_or(Weekday::Mon));
        }
        if let Some(day) = self.day_of_year {
            return NaiveDate::from_yo_opt(year, day);
        }
        let from_week = |week: u32, first: Weekday| {
            let start = NaiveDate::from_ymd_opt(year, 1, 1)?;
            // The first such day of the year begins week 1.
            let ahead = (7 + first.num_days_from_monday() - start.weekday().num_days_from_monday()) % 7;
            let begin = start.checked_add_signed(TimeDelta::days(i64::from(ahead) + (i64::from(week) - 1) * 7))?;
            let day = self.weekday.unwrap_or(first);
            let into = (7 + day.num_days_from_monday() - first.num_days_from_monday()) % 7;
            begin.checked_add_signed(TimeDelta::days(into.into()))
        };
        match self.week {
            Some(Week::Sunday(week)) => from_week(week, Weekday::Sun),
            Some(Week::Monday(week)) => from_week(week, Weekday::Mon),
            _ => NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1)),
        }
    }

    fn written(&self, kind: &str, zone: &str) -> Option<String> {
        if let Some(seconds) = self.epoch {
            let moment = chrono::DateTime::from_timestamp(seconds, 0)?.naive_utc();
            return Some(match kind {
                "DATE" => moment.format("%Y-%m-%d").to_string(),
                "TIME" => moment.format("%H:%M:%S").to_string(),
                "DATETIME" => moment.format("%Y-%m-%d %H:%M:%S").to_string(),
                _ => moment.format("%Y-%m-%d %H:%M:%S+00:00").to_string(),
            });
        }
        let mut hour = self.hour;
        if let Some(afternoon) = self.afternoon {
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        } else if self.twelve && hour == 12 {
            hour = 0;
        }
        if hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let time = format!("{hour:02}:{:02}:{:02}.{:06}", self.minute, self.second, self.micros);
        if kind == "TIME" {
            return Some(time);
        }
        let date = self.date()?;
        if !(1..=9999).contains(&date.year()) {
            return None;
        }
        Some(match kind {
            "DATE" => date.to_string(),
            "DATETIME" => format!("{date} {time}"),
            _ => {
                let zone = self.zone.as_deref().unwrap_or(zone);
                let gap = if zone.starts_with(['+', '-']) { "" } else { " " };
                format!("{date} {time}{gap}{zone}")
            }
        })
    }
}

struct Reader<'t> {
    rest: &'t str,
    parts: Parts,
}

impl Reader<'_> {
    fn read(&mut self, format: &str) -> Option<()> {
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                self.spaces();
            } else if c != '%' {
                self.rest = self.rest.strip_prefix(c)?;
            } else {
                let element = chars.next()?;
                self.element(element, &mut chars)?;
            }
        }
        Some(())
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A whole number of at most so many digits.
    fn number(&mut self, most: usize) -> Option<u32> {
        let digits = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok()
    }

    fn between(&mut self, most: usize, low: u32, high: u32) -> Option<u32> {
        self.number(most).filter(|n| (low..=high).contains(n))
    }

    /// The place of a name, or of its first three letters, in a list.
    fn name(&mut self, names: &[&str]) -> Option<u32> {
        let lower = self.rest.to_ascii_lowercase();
        for (i, name) in (0..).zip(names) {
            let length = if lower.starts_with(name) { name.len() } else { 3 };
            if lower.starts_with(&name[..length]) {
                self.rest = &self.rest[length..];
                return Some(i);
            }
        }
        None
    }

    fn weekday(&mut self, day: u32) -> Option<()> {
        self.parts.weekday = Some(Weekday::try_from(u8::try_from(day).ok()?).ok()?);
        Some(())
    }

    fn element(&mut self, element: char, format: &mut Peekable<Chars<'_>>) -> Option<()> {
        match element {
            'A' | 'a' => {
                let day = self.name(&DAYS)?;
                self.weekday(day)?;
            }
            'B' | 'b' | 'h' => self.parts.month = Some(self.name(&MONTHS)? + 1),
            'C' => self.parts.century = Some(i32::try_from(self.number(2)?).ok()?),
            'c' => self.read("%a %b %e %T %Y")?,
            'D' | 'x' => self.read("%m/%d/%y")?,
            'd' | 'e' => {
                self.spaces();
                self.parts.day = Some(self.between(2, 1, 31)?);
            }
            'F' => self.read("%Y-%m-%d")?,
            'G' => self.parts.iso_year = Some(i32::try_from(self.number(4)?).ok()?),
            'g' => self.parts.iso_year = Some(two_digits(self.number(2)?)),
            'H' | 'k' => {
                self.spaces();
                self.parts.hour = self.between(2, 0, 23)?;
                self.parts.twelve = false;
            }
            'I' | 'l' => {
                self.spaces();
                self.parts.hour = self.between(2, 1, 12)?;
                self.parts.twelve = true;
            }
            'J' => self.parts.iso_day = Some(self.between(3, 1, 371)?),
            'j' => self.parts.day_of_year = Some(self.between(3, 1, 366)?),
            'M' => self.parts.minute = self.between(2, 0, 59)?,
            'm' => self.parts.month = Some(self.between(2, 1, 12)?),
            'n' | 't' => self.spaces(),
            'P' | 'p' => {
                let lower = self.rest.get(..2)?.to_ascii_lowercase();
                self.parts.afternoon = Some(match lower.as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return None,
                });
                self.rest = &self.rest[2..];
            }
            'Q' => self.parts.month = Some((self.between(1, 1, 4)? - 1) * 3 + 1),
            'R' => self.read("%H:%M")?,
            'r' => self.read("%I:%M:%S %p")?,
            'S' => {
                self.parts.second = self.between(2, 0, 60)?;
                self.parts.micros = 0;
            }
            's' => {
                let negative = self.rest.strip_prefix('-').map(|rest| self.rest = rest).is_some();
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = self.rest.split_at(digits);
                self.rest = rest;
                let number: i64 = number.parse().ok()?;
                self.parts.epoch = Some(if negative { -number } else { number });
            }
            'T' | 'X' => self.read("%H:%M:%S")?,
            'U' => self.parts.week = Some(Week::Sunday(self.between(2, 0, 53)?)),
            'u' => {
                let day = self.between(1, 1, 7)? - 1;
                self.weekday(day)?;
            }
            'V' => self.parts.week = Some(Week::Iso(self.between(2, 1, 53)?)),
            'W' => self.parts.week = Some(Week::Monday(self.between(2, 0, 53)?)),
            'w' => {
                let day = (self.between(1, 0, 6)? + 6) % 7;
                self.weekday(day)?;
            }
            'Y' => {
                self.rest = self.rest.strip_prefix('+').unwrap_or(self.rest);
                self.parts.year = Some(i32::try_from(self.number(4)?).ok()?);
                self.parts.century = None;
            }
            'y' => {
                self.parts.year = Some(two_digits(self.number(2)?));
            }
            'Z' => {
                let zone = |c: char| c.is_ascii_alphanumeric() || "/_+-:".contains(c);
                let length = self.rest.find(|c| !zone(c)).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at(length);
                self.rest = rest;
                self.parts.zone = (!name.is_empty()).then(|| name.to_owned());
            }
            'z' => self.offset()?,
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'E' | 'O' => self.extended(format)?,
            _ => return None,
        }
        Some(())
    }

    /// `%E4Y`, `%E3S`, `%E*S`, `%Ez`; the rest is as without the letter.
    fn extended(&mut self, format: &mut Peekable<Chars<'_>>) -> Option<()> {
        let mut modifier = String::new();
        while let Some(m) = format.next_if(|m| *m == '*' || m.is_ascii_digit()) {
            modifier.push(m);
        }
        let kind = format.next()?;
        match (modifier.as_str(), kind) {
            ("4", 'Y') => {
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                if digits < 4 {
                    return None;
                }
                self.element('Y', format)
            }
            ("", kind) => self.element(kind, format),
            (digits, 'S') => {
                self.element('S', format)?;
                let most = digits.parse().unwrap_or(9);
                let Some(rest) = self.rest.strip_prefix('.').filter(|_| most > 0) else {
                    return Some(());
                };
                let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                let (fraction, rest) = rest.split_at(count);
                self.rest = rest;
                self.parts.micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
                Some(())
            }
            _ => None,
        }
    }

    /// `+hhmm`, `+hh:mm`, `+hh` or `Z`.
    fn offset(&mut self) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix(['Z', 'z']) {
            self.rest = rest;
            self.parts.zone = Some("+00:00".into());
            return Some(());
        }
        let sign = self.rest.chars().next().filter(|c| ['+', '-'].contains(c))?;
        self.rest = &self.rest[1..];
        let hours = self.between(2, 0, 14)?;
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let more = self.rest.starts_with(|c: char| c.is_ascii_digit());
        let minutes = if more { self.between(2, 0, 59)? } else { 0 };
        self.parts.zone = Some(format!("{sign}{hours:02}:{minutes:02}"));
        Some(())
    }
}

/// 69 and what follows are of the last century.
fn two_digits(year: u32) -> i32 {
    let year = i32::try_from(year).unwrap_or_default();
    if year < 69 { 2000 + year } else { 1900 + year }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_format() {
        for (kind, format, text, expected) in [
            ("DATE", "%A %b %e %Y", "Thursday Dec 25 2008", Some("2008-12-25")),
            ("DATE", "%Y%m%d", "20081225", Some("2008-12-25")),
            ("DATE", "%x", "12/25/08", Some("2008-12-25")),
            ("DATE", "%Y-%j", "2020-366", Some("2020-12-31")),
            ("DATE", "%G-%V-%u", "2021-01-1", Some("2021-01-04")),
            ("DATE", "%Y %U %w", "2015 1 0", Some("2015-01-04")),
            ("DATE", "%F", "2008-02-30", None),
            ("TIME", "%I:%M:%S %p", "2:23:38 pm", Some("14:23:38.000000")),
            ("TIME", "%H", " 15 ", Some("15:00:00.000000")),
            (
                "DATETIME",
                "%F %E*S",
                "1998-10-18 38.123",
                Some("1998-10-18 00:00:38.123000"),
            ),
            (
                "TIMESTAMP",
                "%c",
                "Thu Dec 25 07:30:00 2008",
                Some("2008-12-25 07:30:00.000000 UTC"),
            ),
            (
                "TIMESTAMP",
                "%F %H%Ez",
                "2008-12-25 07+02:30",
                Some("2008-12-25 07:00:00.000000+02:30"),
            ),
            ("TIMESTAMP", "%s", "60", Some("1970-01-01 00:01:00+00:00")),
            ("DATE", "%Y-%m", "2008-12-25", None),
        ] {
            let cells = [kind, format, text, "UTC"].map(|t| Cell::Text(t.to_owned()));
            let found = parse_time(&cells).ok();
            assert_eq!(found, expected.map(|e| Cell::Text(e.to_owned())), "{format} {text}");
        }
    }
}
