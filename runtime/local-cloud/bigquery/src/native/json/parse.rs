//! Text to JSON.

use super::value::{Json, Number};

/// What becomes of numbers that a FLOAT64 cannot hold as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::native) enum Wide {
    /// They are an error.
    Exact,
    /// They become the nearest that there is.
    Round,
    /// All numbers stay as they are written, and so does the order of keys.
    Raw,
}

/// BigQuery's own limit.
const DEEPEST: usize = 500;

pub(in crate::native) fn parse(text: &str, wide: Wide) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0, wide };
    reader.spaces();
    let value = reader.value(0)?;
    reader.spaces();
    if reader.at < text.len() {
        return Err(reader.unexpected());
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    wide: Wide,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> String {
        match self.rest().chars().next() {
            None => "syntax error while parsing value - unexpected end of input".into(),
            Some(c) => format!("syntax error while parsing value - invalid literal; last read: '{c}'"),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEEPEST {
            return Err(format!(
                "Max nesting of {DEEPEST} has been exceeded while parsing JSON document"
            ));
        }
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        let mut items = Vec::new();
        self.at += 1;
        self.spaces();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.spaces();
            items.push(self.value(depth + 1)?);
            self.spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut members = Vec::new();
        self.at += 1;
        self.spaces();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.spaces();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.spaces();
            if self.peek() != Some(b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.spaces();
            let value = self.value(depth + 1)?;
            // Of two members with one key the first counts.
            if self.wide == Wide::Raw {
                members.push((key, value));
            } else {
                Json::put(&mut members, key, value, false);
            }
            self.spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ');
            let plain = plain.ok_or("syntax error while parsing value - invalid string: missing closing quote")?;
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => {
                    return Err(
                        "syntax error while parsing value - invalid string: control character must be escaped".into(),
                    );
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        const FORBIDDEN: &str =
            "syntax error while parsing value - invalid string: forbidden character after backslash";
        self.at += 1;
        let c = self.peek().ok_or(FORBIDDEN)?;
        self.at += 1;
        Ok(match c {
            b'"' | b'\\' | b'/' => char::from(c),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.unit()?;
                if !(0xD800..0xDC00).contains(&high) {
                    return char::from_u32(high).ok_or_else(|| FORBIDDEN.into());
                }
                // Half of a character beyond U+FFFF: its other half follows.
                if !self.rest().starts_with("\\u") {
                    return Err(FORBIDDEN.into());
                }
                self.at += 2;
                let low = self.unit()?;
                let code = 0x10000 + ((high - 0xD800) << 10) + low.wrapping_sub(0xDC00);
                return char::from_u32(code).ok_or_else(|| FORBIDDEN.into());
            }
            _ => return Err(FORBIDDEN.into()),
        })
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).unwrap_or_default();
        let code = u32::from_str_radix(digits, 16);
        let code = code
            .map_err(|_| "syntax error while parsing value - invalid string: '\\u' must be followed by 4 hex digits")?;
        self.at += 4;
        Ok(code)
    }

    fn digits(&mut self) -> Result<(), String> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from {
            return Err("syntax error while parsing value - invalid number; expected digit".into());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, String> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.typed(&self.text[from..self.at], whole).map(Json::Number)
    }

    fn typed(&self, text: &str, whole: bool) -> Result<Number, String> {
        if self.wide == Wide::Raw {
            return Ok(Number::Raw(text.to_owned()));
        }
        if whole {
            if let Ok(value) = text.parse() {
                return Ok(Number::Int(value));
            }
            if let Ok(value) = text.parse() {
                return Ok(Number::Uint(value));
            }
        }
        let value: f64 = text.parse().unwrap_or(f64::INFINITY);
        if !value.is_finite() {
            return Err(format!(
                "syntax error while parsing value - number overflow parsing '{text}'"
            ));
        }
        if self.wide == Wide::Exact && significant(text) != significant(&format!("{value:e}")) {
            return Err(format!(
                "Input number: {text} cannot round-trip through string representation"
            ));
        }
        Ok(Number::Float(value))
    }
}

/// A number's digits without zeros around them, and the power of ten of the last: numbers are the same where these are.
fn significant(text: &str) -> (String, i64) {
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let dropped = (all.len() - digits.len()) as i64;
    let digits = digits.trim_start_matches('0');
    let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or_default();
    if digits.is_empty() {
        return (String::new(), 0);
    }
    (digits.to_owned(), exponent - fraction.len() as i64 + dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_one_form() {
        for (text, expected) in [
            (
                r#" {"b": [1, 2.50 ,true], "a" : null, "b": 7 } "#,
                r#"{"a":null,"b":[1,2.5,true]}"#,
            ),
            (r#""\u00e9\ud83d\ude00\n""#, "\"\u{e9}\u{1f600}\\n\""),
            ("11111111111111111111", "11111111111111111111"),
            ("-0", "0"),
            ("1e2", "100.0"),
        ] {
            assert_eq!(parse(text, Wide::Exact).unwrap().compact(), expected, "{text}");
        }
        assert_eq!(
            parse(r#"{"b": 1.00, "a": 2}"#, Wide::Raw).unwrap().compact(),
            r#"{"b":1.00,"a":2}"#
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[1,",
            "'a'",
            "nul",
            "01",
            "1.",
            ".5",
            "1e",
            "\"",
            "\"\\q\"",
            "[1 2]",
            "{\"a\" 1}",
            "1 2",
            "nan",
        ] {
            assert!(parse(text, Wide::Exact).is_err(), "{text}");
        }
        assert!(parse("0.12345678901234567890", Wide::Exact).is_err());
        assert!(parse("0.12345678901234567890", Wide::Round).is_ok());
        assert!(parse(&"[".repeat(1000), Wide::Round).is_err());
    }
}
