//! Core's rules for what a provider may answer, checked here first: the message can name the resource's mistake.

use tfplugin_proto::Value;

use super::walk::{Attributes, below, counterpart, get, objects};
use crate::schema::{Attribute, Kind, Nesting};
use crate::{Diagnostic, Diagnostics, Path, Schema};

const BUG: &str = "This is a bug in the provider, not in your configuration.";

fn bug(resource: &str, path: &Path, text: impl Into<String>) -> Diagnostic {
    Diagnostic::error(format!("{resource}: the provider contradicts itself about `{path}`"))
        .detail(text)
        .hint(BUG)
        .at(path.clone())
}

/// For messages; what is sensitive stays unsaid.
fn show(attribute: &Attribute, value: &Value) -> String {
    if attribute.sensitive || attribute.write_only {
        return "(a sensitive value)".to_owned();
    }
    match value.plain() {
        Value::String(text) if text.len() <= 80 => format!("{text:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.normalized().to_plain_string(),
        other => other.kind().to_owned(),
    }
}

/// A plan may differ from the configuration only where the user left something open, or by keeping the prior value.
pub(crate) fn check_plan(
    resource: &str,
    schema: &Schema,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Diagnostics {
    let mut found = Diagnostics::new();
    plan(
        resource,
        &schema.attributes,
        [prior, config, planned],
        &Path::root(),
        &mut found,
    );
    found
}

fn plan(
    resource: &str,
    attributes: &Attributes,
    [prior, config, planned]: [&Value; 3],
    here: &Path,
    found: &mut Diagnostics,
) {
    for (name, attribute) in attributes {
        let [prior, config, planned] = [get(prior, name), get(config, name), get(planned, name)];
        let path = here.child(name);
        let mut wrong = |text: String| found.push(bug(resource, &path, text));
        if attribute.write_only {
            if !planned.is_null() {
                wrong("The plan holds a write-only value.".to_owned());
            }
            continue;
        }
        if config.is_null() {
            if !attribute.computed && !planned.is_null() {
                let planned = show(attribute, planned);
                wrong(format!(
                    "It is neither set in the configuration nor computed, but the plan says {planned}."
                ));
            }
            continue;
        }
        if planned == config || planned == prior {
            continue;
        }
        match &attribute.kind {
            // Inside a set only defaults may differ, and those were filled in by the framework.
            Kind::Nested(Nesting::Set, _) if !config.is_unknown() && size(config) == size(planned) => {}
            Kind::Nested(nesting, nested) if *nesting != Nesting::Set && same_shape(*nesting, config, planned) => {
                for (step, planned) in objects(*nesting, planned) {
                    let config = counterpart(config, step.as_ref()).unwrap_or(&Value::Null);
                    let prior = counterpart(prior, step.as_ref()).unwrap_or(&Value::Null);
                    plan(resource, nested, [prior, config, planned], &below(&path, step), found);
                }
            }
            _ => {
                let (config, planned) = (show(attribute, config), show(attribute, planned));
                wrong(format!("The configuration says {config}, the plan says {planned}."));
            }
        }
    }
}

fn size(value: &Value) -> Option<usize> {
    value.as_elements().map(<[Value]>::len)
}

/// Whether both are known and have the same elements to compare.
fn same_shape(nesting: Nesting, a: &Value, b: &Value) -> bool {
    let steps = |value: &Value| {
        objects(nesting, value)
            .into_iter()
            .map(|(step, _)| step)
            .collect::<Vec<_>>()
    };
    [a, b].iter().all(|value| !value.is_null() && !value.is_unknown()) && steps(a) == steps(b)
}

/// What was known in the plan must have come true, and nothing may be left unknown.
pub(crate) fn check_applied(resource: &str, schema: &Schema, planned: &Value, applied: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    for (name, attribute) in &schema.attributes {
        let path = Path::attr(name);
        applied_value(
            resource,
            attribute,
            [get(planned, name), get(applied, name)],
            &path,
            &mut found,
        );
    }
    found
}

fn applied_value(
    resource: &str,
    attribute: &Attribute,
    [planned, applied]: [&Value; 2],
    path: &Path,
    found: &mut Diagnostics,
) {
    if applied.is_unknown() {
        return found.push(bug(resource, path, "It is still unknown after apply."));
    }
    if planned.is_unknown() {
        if !applied.is_wholly_known() {
            found.push(bug(resource, path, "A part of it is still unknown after apply."));
        } else if let Some(promise) = planned.refinements().and_then(|known| known.contradicted_by(applied)) {
            let applied = show(attribute, applied);
            found.push(bug(
                resource,
                path,
                format!("The plan promised that {promise}, after apply it is {applied}."),
            ));
        }
        return;
    }
    if planned == applied {
        return;
    }
    if let Kind::Nested(nesting, nested) = &attribute.kind
        && *nesting != Nesting::Set
        && same_shape(*nesting, planned, applied)
    {
        for (step, planned) in objects(*nesting, planned) {
            let applied = counterpart(applied, step.as_ref()).unwrap_or(&Value::Null);
            for (name, attribute) in nested {
                let path = below(path, step.clone()).child(name);
                applied_value(
                    resource,
                    attribute,
                    [get(planned, name), get(applied, name)],
                    &path,
                    found,
                );
            }
        }
        return;
    }
    if !fulfils(planned, applied) {
        let (planned, applied) = (show(attribute, planned), show(attribute, applied));
        found.push(bug(
            resource,
            path,
            format!("The plan said {planned}, after apply it is {applied}."),
        ));
    }
}

/// Whether `applied` is `planned` with its unknown parts filled in.
fn fulfils(planned: &Value, applied: &Value) -> bool {
    match (planned, applied) {
        (Value::Unknown(known), applied) => {
            let kept = known
                .as_ref()
                .is_none_or(|known| known.contradicted_by(applied).is_none());
            kept && applied.is_wholly_known()
        }
        (Value::List(planned), Value::List(applied)) | (Value::Tuple(planned), Value::Tuple(applied)) => {
            planned.len() == applied.len()
                && planned
                    .iter()
                    .zip(applied)
                    .all(|(planned, applied)| fulfils(planned, applied))
        }
        // Elements of sets cannot be paired; each planned one must be fulfilled by some element.
        (Value::Set(planned), Value::Set(applied)) => {
            applied.len() <= planned.len()
                && applied.iter().all(Value::is_wholly_known)
                && planned
                    .iter()
                    .all(|planned| applied.iter().any(|applied| fulfils(planned, applied)))
        }
        (Value::Map(planned), Value::Map(applied)) | (Value::Object(planned), Value::Object(applied)) => {
            planned.len() == applied.len()
                && planned
                    .iter()
                    .all(|(key, planned)| applied.get(key).is_some_and(|applied| fulfils(planned, applied)))
        }
        (Value::Dynamic(_, planned), applied) => fulfils(planned, applied.plain()),
        (planned, applied) => planned == applied,
    }
}

/// A data source returns what the user set as it was set, and nothing unknown.
pub(crate) fn check_read(resource: &str, schema: &Schema, config: &Value, read: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    for (name, attribute) in &schema.attributes {
        let (config, read, path) = (get(config, name), get(read, name), Path::attr(name));
        if !read.is_wholly_known() {
            found.push(bug(resource, &path, "It is unknown after it was read."));
        } else if !config.is_null() && attribute.nested_attributes().is_none() && config != read {
            let (config, read) = (show(attribute, config), show(attribute, read));
            found.push(bug(
                resource,
                &path,
                format!("The configuration says {config}, the result says {read}."),
            ));
        }
    }
    found
}
