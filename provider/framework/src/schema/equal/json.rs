//! JSON documents.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tfplugin_proto::Value;

use super::{decimal, texts};

/// Deeper documents are not looked into: they are the same only if their texts are.
const MAX_DEPTH: usize = 64;

/// A document free of spaces, order of keys and spelling of numbers and text. Numbers stay exact.
#[derive(PartialEq, Eq)]
enum Document {
    Null,
    Bool(bool),
    Number((bool, String, i64)),
    Text(String),
    Array(Vec<Document>),
    Object(BTreeMap<String, Document>),
}

/// The same JSON document, whatever its spaces, its order of keys and the spelling of its numbers and escapes.
pub fn json(a: &Value, b: &Value) -> bool {
    let document = |text: &str| document(serde_json::from_str(text).ok()?, 0);
    texts(a, b, |a, b| {
        a == b || matches!((document(a), document(b)), (Some(a), Some(b)) if a == b)
    })
}

fn document(raw: &RawValue, depth: usize) -> Option<Document> {
    let text = raw.get();
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match text.bytes().next()? {
        b'n' => Document::Null,
        b't' => Document::Bool(true),
        b'f' => Document::Bool(false),
        b'"' => Document::Text(serde_json::from_str(text).ok()?),
        b'[' => {
            let parts: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Document::Array(
                parts
                    .into_iter()
                    .map(|part| document(part, depth + 1))
                    .collect::<Option<_>>()?,
            )
        }
        b'{' => {
            let parts: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let parts = parts
                .into_iter()
                .map(|(key, part)| Some((key, document(part, depth + 1)?)));
            Document::Object(parts.collect::<Option<_>>()?)
        }
        _ => Document::Number(decimal(text)?),
    })
}
