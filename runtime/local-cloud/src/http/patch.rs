//! Changing resources: JSON merge patches and update masks.

use serde_json::{Map, Value};

/// Applies `patch` as a JSON merge patch (RFC 7396), which is what Google's PATCH without a mask means.
pub(crate) fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                into.shift_remove(&name);
            }
            Value::Object(inner) => {
                let entry = into.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if !entry.is_object() {
                    *entry = Value::Object(Map::new());
                }
                if let Value::Object(existing) = entry {
                    merge(existing, inner);
                }
            }
            other => {
                into.insert(name, other);
            }
        }
    }
}

/// Sets each path of an update mask (`a,b.c`, in camel or snake case) to what `from` has there, or removes it.
pub(crate) fn masked(into: &mut Map<String, Value>, from: &Map<String, Value>, mask: &str) {
    for path in mask.split(',').map(str::trim).filter(|path| !path.is_empty()) {
        let path: Vec<String> = path.split('.').map(camel).collect();
        set_path(into, Some(from), &path);
    }
}

fn set_path(into: &mut Map<String, Value>, from: Option<&Map<String, Value>>, path: &[String]) {
    let Some((name, below)) = path.split_first() else {
        return;
    };
    let source = from.and_then(|from| from.get(name));
    if below.is_empty() {
        match source {
            Some(value) if !value.is_null() => into.insert(name.clone(), value.clone()),
            _ => into.shift_remove(name),
        };
        return;
    }
    let entry = into.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(existing) = entry {
        set_path(existing, source.and_then(Value::as_object), below);
        if existing.is_empty() {
            into.shift_remove(name);
        }
    }
}

/// `snake_case` as `snakeCase`.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        match c {
            '_' => raise = true,
            c if raise => {
                camel.push(c.to_ascii_uppercase());
                raise = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn merge_patches_and_masks() {
        let base = json!({"a": 1, "labels": {"x": "1", "y": "2"}, "list": [1, 2]});
        let mut merged = object(&base.clone());
        merge(
            &mut merged,
            object(&json!({"a": null, "labels": {"x": null, "z": "3"}, "list": [3], "new": {"n": null}})),
        );
        assert_eq!(
            Value::Object(merged),
            json!({"labels": {"y": "2", "z": "3"}, "list": [3], "new": {}})
        );

        let mut set = object(&base);
        masked(
            &mut set,
            &object(&json!({"labels": {"x": "9"}, "a": 5, "deepThing": {"b": true}})),
            "labels,deep_thing.b,list",
        );
        assert_eq!(
            Value::Object(set),
            json!({"a": 1, "labels": {"x": "9"}, "deepThing": {"b": true}})
        );
    }
}
