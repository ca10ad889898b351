//! Values as a suite writes them: scalars, sets and ranges, each of one named family of types.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A value whose family is not named, as imported suites have them. Text is read as a date, time or timestamp where the column
/// is one.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(with = "Value")]
pub enum Scalar {
    /// No value.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number. In JSON a number; beyond 64 bits a decimal in text.
    Int(i128),
    /// A number with a fraction; NaN and the infinities are the texts `NaN`, `Infinity`, `-Infinity`.
    Float(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    /// What JSON says.
    ///
    /// # Errors
    /// A list or an object is not a scalar.
    pub fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(b) => Ok(Self::Bool(*b)),
            Value::String(s) => Ok(Self::Text(s.clone())),
            Value::Number(n) => Ok(match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => Self::Int(i.into()),
                (None, Some(u)) => Self::Int(u.into()),
                (None, None) => Self::Float(n.as_f64().unwrap_or(f64::NAN)),
            }),
            Value::Array(_) | Value::Object(_) => Err("a list or an object is not a value".into()),
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => int_to_json(*i),
            Self::Float(f) => float_to_json(*f),
            Self::Text(s) => Value::String(s.clone()),
        }
    }
}

/// A whole number as JSON: a number while 64 bits hold it, text beyond.
#[must_use]
pub fn int_to_json(i: i128) -> Value {
    if let Ok(i) = i64::try_from(i) {
        i.into()
    } else if let Ok(u) = u64::try_from(i) {
        u.into()
    } else {
        Value::String(i.to_string())
    }
}

/// A number as JSON; what JSON has no number for is text.
#[must_use]
pub fn float_to_json(f: f64) -> Value {
    serde_json::Number::from_f64(f).map_or_else(
        || {
            Value::String(
                match f {
                    f if f.is_nan() => "NaN",
                    f if f > 0.0 => "Infinity",
                    _ => "-Infinity",
                }
                .into(),
            )
        },
        Value::Number,
    )
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A list of values of one family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Numbers with a fraction.
    Floats(Vec<f64>),
    /// Exact numbers, as text: `"12.50"`, also whole numbers beyond 64 bits.
    Decimals(Vec<String>),
    /// Texts.
    Strings(Vec<String>),
    /// Truth values.
    Bools(Vec<bool>),
    /// Days, `2026-01-31`.
    Dates(Vec<String>),
    /// Times of day, `23:59:59.5`.
    Times(Vec<String>),
    /// Instants or civil times: RFC 3339 with or without an offset.
    Timestamps(Vec<String>),
    /// Values that the column's type decides about, as imported suites have them.
    Any(Vec<Scalar>),
}

/// A family of types: what a literal claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Whole numbers.
    Int,
    /// Numbers with a fraction.
    Float,
    /// Exact numbers.
    Decimal,
    /// Text.
    Text,
    /// Truth values.
    Bool,
    /// Days.
    Date,
    /// Times of day.
    Time,
    /// Instants and civil times.
    Timestamp,
    /// What the column's type says.
    Any,
}

/// A value and the family that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// The family.
    pub family: Family,
    /// The value; of dates, times, timestamps and decimals the text.
    pub value: Scalar,
}

impl Literal {
    fn text(family: Family, text: &str) -> Self {
        Self {
            family,
            value: Scalar::Text(text.to_owned()),
        }
    }
}

impl Values {
    /// One by one.
    #[must_use]
    pub fn literals(&self) -> Vec<Literal> {
        let texts = |family: Family, texts: &[String]| texts.iter().map(|t| Literal::text(family, t)).collect();
        match self {
            Self::Ints(v) => v.iter().map(|i| int(*i)).collect(),
            Self::Floats(v) => v.iter().map(|f| float(*f)).collect(),
            Self::Decimals(v) => texts(Family::Decimal, v),
            Self::Strings(v) => texts(Family::Text, v),
            Self::Bools(v) => v
                .iter()
                .map(|b| Literal {
                    family: Family::Bool,
                    value: Scalar::Bool(*b),
                })
                .collect(),
            Self::Dates(v) => texts(Family::Date, v),
            Self::Times(v) => texts(Family::Time, v),
            Self::Timestamps(v) => texts(Family::Timestamp, v),
            Self::Any(v) => v
                .iter()
                .map(|value| Literal {
                    family: Family::Any,
                    value: value.clone(),
                })
                .collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(v) => v.len(),
            Self::Floats(v) => v.len(),
            Self::Bools(v) => v.len(),
            Self::Any(v) => v.len(),
            Self::Decimals(v) | Self::Strings(v) | Self::Dates(v) | Self::Times(v) | Self::Timestamps(v) => v.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As a JSON list without its family.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.literals().iter().map(|l| l.value.to_json()).collect()
    }
}

fn int(i: i64) -> Literal {
    Literal {
        family: Family::Int,
        value: Scalar::Int(i.into()),
    }
}

fn float(f: f64) -> Literal {
    Literal {
        family: Family::Float,
        value: Scalar::Float(f),
    }
}

/// An interval; an absent end is open. An end belongs to it unless it is strict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range<T> {
    /// The lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<T>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<T>,
    /// Whether values must lie above the lower end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_min: bool,
    /// Whether values must lie below the upper end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict_max: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) const fn is_false(b: &bool) -> bool {
    !*b
}

impl<T> Range<T> {
    /// From one to another, both included.
    pub const fn between(min: T, max: T) -> Self {
        Self {
            min: Some(min),
            max: Some(max),
            strict_min: false,
            strict_max: false,
        }
    }

    /// The same with other ends.
    pub fn map<U>(&self, convert: impl Fn(&T) -> U) -> Range<U> {
        Range {
            min: self.min.as_ref().map(&convert),
            max: self.max.as_ref().map(&convert),
            strict_min: self.strict_min,
            strict_max: self.strict_max,
        }
    }
}

impl<T: PartialOrd> Range<T> {
    /// Whether no value can lie in it.
    pub fn is_empty(&self) -> bool {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => min > max || (min == max && (self.strict_min || self.strict_max)),
            _ => false,
        }
    }

    /// Whether it holds `value`.
    pub fn holds(&self, value: &T) -> bool {
        let above = self
            .min
            .as_ref()
            .is_none_or(|m| if self.strict_min { value > m } else { value >= m });
        let below = self
            .max
            .as_ref()
            .is_none_or(|m| if self.strict_max { value < m } else { value <= m });
        above && below
    }
}

/// An interval of values of one family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// Whole numbers.
    Ints(Range<i64>),
    /// Numbers with a fraction.
    Floats(Range<f64>),
    /// Exact numbers, as text.
    Decimals(Range<String>),
    /// Texts, by code points.
    Strings(Range<String>),
    /// Days, `2026-01-31`.
    Dates(Range<String>),
    /// Times of day.
    Times(Range<String>),
    /// Instants or civil times.
    Timestamps(Range<String>),
    /// Values that the column's type decides about.
    Any(Range<Scalar>),
}

impl Bounds {
    /// Its ends as literals.
    #[must_use]
    pub fn literals(&self) -> Range<Literal> {
        match self {
            Self::Ints(r) => r.map(|i| int(*i)),
            Self::Floats(r) => r.map(|f| float(*f)),
            Self::Decimals(r) => r.map(|t| Literal::text(Family::Decimal, t)),
            Self::Strings(r) => r.map(|t| Literal::text(Family::Text, t)),
            Self::Dates(r) => r.map(|t| Literal::text(Family::Date, t)),
            Self::Times(r) => r.map(|t| Literal::text(Family::Time, t)),
            Self::Timestamps(r) => r.map(|t| Literal::text(Family::Timestamp, t)),
            Self::Any(r) => r.map(|value| Literal {
                family: Family::Any,
                value: value.clone(),
            }),
        }
    }
}
