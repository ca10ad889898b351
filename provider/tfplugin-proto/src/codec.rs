//! What the two encodings of values have in common: errors, limits, numbers.

use bigdecimal::BigDecimal;

use crate::TypeError;

/// How deep values may nest. Types from schemas are far below; only hostile input reaches it.
pub(crate) const MAX_DEPTH: usize = 100;

/// How many values a message may hold, nested ones included: a byte can claim to be one, and each takes up many.
pub(crate) const MAX_VALUES: usize = 4_000_000;

/// How many digits a number may have, and how large its exponent may be: far beyond Terraform's own 512 bits.
const MAX_NUMBER: usize = 4096;

/// How long the text of a number may be: its digits, a sign, a point, an exponent.
const MAX_NUMBER_TEXT: usize = MAX_NUMBER + 16;

/// A value that cannot be decoded or encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end too early.
    #[error("the value is cut off")]
    CutOff,
    /// There are more bytes than the value has.
    #[error("there are {0} bytes after the value")]
    TrailingBytes(usize),
    /// Something of another type stands there.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// The type.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// A number that is not one, is infinite, or is absurdly long.
    #[error("not a number that can be handled")]
    BadNumber,
    /// An object with an attribute that its type does not have.
    #[error("unexpected attribute `{0}`")]
    UnexpectedAttribute(String),
    /// An object without an attribute that its type has.
    #[error("missing attribute `{0}`")]
    MissingAttribute(String),
    /// The same attribute or key twice.
    #[error("`{0}` stands there twice")]
    Double(String),
    /// Deeper nesting than anyone needs.
    #[error("the value nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than anyone needs.
    #[error("the value has more than {MAX_VALUES} parts")]
    TooLarge,
    /// The type inside a dynamic value.
    #[error("a dynamic value has a bad type")]
    DynamicType(#[from] TypeError),
    /// Malformed JSON.
    #[error("malformed JSON: {0}")]
    Json(String),
}

pub(crate) type Result<T> = std::result::Result<T, CodecError>;

/// Reads a decimal number exactly, within limits that keep later arithmetic and printing cheap.
pub(crate) fn parse_number(text: &str) -> Result<BigDecimal> {
    if text.is_empty() || text.len() > MAX_NUMBER_TEXT {
        return Err(CodecError::BadNumber);
    }
    let number: BigDecimal = text.parse().map_err(|_| CodecError::BadNumber)?;
    let scale = number.fractional_digit_count();
    if scale.unsigned_abs() > MAX_NUMBER as u64 || number.digits() > MAX_NUMBER as u64 {
        return Err(CodecError::BadNumber);
    }
    Ok(number)
}
