//! Exact decimal numbers, and the two ways in which they are written: Salesforce's (as Java prints a double) and plainly.

use std::cmp::Ordering;

/// `mantissa / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub mantissa: i128,
    pub scale: u32,
}

impl Decimal {
    /// Reads `-12.50`, `1.25E7`, `3`; at most 36 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match number.as_bytes().first()? {
            b'-' => (true, &number[1..]),
            b'+' => (false, &number[1..]),
            _ => (false, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 36 {
            return None;
        }
        let mut mantissa = 0i128;
        for c in whole.bytes().chain(fraction.bytes()) {
            if !c.is_ascii_digit() {
                return None;
            }
            mantissa = mantissa * 10 + i128::from(c - b'0');
        }
        let mut scale = i32::try_from(fraction.len()).ok()? - exponent;
        while scale < 0 {
            mantissa = mantissa.checked_mul(10)?;
            scale += 1;
        }
        if scale > 36 {
            return None;
        }
        Some(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale: scale.unsigned_abs(),
        })
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let a = self.mantissa.checked_mul(10i128.checked_pow(scale - self.scale)?)?;
        let b = other.mantissa.checked_mul(10i128.checked_pow(scale - other.scale)?)?;
        Some((a, b, scale))
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        match self.aligned(other) {
            Some((a, b, scale)) => Self {
                mantissa: a.saturating_add(b),
                scale,
            },
            None => self,
        }
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.mantissa as f64 / 10f64.powi(self.scale.cast_signed())
    }

    /// The number of digits before the point, and after it without trailing zeros.
    pub(crate) fn digits(self) -> (u32, u32) {
        let d = self.trimmed();
        let all = if d.mantissa == 0 {
            0
        } else {
            d.mantissa.unsigned_abs().ilog10() + 1
        };
        (all.saturating_sub(d.scale), d.scale)
    }

    /// Half away from zero to at most `scale` decimals.
    pub(crate) fn rounded(self, scale: u32) -> Self {
        if self.scale <= scale {
            return self;
        }
        let unit = 10i128.pow(self.scale - scale);
        let half = unit / 2 * self.mantissa.signum();
        Self {
            mantissa: (self.mantissa + half) / unit,
            scale,
        }
    }

    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Without exponent and without needless zeros: `12500000`, `0.05`.
    pub(crate) fn plain(self) -> String {
        let d = self.trimmed();
        let digits = d.mantissa.unsigned_abs().to_string();
        let scale = d.scale as usize;
        let sign = if d.mantissa < 0 { "-" } else { "" };
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{fraction}")
    }

    /// As Salesforce's REST and Bulk APIs write a double: `12500.0`, and from ten million on `1.25E7`.
    pub(crate) fn push_api(self, out: &mut Vec<u8>) {
        let d = self.trimmed();
        if d.mantissa == 0 {
            out.extend_from_slice(b"0.0");
            return;
        }
        let mut buffer = [0u8; 40];
        let mut at = buffer.len();
        let mut n = d.mantissa.unsigned_abs();
        while n > 0 {
            at -= 1;
            buffer[at] = b'0' + (n % 10) as u8;
            n /= 10;
        }
        let digits = &buffer[at..];
        if d.mantissa < 0 {
            out.push(b'-');
        }
        // The exponent of the first digit: 7 for ten million.
        let exponent = digits.len() as i32 - 1 - d.scale.cast_signed();
        if (-3..7).contains(&exponent) {
            let scale = d.scale as usize;
            if scale == 0 {
                out.extend_from_slice(digits);
                out.extend_from_slice(b".0");
            } else if digits.len() > scale {
                out.extend_from_slice(&digits[..digits.len() - scale]);
                out.push(b'.');
                out.extend_from_slice(&digits[digits.len() - scale..]);
            } else {
                out.extend_from_slice(b"0.");
                out.extend(std::iter::repeat_n(b'0', scale - digits.len()));
                out.extend_from_slice(digits);
            }
        } else {
            let significant = digits.iter().rposition(|&c| c != b'0').map_or(1, |last| last + 1);
            out.push(digits[0]);
            out.push(b'.');
            if significant > 1 {
                out.extend_from_slice(&digits[1..significant]);
            } else {
                out.push(b'0');
            }
            out.push(b'E');
            out.extend_from_slice(exponent.to_string().as_bytes());
        }
    }

    /// [`Decimal::push_api`] as text.
    pub(crate) fn api(self) -> String {
        let mut out = Vec::new();
        self.push_api(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_salesforce_does() {
        for (text, api, plain) in [
            ("0", "0.0", "0"),
            ("-0.00", "0.0", "0"),
            ("50", "50.0", "50"),
            ("12.50", "12.5", "12.5"),
            ("9999999.99", "9999999.99", "9999999.99"),
            ("10000000", "1.0E7", "10000000"),
            ("16147805824397", "1.6147805824397E13", "16147805824397"),
            (
                "-1234567890123456.78",
                "-1.23456789012345678E15",
                "-1234567890123456.78",
            ),
            ("0.05", "0.05", "0.05"),
            ("0.001", "0.001", "0.001"),
            ("0.000125", "1.25E-4", "0.000125"),
            ("5.6E9", "5.6E9", "5600000000"),
            ("52.370216123456789", "52.370216123456789", "52.370216123456789"),
        ] {
            let d = Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"));
            assert_eq!(d.api(), api, "{text}");
            assert_eq!(d.plain(), plain, "{text}");
            assert_eq!(
                Decimal::parse(&d.api()).map(|again| again.compare(d)),
                Some(Ordering::Equal)
            );
        }
        for bad in ["", "-", ".", "1.2.3", "abc", "1e", "1e99"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn compares_rounds_and_counts_digits() {
        let d = |t: &str| Decimal::parse(t).unwrap();
        assert_eq!(d("1.10").compare(d("1.1")), Ordering::Equal);
        assert_eq!(d("-2").compare(d("1E-3")), Ordering::Less);
        assert_eq!(d("2.345").rounded(2).plain(), "2.35");
        assert_eq!(d("-2.345").rounded(2).plain(), "-2.35");
        assert_eq!(d("1234.500").digits(), (4, 1));
        assert_eq!(d("0.1").plus(d("0.2")).plain(), "0.3");
    }
}
