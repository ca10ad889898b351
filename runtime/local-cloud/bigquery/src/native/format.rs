//! FORMAT: printf's specifiers, and `%t`, `%T`, `%p`, `%P` for values of any type.

use super::json::{Wide, parse};
use super::print::{self, trimmed};
use super::shape::Shape;
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[native("format", Answers::Text, format)];

/// What stands between `%` and the letter.
#[derive(Debug, Default)]
struct Flags {
    left: bool,
    plus: bool,
    space: bool,
    sharp: bool,
    zero: bool,
    group: bool,
    width: usize,
    precision: Option<usize>,
}

/// The arguments: the format, their shape, and the values in a struct.
fn format(args: &[Cell]) -> Outcome {
    let [Cell::Text(pattern), Cell::Text(shape), Cell::Struct(values)] = args else {
        return Err(misused());
    };
    let shape = Shape::read(shape)?;
    let Shape::Struct(shapes) = &*shape else {
        return Err(misused());
    };
    let mut arguments = Arguments {
        pattern,
        shapes,
        values,
        next: 0,
    };
    let mut out = String::new();
    let mut null = false;
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        match specifier(&mut rest, &mut arguments)? {
            Some(text) => out.push_str(&text),
            None => null = true,
        }
    }
    out.push_str(rest);
    if arguments.next < shapes.len() {
        return Err(format!(
            "Too many arguments to FORMAT for pattern \"{pattern}\"; Expected {}; Got {}",
            arguments.next + 1,
            shapes.len() + 1
        ));
    }
    Ok(if null { Cell::Null } else { Cell::Text(out) })
}

struct Arguments<'a> {
    pattern: &'a str,
    shapes: &'a [(String, Shape)],
    values: &'a [(String, Cell)],
    next: usize,
}

impl<'a> Arguments<'a> {
    /// The next argument and its place as messages count it.
    fn take(&mut self) -> Result<(&'a Shape, &'a Cell, usize), String> {
        let at = self.next;
        self.next += 1;
        match (self.shapes.get(at), self.values.get(at)) {
            (Some((_, shape)), Some((_, value))) => Ok((shape, value, at + 2)),
            _ => Err(format!(
                "Too few arguments to FORMAT for pattern \"{}\"; Expected {}; Got {}",
                self.pattern,
                at + 2,
                self.shapes.len() + 1
            )),
        }
    }

    /// A width or a precision that stands among the arguments: `None` where it is NULL.
    fn count(&mut self) -> Result<Option<i64>, String> {
        match self.take()? {
            (Shape::Int64, Cell::Int(count), place) => match i32::try_from(*count) {
                Ok(count) if count != i32::MIN => Ok(Some(count.into())),
                _ => Err(format!(
                    "Invalid value for argument {place} to FORMAT; width is out of range"
                )),
            },
            (_, Cell::Null, _) => Ok(None),
            (shape, _, place) => Err(mismatch(place, "integer", shape)),
        }
    }
}

fn mismatch(place: usize, expected: &str, shape: &Shape) -> String {
    format!(
        "Invalid type for argument {place} to FORMAT; Expected {expected}; Got {}",
        name(shape)
    )
}

fn name(shape: &Shape) -> String {
    match shape {
        Shape::Int64 => "INT64".into(),
        Shape::Float64 => "FLOAT64".into(),
        Shape::Numeric => "NUMERIC".into(),
        Shape::BigNumeric => "BIGNUMERIC".into(),
        Shape::String => "STRING".into(),
        Shape::Bytes => "BYTES".into(),
        Shape::Bool => "BOOL".into(),
        Shape::Date => "DATE".into(),
        Shape::Datetime => "DATETIME".into(),
        Shape::Time => "TIME".into(),
        Shape::Timestamp => "TIMESTAMP".into(),
        Shape::Interval => "INTERVAL".into(),
        Shape::Json => "JSON".into(),
        Shape::Array(item) => format!("ARRAY<{}>", name(item)),
        Shape::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|(n, s)| format!("{n} {}", name(s))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
    }
}

/// A decimal count at the start of a text.
fn digits(rest: &mut &str) -> Option<usize> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let count = rest[..end].parse().ok();
    *rest = &rest[end..];
    count
}

/// One specifier, after its `%`: its text, or `None` where an argument is NULL.
fn specifier(rest: &mut &str, arguments: &mut Arguments<'_>) -> Result<Option<String>, String> {
    let mut flags = Flags::default();
    let mut null = false;
    loop {
        match rest.chars().next() {
            Some('-') => flags.left = true,
            Some('+') => flags.plus = true,
            Some(' ') => flags.space = true,
            Some('#') => flags.sharp = true,
            Some('0') => flags.zero = true,
            Some('\'') => flags.group = true,
            _ => break,
        }
        *rest = &rest[1..];
    }
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        match arguments.count()? {
            Some(width) => {
                flags.left |= width < 0;
                flags.width = usize::try_from(width.abs()).unwrap_or_default();
            }
            None => null = true,
        }
    } else {
        flags.width = digits(rest).unwrap_or(0);
    }
    if let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        if let Some(after) = rest.strip_prefix('*') {
            *rest = after;
            match arguments.count()? {
                Some(precision) => flags.precision = usize::try_from(precision).ok(),
                None => null = true,
            }
        } else {
            flags.precision = Some(digits(rest).unwrap_or(0));
        }
    }
    let Some(letter) = rest.chars().next() else {
        return Err(format!("Invalid FORMAT string: \"{}\"", arguments.pattern));
    };
    if !"diouxXfFeEgGpPstT".contains(letter) {
        return Err(format!(
            "Invalid format specifier character \"{letter}\" in FORMAT string: \"{}\"",
            arguments.pattern
        ));
    }
    *rest = &rest[letter.len_utf8()..];
    let (shape, value, place) = arguments.take()?;
    let text = one(letter, &flags, shape, value, place)?;
    Ok(text.filter(|_| !null))
}

fn one(letter: char, flags: &Flags, shape: &Shape, value: &Cell, place: usize) -> Result<Option<String>, String> {
    if *value == Cell::Null && !matches!(letter, 't' | 'T') {
        return Ok(None);
    }
    Ok(Some(match (letter, shape, value) {
        ('t' | 'T', _, _) => padded(cut(&print::text(shape, value, letter == 'T'), flags), flags),
        ('d' | 'i' | 'o' | 'x' | 'X', Shape::Int64, Cell::Int(v)) => integer(letter, *v, flags),
        ('f' | 'F' | 'e' | 'E' | 'g' | 'G', Shape::Float64, Cell::Float(v)) => real(letter, *v, flags),
        ('f' | 'F' | 'e' | 'E' | 'g' | 'G', Shape::Numeric | Shape::BigNumeric, Cell::Text(v)) => {
            decimal(letter, v, flags)
        }
        ('s', Shape::String, Cell::Text(v)) => padded(cut(v, flags), flags),
        ('p' | 'P', Shape::Json, Cell::Text(v)) => {
            let json = parse(v, Wide::Round)?;
            let text = if letter == 'p' { json.compact() } else { json.pretty() };
            padded(cut(&text, flags), flags)
        }
        ('d' | 'i' | 'o' | 'x' | 'X', ..) => return Err(mismatch(place, "integer", shape)),
        ('u', ..) => return Err(mismatch(place, "UINT", shape)),
        ('s', ..) => return Err(mismatch(place, "STRING", shape)),
        ('p' | 'P', ..) => return Err(mismatch(place, "JSON", shape)),
        _ => return Err(mismatch(place, "FLOAT64, NUMERIC or BIGNUMERIC", shape)),
    }))
}

/// No more characters than the precision says.
fn cut<'t>(text: &'t str, flags: &Flags) -> &'t str {
    let end = flags.precision.and_then(|p| text.char_indices().nth(p));
    end.map_or(text, |(at, _)| &text[..at])
}

fn padded(text: &str, flags: &Flags) -> String {
    let missing = flags.width.saturating_sub(text.chars().count());
    let spaces = " ".repeat(missing);
    if flags.left {
        format!("{text}{spaces}")
    } else {
        format!("{spaces}{text}")
    }
}

/// A number's sign and the rest of it, at its width.
fn number(negative: bool, body: &str, flags: &Flags, zeros: bool) -> String {
    let sign = match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    if zeros && flags.zero && !flags.left {
        let missing = flags.width.saturating_sub(sign.len() + body.chars().count());
        return format!("{sign}{}{body}", "0".repeat(missing));
    }
    padded(&format!("{sign}{body}"), flags)
}

/// Digits in groups, counted from their end.
fn grouped(digits: &str, size: usize, separator: char) -> String {
    let count = digits.len();
    let mut out = String::with_capacity(count + count / size);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (count - i).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

fn integer(letter: char, value: i128, flags: &Flags) -> String {
    let magnitude = value.unsigned_abs();
    let mut digits = match letter {
        'o' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => magnitude.to_string(),
    };
    if flags.precision == Some(0) && value == 0 {
        digits.clear();
    }
    if let Some(precision) = flags.precision {
        digits = format!("{digits:0>precision$}");
    }
    if flags.group {
        digits = match letter {
            'o' => grouped(&digits, 4, ','),
            'x' | 'X' => grouped(&digits, 4, ':'),
            _ => grouped(&digits, 3, ','),
        };
    }
    if flags.sharp && value != 0 {
        let prefix = match letter {
            'o' => "0",
            'x' => "0x",
            'X' => "0X",
            _ => "",
        };
        digits.insert_str(0, prefix);
    }
    number(value < 0, &digits, flags, flags.precision.is_none())
}

fn real(letter: char, value: f64, flags: &Flags) -> String {
    let upper = letter.is_ascii_uppercase();
    let case = |text: String| if upper { text.to_uppercase() } else { text };
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        return number(value < 0.0, &case(text.into()), flags, false);
    }
    let (fixed, scientific) = (
        |decimals: usize| format!("{:.decimals$}", value.abs()),
        |decimals: usize| format!("{:.decimals$e}", value.abs()),
    );
    let body = notation(letter, flags, &fixed, &scientific);
    number(value.is_sign_negative() && value != 0.0, &case(body), flags, true)
}

/// The digits of a number without its sign, given ways to write it with so many decimals.
fn notation(
    letter: char,
    flags: &Flags,
    fixed: &dyn Fn(usize) -> String,
    scientific: &dyn Fn(usize) -> String,
) -> String {
    let precision = flags.precision.unwrap_or(6);
    let body = match letter.to_ascii_lowercase() {
        'f' => pointed(&fixed(precision), flags.sharp),
        'e' => exponential(&scientific(precision), flags.sharp, false),
        _ => {
            let precision = precision.max(1);
            let text = scientific(precision - 1);
            let exponent: i64 = text
                .split_once('e')
                .and_then(|(_, e)| e.parse().ok())
                .unwrap_or_default();
            if exponent < -4 || exponent >= precision as i64 {
                exponential(&text, flags.sharp, !flags.sharp)
            } else {
                let decimals = usize::try_from(precision as i64 - 1 - exponent).unwrap_or_default();
                let text = fixed(decimals);
                if flags.sharp {
                    pointed(&text, true)
                } else {
                    trimmed(&text).to_owned()
                }
            }
        }
    };
    if !flags.group {
        return body;
    }
    let end = body.find(['.', 'e']).unwrap_or(body.len());
    format!("{}{}", grouped(&body[..end], 3, ','), &body[end..])
}

fn pointed(text: &str, sharp: bool) -> String {
    let point = if sharp && !text.contains('.') { "." } else { "" };
    format!("{text}{point}")
}

/// `1.5e2` as C writes it: `1.5e+02`.
fn exponential(text: &str, sharp: bool, trim: bool) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mantissa = if trim { trimmed(mantissa) } else { mantissa };
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    let exponent = exponent.trim_start_matches('-');
    format!("{}e{sign}{exponent:0>2}", pointed(mantissa, sharp))
}

/// A NUMERIC, exactly: halves are rounded away from zero.
fn decimal(letter: char, text: &str, flags: &Flags) -> String {
    let negative = text.starts_with('-');
    let text = trimmed(text.trim_start_matches('-'));
    let fixed = |decimals: usize| fixed_decimal(text, decimals);
    let scientific = |decimals: usize| scientific_decimal(text, decimals);
    let body = notation(letter, flags, &fixed, &scientific);
    let body = if letter.is_ascii_uppercase() {
        body.to_uppercase()
    } else {
        body
    };
    number(negative && text != "0", &body, flags, true)
}

/// A decimal without a sign, with so many digits after its point.
fn fixed_decimal(text: &str, decimals: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all = rounded(&format!("{whole}{fraction}"), whole.len() + decimals);
    let point = all.len() - decimals;
    if decimals == 0 {
        all
    } else {
        format!("{}.{}", &all[..point], &all[point..])
    }
}

/// A decimal without a sign as `1.5e2`, with so many digits after its point.
fn scientific_decimal(text: &str, decimals: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return format!("{:.decimals$e}", 0.0);
    }
    let mut exponent = significant.len() as i64 - fraction.len() as i64 - 1;
    let mut digits = rounded(significant, decimals + 1);
    if digits.len() > decimals + 1 {
        digits.truncate(decimals + 1);
        exponent += 1;
    }
    if decimals == 0 {
        format!("{digits}e{exponent}")
    } else {
        format!("{}.{}e{exponent}", &digits[..1], &digits[1..])
    }
}

/// A number of any type as `%.*f` writes it. `None`: it is no number.
pub(super) fn fixed(value: &Cell, decimals: usize) -> Option<String> {
    written(value, &|v| format!("{v:.decimals$}"), &|text| {
        fixed_decimal(text, decimals)
    })
}

/// A number of any type as `%.*e` writes it.
pub(super) fn scientific(value: &Cell, decimals: usize) -> Option<String> {
    let text = written(value, &|v| format!("{v:.decimals$e}"), &|text| {
        scientific_decimal(text, decimals)
    });
    text.map(|text| exponential(&text, false, false))
}

fn written(value: &Cell, float: &dyn Fn(f64) -> String, decimal: &dyn Fn(&str) -> String) -> Option<String> {
    let text = match value {
        Cell::Float(value) => return Some(float(*value)),
        Cell::Int(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        _ => return None,
    };
    Some(match text.strip_prefix('-') {
        Some(text) => format!("-{}", decimal(trimmed(text))),
        None => decimal(trimmed(&text)),
    })
}

/// The first `count` digits, the last of them rounded; one more where it carries over the first.
fn rounded(digits: &str, count: usize) -> String {
    let mut kept: Vec<u8> = digits.bytes().take(count).collect();
    kept.resize(count, b'0');
    if digits.as_bytes().get(count).is_some_and(|d| *d >= b'5') {
        let mut at = count;
        loop {
            if at == 0 {
                kept.insert(0, b'1');
                break;
            }
            at -= 1;
            if kept[at] == b'9' {
                kept[at] = b'0';
            } else {
                kept[at] += 1;
                break;
            }
        }
    }
    String::from_utf8(kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_are_written_exactly() {
        for (format, value, expected) in [
            ("%.0f", "1.5", "2"),
            ("%f", "1.999999999", "2.000000"),
            ("%e", "0.00015", "1.500000e-04"),
            ("%.0e", "0.00015555", "2e-04"),
            ("%g", "1500000000", "1.5e+09"),
            ("%#+'.0f", "12345678", "+12,345,678."),
            ("%'010.5f", "0.1", "0000.10000"),
        ] {
            let fields = vec![("a".to_owned(), Cell::Text(value.into()))];
            let mut shape = String::new();
            Shape::Struct(vec![("a".into(), Shape::Numeric)]).write(&mut shape);
            let found = super::format(&[Cell::Text(format.into()), Cell::Text(shape), Cell::Struct(fields)]);
            assert_eq!(found, Ok(Cell::Text(expected.into())), "{format} of {value}");
        }
    }
}
