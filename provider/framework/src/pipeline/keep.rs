//! Keeping the spelling that is there when another one means the same.

use tfplugin_proto::Value;

use super::walk::{Attributes, change_objects, counterpart, get};
use crate::schema::Kind;

/// Where `value` is equivalent to `before`, it becomes `before`.
pub(crate) fn keep_equivalent(attributes: &Attributes, before: &Value, value: &mut Value) {
    let Some(entries) = value.as_entries_mut() else { return };
    for (name, attribute) in attributes {
        let before = get(before, name);
        let Some(value) = entries.get_mut(name) else { continue };
        if before.is_null() || value.is_null() || before == value {
            continue;
        }
        if let Some(equivalence) = &attribute.equivalence
            && before.is_wholly_known()
            && value.is_wholly_known()
            && equivalence.holds(before, value)
        {
            *value = before.clone();
        } else if let Kind::Nested(nesting, nested) = &attribute.kind {
            change_objects(*nesting, value, |step, object| {
                if let Some(before) = counterpart(before, step) {
                    keep_equivalent(nested, before, object);
                }
            });
        }
    }
}
