//! Tokens of SOQL.

use super::SoqlError;
use crate::time;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(String),
    Date(i64),
    Datetime(i64),
    Time(i64),
    Symbol(&'static str),
    End,
}

impl Token {
    /// How a message names the token.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(n) | Self::Number(n) | Self::Text(n) => n.clone(),
            Self::Date(_) | Self::Datetime(_) | Self::Time(_) => "date literal".into(),
            Self::Symbol(s) => (*s).into(),
            Self::End => "<EOF>".into(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Spanned {
    pub token: Token,
    pub position: usize,
}

const SYMBOLS: &[&str] = &["<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", ":"];

pub(super) fn tokens(soql: &str) -> Result<Vec<Spanned>, SoqlError> {
    let bytes = soql.as_bytes();
    let mut out = vec![];
    let mut at = 0;
    while at < bytes.len() {
        let position = at;
        let c = bytes[at];
        let token = if c.is_ascii_whitespace() {
            at += 1;
            continue;
        } else if c == b'\'' {
            let (text, end) = quoted(soql, at)?;
            at = end;
            Token::Text(text)
        } else if c.is_ascii_alphabetic() || c == b'_' {
            while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                at += 1;
            }
            Token::Name(soql[position..at].to_owned())
        } else if c.is_ascii_digit() || (matches!(c, b'-' | b'+') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        {
            at += 1;
            while at < bytes.len()
                && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'+' | b':' | b'.'))
            {
                at += 1;
            }
            numeric(soql, position, &soql[position..at])?
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| soql[at..].starts_with(**s)) {
            at += symbol.len();
            Token::Symbol(symbol)
        } else {
            let c = soql[at..].chars().next().unwrap_or(' ');
            return Err(SoqlError::at(
                "MALFORMED_QUERY",
                soql,
                at,
                &format!("unexpected char: '{c}'"),
            ));
        };
        out.push(Spanned { token, position });
    }
    out.push(Spanned {
        token: Token::End,
        position: soql.len(),
    });
    Ok(out)
}

/// A string literal from its opening quote on, and where it ends.
fn quoted(soql: &str, start: usize) -> Result<(String, usize), SoqlError> {
    let mut text = String::new();
    let mut chars = soql[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok((text, start + 1 + at + 1)),
            '\\' => {
                let Some((_, escaped)) = chars.next() else { break };
                match escaped {
                    'n' | 'N' => text.push('\n'),
                    'r' | 'R' => text.push('\r'),
                    't' | 'T' => text.push('\t'),
                    'b' | 'B' => text.push('\u{8}'),
                    'f' | 'F' => text.push('\u{c}'),
                    // In LIKE these two stay escaped, so that the pattern knows them from wildcards.
                    '_' | '%' => {
                        text.push('\\');
                        text.push(escaped);
                    }
                    '"' | '\'' | '\\' => text.push(escaped),
                    'u' | 'U' => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(c.ok_or_else(|| {
                            SoqlError::at(
                                "MALFORMED_QUERY",
                                soql,
                                start + 1 + at,
                                "Invalid unicode escape in string literal",
                            )
                        })?);
                    }
                    other => {
                        let message =
                            format!("Illegal character sequence '\\{other}' in string literal '{text}\\{other}'.");
                        return Err(SoqlError::new("INVALID_QUERY_FILTER_OPERATOR", message));
                    }
                }
            }
            c => text.push(c),
        }
    }
    Err(SoqlError::at(
        "MALFORMED_QUERY",
        soql,
        start,
        "Unterminated string literal",
    ))
}

fn numeric(soql: &str, position: usize, text: &str) -> Result<Token, SoqlError> {
    if let Some(ms) = time::parse_datetime(text) {
        return Ok(Token::Datetime(ms));
    }
    if let Some(day) = time::parse_date(text) {
        return Ok(Token::Date(day));
    }
    if text.contains(':')
        && let Some(ms) = time::parse_time(text)
    {
        return Ok(Token::Time(ms));
    }
    if crate::decimal::Decimal::parse(text).is_some() {
        return Ok(Token::Number(text.to_owned()));
    }
    let message = if text.contains('T') || text.matches('-').count() > 1 {
        format!("Invalid date or datetime literal: {text}")
    } else {
        format!("unexpected token: '{text}'")
    };
    Err(SoqlError::at("MALFORMED_QUERY", soql, position, &message))
}
