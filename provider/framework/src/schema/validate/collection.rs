//! Rules for lists, sets and maps, and for what they hold.

use std::collections::BTreeMap;
use std::ops::RangeBounds;
use std::sync::Arc;

use tfplugin_proto::Value;

use super::{Finding, Validator, below_start, spell_range};
use crate::{Path, Step};

/// A collection of so many elements: `size(1..)`. Also judges collections of which only bounds are known.
pub fn size(range: impl RangeBounds<usize> + Send + Sync + Clone + 'static) -> Validator {
    let text = format!("must hold {} element(s)", spell_range(&range));
    let (wanted, said) = (range.clone(), text.clone());
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
    .judging_unknown(move |known| {
        let count = |length: Option<u64>| length.and_then(|length| usize::try_from(length).ok());
        let many = count(known.min_length)
            .filter(|least| !wanted.contains(least) && !below_start(&wanted, *least))
            .map(|least| format!("{said}, has {least} or more"));
        let few = count(known.max_length)
            .filter(|most| below_start(&wanted, *most))
            .map(|most| format!("{said}, has {most} at most"));
        many.or(few)
    })
}

fn structural(description: String, known: impl Fn(&Value) -> Vec<Finding> + Send + Sync + 'static) -> Validator {
    Validator {
        description,
        known: Arc::new(known),
        unknown: None,
        broken: None,
    }
}

fn index(index: usize) -> Step {
    Step::Index(i64::try_from(index).unwrap_or(i64::MAX))
}

/// No element twice.
pub fn unique() -> Validator {
    structural("must not hold the same element twice".to_owned(), |value| {
        let elements = value.as_elements().unwrap_or_default();
        let double = |index: usize| elements[index].is_wholly_known() && elements[..index].contains(&elements[index]);
        (0..elements.len())
            .filter(|index| double(*index))
            .map(|at| (vec![index(at)], "is here twice".to_owned()))
            .collect()
    })
}

/// In nested attributes: no two elements with the same value of this attribute.
pub fn unique_by(attribute: impl Into<String>) -> Validator {
    let attribute = attribute.into();
    structural(
        format!("must not hold two elements with the same `{attribute}`"),
        move |value| {
            let elements: Vec<(Step, &Value)> = match value {
                Value::List(elements) => elements
                    .iter()
                    .enumerate()
                    .map(|(at, element)| (index(at), element))
                    .collect(),
                Value::Set(elements) => elements.iter().map(|element| (Step::Element, element)).collect(),
                Value::Map(entries) => entries
                    .iter()
                    .map(|(key, element)| (Step::Key(key.clone()), element))
                    .collect(),
                _ => Vec::new(),
            };
            let mut seen: Vec<&Value> = Vec::new();
            let mut found = Vec::new();
            for (step, element) in elements {
                let Some(value) = element
                    .get(&attribute)
                    .filter(|value| !value.is_null() && value.is_wholly_known())
                else {
                    continue;
                };
                if seen.contains(&value) {
                    let shown = value.as_str().map(|text| format!(" {text:?}")).unwrap_or_default();
                    let text = format!("another element has the same `{attribute}`{shown}");
                    found.push((vec![step, Step::Attribute(attribute.clone())], text));
                }
                seen.push(value);
            }
            found
        },
    )
}

/// A rule for each element of a list or set, or each value of a map.
pub fn each(rule: Validator) -> Validator {
    of_each("element", rule)
}

/// A rule for each element of a list or set: [`each`], described as such.
pub fn each_element(rule: Validator) -> Validator {
    each(rule)
}

/// A rule for each value of a map: [`each`], described as such.
pub fn each_value(rule: Validator) -> Validator {
    of_each("value", rule)
}

fn of_each(what: &str, rule: Validator) -> Validator {
    let broken = rule.broken.clone();
    let description = format!("each {what} {}", rule.description);
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
                .flat_map(|(at, element)| below(index(at), element))
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
        broken,
        ..structural(description, known)
    }
}

/// A rule about text for each key of a map.
pub fn keys(rule: Validator) -> Validator {
    let broken = rule.broken.clone();
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
        broken,
        ..structural(description, known)
    }
}

/// The same as [`keys`].
pub fn each_key(rule: Validator) -> Validator {
    keys(rule)
}
