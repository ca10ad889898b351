//! The environment variables of what Cloud Run executes: between an attribute and a container.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tfplugin_framework::Attr;

/// Variables by name.
pub(crate) type Environment = BTreeMap<String, Attr<String>>;

/// As a container lists them.
pub(crate) fn wanted(environment: &Attr<Environment>) -> impl Iterator<Item = Json> {
    let all = environment.known().into_iter().flatten();
    all.filter_map(|(name, value)| Some(json!({"name": name, "value": value.as_deref()?})))
}

/// What a container has, but for `own`, which nobody declares. None is told as it was: null or empty.
pub(crate) fn read(container: &Json, state: &Attr<Environment>, own: &[&str]) -> Attr<Environment> {
    let variables = container["env"].as_array().into_iter().flatten();
    let found: Environment = variables
        .filter_map(|variable| {
            let name = variable["name"].as_str().filter(|name| !own.contains(name))?;
            Some((name.to_owned(), variable["value"].as_str().unwrap_or_default().into()))
        })
        .collect();
    match state {
        Attr::Known(state) if state.is_empty() && found.is_empty() => Attr::Known(found),
        _ if found.is_empty() => Attr::Null,
        _ => found.into(),
    }
}
