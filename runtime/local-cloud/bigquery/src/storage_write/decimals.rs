//! NUMERIC and BIGNUMERIC as clients send them: text, floating point, or the bytes of a scaled number.

use crate::engine::Cell;
use crate::engine::arrow::datatypes::i256;
use crate::types::Ty;

/// Decimals that are kept: BigQuery's own nine of NUMERIC, and of BIGNUMERIC's 38 those that the local one has.
pub(super) fn scale(ty: &Ty) -> u8 {
    if *ty == Ty::Numeric { 9 } else { 18 }
}

/// Decimals of the bytes that clients send.
fn sent_scale(ty: &Ty) -> u8 {
    if *ty == Ty::Numeric { 9 } else { 38 }
}

/// One more than the largest value that fits, unscaled: both keep 38 digits.
const LIMIT: i128 = 10_i128.pow(38);

fn cell(unscaled: i128, ty: &Ty) -> Option<Cell> {
    (unscaled.abs() < LIMIT).then(|| Cell::Decimal(unscaled, scale(ty)))
}

pub(super) fn from_int(value: i128, ty: &Ty) -> Option<Cell> {
    cell(value.checked_mul(10_i128.pow(scale(ty).into()))?, ty)
}

/// The shortest text that means the same number is what is meant by it.
pub(super) fn from_float(value: f64, ty: &Ty) -> Option<Cell> {
    value.is_finite().then(|| from_text(&format!("{value}"), ty)).flatten()
}

/// Digits with an optional sign, point and exponent. NUMERIC rounds what is too fine, halves away from zero;
/// BIGNUMERIC's decimals are fewer than BigQuery's here, so that what does not fit is an error.
pub(super) fn from_text(text: &str, ty: &Ty) -> Option<Cell> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > 1000 {
        return None;
    }
    let fraction = i32::try_from(fraction.len()).ok()?;
    // The number is `all` times ten to the power of `shift` in units of the last decimal that is kept.
    let shift = i32::from(scale(ty)) - fraction + exponent;
    let trimmed = all.trim_start_matches('0');
    let magnitude = if shift >= 0 {
        let zeros = usize::try_from(shift).ok()?;
        if trimmed.is_empty() {
            0
        } else if trimmed.len() + zeros > 38 {
            return None;
        } else {
            format!("{trimmed}{}", "0".repeat(zeros)).parse::<i128>().ok()?
        }
    } else {
        let cut = usize::try_from(-shift).ok()?;
        let padded = format!("{trimmed:0>width$}", width = cut + 1);
        let (kept, lost) = padded.split_at(padded.len() - cut);
        if *ty == Ty::BigNumeric && lost.bytes().any(|b| b != b'0') {
            return None;
        }
        let kept: i128 = kept.parse().ok()?;
        kept + i128::from(lost.as_bytes()[0] >= b'5')
    };
    cell(if negative { -magnitude } else { magnitude }, ty)
}

/// A scaled number in two's complement, its last byte first.
pub(super) fn from_bytes(bytes: &[u8], ty: &Ty) -> Option<Cell> {
    let negative = bytes.last()? & 0x80 != 0;
    let mut all = [if negative { 0xff } else { 0 }; 32];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    rescaled(i256::from_le_bytes(all), sent_scale(ty), ty)
}

/// A number of so many decimals.
pub(super) fn rescaled(value: i256, from: u8, ty: &Ty) -> Option<Cell> {
    let to = scale(ty);
    let power = i256::from_i128(10).wrapping_pow(u32::from(from.abs_diff(to)));
    let value = if from <= to {
        value.checked_mul(power)?
    } else {
        let (quotient, rest) = (value.checked_div(power)?, value.checked_rem(power)?);
        if rest != i256::ZERO {
            return None;
        }
        quotient
    };
    cell(value.to_i128()?, ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly() {
        for (text, ty, expected) in [
            ("1.5", Ty::Numeric, Some(1_500_000_000)),
            ("-0.0000000005", Ty::Numeric, Some(-1)),
            ("0.0000000004", Ty::Numeric, Some(0)),
            ("1e3", Ty::Numeric, Some(1_000_000_000_000)),
            ("1.25E-1", Ty::Numeric, Some(125_000_000)),
            ("99999999999999999999999999999.999999999", Ty::Numeric, Some(LIMIT - 1)),
            ("100000000000000000000000000000", Ty::Numeric, None),
            ("0.0000000000000000001", Ty::BigNumeric, None),
            ("-1", Ty::BigNumeric, Some(-1_000_000_000_000_000_000)),
            ("", Ty::Numeric, None),
            ("1,5", Ty::Numeric, None),
        ] {
            let expected = expected.map(|v| Cell::Decimal(v, scale(&ty)));
            assert_eq!(from_text(text, &ty), expected, "{text}");
        }
        assert_eq!(from_float(0.1, &Ty::Numeric), Some(Cell::Decimal(100_000_000, 9)));
        assert_eq!(from_float(f64::NAN, &Ty::Numeric), None);
    }

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(
            from_bytes(&[0x00, 0xca, 0x9a, 0x3b], &Ty::Numeric),
            Some(Cell::Decimal(1_000_000_000, 9))
        );
        assert_eq!(from_bytes(&[0xff], &Ty::Numeric), Some(Cell::Decimal(-1, 9)));
        assert_eq!(from_bytes(&[1], &Ty::BigNumeric), None);
        assert_eq!(from_bytes(&[], &Ty::Numeric), None);
        assert_eq!(from_bytes(&[0; 33], &Ty::Numeric), None);
    }
}
