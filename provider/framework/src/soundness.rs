//! For unit tests of providers: does a model match its schema, and would Terraform accept the schema?

use std::collections::BTreeMap;

use tfplugin_proto::{Type, Value};

use crate::convert::{Model, from_value, to_value};
use crate::{Attribute, DataSource, Diagnostic, Diagnostics, Path, Resource, Schema, Validator};

/// Checks a resource's schema for mistakes and its model against the schema. One line of test per resource:
/// `assert!(check_resource(&Bucket).is_empty())`.
pub fn check_resource<R: Resource>(resource: &R) -> Diagnostics {
    let (name, schema) = (resource.type_name(), resource.schema());
    let mut found = check::<R::Model>(name, &schema);
    if let Some(identity) = resource.identity() {
        found.extend(identity.problems(name, &schema));
    }
    found
}

/// The same for a data source.
pub fn check_data_source<D: DataSource>(data_source: &D) -> Diagnostics {
    check::<D::Model>(data_source.type_name(), &data_source.schema())
}

fn check<M: Model>(name: &str, schema: &Schema) -> Diagnostics {
    let mut found = schema.problems(name);
    broken_rules(name, &schema.attributes, &Path::root(), &mut found);
    // Whatever a model requires, it can be made of nothing or of something.
    for value in [nulls(schema), sample(&schema.ty())] {
        match from_value::<M>(&value, schema).and_then(|model| to_value(&model, schema, &value)) {
            Ok(_) => return found,
            Err(why) if value == sample(&schema.ty()) => found.extend(why),
            Err(_) => {}
        }
    }
    found
}

/// Rules that cannot work, such as patterns that do not compile.
fn broken_rules(name: &str, attributes: &[(String, Attribute)], here: &Path, found: &mut Diagnostics) {
    for (attribute, rules) in attributes {
        let path = here.child(attribute);
        for problem in rules.validators().iter().filter_map(Validator::problem) {
            found.push(
                Diagnostic::error(format!("the schema of {name} has a mistake")).detail(format!(
                    "A rule of `{path}` cannot work: {problem}. This is a bug in the provider."
                )),
            );
        }
        if let Some((_, nested)) = rules.nested_attributes() {
            broken_rules(name, nested, &path, found);
        }
    }
}

fn nulls(schema: &Schema) -> Value {
    Value::object(schema.attributes().map(|(name, _)| (name, Value::Null)))
}

/// A value of the type with something everywhere.
fn sample(ty: &Type) -> Value {
    match ty {
        Type::Bool => true.into(),
        Type::Number => 1.into(),
        Type::String => "x".into(),
        Type::Dynamic => Value::Dynamic(Box::new(Type::String), Box::new("x".into())),
        Type::List(element) => Value::list([sample(element)]),
        Type::Set(element) => Value::set([sample(element)]),
        Type::Map(element) => Value::map([("x", sample(element))]),
        Type::Object(types) => Value::Object(
            types
                .iter()
                .map(|(name, ty)| (name.clone(), sample(ty)))
                .collect::<BTreeMap<_, _>>(),
        ),
        Type::Tuple(types) => Value::Tuple(types.iter().map(sample).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Attr, validate};

    #[derive(Serialize, Deserialize)]
    struct Model {
        name: String,
        size: Attr<i64>,
    }

    #[test]
    fn a_model_is_held_against_its_schema() {
        let with = |more: &[(&'static str, Attribute)]| {
            let name = [("name", Attribute::string().required())];
            check::<Model>("thing", &Schema::new(name.into_iter().chain(more.iter().cloned())))
        };
        let size = ("size", Attribute::number().computed());
        assert!(with(std::slice::from_ref(&size)).is_empty());
        assert!(!with(&[]).is_empty(), "a field too many");
        assert!(
            !with(&[size.clone(), ("more", Attribute::bool().optional())]).is_empty(),
            "a field too few"
        );
        assert!(
            !with(&[("size", Attribute::string().computed())]).is_empty(),
            "another type"
        );
        assert!(
            !with(&[("size", Attribute::number())]).is_empty(),
            "a mistake in the schema"
        );
        let pattern = |regex| {
            (
                "size",
                Attribute::number()
                    .computed()
                    .validate(validate::each(validate::pattern(regex, "x"))),
            )
        };
        assert!(with(&[pattern("^a+$")]).is_empty());
        assert!(!with(&[pattern("^(a+$")]).is_empty(), "a pattern that is none");
    }
}
