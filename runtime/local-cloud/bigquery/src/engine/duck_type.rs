//! DuckDB's spelling of types (as `DESCRIBE` prints them) read into BigQuery's types.

use crate::error::Fault;
use crate::types::{Field, Ty};

/// Reads e.g. `STRUCT(a BIGINT, "b c" DECIMAL(38,9)[])[]`.
pub(crate) fn parse(text: &str) -> Result<Ty, Fault> {
    let mut reader = Reader { text, at: 0 };
    let ty = reader.ty()?;
    if reader.rest().trim().is_empty() {
        Ok(ty)
    } else {
        Err(unsupported(text))
    }
}

fn unsupported(text: &str) -> Fault {
    Fault::invalid(format!("values of the type {text} have no counterpart in BigQuery"))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn name(&mut self) -> Option<String> {
        self.skip_spaces();
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix('"') {
            let mut out = String::new();
            let mut chars = body.char_indices().peekable();
            while let Some((i, c)) = chars.next() {
                if c == '"' {
                    if chars.peek().is_some_and(|(_, next)| *next == '"') {
                        chars.next();
                        out.push('"');
                        continue;
                    }
                    self.at += i + 2;
                    return Some(out);
                }
                out.push(c);
            }
            return None;
        }
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn ty(&mut self) -> Result<Ty, Fault> {
        let name = self.name().ok_or_else(|| unsupported(self.text))?.to_ascii_uppercase();
        let mut ty = match name.as_str() {
            "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT" | "UINTEGER"
            | "UBIGINT" | "UHUGEINT" => Ty::Int64,
            "FLOAT" | "DOUBLE" => Ty::Float64,
            "VARCHAR" | "UUID" | "ENUM" => {
                self.parentheses();
                Ty::String
            }
            "BLOB" => Ty::Bytes,
            "BOOLEAN" => Ty::Bool,
            "DATE" => Ty::Date,
            "INTERVAL" => Ty::Interval,
            "JSON" => Ty::Json,
            "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS" => Ty::Datetime,
            "TIME" | "TIME_NS" => Ty::Time,
            "TIMESTAMP" => {
                if self.eat("WITH TIME ZONE") {
                    Ty::Timestamp
                } else {
                    Ty::Datetime
                }
            }
            "DECIMAL" => {
                let inner = self.parentheses().ok_or_else(|| unsupported(self.text))?;
                let mut numbers = inner.split(',').map(|n| n.trim().parse::<u32>().unwrap_or(0));
                let (width, scale) = (numbers.next().unwrap_or(38), numbers.next().unwrap_or(0));
                if scale <= 9 && width - scale.min(width) <= 29 {
                    Ty::Numeric
                } else {
                    Ty::BigNumeric
                }
            }
            "STRUCT" => {
                let fields = self.fields()?;
                match fields.as_slice() {
                    [lo, hi] if lo.name == "_lo" && hi.name == "_hi" => Ty::Range(Box::new(lo.ty.clone())),
                    _ => Ty::Struct(fields),
                }
            }
            "NULL" => Ty::Unknown,
            _ => return Err(unsupported(self.text)),
        };
        while self.eat("[") {
            if !self.eat("]") {
                return Err(unsupported(self.text));
            }
            ty = Ty::Array(Box::new(ty));
        }
        Ok(ty)
    }

    fn parentheses(&mut self) -> Option<&'a str> {
        if !self.eat("(") {
            return None;
        }
        let rest = self.rest();
        let end = rest.find(')')?;
        self.at += end + 1;
        Some(&rest[..end])
    }

    fn fields(&mut self) -> Result<Vec<Field>, Fault> {
        let mut out = Vec::new();
        if !self.eat("(") {
            return Err(unsupported(self.text));
        }
        loop {
            let name = self.name().ok_or_else(|| unsupported(self.text))?;
            out.push(Field { name, ty: self.ty()? });
            if !self.eat(",") {
                break;
            }
        }
        if self.eat(")") {
            Ok(out)
        } else {
            Err(unsupported(self.text))
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_are_read_as_describe_prints_them() {
        for (duck, google) in [
            ("BIGINT", "INT64"),
            ("HUGEINT", "INT64"),
            ("DECIMAL(38,9)", "NUMERIC"),
            ("DECIMAL(38,18)", "BIGNUMERIC"),
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"),
            ("TIMESTAMP", "DATETIME"),
            ("VARCHAR[]", "ARRAY<STRING>"),
            (
                "STRUCT(a INTEGER, \"b c\" STRUCT(x VARCHAR)[])",
                "STRUCT<a INT64, b c ARRAY<STRUCT<x STRING>>>",
            ),
            ("ENUM('a', 'b')", "STRING"),
        ] {
            assert_eq!(super::parse(duck).unwrap().sql(), google);
        }
        assert!(super::parse("MAP(VARCHAR, VARCHAR)").is_err());
        assert!(super::parse("BIGINT[3]").is_err());
    }
}
