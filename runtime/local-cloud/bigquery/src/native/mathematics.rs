//! Mathematics on FLOAT64 as BigQuery has it: what is infinite or NaN goes through, but a finite argument must have a
//! finite answer. Distances between vectors as well.

use std::collections::BTreeMap;

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

macro_rules! functions {
    ($($name:literal, $shown:literal, $f:expr;)*) => {
        &[$(native($name, Answers::Float, |args| one(args, $shown, $f)),)*]
    };
}

pub(super) const NATIVES: &[Native] = functions! {
    "sqrt", "SQRT", f64::sqrt;
    "cbrt", "CBRT", f64::cbrt;
    "exp", "EXP", f64::exp;
    "ln", "LN", f64::ln;
    "log10", "LOG10", f64::log10;
    "cos", "COS", f64::cos;
    "cosh", "COSH", f64::cosh;
    "acos", "ACOS", f64::acos;
    "acosh", "ACOSH", f64::acosh;
    "sin", "SIN", f64::sin;
    "sinh", "SINH", f64::sinh;
    "asin", "ASIN", f64::asin;
    "asinh", "ASINH", asinh;
    "tan", "TAN", f64::tan;
    "tanh", "TANH", f64::tanh;
    "atan", "ATAN", f64::atan;
    "atanh", "ATANH", f64::atanh;
    "csc", "CSC", |x| x.sin().recip();
    "sec", "SEC", |x| x.cos().recip();
    "cot", "COT", |x| x.tan().recip();
    "csch", "CSCH", |x| x.sinh().recip();
    "sech", "SECH", |x| x.cosh().recip();
    "coth", "COTH", |x| x.tanh().recip();
};

pub(super) const PAIRS: &[Native] = &[
    native("pow", Answers::Float, |args| two(args, "POW", f64::powf)),
    native("atan2", Answers::Float, |args| two(args, "ATAN2", f64::atan2)),
    native("log", Answers::Float, |args| two(args, "LOG", log)),
    native("cosine_distance", Answers::Float, cosine_distance),
    native("euclidean_distance", Answers::Float, euclidean_distance),
];

fn one(args: &[Cell], name: &str, f: fn(f64) -> f64) -> Outcome {
    let [Cell::Float(x)] = args else {
        return Err(misused());
    };
    let y = f(*x);
    if x.is_finite() && !y.is_finite() {
        return Err(format!("Floating point error in function: {name}({x})"));
    }
    Ok(Cell::Float(y))
}

fn two(args: &[Cell], name: &str, f: fn(f64, f64) -> f64) -> Outcome {
    let [Cell::Float(a), Cell::Float(b)] = args else {
        return Err(misused());
    };
    let y = f(*a, *b);
    if a.is_finite() && b.is_finite() && !y.is_finite() {
        return Err(format!("Floating point error in function: {name}({a}, {b})"));
    }
    Ok(Cell::Float(y))
}

/// Keeps the sign of zero and of infinity, which the library's own loses near them.
fn asinh(x: f64) -> f64 {
    if x == 0.0 || x.is_infinite() { x } else { x.asinh() }
}

fn log(x: f64, base: f64) -> f64 {
    if base == f64::INFINITY {
        f64::NAN
    } else {
        x.ln() / base.ln()
    }
}

/// Where a number of a vector stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Index(i128),
    Name(String),
}

/// A vector: numbers in order, or pairs of a place and a number of which each place is there once.
fn vector(name: &str, cell: &Cell) -> Result<BTreeMap<Place, f64>, String> {
    let Cell::List(items) = cell else {
        return Err(misused());
    };
    let mut out = BTreeMap::new();
    for (at, item) in (0..).zip(items) {
        let null = || format!("NULL value is not allowed in the input arrays of {name}");
        let (place, value) = match item {
            Cell::Float(value) => (Place::Index(at), *value),
            Cell::Struct(fields) => match fields.as_slice() {
                [(_, Cell::Int(place)), (_, Cell::Float(value))] => (Place::Index(*place), *value),
                [(_, Cell::Text(place)), (_, Cell::Float(value))] => (Place::Name(place.clone()), *value),
                _ => return Err(null()),
            },
            _ => return Err(null()),
        };
        if out.insert(place, value).is_some() {
            return Err(format!("Duplicate index found in the input array of {name}"));
        }
    }
    Ok(out)
}

/// The numbers of two vectors side by side; of sparse ones the missing are zero.
fn side_by_side(name: &str, args: &[Cell]) -> Result<Vec<(f64, f64)>, String> {
    let [a, b] = args else {
        return Err(misused());
    };
    let sparse = |cell: &Cell| matches!(cell, Cell::List(items) if matches!(items.first(), Some(Cell::Struct(_))));
    let (x, y) = (vector(name, a)?, vector(name, b)?);
    if !sparse(a) && x.len() != y.len() {
        return Err(format!(
            "Array length mismatch: {} and {}. The input arrays of {name} must have the same length",
            x.len(),
            y.len()
        ));
    }
    let mut out: Vec<(f64, f64)> = x.iter().map(|(k, v)| (*v, y.get(k).copied().unwrap_or(0.0))).collect();
    out.extend(y.iter().filter(|(k, _)| !x.contains_key(*k)).map(|(_, v)| (0.0, *v)));
    Ok(out)
}

fn cosine_distance(args: &[Cell]) -> Outcome {
    let pairs = side_by_side("COSINE_DISTANCE", args)?;
    let dot: f64 = pairs.iter().map(|(a, b)| a * b).sum();
    let a: f64 = pairs.iter().map(|(a, _)| a * a).sum();
    let b: f64 = pairs.iter().map(|(_, b)| b * b).sum();
    if a == 0.0 || b == 0.0 {
        return Err("Cannot compute cosine distance against zero vector.".into());
    }
    Ok(Cell::Float(1.0 - dot / (a.sqrt() * b.sqrt())))
}

fn euclidean_distance(args: &[Cell]) -> Outcome {
    let pairs = side_by_side("EUCLIDEAN_DISTANCE", args)?;
    let sum: f64 = pairs.iter().map(|(a, b)| (a - b) * (a - b)).sum();
    Ok(Cell::Float(sum.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finite_in_is_finite_out() {
        let call = |name: &str, x: f64| {
            let native = NATIVES.iter().find(|n| n.name == name).unwrap();
            (native.call)(&[Cell::Float(x)])
        };
        assert_eq!(call("sqrt", 25.0), Ok(Cell::Float(5.0)));
        assert_eq!(call("coth", f64::INFINITY), Ok(Cell::Float(1.0)));
        assert!(matches!(call("sin", f64::INFINITY), Ok(Cell::Float(x)) if x.is_nan()));
        for (name, x) in [
            ("ln", 0.0),
            ("sqrt", -1.0),
            ("acos", 2.0),
            ("cot", 0.0),
            ("exp", 1000.0),
        ] {
            assert!(call(name, x).is_err(), "{name}");
        }
    }

    #[test]
    fn vectors_are_dense_or_sparse() {
        let dense = |v: &[f64]| Cell::List(v.iter().map(|x| Cell::Float(*x)).collect());
        let pair =
            |(k, v): &(i128, f64)| Cell::Struct(vec![("k".into(), Cell::Int(*k)), ("v".into(), Cell::Float(*v))]);
        let sparse = |v: &[(i128, f64)]| Cell::List(v.iter().map(pair).collect());
        let args = [dense(&[1.0, 2.0]), dense(&[3.0, 4.0])];
        let other = [sparse(&[(1, 1.0), (2, 2.0)]), sparse(&[(2, 4.0), (1, 3.0)])];
        assert_eq!(cosine_distance(&args), cosine_distance(&other));
        assert_eq!(euclidean_distance(&args), Ok(Cell::Float(8f64.sqrt())));
        assert!(cosine_distance(&[dense(&[0.0]), dense(&[1.0])]).is_err());
        assert!(euclidean_distance(&[dense(&[0.0]), dense(&[])]).is_err());
    }
}
