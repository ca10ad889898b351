//! Products and quotients of NUMERIC and BIGNUMERIC beyond what DuckDB's 38 digits hold on the way. Decimals come and
//! go as text; halves are rounded away from zero.

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("numeric_product", Answers::Text, |args| product(args, 9, "numeric")),
    native("numeric_quotient", Answers::Text, |args| quotient(args, 9, "numeric")),
    native("bignumeric_product", Answers::Text, |args| {
        product(args, 18, "BIGNUMERIC")
    }),
    native("bignumeric_quotient", Answers::Text, |args| {
        quotient(args, 18, "BIGNUMERIC")
    }),
];

/// What 38 digits reach.
const LIMIT: u128 = 10u128.pow(38);

/// Whether a decimal is negative, and its digits as a whole number.
type Unscaled = (bool, u128);

fn unscaled(cell: &Cell, scale: usize) -> Option<Unscaled> {
    let Cell::Text(text) = cell else { return None };
    let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |d| (true, d));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.get(..scale).unwrap_or(fraction);
    Some((negative, format!("{whole}{fraction:0<scale$}").parse().ok()?))
}

fn both(args: &[Cell], scale: usize) -> Result<(Unscaled, Unscaled), String> {
    match args {
        [a, b] => unscaled(a, scale).zip(unscaled(b, scale)).ok_or_else(misused),
        _ => Err(misused()),
    }
}

/// The 256 bits of a product, the upper half first.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let low = a0 * b0;
    let (middle, carried) = (a1 * b0).overflowing_add(a0 * b1);
    let (low, carry) = low.overflowing_add(middle << 64);
    let high = a1 * b1 + (middle >> 64) + (u128::from(carried) << 64) + u128::from(carry);
    (high, low)
}

/// A wide number divided, halves rounded up; `None` where the result leaves 38 digits.
fn divided((high, low): (u128, u128), by: u128) -> Option<u128> {
    let (mut quotient, mut rest) = (0u128, 0u128);
    for bit in (0..256).rev() {
        let next = if bit >= 128 { high >> (bit - 128) } else { low >> bit } & 1;
        let overflows = rest >> 127 == 1;
        rest = (rest << 1) | next;
        let one = overflows || rest >= by;
        if one {
            rest = rest.wrapping_sub(by);
        }
        if quotient >> 127 == 1 {
            return None;
        }
        quotient = (quotient << 1) | u128::from(one);
    }
    let rounded = quotient.checked_add(u128::from(rest >= by.div_ceil(2)))?;
    (rounded < LIMIT).then_some(rounded)
}

fn written(negative: bool, value: u128, scale: usize) -> Cell {
    let digits = format!("{value:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if negative && value > 0 { "-" } else { "" };
    Cell::Text(format!("{sign}{whole}.{fraction}"))
}

fn product(args: &[Cell], scale: usize, ty: &str) -> Outcome {
    let ((a_negative, a), (b_negative, b)) = both(args, scale)?;
    let unit = 10u128.pow(u32::try_from(scale).unwrap_or_default());
    let value = divided(wide_product(a, b), unit).ok_or_else(|| format!("{ty} overflow"))?;
    Ok(written(a_negative != b_negative, value, scale))
}

fn quotient(args: &[Cell], scale: usize, ty: &str) -> Outcome {
    let ((a_negative, a), (b_negative, b)) = both(args, scale)?;
    if b == 0 {
        return Err("division by zero".into());
    }
    let unit = 10u128.pow(u32::try_from(scale).unwrap_or_default());
    let value = divided(wide_product(a, unit), b).ok_or_else(|| format!("{ty} overflow"))?;
    Ok(written(a_negative != b_negative, value, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_exact_and_rounded_away_from_zero() {
        let text = |t: &str| Cell::Text(t.to_owned());
        for (name, a, b, expected) in [
            (
                "numeric_product",
                "123456789012345.678",
                "1000000000000",
                Some("123456789012345678000000000.000000000"),
            ),
            ("numeric_product", "0.000000001", "0.5", Some("0.000000001")),
            ("numeric_product", "-0.000000001", "0.4", Some("0.000000000")),
            ("numeric_product", "99999999999999999999999999999", "10", None),
            (
                "numeric_quotient",
                "12345678901234567890.5",
                "0.001",
                Some("12345678901234567890500.000000000"),
            ),
            ("numeric_quotient", "-2", "3", Some("-0.666666667")),
            ("numeric_quotient", "1", "0", None),
            ("bignumeric_quotient", "1", "4", Some("0.250000000000000000")),
            (
                "bignumeric_product",
                "12345.5",
                "200",
                Some("2469100.000000000000000000"),
            ),
        ] {
            let native = NATIVES.iter().find(|n| n.name == name).unwrap();
            let found = (native.call)(&[text(a), text(b)]).ok();
            assert_eq!(found, expected.map(text), "{name}({a}, {b})");
        }
    }
}
