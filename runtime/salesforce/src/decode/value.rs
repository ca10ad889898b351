//! Parsers of single values, from text as Salesforce writes it. Exact: what a type cannot hold is `None`, except digits after
//! the point beyond the column's scale, which are rounded and reported (beyond the 38th of all digits they are cut: doubles
//! have 17).

use arrow::datatypes::i256;

/// 10^0 … 10^38.
const POWERS: [i128; 39] = {
    let mut powers = [1_i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// A number as it is written: `mantissa * 10^-scale`.
struct Number {
    mantissa: i128,
    scale: i32,
    /// Digits were dropped that the mantissa has no room for.
    cut: bool,
}

/// Reads `-12.50`, `1.0E7`, `5`, `.5`. `None`: not a number, or more than 38 digits before the point.
fn number(text: &[u8]) -> Option<Number> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut small: u64 = 0;
    let mut mantissa: i128 = 0;
    let (mut count, mut seen, mut scale, mut point, mut cut) = (0_u32, false, 0_i32, false, false);
    let mut rest = digits.iter().enumerate();
    let mut exponent = 0_i32;
    for (i, byte) in &mut rest {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                let digit = byte - b'0';
                if count < 18 {
                    small = small * 10 + u64::from(digit);
                    count += u32::from(small != 0);
                } else if count < 38 {
                    if count == 18 {
                        mantissa = i128::from(small);
                    }
                    mantissa = mantissa * 10 + i128::from(digit);
                    count += 1;
                } else if point {
                    cut |= digit != 0;
                    continue;
                } else {
                    return None;
                }
                scale += i32::from(point);
            }
            b'.' if !point => point = true,
            b'e' | b'E' if seen => {
                exponent = std::str::from_utf8(&digits[i + 1..]).ok()?.parse::<i16>().ok()?.into();
                break;
            }
            _ => return None,
        }
    }
    if !seen {
        return None;
    }
    if count <= 18 {
        mantissa = i128::from(small);
    }
    Some(Number {
        mantissa: if negative { -mantissa } else { mantissa },
        scale: scale - exponent,
        cut,
    })
}

/// Divides by 10^digits, half away from zero; true: something was lost.
fn round(value: i128, digits: i32) -> (i128, bool) {
    let Some(power) = usize::try_from(digits).ok().and_then(|d| POWERS.get(d)) else {
        return (0, value != 0);
    };
    let (quotient, rest) = (value / power, value % power);
    // power may be 10^38, and twice that still fits 128 bits with a sign: 1.7e38 does not hold 2e38, so compare by halves.
    let up = rest.unsigned_abs() >= power.unsigned_abs().div_ceil(2);
    (quotient + if up { value.signum() } else { 0 }, rest != 0)
}

/// A decimal with `scale` digits after the point in 38; true: rounded.
pub(super) fn decimal128(text: &[u8], scale: i32) -> Option<(i128, bool)> {
    let n = number(text)?;
    let shift = scale - n.scale;
    let (value, lost) = if shift >= 0 {
        if n.mantissa == 0 {
            (0, false)
        } else {
            (
                n.mantissa.checked_mul(*POWERS.get(usize::try_from(shift).ok()?)?)?,
                false,
            )
        }
    } else {
        round(n.mantissa, -shift)
    };
    (value.unsigned_abs() < POWERS[38].unsigned_abs()).then_some((value, lost || n.cut))
}

/// `a * b`, which is below 10^58 here: the usual case of [`decimal256`], at a tenth of what i256 takes.
fn wide(a: u64, b: u128) -> i256 {
    const LOW: u128 = u64::MAX as u128;
    let low = u128::from(a) * (b & LOW);
    let high = u128::from(a) * (b >> 64);
    let (sum, carry) = low.overflowing_add(high << 64);
    // Below 2^127: the cast keeps every bit.
    i256::from_parts(sum, (high >> 64) as i128 + i128::from(carry))
}

/// A decimal with 38 digits after the point in 76; true: rounded.
pub(super) fn decimal256(text: &[u8]) -> Option<(i256, bool)> {
    let n = number(text)?;
    let shift = 38 - n.scale;
    if shift < 0 {
        let (value, lost) = round(n.mantissa, -shift);
        return Some((i256::from_i128(value), lost || n.cut));
    }
    if n.mantissa == 0 {
        return Some((i256::ZERO, false));
    }
    let shift = usize::try_from(shift).ok().filter(|s| *s <= 76)?;
    if let (Ok(small), Some(power)) = (u64::try_from(n.mantissa.unsigned_abs()), POWERS.get(shift)) {
        let value = wide(small, power.unsigned_abs());
        return Some((if n.mantissa < 0 { value.wrapping_neg() } else { value }, n.cut));
    }
    // At most 38 digits times 10^76, in two steps; the product is checked.
    let value = i256::from_i128(n.mantissa)
        .checked_mul(i256::from_i128(POWERS[shift.min(38)]))?
        .checked_mul(i256::from_i128(POWERS[shift.saturating_sub(38)]))?;
    let limit = i256::from_i128(POWERS[38]).checked_mul(i256::from_i128(POWERS[38]))?;
    (value.wrapping_abs() < limit).then_some((value, n.cut))
}

/// An integer; `5.0` and `1.0E7` are integers too.
pub(super) fn int64(text: &[u8]) -> Option<i64> {
    let (value, lost) = decimal128(text, 0)?;
    if lost { None } else { i64::try_from(value).ok() }
}

/// A double.
pub(super) fn float64(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text)
        .ok()?
        .parse()
        .ok()
        .filter(|f: &f64| f.is_finite())
}

/// `true` or `false`.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

fn digits<const N: usize>(text: &[u8]) -> Option<u32> {
    let text: &[u8; N] = text.try_into().ok()?;
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, counted in eras of 400 years from 1 March.
fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || day == 0 || day > length {
        return None;
    }
    let shifted = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    i32::try_from(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468).ok()
}

/// `2026-01-31`, as days.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    days(
        digits::<4>(&text[..4])?,
        digits::<2>(&text[5..7])?,
        digits::<2>(&text[8..])?,
    )
}

/// `12:34:56.789` up to its zone: microseconds, and what is left.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    if text.len() < 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (
        digits::<2>(&text[..2])?,
        digits::<2>(&text[3..5])?,
        digits::<2>(&text[6..8])?,
    );
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let whole = i64::from(hour * 3600 + minute * 60 + second) * 1_000_000;
    let rest = &text[8..];
    if rest.first() != Some(&b'.') {
        return Some((whole, rest));
    }
    let (mut micros, mut unit, mut used) = (0_i64, 100_000_i64, 1);
    while let Some(byte @ b'0'..=b'9') = rest.get(used) {
        micros += i64::from(byte - b'0') * unit;
        unit /= 10;
        used += 1;
    }
    (used > 1).then_some((whole + micros, &rest[used..]))
}

/// `Z`, nothing, `+0000`, `-05:30`: seconds east of Greenwich.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        b"" | b"Z" | b"z" | b"+0000" => return Some(0),
        [sign, h @ .., b':', m1, m2] if h.len() == 2 => (sign, digits::<2>(h)?, digits::<2>(&[*m1, *m2])?),
        [sign, h1, h2, m1, m2] => (sign, digits::<2>(&[*h1, *h2])?, digits::<2>(&[*m1, *m2])?),
        _ => return None,
    };
    let seconds = i64::from(hours * 3600 + minutes * 60);
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// `2026-01-31T12:34:56.789Z` or `…+0000`: microseconds since 1970, UTC.
pub(super) fn timestamp(text: &[u8]) -> Option<i64> {
    if text.len() < 19 || (text[10] != b'T' && text[10] != b' ') {
        return None;
    }
    let day = i64::from(date(&text[..10])?);
    let (micros, rest) = clock(&text[11..])?;
    Some(day * 86_400_000_000 + micros - zone(rest)? * 1_000_000)
}

/// `12:34:56.789Z`: microseconds of the day.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let (micros, rest) = clock(text)?;
    (zone(rest)? == 0).then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let cases: &[(&str, Option<(i128, bool)>)] = &[
            ("0", Some((0, false))),
            ("-0.0", Some((0, false))),
            ("1", Some((1_000_000_000, false))),
            ("1234.56", Some((1_234_560_000_000, false))),
            ("-1234.560000001", Some((-1_234_560_000_001, false))),
            ("1.0E7", Some((10_000_000_000_000_000, false))),
            ("1.5e-3", Some((1_500_000, false))),
            ("+2.5E+1", Some((25_000_000_000, false))),
            (".5", Some((500_000_000, false))),
            ("5.", Some((5_000_000_000, false))),
            ("0.0000000005", Some((1, true))),
            ("-0.0000000005", Some((-1, true))),
            ("0.0000000004", Some((0, true))),
            ("0.30000000000000004", Some((300_000_000, true))),
            (
                "000000000000000000000000000000000000000000001",
                Some((1_000_000_000, false)),
            ),
            (
                "99999999999999999999999999999.999999999",
                Some((99_999_999_999_999_999_999_999_999_999_999_999_999, false)),
            ),
            (
                "123456789012345678901.5",
                Some((123_456_789_012_345_678_901_500_000_000, false)),
            ),
            (
                "0.12345678901234567890123456789012345678901234567890",
                Some((123_456_789, true)),
            ),
            // The 39th digit is beyond what is looked at: cut, not rounded.
            (
                "99999999999999999999999999999.9999999995",
                Some((99_999_999_999_999_999_999_999_999_999_999_999_999, true)),
            ),
            ("99999999999999999999999999999.999999999e1", None),
            ("100000000000000000000000000000", None),
            ("1E30", None),
            ("1E-400", Some((0, true))),
            ("0E400", Some((0, false))),
            ("123456789012345678901234567890123456789", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1,5", None),
            ("1.2.3", None),
            ("1e", None),
            ("e5", None),
            ("NaN", None),
            (" 1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decimal128(text.as_bytes(), 9), *expected, "{text}");
        }
    }

    #[test]
    fn big_decimals_are_exact() {
        let cases = [
            ("1", Some("100000000000000000000000000000000000000")),
            ("-37.774929500000001", Some("-3777492950000000100000000000000000000000")),
            ("1.0E7", Some("1000000000000000000000000000000000000000000000")),
            (
                "12345678901234567890123456789012345678",
                Some("1234567890123456789012345678901234567800000000000000000000000000000000000000"),
            ),
            ("1e-38", Some("1")),
            (
                "18446744073709551615",
                Some("1844674407370955161500000000000000000000000000000000000000"),
            ),
            (
                "-18446744073709551616",
                Some("-1844674407370955161600000000000000000000000000000000000000"),
            ),
            ("0.00000000000000000001", Some("1000000000000000000")),
            (
                "1e37",
                Some("1000000000000000000000000000000000000000000000000000000000000000000000000000"),
            ),
            ("1e38", None),
            ("1e500", None),
            ("0", Some("0")),
        ];
        for (text, expected) in cases {
            let value = decimal256(text.as_bytes()).map(|(value, rounded)| {
                assert!(!rounded, "{text}");
                value.to_string()
            });
            assert_eq!(value.as_deref(), expected, "{text}");
        }
        assert_eq!(
            decimal256(b"5e-39").map(|(v, r)| (v.to_string(), r)),
            Some(("1".into(), true))
        );
    }

    #[test]
    fn integers_and_booleans() {
        let cases = [
            ("5", Some(5)),
            ("-5.0", Some(-5)),
            ("1.0E7", Some(10_000_000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("5.5", None),
            ("x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(int64(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in [("true", Some(true)), ("FALSE", Some(false)), ("1", None), ("", None)] {
            assert_eq!(boolean(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(
            (float64(b"1.5E3"), float64(b"inf"), float64(b"x")),
            (Some(1500.0), None, None)
        );
    }

    #[test]
    fn dates_agree_with_the_calendar() {
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut day = chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        while day.format("%Y").to_string().len() == 4 {
            let expected = i32::try_from((day - epoch).num_days()).unwrap();
            assert_eq!(date(day.to_string().as_bytes()), Some(expected), "{day}");
            day += chrono::TimeDelta::days(17);
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "0000-01-01",
            "2026-1-01",
            "2026/01/01",
            "2026-01-01T",
            "20a6-01-01",
            "",
        ] {
            assert_eq!(date(bad.as_bytes()), None, "{bad}");
        }
        assert!(date(b"2024-02-29").is_some() && date(b"1900-02-29").is_none() && date(b"2000-02-29").is_some());
    }

    #[test]
    fn timestamps_in_all_spellings() {
        let base = 1_767_268_800_000_000; // 2026-01-01T12:00:00Z
        let cases = [
            ("2026-01-01T12:00:00.000Z", Some(base)),
            ("2026-01-01T12:00:00.000+0000", Some(base)),
            ("2026-01-01T12:00:00Z", Some(base)),
            ("2026-01-01T12:00:00.123Z", Some(base + 123_000)),
            ("2026-01-01T12:00:00.1234567Z", Some(base + 123_456)),
            ("2026-01-01T14:30:00.000+0230", Some(base)),
            ("2026-01-01T07:00:00.000-05:00", Some(base)),
            ("1969-12-31T23:59:59.999Z", Some(-1000)),
            ("2026-01-01T24:00:00.000Z", None),
            ("2026-01-01T12:60:00.000Z", None),
            ("2026-01-01T12:00:00.Z", None),
            ("2026-01-01T12:00:00.000X", None),
            ("2026-01-01", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(timestamp(text.as_bytes()), expected, "{text}");
        }
        let cases = [
            ("12:34:56.789Z", Some(45_296_789_000)),
            ("00:00:00.000Z", Some(0)),
            ("23:59:59", Some(86_399_000_000)),
            ("12:00", None),
            ("12:00:00.000+0100", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }
}
