//! JSON to the types of SQL: strictly (another kind is an error) and lax (it is NULL), and text to JSON.

use super::value::{Json, Number};
use super::{Wide, cell, parse, typed};
use crate::engine::Cell;
use crate::native::{Answers, Native, Outcome, misused, native};

pub(super) const NATIVES: &[Native] = &[
    native("parse_json", Answers::Json, parse_json),
    native("json_int64", Answers::Int, |args| one(args, int)),
    native("json_float64", Answers::Float, float),
    native("json_bool", Answers::Bool, |args| one(args, boolean)),
    native("json_string", Answers::Text, |args| one(args, text)),
    // FLOAT64 and BOOL in arrays come as text, of which DuckDB makes them again.
    native("json_int64_array", Answers::Ints, |args| all(args, int)),
    native("json_float64_array", Answers::Texts, float_array),
    native("json_bool_array", Answers::Texts, |args| {
        all(args, boolean).map(as_texts)
    }),
    native("json_string_array", Answers::Texts, |args| all(args, text)),
    native("lax_int64", Answers::Int, |args| one(args, |j| Ok(lax_int(j)))),
    native("lax_float64", Answers::Float, |args| one(args, |j| Ok(lax_float(j)))),
    native("lax_bool", Answers::Bool, |args| one(args, |j| Ok(lax_bool(j)))),
    native("lax_string", Answers::Text, |args| one(args, |j| Ok(lax_text(j)))),
    native("lax_int64_array", Answers::Ints, |args| lax_all(args, lax_int)),
    native("lax_float64_array", Answers::Texts, |args| {
        lax_all(args, lax_float).map(as_texts)
    }),
    native("lax_bool_array", Answers::Texts, |args| {
        lax_all(args, lax_bool).map(as_texts)
    }),
    native("lax_string_array", Answers::Texts, |args| lax_all(args, lax_text)),
];

fn mode(text: &str) -> Result<Wide, String> {
    match text {
        "exact" => Ok(Wide::Exact),
        "round" => Ok(Wide::Round),
        other => Err(format!("Invalid `wide_number_mode` specified: {other}")),
    }
}

fn parse_json(args: &[Cell]) -> Outcome {
    let [Cell::Text(text), Cell::Text(wide)] = args else {
        return Err(misused());
    };
    let json = parse(text, mode(wide)?).map_err(|words| format!("Invalid input to PARSE_JSON: {words}"))?;
    Ok(cell(&json))
}

fn one(args: &[Cell], convert: fn(&Json) -> Outcome) -> Outcome {
    match args {
        [Cell::Text(json)] => convert(&typed(json)?),
        _ => Err(misused()),
    }
}

fn all(args: &[Cell], convert: fn(&Json) -> Outcome) -> Outcome {
    let [Cell::Text(json)] = args else {
        return Err(misused());
    };
    match typed(json)? {
        Json::Array(items) => items.iter().map(convert).collect::<Result<_, _>>().map(Cell::List),
        _ => Err("The provided JSON input is not an array".into()),
    }
}

fn lax_all(args: &[Cell], convert: fn(&Json) -> Cell) -> Outcome {
    let [Cell::Text(json)] = args else {
        return Err(misused());
    };
    Ok(match typed(json)? {
        Json::Array(items) => Cell::List(items.iter().map(convert).collect()),
        _ => Cell::Null,
    })
}

fn as_texts(list: Cell) -> Cell {
    match list {
        Cell::List(items) => Cell::List(
            items
                .into_iter()
                .map(|item| match item {
                    Cell::Bool(value) => Cell::Text(value.to_string()),
                    Cell::Float(value) => Cell::Text(value.to_string()),
                    other => other,
                })
                .collect(),
        ),
        other => other,
    }
}

fn int(json: &Json) -> Outcome {
    let Json::Number(number) = json else {
        return Err("The provided JSON input is not an integer".into());
    };
    match number {
        Number::Int(value) => Ok(Cell::Int((*value).into())),
        Number::Float(value) if value.fract() == 0.0 && value.abs() < 9.3e18 => {
            whole(*value).ok_or_else(|| cannot(json, "an int64"))
        }
        Number::Float(_) => Err(cannot(json, "an int64")),
        _ => Err("The provided JSON input is not an integer".into()),
    }
}

fn cannot(json: &Json, what: &str) -> String {
    format!(
        "The provided JSON number: {} cannot be converted to {what}",
        plain(json)
    )
}

/// A whole number of INT64's range.
fn whole(value: f64) -> Option<Cell> {
    let inside = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    inside.then_some(Cell::Int(value as i128))
}

fn float_of(json: &Json, wide: Wide) -> Outcome {
    let Json::Number(number) = json else {
        return Err("The provided JSON input is not a number".into());
    };
    let value = number.float();
    let exact = match number {
        Number::Int(n) => value as i128 == i128::from(*n),
        Number::Uint(n) => value as i128 == i128::from(*n),
        _ => true,
    };
    if wide == Wide::Exact && !exact {
        return Err(format!(
            "JSON number: {} cannot be converted to DOUBLE without loss of precision",
            number.text()
        ));
    }
    Ok(Cell::Float(value))
}

fn float(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(json), Cell::Text(wide)] => float_of(&typed(json)?, mode(wide)?),
        _ => Err(misused()),
    }
}

fn float_array(args: &[Cell]) -> Outcome {
    let [Cell::Text(json), Cell::Text(wide)] = args else {
        return Err(misused());
    };
    let wide = mode(wide)?;
    match typed(json)? {
        Json::Array(items) => {
            let items: Result<Vec<Cell>, String> = items.iter().map(|i| float_of(i, wide)).collect();
            Ok(as_texts(Cell::List(items?)))
        }
        _ => Err("The provided JSON input is not an array".into()),
    }
}

fn boolean(json: &Json) -> Outcome {
    match json {
        Json::Bool(value) => Ok(Cell::Bool(*value)),
        _ => Err("The provided JSON input is not a boolean".into()),
    }
}

fn text(json: &Json) -> Outcome {
    match json {
        Json::Text(value) => Ok(Cell::Text(value.clone())),
        _ => Err("The provided JSON input is not a string".into()),
    }
}

/// Text to a number as CAST reads it.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let bare = text.trim_start_matches(['+', '-']);
    let known = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || ["inf", "infinity", "nan"].iter().any(|w| bare.eq_ignore_ascii_case(w));
    if known { text.parse().ok() } else { None }
}

fn lax_int(json: &Json) -> Cell {
    let rounded = |value: f64| whole(value.round()).unwrap_or(Cell::Null);
    match json {
        Json::Bool(value) => Cell::Int((*value).into()),
        Json::Number(Number::Int(value)) => Cell::Int((*value).into()),
        Json::Number(number) => rounded(number.float()),
        Json::Text(text) => {
            // Digits before a point are not put through a FLOAT64.
            let whole = text.trim().trim_end_matches('0').strip_suffix('.').unwrap_or(text);
            match whole.trim().parse::<i64>() {
                Ok(value) => Cell::Int(value.into()),
                Err(_) => number(text).map_or(Cell::Null, rounded),
            }
        }
        _ => Cell::Null,
    }
}

fn lax_float(json: &Json) -> Cell {
    match json {
        Json::Number(number) => Cell::Float(number.float()),
        Json::Text(text) => number(text).map_or(Cell::Null, Cell::Float),
        _ => Cell::Null,
    }
}

fn lax_bool(json: &Json) -> Cell {
    match json {
        Json::Bool(value) => Cell::Bool(*value),
        Json::Number(number) => Cell::Bool(number.float() != 0.0),
        Json::Text(text) if text.eq_ignore_ascii_case("true") => Cell::Bool(true),
        Json::Text(text) if text.eq_ignore_ascii_case("false") => Cell::Bool(false),
        _ => Cell::Null,
    }
}

fn lax_text(json: &Json) -> Cell {
    match json {
        Json::Text(text) => Cell::Text(text.clone()),
        Json::Bool(_) | Json::Number(_) => Cell::Text(plain(json)),
        _ => Cell::Null,
    }
}

/// A number as CAST to STRING writes it: a whole one has no point.
fn plain(json: &Json) -> String {
    match json {
        Json::Number(Number::Float(value)) => crate::native::print::float(*value),
        other => other.compact(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lax_numbers_are_read_out_of_text() {
        for (json, expected) in [
            ("\"1.1e2\"", Cell::Int(110)),
            ("\"+1.5\"", Cell::Int(2)),
            ("\"123456789012345678.0\"", Cell::Int(123_456_789_012_345_678)),
            ("\"foo\"", Cell::Null),
            ("1e100", Cell::Null),
        ] {
            assert_eq!(lax_int(&typed(json).unwrap()), expected, "{json}");
        }
    }
}
