//! One spelling for every SQL text that means the same, by the rules of `sql`.

use super::sql::{Token, tokens};

/// The normal form of a text in SQL: two texts have the same one exactly when [`sql`](super::sql) calls them the same, and it
/// is valid where they are. No comments, one line, reserved words in capitals. `None`: a literal or comment does not end.
pub fn normal_sql(text: &str) -> Option<String> {
    let tokens = tokens(text)?;
    let mut out = String::with_capacity(text.len());
    for (index, token) in tokens.iter().enumerate() {
        if index > 0 && spaced(&tokens, index) {
            out.push(' ');
        }
        match token {
            Token::Reserved(word) => out.push_str(word),
            Token::Word(word) | Token::Quoted(word, _) => out.push_str(word),
            Token::Verb(word) => out.push_str(word),
            Token::Sign(sign) => out.push(*sign),
        }
    }
    Some(out)
}

/// Whether a space stands before a token. Where one would part what belongs together (`a.b`, `my-project`, `<=`) there is
/// none, and where its absence would join what does not (`a b`, `- -1`, `r 'x'`) there is one.
fn spaced(tokens: &[Token<'_>], index: usize) -> bool {
    let (before, token) = (&tokens[index - 1], &tokens[index]);
    match (before, token) {
        (Token::Quoted(..), Token::Quoted(_, glued)) => !glued,
        (Token::Sign(a), Token::Sign(b)) => {
            (*a == '-' && *b == '-')
                || matches!(a, ',' | ';')
                || begins_comparison(tokens, index)
                || ends_comparison(tokens, index)
        }
        (Token::Sign(',' | ';'), _) => true,
        (Token::Sign('('), _) => ends_comparison(tokens, index),
        (Token::Sign(')'), _) => true,
        (Token::Sign(_), Token::Reserved(_)) => true,
        (Token::Sign(_), _) => ends_comparison(tokens, index),
        (Token::Reserved(_) | Token::Verb(_), Token::Sign(sign)) => !matches!(sign, ')' | ',' | ';' | '.'),
        (_, Token::Sign(_)) => begins_comparison(tokens, index),
        _ => true,
    }
}

/// Whether the signs around this place are an operator such as `=`, `<=` or `<>`: those that occur in types are none.
fn comparison(tokens: &[Token<'_>], from: usize) -> Option<std::ops::Range<usize>> {
    let is_part = |index: usize| matches!(tokens.get(index), Some(Token::Sign('=' | '<' | '>' | '!')));
    if !is_part(from) {
        return None;
    }
    let start = (0..from)
        .rev()
        .take_while(|index| is_part(*index))
        .last()
        .unwrap_or(from);
    let end = (from..tokens.len())
        .take_while(|index| is_part(*index))
        .last()
        .map_or(from, |last| last + 1);
    let has = |sign: char| tokens[start..end].contains(&Token::Sign(sign));
    (has('=') || tokens[start..end] == [Token::Sign('<'), Token::Sign('>')]).then_some(start..end)
}

fn begins_comparison(tokens: &[Token<'_>], index: usize) -> bool {
    comparison(tokens, index).is_some_and(|range| range.start == index)
}

fn ends_comparison(tokens: &[Token<'_>], index: usize) -> bool {
    comparison(tokens, index - 1).is_some_and(|range| range.end == index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        for (text, expected) in [
            (
                "select  a,b\nfrom `p.d.t` -- all\nwhere a<=1;",
                "SELECT a, b FROM `p.d.t` WHERE a <= 1",
            ),
            (
                "SELECT count( * ) FROM my-project.d.t",
                "SELECT count(*) FROM my-project.d.t",
            ),
            ("select 1 - -1, a<>b, x=@From", "SELECT 1- -1, a <> b, x = @From"),
            ("select array<struct<a int64>>[]", "SELECT ARRAY < STRUCT <a int64>>[]"),
            ("select r'\\'' \"a\" 'b''c'", "SELECT r'\\'' \"a\" 'b''c'"),
            ("SELECT r 'x' , date'2020-01-01'", "SELECT r 'x', date '2020-01-01'"),
            (
                "create view v as(select 1);select 2",
                "CREATE view v AS (SELECT 1); SELECT 2",
            ),
            ("select /*+ fast */ 1", "SELECT /*+fast*/1"),
            ("", ""),
        ] {
            let normal = normal_sql(text).expect(text);
            assert_eq!(normal, expected);
            // It means the same, and is its own normal form.
            assert!(
                super::super::sql(&text.into(), &normal.as_str().into()),
                "{text} became {normal}"
            );
            assert_eq!(normal_sql(&normal).as_ref(), Some(&normal));
        }
        assert_eq!(normal_sql("select 'open"), None);
        assert_eq!(normal_sql("select 1 /* open"), None);
    }
}
