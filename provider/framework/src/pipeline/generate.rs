//! A configuration that a state could have come from: what `terraform query` and imports write for the user.

use tfplugin_proto::Value;

use super::walk::{Attributes, change_objects};
use crate::Schema;
use crate::schema::Kind;

/// Keeps what a user would write: not what only the provider sets, what a default says anyway, or what is deprecated;
/// and of attributes that exclude each other the first.
pub(crate) fn configuration(schema: &Schema, mut state: Value) -> Value {
    strip(&schema.attributes, &mut state);
    // Each round settles one conflict, so there are no more rounds than attributes.
    for _ in 0..schema.attributes.len() {
        let conflicts = schema.checks.iter().flat_map(|check| check.run(&state));
        let Some(path) = conflicts.map(|found| found.path).find(|path| !path.is_root()) else {
            break;
        };
        let Some(place) = super::walk::lookup_mut(&mut state, &path) else {
            break;
        };
        if place.is_null() {
            break;
        }
        *place = Value::Null;
    }
    state
}

fn strip(attributes: &Attributes, value: &mut Value) {
    let Some(entries) = value.as_entries_mut() else { return };
    for (name, attribute) in attributes {
        let Some(value) = entries.get_mut(name) else { continue };
        let only_computed = attribute.computed && !attribute.optional;
        let said_anyway = attribute.default.as_ref() == Some(value);
        if only_computed || said_anyway || attribute.write_only || attribute.deprecated.is_some() {
            *value = Value::Null;
        } else if let Kind::Nested(nesting, nested) = &attribute.kind {
            change_objects(*nesting, value, |_, object| strip(nested, object));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attribute, conflicts_with};

    #[test]
    fn only_what_a_user_would_write_is_kept() {
        let text = Attribute::string;
        let inner = [
            ("a", text().required()),
            ("made", text().computed()),
            ("mode", text().default("fast")),
        ];
        let schema = Schema::new([
            ("name", text().required()),
            ("id", text().computed()),
            ("region", text().optional_computed()),
            ("kind", text().default("plain")),
            ("old", text().optional().deprecated("use `name`")),
            ("secret", text().optional().write_only()),
            ("list", Attribute::list_of(inner).optional()),
            ("x", text().optional()),
            ("y", text().optional()),
        ])
        .check(conflicts_with(["x", "y"]));
        let object = |mode: &str| Value::object([("a", Value::from("1")), ("made", "2".into()), ("mode", mode.into())]);
        let state = Value::object([
            ("name", Value::from("n")),
            ("id", "i".into()),
            ("region", "r".into()),
            ("kind", "plain".into()),
            ("old", "o".into()),
            ("secret", Value::Null),
            ("list", Value::list([object("fast"), object("slow")])),
            ("x", "1".into()),
            ("y", "2".into()),
        ]);
        let kept = |mode: Value| Value::object([("a", Value::from("1")), ("made", Value::Null), ("mode", mode)]);
        let wanted = Value::object([
            ("name", Value::from("n")),
            ("id", Value::Null),
            ("region", "r".into()),
            ("kind", Value::Null),
            ("old", Value::Null),
            ("secret", Value::Null),
            ("list", Value::list([kept(Value::Null), kept("slow".into())])),
            ("x", "1".into()),
            ("y", Value::Null),
        ]);
        assert_eq!(configuration(&schema, state), wanted);
    }
}
