//! Filling in what the configuration leaves open.

use tfplugin_proto::Value;

use super::walk::{Attributes, NULL, change_objects, counterpart, get};
use crate::schema::{Kind, Nesting};

/// Puts defaults where the configuration is null.
pub(crate) fn fill_defaults(attributes: &Attributes, config: &Value, mut proposed: Value) -> Value {
    let Some(entries) = proposed.as_entries_mut() else {
        return proposed;
    };
    for (name, attribute) in attributes {
        let config = get(config, name);
        let Some(value) = entries.get_mut(name) else { continue };
        if config.is_null() {
            if let Some(default) = &attribute.default {
                *value = default.clone();
            }
            continue;
        }
        let Kind::Nested(nesting, nested) = &attribute.kind else {
            continue;
        };
        // Core cannot tell the elements of a set apart, so what it proposes there is the configuration's at best.
        if *nesting == Nesting::Set && !config.is_unknown() {
            let elements = config.as_elements().unwrap_or_default();
            *value = Value::set(
                elements
                    .iter()
                    .map(|element| fill_defaults(nested, element, element.clone())),
            );
            continue;
        }
        change_objects(*nesting, value, |step, object| {
            if let Some(config) = counterpart(config, step) {
                *object = fill_defaults(nested, config, std::mem::take(object));
            }
        });
    }
    proposed
}

/// Takes write-only values out: they must be in no plan and no state.
pub(crate) fn forget_write_only(attributes: &Attributes, value: &mut Value) {
    let Some(entries) = value.as_entries_mut() else { return };
    for (name, attribute) in attributes {
        let Some(value) = entries.get_mut(name) else { continue };
        if attribute.write_only {
            *value = Value::Null;
        } else if let Kind::Nested(nesting, nested) = &attribute.kind
            && has_write_only(nested)
        {
            change_objects(*nesting, value, |_, object| forget_write_only(nested, object));
        }
    }
}

fn has_write_only(attributes: &Attributes) -> bool {
    attributes.iter().any(|(_, attribute)| {
        attribute.write_only || matches!(&attribute.kind, Kind::Nested(_, nested) if has_write_only(nested))
    })
}

/// Something changes: what the provider computes is known only after apply, unless it said that it stays.
pub(crate) fn mark_unknown(attributes: &Attributes, config: &Value, proposed: &mut Value) {
    let Some(entries) = proposed.as_entries_mut() else {
        return;
    };
    for (name, attribute) in attributes {
        let config = get(config, name);
        let Some(value) = entries.get_mut(name) else { continue };
        if config.is_null() {
            let stays = attribute.default.is_some() || attribute.use_state_for_unknown && !value.is_null();
            if attribute.computed && !stays && !attribute.write_only {
                *value = Value::unknown();
            }
        } else if let Kind::Nested(nesting, nested) = &attribute.kind
            && *nesting != Nesting::Set
        {
            change_objects(*nesting, value, |step, object| {
                mark_unknown(nested, counterpart(config, step).unwrap_or(NULL), object);
            });
        }
    }
}

/// Makes an end of unknown values: for states of operations that failed half-way.
pub(crate) fn settle(value: Value) -> Value {
    match value {
        Value::Unknown(_) => Value::Null,
        Value::List(elements) => Value::List(elements.into_iter().map(settle).collect()),
        Value::Tuple(elements) => Value::Tuple(elements.into_iter().map(settle).collect()),
        Value::Set(elements) => Value::set(elements.into_iter().map(settle)),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, settle(value))).collect()),
        Value::Object(entries) => Value::Object(entries.into_iter().map(|(key, value)| (key, settle(value))).collect()),
        Value::Dynamic(ty, inner) => Value::Dynamic(ty, Box::new(settle(*inner))),
        known => known,
    }
}
