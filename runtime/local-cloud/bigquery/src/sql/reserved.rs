//! Reserved words where no word can stand: the parser would take them for names.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::complaint::{shown, syntax};
use crate::error::Fault;

/// Words that neither begin an expression nor name a table.
const NEVER_FIRST: &[&str] = &[
    "AND", "BY", "ELSE", "END", "FROM", "GROUP", "HAVING", "JOIN", "LIKE", "LIMIT", "ON", "OR", "ORDER", "QUALIFY",
    "THEN", "UNION", "USING", "WHEN", "WHERE",
];
/// Words that an expression or a table follows.
const NEED_MORE: &[&str] = &[
    "AND", "BETWEEN", "BY", "FROM", "HAVING", "JOIN", "ON", "OR", "QUALIFY", "WHERE",
];

/// A word that is neither quoted nor a field's name.
fn word(tokens: &[TokenWithSpan], at: usize) -> Option<String> {
    let before = at.checked_sub(1).map(|before| &tokens[before].token);
    match &tokens.get(at)?.token {
        Token::Word(word) if word.quote_style.is_none() && !matches!(before, Some(Token::Period | Token::AtSign)) => {
            Some(word.value.to_ascii_uppercase())
        }
        _ => None,
    }
}

/// A literal of text where none can stand, and a name without letters.
fn stray(tokens: &[TokenWithSpan], at: usize, depth: usize) -> Option<Fault> {
    let (token, place) = (&tokens[at].token, Some(tokens[at].span.start));
    if matches!(token, Token::Word(word) if word.value.is_empty()) {
        return Some(syntax("Invalid empty identifier", place));
    }
    let text = matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::TripleSingleQuotedString(_)
            | Token::TripleDoubleQuotedString(_)
    );
    let before = at.checked_sub(1)?;
    match &tokens[before].token {
        _ if !text => None,
        Token::Number(..) | Token::RBracket => Some(syntax(
            &format!("Expected end of input but got {}", shown(token)),
            place,
        )),
        // In a call FROM may stand before a value: EXTRACT(… FROM …).
        Token::Word(_) if depth == 0 => {
            let word = word(tokens, before)?;
            let table = word == "JOIN" || (word == "FROM" && at > 1);
            table.then(|| syntax(&format!("Unexpected {}", shown(token)), place))
        }
        _ => None,
    }
}

/// Refuses what no statement has.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), Fault> {
    let mut depth = 0_usize;
    for at in 0..tokens.len() {
        match tokens[at].token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(fault) = stray(tokens, at, depth) {
            return Err(fault);
        }
        let Some(first) = word(tokens, at) else { continue };
        let sorts = matches!(first.as_str(), "GROUP" | "ORDER");
        let Some(next) = tokens.get(at + 1) else {
            if sorts && at > 0 {
                let end = Some(tokens[at].span.end);
                return Err(syntax("Expected keyword BY but got end of script", end));
            }
            continue;
        };
        let second = word(tokens, at + 1).unwrap_or_default();
        let place = Some(next.span.start);
        let unexpected = || syntax(&format!("Unexpected {}", shown(&next.token)), place);
        match (first.as_str(), second.as_str()) {
            ("SELECT", "FROM") => return Err(syntax("SELECT list must not be empty", place)),
            ("SELECT" | "CASE", second)
                if NEVER_FIRST.contains(&second) && ((first == "SELECT" && second != "ON") || second == "END") =>
            {
                return Err(unexpected());
            }
            ("WHEN", "THEN") | ("AS", "FROM" | "WHERE" | "GROUP" | "ORDER") => return Err(unexpected()),
            ("GROUP" | "ORDER", second) if at > 0 && !matches!(second, "BY" | "AND") && next.token != Token::LParen => {
                return Err(syntax(
                    &format!("Expected keyword BY but got {}", shown(&next.token)),
                    place,
                ));
            }
            // `GROUP AND ORDER BY` of the pipe syntax.
            ("AND", "ORDER") => {}
            (first, second) if NEED_MORE.contains(&first) && NEVER_FIRST.contains(&second) => return Err(unexpected()),
            _ => {}
        }
    }
    Ok(())
}
