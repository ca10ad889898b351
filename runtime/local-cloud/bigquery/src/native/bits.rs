//! Bits and bytes: shifts of INT64 and BYTES' LIKE and STRING_AGG.

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("shift_left", Answers::Int, |args| shift(args, |bits, by| bits << by)),
    native("shift_right", Answers::Int, |args| shift(args, |bits, by| bits >> by)),
    native("like_bytes", Answers::Bool, like_bytes),
    native("join_bytes", Answers::Bytes, join_bytes),
];

fn shift(args: &[Cell], how: fn(u64, u32) -> u64) -> Outcome {
    let [Cell::Int(value), Cell::Int(by)] = args else {
        return Err(misused());
    };
    let value = i64::try_from(*value).map_err(|_| misused())?;
    let Ok(by) = u32::try_from(*by) else {
        return Err(format!("Bitwise shift by a negative amount: {by}"));
    };
    let bits = if by < 64 { how(value.cast_unsigned(), by) } else { 0 };
    Ok(Cell::Int(bits.cast_signed().into()))
}

fn like_bytes(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Bytes(pattern)] => Ok(Cell::Bool(matches(value, pattern)?)),
        _ => Err(misused()),
    }
}

/// `%` is any bytes, `_` one byte, a backslash takes what follows as it is.
fn matches(value: &[u8], pattern: &[u8]) -> Result<bool, String> {
    // Where the last `%` was, to come back to: its pattern and the value that it has not taken yet.
    let mut back: Option<(&[u8], &[u8])> = None;
    let (mut value, mut pattern) = (value, pattern);
    loop {
        let (wanted, rest) = match pattern {
            [b'%', rest @ ..] => {
                back = Some((rest, value));
                pattern = rest;
                continue;
            }
            [b'\\'] => return Err("LIKE pattern ends with a backslash".into()),
            [b'\\', byte, rest @ ..] => (Some(*byte), rest),
            [b'_', rest @ ..] => (None, rest),
            [byte, rest @ ..] => (Some(*byte), rest),
            [] if value.is_empty() => return Ok(true),
            [] => (None, pattern),
        };
        let hit = !pattern.is_empty() && value.first().is_some_and(|v| wanted.is_none_or(|w| w == *v));
        if hit {
            (value, pattern) = (&value[1..], rest);
            continue;
        }
        match back {
            Some((after, [_, left @ ..])) => {
                back = Some((after, left));
                (value, pattern) = (left, after);
            }
            _ => return Ok(false),
        }
    }
}

fn join_bytes(args: &[Cell]) -> Outcome {
    let [Cell::List(items), Cell::Bytes(separator)] = args else {
        return Err(misused());
    };
    let parts: Option<Vec<&[u8]>> = items
        .iter()
        .map(|item| match item {
            Cell::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
        .collect();
    let parts = parts.ok_or_else(misused)?;
    Ok(Cell::Bytes(parts.join(separator.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_stay_within_64_bits() {
        for (left, value, by, expected) in [
            (true, 1, 63, i64::MIN),
            (true, 1, 64, 0),
            (true, 5, 62, 1 << 62),
            (false, -1, 63, 1),
            (false, 8, 2, 2),
        ] {
            let args = [Cell::Int(value), Cell::Int(by)];
            let how = if left { |b, n| b << n } else { |b, n| b >> n };
            assert_eq!(shift(&args, how), Ok(Cell::Int(expected.into())), "{value} by {by}");
        }
        assert!(shift(&[Cell::Int(1), Cell::Int(-1)], |b, _| b).is_err());
    }

    #[test]
    fn bytes_are_like_patterns() {
        for (value, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("abcabd", "%ab_", true),
            ("", "%", true),
            ("", "_", false),
        ] {
            assert_eq!(
                matches(value.as_bytes(), pattern.as_bytes()),
                Ok(expected),
                "{value} {pattern}"
            );
        }
        assert!(matches(b"a", b"a\\").is_err());
    }
}
