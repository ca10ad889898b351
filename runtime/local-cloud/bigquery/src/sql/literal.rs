//! Literals and type names: from the parser's forms to DuckDB's.

use sqlparser::ast::{ArrayElemTypeDef, DataType, TimezoneInfo, Value};

use super::{Ex, Literal, Result, Translator};
use crate::error::Fault;
use crate::types::{Field, Ty, literal};

impl Translator<'_> {
    pub(super) fn value(&self, value: &Value) -> Result<Ex> {
        let text = |t: &str| Ex {
            sql: literal(t),
            ty: Ty::String,
            literal: Some(Literal::Text(t.to_owned())),
        };
        Ok(match value {
            Value::Number(number, _) => number_literal(number)?,
            Value::SingleQuotedString(t) => text(&unescape(t, Some('\''))?),
            Value::DoubleQuotedString(t) => text(&unescape(t, Some('"'))?),
            Value::TripleSingleQuotedString(t) | Value::TripleDoubleQuotedString(t) => text(&unescape(t, None)?),
            Value::SingleQuotedRawStringLiteral(t)
            | Value::DoubleQuotedRawStringLiteral(t)
            | Value::TripleSingleQuotedRawStringLiteral(t)
            | Value::TripleDoubleQuotedRawStringLiteral(t) => text(t),
            Value::SingleQuotedByteStringLiteral(t)
            | Value::DoubleQuotedByteStringLiteral(t)
            | Value::TripleSingleQuotedByteStringLiteral(t)
            | Value::TripleDoubleQuotedByteStringLiteral(t) => Ex::new(blob(&unescape_with(t, None, true)?), Ty::Bytes),
            Value::HexStringLiteral(digits) => number_literal(&format!("0x{digits}"))?,
            Value::Boolean(b) => Ex::new(if *b { "TRUE" } else { "FALSE" }, Ty::Bool),
            Value::Null => Ex {
                sql: "NULL".into(),
                ty: Ty::Unknown,
                literal: Some(Literal::Null),
            },
            Value::Placeholder(name) => self.params.placeholder(name)?,
            other => {
                return Err(Fault::query(format!(
                    "the local BigQuery does not support the literal {other}"
                )));
            }
        })
    }

    pub(super) fn data_type(&self, ty: &DataType) -> Result<Ty> {
        data_type(ty)
    }
}

/// A blob literal of DuckDB's.
pub(crate) fn blob(bytes: &[u8]) -> String {
    let escaped: String = bytes.iter().map(|b| format!("\\x{b:02X}")).collect();
    format!("'{escaped}'::BLOB")
}

pub(super) fn number_literal(number: &str) -> Result<Ex> {
    let hex = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X"));
    let integer = match hex {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => number.parse::<i64>().ok(),
    };
    let literal = Some(Literal::Number(number.to_owned()));
    if let Some(value) = integer {
        return Ok(Ex {
            sql: format!("CAST({value} AS BIGINT)"),
            ty: Ty::Int64,
            literal,
        });
    }
    if number.contains(['.', 'e', 'E']) {
        let sql = if number.contains(['e', 'E']) {
            number.to_owned()
        } else {
            format!("{number}e0")
        };
        return Ok(Ex {
            sql,
            ty: Ty::Float64,
            literal,
        });
    }
    Err(Fault::query(format!("Invalid integer literal: {number}")))
}

/// GoogleSQL's escapes. `quote` is the literal's own quote where a lone one cannot stand inside it.
fn unescape(text: &str, quote: Option<char>) -> Result<String> {
    let bytes = unescape_with(text, quote, false)?;
    String::from_utf8(bytes).map_err(|_| illegal())
}

fn illegal() -> Fault {
    Fault::query("Syntax error: Illegal escape sequence in a literal")
}

fn unescape_with(text: &str, quote: Option<char>, bytes: bool) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut push = |code: u32| -> Result<()> {
        if bytes {
            out.push(u8::try_from(code).map_err(|_| illegal())?);
        } else {
            let c = char::from_u32(code).ok_or_else(illegal)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if Some(c) == quote {
            return Err(Fault::query(
                "Syntax error: concatenated string literals need to be separated by whitespace or comments",
            ));
        }
        if c != '\\' {
            if bytes && !c.is_ascii() {
                for byte in c.to_string().bytes() {
                    push(byte.into())?;
                }
            } else {
                push(c.into())?;
            }
            continue;
        }
        let next = chars.next().ok_or_else(illegal)?;
        let mut digits = |first: &str, count: usize, radix: u32| -> Result<u32> {
            let rest: String = chars.by_ref().take(count).collect();
            if rest.chars().count() != count {
                return Err(illegal());
            }
            u32::from_str_radix(&format!("{first}{rest}"), radix).map_err(|_| illegal())
        };
        let code = match next {
            'x' | 'X' => digits("", 2, 16)?,
            'u' if !bytes => digits("", 4, 16)?,
            'U' if !bytes => digits("", 8, 16)?,
            '0'..='3' => digits(&next.to_string(), 2, 8)?,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            '\\' | '\'' | '"' | '`' | '?' => next.into(),
            _ => return Err(illegal()),
        };
        push(code)?;
    }
    Ok(out)
}

/// A type as it is written in a statement.
pub(crate) fn data_type(ty: &DataType) -> Result<Ty> {
    Ok(match ty {
        DataType::Int64
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::SmallInt(_)
        | DataType::TinyInt(_) => Ty::Int64,
        DataType::Float64 | DataType::Float(_) => Ty::Float64,
        DataType::Numeric(_) | DataType::Decimal(_) => Ty::Numeric,
        DataType::BigNumeric(_) | DataType::BigDecimal(_) => Ty::BigNumeric,
        DataType::String(_) => Ty::String,
        DataType::Bytes(_) => Ty::Bytes,
        DataType::Bool | DataType::Boolean => Ty::Bool,
        DataType::Date => Ty::Date,
        DataType::Datetime(_) => Ty::Datetime,
        DataType::Time(_, TimezoneInfo::None) => Ty::Time,
        DataType::Timestamp(_, TimezoneInfo::None) => Ty::Timestamp,
        DataType::JSON => Ty::Json,
        DataType::Interval { .. } => Ty::Interval,
        DataType::Array(ArrayElemTypeDef::AngleBracket(inner)) => match data_type(inner)? {
            Ty::Array(_) => return Err(Fault::query("Arrays of arrays are not supported")),
            inner => Ty::Array(Box::new(inner)),
        },
        DataType::Struct(fields, _) => Ty::Struct(
            fields
                .iter()
                .enumerate()
                .map(|(i, f)| {
                    let name = f
                        .field_name
                        .as_ref()
                        .map_or_else(|| format!("_field_{}", i + 1), |n| n.value.clone());
                    Ok(Field {
                        name,
                        ty: data_type(&f.field_type)?,
                    })
                })
                .collect::<Result<_>>()?,
        ),
        other => {
            return Ty::scalar(&other.to_string()).ok_or_else(|| Fault::query(format!("Type not found: {other}")));
        }
    })
}

/// The declared precision and scale of NUMERIC(p, s).
pub(crate) fn precision(ty: &DataType) -> Option<(u64, i64)> {
    use sqlparser::ast::ExactNumberInfo as Info;
    match ty {
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::BigNumeric(info) | DataType::BigDecimal(info) => {
            match info {
                Info::None => None,
                Info::Precision(p) => Some((*p, 0)),
                Info::PrecisionAndScale(p, s) => Some((*p, *s)),
            }
        }
        _ => None,
    }
}

/// The declared length of STRING(n) or BYTES(n).
pub(crate) fn max_length(ty: &DataType) -> Option<u64> {
    match ty {
        DataType::String(length) | DataType::Bytes(length) => *length,
        _ => None,
    }
}

/// Reads a literal again as `ty`, as BigQuery does where a literal meets a typed value.
pub(super) fn coerce(ex: Ex, ty: &Ty) -> Ex {
    let sql = match (&ex.literal, ty) {
        (Some(Literal::Null), _) => return Ex { ty: ty.clone(), ..ex },
        (Some(Literal::Number(n)), Ty::Numeric | Ty::BigNumeric) if !n.contains(['x', 'X']) => {
            format!("CAST('{n}' AS {})", ty.duck())
        }
        (Some(Literal::Number(_)), Ty::Float64) => format!("CAST({} AS DOUBLE)", ex.sql),
        (Some(Literal::Text(t)), Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp) => {
            format!("CAST({} AS {})", literal(t), ty.duck())
        }
        _ => return ex,
    };
    Ex {
        sql,
        ty: ty.clone(),
        literal: ex.literal,
    }
}

/// What is wrong with a typed literal, as far as its text alone tells.
pub(super) fn wrong(text: &str, ty: &Ty) -> Option<String> {
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let number = digits && text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    match ty {
        Ty::Numeric | Ty::BigNumeric if !number => Some(format!("Invalid {} literal: \"{text}\"", ty.sql())),
        Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp if !digits => {
            Some(format!("Could not cast literal \"{text}\" to type {}", ty.sql()))
        }
        _ => None,
    }
}

/// The text of a string literal of the parser's.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::SingleQuotedString(t) => unescape(t, Some('\'')).ok(),
        Value::DoubleQuotedString(t) => unescape(t, Some('"')).ok(),
        Value::TripleSingleQuotedString(t) | Value::TripleDoubleQuotedString(t) => unescape(t, None).ok(),
        Value::SingleQuotedRawStringLiteral(t)
        | Value::DoubleQuotedRawStringLiteral(t)
        | Value::TripleSingleQuotedRawStringLiteral(t)
        | Value::TripleDoubleQuotedRawStringLiteral(t) => Some(t.clone()),
        _ => None,
    }
}

/// The text of a string literal, where `ex` is one.
pub(super) fn text(ex: &Ex) -> Option<&str> {
    match &ex.literal {
        Some(Literal::Text(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_google_sqls() {
        assert_eq!(unescape(r"a\n\x41\u00e9\'", Some('\'')).unwrap(), "a\nA\u{e9}'");
        assert_eq!(unescape_with(r"\xff\101", None, true).unwrap(), [0xff, b'A']);
        assert!(unescape(r"\q", None).is_err());
        assert!(unescape("it''s", Some('\'')).is_err());
    }
}
