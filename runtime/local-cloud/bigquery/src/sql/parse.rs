//! Text to statements, with errors in BigQuery's form.

// The parser's methods are not general enough over its lifetime to be passed by name.
#![allow(clippy::redundant_closure_for_method_calls)]

use sqlparser::ast::{DataType, Expr, ObjectName, Query, SqlOption, Statement};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use super::complaint::{refusal, shown, unread};
use super::dashes;
use super::dialect::GoogleSql;
use super::reserved;
use super::rewrite::rewrite;
use crate::error::Fault;

/// BigQuery's own limit on a query's text.
const LONGEST_BYTES: usize = 1024 * 1024;

/// The tokens of a text, without white space and comments.
pub(crate) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    if sql.len() > LONGEST_BYTES {
        return Err(Fault::query(
            "The query is too large. The maximum standard SQL query length is 1024.00K characters",
        ));
    }
    // Escapes are read later: the tokenizer's own idea of them loses GoogleSQL's.
    let read = Tokenizer::new(&GoogleSql, sql)
        .with_unescape(false)
        .tokenize_with_location()
        .map(|tokens| dashes::join(&tokens))
        .map(adapt)
        .map_err(|error| unread(&error, sql))?;
    reserved::check(&read)?;
    Ok(rewrite(read))
}

/// Reads all of these tokens as one thing.
fn whole<T>(
    tokens: &[TokenWithSpan],
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, Fault> {
    let mut parser = Parser::new(&GoogleSql)
        .with_recursion_limit(200)
        .with_tokens_with_locations(tokens.to_vec());
    let read = read(&mut parser).map_err(|e| refusal(e, tokens))?;
    let next = parser.next_token();
    if next.token == Token::EOF {
        return Ok(read);
    }
    let at = next.span.start;
    Err(Fault::query(format!(
        "Syntax error: Expected end of input but got {} at [{}:{}]",
        shown(&next.token),
        at.line,
        at.column
    )))
}

pub(crate) fn statement(tokens: &[TokenWithSpan]) -> Result<Statement, Fault> {
    whole(tokens, |parser| parser.parse_statement())
}

pub(crate) fn expression(tokens: &[TokenWithSpan]) -> Result<Expr, Fault> {
    whole(tokens, |parser| parser.parse_expr())
}

pub(crate) fn expressions(tokens: &[TokenWithSpan]) -> Result<Vec<Expr>, Fault> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    whole(tokens, |parser| parser.parse_comma_separated(Parser::parse_expr))
}

pub(crate) fn query(tokens: &[TokenWithSpan]) -> Result<Box<Query>, Fault> {
    whole(tokens, |parser| parser.parse_query())
}

pub(crate) fn data_type(tokens: &[TokenWithSpan]) -> Result<DataType, Fault> {
    whole(tokens, |parser| parser.parse_data_type())
}

/// A path such as `project.dataset.name`, with dashes in its first part.
pub(crate) fn object_name(tokens: &[TokenWithSpan]) -> Result<ObjectName, Fault> {
    whole(tokens, |parser| parser.parse_object_name(true))
}

/// `OPTIONS (…)`, with the word.
pub(crate) fn options(tokens: &[TokenWithSpan]) -> Result<Vec<SqlOption>, Fault> {
    whole(tokens, |parser| parser.parse_options(Keyword::OPTIONS))
}

/// Reads a text that is one query.
pub(crate) fn query_text(text: &str) -> Result<Box<Query>, Fault> {
    let mut tokens = tokens(text)?;
    while tokens.last().is_some_and(|t| t.token == Token::SemiColon) {
        tokens.pop();
    }
    query(&tokens)
}

pub(crate) fn expression_text(text: &str) -> Result<Expr, Fault> {
    expression(&tokens(text)?)
}

/// The part of a text between two places.
pub(crate) fn slice(text: &str, from: Location, to: Location) -> &str {
    let start = offset(text, from);
    text[start..]
        .get(..offset(text, to).saturating_sub(start))
        .unwrap_or_default()
}

pub(super) fn offset(text: &str, at: Location) -> usize {
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number as u64 + 1 == at.line {
            let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
            return offset + line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
        }
        offset += line.len();
    }
    text.len()
}

pub(super) fn word(token: &TokenWithSpan) -> Option<&Word> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word),
        _ => None,
    }
}

/// Gives the parser, by tokens, what it lacks of GoogleSQL: `SAFE.f(` and `NET.f(` become one name, and a typed
/// array `ARRAY<T>[…]` becomes `CAST([…] AS ARRAY<T>)`, and `SET OPTIONS (…)` becomes `SET (…)`.
fn adapt(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens: Vec<TokenWithSpan> = tokens
        .into_iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_)))
        .collect();
    let mut out = Vec::with_capacity(tokens.len());
    // For each typed array that is open: the depth of brackets around it and its type's tokens.
    let mut open: Vec<(usize, Vec<TokenWithSpan>)> = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        let like = |token: Token| TokenWithSpan::new(token, tokens[i].span);
        if let Some(name) = word(token) {
            let prefix = name.value.to_ascii_uppercase();
            if ["RB", "BR"].contains(&prefix.as_str())
                && let Some(raw) = tokens.get(i + 1).filter(|t| t.span.start == token.span.end)
                && let Some(bytes) = raw_bytes(&raw.token)
            {
                out.push(TokenWithSpan::new(bytes, token.span));
                i += 2;
                continue;
            }
            if ["SAFE", "NET", "HLL_COUNT", "KLL_QUANTILES"].contains(&prefix.as_str())
                && matches!(tokens.get(i + 1).map(|t| &t.token), Some(Token::Period))
                && matches!(tokens.get(i + 3).map(|t| &t.token), Some(Token::LParen))
                && let Some(function) = tokens.get(i + 2).and_then(word)
            {
                let value = format!("{prefix}.{}", function.value);
                out.push(like(Token::Word(Word {
                    value,
                    quote_style: None,
                    keyword: Keyword::NoKeyword,
                })));
                i += 3;
                continue;
            }
            let after_set = out.last().and_then(word).is_some_and(|w| w.keyword == Keyword::SET);
            if prefix == "OPTIONS" && after_set {
                // `SET OPTIONS (…)`: the parser knows it as `SET (…)`.
                i += 1;
                continue;
            }
            if prefix == "ARRAY"
                && let Some(end) = type_end(&tokens, i + 1)
            {
                let ty = tokens[i..end].to_vec();
                out.push(like(Token::make_word("CAST", None)));
                out.push(like(Token::LParen));
                open.push((depth, ty));
                i = end;
                continue;
            }
        }
        match token.token {
            Token::LBracket => depth += 1,
            Token::RBracket => {
                depth = usize::saturating_sub(depth, 1);
                out.push(token.clone());
                if open.last().is_some_and(|(at, _)| *at == depth)
                    && let Some((_, ty)) = open.pop()
                {
                    out.push(like(Token::make_word("AS", None)));
                    out.extend(ty);
                    out.push(like(Token::RParen));
                }
                i += 1;
                continue;
            }
            _ => {}
        }
        out.push(token.clone());
        i += 1;
    }
    out
}

/// What follows `rb` as a literal of bytes: its backslashes are taken as they are.
fn raw_bytes(token: &Token) -> Option<Token> {
    let (Token::SingleQuotedString(text)
    | Token::DoubleQuotedString(text)
    | Token::TripleSingleQuotedString(text)
    | Token::TripleDoubleQuotedString(text)) = token
    else {
        return None;
    };
    Some(Token::TripleSingleQuotedByteStringLiteral(text.replace('\\', "\\\\")))
}

/// Where the `<…>` that opens at `from` ends, if `[` follows it.
fn type_end(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match &token.token {
            Token::Lt => depth += 1,
            Token::Gt => depth -= 1,
            Token::ShiftRight => depth -= 2,
            Token::Word(_) | Token::Comma | Token::LParen | Token::RParen | Token::Number(..) if depth > 0 => {}
            _ => return None,
        }
        if depth <= 0 {
            let next = tokens.get(i + 1).map(|t| &t.token);
            return (depth == 0 && matches!(next, Some(Token::LBracket))).then_some(i + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_slice_is_found_by_its_places() {
        let text = "SELECT é,\n  x FROM t";
        let tokens = super::tokens(text).unwrap();
        assert_eq!(super::slice(text, tokens[1].span.start, tokens[3].span.end), "é,\n  x");
    }

    #[test]
    fn a_syntax_error_has_its_position() {
        let fault = crate::sql::script::parse("SELECT 1 +\n FROM t WHERE").unwrap_err();
        assert!(fault.message.starts_with("Syntax error: "), "{}", fault.message);
        assert!(fault.message.contains("[2:"), "{}", fault.message);
        assert!(crate::sql::script::parse("").is_err());
    }
}
