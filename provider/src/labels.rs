//! Labels: what the user sets, and the few of our own that say who made a resource and how it wants to be destroyed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tfplugin_framework::Attr;

/// The labels of a model; values may be unknown while planning.
pub(crate) type Labels = BTreeMap<String, Attr<String>>;

/// Ours begin so, and users may not set them.
pub(crate) const RESERVED: &str = "headwater-";
/// Made by this provider.
pub(crate) const MANAGED: &str = "headwater-managed";
/// Destroying it destroys its contents: kept with the resource so that an import finds it.
pub(crate) const FORCE_DESTROY: &str = "headwater-force-destroy";

/// The labels that a resource shall have: the user's and ours.
pub(crate) fn wanted(user: &Attr<Labels>, force_destroy: bool) -> Map<String, Value> {
    let mut labels = user_labels(user);
    labels.insert(MANAGED.into(), "true".into());
    if force_destroy {
        labels.insert(FORCE_DESTROY.into(), "true".into());
    }
    labels
}

/// The user's labels as a document.
pub(crate) fn user_labels(user: &Attr<Labels>) -> Map<String, Value> {
    let known = user.known().into_iter().flatten();
    known
        .filter_map(|(key, value)| Some((key.clone(), value.as_deref()?.into())))
        .collect()
}

/// A change that leads from the present labels to the wanted ones in an API that merges: what is gone is set to null.
/// Labels that Google puts on resources stay.
pub(crate) fn change(present: &Value, wanted: Map<String, Value>) -> Value {
    let mut change = wanted;
    for key in present.as_object().into_iter().flat_map(Map::keys) {
        if !is_googles(key) && !change.contains_key(key) {
            change.insert(key.clone(), Value::Null);
        }
    }
    Value::Object(change)
}

/// Labels in an API that replaces them whole: Google's own among the present ones stay.
pub(crate) fn with_googles(present: &Value, wanted: &Value) -> Value {
    let googles = present.as_object().into_iter().flatten();
    let googles = googles.filter(|(key, _)| is_googles(key));
    let mut labels = googles
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<Map<_, _>>();
    labels.extend(wanted.as_object().cloned().unwrap_or_default());
    Value::Object(labels)
}

/// The user's labels among those of a resource. None and an empty map mean the same; what the state says stays.
pub(crate) fn read(present: &Value, state: &Attr<Labels>) -> Attr<Labels> {
    let found: Labels = present
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !key.starts_with(RESERVED) && !is_googles(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())))
        .collect();
    match state {
        Attr::Known(labels) if labels.is_empty() && found.is_empty() => state.clone(),
        _ if found.is_empty() => Attr::Null,
        _ => found.into(),
    }
}

/// Whether a label of ours is set.
pub(crate) fn has(present: &Value, label: &str) -> bool {
    present[label].as_str() == Some("true")
}

fn is_googles(key: &str) -> bool {
    key.starts_with("goog-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn our_labels_and_googles_are_not_the_users() {
        let present = json!({"team": "crm", "headwater-managed": "true", "goog-terraform-provisioned": "true"});
        let read = read(&present, &Attr::Null);
        assert_eq!(read, Attr::Known([("team".to_owned(), Attr::from("crm"))].into()));
        assert!(has(&present, MANAGED) && !has(&present, FORCE_DESTROY));
    }

    #[test]
    fn none_and_empty_are_the_same() {
        assert_eq!(
            read(&Value::Null, &Attr::Known(Labels::new())),
            Attr::Known(Labels::new())
        );
        assert_eq!(read(&json!({}), &Attr::Null), Attr::Null);
    }

    #[test]
    fn what_is_gone_is_cleared() {
        let present = json!({"old": "x", "kept": "y", "goog-z": "z"});
        let user = Attr::Known(Labels::from([("kept".into(), "y".into()), ("new".into(), "n".into())]));
        let expected = json!({"kept": "y", "new": "n", "old": null, "headwater-managed": "true"});
        assert_eq!(change(&present, wanted(&user, false)), expected);
    }
}
