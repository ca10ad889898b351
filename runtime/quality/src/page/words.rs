//! What is demanded, in words: a check's own name, and its arguments behind it.

use serde_json::Value;

use super::Entry;

/// So many of a list's values are written.
const LISTED: usize = 12;

/// What an expectation demands, in a line.
pub fn demanded(entry: &Entry) -> String {
    let mut text = entry.check.replace('_', " ");
    let arguments = entry.expected.get(&entry.check).unwrap_or(&entry.expected);
    let mut parts = Vec::new();
    if let Value::Object(named) = arguments {
        for (name, value) in named {
            // The columns stand before it.
            if matches!(name.as_str(), "column" | "columns" | "left" | "right") || is_default(value) {
                continue;
            }
            parts.push(argument(name, value));
        }
    }
    if let (Some(left), Some(right)) = (arguments["left"].as_str(), arguments["right"].as_str()) {
        let operator = arguments["op"].as_str().unwrap_or("and");
        parts.retain(|part| !part.starts_with("op "));
        parts.insert(0, format!("{left} {operator} {right}"));
    }
    if !parts.is_empty() {
        text.push_str(": ");
        text.push_str(&parts.join("; "));
    }
    text
}

/// What need not be said.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(word) => matches!(word.as_str(), "any_missing" | "any"),
        _ => false,
    }
}

fn argument(name: &str, value: &Value) -> String {
    match (name, value) {
        // Bounds and sets say of what type they are, which their values show.
        ("bounds" | "values", Value::Object(typed)) => {
            let parts: Vec<String> = typed.values().map(one).collect();
            parts.join(", ")
        }
        _ => format!("{} {}", name.replace('_', " "), one(value)),
    }
}

fn one(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let mut text = list.iter().take(LISTED).map(one).collect::<Vec<_>>().join(", ");
            if list.len() > LISTED {
                text.push_str(&format!(" and {} more", list.len() - LISTED));
            }
            text
        }
        Value::Object(named) => {
            let bound = |key: &str| named.get(key).map(one);
            let strict = |key: &str| named.get(key).and_then(Value::as_bool).unwrap_or_default();
            let is_range = named
                .keys()
                .all(|key| matches!(key.as_str(), "min" | "max" | "strict_min" | "strict_max"));
            if is_range {
                let least = bound("min").map(|m| {
                    if strict("strict_min") {
                        format!("above {m}")
                    } else {
                        format!("from {m}")
                    }
                });
                let most = bound("max").map(|m| {
                    if strict("strict_max") {
                        format!("below {m}")
                    } else {
                        format!("to {m}")
                    }
                });
                return least.into_iter().chain(most).collect::<Vec<_>>().join(" ");
            }
            let parts: Vec<String> = named.iter().map(|(name, value)| argument(name, value)).collect();
            parts.join(", ")
        }
        other => other.to_string(),
    }
}
