//! Lengths of time as a suite writes them: `90s`, `30m`, `6h`, `28d`, `2w`, and one after another, `1d12h`.

use chrono::TimeDelta;

/// Longer than anything that is remembered.
const LONGEST: i64 = 100 * 366 * DAY;
const DAY: i64 = 24 * 3600;

/// Reads a length of time.
///
/// # Errors
/// How one is written.
pub fn parse(text: &str) -> Result<TimeDelta, String> {
    let malformed = || format!("{text:?} is not a length of time such as \"90m\", \"6h\" or \"28d\"");
    let mut seconds = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
        let amount: i64 = rest[..digits].parse().map_err(|_| malformed())?;
        let unit = match rest.as_bytes().get(digits) {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => DAY,
            Some(b'w') => 7 * DAY,
            _ => return Err(malformed()),
        };
        seconds = amount
            .checked_mul(unit)
            .and_then(|part| seconds.checked_add(part))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(|| format!("{text:?} is longer than a century"))?;
        rest = &rest[digits + 1..];
    }
    if text.is_empty() {
        return Err(malformed());
    }
    TimeDelta::try_seconds(seconds).ok_or_else(malformed)
}

/// The length in its largest units, as [`parse`] reads it.
#[must_use]
pub fn spelled(length: TimeDelta) -> String {
    let mut rest = length.num_seconds().abs();
    let mut text = String::new();
    for (unit, letter) in [(DAY, 'd'), (3600, 'h'), (60, 'm'), (1, 's')] {
        let amount = rest / unit;
        rest %= unit;
        if amount > 0 {
            text.push_str(&format!("{amount}{letter}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::{parse, spelled};

    #[test]
    fn lengths_are_read_and_spelled() {
        for (text, seconds, written) in [
            ("90s", 90, "1m30s"),
            ("90m", 5_400, "1h30m"),
            ("6h", 21_600, "6h"),
            ("1d12h", 129_600, "1d12h"),
            ("2w", 1_209_600, "14d"),
            ("0s", 0, "0s"),
        ] {
            let length = parse(text).expect(text);
            assert_eq!(length.num_seconds(), seconds, "{text}");
            assert_eq!(spelled(length), written);
        }
        for text in [
            "",
            "6",
            "h",
            "6 h",
            "-6h",
            "1.5h",
            "6x",
            "6hé",
            "99999999999999999999d",
            "1000000d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
