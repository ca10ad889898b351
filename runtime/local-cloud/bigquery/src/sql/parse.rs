//! Text to statements, with errors in BigQuery's form.

use sqlparser::ast::Statement;
use sqlparser::dialect::BigQueryDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use crate::error::Fault;

/// BigQuery's own limit on a query's text.
const LONGEST_BYTES: usize = 1024 * 1024;

/// The statements of a script, in order; at least one.
pub(crate) fn parse(sql: &str) -> Result<Vec<Statement>, Fault> {
    if sql.len() > LONGEST_BYTES {
        return Err(Fault::query(
            "The query is too large. The maximum standard SQL query length is 1024.00K characters",
        ));
    }
    // Escapes are read later: the tokenizer's own idea of them loses GoogleSQL's.
    let parsed = Tokenizer::new(&BigQueryDialect, sql)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(ParserError::from)
        .and_then(|tokens| {
            Parser::new(&BigQueryDialect)
                .with_recursion_limit(200)
                .with_tokens_with_locations(adapt(tokens))
                .parse_statements()
        });
    let statements = parsed.map_err(|error| match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            Fault::query(format!("Syntax error: {}", position(&text, sql)))
        }
        ParserError::RecursionLimitExceeded => Fault::query("Query is too complex: expressions are nested too deeply"),
    })?;
    if statements.is_empty() {
        return Err(Fault::query("Syntax error: Unexpected end of script"));
    }
    Ok(statements)
}

/// `… at Line: 1, Column: 8` becomes `… at [1:8]`; what has no place is at the end of the text.
fn position(text: &str, sql: &str) -> String {
    let text = text.replacen("Expected: ", "Expected ", 1);
    if let Some((before, after)) = text.rsplit_once(" at Line: ")
        && let Some((line, column)) = after.split_once(", Column: ")
    {
        return format!("{before} at [{}:{}]", line.trim(), column.trim());
    }
    let lines = sql.split('\n').count();
    let column = sql.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!(
        "{} at [{lines}:{column}]",
        text.replace("found: EOF", "found: end of script")
    )
}

fn word(token: &TokenWithSpan) -> Option<&Word> {
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
            if ["SAFE", "NET"].contains(&prefix.as_str())
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
    fn a_syntax_error_has_its_position() {
        let fault = super::parse("SELECT 1 +\n FROM t WHERE").unwrap_err();
        assert!(fault.message.starts_with("Syntax error: "), "{}", fault.message);
        assert!(fault.message.contains("[2:"), "{}", fault.message);
        assert!(super::parse("").is_err());
    }
}
