//! SEARCH's query: terms, AND, OR and parentheses.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#search_query_rules>.

use super::analyzer::Analyzer;

/// Outside of quotes these are written with a backslash.
const RESERVED: &str = "[]<>(){}|!'\"*&?+/:=-\\~^";
const RESERVED_WORDS: &[&str] = &["NOT", "IN", "NEAR"];

/// Deeper parentheses than this are refused rather than risked.
const DEEPEST: usize = 100;

#[derive(Debug)]
pub(super) enum SearchQuery {
    /// The whole text, as it is.
    Same(String),
    All(Vec<SearchQuery>),
    Any(Vec<SearchQuery>),
    /// Tokens, wherever they are.
    Tokens(Vec<String>),
    /// Tokens next to each other.
    Phrase(Vec<String>),
    /// A text in backticks, between delimiters.
    Exact(String),
}

#[derive(Debug, PartialEq)]
enum Lexeme {
    Open,
    Close,
    Single { text: String, escaped: bool },
    Phrase(String),
    Exact(String),
}

impl SearchQuery {
    pub(super) fn read(text: &str, analyzer: &Analyzer) -> Result<Self, String> {
        if analyzer.is_whole() {
            return Ok(Self::Same(text.to_owned()));
        }
        let lexemes = lexemes(text)?;
        let mut reader = Reader {
            lexemes: &lexemes,
            at: 0,
            depth: 0,
            analyzer,
        };
        let query = if lexemes.is_empty() {
            Self::All(Vec::new())
        } else {
            reader.any()?
        };
        if reader.at < lexemes.len() {
            return Err("Invalid search_query: unmatched ')'".into());
        }
        if !query.seeks() {
            return Err("search_query contains no search tokens".into());
        }
        Ok(query)
    }

    /// Whether there is anything to look for.
    fn seeks(&self) -> bool {
        match self {
            Self::Same(_) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::seeks),
            Self::Tokens(tokens) | Self::Phrase(tokens) => !tokens.is_empty(),
            Self::Exact(text) => !text.is_empty(),
        }
    }

    pub(super) fn matches(&self, text: &str, analyzer: &Analyzer) -> bool {
        match self {
            Self::Same(whole) => whole == text,
            _ => self.holds(text, &analyzer.tokens(text), analyzer),
        }
    }

    fn holds(&self, text: &str, tokens: &[String], analyzer: &Analyzer) -> bool {
        match self {
            Self::Same(whole) => whole == text,
            Self::All(parts) => parts.iter().all(|part| part.holds(text, tokens, analyzer)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(text, tokens, analyzer)),
            Self::Tokens(sought) => sought.iter().all(|token| tokens.contains(token)),
            Self::Phrase(sought) => {
                sought.is_empty() || tokens.windows(sought.len()).any(|window| window == sought.as_slice())
            }
            Self::Exact(sought) => analyzer.stands_in(text, sought),
        }
    }
}

fn lexemes(text: &str) -> Result<Vec<Lexeme>, String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => out.push(Lexeme::Open),
            ')' => out.push(Lexeme::Close),
            '"' | '`' => {
                let mut inner = String::new();
                loop {
                    match chars.next() {
                        None => return Err(format!("Invalid search_query: missing closing {c}")),
                        Some('\\') if chars.peek() == Some(&c) => inner.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => inner.push(other),
                    }
                }
                out.push(match c {
                    '"' => Lexeme::Phrase(inner),
                    _ => Lexeme::Exact(inner),
                });
            }
            first => {
                let mut inner = String::new();
                let mut escaped = false;
                let mut next = Some(first);
                while let Some(c) = next {
                    match c {
                        '\\' => {
                            let escape = chars.next().ok_or("Invalid search_query: it ends with a backslash")?;
                            inner.push(escape);
                            escaped = true;
                        }
                        c if RESERVED.contains(c) => {
                            return Err(format!(
                                "Invalid search_query: the reserved character {c} must be escaped or enclosed in backticks"
                            ));
                        }
                        c => inner.push(c),
                    }
                    next = chars.next_if(|c| !c.is_whitespace() && !"()\"`".contains(*c));
                }
                out.push(Lexeme::Single { text: inner, escaped });
            }
        }
    }
    Ok(out)
}

struct Reader<'q> {
    lexemes: &'q [Lexeme],
    at: usize,
    depth: usize,
    analyzer: &'q Analyzer,
}

impl Reader<'_> {
    fn is_word(&self, word: &str) -> bool {
        matches!(self.lexemes.get(self.at), Some(Lexeme::Single { text, escaped: false }) if text == word)
    }

    fn any(&mut self) -> Result<SearchQuery, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("Invalid search_query: parentheses are nested too deeply".into());
        }
        let mut parts = vec![self.all()?];
        while self.is_word("OR") {
            self.at += 1;
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(SearchQuery::Any(parts))
    }

    fn all(&mut self) -> Result<SearchQuery, String> {
        let mut parts = vec![self.one()?];
        loop {
            if self.is_word("AND") {
                self.at += 1;
            } else if self.is_word("OR") || matches!(self.lexemes.get(self.at), None | Some(Lexeme::Close)) {
                break;
            }
            parts.push(self.one()?);
        }
        Ok(SearchQuery::All(parts))
    }

    fn one(&mut self) -> Result<SearchQuery, String> {
        let lexeme = self
            .lexemes
            .get(self.at)
            .ok_or("Invalid search_query: a term is missing at its end")?;
        self.at += 1;
        match lexeme {
            Lexeme::Open => {
                let inner = self.any()?;
                if self.lexemes.get(self.at) != Some(&Lexeme::Close) {
                    return Err("Invalid search_query: missing closing )".into());
                }
                self.at += 1;
                Ok(inner)
            }
            Lexeme::Close => Err("Invalid search_query: a term is missing before )".into()),
            Lexeme::Phrase(text) => Ok(SearchQuery::Phrase(self.analyzer.tokens(text))),
            Lexeme::Exact(text) => Ok(SearchQuery::Exact(text.clone())),
            Lexeme::Single { text, escaped: false } if text == "AND" || text == "OR" => {
                Err(format!("Invalid search_query: a term is missing before {text}"))
            }
            Lexeme::Single { text, escaped: false } if RESERVED_WORDS.contains(&text.as_str()) => Err(format!(
                "Invalid search_query: the reserved word {text} must be enclosed in backticks"
            )),
            Lexeme::Single { text, .. } => Ok(SearchQuery::Tokens(self.analyzer.tokens(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_joined_as_the_grammar_says() {
        let log = Analyzer::read("LOG_ANALYZER", "").unwrap();
        for (text, query, expected) in [
            ("foo bar baz", "foo bar", true),
            ("foo", "foo OR bar baz", true),
            ("foo bar", "foo AND (bar OR baz)", true),
            ("foo", "foo AND (bar OR baz)", false),
            ("foo-bar baz", "\"foo&bar\"", true),
            ("foo else bar", "\"foo bar\"", false),
            ("a OR b", "`OR`", true),
        ] {
            let query = SearchQuery::read(query, &log).unwrap();
            assert_eq!(query.matches(text, &log), expected, "{text}: {query:?}");
        }
        for wrong in [
            "", "foo&bar", "foo AND", "(foo", "foo)", "NOT foo", "\"foo", "\\&", "foo\\",
        ] {
            assert!(SearchQuery::read(wrong, &log).is_err(), "{wrong}");
        }
        assert!(SearchQuery::read(&"(".repeat(10_000), &log).is_err());
    }
}
