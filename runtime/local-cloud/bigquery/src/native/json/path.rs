//! JSONPath, as far as BigQuery has it: members by name, elements by index, and the modes `lax` and `lax recursive`.

use super::value::Json;

/// One step of a path: it may be a name or an index, whichever the value has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) name: String,
    /// In brackets, without quotes: an element.
    pub(super) index: Option<usize>,
}

/// How names that are no words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `$."a b"`, of JSON_QUERY and all that are newer.
    Standard,
    /// `$['a b']`, of JSON_EXTRACT.
    Legacy,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    /// Members are looked for in the elements of arrays as well, of one level or of all.
    pub(super) lax: bool,
    pub(super) recursive: bool,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':') || c.is_ascii_whitespace()
}

/// `lax` and `recursive` before the `$`.
fn modifiers(text: &str) -> Result<(Path, &str), String> {
    const WRONG: &str = "JSONPath must start with zero or more unique modifiers followed by '$'";
    let mut path = Path::default();
    let mut rest = text;
    while let Some((word, after)) = rest.split_once(|c: char| c.is_ascii_whitespace()) {
        let (lax, recursive) = (word.eq_ignore_ascii_case("lax"), word.eq_ignore_ascii_case("recursive"));
        if !lax && !recursive {
            break;
        }
        if (lax && path.lax) || (recursive && path.recursive) {
            return Err(WRONG.into());
        }
        path.lax |= lax;
        path.recursive |= recursive;
        rest = after.trim_start();
    }
    if path.recursive && !path.lax {
        return Err(
            "JSONPath has an invalid combination of modifiers. The 'lax' modifier must be included if 'recursive' is specified."
                .into(),
        );
    }
    Ok((path, rest))
}

/// Reads a path; `lax` says whether the modes are allowed.
pub(super) fn parse(text: &str, quoting: Quoting, lax: bool) -> Result<Path, String> {
    let (mut path, mut rest) = if lax { modifiers(text)? } else { (Path::default(), text) };
    rest = rest.strip_prefix('$').ok_or("JSONPath must start with '$'")?;
    while !rest.is_empty() {
        let (step, after) = match step(rest, quoting) {
            Some(found) => found,
            None if rest == "." && quoting == Quoting::Legacy => break,
            None => {
                let unsupported = ["..", "*", "@"]
                    .into_iter()
                    .filter_map(|u| rest.find(u).map(|at| (at, u)))
                    .min();
                return Err(match unsupported {
                    Some((_, operator)) => format!("Unsupported operator in JSONPath: {operator}"),
                    None => format!("Invalid token in JSONPath at: {rest}"),
                });
            }
        };
        path.steps.push(step);
        rest = after;
    }
    Ok(path)
}

fn step(text: &str, quoting: Quoting) -> Option<(Step, &str)> {
    let named = |name: String| Step { name, index: None };
    if let Some(body) = text.strip_prefix('.') {
        if let (Quoting::Standard, Some(quoted)) = (quoting, body.strip_prefix('"')) {
            let (name, rest) = quoted_name(quoted, '"')?;
            return Some((named(name), rest));
        }
        let end = body.find(|c| !is_word(c)).unwrap_or(body.len());
        return (end > 0).then(|| (named(body[..end].to_owned()), &body[end..]));
    }
    let body = text.strip_prefix('[')?.trim_start();
    if let (Quoting::Legacy, Some(quoted)) = (quoting, body.strip_prefix('\'')) {
        let (name, rest) = quoted_name(quoted, '\'')?;
        return Some((named(name), rest.trim_start().strip_prefix(']')?));
    }
    let end = body
        .find(|c| !is_word(c) || c.is_ascii_whitespace())
        .unwrap_or(body.len());
    let (name, rest) = (&body[..end], body[end..].trim_start().strip_prefix(']')?);
    let index = name.parse().ok();
    if name.is_empty() || (quoting == Quoting::Standard && !name.starts_with(|c: char| c.is_numeric() || c == '-')) {
        return None;
    }
    Some((
        Step {
            name: name.to_owned(),
            index,
        },
        rest,
    ))
}

/// Up to the closing quote; a backslash before a quote makes it a part of the name.
fn quoted_name(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some((name, &text[at + c.len_utf8()..]));
        }
        if c == '\\' {
            let (_, next) = chars.next()?;
            if next != quote {
                name.push('\\');
            }
            name.push(next);
        } else {
            name.push(c);
        }
    }
    None
}

impl Path {
    /// What the path leads to, in the mode that is not lax.
    pub(super) fn find<'j>(&self, value: &'j Json) -> Option<&'j Json> {
        self.steps.iter().try_fold(value, |value, step| match value {
            Json::Object(_) => value.member(&step.name),
            Json::Array(items) => items.get(step.name.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// All that a lax path leads to.
    pub(super) fn find_all<'j>(&self, value: &'j Json) -> Vec<&'j Json> {
        let mut found = vec![value];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in found {
                self.advance(value, step, &mut next);
            }
            found = next;
        }
        found
    }

    fn advance<'j>(&self, value: &'j Json, step: &Step, out: &mut Vec<&'j Json>) {
        match (value, step.index) {
            (Json::Array(items), Some(index)) => out.extend(items.get(index)),
            // A value that is no array is the array of itself.
            (_, Some(0)) => out.push(value),
            (_, Some(_)) => {}
            (Json::Array(items), None) => {
                for item in items {
                    if self.recursive || !matches!(item, Json::Array(_)) {
                        self.advance(item, step, out);
                    }
                }
            }
            (_, None) => out.extend(value.member(&step.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_both_ways_of_quoting() {
        let names = |text: &str, quoting| {
            parse(text, quoting, false).map(|p| p.steps.into_iter().map(|s| s.name).collect::<Vec<_>>())
        };
        for (text, expected) in [
            ("$", vec![]),
            ("$.a.b", vec!["a", "b"]),
            ("$.a[0]", vec!["a", "0"]),
            ("$.\"a.b\".c", vec!["a.b", "c"]),
            ("$.a-b:c", vec!["a-b:c"]),
        ] {
            assert_eq!(names(text, Quoting::Standard).unwrap(), expected, "{text}");
        }
        assert_eq!(names("$['a.b'][0].", Quoting::Legacy).unwrap(), ["a.b", "0"]);
        for (text, expected) in [
            ("a", "JSONPath must start with '$'"),
            ("$['a']", "Invalid token in JSONPath at: ['a']"),
            ("$.a.*", "Unsupported operator in JSONPath: *"),
            ("$..a", "Unsupported operator in JSONPath: .."),
            ("$.", "Invalid token in JSONPath at: ."),
        ] {
            assert_eq!(names(text, Quoting::Standard).unwrap_err(), expected, "{text}");
        }
    }
}
