//! The format of a CAST between text and dates or times, as its elements.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_clause_for_cast>.

use std::cell::RefCell;
use std::rc::Rc;

/// What an element is about. Errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Literal,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Meridian,
    Zone,
    /// What the model knows and no cast does: centuries, quarters, weeks, eras.
    Nothing,
}

impl About {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Literal => "LITERAL",
            Self::Year => "YEAR",
            Self::Month => "MONTH",
            Self::Day => "DAY",
            Self::Hour => "HOUR",
            Self::Minute => "MINUTE",
            Self::Second => "SECOND",
            Self::Meridian => "MERIDIAN_INDICATOR",
            Self::Zone => "TIME_ZONE",
            Self::Nothing => "MISC",
        }
    }
}

/// How the letters that an element gives are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Title,
    Lower,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// In capital letters; empty for a literal.
    pub(super) name: &'static str,
    pub(super) about: About,
    pub(super) case: Case,
    /// What a literal stands for, its quotes and escapes taken away.
    pub(super) text: String,
    quoted: bool,
}

impl Element {
    /// As errors show it.
    pub(super) fn shown(&self) -> String {
        match (self.about, self.quoted) {
            (About::Literal, true) => format!("'\"{}\"'", self.text.escape_default()),
            (About::Literal, false) => format!("'{}'", self.text),
            _ => format!("'{}'", self.name),
        }
    }

    /// A run of spaces.
    pub(super) fn is_space(&self) -> bool {
        self.about == About::Literal && !self.quoted && self.text.starts_with(' ')
    }

    /// The digits of `FFn`.
    pub(super) fn fraction_digits(&self) -> Option<usize> {
        self.name.strip_prefix("FF").and_then(|n| n.parse().ok())
    }
}

/// The longest that fits is taken.
const ELEMENTS: &[(&str, About)] = &[
    ("YYYY", About::Year),
    ("YYY", About::Year),
    ("YY", About::Year),
    ("Y", About::Year),
    ("RRRR", About::Year),
    ("RR", About::Year),
    ("Y,YYY", About::Year),
    ("IYYY", About::Year),
    ("IYY", About::Year),
    ("IY", About::Year),
    ("I", About::Year),
    ("SYYYY", About::Year),
    ("YEAR", About::Year),
    ("SYEAR", About::Year),
    ("MM", About::Month),
    ("MON", About::Month),
    ("MONTH", About::Month),
    ("RM", About::Month),
    ("DDD", About::Day),
    ("DD", About::Day),
    ("D", About::Day),
    ("DAY", About::Day),
    ("DY", About::Day),
    ("J", About::Day),
    ("HH", About::Hour),
    ("HH12", About::Hour),
    ("HH24", About::Hour),
    ("MI", About::Minute),
    ("SS", About::Second),
    ("SSSSS", About::Second),
    ("FF1", About::Second),
    ("FF2", About::Second),
    ("FF3", About::Second),
    ("FF4", About::Second),
    ("FF5", About::Second),
    ("FF6", About::Second),
    ("FF7", About::Second),
    ("FF8", About::Second),
    ("FF9", About::Second),
    ("AM", About::Meridian),
    ("PM", About::Meridian),
    ("A.M.", About::Meridian),
    ("P.M.", About::Meridian),
    ("TZH", About::Zone),
    ("TZM", About::Zone),
    ("CC", About::Nothing),
    ("SCC", About::Nothing),
    ("Q", About::Nothing),
    ("IW", About::Nothing),
    ("WW", About::Nothing),
    ("W", About::Nothing),
    ("AD", About::Nothing),
    ("BC", About::Nothing),
    ("A.D.", About::Nothing),
    ("B.C.", About::Nothing),
    ("SP", About::Nothing),
    ("TH", About::Nothing),
    ("SPTH", About::Nothing),
    ("THSP", About::Nothing),
    ("FM", About::Nothing),
];

/// Longer formats than this are refused, as BigQuery does.
const LONGEST_BYTES: usize = 512;

thread_local! {
    static LAST: RefCell<Option<(String, Rc<Vec<Element>>)>> = const { RefCell::new(None) };
}

/// The elements of a format. The last one is kept: rows come one after the other.
pub(super) fn read(format: &str) -> Result<Rc<Vec<Element>>, String> {
    let known = LAST.with_borrow(|last| match last {
        Some((key, elements)) if key == format => Some(Rc::clone(elements)),
        _ => None,
    });
    if let Some(elements) = known {
        return Ok(elements);
    }
    if format.len() > LONGEST_BYTES {
        return Err(format!("Format string too long; limit {LONGEST_BYTES}"));
    }
    let mut elements = Vec::new();
    let mut at = 0;
    while at < format.len() {
        let (element, length) = next(&format[at..]).map_err(|error| format!("{error} at {at}"))?;
        elements.push(element);
        at += length;
    }
    let elements = Rc::new(elements);
    LAST.set(Some((format.to_owned(), Rc::clone(&elements))));
    Ok(elements)
}

/// The element that a text begins with, and its length.
fn next(text: &str) -> Result<(Element, usize), String> {
    let literal = |value: String, quoted: bool| Element {
        name: "",
        about: About::Literal,
        case: Case::Title,
        text: value,
        quoted,
    };
    match text.chars().next() {
        Some('"') => {
            let (value, length) = quoted(text)?;
            return Ok((literal(value, true), length));
        }
        Some(' ') => {
            let length = text.len() - text.trim_start_matches(' ').len();
            return Ok((literal(text[..length].to_owned(), false), length));
        }
        Some(mark) if "-./,';:".contains(mark) => return Ok((literal(mark.to_string(), false), 1)),
        _ => {}
    }
    let fits = |name: &str| {
        text.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    let found = ELEMENTS
        .iter()
        .filter(|(name, _)| fits(name))
        .max_by_key(|(name, _)| name.len());
    let Some((name, about)) = found else {
        return Err("Cannot find matched format element".into());
    };
    let element = Element {
        name,
        about: *about,
        case: case(&text[..name.len()], *about),
        text: String::new(),
        quoted: false,
    };
    Ok((element, name.len()))
}

/// The first letter decides, and the second where it is one.
fn case(written: &str, about: About) -> Case {
    let mut letters = written.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let second = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    match (first, second) {
        (true, _) => Case::Lower,
        (false, true) if about != About::Meridian => Case::Title,
        _ => Case::Upper,
    }
}

/// What stands between double quotes, and where it ends.
fn quoted(text: &str) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, at + 1)),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                Some((_, other)) => return Err(format!("Unsupported escape sequence \\{other} in text")),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err("Cannot find matching \" for quoted literal".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_element_is_taken_and_its_letters_say_the_case() {
        let elements = read("Y,YYYMonthhh24a.M.  \"a\\\"b\"FF3").unwrap();
        let shown: Vec<String> = elements.iter().map(Element::shown).collect();
        assert_eq!(
            shown,
            [
                "'Y,YYY'",
                "'MONTH'",
                "'HH24'",
                "'A.M.'",
                "'  '",
                "'\"a\\\"b\"'",
                "'FF3'"
            ]
        );
        assert_eq!(elements[1].case, Case::Title);
        assert_eq!(elements[3].case, Case::Lower);
        for (format, error) in [
            ("YYYY?", "Cannot find matched format element at 4"),
            ("\"a", "Cannot find matching \" for quoted literal at 0"),
            ("\"\\n\"", "Unsupported escape sequence \\n in text at 0"),
            ("é", "Cannot find matched format element at 0"),
        ] {
            assert_eq!(read(format).unwrap_err(), error);
        }
    }
}
