//! CAST … FORMAT between text and dates or times.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_clause_for_cast>.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::format_model::{self, About, Case, Element};
use super::reading_times::MONTHS;
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("cast_time_written", Answers::Text, written),
    native("cast_time_read", Answers::Text, read),
];

/// The type's name, a format, the value in its civil time, and for a TIMESTAMP how many seconds that is ahead of UTC.
fn written(args: &[Cell]) -> Outcome {
    let [Cell::Text(kind), Cell::Text(format), value, rest @ ..] = args else {
        return Err(misused());
    };
    let micros = match value {
        Cell::Date(days) => i64::from(*days) * 86_400_000_000,
        Cell::Time(micros) | Cell::Timestamp(micros) => *micros,
        _ => return Err(misused()),
    };
    let offset = rest.first().map_or(0, Cell::int);
    let civil = DateTime::from_timestamp_micros(micros).ok_or_else(misused)?.naive_utc();
    let elements = format_model::read(format)?;
    let mut out = String::new();
    for element in elements.iter() {
        if !fits(kind, element.about) {
            return Err(format!("{kind} does not support {}", element.shown()));
        }
        if element.about == About::Literal {
            out.push_str(&element.text);
            continue;
        }
        let text =
            part(element, &civil, offset).ok_or_else(|| format!("Unsupported format element {}", element.shown()))?;
        out.push_str(&match element.case {
            Case::Upper => text.to_ascii_uppercase(),
            Case::Lower => text.to_ascii_lowercase(),
            Case::Title => text,
        });
    }
    Ok(Cell::Text(out))
}

/// Whether a type has what an element is about.
fn fits(kind: &str, about: About) -> bool {
    match about {
        About::Literal => true,
        About::Year | About::Month | About::Day => kind != "TIME",
        About::Hour | About::Minute | About::Second | About::Meridian => kind != "DATE",
        About::Zone | About::Nothing => kind == "TIMESTAMP",
    }
}

/// What an element says of a moment; words with a capital letter.
fn part(element: &Element, t: &NaiveDateTime, offset: i64) -> Option<String> {
    let year = t.year();
    let morning = t.hour() < 12;
    if let Some(digits) = element.fraction_digits() {
        let nanos = format!("{:09}", t.nanosecond());
        return nanos.get(..digits).map(str::to_owned);
    }
    Some(match element.name {
        "YYYY" | "RRRR" => format!("{year:04}"),
        "YYY" => format!("{:03}", year % 1000),
        "YY" | "RR" => format!("{:02}", year % 100),
        "Y" => (year % 10).to_string(),
        "MM" => format!("{:02}", t.month()),
        "MON" => t.format("%b").to_string(),
        "MONTH" => t.format("%B").to_string(),
        "D" => t.weekday().number_from_sunday().to_string(),
        "DD" => format!("{:02}", t.day()),
        "DDD" => format!("{:03}", t.ordinal()),
        "DAY" => t.format("%A").to_string(),
        "DY" => t.format("%a").to_string(),
        "HH" | "HH12" => format!("{:02}", t.hour12().1),
        "HH24" => format!("{:02}", t.hour()),
        "MI" => format!("{:02}", t.minute()),
        "SS" => format!("{:02}", t.second()),
        "SSSSS" => format!("{:05}", t.num_seconds_from_midnight()),
        "AM" | "PM" => (if morning { "AM" } else { "PM" }).to_owned(),
        "A.M." | "P.M." => (if morning { "A.M." } else { "P.M." }).to_owned(),
        "TZH" => format!("{}{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 3600),
        "TZM" => format!("{:02}", offset.abs() / 60 % 60),
        _ => return None,
    })
}

/// What a text may be read by.
fn readable(element: &Element) -> bool {
    let never = matches!(
        element.name,
        "IYYY"
            | "IYY"
            | "IY"
            | "I"
            | "SYYYY"
            | "YEAR"
            | "SYEAR"
            | "RM"
            | "DDD"
            | "D"
            | "DAY"
            | "DY"
            | "J"
            | "AM"
            | "PM"
    );
    !never && element.about != About::Nothing
}

/// Whether the elements can be read together, and make up a value of this type.
fn must_agree(elements: &[Element], kind: &str) -> Result<(), String> {
    let named = |name: &str| elements.iter().find(|e| e.name == name);
    let of = |about: About| elements.iter().filter(move |e| e.about == about);
    for (i, element) in elements.iter().enumerate() {
        if !readable(element) {
            return Err(format!(
                "Format element {} is not supported for parsing",
                element.shown()
            ));
        }
        let fraction = element.fraction_digits().is_some();
        let again = |e: &&Element| e.name == element.name || (fraction && e.fraction_digits().is_some());
        if element.about != About::Literal && elements[..i].iter().any(|e| again(&e)) {
            return Err(format!(
                "Format element {} appears more than once in the format string",
                element.shown()
            ));
        }
    }
    let foreign = [
        About::Year,
        About::Month,
        About::Day,
        About::Hour,
        About::Minute,
        About::Second,
        About::Meridian,
        About::Zone,
    ];
    for about in foreign.into_iter().filter(|about| !fits(kind, *about)) {
        if let Some(element) = of(about).next() {
            return Err(format!(
                "Format element in category {} ({}) is not allowed for output type {kind}",
                about.name(),
                element.shown()
            ));
        }
    }
    for about in [
        About::Meridian,
        About::Year,
        About::Month,
        About::Day,
        About::Hour,
        About::Minute,
    ] {
        let mut list = of(about);
        if let (Some(first), Some(second)) = (list.next(), list.next()) {
            return Err(format!(
                "More than one format element in category {} exist: {} and {}",
                about.name(),
                first.shown(),
                second.shown()
            ));
        }
    }
    let apart = |about: About, name: &str| match (of(about).next(), named(name)) {
        (Some(one), Some(other)) => Err(format!(
            "Format element in category {} ({}) and format element {} cannot exist simultaneously",
            about.name(),
            one.shown(),
            other.shown()
        )),
        _ => Ok(()),
    };
    apart(About::Meridian, "HH24")?;
    match (named("HH").or_else(|| named("HH12")), of(About::Meridian).next()) {
        (Some(hour), None) => {
            return Err(format!(
                "Format element in category MERIDIAN_INDICATOR is required when format element {} exists",
                hour.shown()
            ));
        }
        (None, Some(meridian)) => {
            return Err(format!(
                "Format element of type HH/HH12 is required when format element in category MERIDIAN_INDICATOR ({}) exists",
                meridian.shown()
            ));
        }
        _ => {}
    }
    apart(About::Hour, "SSSSS")?;
    apart(About::Minute, "SSSSS")?;
    match (named("SSSSS"), named("SS")) {
        (Some(day), Some(minute)) => Err(format!(
            "Format elements {} and {} cannot exist simultaneously",
            day.shown(),
            minute.shown()
        )),
        _ => Ok(()),
    }
}

/// The type's name, a format, a text, the zone where the text has none, and today's date there: the text as a cast
/// of the engine's reads it.
fn read(args: &[Cell]) -> Outcome {
    let [
        Cell::Text(kind),
        Cell::Text(format),
        Cell::Text(text),
        Cell::Text(zone),
        Cell::Date(today),
    ] = args
    else {
        return Err(misused());
    };
    let elements = format_model::read(format)?;
    must_agree(&elements, kind)?;
    let today = DateTime::from_timestamp(i64::from(*today) * 86_400, 0)
        .ok_or_else(misused)?
        .naive_utc();
    let mut reader = Reader {
        text,
        at: text.len() - text.trim_start().len(),
        year: today.year(),
        month: today.month(),
        day: 1,
        hour: 0,
        twelve: None,
        afternoon: false,
        minute: 0,
        second: 0,
        micros: 0,
        zone: None,
    };
    let mut read = 0;
    while read < elements.len() && reader.at < text.len() {
        let element = &elements[read];
        if reader.element(element, before_digits(&elements[read + 1..])).is_none() {
            return Err(format!(
                "Failed to parse input timestamp string at {} with format element {}",
                reader.at,
                element.shown()
            ));
        }
        read += 1;
    }
    let rest = reader.rest().trim_start();
    let unread = elements[read..]
        .iter()
        .find(|e| e.about != About::Literal || !e.text.is_empty());
    if !rest.is_empty() {
        return Err(format!("Illegal non-space trailing data '{rest}' in timestamp string"));
    }
    if let Some(element) = unread {
        return Err(format!(
            "Entire timestamp string has been parsed before dealing with format element {}",
            element.shown()
        ));
    }
    reader.written(kind, zone).map(Cell::Text)
}

/// Whether what follows begins with a digit: then an element takes as many digits as it has letters.
fn before_digits(following: &[Element]) -> bool {
    let next = following
        .iter()
        .find(|e| e.about != About::Literal || !e.text.is_empty());
    next.is_some_and(|e| match e.about {
        About::Literal => e.text.starts_with(|c: char| c.is_ascii_digit()),
        About::Meridian => false,
        _ => !matches!(e.name, "MON" | "MONTH" | "TZH"),
    })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    /// An hour of twelve.
    twelve: Option<u32>,
    afternoon: bool,
    minute: u32,
    second: u32,
    micros: u32,
    /// Sign, hours and minutes.
    zone: Option<(char, u32, u32)>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, part: &str) -> Option<()> {
        let fits = self.rest().starts_with(part);
        fits.then(|| self.at += part.len())
    }

    /// The digits that are there, so many at most and so many at least.
    fn digits(&mut self, least: usize, most: usize) -> Option<&str> {
        let count = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        self.at += count;
        Some(&self.text[self.at - count..self.at])
    }

    fn number(&mut self, least: usize, most: usize, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let from = self.at;
        let number = self.digits(least, most)?.parse().ok().filter(|n| range.contains(n));
        if number.is_none() {
            self.at = from;
        }
        number
    }

    /// The place of a name in a list.
    fn name(&mut self, names: &[&str], length: Option<usize>) -> Option<u32> {
        let lower = self.rest().to_ascii_lowercase();
        let found = (0..).zip(names).find_map(|(i, name)| {
            let name = &name[..length.unwrap_or(name.len())];
            lower.starts_with(name).then_some((i, name.len()))
        });
        let (i, length) = found?;
        self.at += length;
        Some(i)
    }

    /// Reads what an element stands for; `exact` where digits follow it.
    fn element(&mut self, element: &Element, exact: bool) -> Option<()> {
        let count = |letters: usize| (if exact { letters } else { 1 }, letters);
        let (least, two) = count(2);
        if let Some(digits) = element.fraction_digits() {
            let (least, most) = count(digits);
            let fraction = self.digits(least, most)?.to_owned();
            self.micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            return Some(());
        }
        match element.name {
            "" if element.is_space() => {
                let spaces = self.rest().len() - self.rest().trim_start().len();
                self.at += spaces;
                return (spaces > 0).then_some(());
            }
            "" => self.skip(&element.text)?,
            "YYYY" | "RRRR" => {
                let (least, most) = if exact { (4, 4) } else { (1, 5) };
                self.year = i32::try_from(self.number(least, most, 0..=10_000)?).ok()?;
            }
            "YYY" | "YY" | "Y" => {
                let (least, most) = count(element.name.len());
                let scale = 10_i32.pow(u32::try_from(most).ok()?);
                let part = i32::try_from(self.number(least, most, 0..=999)?).ok()?;
                self.year = self.year - self.year % scale + part;
            }
            "RR" => {
                let part = i32::try_from(self.number(least, two, 0..=99)?).ok()?;
                let century = match (part < 50, self.year % 100 < 50) {
                    (true, false) => self.year / 100 + 1,
                    (false, true) => self.year / 100 - 1,
                    _ => self.year / 100,
                };
                self.year = century * 100 + part;
            }
            "Y,YYY" => {
                let thousands = self.number(1, 2, 0..=10)?;
                self.skip(",")?;
                self.year = i32::try_from(thousands * 1000 + self.number(3, 3, 0..=999)?).ok()?;
            }
            "MM" => self.month = self.number(least, two, 1..=12)?,
            "MON" => self.month = self.name(&MONTHS, Some(3))? + 1,
            "MONTH" => self.month = self.name(&MONTHS, None)? + 1,
            "DD" => self.day = self.number(least, two, 1..=31)?,
            "HH" | "HH12" => self.twelve = Some(self.number(least, two, 1..=12)?),
            "HH24" => self.hour = self.number(least, two, 0..=23)?,
            "MI" => self.minute = self.number(least, two, 0..=59)?,
            "SS" => self.second = self.number(least, two, 0..=59)?,
            "SSSSS" => {
                let (least, most) = count(5);
                let seconds = self.number(least, most, 0..=86_399)?;
                (self.hour, self.minute, self.second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            }
            "A.M." | "P.M." => self.afternoon = self.name(&["a.m.", "p.m."], None)? == 1,
            "TZH" => {
                let sign = self.rest().chars().next().filter(|c| "+- ".contains(*c))?;
                self.at += 1;
                let hours = self.number(least, two, 0..=14)?;
                let minutes = self.zone.map_or(0, |(_, _, minutes)| minutes);
                self.zone = Some((if sign == '-' { '-' } else { '+' }, hours, minutes));
            }
            "TZM" => {
                let minutes = self.number(least, two, 0..=59)?;
                let (sign, hours, _) = self.zone.unwrap_or(('+', 0, 0));
                self.zone = Some((sign, hours, minutes));
            }
            _ => return None,
        }
        Some(())
    }

    fn written(&self, kind: &str, zone: &str) -> Result<String, String> {
        let hour = match self.twelve {
            Some(twelve) => twelve % 12 + if self.afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let time = format!("{hour:02}:{:02}:{:02}.{:06}", self.minute, self.second, self.micros);
        if kind == "TIME" {
            return Ok(time);
        }
        let date = NaiveDate::from_ymd_opt(self.year, self.month, self.day)
            .ok_or("Invalid result from year, month, day values after parsing")?;
        if !(1..=9999).contains(&self.year) {
            return Err("The parsing result is out of valid time range".into());
        }
        Ok(match (kind, self.zone) {
            ("DATE", _) => date.to_string(),
            ("DATETIME", _) => format!("{date} {time}"),
            (_, Some((sign, hours, minutes))) => format!("{date} {time}{sign}{hours:02}:{minutes:02}"),
            _ => {
                let gap = if zone.starts_with(['+', '-']) { "" } else { " " };
                format!("{date} {time}{gap}{zone}")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_elements() {
        // 2021-03-23
        let today = Cell::Date(18_709);
        for (kind, format, text, expected) in [
            ("DATE", "MM-DD-YYYY", "03-12-2018", Ok("2018-03-12")),
            ("DATE", "YYYY", "18", Ok("0018-03-01")),
            ("DATE", "YYMMDD", "180102", Ok("2018-01-02")),
            ("DATE", "Y,YYY-MM", "2,018-12", Ok("2018-12-01")),
            ("DATE", "RR", "50", Ok("1950-03-01")),
            ("TIME", "SSSSS.FF2", "03723.16", Ok("01:02:03.160000")),
            (
                "TIMESTAMP",
                "YYYY-MM-DD HH24:MI:SSTZH:TZM",
                "2008-12-25 05:30:00-08:30",
                Ok("2008-12-25 05:30:00.000000-08:30"),
            ),
            (
                "DATE",
                "YYYY-MM",
                "2008",
                Err("Entire timestamp string has been parsed before dealing with format element '-'"),
            ),
            (
                "DATE",
                "YYYY",
                "2008x",
                Err("Illegal non-space trailing data 'x' in timestamp string"),
            ),
            (
                "DATE",
                "MM",
                "13",
                Err("Failed to parse input timestamp string at 0 with format element 'MM'"),
            ),
        ] {
            let [kind, format, text, zone] = [kind, format, text, "UTC"].map(|t| Cell::Text(t.to_owned()));
            let found = read(&[kind, format.clone(), text, zone, today.clone()]);
            let expected = expected.map(|e| Cell::Text(e.to_owned())).map_err(str::to_owned);
            assert_eq!(found, expected, "{format:?}");
        }
    }
}
