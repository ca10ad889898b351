//! Row conditions as Great Expectations writes them: objects, and the strings of its own parser and of pandas.

use serde_json::Value;

use crate::suite::{Comparison, Condition, Membership, Nullity, Operator, Scalar, Values};

/// Reads a row condition.
///
/// # Errors
/// Why it has no equivalent.
pub fn read(value: &Value) -> Result<Option<Condition>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => parse(text).map(Some),
        Value::Object(_) => object(value).map(Some),
        other => Err(format!("{other} is no condition")),
    }
}

fn object(value: &Value) -> Result<Condition, String> {
    let kind = value["type"].as_str().unwrap_or_default();
    let column = || {
        value["column"]["name"]
            .as_str()
            .or_else(|| value["column"].as_str())
            .map(str::to_owned)
            .ok_or_else(|| format!("{value} names no column"))
    };
    let all = || -> Result<Vec<Condition>, String> {
        let list = value["conditions"].as_array().ok_or("has no conditions")?;
        list.iter().map(object).collect()
    };
    match kind {
        "and" => Ok(Condition::All(all()?)),
        "or" => Ok(Condition::Any(all()?)),
        "nullity" => Ok(null(column()?, !value["is_null"].as_bool().unwrap_or(true))),
        "comparison" => {
            let symbol = value["operator"].as_str().unwrap_or_default();
            let parameter = &value["parameter"];
            match symbol {
                "IN" | "NOT_IN" | "in" | "not in" | "NOT IN" => {
                    let list = parameter.as_array().ok_or_else(|| format!("{symbol} needs a list"))?;
                    let values = list.iter().map(Scalar::of).collect::<Result<Vec<_>, _>>()?;
                    Ok(member(column()?, values, symbol != "IN" && symbol != "in"))
                }
                _ => Ok(comparison(column()?, operator(symbol)?, Scalar::of(parameter)?)),
            }
        }
        "pass_through" => parse(value["pass_through_filter"].as_str().unwrap_or_default()),
        other => Err(format!("a condition of the type {other:?} is not known")),
    }
}

fn operator(symbol: &str) -> Result<Operator, String> {
    Ok(match symbol {
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        other => return Err(format!("{other:?} is no operator")),
    })
}

fn null(column: String, negated: bool) -> Condition {
    Condition::IsNull(Nullity { column, negated })
}

/// In pandas a missing value differs from every value, so that `!=` and `not in` hold for it.
fn or_null(condition: Condition, column: String) -> Condition {
    Condition::Any(vec![condition, null(column, false)])
}

fn comparison(column: String, op: Operator, value: Scalar) -> Condition {
    let condition = Condition::Compare(Comparison {
        column: column.clone(),
        op,
        value: Values::Any(vec![value]),
    });
    if op == Operator::NotEqual {
        or_null(condition, column)
    } else {
        condition
    }
}

fn member(column: String, values: Vec<Scalar>, negated: bool) -> Condition {
    let condition = Condition::In(Membership {
        column: column.clone(),
        values: Values::Any(values),
        negated,
    });
    if negated { or_null(condition, column) } else { condition }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(Scalar),
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "&", "|", "~",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if let '"' | '\'' | '`' = first {
            let (content, taken) = quoted(rest, first)?;
            found.push(if first == '`' {
                Token::Name(content)
            } else {
                Token::Text(content)
            });
            taken
        } else if first.is_ascii_digit() || (first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let taken = number_length(rest);
            let word = &rest[..taken];
            let number = word
                .parse::<i128>()
                .map(Scalar::Int)
                .or_else(|_| word.parse().map(Scalar::Float))
                .map_err(|_| format!("{word:?} is no number"))?;
            found.push(Token::Number(number));
            taken
        } else if first.is_alphabetic() || first == '_' {
            let taken = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            found.push(match &rest[..taken] {
                "and" => Token::Sign("&"),
                "or" => Token::Sign("|"),
                "not" => Token::Sign("~"),
                name => Token::Name(name.to_owned()),
            });
            taken
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            found.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(format!("{first:?} is not understood"));
        };
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

fn number_length(text: &str) -> usize {
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let part = c.is_ascii_digit()
            || c == '.'
            || matches!(c, 'e' | 'E')
            || (matches!(c, '-' | '+') && (at == 0 || matches!(previous, 'e' | 'E')));
        if !part {
            return at;
        }
        previous = c;
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((content, at + c.len_utf8()));
        }
        if c == '\\' && quote != '`' {
            let escaped = chars.next().map(|(_, c)| c).ok_or("a backslash ends it")?;
            content.push(match escaped {
                'n' => '\n',
                't' => '\t',
                other => other,
            });
        } else {
            content.push(c);
        }
    }
    Err(format!("a {quote} is not closed"))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

fn parse(text: &str) -> Result<Condition, String> {
    let explain = |reason: String| {
        format!(
            "{text:?}: {reason}; understood are comparisons such as col(\"a\") == \"x\" and a > 1, .isnull(), .notnull(), in [..], and, or"
        )
    };
    let mut parser = Parser {
        tokens: tokens(text).map_err(explain)?,
        at: 0,
    };
    let condition = parser.any().map_err(explain)?;
    if let Some(token) = parser.peek() {
        return Err(explain(format!("{token:?} is one word too many")));
    }
    Ok(condition)
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(is);
        is
    }

    fn needs(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) {
            Ok(())
        } else {
            Err(format!("{sign} is missing"))
        }
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned().ok_or("it ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.takes("|") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.single()?];
        while self.takes("&") {
            parts.push(self.single()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn single(&mut self) -> Result<Condition, String> {
        if self.takes("(") {
            let inner = self.any()?;
            self.needs(")")?;
            return Ok(inner);
        }
        if self.takes("~") {
            return match self.single()? {
                Condition::IsNull(n) => Ok(null(n.column, !n.negated)),
                _ => Err("a negation is understood of isnull alone".into()),
            };
        }
        let column = self.column()?;
        if self.takes(".") {
            let Token::Name(method) = self.next()? else {
                return Err("a method's name is missing".into());
            };
            self.needs("(")?;
            self.needs(")")?;
            return match method.as_str() {
                "isnull" | "isna" => Ok(null(column, false)),
                "notnull" | "notna" => Ok(null(column, true)),
                other => Err(format!("{other} is not understood")),
            };
        }
        let negated = self.takes("~");
        if matches!(self.peek(), Some(Token::Name(n)) if n == "in") {
            self.at += 1;
            return Ok(member(column, self.list()?, negated));
        }
        let Token::Sign(symbol) = self.next()? else {
            return Err("an operator is missing".into());
        };
        let op = operator(symbol)?;
        Ok(comparison(column, op, self.value()?))
    }

    fn column(&mut self) -> Result<String, String> {
        let Token::Name(name) = self.next()? else {
            return Err("a column is missing".into());
        };
        if name == "col" && self.takes("(") {
            let Token::Text(column) = self.next()? else {
                return Err("col(..) names a column in quotes".into());
            };
            self.needs(")")?;
            return Ok(column);
        }
        Ok(name)
    }

    fn list(&mut self) -> Result<Vec<Scalar>, String> {
        let end = if self.takes("[") {
            "]"
        } else {
            self.needs("(")?;
            ")"
        };
        let mut values = Vec::new();
        while !self.takes(end) {
            values.push(self.value()?);
            if !self.takes(",") {
                self.needs(end)?;
                break;
            }
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Scalar, String> {
        match self.next()? {
            Token::Text(text) => Ok(Scalar::Text(text)),
            Token::Number(number) => Ok(number),
            Token::Name(name) if name == "True" => Ok(Scalar::Bool(true)),
            Token::Name(name) if name == "False" => Ok(Scalar::Bool(false)),
            Token::Name(name) if name == "date" => {
                self.needs("(")?;
                let Token::Text(text) = self.next()? else {
                    return Err("date(..) holds a day in quotes".into());
                };
                self.needs(")")?;
                Ok(Scalar::Text(text))
            }
            other => Err(format!("{other:?} is no value")),
        }
    }
}

fn one_or(mut parts: Vec<Condition>, join: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn conditions_are_read() {
        let compare = |column: &str, op: &str, value: serde_json::Value| json!({"compare": {"column": column, "op": op, "value": {"any": [value]}}});
        for (written, expected) in [
            (json!("col(\"a\")==\"x\""), compare("a", "=", json!("x"))),
            (json!("col(\"a b\") >= -1.5e3"), compare("a b", ">=", json!(-1500.0))),
            (json!("`a b` < 3"), compare("a b", "<", json!(3))),
            (
                json!("a == 1 & (b < 2 or c.isnull())"),
                json!({"all": [compare("a", "=", json!(1)), {"any": [compare("b", "<", json!(2)), {"is_null": {"column": "c"}}]}]}),
            ),
            (
                json!("col(\"a\").notnull()"),
                json!({"is_null": {"column": "a", "negated": true}}),
            ),
            (
                json!("a != 'x'"),
                json!({"any": [compare("a", "!=", json!("x")), {"is_null": {"column": "a"}}]}),
            ),
            (
                json!("a in [1, 2]"),
                json!({"in": {"column": "a", "values": {"any": [1, 2]}}}),
            ),
            (
                json!({"type": "and", "conditions": [
                    {"type": "comparison", "column": {"name": "a"}, "operator": ">", "parameter": 1},
                    {"type": "nullity", "column": {"name": "b"}, "is_null": false}]}),
                json!({"all": [compare("a", ">", json!(1)), {"is_null": {"column": "b", "negated": true}}]}),
            ),
        ] {
            let condition = read(&written).unwrap_or_else(|e| panic!("{written}: {e}"));
            assert_eq!(serde_json::to_value(condition).expect("writes"), expected, "{written}");
        }
    }

    #[test]
    fn what_has_no_equivalent_is_refused() {
        for written in [
            json!("a.str.contains('x')"),
            json!("a + 1 == 2"),
            json!("a == "),
            json!("a == 'x"),
            json!("a == 1 b"),
            json!({"type": "regex"}),
            json!(3),
        ] {
            assert!(read(&written).is_err(), "{written}");
        }
    }
}
