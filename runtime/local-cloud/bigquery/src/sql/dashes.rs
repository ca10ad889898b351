//! A project's name with dashes needs no quotes where a statement says what it is about; sqlparser reads it so in some of
//! them only. <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#table_names>

use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::parse::word;

/// After these words stands the name of what is changed, never a difference.
const BEFORE_NAMES: &[&str] = &["INSERT", "INTO", "TABLE", "VIEW", "SCHEMA", "EXISTS"];

/// `tokens` are those of a whole text, white space and comments among them.
pub(super) fn join(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut named = false;
    let mut at = 0;
    while at < tokens.len() {
        if named && let Some((joined, length)) = dashed(&tokens[at..]) {
            let span = Span::new(tokens[at].span.start, tokens[at + length - 1].span.end);
            out.extend(joined.into_iter().map(|token| TokenWithSpan::new(token, span)));
            at += length;
            named = false;
            continue;
        }
        let token = &tokens[at];
        if !matches!(token.token, Token::Whitespace(_)) {
            named = word(token).is_some_and(|word| BEFORE_NAMES.iter().any(|b| b.eq_ignore_ascii_case(&word.value)));
        }
        out.push(token.clone());
        at += 1;
    }
    out
}

/// `my-project-2`, without white space around its dashes. To the tokenizer the dot behind a number belongs to it.
fn dashed(tokens: &[TokenWithSpan]) -> Option<(Vec<Token>, usize)> {
    let mut name = word(tokens.first()?)?.value.clone();
    let mut length = 1;
    for token in &tokens[1..] {
        match &token.token {
            Token::Minus => name.push('-'),
            Token::Number(digits, false) => name.push_str(digits),
            _ => match word(token) {
                Some(word) => name.push_str(&word.value),
                None => break,
            },
        }
        length += 1;
        if name.ends_with('.') {
            break;
        }
    }
    let bare = name.strip_suffix('.').unwrap_or(&name);
    let quoted = Token::Word(Word {
        value: bare.to_owned(),
        quote_style: Some('`'),
        keyword: sqlparser::keywords::Keyword::NoKeyword,
    });
    let dot = (bare != name).then_some(Token::Period);
    (length > 1).then(|| (std::iter::once(quoted).chain(dot).collect(), length))
}

#[cfg(test)]
mod tests {
    use super::super::parse::{statement, tokens};

    #[test]
    fn a_project_with_dashes_needs_no_quotes() {
        for sql in [
            "INSERT INTO my-project-2.d.t (a) VALUES (1 - 1)",
            "INSERT my-project-2.d.t (a) VALUES (1)",
            "TRUNCATE TABLE my-project-2.d.t",
            "DROP TABLE IF EXISTS my-project-2.d.t",
            "ALTER TABLE my-project-2.d.t ADD COLUMN a INT64",
            "DROP VIEW my-project-2.d.t",
            "CREATE SCHEMA my-project-2.d",
            "DROP SCHEMA IF EXISTS my-project-2.d",
        ] {
            let read = |sql: &str| statement(&tokens(sql).expect(sql)).expect(sql);
            let quoted = sql.replace("my-project-2", "`my-project-2`");
            assert_eq!(read(sql), read(&quoted), "{sql}");
        }
    }
}
