//! Fields of documents as attributes: what Google leaves out when it is empty, and numbers that travel as text.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use tfplugin_framework::Attr;

/// Text. Absent and empty are the same to Google: what the state says stays.
pub(crate) fn text(field: &Json, state: &Attr<String>) -> Attr<String> {
    match field.as_str().unwrap_or_default() {
        "" if state.as_deref() == Some("") => state.clone(),
        "" => Attr::Null,
        text => text.into(),
    }
}

/// A whole number, which JSON of Google's writes as text when it has 64 bits.
pub(crate) fn number(field: &Json) -> Attr<i64> {
    let number = field.as_i64().or_else(|| field.as_str()?.parse().ok());
    number.into()
}

/// A flag, absent when it is false.
pub(crate) fn flag(field: &Json) -> Attr<bool> {
    field.as_bool().unwrap_or(false).into()
}

/// Texts in a list or set. None and an empty one are the same: what the state says stays.
pub(crate) fn texts(field: &Json, state: &Attr<Vec<Attr<String>>>) -> Attr<Vec<Attr<String>>> {
    let found = field.as_array().into_iter().flatten().filter_map(Json::as_str);
    let found: Vec<Attr<String>> = found.map(Attr::from).collect();
    match state {
        Attr::Known(texts) if texts.is_empty() && found.is_empty() => state.clone(),
        _ if found.is_empty() => Attr::Null,
        _ => found.into(),
    }
}

/// A map of text, of the keys that `is_users` accepts. None and an empty one are the same: what the state says stays.
pub(crate) fn map(
    field: &Json,
    state: &Attr<BTreeMap<String, Attr<String>>>,
    is_users: impl Fn(&str) -> bool,
) -> Attr<BTreeMap<String, Attr<String>>> {
    let entries = field.as_object().into_iter().flat_map(Map::iter);
    let found: BTreeMap<String, Attr<String>> = entries
        .filter(|(key, _)| is_users(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())))
        .collect();
    match state {
        Attr::Known(map) if map.is_empty() && found.is_empty() => state.clone(),
        _ if found.is_empty() => Attr::Null,
        _ => found.into(),
    }
}

/// A map of text as a document; null when it is not set or not known.
pub(crate) fn map_document(map: &Attr<BTreeMap<String, Attr<String>>>) -> Json {
    match map.known() {
        Some(map) => {
            let entries = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_deref()?.into())));
            Json::Object(entries.collect())
        }
        None => Json::Null,
    }
}

/// A set of text as a document, in order, so that two of the same elements are the same document.
pub(crate) fn set_document(texts: &Attr<Vec<Attr<String>>>) -> Json {
    match texts.known() {
        Some(texts) => {
            let mut texts: Vec<&str> = texts.iter().filter_map(Attr::as_deref).collect();
            texts.sort_unstable();
            json!(texts)
        }
        None => Json::Null,
    }
}
