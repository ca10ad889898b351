//! SQL text in GoogleSQL's lexical rules.
//! Reference: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical>

use tfplugin_proto::Value;

use super::texts;

/// The reserved words: whatever their case they cannot be names, so their case means nothing.
const RESERVED: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "ASSERT_ROWS_MODIFIED",
    "AT",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COLLATE",
    "CONTAINS",
    "CREATE",
    "CROSS",
    "CUBE",
    "CURRENT",
    "DEFAULT",
    "DEFINE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "ENUM",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FOLLOWING",
    "FOR",
    "FROM",
    "FULL",
    "GROUP",
    "GROUPING",
    "GROUPS",
    "HASH",
    "HAVING",
    "IF",
    "IGNORE",
    "IN",
    "INNER",
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
    "MERGE",
    "NATURAL",
    "NEW",
    "NO",
    "NOT",
    "NULL",
    "NULLS",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "PROTO",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "RESPECT",
    "RIGHT",
    "ROLLUP",
    "ROWS",
    "SELECT",
    "SET",
    "SOME",
    "STRUCT",
    "TABLESAMPLE",
    "THEN",
    "TO",
    "TREAT",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "USING",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
];

/// The same SQL apart from white space, comments, the case of reserved words and semicolons at the end.
///
/// Literals and quoted names must be the same to the letter; so must names, whose case can matter (those of tables do).
/// Comments that may be more than that (`/*+ hints */`, `/*! … */`) count as text.
pub fn sql(a: &Value, b: &Value) -> bool {
    texts(a, b, |a, b| {
        a == b || matches!((tokens(a), tokens(b)), (Some(a), Some(b)) if a == b)
    })
}

#[derive(PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A reserved word, in upper case.
    Reserved(&'static str),
    /// A name, a number, or a statement's first word.
    Word(&'a str),
    /// The first word of a statement, in upper case.
    Verb(String),
    /// A literal or a quoted name with its quotes, and whether it follows another one without a space.
    Quoted(&'a str, bool),
    /// One character of an operator or punctuation.
    Sign(char),
}

/// `None`: a literal or comment does not end.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text;
    // Whether nothing stands between the token before and what comes.
    let mut adjacent = false;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            adjacent = false;
            rest = &rest[first.len_utf8()..];
            continue;
        } else if let Some(length) = comment(rest) {
            adjacent = false;
            rest = &rest[length?..];
            continue;
        } else if let Some(start) = quote(rest) {
            let length = quoted(rest, start)?;
            let glued = adjacent && matches!(tokens.last(), Some(Token::Quoted(..)));
            tokens.push(Token::Quoted(&rest[..length], glued));
            length
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(word(&rest[..length], tokens.last()));
            length
        } else {
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        adjacent = true;
        rest = &rest[length..];
    }
    while tokens.last() == Some(&Token::Sign(';')) {
        tokens.pop();
    }
    Some(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn word<'a>(word: &'a str, before: Option<&Token<'_>>) -> Token<'a> {
    // After a dot stands a name, and after `@` a parameter, whatever it looks like.
    if matches!(before, Some(Token::Sign('.' | '@'))) {
        return Token::Word(word);
    }
    if let Some(reserved) = RESERVED.iter().find(|reserved| reserved.eq_ignore_ascii_case(word)) {
        return Token::Reserved(reserved);
    }
    match before {
        None | Some(Token::Sign(';')) => Token::Verb(word.to_ascii_uppercase()),
        _ => Token::Word(word),
    }
}

/// The length of the comment that starts here; `Some(None)`: one that does not end.
fn comment(text: &str) -> Option<Option<usize>> {
    if text.starts_with("--") || text.starts_with('#') {
        return Some(Some(text.find('\n').unwrap_or(text.len())));
    }
    let inside = text.strip_prefix("/*")?;
    if inside.starts_with(['+', '!']) {
        return None;
    }
    Some(inside.find("*/").map(|end| end + "/**/".len()))
}

/// How long the opening of the quoted text that starts here is, with a prefix such as `r` or `rb`.
fn quote(text: &str) -> Option<usize> {
    let quote = text.find(['\'', '"', '`'])?;
    let prefix = &text[..quote];
    let is_prefix = ["", "r", "b", "rb", "br"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(prefix));
    let mark = &text[quote..=quote];
    if !is_prefix || (mark == "`" && !prefix.is_empty()) {
        return None;
    }
    let triple = mark != "`" && text[quote..].starts_with(&mark.repeat(3));
    Some(quote + if triple { 3 } else { 1 })
}

/// The length of the quoted text whose opening is so long.
fn quoted(text: &str, start: usize) -> Option<usize> {
    let mark = text[..start].trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let mut inside = text[start..].char_indices();
    while let Some((at, c)) = inside.next() {
        if c == '\\' {
            inside.next();
        } else if text[start + at..].starts_with(mark) {
            return Some(start + at + mark.len());
        }
    }
    None
}
