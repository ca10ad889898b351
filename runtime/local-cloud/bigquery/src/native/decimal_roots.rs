//! Roots, powers and logarithms of NUMERIC and BIGNUMERIC: every digit that the type has. Decimals come and go as text,
//! with the number of their decimals; in between they are whole numbers of a far smaller unit.

use num_bigint::{BigInt, Sign};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("decimal_sqrt", Answers::Text, |args| {
        of_one(args, "SQRT", |x| root(x, 2))
    }),
    native("decimal_cbrt", Answers::Text, |args| {
        of_one(args, "CBRT", |x| root(x, 3))
    }),
    native("decimal_exp", Answers::Text, |args| of_one(args, "EXP", exp)),
    native("decimal_ln", Answers::Text, |args| of_one(args, "LN", ln)),
    native("decimal_log10", Answers::Text, |args| {
        of_one(args, "LOG10", |x| Some(over(&ln(x)?, &ln(&(unit() * 10))?)))
    }),
    native("decimal_log", Answers::Text, |args| of_two(args, "LOG", log)),
    native("decimal_pow", Answers::Text, |args| of_two(args, "POW", pow)),
];

/// Decimals in between.
const PLACES: u32 = 70;
/// What is greater than e to this leaves 38 digits.
const GREATEST_EXPONENT: i64 = 90;
/// Powers of more than this go through logarithms.
const MOST_MULTIPLIED: i64 = 4096;

fn unit() -> BigInt {
    BigInt::from(10).pow(PLACES)
}

fn times(a: &BigInt, b: &BigInt) -> BigInt {
    a * b / unit()
}

fn over(a: &BigInt, b: &BigInt) -> BigInt {
    a * unit() / b
}

/// A decimal in units of the work between.
fn read(cell: &Cell) -> Option<BigInt> {
    let Cell::Text(text) = cell else { return None };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = PLACES as usize;
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// Rounded to so many decimals, halves away from zero.
fn write(value: &BigInt, scale: u32, call: &str) -> Outcome {
    let by = BigInt::from(10).pow(PLACES - scale);
    let half: BigInt = &by / 2;
    let negative = value.sign() == Sign::Minus;
    let magnitude = (value.magnitude().clone() + half.magnitude()) / by.magnitude();
    let digits = magnitude.to_string();
    if digits.len() > 38 {
        return Err(format!("numeric overflow: {call}"));
    }
    let digits = format!("{digits:0>width$}", width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if negative && digits.bytes().any(|b| b != b'0') {
        "-"
    } else {
        ""
    };
    Ok(Cell::Text(format!("{sign}{whole}.{fraction}")))
}

fn scale_of(cell: &Cell) -> Option<u32> {
    match cell {
        Cell::Int(scale) => u32::try_from(*scale).ok(),
        _ => None,
    }
}

fn shown(cell: &Cell) -> &str {
    let text = cell.text();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn of_one(args: &[Cell], name: &str, f: fn(&BigInt) -> Option<BigInt>) -> Outcome {
    let [x, scale] = args else { return Err(misused()) };
    let (value, scale) = read(x).zip(scale_of(scale)).ok_or_else(misused)?;
    let call = format!("{name}({})", shown(x));
    match f(&value) {
        Some(result) => write(&result, scale, &call),
        None => Err(format!("Floating point error in function: {call}")),
    }
}

fn of_two(args: &[Cell], name: &str, f: fn(&BigInt, &BigInt) -> Option<BigInt>) -> Outcome {
    let [x, y, scale] = args else { return Err(misused()) };
    let (a, b) = read(x).zip(read(y)).ok_or_else(misused)?;
    let scale = scale_of(scale).ok_or_else(misused)?;
    let call = format!("{name}({}, {})", shown(x), shown(y));
    match f(&a, &b) {
        Some(result) => write(&result, scale, &call),
        None => Err(format!("Floating point error in function: {call}")),
    }
}

/// The square or cube root.
fn root(x: &BigInt, degree: u32) -> Option<BigInt> {
    if degree == 2 && x.sign() == Sign::Minus {
        return None;
    }
    Some((x * unit().pow(degree - 1)).nth_root(degree))
}

/// The natural logarithm: of a number near 1 by a series, of the rest by halving it.
fn ln(x: &BigInt) -> Option<BigInt> {
    if x.sign() != Sign::Plus {
        return None;
    }
    let one = unit();
    let mut near = x.clone();
    let mut twos = 0i64;
    while near > &one * 3 / 2 {
        near /= 2;
        twos += 1;
    }
    while near < &one * 3 / 4 {
        near *= 2;
        twos -= 1;
    }
    Some(artanh_twice(&over(&(&near - &one), &(&near + &one))) + ln_two() * twos)
}

fn ln_two() -> BigInt {
    artanh_twice(&(unit() / 3))
}

/// `2 (z + z³/3 + z⁵/5 + …)`, which is ln((1 + z) / (1 - z)).
fn artanh_twice(z: &BigInt) -> BigInt {
    let square = times(z, z);
    let (mut power, mut sum, mut odd) = (z.clone(), BigInt::ZERO, 1);
    while power != BigInt::ZERO {
        sum += &power / odd;
        power = times(&power, &square);
        odd += 2;
    }
    sum * 2
}

/// e to a number: 2 to the nearest whole power, times a series.
fn exp(x: &BigInt) -> Option<BigInt> {
    let limit = unit() * GREATEST_EXPONENT;
    if *x > limit {
        return None;
    }
    if *x < -limit {
        return Some(BigInt::ZERO);
    }
    let two = ln_two();
    let twos = i32::try_from(x / &two).ok()?;
    let rest = x - two * twos;
    let (mut term, mut sum, mut n) = (unit(), BigInt::ZERO, 0);
    while term != BigInt::ZERO {
        sum += &term;
        n += 1;
        term = times(&term, &rest) / n;
    }
    let power = BigInt::from(2).pow(twos.unsigned_abs());
    Some(if twos < 0 { sum / power } else { sum * power })
}

fn log(x: &BigInt, base: &BigInt) -> Option<BigInt> {
    let below = ln(base)?;
    if below == BigInt::ZERO {
        return None;
    }
    Some(over(&ln(x)?, &below))
}

fn pow(x: &BigInt, y: &BigInt) -> Option<BigInt> {
    let one = unit();
    if *y == BigInt::ZERO || *x == one {
        return Some(one);
    }
    if *x == BigInt::ZERO {
        return (y.sign() == Sign::Plus).then_some(BigInt::ZERO);
    }
    let whole = y % &one == BigInt::ZERO;
    if !whole {
        return exp(&times(&ln(x)?, y));
    }
    let times_over = y / &one;
    let odd = &times_over % 2 != BigInt::ZERO;
    match i64::try_from(&times_over) {
        Ok(n) if n.abs() <= MOST_MULTIPLIED => {
            let magnitude = BigInt::from(x.magnitude().clone());
            let mut result = one.clone();
            for _ in 0..n.abs() {
                result = times(&result, &magnitude);
                if result.bits() > 512 && n > 0 {
                    return None;
                }
            }
            if n < 0 {
                if result == BigInt::ZERO {
                    return None;
                }
                result = over(&one, &result);
            }
            Some(if odd && x.sign() == Sign::Minus {
                -result
            } else {
                result
            })
        }
        _ => {
            let magnitude = BigInt::from(x.magnitude().clone());
            let result = exp(&times(&ln(&magnitude)?, y))?;
            Some(if odd && x.sign() == Sign::Minus {
                -result
            } else {
                result
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_digits_are_right() {
        let text = |t: &str| Cell::Text(t.to_owned());
        for (name, args, scale, expected) in [
            ("sqrt", &["2"][..], 9, Some("1.414213562")),
            ("sqrt", &["2"], 18, Some("1.414213562373095049")),
            ("sqrt", &["-1"], 9, None),
            ("cbrt", &["-27"], 9, Some("-3.000000000")),
            ("exp", &["1"], 18, Some("2.718281828459045235")),
            ("exp", &["-1.5"], 9, Some("0.223130160")),
            ("exp", &["67"], 9, None),
            ("ln", &["10"], 18, Some("2.302585092994045684")),
            ("ln", &["0"], 9, None),
            ("log10", &["1000"], 9, Some("3.000000000")),
            ("log", &["8", "2"], 9, Some("3.000000000")),
            ("log", &["8", "1"], 9, None),
            ("pow", &["2", "0.5"], 9, Some("1.414213562")),
            ("pow", &["-2", "3"], 9, Some("-8.000000000")),
            ("pow", &["2", "-2"], 9, Some("0.250000000")),
            ("pow", &["10", "40"], 9, None),
            ("pow", &["-2", "0.5"], 9, None),
        ] {
            let native = NATIVES.iter().find(|n| n.name == format!("decimal_{name}")).unwrap();
            let mut cells: Vec<Cell> = args.iter().map(|a| text(a)).collect();
            cells.push(Cell::Int(scale));
            let found = (native.call)(&cells).ok();
            assert_eq!(found, expected.map(text), "{name} {args:?}");
        }
    }
}
