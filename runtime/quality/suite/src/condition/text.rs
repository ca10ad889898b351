//! A condition as text, in the words of GoogleSQL: `status = 'paid' AND (amount >= NUMERIC '0.01' OR country IN ('AT', 'DE'))`.
//! It is the part of GoogleSQL that every engine evaluates alike: columns compared with literals, nothing computed. What is
//! printed reads back as the same condition, except that values of no named family take the family that they look like.

use super::lex::{Token, Tokens};
use super::{Comparison, Condition, Membership, Nullity, Operator};
use crate::value::{Literal, Scalar, Values};
use crate::{Family, literal};

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is not understood, at which character (from 1), and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            tokens: Tokens::of(text)?,
        };
        let condition = reader.alternatives()?;
        match reader.tokens.next() {
            None => Ok(condition),
            Some(_) => Err(reader.tokens.wrong("AND, OR or the end is missing before it")),
        }
    }
}

struct Reader<'a> {
    tokens: Tokens<'a>,
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Result<Condition, String> {
        let mut all = vec![self.conjunction()?];
        while self.tokens.accept_word("OR") {
            all.push(self.conjunction()?);
        }
        Ok(joined(all, Condition::Any))
    }

    fn conjunction(&mut self) -> Result<Condition, String> {
        let mut all = vec![self.primary()?];
        while self.tokens.accept_word("AND") {
            all.push(self.primary()?);
        }
        Ok(joined(all, Condition::All))
    }

    fn primary(&mut self) -> Result<Condition, String> {
        if self.tokens.accept("(") {
            let inner = self.alternatives()?;
            self.tokens.expect(")")?;
            return Ok(inner);
        }
        let column = match self.tokens.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NOT") => {
                return Err(self
                    .tokens
                    .wrong("write the opposite, such as `!=`, `NOT IN` or `IS NOT NULL`"));
            }
            Some(Token::Word(name)) => name.to_owned(),
            Some(Token::Quoted(name)) => name,
            _ => return Err(self.tokens.wrong("a column's name is expected")),
        };
        self.comparison(column)
    }

    fn comparison(&mut self, column: String) -> Result<Condition, String> {
        if self.tokens.accept_word("IS") {
            let negated = self.tokens.accept_word("NOT");
            if !self.tokens.accept_word("NULL") {
                self.tokens.next();
                return Err(self.tokens.wrong("IS goes with NULL or NOT NULL; compare by `=`"));
            }
            return Ok(Condition::IsNull(Nullity { column, negated }));
        }
        let negated = self.tokens.accept_word("NOT");
        if self.tokens.accept_word("IN") {
            let values = self.list()?;
            return Ok(Condition::In(Membership {
                column,
                values,
                negated,
            }));
        }
        if !negated && self.tokens.accept_word("BETWEEN") {
            let least = self.value()?;
            if !self.tokens.accept_word("AND") {
                self.tokens.next();
                return Err(self.tokens.wrong("BETWEEN has its second value behind AND"));
            }
            let greatest = self.value()?;
            let side = |op, value| {
                Condition::Compare(Comparison {
                    column: column.clone(),
                    op,
                    value,
                })
            };
            return Ok(Condition::All(vec![
                side(Operator::GreaterOrEqual, least),
                side(Operator::LessOrEqual, greatest),
            ]));
        }
        let op = match self.tokens.next() {
            Some(Token::Symbol("=")) if !negated => Operator::Equal,
            Some(Token::Symbol("!=" | "<>")) if !negated => Operator::NotEqual,
            Some(Token::Symbol("<")) if !negated => Operator::Less,
            Some(Token::Symbol("<=")) if !negated => Operator::LessOrEqual,
            Some(Token::Symbol(">")) if !negated => Operator::Greater,
            Some(Token::Symbol(">=")) if !negated => Operator::GreaterOrEqual,
            Some(Token::Symbol("==")) => return Err(self.tokens.wrong("`=` compares")),
            _ => {
                return Err(self.tokens.wrong(&format!(
                    "`{column}` is compared by =, !=, <, <=, >, >=, IN, NOT IN, BETWEEN, IS NULL or IS NOT NULL"
                )));
            }
        };
        let value = self.value()?;
        Ok(Condition::Compare(Comparison { column, op, value }))
    }

    fn value(&mut self) -> Result<Values, String> {
        let literal = self.literal()?;
        self.values(vec![literal])
    }

    fn list(&mut self) -> Result<Values, String> {
        self.tokens.expect("(")?;
        let mut literals = vec![self.literal()?];
        while self.tokens.accept(",") {
            literals.push(self.literal()?);
        }
        self.tokens.expect(")")?;
        self.values(literals)
    }

    /// Literals of one family; whole numbers among others are such numbers.
    fn values(&self, mut literals: Vec<Literal>) -> Result<Values, String> {
        let family = match literals.iter().find(|one| one.family != Family::Int) {
            Some(other) if other.family == Family::Float => {
                for literal in &mut literals {
                    if let Scalar::Int(number) = literal.value {
                        #[expect(clippy::cast_precision_loss, reason = "as GoogleSQL coerces it")]
                        let value = Scalar::Float(number as f64);
                        *literal = Literal {
                            family: Family::Float,
                            value,
                        };
                    }
                }
                Family::Float
            }
            Some(other) => other.family,
            None => Family::Int,
        };
        if literals.iter().any(|one| one.family != family) {
            return Err(self.tokens.wrong("the values are of different types"));
        }
        Ok(match family {
            Family::Int => Values::Ints(literals.iter().filter_map(whole).collect()),
            Family::Float => Values::Floats(literals.iter().filter_map(float).collect()),
            Family::Bool => Values::Bools(literals.iter().filter_map(truth).collect()),
            Family::Decimal => Values::Decimals(texts(literals)),
            Family::Date => Values::Dates(texts(literals)),
            Family::Time => Values::Times(texts(literals)),
            Family::Timestamp => Values::Timestamps(texts(literals)),
            Family::Text | Family::Any => Values::Strings(texts(literals)),
        })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        let of = |family, value| Ok(Literal { family, value });
        match self.tokens.next() {
            Some(Token::Text(text)) => of(Family::Text, Scalar::Text(text)),
            Some(Token::Number(digits)) => {
                if let Ok(number) = digits.parse::<i64>() {
                    return of(Family::Int, Scalar::Int(number.into()));
                }
                let fraction = digits.contains(['.', 'e', 'E']);
                match digits.parse::<f64>() {
                    Ok(number) if fraction && number.is_finite() => of(Family::Float, Scalar::Float(number)),
                    _ => Err(self
                        .tokens
                        .wrong(&format!("64 bits do not hold it: write NUMERIC '{digits}'"))),
                }
            }
            Some(Token::Word(word)) => match word.to_ascii_uppercase().as_str() {
                "TRUE" => of(Family::Bool, Scalar::Bool(true)),
                "FALSE" => of(Family::Bool, Scalar::Bool(false)),
                "NULL" => Err(self
                    .tokens
                    .wrong("nothing equals NULL: write `IS NULL` or `IS NOT NULL`")),
                "CAST" => self.cast(),
                "NUMERIC" | "BIGNUMERIC" | "DECIMAL" | "BIGDECIMAL" => self.typed(Family::Decimal),
                "DATE" => self.typed(Family::Date),
                "TIME" => self.typed(Family::Time),
                "TIMESTAMP" | "DATETIME" => self.typed(Family::Timestamp),
                _ => Err(self
                    .tokens
                    .wrong("a literal is expected: columns are compared with values only, and text stands in quotes")),
            },
            _ => Err(self
                .tokens
                .wrong("a literal is expected, such as 1, 'paid' or DATE '2026-01-31'")),
        }
    }

    /// `DATE '2026-01-31'`, behind the word.
    fn typed(&mut self, family: Family) -> Result<Literal, String> {
        let Some(Token::Text(text)) = self.tokens.next() else {
            return Err(self.tokens.wrong("the value stands in quotes behind its type"));
        };
        let literal = Literal {
            family,
            value: Scalar::Text(text),
        };
        match literal::parse(&literal) {
            Ok(_) => Ok(literal),
            Err(why) => Err(self.tokens.wrong(&why)),
        }
    }

    /// `CAST('NaN' AS FLOAT64)`, the one cast: what no number can be written as.
    fn cast(&mut self) -> Result<Literal, String> {
        self.tokens.expect("(")?;
        let value = match self.tokens.next() {
            Some(Token::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "nan" => Some(f64::NAN),
                "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
                "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        };
        let value = value.filter(|_| self.tokens.accept_word("AS") && self.tokens.accept_word("FLOAT64"));
        let Some(value) = value else {
            return Err(self
                .tokens
                .wrong("CAST is for 'NaN', 'inf' and '-inf' AS FLOAT64; write other values as literals"));
        };
        self.tokens.expect(")")?;
        Ok(Literal {
            family: Family::Float,
            value: Scalar::Float(value),
        })
    }
}

fn joined(mut all: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match all.len() {
        1 => all.remove(0),
        _ => join(all),
    }
}

fn whole(literal: &Literal) -> Option<i64> {
    match literal.value {
        Scalar::Int(number) => i64::try_from(number).ok(),
        _ => None,
    }
}

const fn float(literal: &Literal) -> Option<f64> {
    match literal.value {
        Scalar::Float(number) => Some(number),
        _ => None,
    }
}

const fn truth(literal: &Literal) -> Option<bool> {
    match literal.value {
        Scalar::Bool(value) => Some(value),
        _ => None,
    }
}

fn texts(literals: Vec<Literal>) -> Vec<String> {
    literals
        .into_iter()
        .filter_map(|literal| match literal.value {
            Scalar::Text(text) => Some(text),
            _ => None,
        })
        .collect()
}
