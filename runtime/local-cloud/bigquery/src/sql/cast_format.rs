//! `CAST(value AS type FORMAT format AT TIME ZONE zone)`. sqlparser reads it with literals only: by tokens it becomes
//! the call `__formatted(CAST(value AS type), format, zone)`, which the translation of functions takes back here.

use sqlparser::ast::{CastKind, Expr, Function};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::date_parts::civil;
use super::parse::word;
use super::scope::Scope;
use super::{Ex, Literal, Result, Translator, at};
use crate::error::Fault;
use crate::types::{Ty, literal as quote};

/// The name of the call, as functions are looked up.
pub(super) const FORMATTED: &str = "__FORMATTED";

/// A parenthesis that is open.
struct Open {
    /// The word before it, where that is CAST or SAFE_CAST.
    cast: Option<usize>,
    typed: bool,
    format: Option<usize>,
    zone: Option<usize>,
}

/// `tokens` are free of white space.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let casts = found(&tokens);
    if casts.is_empty() {
        return tokens;
    }
    let mut before = std::collections::HashSet::new();
    let mut commas = std::collections::HashMap::new();
    for (cast, format, zone) in casts {
        before.insert(cast);
        // The type ends, the format begins.
        commas.insert(format, (1, true));
        if let Some(zone) = zone {
            commas.insert(zone, (3, false));
        }
    }
    let mut out = Vec::with_capacity(tokens.len() + 4 * before.len());
    let mut i = 0;
    while i < tokens.len() {
        let like = |token: Token| TokenWithSpan::new(token, tokens[i].span);
        if before.contains(&i) {
            out.push(like(Token::Word(Word {
                value: FORMATTED.to_owned(),
                quote_style: None,
                keyword: Keyword::NoKeyword,
            })));
            out.push(like(Token::LParen));
        }
        if let Some((length, ends_type)) = commas.get(&i) {
            if *ends_type {
                out.push(like(Token::RParen));
            }
            out.push(like(Token::Comma));
            i += length;
            continue;
        }
        out.push(tokens[i].clone());
        i += 1;
    }
    out
}

/// The casts with a format: where their word, their FORMAT and their AT TIME ZONE stand.
fn found(tokens: &[TokenWithSpan]) -> Vec<(usize, usize, Option<usize>)> {
    let is = |i: usize, text: &str| {
        let found = tokens.get(i).and_then(word);
        found.is_some_and(|w| w.value.eq_ignore_ascii_case(text))
    };
    let mut casts = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => open.push(Open {
                cast: i.checked_sub(1).filter(|at| is(*at, "CAST") || is(*at, "SAFE_CAST")),
                typed: false,
                format: None,
                zone: None,
            }),
            Token::RParen | Token::RBracket | Token::RBrace => {
                if let Some(Open {
                    cast: Some(cast),
                    format: Some(format),
                    zone,
                    ..
                }) = open.pop()
                {
                    casts.push((cast, format, zone));
                }
            }
            _ => {
                let Some(inner) = open.last_mut().filter(|o| o.cast.is_some()) else {
                    continue;
                };
                if is(i, "AS") {
                    inner.typed = true;
                } else if is(i, "FORMAT") && inner.typed && inner.format.is_none() {
                    inner.format = Some(i);
                } else if inner.format.is_some() && is(i, "AT") && is(i + 1, "TIME") && is(i + 2, "ZONE") {
                    inner.zone = Some(i);
                }
            }
        }
    }
    casts
}

impl Translator<'_> {
    /// The call that a cast with a format became.
    pub(super) fn formatted_cast(&self, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let args = self.raw_args(call)?;
        let (cast, format, zone) = match args.as_slice() {
            [cast, format] => (*cast, *format, None),
            [cast, format, zone] => (*cast, *format, Some(*zone)),
            _ => return Err(Fault::query(format!("Syntax error: Unexpected FORMAT{}", at(call)))),
        };
        let Expr::Cast {
            kind, expr, data_type, ..
        } = cast
        else {
            return Err(Fault::query(format!("Syntax error: Unexpected FORMAT{}", at(call))));
        };
        let to = self.data_type(data_type)?;
        let value = self.expr(expr, scope)?;
        let text = self.expr(format, scope)?;
        if !matches!(text.ty, Ty::String | Ty::Unknown) {
            return Err(Fault::query(format!(
                "FORMAT should return type STRING, but returns {}{}",
                text.ty.sql(),
                at(format)
            )));
        }
        let place = zone.map(|z| self.expr(z, scope)).transpose()?;
        if let (Some(place), Some(zone)) = (&place, zone)
            && !matches!(place.ty, Ty::String | Ty::Unknown)
        {
            return Err(Fault::query(format!(
                "AT TIME ZONE should return type STRING, but returns {}{}",
                place.ty.sql(),
                at(zone)
            )));
        }
        let with_zone = matches!(
            (&value.ty, &to),
            (Ty::Timestamp, Ty::String) | (Ty::String | Ty::Unknown, Ty::Timestamp)
        );
        let refused = |what: &str, node: &Expr| {
            Fault::query(format!(
                "{what} is not allowed for cast from {} to {}{}",
                value.ty.sql(),
                to.sql(),
                at(node)
            ))
        };
        let Some(sql) = formatted(&value, &to, &text, place.as_ref()) else {
            return Err(refused("FORMAT", format));
        };
        if let Some(zone) = zone.filter(|_| !with_zone) {
            return Err(refused("AT TIME ZONE", zone));
        }
        let safe = matches!(kind, CastKind::SafeCast);
        Ok(Ex::new(if safe { format!("TRY({sql})") } else { sql }, to))
    }
}

/// The cast in DuckDB's SQL. `None`: between these types there is no format.
fn formatted(value: &Ex, to: &Ty, format: &Ex, zone: Option<&Ex>) -> Option<String> {
    let (v, format) = (&value.sql, format!("CAST({} AS VARCHAR)", format.sql));
    if matches!(value.literal, Some(Literal::Null)) && matches!(to, Ty::String | Ty::Bytes) {
        return Some(format!("CAST(NULL AS {})", to.duck()));
    }
    Some(match (&value.ty, to) {
        (Ty::Bytes, Ty::String) => format!("_hw_bytes_formatted({v}, {format})"),
        (Ty::String, Ty::Bytes) => format!("_hw_bytes_unformatted({v}, {format})"),
        (Ty::Int64 | Ty::Float64, Ty::String) => format!("_hw_cast_number_written({format}, {v})"),
        (Ty::Numeric | Ty::BigNumeric, Ty::String) => {
            format!("_hw_cast_number_written({format}, CAST({v} AS VARCHAR))")
        }
        (from @ (Ty::Date | Ty::Datetime | Ty::Time), Ty::String) => {
            format!("_hw_cast_time_written({}, {format}, {v})", quote(&from.sql()))
        }
        (Ty::Timestamp, Ty::String) => {
            let local = civil(v, zone);
            format!(
                "_hw_cast_time_written('TIMESTAMP', {format}, {local}, \
                 CAST((epoch_us({local}) - epoch_us({v})) // 1000000 AS BIGINT))"
            )
        }
        (Ty::String | Ty::Unknown, Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp) => format!(
            "CAST(_hw_cast_time_read({}, {format}, CAST({v} AS VARCHAR), CAST({} AS VARCHAR), CAST({} AS DATE)) AS {})",
            quote(&to.sql()),
            zone.map_or("'UTC'", |z| z.sql.as_str()),
            civil("now()", zone),
            to.duck()
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cast_with_a_format_becomes_a_call() {
        for (sql, expected) in [
            (
                "CAST(CAST(a AS DATE FORMAT 'YY') AS STRING FORMAT f(b) AT TIME ZONE c)",
                "__FORMATTED ( CAST ( __FORMATTED ( CAST ( a AS DATE ) , 'YY' ) AS STRING ) , f ( b ) , c )",
            ),
            (
                "SAFE_CAST(FORMAT('%d', x) AS INT64)",
                "SAFE_CAST ( FORMAT ( '%d' , x ) AS INT64 )",
            ),
            ("CAST(a AS DATE FORMAT 'YY'", "CAST ( a AS DATE FORMAT 'YY'"),
        ] {
            let tokens = super::super::parse::tokens(sql).unwrap();
            let words: Vec<String> = tokens.iter().map(|t| t.token.to_string()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }
}
