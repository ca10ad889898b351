//! Rules for numbers.

use std::cmp::Ordering;
use std::ops::{Bound as RangeEnd, RangeBounds};

use bigdecimal::BigDecimal;

use super::{Validator, spell_range};

/// A number in this range: `range(1..=100)`. Also judges numbers of which only bounds are known.
pub fn range(range: impl RangeBounds<i64> + Send + Sync + 'static) -> Validator {
    let text = format!("must be {}", spell_range(&range));
    let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
    let said = text.clone();
    let refuses = move |number: &BigDecimal| {
        let past = |end: i64| number.cmp(&BigDecimal::from(end));
        let low = match start {
            RangeEnd::Included(start) => past(start).is_lt(),
            RangeEnd::Excluded(start) => past(start).is_le(),
            RangeEnd::Unbounded => false,
        };
        let high = match end {
            RangeEnd::Included(end) => past(end).is_gt(),
            RangeEnd::Excluded(end) => past(end).is_ge(),
            RangeEnd::Unbounded => false,
        };
        match (low, high) {
            (true, _) => Some(Ordering::Less),
            (_, true) => Some(Ordering::Greater),
            _ => None,
        }
    };
    Validator::new(text.clone(), move |value| match value.as_number() {
        Some(number) if refuses(number).is_some() => {
            Err(format!("{text}, got {}", number.normalized().to_plain_string()))
        }
        _ => Ok(()),
    })
    .judging_unknown(move |known| {
        let low = known
            .max
            .as_ref()
            .is_some_and(|max| refuses(&max.number) == Some(Ordering::Less));
        let high = known
            .min
            .as_ref()
            .is_some_and(|min| refuses(&min.number) == Some(Ordering::Greater));
        (low || high).then(|| format!("{said}, and is known to be {}", if low { "smaller" } else { "greater" }))
    })
}

/// A whole number.
pub fn whole_number() -> Validator {
    Validator::new("must be a whole number", |value| match value.as_number() {
        Some(number) if !number.is_integer() => {
            Err(format!("must be a whole number, got {}", number.to_plain_string()))
        }
        _ => Ok(()),
    })
}

/// A whole multiple of this number.
pub fn multiple_of(step: i64) -> Validator {
    let text = format!("must be a multiple of {step}");
    Validator::new(text.clone(), move |value| match value.as_number() {
        Some(number) if step != 0 && !(number / BigDecimal::from(step)).is_integer() => {
            Err(format!("{text}, got {}", number.normalized().to_plain_string()))
        }
        _ => Ok(()),
    })
}
