//! Offline checks of a configuration against its schema.

use tfplugin_proto::Value;

use super::walk::{Attributes, below, get, objects};
use crate::schema::Kind;
use crate::{Diagnostic, Diagnostics, Path, Schema};

/// Runs the rules of each attribute and those that span several. (That required attributes are set and types are right,
/// core has seen to.)
pub(crate) fn validate(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    check(&schema.attributes, config, &Path::root(), &mut found);
    for rule in &schema.checks {
        found.extend(rule.run(config));
    }
    found
}

/// For a client that does not know write-only attributes: it would keep their values, so they must not be set.
pub(crate) fn refuse_write_only(attributes: &Attributes, config: &Value, here: &Path, found: &mut Diagnostics) {
    for (name, attribute) in attributes {
        let (value, path) = (get(config, name), here.child(name));
        if attribute.write_only && !value.is_null() {
            found.push(
                Diagnostic::invalid(path.clone(), format!("`{path}` needs Terraform 1.11 or newer"))
                    .detail("It is write-only. This version of Terraform would store it in the state."),
            );
        }
        if let Kind::Nested(nesting, nested) = &attribute.kind {
            for (step, object) in objects(*nesting, value) {
                refuse_write_only(nested, object, &below(&path, step), found);
            }
        }
    }
}

fn check(attributes: &Attributes, config: &Value, here: &Path, found: &mut Diagnostics) {
    for (name, attribute) in attributes {
        let value = get(config, name);
        if value.is_null() {
            continue;
        }
        let path = here.child(name);
        if let Some(instead) = &attribute.deprecated {
            found.push(
                Diagnostic::warning(format!("`{path}` is deprecated"))
                    .detail(instead)
                    .at(path.clone()),
            );
        }
        for rule in &attribute.validators {
            for (path, text) in rule.check(value, &path) {
                // A rule that quotes a secret must not print it.
                let text = if attribute.sensitive || attribute.write_only {
                    rule.description()
                } else {
                    &text
                };
                found.push(Diagnostic::invalid(path.clone(), format!("invalid value for `{path}`")).detail(text));
            }
        }
        if let Kind::Nested(nesting, nested) = &attribute.kind {
            for (step, object) in objects(*nesting, value) {
                check(nested, object, &below(&path, step), found);
            }
        }
    }
}
