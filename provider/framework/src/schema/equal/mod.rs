//! When two spellings mean the same: ready-made answers for [`Attribute::equivalent`](super::Attribute::equivalent).
//!
//! Each says yes only where the meaning is the same beyond doubt; a no shows the user a change at worst. Where a value
//! stands (nested, in lists, maps or sets of nested attributes) makes no difference. For plain collections, such as
//! `map(string)`, wrap the rule in [`each`]: Terraform lets the prior value stay for the whole attribute only.

mod json;
mod normal;
mod sql;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;
use std::sync::Arc;

use tfplugin_proto::Value;

pub use json::json;
pub use normal::normal_sql;
pub use sql::sql;
pub use time::{duration, instant, time_zone};

type Same = Arc<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// The hook behind [`Attribute::equivalent`](super::Attribute::equivalent).
#[derive(Clone)]
pub(crate) struct Equivalence(pub(crate) Same);

impl Equivalence {
    /// A hook that panics holds nothing equal: it runs after a create too, whose result must not be lost.
    pub(crate) fn holds(&self, a: &Value, b: &Value) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)(a, b))).unwrap_or(false)
    }
}

impl fmt::Debug for Equivalence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Equivalence")
    }
}

/// Two texts for which `same` holds.
fn texts(a: &Value, b: &Value, same: impl Fn(&str, &str) -> bool) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if same(a, b))
}

/// The same text apart from the case of ASCII letters.
pub fn ignore_case(a: &Value, b: &Value) -> bool {
    texts(a, b, str::eq_ignore_ascii_case)
}

/// The same text apart from slashes at its end.
pub fn trailing_slash(a: &Value, b: &Value) -> bool {
    texts(a, b, |a, b| a.trim_end_matches('/') == b.trim_end_matches('/'))
}

/// The same text apart from white space at its start and end: what here-documents and `file()` leave there.
pub fn outer_space(a: &Value, b: &Value) -> bool {
    texts(a, b, |a, b| a.trim() == b.trim())
}

/// The same number, written as text: `1`, `1.0` and `10e-1`.
pub fn number_text(a: &Value, b: &Value) -> bool {
    texts(
        a,
        b,
        |a, b| matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if a == b),
    )
}

/// The same elements in any order, as often each.
pub fn unordered(a: &Value, b: &Value) -> bool {
    pair_up(a, b, |a, b| a == b)
}

/// The same elements in any order, as often each, where `same` says which elements are the same.
pub fn unordered_by(
    same: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
) -> impl Fn(&Value, &Value) -> bool + Send + Sync + 'static {
    move |a, b| pair_up(a, b, |a, b| a == b || same(a, b))
}

/// For plain collections: the same keys or places, and at each the same by this rule.
pub fn each(
    same: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
) -> impl Fn(&Value, &Value) -> bool + Send + Sync + 'static {
    move |a, b| {
        let same = |a: &Value, b: &Value| a == b || !a.is_null() && !b.is_null() && same(a, b);
        match (a.plain(), b.plain()) {
            (Value::Set(_), Value::Set(_)) => pair_up(a, b, same),
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Map(a), Value::Map(b)) | (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same(a, b))
            }
            _ => false,
        }
    }
}

/// Finds for each element of one another of the other. What is the same as a third is the same as each other, so the
/// first that is found will do.
fn pair_up(a: &Value, b: &Value, same: impl Fn(&Value, &Value) -> bool) -> bool {
    let (Some(a), Some(b)) = (a.as_elements(), b.as_elements()) else {
        return false;
    };
    if a.len() != b.len() {
        return false;
    }
    let mut left: Vec<&Value> = b.iter().collect();
    a.iter().all(|a| match left.iter().position(|b| same(a, b)) {
        Some(found) => {
            left.swap_remove(found);
            true
        }
        None => false,
    })
}

/// A decimal number in one form, by its text alone, so that no exponent is too large: whether it is negative, its digits
/// without zeros at the ends, and the power of ten of the last.
pub(super) fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let power = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(dropped)?;
    Some(match significant.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        significant => (negative, significant.to_owned(), power),
    })
}
