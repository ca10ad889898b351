//! The grammar of SOQL, as far as the simulator knows it. What it does not know is refused by name.

use super::SoqlError;
use super::ast::{Condition, FieldSet, Function, Item, Op, Order, Path, Query, Value};
use super::lexer::{Spanned, Token, tokens};

/// Parses a query.
pub(crate) fn parse(soql: &str) -> Result<Query, SoqlError> {
    let mut parser = Parser {
        soql,
        tokens: tokens(soql)?,
        at: 0,
    };
    let query = parser.query()?;
    match parser.peek() {
        Token::End => Ok(query),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    soql: &'a str,
    tokens: Vec<Spanned>,
    at: usize,
}

const CLAUSES: &[&str] = &[
    "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL", "USING", "UPDATE",
];

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn position(&self) -> usize {
        self.tokens[self.at].position
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].token.clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn malformed(&self, message: &str) -> SoqlError {
        SoqlError::at("MALFORMED_QUERY", self.soql, self.position(), message)
    }

    fn unexpected(&self) -> SoqlError {
        self.malformed(&format!("unexpected token: '{}'", self.peek().shown()))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(n) if n.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.at += 1;
        }
        is
    }

    fn expect_word(&mut self, word: &str) -> Result<(), SoqlError> {
        if self.take_word(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if is {
            self.at += 1;
        }
        is
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn name(&mut self) -> Result<String, SoqlError> {
        match self.peek() {
            Token::Name(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn path(&mut self) -> Result<Path, SoqlError> {
        let position = self.position();
        let mut parts = vec![self.name()?];
        while self.take_symbol(".") {
            parts.push(self.name()?);
        }
        Ok(Path { parts, position })
    }

    fn alias(&mut self) -> Option<String> {
        match self.peek() {
            Token::Name(n) if !CLAUSES.iter().any(|c| n.eq_ignore_ascii_case(c)) && !n.eq_ignore_ascii_case("FROM") => {
                let alias = n.clone();
                self.at += 1;
                Some(alias)
            }
            _ => None,
        }
    }

    fn query(&mut self) -> Result<Query, SoqlError> {
        self.expect_word("SELECT")?;
        let mut select = vec![self.item()?];
        while self.take_symbol(",") {
            select.push(self.item()?);
        }
        self.expect_word("FROM")?;
        let object_position = self.position();
        let object = self.name()?;
        let alias = self.alias();
        let mut query = Query {
            select,
            object,
            object_position,
            alias,
            condition: None,
            group_by: vec![],
            having: None,
            order_by: vec![],
            limit: None,
            offset: 0,
            all_rows: false,
        };
        self.clauses(&mut query)?;
        Ok(query)
    }

    fn clauses(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        for unsupported in ["USING", "WITH"] {
            if self.is_word(unsupported) {
                return Err(self.malformed(&format!("{unsupported} is not supported by the simulator")));
            }
        }
        if self.take_word("WHERE") {
            query.condition = Some(self.condition()?);
        }
        if self.is_word("WITH") {
            return Err(self.malformed("WITH is not supported by the simulator"));
        }
        if self.take_word("GROUP") {
            self.expect_word("BY")?;
            query.group_by.push(self.path()?);
            while self.take_symbol(",") {
                query.group_by.push(self.path()?);
            }
            if self.take_word("HAVING") {
                query.having = Some(self.condition()?);
            }
        }
        if self.take_word("ORDER") {
            self.expect_word("BY")?;
            query.order_by.push(self.order()?);
            while self.take_symbol(",") {
                query.order_by.push(self.order()?);
            }
        }
        if self.take_word("LIMIT") {
            query.limit = Some(self.count()?);
        }
        if self.take_word("OFFSET") {
            query.offset = self.count()?;
            if query.offset > 2000 {
                return Err(SoqlError::new(
                    "NUMBER_OUTSIDE_VALID_RANGE",
                    "Maximum SOQL offset allowed is 2000",
                ));
            }
        }
        if self.take_word("FOR") && !(self.take_word("VIEW") || self.take_word("REFERENCE")) {
            return Err(self.unexpected());
        }
        if self.take_word("ALL") {
            self.expect_word("ROWS")?;
            query.all_rows = true;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<u64, SoqlError> {
        let count = match self.peek() {
            Token::Number(n) => n.parse().ok(),
            _ => None,
        };
        let count = count.ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(count)
    }

    /// A name before an opening parenthesis.
    fn function_name(&self) -> Option<&str> {
        match (self.peek(), self.tokens.get(self.at + 1).map(|t| &t.token)) {
            (Token::Name(name), Some(Token::Symbol("("))) => Some(name),
            _ => None,
        }
    }

    fn item(&mut self) -> Result<Item, SoqlError> {
        if self.is_word("FROM") {
            return Err(self.unexpected());
        }
        if matches!(self.peek(), Token::Symbol("(")) {
            return Err(self.malformed("subqueries in SELECT are not supported by the simulator"));
        }
        if self.is_word("TYPEOF") {
            return Err(self.malformed("TYPEOF is not supported by the simulator"));
        }
        if let Some(name) = self.function_name() {
            let name = name.to_owned();
            if name.eq_ignore_ascii_case("FIELDS") {
                return self.field_set();
            }
            let (function, path) = self.function()?;
            let Some(path) = path else { return Ok(Item::CountAll) };
            return Ok(Item::Aggregate {
                function,
                path,
                alias: self.alias(),
            });
        }
        let path = self.path()?;
        Ok(Item::Field {
            path,
            alias: self.alias(),
        })
    }

    fn field_set(&mut self) -> Result<Item, SoqlError> {
        self.at += 2;
        let set = match self.name()?.to_ascii_uppercase().as_str() {
            "ALL" => FieldSet::All,
            "STANDARD" => FieldSet::Standard,
            "CUSTOM" => FieldSet::Custom,
            _ => return Err(self.unexpected()),
        };
        self.expect_symbol(")")?;
        Ok(Item::Fields(set))
    }

    /// `SUM(path)`, or `COUNT()` without one.
    fn function(&mut self) -> Result<(Function, Option<Path>), SoqlError> {
        let Some(function) = self.function_name().and_then(Function::parse) else {
            let shown = self.peek().shown();
            return Err(self.malformed(&format!("unknown function: '{shown}'")));
        };
        self.at += 2;
        if function == Function::Count && self.take_symbol(")") {
            return Ok((function, None));
        }
        let path = self.path()?;
        self.expect_symbol(")")?;
        Ok((function, Some(path)))
    }

    fn order(&mut self) -> Result<Order, SoqlError> {
        let (function, path) = if self.function_name().is_some() {
            let position = self.position();
            let (function, path) = self.function()?;
            (
                Some(function),
                path.unwrap_or(Path {
                    parts: vec![],
                    position,
                }),
            )
        } else {
            (None, self.path()?)
        };
        let descending = if self.take_word("DESC") {
            true
        } else {
            self.take_word("ASC");
            false
        };
        let mut nulls_last = None;
        if self.take_word("NULLS") {
            nulls_last = Some(self.take_word("LAST"));
            if nulls_last == Some(false) {
                self.expect_word("FIRST")?;
            }
        }
        Ok(Order {
            path,
            function,
            descending,
            nulls_last,
        })
    }

    fn condition(&mut self) -> Result<Condition, SoqlError> {
        let first = self.unary()?;
        let mut all = vec![first];
        if self.is_word("AND") {
            while self.take_word("AND") {
                all.push(self.unary()?);
            }
            // Salesforce has no precedence between the two: mixing them wants parentheses.
            if self.is_word("OR") {
                return Err(self.unexpected());
            }
            return Ok(Condition::And(all));
        }
        if self.is_word("OR") {
            while self.take_word("OR") {
                all.push(self.unary()?);
            }
            if self.is_word("AND") {
                return Err(self.unexpected());
            }
            return Ok(Condition::Or(all));
        }
        all.pop().ok_or_else(|| self.unexpected())
    }

    fn unary(&mut self) -> Result<Condition, SoqlError> {
        if self.take_word("NOT") {
            return Ok(Condition::Not(Box::new(self.unary()?)));
        }
        if self.take_symbol("(") {
            let inner = self.condition()?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, SoqlError> {
        let (function, path) = if self.function_name().is_some() {
            let position = self.position();
            let (function, path) = self.function()?;
            (
                Some(function),
                path.unwrap_or(Path {
                    parts: vec![],
                    position,
                }),
            )
        } else {
            (None, self.path()?)
        };
        let position = self.position();
        let negated = self.take_word("NOT");
        if self.take_word("IN") {
            return self.members(path, negated);
        }
        if negated {
            return Err(self.unexpected());
        }
        for (word, negated) in [("INCLUDES", false), ("EXCLUDES", true)] {
            if self.take_word(word) {
                let values = self.values()?;
                let texts = values.into_iter().map(|v| match v {
                    Value::Text(text) => Ok(text),
                    _ => Err(self.malformed("INCLUDES and EXCLUDES take text values")),
                });
                return Ok(Condition::Includes {
                    path,
                    negated,
                    values: texts.collect::<Result<_, _>>()?,
                });
            }
        }
        let op = if self.take_word("LIKE") {
            Op::Like
        } else {
            let op = match self.peek() {
                Token::Symbol("=") => Op::Eq,
                Token::Symbol("!=" | "<>") => Op::Ne,
                Token::Symbol("<") => Op::Lt,
                Token::Symbol("<=") => Op::Le,
                Token::Symbol(">") => Op::Gt,
                Token::Symbol(">=") => Op::Ge,
                _ => return Err(self.unexpected()),
            };
            self.at += 1;
            op
        };
        let value = self.value()?;
        Ok(Condition::Compare {
            path,
            function,
            op,
            value,
            position,
        })
    }

    fn members(&mut self, path: Path, negated: bool) -> Result<Condition, SoqlError> {
        let position = self.position();
        if matches!(self.tokens.get(self.at + 1).map(|t| &t.token), Some(Token::Name(n)) if n.eq_ignore_ascii_case("SELECT"))
        {
            self.expect_symbol("(")?;
            let query = Box::new(self.query()?);
            self.expect_symbol(")")?;
            return Ok(Condition::InQuery { path, negated, query });
        }
        Ok(Condition::In {
            path,
            negated,
            values: self.values()?,
            position,
        })
    }

    fn values(&mut self) -> Result<Vec<Value>, SoqlError> {
        self.expect_symbol("(")?;
        let mut values = vec![self.value()?];
        while self.take_symbol(",") {
            values.push(self.value()?);
        }
        self.expect_symbol(")")?;
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, SoqlError> {
        let position = self.at;
        let value = match self.next() {
            Token::Text(text) => Value::Text(text),
            Token::Number(text) => Value::Number(text),
            Token::Date(day) => Value::Date(day),
            Token::Datetime(ms) => Value::Datetime(ms),
            Token::Time(ms) => Value::Time(ms),
            Token::Name(name) => match name.to_ascii_uppercase().as_str() {
                "TRUE" => Value::Boolean(true),
                "FALSE" => Value::Boolean(false),
                "NULL" => Value::Null,
                upper if super::literal::is_named(upper) => {
                    let n = if self.take_symbol(":") {
                        Some(self.count()?.cast_signed())
                    } else {
                        None
                    };
                    Value::Named(upper.to_owned(), n)
                }
                _ => {
                    self.at = position;
                    return Err(self.unexpected());
                }
            },
            _ => {
                self.at = position;
                return Err(self.unexpected());
            }
        };
        Ok(value)
    }
}
