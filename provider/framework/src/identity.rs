//! What tells an object from all others of its kind for good: newer Terraforms store it, import by it and list by it.

use tfplugin_proto::{Type, Value};

use crate::{Diagnostic, Diagnostics, Path, Schema};

/// The identity of a resource: those of its attributes that together name one object, and the id that they make up.
///
/// ```
/// # use tfplugin_framework::Identity;
/// let identity = Identity::new("projects/{project}/topics/{name}").or("{name}");
/// ```
///
/// Each name in braces is a top-level attribute of the resource, of a primitive type. What the identity of an object is
/// follows from its state; nothing else has to be done. Importing by identity makes the id and calls
/// [`Resource::import`](crate::Resource::import).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    format: Format,
    short: Option<Format>,
    version: i64,
    mutable: bool,
}

/// An id with attributes in it: what precedes each, and its name; then the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Format {
    parts: Vec<(String, String)>,
    rest: String,
}

impl Format {
    fn parse(text: &str) -> Self {
        let mut format = Format {
            parts: Vec::new(),
            rest: String::new(),
        };
        let mut rest = text;
        while let Some((before, name, after)) = rest
            .split_once('{')
            .and_then(|(before, inside)| inside.split_once('}').map(|(name, after)| (before, name, after)))
        {
            format.parts.push((before.to_owned(), name.to_owned()));
            rest = after;
        }
        rest.clone_into(&mut format.rest);
        format
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(_, name)| name.as_str())
    }

    /// The id, or the name of the first attribute that is not there.
    fn fill(&self, identity: &Value) -> Result<String, &str> {
        let mut id = String::new();
        for (before, name) in &self.parts {
            id.push_str(before);
            match identity.get(name).map(Value::plain) {
                Some(Value::String(text)) => id.push_str(text),
                Some(Value::Number(number)) => id.push_str(&number.normalized().to_plain_string()),
                Some(Value::Bool(value)) => id.push_str(&value.to_string()),
                _ => return Err(name),
            }
        }
        id.push_str(&self.rest);
        Ok(id)
    }
}

impl Identity {
    /// The attributes and the id that `import` understands: `projects/{project}/topics/{name}`.
    pub fn new(format: &str) -> Self {
        Identity {
            format: Format::parse(format),
            short: None,
            version: 0,
            mutable: false,
        }
    }

    /// A shorter id that `import` understands, too. Attributes that are not in it need not be given for an import.
    #[must_use]
    pub fn or(mut self, short: &str) -> Self {
        self.short = Some(Format::parse(short));
        self
    }

    /// The version of its shape; raise it when
    /// [`Resource::upgrade_identity`](crate::Resource::upgrade_identity) must convert.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// An object keeps its identity for life, and a change is refused as a bug of the provider, unless this is said.
    #[must_use]
    pub fn mutable(mut self) -> Self {
        self.mutable = true;
        self
    }

    /// The attributes in the order of the id, and whether an import must give them.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, bool)> {
        let required = |name: &str| {
            self.short
                .as_ref()
                .is_none_or(|short| short.names().any(|other| other == name))
        };
        self.format.names().map(move |name| (name, required(name)))
    }

    /// The version of its shape.
    pub fn schema_version(&self) -> i64 {
        self.version
    }

    /// Whether an object's identity may change.
    pub fn is_mutable(&self) -> bool {
        self.mutable
    }

    /// The id of the object with this identity: an object of the attributes, of which some may be null.
    pub fn id(&self, identity: &Value) -> Result<String, Diagnostic> {
        let forms = [Some(&self.format), self.short.as_ref()];
        let mut missing = None;
        for form in forms.into_iter().flatten() {
            match form.fill(identity) {
                Ok(id) => return Ok(id),
                Err(name) => missing = Some(name),
            }
        }
        let name = missing.unwrap_or_default();
        Err(Diagnostic::invalid(name, format!("the identity needs `{name}`"))
            .hint(format!("Set `{name}` in the `identity` of the `import` block.")))
    }

    /// The type of the identity's values.
    pub(crate) fn ty(&self, schema: &Schema) -> Type {
        Type::object(self.attributes().map(|(name, _)| {
            let ty = schema.attribute(name).map_or(Type::String, crate::Attribute::ty);
            (name.to_owned(), ty)
        }))
    }

    /// The identity of the object with this state (or plan): `None` as long as a part of it is not known.
    pub(crate) fn of(&self, state: &Value) -> Option<Value> {
        let known = |name: &str| {
            let value = state.get(name)?.plain();
            (!value.is_null() && value.is_wholly_known()).then(|| value.clone())
        };
        let parts: Option<Vec<_>> = self
            .attributes()
            .map(|(name, _)| Some((name.to_owned(), known(name)?)))
            .collect();
        parts.map(Value::object)
    }

    /// Mistakes, in the words of who wrote it.
    pub(crate) fn problems(&self, name: &str, schema: &Schema) -> Diagnostics {
        let mut found = Vec::new();
        if self.format.parts.is_empty() {
            found.push("names no attribute".to_owned());
        }
        let short = self.short.iter().flat_map(Format::names);
        for attribute in self.format.names().chain(short) {
            match schema.attribute(attribute).map(crate::Attribute::ty) {
                None => found.push(format!("names `{attribute}`, which the schema has not")),
                Some(Type::String | Type::Number | Type::Bool) => {}
                Some(ty) => found.push(format!("has `{attribute}`, whose type {ty} is not primitive")),
            }
        }
        if let Some(short) = &self.short
            && let Some(extra) = short
                .names()
                .find(|name| !self.format.names().any(|other| other == *name))
        {
            found.push(format!("has `{extra}` in its short form only"));
        }
        found
            .into_iter()
            .map(|text| {
                Diagnostic::error(format!("the identity of {name} has a mistake"))
                    .detail(format!("It {text}. This is a bug in the provider."))
                    .at(Path::root())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attribute;

    fn schema() -> Schema {
        Schema::new([
            ("project", Attribute::string().optional_computed()),
            ("name", Attribute::string().required()),
            ("number", Attribute::number().required()),
            ("labels", Attribute::map(Type::String).optional()),
        ])
    }

    #[test]
    fn ids_are_made_of_identities() {
        let identity = Identity::new("projects/{project}/things/{name}:{number}").or("{name}:{number}");
        let with = |project: Value| Value::object([("project", project), ("name", "a".into()), ("number", 7.into())]);
        let cases = [
            (with("p".into()), Ok("projects/p/things/a:7")),
            (with(Value::Null), Ok("a:7")),
            (
                Value::object([("project", "p".into()), ("name", Value::Null)]),
                Err("name"),
            ),
        ];
        for (given, wanted) in cases {
            let id = identity.id(&given);
            match wanted {
                Ok(text) => assert_eq!(id.as_deref(), Ok(text)),
                Err(path) => assert_eq!(id.err().map(|found| found.path), Some(path.into())),
            }
        }
        let required: Vec<_> = identity.attributes().collect();
        assert_eq!(required, [("project", false), ("name", true), ("number", true)]);
        let ty = Type::object([
            ("project", Type::String),
            ("name", Type::String),
            ("number", Type::Number),
        ]);
        assert_eq!(identity.ty(&schema()), ty);
    }

    #[test]
    fn a_state_has_an_identity_when_all_of_it_is_known() {
        let identity = Identity::new("{name}/{number}");
        let state = |number: Value| Value::object([("name", "a".into()), ("number", number), ("more", 1.into())]);
        let wanted = Value::object([("name", Value::from("a")), ("number", 7.into())]);
        assert_eq!(identity.of(&state(7.into())), Some(wanted));
        assert_eq!(identity.of(&state(Value::unknown())), None);
        assert_eq!(identity.of(&state(Value::Null)), None);
        assert_eq!(identity.of(&Value::Null), None);
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            (Identity::new("{name}"), ""),
            (Identity::new("name"), "names no attribute"),
            (Identity::new("{id}"), "names `id`, which the schema has not"),
            (Identity::new("{labels}"), "whose type map(string) is not primitive"),
            (
                Identity::new("{name}").or("{number}"),
                "has `number` in its short form only",
            ),
        ];
        for (identity, text) in cases {
            let found = identity.problems("thing", &schema());
            let said = found.iter().any(|found| found.detail.contains(text));
            assert_eq!(said, !text.is_empty(), "{text}: {found:?}");
        }
    }
}
