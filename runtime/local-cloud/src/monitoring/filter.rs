//! Monitoring filters: comparisons of what a time series is of, joined by AND, OR and NOT.
//! <https://cloud.google.com/monitoring/api/v3/filters>

/// What a filter compares.
pub(super) struct Selected {
    /// Fields, and whether they are compared by `=`.
    comparisons: Vec<(String, bool)>,
}

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

impl Selected {
    /// Whether it selects one type of metric, and of resource, as conditions must.
    pub(super) fn one_metric(&self) -> Result<(), String> {
        let restricted = |field: &str| {
            self.comparisons
                .iter()
                .filter(|(name, equal)| *equal && name == field)
                .count()
        };
        match (restricted("metric.type"), restricted("resource.type")) {
            (1, 1..) => Ok(()),
            (0, _) => Err("The filter must specify a metric type: metric.type = \"...\"".into()),
            (1, _) => Err("The filter must specify a resource type: resource.type = \"...\"".into()),
            _ => Err("The filter must specify exactly one metric type.".into()),
        }
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
            tokens.push(Token::Text(rest[1..=end].to_owned()));
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

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Selected, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        comparisons: Vec::new(),
    };
    if parser.tokens.is_empty() {
        return Err("The filter is empty.".into());
    }
    parser.terms()?;
    match parser.peek() {
        None => Ok(Selected {
            comparisons: parser.comparisons,
        }),
        Some(_) => Err("The filter has a parenthesis that is not open.".into()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    comparisons: Vec<(String, bool)>,
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

    /// Terms with AND, OR or nothing between them, which is AND.
    fn terms(&mut self) -> Result<(), String> {
        loop {
            self.term()?;
            let joined = self.takes_word(&["AND", "OR"]);
            let ends = matches!(self.peek(), None | Some(Token::Sign(")")));
            match (joined, ends) {
                (true, true) => return Err("The filter ends after AND or OR.".into()),
                (false, true) => return Ok(()),
                _ => {}
            }
        }
    }

    fn term(&mut self) -> Result<(), String> {
        let negated = self.takes_word(&["NOT"]) || self.takes_sign("-");
        if self.takes_sign("(") {
            self.terms()?;
            return if self.takes_sign(")") {
                Ok(())
            } else {
                Err("The filter has a parenthesis that is not closed.".into())
            };
        }
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
        let Some(Token::Sign(sign @ ("=" | "!=" | ">" | ">=" | "<" | "<=" | ":"))) = self.take() else {
            return Err(format!("The filter has no comparison after \"{field}\"."));
        };
        self.value(&field)?;
        self.comparisons.push((field, sign == "=" && !negated));
        Ok(())
    }

    /// Text, a number, a truth, or a function of texts: `starts_with("x")`, `one_of("a", "b")`.
    fn value(&mut self, field: &str) -> Result<(), String> {
        self.takes_sign("-");
        match self.take() {
            Some(Token::Text(_)) => Ok(()),
            Some(Token::Word(word)) if self.takes_sign("(") => {
                const FUNCTIONS: [&str; 6] = [
                    "starts_with",
                    "ends_with",
                    "has_substring",
                    "one_of",
                    "monitoring.regex.full_match",
                    "none_of",
                ];
                if !FUNCTIONS.contains(&word.as_str()) {
                    return Err(format!("The filter calls \"{word}\", which is no function."));
                }
                loop {
                    if !matches!(self.take(), Some(Token::Text(_))) {
                        return Err(format!("The function \"{word}\" takes texts in quotes."));
                    }
                    if self.takes_sign(")") {
                        return Ok(());
                    }
                    if !self.takes_sign(",") {
                        return Err("The filter has a parenthesis that is not closed.".into());
                    }
                }
            }
            Some(Token::Word(word)) if word == "true" || word == "false" || word.parse::<f64>().is_ok() => Ok(()),
            _ => Err(format!(
                "The filter compares \"{field}\" with no value: texts are in quotes."
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(filter: &str) -> Result<(), String> {
        parse(filter)?.one_metric()
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
