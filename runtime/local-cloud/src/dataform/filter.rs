//! Filters and orders of lists: the part of <https://google.aip.dev/160> and <https://google.aip.dev/132> that is served.
//!
//! A filter is `field OP "value"`, joined by `AND` and `OR` (which binds closer), each with `NOT` or `-` before it. Functions
//! and parentheses are refused.

use std::cmp::Ordering;

use chrono::DateTime;
use serde_json::Value;

use crate::http::answer::ApiError;
use crate::http::patch::camel;

/// All groups must hold, and of a group one term.
#[derive(Debug, Default)]
pub(super) struct Filter(Vec<Vec<Term>>);

#[derive(Debug)]
struct Term {
    negated: bool,
    /// As in the resource; none means any of those that may be named.
    fields: Vec<String>,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Has,
}

const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    (":", Operator::Has),
];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Operator(&'static str),
}

impl Filter {
    /// Reads a filter over these fields, which are named in camel case.
    pub(super) fn parse(text: Option<&str>, fields: &[&str]) -> Result<Filter, ApiError> {
        let tokens = tokens(text.unwrap_or_default())?;
        let mut groups: Vec<Vec<Term>> = Vec::new();
        let mut rest = tokens.as_slice();
        let mut or = false;
        while !rest.is_empty() {
            let (term, after) = term(rest, fields)?;
            match groups.last_mut().filter(|_| or) {
                Some(group) => group.push(term),
                None => groups.push(vec![term]),
            }
            or = matches!(after.first(), Some(Token::Word(word)) if word == "OR");
            let joined = or || matches!(after.first(), Some(Token::Word(word)) if word == "AND");
            rest = if joined { &after[1..] } else { after };
            if joined && rest.is_empty() {
                return Err(refused("it ends with a word that joins"));
            }
        }
        Ok(Filter(groups))
    }

    pub(super) fn accepts(&self, resource: &Value) -> bool {
        self.0.iter().all(|group| group.iter().any(|term| term.holds(resource)))
    }
}

fn refused(why: &str) -> ApiError {
    ApiError::invalid(format!("Invalid filter: {why}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '(' | ')') {
            return Err(ApiError::unimplemented("a filter with parentheses"));
        }
        if matches!(first, '"' | '\'') {
            let (value, after) = quoted(&rest[1..], first)?;
            tokens.push(Token::Quoted(value));
            rest = after.trim_start();
            continue;
        }
        if let Some((sign, _)) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            tokens.push(Token::Operator(sign));
            rest = rest[sign.len()..].trim_start();
            continue;
        }
        let ends = |c: char| c.is_whitespace() || "\"'()=<>!:".contains(c);
        let end = rest.find(ends).unwrap_or(rest.len());
        if end == 0 {
            return Err(refused(&format!("'{first}' is not expected")));
        }
        tokens.push(Token::Word(rest[..end].to_owned()));
        rest = rest[end..].trim_start();
    }
    Ok(tokens)
}

/// A text up to its closing quote, and what comes after.
fn quoted(text: &str, quote: char) -> Result<(String, &str), ApiError> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return Ok((value, &text[at + 1..])),
            c => value.push(c),
        }
    }
    Err(refused("a quote is not closed"))
}

fn term<'a>(tokens: &'a [Token], fields: &[&str]) -> Result<(Term, &'a [Token]), ApiError> {
    let (negated, tokens) = match tokens {
        [Token::Word(word), rest @ ..] if word == "NOT" => (true, rest),
        _ => (false, tokens),
    };
    let (name, sign, value, rest) = match tokens {
        [
            Token::Word(name),
            Token::Operator(sign),
            Token::Word(value) | Token::Quoted(value),
            rest @ ..,
        ] => (Some(name), *sign, value, rest),
        [Token::Word(word), ..] if ["AND", "OR", "NOT"].contains(&word.as_str()) => {
            return Err(refused(&format!("'{word}' stands where a comparison is expected")));
        }
        // A value alone is looked for in every field.
        [Token::Word(value) | Token::Quoted(value), rest @ ..] if !matches!(rest.first(), Some(Token::Operator(_))) => {
            (None, ":", value, rest)
        }
        _ => return Err(refused("a comparison is written FIELD OPERATOR VALUE")),
    };
    let minus = |name: &str| name.starts_with('-');
    let known = match name {
        None => fields.iter().map(|&field| field.to_owned()).collect(),
        Some(name) => {
            let plain = name.split('.').map(camel).collect::<Vec<_>>().join(".");
            let plain = plain.trim_start_matches('-').to_owned();
            if !fields.contains(&plain.as_str()) {
                return Err(refused(&format!(
                    "'{name}' is not one of the fields {}",
                    fields.join(", ")
                )));
            }
            vec![plain]
        }
    };
    let operator = OPERATORS
        .iter()
        .find(|(known, _)| *known == sign)
        .map(|(_, operator)| *operator);
    let term = Term {
        negated: negated != name.is_some_and(|name| minus(name)),
        fields: known,
        operator: operator.unwrap_or(Operator::Has),
        value: value.clone(),
    };
    Ok((term, rest))
}

impl Term {
    fn holds(&self, resource: &Value) -> bool {
        let found = self.fields.iter().any(|field| {
            let have = field.split('.').fold(resource, |at, name| &at[name]);
            self.compares(&plain(have))
        });
        found != self.negated
    }

    fn compares(&self, have: &str) -> bool {
        let order = || compare(have, &self.value);
        match self.operator {
            Operator::Equal => matches(have, &self.value),
            Operator::NotEqual => !matches(have, &self.value),
            Operator::Has if self.value == "*" => !have.is_empty(),
            Operator::Has => have.contains(&self.value),
            Operator::Less => order() == Ordering::Less,
            Operator::LessOrEqual => order() != Ordering::Greater,
            Operator::Greater => order() == Ordering::Greater,
            Operator::GreaterOrEqual => order() != Ordering::Less,
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Times by when they are, everything else as text.
fn compare(a: &str, b: &str) -> Ordering {
    match (DateTime::parse_from_rfc3339(a), DateTime::parse_from_rfc3339(b)) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// Whether a text is as a pattern says, in which `*` is any text.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return compare(text, pattern) == Ordering::Equal;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

/// Puts resources in the order that `order_by` names, such as `create_time desc, name`.
pub(super) fn sort(resources: &mut [Value], order_by: Option<&str>, fields: &[&str]) -> Result<(), ApiError> {
    let mut keys = Vec::new();
    for part in order_by
        .unwrap_or_default()
        .split(',')
        .filter(|part| !part.trim().is_empty())
    {
        let words: Vec<&str> = part.split_whitespace().collect();
        let (name, descending) = match words.as_slice() {
            [name] | [name, "asc"] => (camel(name), false),
            [name, "desc"] => (camel(name), true),
            _ => (String::new(), false),
        };
        if !fields.contains(&name.as_str()) {
            return Err(ApiError::invalid(format!(
                "Invalid order_by '{}': only {} can be ordered by.",
                part.trim(),
                fields.join(", ")
            )));
        }
        keys.push((name, descending));
    }
    resources.sort_by(|a, b| {
        let orders = keys.iter().map(|(name, descending)| {
            let order = compare(&plain(&a[name]), &plain(&b[name]));
            if *descending { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: [&str; 3] = ["path", "createTime", "timing.end"];

    #[test]
    fn filters_say_what_is_listed() {
        let resource = json!({"path": "definitions/a_b.sqlx", "createTime": "2026-01-02T03:04:05.000000Z"});
        for (filter, accepted) in [
            ("", true),
            ("path = \"definitions/a_b.sqlx\"", true),
            ("path=\"definitions/*.sqlx\"", true),
            ("path=\"*_*\"", true),
            ("path='*.js'", false),
            ("path:\"a_b\"", true),
            ("path:a_c", false),
            ("a_b", true),
            ("NOT path:\"a_b\"", false),
            ("-path:\"a_c\"", true),
            ("path != \"x\" AND path:sqlx", true),
            ("path:x1 OR path:sqlx AND path:js", false),
            ("path:js OR path:sqlx AND path:a_b", true),
            ("create_time > \"2026-01-02T04:00:00+01:00\"", true),
            ("create_time <= \"2026-01-02T03:04:05Z\"", true),
            ("create_time = \"2026-01-02T03:04:05Z\"", true),
            ("timing.end:*", false),
            ("path:\"\\\"\"", false),
        ] {
            let read = Filter::parse(Some(filter), &FIELDS).unwrap();
            assert_eq!(read.accepts(&resource), accepted, "{filter}");
        }
        for filter in [
            "colour = 1",
            "path =",
            "= x",
            "path:\"x",
            "(path:x)",
            "path:x AND",
            "path:x OR OR path:y",
        ] {
            assert!(Filter::parse(Some(filter), &FIELDS).is_err(), "{filter}");
        }
    }

    #[test]
    fn orders_are_by_several_fields() {
        let mut all = vec![
            json!({"path": "a", "createTime": "2026-01-01T00:00:00Z"}),
            json!({"path": "b", "createTime": "2026-01-02T00:00:00Z"}),
            json!({"path": "c", "createTime": "2026-01-02T00:00:00Z"}),
        ];
        let paths = |all: &[Value]| all.iter().map(|one| plain(&one["path"])).collect::<String>();
        for (order, expected) in [
            (None, "abc"),
            (Some("path desc"), "cba"),
            (Some("create_time desc, path asc"), "bca"),
            (Some("createTime desc,path desc"), "cba"),
        ] {
            sort(&mut all, Some("path"), &FIELDS).unwrap();
            sort(&mut all, order, &FIELDS).unwrap();
            assert_eq!(paths(&all), expected, "{order:?}");
        }
        for order in ["colour", "path up", "path desc asc"] {
            assert!(sort(&mut all, Some(order), &FIELDS).is_err(), "{order}");
        }
    }
}
