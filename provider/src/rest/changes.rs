//! What differs between two documents, and the body that changes it.

use serde_json::{Map, Value as Json};

use crate::labels;

/// A document without its nulls: absent and null say the same in a body.
pub(crate) fn stripped(document: &Json) -> Json {
    match document {
        Json::Object(fields) => Json::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), stripped(value)))
                .collect(),
        ),
        Json::Array(elements) => Json::Array(elements.iter().map(stripped).collect()),
        other => other.clone(),
    }
}

/// The top-level fields in which a document is not as wanted.
pub(crate) fn differing<'a>(wanted: &'a Json, present: &Json) -> Vec<&'a str> {
    let fields = wanted.as_object().into_iter().flat_map(Map::iter);
    fields
        .filter(|(name, value)| stripped(value) != stripped(&present[name.as_str()]))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// The body of a patch of these fields, under the etag of what is there. Google's own labels stay.
pub(super) fn body(wanted: &Json, present: &Json, fields: &[&str]) -> Json {
    let mut body = Map::new();
    for name in fields {
        let value = stripped(&wanted[*name]);
        let value = if *name == "labels" {
            labels::with_googles(&present["labels"], &value)
        } else {
            value
        };
        if !value.is_null() {
            body.insert((*name).to_owned(), value);
        }
    }
    if let Some(etag) = present.get("etag").filter(|etag| etag.is_string()) {
        body.insert("etag".to_owned(), etag.clone());
    }
    Json::Object(body)
}
