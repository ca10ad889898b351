//! What sqlparser does not read of GoogleSQL's queries, written by tokens in forms that it reads: set operations that
//! match columns by name, pipe operators, `LIKE ALL`, `RANGE<…>`. The forms are markers (names that begin with `__`)
//! which the translation of queries takes out again.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::cast_format;
use super::parse::word;
use super::table_functions;

/// The marker before a pipe operator that says more about it, as `|> CALL __pipe('…')`.
pub(super) const PIPE: &str = "__pipe";
/// `LIKE ALL (…)` and `LIKE ALL UNNEST(…)`.
pub(super) const LIKE_ALL: &str = "__all";
pub(super) const LIKE_ALL_UNNEST: &str = "__all_unnest";
/// The first value of a `VALUES` that says how a set operation matches its columns.
pub(super) const COLUMNS: &str = "__columns";

/// `tokens` are free of white space.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens = table_functions::arguments::rewrite(cast_format::rewrite(tokens));
    let mut writer = Writer {
        out: Vec::with_capacity(tokens.len()),
        tokens,
        at: 0,
        asserting: Vec::new(),
        depth: 0,
    };
    while writer.at < writer.tokens.len() {
        writer.step();
    }
    while writer.asserting.pop().is_some() {
        writer.push(Token::RParen);
    }
    writer.out
}

struct Writer {
    tokens: Vec<TokenWithSpan>,
    at: usize,
    out: Vec<TokenWithSpan>,
    /// The depths at which an `|> ASSERT` is open.
    asserting: Vec<usize>,
    depth: usize,
}

/// What may stand before a table's name.
const BEFORE_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "USING", "MERGE", "UPDATE", "CLONE", "COPY"];
/// What ends the expression of FOR SYSTEM_TIME AS OF.
const AFTER_TABLE: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "ON",
    "USING",
    "TABLESAMPLE",
    "PIVOT",
    "UNPIVOT",
    "WHEN",
    "SET",
    "OPTIONS",
];

impl Writer {
    fn keyword(&self, ahead: usize) -> Option<String> {
        let token = self.tokens.get(self.at + ahead).and_then(word);
        token.map(|w| w.value.to_ascii_uppercase())
    }

    fn is(&self, ahead: usize, text: &str) -> bool {
        self.keyword(ahead).is_some_and(|k| k == text)
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|t| &t.token)
    }

    fn push(&mut self, token: Token) {
        let span = self.tokens[self.at.min(self.tokens.len() - 1)].span;
        self.out.push(TokenWithSpan::new(token, span));
    }

    fn push_words(&mut self, text: &str) {
        for word in text.split(' ') {
            self.push(Token::make_word(word, None));
        }
    }

    fn copy(&mut self, count: usize) {
        let end = (self.at + count).min(self.tokens.len());
        self.out.extend_from_slice(&self.tokens[self.at..end]);
        self.at = end;
    }

    /// `t AS a FOR SYSTEM_TIME AS OF x` becomes `t FOR SYSTEM_TIME AS OF x AS a`.
    fn time_travel(&mut self) {
        let before = |back: usize| {
            let token = self.out.len().checked_sub(back).map(|at| &self.out[at]);
            token.map(|t| word(t).map_or_else(String::new, |w| w.value.to_ascii_uppercase()))
        };
        let named = |back: usize| {
            let token = self.out.len().checked_sub(back).map(|at| &self.out[at].token);
            matches!(token, Some(Token::Word(_)))
        };
        let length = match before(2) {
            Some(text) if text == "AS" => 2,
            Some(text) if named(2) && !BEFORE_TABLE.contains(&text.as_str()) => 1,
            _ => 0,
        };
        let alias = self.out.split_off(self.out.len() - length);
        self.copy(4);
        let mut depth = 0_usize;
        while let Some(token) = self.token(0) {
            let word = self.keyword(0);
            match token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket if depth == 0 => break,
                Token::RParen | Token::RBracket => depth -= 1,
                Token::Comma | Token::SemiColon | Token::VerticalBarRightAngleBracket if depth == 0 => break,
                _ if depth == 0 && word.is_some_and(|w| AFTER_TABLE.contains(&w.as_str())) => break,
                _ => {}
            }
            self.copy(1);
        }
        self.out.extend(alias);
    }

    /// `|> CALL __pipe('…')`
    fn mark(&mut self, what: &str) {
        self.push(Token::VerticalBarRightAngleBracket);
        self.push_words("CALL");
        self.push(name(PIPE));
        self.push(Token::LParen);
        self.push(Token::SingleQuotedString(what.into()));
        self.push(Token::RParen);
    }

    fn step(&mut self) {
        match &self.tokens[self.at].token {
            Token::LParen | Token::LBracket => self.depth += 1,
            Token::RParen | Token::RBracket => {
                self.end_assert();
                self.depth = self.depth.saturating_sub(1);
            }
            Token::SemiColon => self.end_assert(),
            Token::VerticalBarRightAngleBracket => {
                self.end_assert();
                return self.pipe();
            }
            _ => {}
        }
        match self.keyword(0).as_deref() {
            Some("RB" | "BR") if self.raw_bytes() => {}
            Some("FROM") if self.token(1) != Some(&Token::Eq) && self.opens_query() => {
                self.push_words("SELECT");
                self.push(Token::Mul);
                self.copy(1);
            }
            Some("FOR") if self.is(1, "SYSTEM_TIME") => self.time_travel(),
            Some("LIKE") if self.is(1, "SOME") => {
                self.copy(1);
                self.push_words("ANY");
                self.at += 1;
            }
            Some("LIKE") if self.is(1, "ALL") => {
                self.copy(1);
                let unnest = self.is(1, "UNNEST");
                self.push(name(if unnest { LIKE_ALL_UNNEST } else { LIKE_ALL }));
                self.at += if unnest { 2 } else { 1 };
            }
            Some("UNION" | "INTERSECT" | "EXCEPT") if self.is(1, "ALL") || self.is(1, "DISTINCT") => {
                self.set_operation();
            }
            Some("RANGE") if self.token(1) == Some(&Token::Lt) && self.token(3) == Some(&Token::Gt) => self.range(),
            _ => self.copy(1),
        }
    }

    /// `rb'…'` is bytes whose backslashes are bytes.
    fn raw_bytes(&mut self) -> bool {
        let (Some(prefix), Some(next)) = (self.tokens.get(self.at), self.tokens.get(self.at + 1)) else {
            return false;
        };
        let (Token::SingleQuotedString(text)
        | Token::DoubleQuotedString(text)
        | Token::TripleSingleQuotedString(text)
        | Token::TripleDoubleQuotedString(text)) = &next.token
        else {
            return false;
        };
        if prefix.span.end != next.span.start {
            return false;
        }
        let escaped = text.replace('\\', "\\\\");
        self.push(Token::SingleQuotedByteStringLiteral(escaped));
        self.at += 2;
        true
    }

    /// Whether a query begins here that stands in parentheses: the parser knows a query by its SELECT.
    fn opens_query(&self) -> bool {
        matches!(self.out.last().map(|t| &t.token), Some(Token::LParen))
    }

    fn end_assert(&mut self) {
        while self.asserting.last() == Some(&self.depth) {
            self.asserting.pop();
            self.push(Token::RParen);
        }
    }

    /// `RANGE<DATE>` becomes the type `RANGE_DATE`; before a literal, a cast.
    fn range(&mut self) {
        let ty = name(&format!("RANGE_{}", self.keyword(2).unwrap_or_default()));
        let literal = matches!(
            self.token(4),
            Some(
                Token::SingleQuotedString(_)
                    | Token::DoubleQuotedString(_)
                    | Token::SingleQuotedRawStringLiteral(_)
                    | Token::DoubleQuotedRawStringLiteral(_)
            )
        );
        if literal {
            self.push_words("CAST");
            self.push(Token::LParen);
            self.at += 4;
            self.copy(1);
            self.at -= 1;
            self.push_words("AS");
            self.push(ty);
            self.push(Token::RParen);
            self.at += 1;
        } else {
            self.push(ty);
            self.at += 4;
        }
    }

    /// How a set operation matches its columns, written before and after its words: taken away and told in order.
    fn matching(&mut self, after: usize) -> (Vec<String>, usize) {
        let mut outer = None;
        if self
            .out
            .last()
            .and_then(word)
            .is_some_and(|w| w.keyword == Keyword::OUTER)
        {
            self.out.pop();
            outer = Some("FULL".to_owned());
        }
        if let Some(kind) = self.out.last().and_then(word).map(|w| w.value.to_ascii_uppercase())
            && ["FULL", "LEFT", "INNER"].contains(&kind.as_str())
        {
            self.out.pop();
            outer = Some(kind);
        }
        let mut next = after;
        let mut strict = true;
        let strictly = [("BY", "NAME"), ("STRICT", "CORRESPONDING")]
            .iter()
            .any(|(first, second)| self.is(next, first) && self.is(next + 1, second));
        let by_name = if strictly {
            next += 2;
            true
        } else if self.is(next, "CORRESPONDING") {
            next += 1;
            strict = false;
            true
        } else {
            false
        };
        if !by_name && outer.is_none() {
            return (Vec::new(), after);
        }
        let mode = match (outer.as_deref(), by_name, strict) {
            (Some(kind), true, _) => kind.to_owned(),
            // Without BY NAME the mode is about names as well.
            (Some(kind), false, _) => format!("{kind} POSITION"),
            (None, _, true) => "STRICT".to_owned(),
            (None, _, false) => "INNER".to_owned(),
        };
        let mut told = vec![mode];
        if (self.is(next, "ON") || self.is(next, "BY")) && self.token(next + 1) == Some(&Token::LParen) {
            next += 2;
            while let Some(token) = self.token(next).cloned() {
                next += 1;
                match token {
                    Token::RParen => break,
                    Token::Word(w) => told.push(w.value),
                    _ => {}
                }
            }
        }
        (told, next)
    }

    /// `a FULL UNION ALL BY NAME b` becomes `a UNION ALL VALUES ('__columns', 'FULL') UNION ALL b`.
    fn set_operation(&mut self) {
        let (told, next) = self.matching(2);
        if told.is_empty() {
            return self.copy(2);
        }
        let words = self.tokens[self.at..self.at + 2].to_vec();
        self.out.extend_from_slice(&words);
        self.push_words("VALUES");
        self.push(Token::LParen);
        self.push(Token::SingleQuotedString(COLUMNS.into()));
        for text in told {
            self.push(Token::Comma);
            self.push(Token::SingleQuotedString(text));
        }
        self.push(Token::RParen);
        self.out.extend_from_slice(&words);
        self.at += next;
    }

    fn pipe(&mut self) {
        let next = self.keyword(1).unwrap_or_default();
        match next.as_str() {
            "DISTINCT" => {
                self.mark("DISTINCT");
                self.at += 2;
            }
            "WINDOW" => {
                self.copy(1);
                self.push_words("EXTEND");
                self.at += 1;
            }
            "SELECT" => {
                let mut skip = 2;
                for (first, second) in [("DISTINCT", ""), ("ALL", ""), ("AS", "STRUCT"), ("AS", "VALUE")] {
                    if self.is(skip, first) && (second.is_empty() || self.is(skip + 1, second)) {
                        self.mark(&format!("SELECT {}", if second.is_empty() { first } else { second }));
                        skip += if second.is_empty() { 1 } else { 2 };
                    }
                }
                self.copy(2);
                self.at += skip - 2;
            }
            "AGGREGATE" => self.aggregate(),
            "ASSERT" => {
                self.copy(1);
                self.push_words("CALL");
                self.push(name("__assert"));
                self.push(Token::LParen);
                self.at += 1;
                self.asserting.push(self.depth);
            }
            "UNION" | "INTERSECT" | "EXCEPT" | "FULL" | "LEFT" | "INNER" => self.piped_set_operation(),
            _ => self.copy(2),
        }
    }

    fn piped_set_operation(&mut self) {
        let mut skip = 1;
        let mut prefix = Vec::new();
        while let Some(word) = self
            .keyword(skip)
            .filter(|w| ["FULL", "LEFT", "INNER", "OUTER"].contains(&w.as_str()))
        {
            prefix.push(word);
            skip += 1;
        }
        let operation = self.keyword(skip).unwrap_or_default();
        if !["UNION", "INTERSECT", "EXCEPT"].contains(&operation.as_str()) {
            return self.copy(1 + skip);
        }
        for word in &prefix {
            self.push_words(word);
        }
        let (told, next) = self.matching(skip + 2);
        if !told.is_empty() {
            self.mark(&format!("COLUMNS {}", told.join(",")));
        }
        self.push(Token::VerticalBarRightAngleBracket);
        self.at += skip;
        self.copy(2);
        self.at += next - skip - 2;
    }

    /// `|> AGGREGATE … GROUP AND ORDER BY …`
    fn aggregate(&mut self) {
        let mut depth = 0usize;
        let mut i = self.at + 2;
        let is = |i: usize, text: &str| {
            let found = self.tokens.get(i).and_then(word);
            found.is_some_and(|w| w.value.eq_ignore_ascii_case(text))
        };
        let mut ordered = None;
        while let Some(token) = self.tokens.get(i) {
            match token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket if depth == 0 => break,
                Token::RParen | Token::RBracket => depth -= 1,
                Token::VerticalBarRightAngleBracket | Token::SemiColon if depth == 0 => break,
                _ if depth == 0 && is(i, "GROUP") && is(i + 1, "AND") && is(i + 2, "ORDER") => {
                    ordered = Some(i + 1);
                    break;
                }
                _ => {}
            }
            i += 1;
        }
        if let Some(at) = ordered {
            self.mark("ORDER");
            self.tokens.drain(at..at + 2);
        }
        self.copy(2);
    }
}

fn name(text: &str) -> Token {
    Token::Word(Word {
        value: text.to_owned(),
        quote_style: None,
        keyword: Keyword::NoKeyword,
    })
}

#[cfg(test)]
mod tests {
    fn written(sql: &str) -> String {
        let tokens = super::super::parse::tokens(sql).unwrap();
        let words: Vec<String> = tokens.iter().map(|t| t.token.to_string()).collect();
        words.join(" ")
    }

    #[test]
    fn what_the_parser_lacks_is_marked() {
        for (sql, expected) in [
            ("a LIKE ALL ('x')", "a LIKE __all ( 'x' )"),
            ("RANGE<DATE> '[a, b)'", "CAST ( '[a, b)' AS RANGE_DATE )"),
            ("CAST(x AS RANGE<DATE>)", "CAST ( x AS RANGE_DATE )"),
            (
                "SELECT 1 FULL OUTER UNION ALL BY NAME ON (a) SELECT 2",
                "SELECT 1 UNION ALL VALUES ( '__columns' , 'FULL' , 'a' ) UNION ALL SELECT 2",
            ),
            ("FROM t |> DISTINCT", "FROM t |> CALL __pipe ( 'DISTINCT' )"),
            (
                "(FROM t |> ASSERT a > 1, 'b' |> LIMIT 1)",
                "( SELECT * FROM t |> CALL __assert ( a > 1 , 'b' ) |> LIMIT 1 )",
            ),
            (
                "FROM t |> AGGREGATE COUNT(*) GROUP AND ORDER BY a",
                "FROM t |> CALL __pipe ( 'ORDER' ) |> AGGREGATE COUNT ( * ) GROUP BY a",
            ),
            (
                "FROM t |> LEFT JOIN u USING (a) |> INNER UNION ALL BY NAME (FROM v)",
                "FROM t |> LEFT JOIN u USING ( a ) |> CALL __pipe ( 'COLUMNS INNER' ) |> UNION ALL ( SELECT * FROM v )",
            ),
        ] {
            assert_eq!(written(sql), expected);
        }
    }
}
