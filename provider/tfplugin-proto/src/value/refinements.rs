//! What is known about an unknown value.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;

use super::Value;

/// One end of a range of numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    /// The end.
    pub number: BigDecimal,
    /// Whether the end itself belongs to the range.
    pub inclusive: bool,
}

/// What Terraform knows about a value that is not known yet, for example that `"gs://${x.id}"` starts with `gs://`.
///
/// A provider that emits one in a plan is bound to it at apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Refinements {
    /// `Some(true)`: will be null; `Some(false)`: will not be null.
    pub null: Option<bool>,
    /// A string that starts so.
    pub prefix: Option<String>,
    /// A number not below.
    pub min: Option<Bound>,
    /// A number not above.
    pub max: Option<Bound>,
    /// A collection with at least so many elements.
    pub min_length: Option<u64>,
    /// A collection with at most so many elements.
    pub max_length: Option<u64>,
}

impl Refinements {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Refinements::default()
    }

    /// A value that will not be null.
    #[must_use]
    pub fn not_null() -> Self {
        Refinements {
            null: Some(false),
            ..Refinements::default()
        }
    }

    /// The same, of text that starts so.
    #[must_use]
    pub fn starting_with(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// The same, of a number that is not below.
    #[must_use]
    pub fn at_least(mut self, number: impl Into<BigDecimal>) -> Self {
        self.min = Some(Bound {
            number: number.into(),
            inclusive: true,
        });
        self
    }

    /// The same, of a number that is not above.
    #[must_use]
    pub fn at_most(mut self, number: impl Into<BigDecimal>) -> Self {
        self.max = Some(Bound {
            number: number.into(),
            inclusive: true,
        });
        self
    }

    /// The same, of a collection of so many elements.
    #[must_use]
    pub fn of_length(mut self, at_least: Option<u64>, at_most: Option<u64>) -> Self {
        (self.min_length, self.max_length) = (at_least, at_most);
        self
    }

    /// In words, what of this a known value contradicts. Parts that do not concern values of its kind say nothing.
    pub fn contradicted_by(&self, value: &Value) -> Option<String> {
        let value = value.plain();
        if value.is_unknown() {
            return None;
        }
        match self.null {
            Some(true) if !value.is_null() => return Some("it would be null".to_owned()),
            Some(false) if value.is_null() => return Some("it would not be null".to_owned()),
            _ if value.is_null() => return None,
            _ => {}
        }
        if let (Some(prefix), Some(text)) = (&self.prefix, value.as_str())
            && !text.starts_with(prefix)
        {
            return Some(format!("it would start with {prefix:?}"));
        }
        if let Some(number) = value.as_number() {
            let outside = |bound: &Bound, beyond: Ordering| match number.cmp(&bound.number) {
                Ordering::Equal => !bound.inclusive,
                other => other == beyond,
            };
            if self.min.as_ref().is_some_and(|min| outside(min, Ordering::Less)) {
                return Some("it would be greater".to_owned());
            }
            if self.max.as_ref().is_some_and(|max| outside(max, Ordering::Greater)) {
                return Some("it would be smaller".to_owned());
            }
        }
        let length = match value {
            Value::List(elements) | Value::Set(elements) => Some(elements.len() as u64),
            Value::Map(entries) => Some(entries.len() as u64),
            _ => None,
        };
        match (length, self.min_length, self.max_length) {
            (Some(length), Some(least), _) if length < least => Some(format!("it would hold {least} or more")),
            (Some(length), _, Some(most)) if length > most => Some(format!("it would hold {most} at most")),
            _ => None,
        }
    }
}
