//! JSON values. Those of the type JSON are kept in one form: keys in order and once, numbers as numbers. Those inside
//! of a STRING stay as they are written.

use std::fmt::Write as _;

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::native) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
    /// As it is written.
    Raw(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::native) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(in crate::native) fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Puts a member at its place in the order; one that is there already is replaced where `replace` says so.
    pub(in crate::native) fn put(members: &mut Vec<(String, Self)>, key: String, value: Self, replace: bool) {
        match members.binary_search_by(|(k, _)| k.as_str().cmp(&key)) {
            Ok(at) if replace => members[at].1 = value,
            Ok(_) => {}
            Err(at) => members.insert(at, (key, value)),
        }
    }

    /// Whether it is neither an array nor an object nor null.
    pub(in crate::native) fn is_scalar(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    pub(in crate::native) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// On one line, without spaces.
    pub(in crate::native) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None);
        out
    }

    /// On many lines, two spaces for each level.
    pub(in crate::native) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out
    }

    fn write(&self, out: &mut String, level: Option<usize>) {
        let inner = level.map(|l| l + 1);
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number.text()),
            Self::Text(text) => quote(text, out),
            Self::Array(items) if items.is_empty() => out.push_str("[]"),
            Self::Object(members) if members.is_empty() => out.push_str("{}"),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(out, inner);
                    item.write(out, inner);
                }
                line(out, level);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(out, inner);
                    quote(key, out);
                    out.push_str(if level.is_some() { ": " } else { ":" });
                    value.write(out, inner);
                }
                line(out, level);
                out.push('}');
            }
        }
    }
}

fn line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

/// A string as JSON writes it.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                // Writing to a String does not fail.
                write!(out, "\\u{:04x}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

impl Number {
    pub(in crate::native) fn text(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Float(value) => float(*value),
            Self::Raw(text) => text.clone(),
        }
    }

    pub(in crate::native) fn float(&self) -> f64 {
        match self {
            Self::Int(value) => *value as f64,
            Self::Uint(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Raw(text) => text.parse().unwrap_or(f64::NAN),
        }
    }
}

/// The fewest digits that mean this number, and the power of ten of `0.digits`.
fn digits(value: f64) -> (String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    (mantissa.replace('.', ""), exponent + 1)
}

/// A FLOAT64 inside of a JSON value: always with a point or an exponent.
fn float(value: f64) -> String {
    if value == 0.0 {
        return if value.is_sign_negative() {
            "-0.0".into()
        } else {
            "0.0".into()
        };
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let (digits, point) = digits(value);
    let count = digits.len() as i32;
    let text = if count <= point && point <= 15 {
        format!("{digits}{}.0", "0".repeat((point - count) as usize))
    } else if 0 < point && point <= 15 {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    } else if -4 < point && point <= 0 {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        let exponent = point - 1;
        let mantissa = if count == 1 {
            digits
        } else {
            format!("{}.{}", &digits[..1], &digits[1..])
        };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_have_a_point_or_an_exponent() {
        for (value, expected) in [
            (10.0, "10.0"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1e14, "100000000000000.0"),
            (1e15, "1e+15"),
            (1e100, "1e+100"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (0.0, "0.0"),
            (123.456, "123.456"),
        ] {
            assert_eq!(super::float(value), expected);
        }
    }
}
