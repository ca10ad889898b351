//! Which rows an expectation is about: a small tree of comparisons, the same for every engine.

mod lex;
mod print;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Literal, Values, is_false};

/// A condition on a row. A comparison with NULL is unknown, and a row whose condition is unknown is not meant, as in SQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// A column compares so with a value.
    Compare(Comparison),
    /// A column's value is one of these.
    In(Membership),
    /// A column is NULL.
    IsNull(Nullity),
}

/// A column, an operator and a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The column.
    pub column: String,
    /// How.
    pub op: Operator,
    /// With what: exactly one value, such as `{"strings": ["paid"]}`.
    pub value: Values,
}

impl Comparison {
    /// The value.
    #[must_use]
    pub fn literal(&self) -> Option<Literal> {
        self.value.literals().into_iter().next()
    }
}

/// Membership of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The column.
    pub column: String,
    /// The set.
    pub values: Values,
    /// Whether the value must not be in it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub negated: bool,
}

/// Being NULL or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nullity {
    /// The column.
    pub column: String,
    /// Whether the value must be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub negated: bool,
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// Equal.
    #[serde(rename = "=")]
    Equal,
    /// Not equal.
    #[serde(rename = "!=")]
    NotEqual,
    /// Less.
    #[serde(rename = "<")]
    Less,
    /// Less or equal.
    #[serde(rename = "<=")]
    LessOrEqual,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
    /// Greater or equal.
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

impl Operator {
    /// Whether two things that stand in this order satisfy it; `None`: they do not compare (NaN), which only `!=` accepts.
    #[must_use]
    pub fn accepts(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equal => order == Some(Equal),
            Self::NotEqual => order != Some(Equal),
            Self::Less => order == Some(Less),
            Self::LessOrEqual => matches!(order, Some(Less | Equal)),
            Self::Greater => order == Some(Greater),
            Self::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        }
    }

    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Condition {
    /// The columns that it reads, each once, in the order of their appearance.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a str>) {
        let column = match self {
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.collect(found);
                }
                return;
            }
            Self::Compare(c) => &c.column,
            Self::In(c) => &c.column,
            Self::IsNull(c) => &c.column,
        };
        if !found.contains(&column.as_str()) {
            found.push(column);
        }
    }
}
