//! Monitoring filters: comparisons of what a time series is of, joined by AND, OR and NOT.
//! <https://cloud.google.com/monitoring/api/v3/filters>

use super::expression::{Comparison, Expression, Operand, Operator};

/// The fields that there are, by their beginnings.
const FIELDS: [&str; 9] = [
    "project",
    "group.id",
    "metric.type",
    "metric.label.",
    "metric.labels.",
    "resource.type",
    "resource.label.",
    "resource.labels.",
    "metadata.",
];

/// Whether a filter selects one type of metric, and of resource, as conditions must.
pub(super) fn one_metric(filter: &Expression) -> Result<(), String> {
    let restricted = |field: &str| {
        let all = filter.required().into_iter();
        all.filter(|one| one.field == field).count()
    };
    match (restricted("metric.type"), restricted("resource.type")) {
        (1, 1..) => Ok(()),
        (0, _) => Err("The filter must specify a metric type: metric.type = \"...\"".into()),
        (1, _) => Err("The filter must specify a resource type: resource.type = \"...\"".into()),
        _ => Err("The filter must specify exactly one metric type.".into()),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name, a number or a word; names may have quoted parts.
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Longest first, so that `!=` is no `!`.
const SIGNS: [&str; 11] = ["!=", ">=", "<=", "=", ">", "<", ":", "(", ")", ",", "-"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
        } else if first == '"' || first == '\'' {
            let end = closing(&rest[1..], first).ok_or("The filter has a quote that is not closed.")?;
            tokens.push(Token::Text(unescaped(&rest[1..=end])));
            rest = &rest[end + 2..];
        } else if first.is_alphanumeric() || first == '_' {
            let mut end = 0;
            // `resource.label."job_name"` is one name.
            while let Some(next) = rest[end..].chars().next() {
                if next.is_alphanumeric() || matches!(next, '_' | '.' | '/') {
                    end += next.len_utf8();
                } else if next == '"' && rest[..end].ends_with('.') {
                    end += closing(&rest[end + 1..], '"').ok_or("The filter has a quote that is not closed.")? + 2;
                } else {
                    break;
                }
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("The filter has an unexpected \"{first}\"."))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
    }
    Ok(tokens)
}

/// Where the quote ends, in bytes.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// What stands for itself in a text, without the backslashes before it.
fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let next = || match letters.next() {
        Some('\\') => Some(letters.next().unwrap_or('\\')),
        other => other,
    };
    std::iter::from_fn(next).collect()
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
    };
    if parser.tokens.is_empty() {
        return Err("The filter is empty.".into());
    }
    let read = parser.terms()?;
    match parser.peek() {
        None => Ok(read),
        Some(_) => Err("The filter has a parenthesis that is not open.".into()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes_sign(&mut self, sign: &'static str) -> bool {
        let is = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, words: &[&str]) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(word)) if words.contains(&word.as_str()));
        self.at += usize::from(is);
        is
    }

    /// Terms with AND, OR or nothing between them, which is AND. OR binds closer.
    fn terms(&mut self) -> Result<Expression, String> {
        let mut all = Vec::new();
        let mut any = vec![self.term()?];
        loop {
            let or = self.takes_word(&["OR"]);
            let joined = or || self.takes_word(&["AND"]);
            let ends = matches!(self.peek(), None | Some(Token::Sign(")")));
            match (joined, ends) {
                (true, true) => return Err("The filter ends after AND or OR.".into()),
                (false, true) => {
                    all.push(Expression::Any(any));
                    return Ok(Expression::All(all));
                }
                _ => {}
            }
            let term = self.term()?;
            if !or {
                all.push(Expression::Any(std::mem::take(&mut any)));
            }
            any.push(term);
        }
    }

    fn term(&mut self) -> Result<Expression, String> {
        let negated = self.takes_word(&["NOT"]) || self.takes_sign("-");
        let term = if self.takes_sign("(") {
            let inner = self.terms()?;
            if !self.takes_sign(")") {
                return Err("The filter has a parenthesis that is not closed.".into());
            }
            inner
        } else {
            Expression::Is(self.comparison()?)
        };
        Ok(match negated {
            true => Expression::Not(Box::new(term)),
            false => term,
        })
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        let Some(Token::Word(field)) = self.take() else {
            return Err("The filter has a comparison without a field.".into());
        };
        let known = FIELDS
            .iter()
            .any(|known| field == *known || (known.ends_with('.') && field.starts_with(known)));
        if !known {
            return Err(format!(
                "The filter compares \"{field}\", which is no field of a time series."
            ));
        }
        let operator = match self.take() {
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("!=")) => Operator::Unequal,
            Some(Token::Sign(":")) => Operator::Has,
            Some(Token::Sign(">" | ">=" | "<" | "<=")) => Operator::Ordered,
            _ => return Err(format!("The filter has no comparison after \"{field}\".")),
        };
        let operand = self.operand(&field)?;
        Ok(Comparison::new(&field, operator, operand))
    }

    /// Text, a number, a truth, or a function of texts: `starts_with("x")`, `one_of("a", "b")`.
    fn operand(&mut self, field: &str) -> Result<Operand, String> {
        let sign = if self.takes_sign("-") { "-" } else { "" };
        match self.take() {
            Some(Token::Text(text)) => Ok(Operand::Text(text)),
            Some(Token::Word(word)) if self.takes_sign("(") => {
                let texts = self.arguments(&word)?;
                Operand::call(&word, texts).ok_or_else(|| format!("The filter calls \"{word}\", which is no function."))
            }
            Some(Token::Word(word)) if word == "true" || word == "false" || word.parse::<f64>().is_ok() => {
                Ok(Operand::Text(format!("{sign}{word}")))
            }
            _ => Err(format!(
                "The filter compares \"{field}\" with no value: texts are in quotes."
            )),
        }
    }

    fn arguments(&mut self, function: &str) -> Result<Vec<String>, String> {
        let mut texts = Vec::new();
        loop {
            let Some(Token::Text(text)) = self.take() else {
                return Err(format!("The function \"{function}\" takes texts in quotes."));
            };
            texts.push(text);
            if self.takes_sign(")") {
                return Ok(texts);
            }
            if !self.takes_sign(",") {
                return Err("The filter has a parenthesis that is not closed.".into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(filter: &str) -> Result<(), String> {
        one_metric(&parse(filter)?)
    }

    #[test]
    fn filters_of_conditions() {
        for right in [
            r#"metric.type="a.b/c" AND resource.type="d""#,
            r#"resource.type = "d" metric.type = "a" metric.labels.result != "failed""#,
            r#"metric.type="a" resource.type="b" resource.label."job_name"=one_of("x", "y")"#,
            r#"metric.type="a" AND resource.type="b" AND (metric.label.n>=3 OR NOT metric.label.f=true)"#,
            r#"metric.type="a" resource.type="b" resource.labels.id=monitoring.regex.full_match("a\"b.*")"#,
            r#"resource.type="b" AND metric.type="a" AND metadata.user_labels.x = starts_with('y')"#,
        ] {
            assert_eq!(judged(right), Ok(()), "{right}");
        }
        for (wrong, says) in [
            ("", "empty"),
            (r#"metric.type="a""#, "resource type"),
            (r#"resource.type="a""#, "metric type"),
            (r#"NOT metric.type="a" resource.type="b""#, "metric type"),
            (r#"NOT (metric.type="a") resource.type="b""#, "metric type"),
            (r#"metric.type="a" OR metric.type="b" resource.type="c""#, "exactly one"),
            (r#"metric.type="a" AND"#, "ends after"),
            (r#"metric.type="a"#, "quote"),
            (r#"(metric.type="a""#, "not closed"),
            (r#"metric.type="a")"#, "not open"),
            (r#"metric.kind="a""#, "no field"),
            (r#"metric.type"#, "no comparison"),
            (r#"metric.type=a"#, "in quotes"),
            (r#"metric.type=upper("a")"#, "no function"),
            (r#"metric.type=one_of(1)"#, "takes texts"),
            (r#"metric.type="a" ; x"#, "unexpected"),
        ] {
            let error = judged(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
