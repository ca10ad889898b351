//! Which of a resource's attributes the generated configurations set: one that none sets is untested, and fails by name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::hcl::{Body, Hcl};

/// The attributes that a user may set, as dotted paths.
fn settable(attributes: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    for (name, attribute) in attributes.as_object().into_iter().flatten() {
        let may = |key: &str| attribute[key] == true;
        if !may("required") && !may("optional") || prefix.is_empty() && name == "timeouts" {
            continue;
        }
        let path = format!("{prefix}{name}");
        settable(&attribute["nested_type"]["attributes"], &format!("{path}."), found);
        found.insert(path);
    }
}

/// The attributes that a body sets.
fn set_by(attributes: &Value, entries: &[(String, Hcl)], prefix: &str, found: &mut BTreeSet<String>) {
    for (name, value) in entries {
        let path = format!("{prefix}{name}");
        let nested = &attributes[name.as_str()]["nested_type"];
        below(nested, value, &format!("{path}."), found);
        found.insert(path);
    }
}

fn below(nested: &Value, value: &Hcl, prefix: &str, found: &mut BTreeSet<String>) {
    if !nested.is_object() {
        return;
    }
    match (nested["nesting_mode"].as_str(), value) {
        (Some("map"), Hcl::Object(entries)) => {
            for (_, value) in entries {
                if let Hcl::Object(entries) = value {
                    set_by(&nested["attributes"], entries, prefix, found);
                }
            }
        }
        (_, Hcl::Object(entries)) => set_by(&nested["attributes"], entries, prefix, found),
        (_, Hcl::List(elements)) => {
            for element in elements {
                if let Hcl::Object(entries) = element {
                    set_by(&nested["attributes"], entries, prefix, found);
                }
            }
        }
        _ => {}
    }
}

/// What no body sets, apart from what is excused, and excuses for what some body does set.
pub fn gaps(schema: &Value, bodies: &[Body], excused: &[(&str, &str)]) -> Vec<String> {
    let attributes = &schema["block"]["attributes"];
    let (mut may, mut does) = (BTreeSet::new(), BTreeSet::new());
    settable(attributes, "", &mut may);
    for body in bodies {
        set_by(attributes, &body.0, "", &mut does);
    }
    let is_excused = |path: &str| {
        excused
            .iter()
            .any(|(excuse, _)| path == *excuse || path.starts_with(&format!("{excuse}.")))
    };
    let unset = may
        .difference(&does)
        .filter(|path| !is_excused(path))
        .map(|path| format!("{path} is never set"));
    let idle = excused
        .iter()
        .filter(|(path, _)| does.contains(*path) || !may.contains(*path))
        .map(|(path, _)| format!("{path} is excused for nothing"));
    unset.chain(idle).collect()
}
