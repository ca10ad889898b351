//! Keeping the spelling that is there when another one means the same.

use tfplugin_proto::Value;

use super::walk::{Attributes, change_objects, counterpart, get};
use crate::schema::{Attribute, Kind, Nesting};

/// Where `value` is equivalent to `before`, it becomes `before`.
pub(crate) fn keep_equivalent(attributes: &Attributes, before: &Value, value: &mut Value) {
    let Some(entries) = value.as_entries_mut() else { return };
    for (name, attribute) in attributes {
        let before = get(before, name);
        let Some(value) = entries.get_mut(name) else { continue };
        if before.is_null() || value.is_null() || before == value {
            continue;
        }
        if is_equivalent(attribute, before, value) {
            *value = before.clone();
        } else if let Kind::Nested(Nesting::Set, nested) = &attribute.kind {
            keep_elements(nested, before, value);
        } else if let Kind::Nested(nesting, nested) = &attribute.kind {
            change_objects(*nesting, value, |step, object| {
                if let Some(before) = counterpart(before, step) {
                    keep_equivalent(nested, before, object);
                }
            });
        }
    }
}

/// Whether the attribute's own rule says so.
fn is_equivalent(attribute: &Attribute, before: &Value, value: &Value) -> bool {
    attribute
        .equivalence
        .as_ref()
        .is_some_and(|rule| before.is_wholly_known() && value.is_wholly_known() && rule.holds(before, value))
}

/// Elements of sets have no place, so each is kept that means the same as one of those before; each of those once.
fn keep_elements(nested: &Attributes, before: &Value, value: &mut Value) {
    if !has_equivalence(nested) {
        return;
    }
    let (Value::Set(elements), Some(before)) = (&mut *value, before.as_elements()) else {
        return;
    };
    let elements = std::mem::take(elements);
    let mut free: Vec<&Value> = before.iter().filter(|before| !elements.contains(before)).collect();
    let kept = elements.into_iter().map(|element| {
        let same = |candidate: &&Value| same_object(nested, candidate, &element);
        match free.iter().position(same) {
            Some(found) if !before.contains(&element) => free.swap_remove(found).clone(),
            _ => element,
        }
    });
    *value = Value::set(kept.collect::<Vec<_>>());
}

fn has_equivalence(attributes: &Attributes) -> bool {
    attributes.iter().any(|(_, attribute)| {
        attribute.equivalence.is_some() || matches!(&attribute.kind, Kind::Nested(_, nested) if has_equivalence(nested))
    })
}

/// Whether keeping what is equivalent makes an object the one before.
fn same_object(nested: &Attributes, before: &Value, object: &Value) -> bool {
    let mut kept = object.clone();
    keep_equivalent(nested, before, &mut kept);
    kept == *before
}
