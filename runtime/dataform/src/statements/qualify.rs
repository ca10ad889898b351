//! The columns of an expression under an alias, by its words: an expression of GoogleSQL is not rewritten any further, so that
//! nothing of it is lost that a parser does not know.

use sqlparser::dialect::BigQueryDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// Words that are columns elsewhere and parts of dates behind a number or as the last argument of a function.
const PARTS: &[&str] = &[
    "year", "isoyear", "quarter", "month", "week", "isoweek", "day", "date", "hour", "minute", "second",
];

/// Puts `alias.` before every word that is one of the columns: not behind a dot, not a function's name, not inside a subquery.
/// Text that cannot be read stays as it is.
pub(super) fn columns(expression: &str, columns: &[String], alias: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&BigQueryDialect {}, expression)
        .with_unescape(false)
        .tokenize_with_location()
    else {
        return expression.to_owned();
    };
    let solid: Vec<&TokenWithSpan> = tokens
        .iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF))
        .collect();
    let token = |place: Option<usize>| place.and_then(|p| solid.get(p)).map(|t| &t.token);
    // For each open bracket: whether it holds a subquery.
    let mut brackets: Vec<bool> = Vec::new();
    let mut places: Vec<(u64, u64)> = Vec::new();
    for (place, current) in solid.iter().enumerate() {
        let before = token(place.checked_sub(1));
        let after = token(place.checked_add(1));
        match &current.token {
            Token::LParen => {
                let query = matches!(after, Some(Token::Word(w)) if ["select", "with"].contains(&w.value.to_lowercase().as_str()));
                brackets.push(query || brackets.last().copied().unwrap_or(false));
            }
            Token::RParen => {
                brackets.pop();
            }
            Token::Word(word) => {
                let known = columns.iter().any(|c| c.eq_ignore_ascii_case(&word.value));
                let inner = matches!(before, Some(Token::Period));
                let call = matches!(after, Some(Token::LParen)) && word.quote_style.is_none();
                let part = PARTS.contains(&word.value.to_lowercase().as_str())
                    && word.quote_style.is_none()
                    && (matches!(before, Some(Token::Number(..)))
                        || (matches!(before, Some(Token::Comma)) && matches!(after, Some(Token::RParen))));
                if known && !inner && !call && !part && !brackets.last().copied().unwrap_or(false) {
                    places.push((current.span.start.line, current.span.start.column));
                }
            }
            _ => {}
        }
    }
    inserted(expression, &places, &format!("{alias}."))
}

/// The text with something put in at places, each a line and a column from 1.
fn inserted(text: &str, places: &[(u64, u64)], what: &str) -> String {
    let mut result = String::with_capacity(text.len() + places.len() * what.len());
    let (mut line, mut column) = (1, 1);
    for c in text.chars() {
        if places.contains(&(line, column)) {
            result.push_str(what);
        }
        result.push(c);
        column += 1;
        if c == '\n' {
            (line, column) = (line + 1, 1);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn every_column_and_nothing_else_is_qualified() {
        let known = ["ts", "id", "day", "location"].map(str::to_owned);
        for (expression, expected) in [
            ("ts >= timestamp '2024-01-01'", "D.ts >= timestamp '2024-01-01'"),
            (
                "ts > 1 and id > 2 or TS is null",
                "D.ts > 1 and D.id > 2 or D.TS is null",
            ),
            (
                "timestamp_trunc(ts, day) >= current_date()",
                "timestamp_trunc(D.ts, day) >= current_date()",
            ),
            (
                "ts > timestamp_sub(current_timestamp(), interval 1 day)",
                "ts > timestamp_sub(current_timestamp(), interval 1 day)",
            ),
            (
                "day = date_sub(current_date(), interval 3 day)",
                "D.day = date_sub(current_date(), interval 3 day)",
            ),
            ("`id` in (1, 2)", "D.`id` in (1, 2)"),
            ("DATAFORM_DEST.ts > 1", "DATAFORM_DEST.ts > 1"),
            ("location.id = 'ts'", "D.location.id = 'ts'"),
            (
                "ts >= (select max(ts) from x where (id > 1))",
                "D.ts >= (select max(ts) from x where (id > 1))",
            ),
            ("-- ts\nid > 1", "-- ts\nD.id > 1"),
            ("date(ts) = x", "date(D.ts) = x"),
            ("'unended", "'unended"),
        ] {
            let expected = expected.replacen("ts > timestamp_sub", "D.ts > timestamp_sub", 1);
            assert_eq!(columns(expression, &known, "D"), expected, "{expression}");
        }
    }
}
