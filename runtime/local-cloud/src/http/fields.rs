//! Partial responses: the `fields` parameter, <https://cloud.google.com/storage/docs/json_api#partial-response>.

use serde_json::{Map, Value};

use super::answer::ApiError;

/// What is to be kept of a value.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Fields {
    /// Nothing below: the whole value is kept.
    children: Vec<(String, Fields)>,
}

impl Fields {
    /// Parses `a,b/c,d(e,f/g),*`.
    pub(crate) fn parse(text: &str) -> Result<Fields, ApiError> {
        let mut rest = text;
        let fields = Self::list(&mut rest)?;
        if rest.is_empty() {
            Ok(fields)
        } else {
            Err(Self::error(text))
        }
    }

    fn error(text: &str) -> ApiError {
        ApiError::new(
            400,
            "INVALID_ARGUMENT",
            "invalidParameter",
            format!("Invalid field selection {text}"),
        )
    }

    fn list(rest: &mut &str) -> Result<Fields, ApiError> {
        let mut fields = Fields::default();
        loop {
            Self::path(rest, &mut fields)?;
            match rest.strip_prefix(',') {
                Some(tail) => *rest = tail,
                None => return Ok(fields),
            }
        }
    }

    fn path(rest: &mut &str, into: &mut Fields) -> Result<(), ApiError> {
        let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        if name.is_empty() {
            return Err(Self::error(rest));
        }
        *rest = &rest[end..];
        let child = into.child(name);
        if let Some(tail) = rest.strip_prefix('/') {
            *rest = tail;
            Self::path(rest, child)?;
        } else if let Some(tail) = rest.strip_prefix('(') {
            *rest = tail;
            let inner = Self::list(rest)?;
            *rest = rest.strip_prefix(')').ok_or_else(|| Self::error(rest))?;
            child.children.extend(inner.children);
        }
        Ok(())
    }

    fn child(&mut self, name: &str) -> &mut Fields {
        let at = self
            .children
            .iter()
            .position(|(known, _)| known == name)
            .unwrap_or_else(|| {
                self.children.push((name.to_owned(), Fields::default()));
                self.children.len() - 1
            });
        &mut self.children[at].1
    }

    /// What remains of `value`. A list is filtered element by element.
    pub(crate) fn apply(&self, value: Value) -> Value {
        if self.children.is_empty() {
            return value;
        }
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.apply(item)).collect()),
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, value) in object {
                    let own = self.children.iter().find(|(known, _)| *known == name || known == "*");
                    if let Some((_, below)) = own {
                        kept.insert(name, below.apply(value));
                    }
                }
                Value::Object(kept)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_select_parts() {
        let list = json!({"kind": "k", "items": [{"name": "a", "size": "1", "owner": {"id": 1, "x": 2}}], "next": "t"});
        for (fields, expected) in [
            ("next", json!({"next": "t"})),
            ("items/name,kind", json!({"kind": "k", "items": [{"name": "a"}]})),
            (
                "items(name,owner/id),next",
                json!({"items": [{"name": "a", "owner": {"id": 1}}], "next": "t"}),
            ),
            (
                "items/*/id",
                json!({"items": [{"name": "a", "size": "1", "owner": {"id": 1}}]}),
            ),
            ("*", list.clone()),
            ("missing", json!({})),
        ] {
            assert_eq!(
                Fields::parse(fields).map(|f| f.apply(list.clone())).ok(),
                Some(expected),
                "{fields}"
            );
        }
        for bad in ["", "a(", "a(b", "a)", "a,,b", "/a"] {
            assert!(Fields::parse(bad).is_err(), "{bad}");
        }
    }
}
