//! What is known about an unknown value.

use bigdecimal::BigDecimal;

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
}
