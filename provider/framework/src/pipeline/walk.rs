//! Going down nested attributes of several values side by side.

use tfplugin_proto::Value;

use crate::schema::{Attribute, Nesting};
use crate::{Path, Step};

pub(super) const NULL: &Value = &Value::Null;

/// The attributes of a schema or of a nested object.
pub(super) type Attributes = [(String, Attribute)];

/// The attribute of that name, null when the object is null or unknown.
pub(super) fn get<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(NULL)
}

/// The objects of nested attributes with the step that leads to each, when they are known.
pub(super) fn objects(nesting: Nesting, value: &Value) -> Vec<(Option<Step>, &Value)> {
    match nesting {
        Nesting::Single if value.is_null() || value.is_unknown() => Vec::new(),
        Nesting::Single => vec![(None, value)],
        Nesting::List => {
            let elements = value.as_elements().unwrap_or_default().iter();
            let step = |index| Some(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
            elements
                .enumerate()
                .map(|(index, element)| (step(index), element))
                .collect()
        }
        Nesting::Set => value
            .as_elements()
            .unwrap_or_default()
            .iter()
            .map(|element| (Some(Step::Element), element))
            .collect(),
        Nesting::Map => {
            let entries = value.as_entries().into_iter().flatten();
            entries
                .map(|(key, element)| (Some(Step::Key(key.clone())), element))
                .collect()
        }
    }
}

/// The object that this step leads to. Elements of sets have no counterpart.
pub(super) fn counterpart<'a>(value: &'a Value, step: Option<&Step>) -> Option<&'a Value> {
    match step {
        None => Some(value),
        Some(Step::Key(key) | Step::Attribute(key)) => value.get(key),
        Some(Step::Index(index)) => value.as_elements()?.get(usize::try_from(*index).ok()?),
        Some(Step::Element) => None,
    }
}

/// Changes each object of nested attributes in place; sets come back into normal form.
pub(super) fn change_objects(nesting: Nesting, value: &mut Value, mut change: impl FnMut(Option<&Step>, &mut Value)) {
    match (nesting, value) {
        (Nesting::Single, object @ Value::Object(_)) => change(None, object),
        (Nesting::List, Value::List(elements)) => {
            for (index, element) in elements.iter_mut().enumerate() {
                change(Some(&Step::Index(i64::try_from(index).unwrap_or(i64::MAX))), element);
            }
        }
        (Nesting::Set, value @ Value::Set(_)) => {
            if let Value::Set(mut elements) = std::mem::take(value) {
                elements
                    .iter_mut()
                    .for_each(|element| change(Some(&Step::Element), element));
                *value = Value::set(elements);
            }
        }
        (Nesting::Map, Value::Map(entries)) => {
            for (key, element) in entries {
                change(Some(&Step::Key(key.clone())), element);
            }
        }
        _ => {}
    }
}

pub(super) fn below(path: &Path, step: Option<Step>) -> Path {
    match step {
        Some(step) => path.step(step),
        None => path.clone(),
    }
}

/// The value at a path.
pub(crate) fn lookup<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    path.steps()
        .iter()
        .try_fold(value, |here, step| counterpart(here, Some(step)))
}

/// The same, to be changed in place. Nothing inside a set has an address.
pub(super) fn lookup_mut<'a>(value: &'a mut Value, path: &Path) -> Option<&'a mut Value> {
    path.steps().iter().try_fold(value, |here, step| match step {
        Step::Key(key) | Step::Attribute(key) => here.as_entries_mut()?.get_mut(key),
        Step::Index(index) => match here {
            Value::List(elements) | Value::Tuple(elements) => elements.get_mut(usize::try_from(*index).ok()?),
            _ => None,
        },
        Step::Element => None,
    })
}
