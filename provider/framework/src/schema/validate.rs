//! Rules for single values. Each says in one sentence what is allowed: users and documentation read the same text.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound as RangeEnd, RangeBounds};
use std::sync::Arc;

use bigdecimal::BigDecimal;
use tfplugin_proto::{Refinements, Value};

use super::timeouts::parse_duration;
use crate::{Path, Step};

/// What is wrong, below the value that was checked.
type Finding = (Vec<Step>, String);
type Known = Arc<dyn Fn(&Value) -> Vec<Finding> + Send + Sync>;
type Unknown = Arc<dyn Fn(&Refinements) -> Option<String> + Send + Sync>;

/// A rule for a value. Asked about known, non-null values only, except where it can judge by refinements.
#[derive(Clone)]
pub struct Validator {
    description: String,
    known: Known,
    unknown: Option<Unknown>,
}

impl Validator {
    /// A rule of your own. The description is a sentence about the value: `must be a host name`; the check returns
    /// what is wrong with this value, or `Ok(())`.
    pub fn new(
        description: impl Into<String>,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Validator {
            description: description.into(),
            known: Arc::new(move |value| check(value).err().map(|text| (Vec::new(), text)).into_iter().collect()),
            unknown: None,
        }
    }

    /// What the rule says.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What is wrong with this value: where, and a sentence.
    pub fn check(&self, value: &Value, path: &Path) -> Vec<(Path, String)> {
        if value.is_null() {
            return Vec::new();
        }
        if value.is_unknown() {
            let text = self
                .unknown
                .as_ref()
                .zip(value.refinements())
                .and_then(|(check, known)| check(known));
            return text.map(|text| (path.clone(), text)).into_iter().collect();
        }
        let found = (self.known)(value.plain());
        found
            .into_iter()
            .map(|(steps, text)| (steps.into_iter().fold(path.clone(), |path, step| path.step(step)), text))
            .collect()
    }

    fn judging_unknown(mut self, check: impl Fn(&Refinements) -> Option<String> + Send + Sync + 'static) -> Self {
        self.unknown = Some(Arc::new(check));
        self
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Validator")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// A rule about text: `matches("must be a host name", |text| …)`.
pub fn matches(description: impl Into<String>, accept: impl Fn(&str) -> bool + Send + Sync + 'static) -> Validator {
    let description = description.into();
    let text = description.clone();
    Validator::new(description, move |value| match value.as_str() {
        Some(value) if !accept(value) => Err(format!("{text}, got {value:?}")),
        _ => Ok(()),
    })
}

/// Text of so many characters: `length(1..=63)`.
pub fn length(range: impl RangeBounds<usize> + Send + Sync + Clone + 'static) -> Validator {
    let text = format!("must be {} characters long", spell_range(&range));
    Validator::new(text.clone(), move |value| {
        match value.as_str().map(|value| value.chars().count()) {
            Some(count) if !range.contains(&count) => Err(format!("{text}, has {count}")),
            _ => Ok(()),
        }
    })
}

/// Text that starts so. Also judges text that is known only in part.
pub fn prefix(prefix: impl Into<String>) -> Validator {
    let prefix = prefix.into();
    let text = format!("must start with `{prefix}`");
    let (wanted, said) = (prefix.clone(), text.clone());
    matches(text, move |value| value.starts_with(&prefix)).judging_unknown(move |refinements| {
        let known = refinements.prefix.as_deref()?;
        let common = known.len().min(wanted.len());
        (known.as_bytes()[..common] != wanted.as_bytes()[..common]).then(|| format!("{said}, starts with {known:?}"))
    })
}

/// One of these texts.
pub fn one_of(choices: impl IntoIterator<Item = impl Into<String>>) -> Validator {
    let choices: Vec<String> = choices.into_iter().map(Into::into).collect();
    let list = choices
        .iter()
        .map(|choice| format!("`{choice}`"))
        .collect::<Vec<_>>()
        .join(", ");
    matches(format!("must be one of {list}"), move |value| {
        choices.iter().any(|choice| choice == value)
    })
}

/// A number in this range: `range(1..=100)`.
pub fn range(range: impl RangeBounds<i64> + Send + Sync + 'static) -> Validator {
    let text = format!("must be {}", spell_range(&range));
    Validator::new(text.clone(), move |value| {
        let Some(number) = value.as_number() else { return Ok(()) };
        let past = |end: &i64| number.cmp(&BigDecimal::from(*end));
        let above = match range.start_bound() {
            RangeEnd::Included(start) => past(start).is_ge(),
            RangeEnd::Excluded(start) => past(start).is_gt(),
            RangeEnd::Unbounded => true,
        };
        let below = match range.end_bound() {
            RangeEnd::Included(end) => past(end).is_le(),
            RangeEnd::Excluded(end) => past(end).is_lt(),
            RangeEnd::Unbounded => true,
        };
        if above && below {
            Ok(())
        } else {
            Err(format!("{text}, got {}", number.normalized().to_plain_string()))
        }
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

/// A collection of so many elements: `size(1..)`.
pub fn size(range: impl RangeBounds<usize> + Send + Sync + 'static) -> Validator {
    let text = format!("must hold {} element(s)", spell_range(&range));
    Validator::new(text.clone(), move |value| {
        let count = value
            .as_elements()
            .map(<[Value]>::len)
            .or_else(|| value.as_entries().map(BTreeMap::len));
        match count {
            Some(count) if !range.contains(&count) => Err(format!("{text}, has {count}")),
            _ => Ok(()),
        }
    })
}

/// A length of time such as `20m`.
pub fn duration() -> Validator {
    Validator::new("must be a duration such as `30s`, `20m` or `1h30m`", |value| {
        value.as_str().map_or(Ok(()), |text| parse_duration(text).map(|_| ()))
    })
}

/// A document in JSON.
pub fn json() -> Validator {
    Validator::new("must be JSON", |value| {
        value.as_str().map_or(Ok(()), |text| {
            serde_json::from_str::<serde::de::IgnoredAny>(text)
                .map(|_| ())
                .map_err(|error| format!("must be JSON: {error}"))
        })
    })
}

/// No element twice.
pub fn unique() -> Validator {
    Validator {
        description: "must not hold the same element twice".to_owned(),
        known: Arc::new(|value| {
            let elements = value.as_elements().unwrap_or_default();
            let double =
                |index: usize| elements[index].is_wholly_known() && elements[..index].contains(&elements[index]);
            (0..elements.len())
                .filter(|index| double(*index))
                .map(|index| (vec![Step::Index(index as i64)], "is here twice".to_owned()))
                .collect()
        }),
        unknown: None,
    }
}

/// A rule for each element of a list or set, or each value of a map.
pub fn each(rule: Validator) -> Validator {
    let description = format!("each element {}", rule.description);
    let known = move |value: &Value| -> Vec<Finding> {
        let below = |step: Step, value: &Value| -> Vec<Finding> {
            let found = rule.check(value, &Path::root().step(step));
            found
                .into_iter()
                .map(|(path, text)| (path.steps().to_vec(), text))
                .collect()
        };
        match value {
            Value::List(elements) | Value::Tuple(elements) => elements
                .iter()
                .enumerate()
                .flat_map(|(index, element)| below(Step::Index(index as i64), element))
                .collect(),
            Value::Set(elements) => elements
                .iter()
                .flat_map(|element| below(Step::Element, element))
                .collect(),
            Value::Map(entries) => entries
                .iter()
                .flat_map(|(key, element)| below(Step::Key(key.clone()), element))
                .collect(),
            _ => Vec::new(),
        }
    };
    Validator {
        description,
        known: Arc::new(known),
        unknown: None,
    }
}

/// A rule about text for each key of a map.
pub fn keys(rule: Validator) -> Validator {
    let description = format!("each key {}", rule.description);
    let known = move |value: &Value| -> Vec<Finding> {
        let Some(entries) = value.as_entries() else {
            return Vec::new();
        };
        let judge = |key: &String| {
            let found = rule.check(&Value::String(key.clone()), &Path::root());
            found
                .into_iter()
                .map(|(_, text)| (vec![Step::Key(key.clone())], format!("the key {text}")))
                .collect::<Vec<_>>()
        };
        entries.keys().flat_map(judge).collect()
    };
    Validator {
        description,
        known: Arc::new(known),
        unknown: None,
    }
}

/// `1 to 63`, `at least 1`, `at most 9`, `exactly 3`.
fn spell_range<T: Copy + fmt::Display + PartialEq + TryInto<i128>>(range: &impl RangeBounds<T>) -> String {
    let whole = |value: &T| (*value).try_into().ok().unwrap_or_default();
    let start = match range.start_bound() {
        RangeEnd::Included(start) => Some(whole(start)),
        RangeEnd::Excluded(start) => Some(whole(start) + 1),
        RangeEnd::Unbounded => None,
    };
    let end = match range.end_bound() {
        RangeEnd::Included(end) => Some(whole(end)),
        RangeEnd::Excluded(end) => Some(whole(end) - 1),
        RangeEnd::Unbounded => None,
    };
    match (start, end) {
        (Some(start), Some(end)) if start == end => format!("exactly {start}"),
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("at least {start}"),
        (None, Some(end)) => format!("at most {end}"),
        (None, None) => "any number of".to_owned(),
    }
}
