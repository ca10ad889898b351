//! Which changes replace the object.

use tfplugin_proto::Value;

use super::walk::{Attributes, below, counterpart, get, lookup, objects};
use crate::schema::Kind;
use crate::{Path, Schema};

/// The paths that ask for replacement: by the schema's rules and by the resource itself; sorted, each once, and only
/// where the value really changes.
pub(crate) fn requires_replace(schema: &Schema, prior: &Value, planned: &Value, asked: &[Path]) -> Vec<Path> {
    if prior.is_null() || planned.is_null() {
        return Vec::new();
    }
    let mut paths = Vec::new();
    collect(&schema.attributes, prior, planned, &Path::root(), &mut paths);
    paths.extend(
        asked
            .iter()
            .filter(|path| lookup(prior, path) != lookup(planned, path))
            .cloned(),
    );
    paths.sort();
    paths.dedup();
    paths
}

fn collect(attributes: &Attributes, prior: &Value, planned: &Value, here: &Path, paths: &mut Vec<Path>) {
    for (name, attribute) in attributes {
        let (prior, planned) = (get(prior, name), get(planned, name));
        if prior == planned {
            continue;
        }
        let path = here.child(name);
        if attribute.replace.iter().any(|rule| rule.applies(prior, planned)) {
            paths.push(path.clone());
        }
        // Rules inside nested attributes are about changes of an element, not about its coming or going.
        if let Kind::Nested(nesting, nested) = &attribute.kind {
            for (step, object) in objects(*nesting, planned) {
                if let Some(prior) = counterpart(prior, step.as_ref()).filter(|prior| !prior.is_null()) {
                    collect(nested, prior, object, &below(&path, step), paths);
                }
            }
        }
    }
}
