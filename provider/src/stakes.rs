//! What a destroy or a replacement would lose, in numbers that a person reads.

use std::fmt;

use serde_json::Value as Json;

/// The rows of a table or of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stakes {
    pub rows: u64,
    pub bytes: u64,
}

impl Stakes {
    /// Of a table's document; rows that are still in the streaming buffer count.
    pub fn of_table(document: &Json) -> Self {
        let number = |value: &Json| value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
        let buffer = &document["streamingBuffer"];
        Self {
            rows: number(&document["numRows"]) + number(&buffer["estimatedRows"]),
            bytes: number(&document["numBytes"]) + number(&buffer["estimatedBytes"]),
        }
    }

    /// Whether anything would be lost.
    pub fn any(self) -> bool {
        self.rows > 0 || self.bytes > 0
    }
}

impl std::ops::Add for Stakes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl fmt::Display for Stakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{} {rows} ({})", grouped(self.rows), bytes(self.bytes))
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1536` as `1.5 KiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 1024 {
        return format!("{number} bytes");
    }
    let mut size = number as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_for_people() {
        let cases = [
            (0, "0", "0 bytes"),
            (999, "999", "999 bytes"),
            (1536, "1,536", "1.5 KiB"),
            (1_234_567, "1,234,567", "1.2 MiB"),
        ];
        for (number, count, size) in cases {
            assert_eq!((grouped(number).as_str(), bytes(number).as_str()), (count, size));
        }
    }

    #[test]
    fn the_streaming_buffer_counts() {
        let stakes = Stakes::of_table(&json!({
            "numRows": "2", "numBytes": "10", "streamingBuffer": {"estimatedRows": "1", "estimatedBytes": "5"}
        }));
        assert_eq!(stakes.to_string(), "3 rows (15 bytes)");
        assert!(!Stakes::of_table(&json!({})).any());
    }
}
