//! CAST of numbers to STRING with a FORMAT.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_numeric_type_as_string>.

use super::format::{fixed, scientific};
use super::number_model::{self, Kind, Model, Place, Sign};
use super::print::trimmed;
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[native("cast_number_written", Answers::Text, written)];

/// The width of Roman numerals.
const ROMAN_WIDTH: usize = 15;

/// A format and an INT64, a FLOAT64, or a decimal as text.
fn written(args: &[Cell]) -> Outcome {
    let [Cell::Text(format), value] = args else {
        return Err(misused());
    };
    let model = number_model::read(format)?;
    let text = match model.kind {
        Kind::Decimal => decimal(&model, value)?,
        Kind::Hexadecimal => hexadecimal(&model, value)?,
        Kind::Roman(small) => roman(small, model.compact, value)?,
    };
    Ok(Cell::Text(if model.compact {
        text.trim_matches(' ').to_owned()
    } else {
        text
    }))
}

/// A number as its digits.
struct Digits {
    negative: bool,
    /// Empty for zero.
    whole: String,
    fraction: String,
    /// `+02`, where the format wants one.
    exponent: String,
}

/// The number's digits, as many as the model has places for.
fn digits(model: &Model, value: &Cell) -> Result<Digits, String> {
    let text = if model.has_exponent() {
        scientific(value, model.fraction)
    } else {
        fixed(value, model.fraction)
    };
    let text = text.ok_or_else(misused)?;
    let (number, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |n| (true, n));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = if model.compact {
        fraction.trim_end_matches('0')
    } else {
        fraction
    };
    Ok(Digits {
        negative,
        whole: if whole == "0" { String::new() } else { whole.to_owned() },
        fraction: fraction.to_owned(),
        exponent: exponent.to_owned(),
    })
}

fn decimal(model: &Model, value: &Cell) -> Result<String, String> {
    if let Cell::Float(number) = value
        && !number.is_finite()
    {
        return Ok(not_finite(model, *number));
    }
    let digits = digits(model, value)?;
    let blank = model.blank && digits.whole.is_empty();
    let overflows = digits.whole.len() > model.whole;
    let zero_before = model.places[..model.point].contains(&Place::Zero);
    let has_whole = !digits.whole.is_empty() || model.has_exponent() || zero_before || digits.fraction.is_empty();
    let (padding, whole) = if model.whole > 0 && has_whole {
        whole_part(model, &digits, overflows)
    } else {
        (model.point, String::new())
    };
    let fraction = fraction_part(model, &digits, overflows);
    let clear = |text: &str| if blank { " ".repeat(text.len()) } else { text.to_owned() };
    let (before, after) = signs(model, digits.negative);
    Ok([
        " ".repeat(padding),
        clear(before),
        clear(model.currency.unwrap_or_default()),
        clear(&whole),
        clear(&fraction),
        clear(after),
    ]
    .concat())
}

/// The places before the point that are left empty, and what the others hold; it is written from its end.
fn whole_part(model: &Model, digits: &Digits, overflows: bool) -> (usize, String) {
    let whole = if digits.whole.is_empty() { "0" } else { &digits.whole };
    let mut left = whole.chars().rev().peekable();
    let first_zero = model.places.iter().position(|p| *p == Place::Zero);
    let mut out = Vec::new();
    let mut at = model.point;
    while at > 0 {
        if left.peek().is_none() && first_zero.is_none_or(|zero| at - 1 < zero) {
            break;
        }
        at -= 1;
        out.push(match model.places[at] {
            Place::Group => ',',
            _ => {
                let digit = left.next().unwrap_or('0');
                if overflows { '#' } else { digit }
            }
        });
    }
    (at, out.iter().rev().collect())
}

fn fraction_part(model: &Model, digits: &Digits, overflows: bool) -> String {
    let mut out = String::new();
    let mut fraction = digits.fraction.chars();
    for place in &model.places[model.point..] {
        match place {
            Place::Point => out.push('.'),
            Place::Exponent(_) if overflows => out.push_str("####"),
            Place::Exponent(small) => {
                out.push(if *small { 'e' } else { 'E' });
                out.push_str(&digits.exponent);
            }
            Place::Zero | Place::Nine if overflows => out.push('#'),
            Place::Zero | Place::Nine => out.extend(fraction.next()),
            _ => {}
        }
    }
    out
}

/// What stands before a number and after it for its sign.
fn signs(model: &Model, negative: bool) -> (&'static str, &'static str) {
    match (model.sign, negative) {
        (Some(Sign::Before), true) | (None, true) => ("-", ""),
        (Some(Sign::Before), false) => ("+", ""),
        (None, false) => (" ", ""),
        (Some(Sign::After), true) | (Some(Sign::Minus), true) => ("", "-"),
        (Some(Sign::After), false) => ("", "+"),
        (Some(Sign::Minus), false) => ("", " "),
        (Some(Sign::Angles), true) => ("<", ">"),
        (Some(Sign::Angles), false) => (" ", " "),
    }
}

/// Infinity and NaN stand in the places before the point.
fn not_finite(model: &Model, number: f64) -> String {
    let word = if number.is_nan() { "NAN" } else { "INF" };
    let (mut before, mut after) = signs(model, number == f64::NEG_INFINITY);
    if number.is_nan() {
        before = &"  "[..before.len()];
        after = &"  "[..after.len()];
    }
    let currency = model.currency.unwrap_or_default();
    let (padding, body) = if model.has_exponent() {
        (model.places.len(), word.to_owned())
    } else {
        let fits = model.point >= word.len();
        let from = model.point.saturating_sub(word.len());
        let whole = match fits {
            true => word.to_owned(),
            false => model.places[from..model.point]
                .iter()
                .map(|p| if *p == Place::Group { ',' } else { '#' })
                .collect(),
        };
        let fraction = model.places[model.point..].iter().filter_map(|p| match (p, fits) {
            (Place::Shift, _) => None,
            (_, true) => Some(' '),
            (Place::Point, false) => Some('.'),
            (_, false) => Some('#'),
        });
        (from, whole + &fraction.collect::<String>())
    };
    [" ".repeat(padding).as_str(), before, currency, &body, after].concat()
}

/// The nearest whole number, halves away from zero. `None`: it has more than 16 hexadecimal digits.
fn whole_number(value: &Cell) -> Result<(bool, Option<u64>), String> {
    match value {
        Cell::Int(number) => Ok((*number < 0, u64::try_from(number.unsigned_abs()).ok())),
        Cell::Float(number) if number.abs().round() < 18_446_744_073_709_551_616.0 => {
            Ok((*number < 0.0, Some(number.abs().round() as u64)))
        }
        Cell::Float(number) => Ok((*number < 0.0, None)),
        Cell::Text(_) => {
            let text = fixed(value, 0).ok_or_else(misused)?;
            let (negative, digits) = text.strip_prefix('-').map_or((false, &*text), |d| (true, d));
            Ok((negative, trimmed(digits).parse().ok()))
        }
        _ => Err(misused()),
    }
}

fn hexadecimal(model: &Model, value: &Cell) -> Result<String, String> {
    let (negative, number) = whole_number(value)?;
    let digits = number.map_or_else(|| "0".repeat(17), |n| format!("{n:x}"));
    let overflows = digits.len() > model.places.len();
    let first_zero = model.places.iter().position(|p| *p == Place::Zero);
    // A zero has the case of the next digit after it that has one.
    let small = |at: usize| {
        model.places[at..].iter().find_map(|p| match p {
            Place::Hex(small) => Some(*small),
            _ => None,
        })
    };
    let mut left = digits.chars().rev().peekable();
    let mut out = Vec::new();
    let mut at = model.places.len();
    while at > 0 {
        if left.peek().is_none() && first_zero.is_none_or(|zero| at - 1 < zero) {
            break;
        }
        at -= 1;
        let digit = left.next().unwrap_or('0');
        out.push(match (overflows, small(at)) {
            (true, _) => '#',
            (false, Some(true)) => digit,
            (false, _) => digit.to_ascii_uppercase(),
        });
    }
    let (before, after) = signs(model, negative);
    let body: String = out.iter().rev().collect();
    Ok([" ".repeat(at).as_str(), before, &body, after].concat())
}

const ROMAN: &[(u64, &str)] = &[
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

fn roman(small: bool, compact: bool, value: &Cell) -> Result<String, String> {
    let (negative, number) = whole_number(value)?;
    let mut rest = match number {
        Some(number @ 1..=3999) if !negative => number,
        _ => return Ok("#".repeat(if compact { 1 } else { ROMAN_WIDTH })),
    };
    let mut out = String::new();
    for (worth, letters) in ROMAN {
        while rest >= *worth {
            out.push_str(letters);
            rest -= worth;
        }
    }
    if small {
        out.make_ascii_lowercase();
    }
    Ok(format!("{out:>ROMAN_WIDTH$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_format_says() {
        for (value, format, expected) in [
            (Cell::Float(1_234_567.89), "$999,999.999", " $###,###.###"),
            (Cell::Float(12345.6), "9,9g9,9g.99", " #,#,#,#,.##"),
            (Cell::Float(0.999), ".99", " .##"),
            (Cell::Int(123), "090999.99EEEE", " 1.23E+02"),
            (Cell::Float(0.12), ".99EEEE", " .######"),
            (Cell::Float(-0.1), "99.99", "  -.10"),
            (Cell::Int(0), "99.", "  0."),
            (Cell::Float(0.1), "BC9,99.99", "           "),
            (Cell::Int(0), "FM$99.99EEEE", "$0.E+00"),
            (Cell::Float(0.1), "FM0V99", "01"),
            (Cell::Text("-12.50".into()), "C9999PR", "  <USD13>"),
            (Cell::Int(43981), "00Xx", " ABCd"),
            (Cell::Int(i64::MIN.into()), "XXXXXXXXXXXXXXXX", "-8000000000000000"),
            (Cell::Float(1.84468e19), "XX", " ##"),
            (Cell::Float(f64::NAN), "9,9.9S", "NAN   "),
            (Cell::Float(f64::NEG_INFINITY), "99.9", "-##.#"),
            (Cell::Int(2021), "RN", "          MMXXI"),
        ] {
            let found = written(&[Cell::Text(format.into()), value]);
            assert_eq!(found, Ok(Cell::Text(expected.into())), "{format}");
        }
    }
}
