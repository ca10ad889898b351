//! Whether a value fits a field, in the form in which it is stored. Used by those who write rows, by readers of altered
//! fields, and by the generator's tests.

use crate::decimal::Decimal;
use crate::id;
use crate::schema::{Field, Kind};
use crate::time;

/// Why a value does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It cannot be read as the field's type.
    Type,
    /// It has more characters than the field.
    TooLong,
    /// It has more digits than the field.
    TooLarge,
}

/// What is wrong with a stored value; `None` when nothing is. Null always fits.
pub(crate) fn fits(field: &Field, text: &str) -> Option<Misfit> {
    if text.is_empty() {
        return None;
    }
    let typed = |ok: bool| (!ok).then_some(Misfit::Type);
    match field.kind {
        Kind::Id | Kind::Reference => typed(text.len() == 18 && id::normalize(text).is_some()),
        Kind::Boolean => typed(matches!(text, "true" | "false")),
        Kind::Int => typed(text.parse::<i32>().is_ok()),
        Kind::Double | Kind::Currency | Kind::Percent => match Decimal::parse(text) {
            None => Some(Misfit::Type),
            Some(d) => {
                let (whole, fraction) = d.digits();
                let fits = whole <= field.precision.saturating_sub(field.scale) && fraction <= field.scale;
                (!fits).then_some(Misfit::TooLarge)
            }
        },
        Kind::Date => typed(text.len() == 10 && time::parse_date(text).is_some()),
        Kind::Datetime => typed(text.len() == 24 && time::parse_datetime(text).is_some()),
        Kind::Time => typed(text.len() == 13 && time::parse_time(text).is_some()),
        Kind::Address | Kind::Location => Some(Misfit::Type),
        _ => (field.length > 0 && text.chars().count() > field.length as usize).then_some(Misfit::TooLong),
    }
}

/// A cell as a field reads it after the field was altered: what does not fit is null, text is cut.
pub(crate) fn coerce<'a>(field: &Field, text: &'a [u8]) -> &'a [u8] {
    let Ok(str) = std::str::from_utf8(text) else { return b"" };
    match fits(field, str) {
        None => text,
        Some(Misfit::TooLong) => {
            let end = str
                .char_indices()
                .nth(field.length as usize)
                .map_or(text.len(), |(at, _)| at);
            &text[..end]
        }
        // More decimals than the field now has: the platform would round, a reader sees the old digits.
        Some(Misfit::TooLarge) => text,
        Some(Misfit::Type) => b"",
    }
}
