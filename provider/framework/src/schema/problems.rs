//! Mistakes in a schema, in the words of who wrote it: core would refuse the whole provider with less to go by.

use super::Schema;
use super::attribute::{Attribute, Kind, Nesting};
use crate::{Diagnostic, Diagnostics, Path, Type};

/// Names that HCL keeps for itself at the top of a resource. `connection` is kept as a block only (for provisioners): as an
/// argument in native syntax it reaches the provider.
const RESERVED: [&str; 6] = [
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
];

impl Schema {
    /// What is wrong with this schema. Call it in a unit test; a debug build of the provider reports it, too.
    pub fn problems(&self, name: &str) -> Diagnostics {
        let mut found = Vec::new();
        for (attribute, _) in &self.attributes {
            if name != "provider" && RESERVED.contains(&attribute.as_str()) {
                found.push((Path::attr(attribute), "is a name that Terraform keeps for itself"));
            }
        }
        attributes(&self.attributes, &Path::root(), false, &mut found);
        let bug = |(path, text)| {
            Diagnostic::error(format!("the schema of {name} has a mistake"))
                .detail(format!("`{path}` {text}. This is a bug in the provider."))
        };
        found.into_iter().map(bug).collect()
    }
}

fn attributes(attributes: &[(String, Attribute)], here: &Path, in_set: bool, found: &mut Vec<(Path, &'static str)>) {
    for (index, (name, rules)) in attributes.iter().enumerate() {
        let path = here.child(name);
        let mut wrong = |text| found.push((path.clone(), text));
        let identifier = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(identifier) {
            wrong("is not a lowercase identifier");
        }
        if attributes[..index].iter().any(|(other, _)| other == name) {
            wrong("stands there twice");
        }
        match (rules.required, rules.optional, rules.computed) {
            (false, false, false) => wrong("is neither required, optional nor computed"),
            (true, true, _) | (true, _, true) => wrong("is required and something else, too"),
            _ => {}
        }
        if rules.write_only && (rules.computed || in_set) {
            wrong("is write-only and computed or inside a set");
        }
        if in_set && rules.computed && rules.default.is_none() {
            wrong("is computed inside a set, whose elements cannot be told apart");
        }
        match &rules.kind {
            Kind::Plain(ty) if dynamic_inside(ty) => wrong("has `dynamic` inside a collection"),
            Kind::Plain(Type::Dynamic) if in_set => wrong("is dynamic inside a set"),
            Kind::Plain(_) => {}
            Kind::Nested(nesting, nested) => {
                self::attributes(nested, &path, in_set || *nesting == Nesting::Set, found);
            }
        }
    }
}

fn dynamic_inside(ty: &Type) -> bool {
    fn has(ty: &Type) -> bool {
        match ty {
            Type::Dynamic => true,
            Type::List(element) | Type::Set(element) | Type::Map(element) => has(element),
            Type::Object(attributes) => attributes.values().any(has),
            Type::Tuple(elements) => elements.iter().any(has),
            Type::Bool | Type::Number | Type::String => false,
        }
    }
    *ty != Type::Dynamic && has(ty)
}
