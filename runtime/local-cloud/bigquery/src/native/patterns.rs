//! Regular expressions of RE2's syntax over strings (characters) and bytes (Latin-1, as RE2 reads them). The crate
//! `regex` matches; what the two write differently is rewritten.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("regexp_contains", Answers::Bool, contains),
    native("regexp_extract", Answers::Text, extract),
    native("regexp_extract_all", Answers::Texts, extract_all),
    native("regexp_instr", Answers::Int, instr),
    native("regexp_replace", Answers::Text, replace),
    native("bytes_regexp_extract", Answers::Bytes, extract),
    // Hexadecimal texts, of which DuckDB makes bytes.
    native("bytes_regexp_extract_all", Answers::Texts, extract_all),
    native("bytes_regexp_replace", Answers::Bytes, replace),
];

/// Patterns that a thread keeps ready.
const KEPT: usize = 64;

thread_local! {
    static READY: RefCell<HashMap<(String, bool), Rc<Regex>>> = RefCell::default();
}

/// A pattern, ready to match; `wide`: over characters, not bytes.
pub(super) fn ready(pattern: &str, wide: bool) -> Result<Rc<Regex>, String> {
    let key = (pattern.to_owned(), wide);
    if let Some(known) = READY.with_borrow(|ready| ready.get(&key).cloned()) {
        return Ok(known);
    }
    let regex = Rc::new(compile(pattern, wide)?);
    READY.with_borrow_mut(|ready| {
        if ready.len() >= KEPT {
            ready.clear();
        }
        ready.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

fn compile(pattern: &str, wide: bool) -> Result<Regex, String> {
    RegexBuilder::new(&rewritten(pattern))
        .unicode(wide)
        .build()
        .map_err(|error| format!("Cannot parse regular expression: {}", words(pattern, &error)))
}

/// How many groups a pattern captures.
pub(crate) fn groups(pattern: &str) -> Result<usize, String> {
    compile(pattern, true).map(|regex| regex.captures_len() - 1)
}

/// RE2's words for what is wrong.
fn words(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let what = text.lines().last().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    let re2 = match what {
        "unclosed group" => "missing )",
        "unopened group" => "unexpected )",
        "unclosed character class" => "missing ]",
        w if w.starts_with("repetition operator missing expression") => "no argument for repetition operator",
        w if w.starts_with("unrecognized escape sequence") => "invalid escape sequence",
        w if w.starts_with("backreferences are not supported") => "invalid escape sequence",
        w if w.starts_with("look-around") => "invalid perl operator",
        w if w.starts_with("invalid character class range") => "invalid character class range",
        w if w.starts_with("invalid repetition count range") => "invalid repetition size",
        _ => return format!("{what}: {pattern}"),
    };
    format!("{re2}: {pattern}")
}

/// RE2's `\d`, `\w`, `\s` and `\b` are of ASCII, it has `\Q…\E` and `\C`, and no sets within sets.
fn rewritten(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    // Characters since a set was opened, where one is.
    let mut set: Option<usize> = None;
    while let Some(c) = chars.next() {
        if c == '\\' {
            let next = chars.next();
            match next {
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('s') => out.push_str("[\\t\\n\\f\\r ]"),
                Some('S') => out.push_str("[^\\t\\n\\f\\r ]"),
                Some('b') => out.push_str("(?-u:\\b)"),
                Some('B') => out.push_str("(?-u:\\B)"),
                Some('C') => out.push_str("(?s-u:.)"),
                Some('Q') => {
                    let mut literal = String::new();
                    while let Some(c) = chars.next() {
                        if c == '\\' && chars.peek() == Some(&'E') {
                            chars.next();
                            break;
                        }
                        literal.push(c);
                    }
                    out.push_str(&regex::escape(&literal));
                }
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            }
            set = set.map(|n| n + 1);
            continue;
        }
        match (c, set) {
            ('[', None) => {
                set = Some(0);
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                continue;
            }
            ('[', Some(_)) if chars.peek() == Some(&':') => {
                // A named set such as [:alpha:], up to its end.
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            ('[' | '&' | '~', Some(_)) => {
                out.push('\\');
                out.push(c);
            }
            // At the start it is a member.
            (']', Some(0)) => out.push_str("\\]"),
            (']', Some(_)) => {
                set = None;
                out.push(']');
                continue;
            }
            _ => out.push(c),
        }
        set = set.map(|n| n + 1);
    }
    out
}

/// The value and the pattern of a call: text or bytes.
struct Subject<'a> {
    value: &'a [u8],
    regex: Rc<Regex>,
    wide: bool,
}

impl Subject<'_> {
    fn cell(&self, bytes: &[u8]) -> Cell {
        if self.wide {
            Cell::Text(String::from_utf8_lossy(bytes).into_owned())
        } else {
            Cell::Bytes(bytes.to_owned())
        }
    }

    /// What is extracted: the group, or the whole match where there is none.
    fn group(&self) -> Result<usize, String> {
        match self.regex.captures_len() {
            1 => Ok(0),
            2 => Ok(1),
            more => Err(format!(
                "Regular expressions passed into extraction functions must not have more than 1 capturing group, found {}",
                more - 1
            )),
        }
    }

    /// The byte at which the nth unit begins; `None` beyond the end.
    fn offset(&self, position: i128) -> Option<usize> {
        let nth = usize::try_from(position - 1).ok()?;
        if self.wide {
            let text = std::str::from_utf8(self.value).unwrap_or_default();
            let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            places.nth(nth)
        } else {
            (nth <= self.value.len()).then_some(nth)
        }
    }

    /// All matches; an empty one inside of a character is none.
    fn matches(&self) -> impl Iterator<Item = Captures<'_>> {
        let inside = |at: usize| self.wide && self.value.get(at).is_some_and(|b| b & 0xC0 == 0x80);
        let found = self.regex.captures_iter(self.value);
        found.filter(move |c| c.get(0).is_some_and(|whole| !inside(whole.start())))
    }

    fn units(&self, bytes: usize) -> usize {
        if self.wide {
            String::from_utf8_lossy(&self.value[..bytes]).chars().count()
        } else {
            bytes
        }
    }
}

fn subject<'a>(value: &'a Cell, pattern: &Cell) -> Result<Subject<'a>, String> {
    match (value, pattern) {
        (Cell::Text(value), Cell::Text(pattern)) => Ok(Subject {
            value: value.as_bytes(),
            regex: ready(pattern, true)?,
            wide: true,
        }),
        (Cell::Bytes(value), Cell::Bytes(pattern)) => {
            // A byte of the pattern that is no ASCII is a unit as well.
            let pattern: String = pattern
                .iter()
                .map(|b| {
                    if b.is_ascii() {
                        char::from(*b).to_string()
                    } else {
                        format!("\\x{b:02X}")
                    }
                })
                .collect();
            Ok(Subject {
                value,
                regex: ready(&pattern, false)?,
                wide: false,
            })
        }
        _ => Err(misused()),
    }
}

fn contains(args: &[Cell]) -> Outcome {
    match args {
        [value, pattern] => {
            let subject = subject(value, pattern)?;
            Ok(Cell::Bool(subject.regex.is_match(subject.value)))
        }
        _ => Err(misused()),
    }
}

/// Where what is extracted of a match lies, if its group took part.
type Extracted = Option<Range<usize>>;

/// The nth match at or after a position.
fn nth(subject: &Subject<'_>, position: i128, occurrence: i128) -> Result<Option<Extracted>, String> {
    if position < 1 {
        return Err("Position must be positive".into());
    }
    if occurrence < 1 {
        return Err("Occurrence must be positive".into());
    }
    let group = subject.group()?;
    let Some(mut from) = subject.offset(position) else {
        return Ok(None);
    };
    let mut left = occurrence;
    while from <= subject.value.len() {
        let Some(found) = subject.regex.captures_at(subject.value, from) else {
            return Ok(None);
        };
        let Some(whole) = found.get(0) else { return Ok(None) };
        left -= 1;
        if left == 0 {
            return Ok(Some(found.get(group).map(|m| m.range())));
        }
        from = if whole.is_empty() {
            whole.end() + next_unit(subject, whole.end())
        } else {
            whole.end()
        };
    }
    Ok(None)
}

fn next_unit(subject: &Subject<'_>, at: usize) -> usize {
    if !subject.wide {
        return 1;
    }
    let rest = std::str::from_utf8(&subject.value[at..]).unwrap_or_default();
    rest.chars().next().map_or(1, char::len_utf8)
}

fn extract(args: &[Cell]) -> Outcome {
    let (value, pattern, position, occurrence) = match args {
        [value, pattern] => (value, pattern, 1, 1),
        [value, pattern, Cell::Int(position)] => (value, pattern, *position, 1),
        [value, pattern, Cell::Int(position), Cell::Int(occurrence)] => (value, pattern, *position, *occurrence),
        _ => return Err(misused()),
    };
    let subject = subject(value, pattern)?;
    Ok(match nth(&subject, position, occurrence)? {
        Some(Some(part)) => subject.cell(&subject.value[part]),
        _ => Cell::Null,
    })
}

fn extract_all(args: &[Cell]) -> Outcome {
    let [value, pattern] = args else {
        return Err(misused());
    };
    let subject = subject(value, pattern)?;
    let group = subject.group()?;
    let list = subject.matches().map(|captures| {
        let part = captures.get(group).map_or(&[] as &[u8], |m| m.as_bytes());
        match subject.cell(part) {
            Cell::Bytes(bytes) => Cell::Text(bytes.iter().map(|b| format!("{b:02x}")).collect()),
            other => other,
        }
    });
    Ok(Cell::List(list.collect()))
}

/// The arguments: value, pattern, position, occurrence, and whether the place after the match is asked for.
fn instr(args: &[Cell]) -> Outcome {
    let [
        value,
        pattern,
        Cell::Int(position),
        Cell::Int(occurrence),
        Cell::Int(after),
    ] = args
    else {
        return Err(misused());
    };
    if !(0..=1).contains(after) {
        return Err("Invalid return_position_after_match".into());
    }
    let subject = subject(value, pattern)?;
    let at = match nth(&subject, *position, *occurrence)? {
        Some(Some(part)) => subject.units(if *after == 1 { part.end } else { part.start }) + 1,
        _ => 0,
    };
    Ok(Cell::Int(at as i128))
}

/// `\1` to `\9` are groups, `\0` is the whole match, `\\` a backslash.
fn replace(args: &[Cell]) -> Outcome {
    let [value, pattern, with] = args else {
        return Err(misused());
    };
    let subject = subject(value, pattern)?;
    let with = match with {
        Cell::Text(with) => with.as_bytes(),
        Cell::Bytes(with) => with,
        _ => return Err(misused()),
    };
    let groups = subject.regex.captures_len() - 1;
    let mut pieces: Vec<Result<u8, usize>> = Vec::with_capacity(with.len());
    let mut bytes = with.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            pieces.push(Ok(*byte));
            continue;
        }
        match bytes.next() {
            Some(b'\\') => pieces.push(Ok(b'\\')),
            Some(digit) if digit.is_ascii_digit() => {
                let group = usize::from(digit - b'0');
                if group > groups {
                    return Err(format!(
                        "Invalid REGEXP_REPLACE pattern: Rewrite schema requests {group} matches, but the regexp only has {groups} parenthesized subexpressions."
                    ));
                }
                pieces.push(Err(group));
            }
            _ => {
                return Err(
                    "Invalid REGEXP_REPLACE pattern: Rewrite schema error: '\\' must be followed by a digit or '\\'."
                        .into(),
                );
            }
        }
    }
    let mut out = Vec::with_capacity(subject.value.len());
    let mut done = 0;
    for captures in subject.matches() {
        let Some(whole) = captures.get(0) else { continue };
        out.extend_from_slice(&subject.value[done..whole.start()]);
        for piece in &pieces {
            match piece {
                Ok(byte) => out.push(*byte),
                Err(group) => out.extend_from_slice(captures.get(*group).map_or(&[], |m| m.as_bytes())),
            }
        }
        done = whole.end();
    }
    out.extend_from_slice(&subject.value[done..]);
    Ok(subject.cell(&out))
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn patterns_of_re2_are_rewritten() {
        for (re2, ours) in [
            (r"\d+", "[0-9]+"),
            (r"[\d.]", "[[0-9].]"),
            (r"[[a]", r"[\[a]"),
            (r"[]a]", r"[\]a]"),
            (r"[^]a]", r"[^\]a]"),
            (r"[[:alpha:]_]", "[[:alpha:]_]"),
            (r"[a&&b]", r"[a\&\&b]"),
            (r"\Qa.b\E.", r"a\.b."),
            (r"(?i)a\.b", r"(?i)a\.b"),
        ] {
            assert_eq!(rewritten(re2), ours, "{re2}");
            assert!(super::compile(re2, true).is_ok(), "{re2}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_re2s_words() {
        for (pattern, expected) in [
            ("(a", "missing ): (a"),
            ("[a", "missing ]: [a"),
            ("*", "no argument for repetition operator: *"),
            (r"\q", r"invalid escape sequence: \q"),
        ] {
            let error = super::compile(pattern, true).unwrap_err();
            assert_eq!(error, format!("Cannot parse regular expression: {expected}"));
        }
    }
}
