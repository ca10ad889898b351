//! Filters of subscriptions: <https://cloud.google.com/pubsub/docs/subscription-message-filter>.

use std::collections::HashMap;

use crate::refusal::Refusal;

const MOST_BYTES: usize = 256;

/// A condition on a message's attributes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Has(String),
    Equals(String, String),
    /// Google's `!=` is true as well where the attribute is absent.
    Differs(String, String),
    HasPrefix(String, String),
    Not(Box<Filter>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Filter, Refusal> {
        if text.len() > MOST_BYTES {
            return Err(Refusal::invalid(format!(
                "The filter is {} bytes long; at most {MOST_BYTES} are allowed.",
                text.len()
            )));
        }
        let refuse = |what: String| {
            Refusal::invalid(format!(
                "Invalid filter '{text}': {what}. Refer to \
                 https://cloud.google.com/pubsub/docs/subscription-message-filter for the syntax."
            ))
        };
        let tokens = tokens(text).map_err(refuse)?;
        let mut parser = Parser { tokens, at: 0 };
        let filter = parser.expression().map_err(refuse)?;
        match parser.peek() {
            None => Ok(filter),
            Some(Token::Word(word)) if word == "AND" || word == "OR" => {
                Err(refuse("AND and OR together need parentheses".into()))
            }
            Some(more) => Err(refuse(format!("{} is not expected", more.text()))),
        }
    }

    pub(crate) fn matches(&self, attributes: &HashMap<String, String>) -> bool {
        match self {
            Filter::Has(key) => attributes.contains_key(key),
            Filter::Equals(key, value) => attributes.get(key) == Some(value),
            Filter::Differs(key, value) => attributes.get(key) != Some(value),
            Filter::HasPrefix(key, prefix) => attributes
                .get(key)
                .is_some_and(|have| have.starts_with(prefix.as_str())),
            Filter::Not(inner) => !inner.matches(attributes),
            Filter::And(all) => all.iter().all(|one| one.matches(attributes)),
            Filter::Or(any) => any.iter().any(|one| one.matches(attributes)),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Token::Word(word) => word.clone(),
            Token::Text(text) => format!("\"{text}\""),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

const SIGNS: [&str; 8] = ["!=", "=", ":", "(", ")", ",", ".", "-"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (value, after) = quoted(&rest[1..]).ok_or("a text is not closed")?;
            tokens.push(Token::Text(value));
            rest = after;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            // A hyphen inside of a word is part of it, in front of one it says NOT.
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("{first} is not expected"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// A text up to its closing quote, and what comes after.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(have)) if have == word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(have)) if *have == sign);
        self.at += usize::from(found);
        found
    }

    fn must(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(format!("{sign} is expected {}", self.place()))
    }

    fn place(&self) -> String {
        match self.peek() {
            Some(token) => format!("before {}", token.text()),
            None => "at the end".to_owned(),
        }
    }

    fn expression(&mut self) -> Result<Filter, String> {
        let first = self.term()?;
        for (word, join) in [("AND", Filter::And as fn(Vec<Filter>) -> Filter), ("OR", Filter::Or)] {
            if self.word(word) {
                let mut all = vec![first, self.term()?];
                while self.word(word) {
                    all.push(self.term()?);
                }
                return Ok(join(all));
            }
        }
        Ok(first)
    }

    fn term(&mut self) -> Result<Filter, String> {
        if self.word("NOT") || self.sign("-") {
            return Ok(Filter::Not(Box::new(self.term()?)));
        }
        if self.sign("(") {
            let inner = self.expression()?;
            self.must(")")?;
            return Ok(inner);
        }
        if self.word("hasPrefix") {
            self.must("(")?;
            self.attributes()?;
            self.must(".")?;
            let key = self.key()?;
            self.must(",")?;
            let prefix = self.value()?;
            self.must(")")?;
            return Ok(Filter::HasPrefix(key, prefix));
        }
        self.attributes()?;
        if self.sign(":") {
            return Ok(Filter::Has(self.key()?));
        }
        self.must(".")?;
        let key = self.key()?;
        if self.sign("!=") {
            return Ok(Filter::Differs(key, self.value()?));
        }
        self.must("=")?;
        Ok(Filter::Equals(key, self.value()?))
    }

    fn attributes(&mut self) -> Result<(), String> {
        if self.word("attributes") {
            return Ok(());
        }
        Err(format!("attributes is expected {}", self.place()))
    }

    fn key(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Word(key) | Token::Text(key)) if !key.is_empty() => {
                self.at += 1;
                Ok(key)
            }
            _ => Err(format!("the name of an attribute is expected {}", self.place())),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Text(value)) => {
                self.at += 1;
                Ok(value)
            }
            _ => Err(format!("a text in quotes is expected {}", self.place())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (filter, attributes, expected) in [
            ("attributes:a", "a=1", true),
            ("attributes:a", "b=1", false),
            ("attributes:\"x.org/a b\"", "x.org/a b=1", true),
            ("attributes.a = \"1\"", "a=1", true),
            ("attributes.a=\"1\"", "a=2", false),
            ("attributes.a != \"1\"", "a=2", true),
            ("attributes.a != \"1\"", "b=2", true),
            ("attributes.a != \"1\"", "a=1", false),
            ("attributes.a-b = \"q\\\"q\"", "a-b=q\"q", true),
            ("hasPrefix(attributes.a, \"co\")", "a=com", true),
            ("hasPrefix(attributes.a, \"co\")", "a=org", false),
            ("NOT attributes:a", "b=1", true),
            ("-attributes:a", "a=1", false),
            ("NOT NOT attributes:a", "a=1", true),
            ("attributes:a AND attributes:b AND attributes:c", "a=1,b=2", false),
            ("attributes:a OR attributes:b OR attributes:c", "b=2", true),
            (
                "(attributes:a OR attributes:b) AND NOT attributes.c = \"3\"",
                "a=1,c=3",
                false,
            ),
            ("attributes:a AND (attributes:b OR attributes:c)", "a=1,c=3", true),
        ] {
            let attributes = attributes
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(parsed.matches(&attributes), expected, "{filter} on {attributes:?}");
        }
    }

    #[test]
    fn what_is_refused() {
        for filter in [
            "bogus ===",
            "attributes",
            "attributes.a",
            "attributes.a = b",
            "attributes.a = \"b",
            "attributes.a == \"b\"",
            "data = \"x\"",
            "attributes:a AND",
            "attributes:a and attributes:b",
            "attributes:a AND attributes:b OR attributes:c",
            "(attributes:a",
            "attributes:a)",
            "hasPrefix(attributes:a, \"x\")",
            "attributes.a > \"b\"",
            "attributes:a attributes:b",
        ] {
            let refusal = Filter::parse(filter).unwrap_err();
            assert!(refusal.message.contains(filter), "{}", refusal.message);
        }
        assert!(Filter::parse(&format!("attributes:{}", "a".repeat(256))).is_err());
    }
}
