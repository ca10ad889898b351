//! The parser's refusals in BigQuery's words: what was expected where the parser knows it, what stands there, and the
//! place.

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, TokenizerError};

use crate::error::{Fault, Reason};

/// Words that GoogleSQL calls keywords in its messages.
const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "AT",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CALL",
    "CASE",
    "CAST",
    "COLLATE",
    "COMMIT",
    "CONTAINS",
    "CREATE",
    "CROSS",
    "CUBE",
    "CURRENT",
    "DECLARE",
    "DEFAULT",
    "DEFINE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "ELSEIF",
    "END",
    "ENUM",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXECUTE",
    "EXISTS",
    "EXPORT",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FOLLOWING",
    "FOR",
    "FROM",
    "FULL",
    "FUNCTION",
    "GROUP",
    "GROUPING",
    "GROUPS",
    "HASH",
    "HAVING",
    "IF",
    "IGNORE",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOOKUP",
    "LOOP",
    "MERGE",
    "NATURAL",
    "NEW",
    "NO",
    "NOT",
    "NULL",
    "NULLS",
    "OF",
    "OFFSET",
    "ON",
    "OPTIONS",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PIVOT",
    "PRECEDING",
    "PROCEDURE",
    "PROTO",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "REPLACE",
    "RESPECT",
    "RETURN",
    "RETURNS",
    "RIGHT",
    "ROLLBACK",
    "ROLLUP",
    "ROWS",
    "SAFE_CAST",
    "SELECT",
    "SET",
    "SOME",
    "STRUCT",
    "TABLE",
    "TABLESAMPLE",
    "THEN",
    "TO",
    "TRANSACTION",
    "TREAT",
    "TRUE",
    "TRUNCATE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "UNPIVOT",
    "UPDATE",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WHILE",
    "WINDOW",
    "WITH",
    "WITHIN",
];

fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word.to_ascii_uppercase().as_str()).is_ok()
}

/// A token as messages name it.
pub(super) fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_some() => format!("identifier `{}`", word.value),
        Token::Word(word) if is_keyword(&word.value) => format!("keyword {}", word.value.to_ascii_uppercase()),
        Token::Word(word) => format!("identifier \"{}\"", word.value),
        Token::Number(number, _) if number.contains(['.', 'e', 'E']) && !number.starts_with("0x") => {
            format!("floating point literal \"{number}\"")
        }
        Token::Number(number, _) => format!("integer literal \"{number}\""),
        Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::TripleSingleQuotedByteStringLiteral(_)
        | Token::TripleDoubleQuotedByteStringLiteral(_) => {
            format!("bytes literal {}", token.to_string().replacen('B', "b", 1))
        }
        Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_) => format!("string literal {token}"),
        Token::EOF => "end of script".into(),
        other => format!("\"{other}\""),
    }
}

/// What the parser expected, where it is one thing that GoogleSQL's messages name.
fn expected(text: &str) -> Option<String> {
    let text = text.trim();
    if [")", "(", "]", "=", ">"].contains(&text) {
        return Some(format!("\"{text}\""));
    }
    let word = text.chars().all(|c| c.is_ascii_uppercase());
    (word && text.len() > 1 && is_keyword(text)).then(|| format!("keyword {text}"))
}

/// A token at a place, and the one before it.
fn at(tokens: &[TokenWithSpan], line: u64, column: u64) -> Option<(&TokenWithSpan, Option<&TokenWithSpan>)> {
    let here = |t: &TokenWithSpan| t.span.start.line == line && t.span.start.column == column;
    let at = tokens.iter().position(here)?;
    Some((&tokens[at], at.checked_sub(1).map(|before| &tokens[before])))
}

pub(super) fn syntax(text: &str, place: Option<Location>) -> Fault {
    Fault::query(match place {
        Some(place) => format!("Syntax error: {text} at [{}:{}]", place.line, place.column),
        None => format!("Syntax error: {text}"),
    })
}

/// The refusal of these tokens.
pub(super) fn refusal(error: ParserError, tokens: &[TokenWithSpan]) -> Fault {
    let end = tokens.last().map(|t| t.span.end);
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            return Fault::query("Query is too complex: expressions are nested too deeply");
        }
    };
    let (message, place) = placed(&text);
    let (wanted, _) = message
        .strip_prefix("Expected: ")
        .and_then(|rest| rest.split_once(", found: "))
        .unwrap_or((message, ""));
    let wanted = expected(wanted);
    let found = place.and_then(|(line, column)| at(tokens, line, column));
    let Some((token, before)) = found else {
        // What the parser could not place it met at the end of the text, or says without one.
        if message.contains("found: EOF")
            || message.ends_with("EOF")
            || place.is_none() && message.starts_with("Expected")
        {
            return match wanted {
                Some(wanted) => syntax(&format!("Expected {wanted} but got end of script"), end),
                None => syntax("Unexpected end of script", end),
            };
        }
        let place = place.map_or(end, |(line, column)| Some(Location { line, column }));
        return syntax(message, place);
    };
    let place = Some(token.span.start);
    let after_select =
        before.is_some_and(|t| matches!(&t.token, Token::Word(w) if w.value.eq_ignore_ascii_case("SELECT")));
    if after_select && matches!(&token.token, Token::Word(w) if w.value.eq_ignore_ascii_case("FROM")) {
        return syntax("SELECT list must not be empty", place);
    }
    let mut shown = shown(&token.token);
    match wanted {
        Some(wanted) => syntax(&format!("Expected {wanted} but got {shown}"), place),
        None => {
            if message.contains("end of statement") {
                return syntax(&format!("Expected end of input but got {shown}"), place);
            }
            if let Some(quoted) = shown.strip_prefix("identifier `") {
                shown = format!("identifier `{quoted}");
            }
            syntax(&format!("Unexpected {shown}"), place)
        }
    }
}

/// `… at Line: 1, Column: 8`.
fn placed(text: &str) -> (&str, Option<(u64, u64)>) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(before, after)| {
        let (line, column) = after.split_once(", Column: ")?;
        Some((before, (line.trim().parse().ok()?, column.trim().parse().ok()?)))
    });
    match parsed {
        Some((before, place)) => (before, Some(place)),
        None => (text, None),
    }
}

/// What could not even be split into tokens; its place is where the literal or comment begins.
pub(super) fn unread(error: &TokenizerError, text: &str) -> Fault {
    let lower = error.message.to_lowercase();
    let at = super::parse::offset(text, error.location);
    if lower.contains("comment") {
        let start = text.rfind("/*").unwrap_or(at);
        return syntax("Unclosed comment", Some(location(text, start)));
    }
    if lower.contains("close delimiter") {
        return syntax("Unclosed identifier literal", Some(error.location));
    }
    if !lower.contains("unterminated") {
        return syntax(&error.message, Some(error.location));
    }
    let before = &text[..at];
    let bare = before.trim_end_matches(['\'', '"']);
    let quotes = before.len() - bare.len();
    let start = bare.trim_end_matches(['b', 'B', 'r', 'R']);
    let prefix = bare[start.len()..].to_ascii_lowercase();
    let kind = if prefix.contains('b') {
        "bytes literal"
    } else {
        "string literal"
    };
    let raw = if prefix.contains('r') { "raw " } else { "" };
    let triple = if quotes >= 3 { "triple-quoted " } else { "" };
    syntax(
        &format!("Unclosed {triple}{raw}{kind}"),
        Some(location(text, start.len())),
    )
}

/// A byte's line and column.
fn location(text: &str, at: usize) -> Location {
    let before = &text[..at];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    Location { line, column }
}

/// What the engine says of a whole query without a place, in BigQuery's words and with the place that it means.
pub(crate) fn located(fault: Fault, text: &str) -> Fault {
    if fault.reason != Reason::InvalidQuery || fault.message.contains(" at [") {
        return fault;
    }
    let Ok(tokens) = super::parse::tokens(text) else {
        return fault;
    };
    let Some((message, at)) = meant(&fault.message, &tokens) else {
        return fault;
    };
    let place = tokens.get(at).map(|t| t.span.start);
    let message = match place {
        Some(place) => format!("{message} at [{}:{}]", place.line, place.column),
        None => message,
    };
    Fault { message, ..fault }
}

/// Functions whose calls are aggregates, as far as messages speak of them.
const AGGREGATES: &[&str] = &[
    "ANY_VALUE",
    "ARRAY_AGG",
    "AVG",
    "COUNT",
    "COUNTIF",
    "MAX",
    "MIN",
    "STRING_AGG",
    "SUM",
];

/// The message and the token that it is about.
fn meant(message: &str, tokens: &[TokenWithSpan]) -> Option<(String, usize)> {
    let is = |at: usize, word: &str| matches!(&tokens[at].token, Token::Word(w) if w.value.eq_ignore_ascii_case(word));
    let after = |from: usize, word: &str| (from..tokens.len()).find(|at| is(*at, word));
    let aggregate = |from: usize| {
        (from..tokens.len().saturating_sub(1))
            .find(|at| AGGREGATES.iter().any(|name| is(*at, name)) && tokens[at + 1].token == Token::LParen)
    };
    let number = |from: usize| {
        let at = (from..tokens.len()).find(|at| matches!(tokens[*at].token, Token::Number(..)))?;
        Some((tokens[at].token.to_string(), at))
    };
    let column = message.strip_prefix("SELECT list expression references column ");
    if let Some(name) = column.and_then(|rest| rest.split(' ').next()) {
        return Some((message.to_owned(), after(0, name)?));
    }
    if message.starts_with("Aggregate function not allowed in WHERE clause") {
        let at = aggregate(after(0, "WHERE")?)?;
        return Some((
            format!("Aggregate function {} not allowed in WHERE clause", tokens[at].token),
            at,
        ));
    }
    if message.starts_with("Aggregations of aggregations") {
        return Some((message.to_owned(), aggregate(aggregate(0)? + 1)?));
    }
    if message.starts_with("WHERE clause cannot contain window functions") {
        let at = after(0, "WHERE")? + 1;
        return Some(("Analytic function not allowed in WHERE clause".into(), at));
    }
    if message.starts_with("GROUP BY clause cannot contain aggregates") {
        let at = aggregate(0)?;
        return Some((
            format!("Aggregate function {} not allowed in GROUP BY", tokens[at].token),
            at,
        ));
    }
    for (start, clause) in [
        ("GROUP BY term out of range", "GROUP"),
        ("ORDER term out of range", "ORDER"),
    ] {
        if message.starts_with(start) {
            let (number, at) = number(after(0, clause)?)?;
            return Some((
                format!("{clause} BY is out of SELECT column number range: {number}"),
                at,
            ));
        }
    }
    if message.starts_with("LIMIT/OFFSET cannot be negative") {
        return Some((
            "LIMIT expects a non-negative integer literal or parameter".into(),
            after(0, "LIMIT")? + 1,
        ));
    }
    if let Some(name) = message.strip_prefix("Duplicate CTE name \"") {
        let name = name.trim_end_matches('"');
        return Some((
            format!("Duplicate alias {name} for WITH subquery"),
            after(after(0, name)? + 1, name)?,
        ));
    }
    if message.starts_with("Subquery returns ") {
        let at = (1..tokens.len()).find(|at| is(*at, "SELECT") && tokens[at - 1].token == Token::LParen)?;
        return Some((
            "Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values"
                .into(),
            at - 1,
        ));
    }
    if message.starts_with("at least one window function must appear in the SELECT column or QUALIFY") {
        return Some((
            "The QUALIFY clause requires analytic function to be present in the QUALIFY clause or the SELECT list"
                .into(),
            after(0, "QUALIFY")?,
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn keywords_are_in_order() {
        assert!(super::KEYWORDS.is_sorted());
    }
}
