//! Signatures as data: which arguments a function takes, what they become, what it answers, in a line each.

use crate::sql::Ex;
use crate::sql::literal::coerce;
use crate::types::Ty;

/// Name, parameters, DuckDB's expression, type of the answer.
///
/// Parameters are a letter each (see [`accepts`]); what follows `?` may be left out, and `*` at the end repeats the
/// letter before it. In the expression `$1` is the first argument, `$*` all of them with commas between, `$||` all
/// of them concatenated, `$$` a dollar. A name with several signatures has several lines.
pub(super) type Scalar = (&'static str, &'static str, &'static str, Ret);

/// The type that a function answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ret {
    Int,
    Float,
    Numeric,
    BigNumeric,
    Str,
    Bool,
    Bytes,
    Date,
    Timestamp,
    Json,
    /// That of the nth argument.
    Arg(usize),
    /// An array of STRING, INT64, FLOAT64, BOOL, BYTES, JSON.
    Strings,
    Ints,
    Floats,
    Bools,
    ByteStrings,
    Jsons,
    /// The elements of the first argument.
    Element,
}

impl Ret {
    pub(super) fn ty(self, args: &[Ex]) -> Ty {
        let array = |item: Ty| Ty::Array(Box::new(item));
        match self {
            Self::Int => Ty::Int64,
            Self::Float => Ty::Float64,
            Self::Numeric => Ty::Numeric,
            Self::BigNumeric => Ty::BigNumeric,
            Self::Str => Ty::String,
            Self::Bool => Ty::Bool,
            Self::Bytes => Ty::Bytes,
            Self::Date => Ty::Date,
            Self::Timestamp => Ty::Timestamp,
            Self::Json => Ty::Json,
            Self::Arg(i) => args.get(i).map_or(Ty::Unknown, |a| a.ty.clone()),
            Self::Strings => array(Ty::String),
            Self::Ints => array(Ty::Int64),
            Self::Floats => array(Ty::Float64),
            Self::Bools => array(Ty::Bool),
            Self::ByteStrings => array(Ty::Bytes),
            Self::Jsons => array(Ty::Json),
            Self::Element => match args.first().map(|a| &a.ty) {
                Some(Ty::Array(item)) => (**item).clone(),
                _ => Ty::Unknown,
            },
        }
    }
}

/// The types that a letter stands for, the one that NULL becomes first, and their name in messages.
fn accepts(letter: char) -> (Vec<Ty>, &'static str) {
    let array = |item: Ty| Ty::Array(Box::new(item));
    match letter {
        'S' => (vec![Ty::String], "STRING"),
        'Y' => (vec![Ty::Bytes], "BYTES"),
        'I' => (vec![Ty::Int64], "INT64"),
        'F' => (vec![Ty::Float64], "FLOAT64"),
        'n' => (vec![Ty::Numeric], "NUMERIC"),
        'G' => (vec![Ty::BigNumeric], "BIGNUMERIC"),
        'N' => (
            vec![Ty::Float64, Ty::Int64, Ty::Numeric, Ty::BigNumeric],
            "INT64, NUMERIC, BIGNUMERIC or FLOAT64",
        ),
        'B' => (vec![Ty::Bool], "BOOL"),
        'D' => (vec![Ty::Date], "DATE"),
        'T' => (vec![Ty::Datetime], "DATETIME"),
        't' => (vec![Ty::Time], "TIME"),
        'Z' => (vec![Ty::Timestamp], "TIMESTAMP"),
        'V' => (vec![Ty::Interval], "INTERVAL"),
        'J' => (vec![Ty::Json], "JSON"),
        's' => (vec![array(Ty::String)], "ARRAY<STRING>"),
        'y' => (vec![array(Ty::Bytes)], "ARRAY<BYTES>"),
        'i' => (vec![array(Ty::Int64)], "ARRAY<INT64>"),
        'L' => (Vec::new(), "ARRAY"),
        _ => (Vec::new(), "ANY TYPE"),
    }
}

/// The argument as this parameter takes it, and how far it had to be bent for that.
fn bend(letter: char, arg: &Ex) -> Option<(Ex, u8)> {
    if letter == 'A' || (letter == 'L' && matches!(arg.ty, Ty::Array(_))) {
        return Some((arg.clone(), 0));
    }
    let (types, _) = accepts(letter);
    if types.contains(&arg.ty) {
        return Some((arg.clone(), 0));
    }
    match (&arg.ty, types.first()) {
        (Ty::Unknown, None) => Some((arg.clone(), 1)),
        (Ty::Unknown, Some(ty)) => Some((Ex::new(format!("CAST({} AS {})", arg.sql, ty.duck()), ty.clone()), 1)),
        (Ty::Array(item), Some(ty @ Ty::Array(_))) if **item == Ty::Unknown => {
            Some((Ex::new(format!("CAST({} AS {})", arg.sql, ty.duck()), ty.clone()), 1))
        }
        (from, Some(ty)) => {
            let literal = coerce(arg.clone(), ty);
            let widens = match ty {
                Ty::Float64 => from.is_number(),
                Ty::Numeric => *from == Ty::Int64,
                Ty::BigNumeric => matches!(from, Ty::Int64 | Ty::Numeric),
                _ => false,
            };
            if literal.ty == *ty {
                Some((literal, 2))
            } else if widens {
                Some((Ex::new(format!("CAST({} AS {})", arg.sql, ty.duck()), ty.clone()), 3))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The arguments as this signature takes them, and how far they had to be bent.
fn fit(params: &str, args: &[Ex]) -> Option<(Vec<Ex>, u32)> {
    let mut out = Vec::with_capacity(args.len());
    let mut bent = 0;
    let mut letters = params.chars().filter(|c| *c != '?').peekable();
    let mut last = None;
    let mut repeating = false;
    for arg in args {
        let letter = if repeating { last } else { letters.next() }?;
        if letters.peek() == Some(&'*') {
            letters.next();
            repeating = true;
        }
        last = Some(letter);
        let (arg, how) = bend(letter, arg)?;
        bent += u32::from(how);
        out.push(arg);
    }
    let required = params.split('?').next().unwrap_or_default();
    let required = required.chars().count() - if required.ends_with('*') { 2 } else { 0 };
    (args.len() >= required).then_some((out, bent))
}

/// The signature among these that these arguments need the least bending for.
pub(super) fn best<'s>(known: &[&'s Scalar], args: &[Ex]) -> Option<(&'s Scalar, Vec<Ex>)> {
    let fitting = known
        .iter()
        .filter_map(|s| fit(s.1, args).map(|(args, bent)| (*s, args, bent)));
    fitting.min_by_key(|(_, _, bent)| *bent).map(|(s, args, _)| (s, args))
}

/// The signature as messages show it.
pub(super) fn shown(scalar: &Scalar) -> String {
    let (name, params, ..) = scalar;
    let mut optional = false;
    let mut list: Vec<String> = Vec::new();
    for letter in params.chars() {
        match letter {
            '?' => optional = true,
            '*' => {
                if let Some(last) = list.last_mut() {
                    *last = format!("[{last}, ...]");
                }
            }
            letter if optional => list.push(format!("[{}]", accepts(letter).1)),
            letter => list.push(accepts(letter).1.to_owned()),
        }
    }
    format!("{name}({})", list.join(", "))
}

/// The expression with the arguments in it.
pub(super) fn fill(template: &str, args: &[Ex]) -> String {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    let joined = |with: &str| args.iter().map(|a| a.sql.as_str()).collect::<Vec<_>>().join(with);
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('$', Some('*')) => {
                chars.next();
                out.push_str(&joined(", "));
            }
            ('$', Some('|')) => {
                chars.nth(1);
                out.push_str(&joined(" || "));
            }
            ('$', Some('$')) => {
                chars.next();
                out.push('$');
            }
            ('$', Some(digit)) if digit.is_ascii_digit() => {
                let index = digit.to_digit(10).unwrap_or(1) as usize - 1;
                chars.next();
                out.push_str(args.get(index).map_or("NULL", |a| &a.sql));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_signature_is_taken() {
        let text: Scalar = ("F", "S?I", "", Ret::Str);
        let number: Scalar = ("F", "F*", "", Ret::Float);
        let known = [&text, &number];
        let int = Ex::new("1", Ty::Int64);
        let string = Ex::new("'a'", Ty::String);
        let null = Ex::new("NULL", Ty::Unknown);
        for (args, expected) in [
            (vec![string.clone()], Some("S?I")),
            (vec![string.clone(), int.clone()], Some("S?I")),
            (vec![int.clone(), int.clone(), int.clone()], Some("F*")),
            (vec![], Some("F*")),
            (vec![null, int.clone()], Some("S?I")),
            (vec![int, string], None),
        ] {
            assert_eq!(best(&known, &args).map(|(s, _)| s.1), expected, "{args:?}");
        }
        assert_eq!(shown(&text), "F(STRING, [INT64])");
    }
}
