//! Format strings of dates and times: BigQuery's elements into strftime's.

use super::Result;
use crate::error::Fault;

/// For FORMAT_* (`parse` false) or PARSE_* (`parse` true).
pub(super) fn elements(format: &str, parse: bool) -> Result<String> {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let element = chars.next().unwrap_or('%');
        let text = match element {
            'Y' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' | 'p' | 'a' | 'A' | 'b' | 'B' | 'j' | 'y' | '%' | 'U' | 'W'
            | 'u' | 'w' | 'G' | 'V' => {
                out.push('%');
                out.push(element);
                continue;
            }
            'h' => "%b",
            'F' => "%Y-%m-%d",
            'T' | 'X' => "%H:%M:%S",
            'R' => "%H:%M",
            'D' | 'x' => "%m/%d/%y",
            'c' => "%a %b %-d %H:%M:%S %Y",
            'e' if !parse => "%-d",
            'k' if !parse => "%-H",
            'l' if !parse => "%-I",
            'e' => "%d",
            'n' => "\n",
            't' => "\t",
            'Z' => "UTC",
            'z' if parse => "%z",
            'z' => "+0000",
            'E' => {
                let rest: String = chars.clone().take(2).collect();
                let (skip, text) = match rest.as_str() {
                    "4Y" => (2, "%Y"),
                    "*S" if parse => (2, "%S.%f"),
                    "*S" => (2, "%S.%f"),
                    "6S" => (2, "%S.%f"),
                    "3S" => (2, "%S.%g"),
                    "0S" => (2, "%S"),
                    _ => {
                        return Err(Fault::query(format!(
                            "the local BigQuery does not support the format element %E{rest}"
                        )));
                    }
                };
                chars.nth(skip - 1);
                text
            }
            other => {
                return Err(Fault::query(format!(
                    "the local BigQuery does not support the format element %{other}"
                )));
            }
        };
        out.push_str(text);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn elements_become_strftimes() {
        assert_eq!(
            super::elements("%F %T %E6S %Z", false).unwrap(),
            "%Y-%m-%d %H:%M:%S %S.%f UTC"
        );
        assert!(super::elements("%Q", false).is_err());
    }
}
