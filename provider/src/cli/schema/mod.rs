//! `schema`: what the provider offers, in the shape of `terraform providers schema -json`; with `--rules` also what that
//! shape has no place for. Documentation is made of it.

mod rules;

use std::error::Error;
use std::path::Path;

use serde_json::{Map, Value as Json, json};
use terraform_provider_headwater::{Headwater, SOURCE};
use tfplugin_framework::schema::Nesting;
use tfplugin_framework::{Attribute, Parameter, Provider as _, Schema, Signature};

/// `schema`.
pub(super) fn run(rules: bool) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string_pretty(&document(rules))?);
    Ok(())
}

/// `schema --wire`.
pub(super) fn write(file: &Path) -> Result<(), Box<dyn Error>> {
    Ok(std::fs::write(file, tfplugin_framework::encode_schemas(Headwater))?)
}

/// All schemas by name. Terraform's document has no functions in it when there are none, and so on.
fn document(rules: bool) -> Json {
    let of = |schema: &Schema| of(schema, rules);
    let mut resources = Map::new();
    for resource in Headwater.resources() {
        let schema = resource.describe();
        let mut document = of(&schema);
        if let Some(identity) = resource.describe_identity().filter(|_| rules) {
            document["block"]["rules"]["identity"] = rules::of_identity(&identity, &schema);
        }
        resources.insert(resource.name().to_owned(), document);
    }
    let data_sources: Map<String, Json> = Headwater
        .data_sources()
        .iter()
        .map(|source| (source.name().to_owned(), of(&source.describe())))
        .collect();
    let ephemeral: Map<String, Json> = Headwater
        .ephemeral_resources()
        .iter()
        .map(|resource| (resource.name().to_owned(), of(&resource.describe())))
        .collect();
    let functions: Map<String, Json> = Headwater
        .functions()
        .iter()
        .map(|function| (function.name().to_owned(), signature(&function.signature())))
        .collect();
    json!({
        "format_version": "1.0",
        "provider_schemas": {
            format!("registry.terraform.io/{SOURCE}"): {
                "provider": of(&Headwater.schema()),
                "resource_schemas": resources,
                "data_source_schemas": data_sources,
                "ephemeral_resource_schemas": ephemeral,
                "functions": functions,
            }
        }
    })
}

fn of(schema: &Schema, rules: bool) -> Json {
    let mut block = json!({
        "attributes": attributes(schema.attributes(), rules),
        "description": schema.description(),
        "description_kind": "markdown",
    });
    if schema.deprecation().is_some() {
        block["deprecated"] = true.into();
    }
    if rules {
        block["rules"] = rules::of_schema(schema);
    }
    json!({"version": schema.state_version(), "block": block})
}

fn attributes<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>, rules: bool) -> Json {
    Json::Object(
        attributes
            .map(|(name, attribute)| (name.to_owned(), one(attribute, rules)))
            .collect(),
    )
}

fn one(attribute: &Attribute, rules: bool) -> Json {
    let mut document = json!({"description": attribute.description(), "description_kind": "markdown"});
    match attribute.nested_attributes() {
        None => document["type"] = attribute.ty().to_json(),
        Some((nesting, nested)) => {
            let mode = match nesting {
                Nesting::Single => "single",
                Nesting::List => "list",
                Nesting::Set => "set",
                Nesting::Map => "map",
            };
            let nested = nested.iter().map(|(name, attribute)| (name.as_str(), attribute));
            let nested = attributes(nested, rules);
            document["nested_type"] = json!({"nesting_mode": mode});
            // Terraform prints nothing for an object that has no attributes.
            if nested.as_object().is_some_and(|nested| !nested.is_empty()) {
                document["nested_type"]["attributes"] = nested;
            }
        }
    }
    let flags = [
        ("required", attribute.is_required()),
        ("optional", attribute.is_optional()),
        ("computed", attribute.is_computed()),
        ("sensitive", attribute.is_sensitive()),
        ("write_only", attribute.is_write_only()),
        ("deprecated", attribute.deprecation().is_some()),
    ];
    for (name, set) in flags {
        if set {
            document[name] = true.into();
        }
    }
    if rules {
        document["rules"] = rules::of_attribute(attribute);
    }
    document
}

fn signature(signature: &Signature) -> Json {
    let mut document = json!({
        "description": signature.description,
        "summary": signature.summary,
        "return_type": signature.returns.to_json(),
    });
    let parameters: Vec<Json> = signature.parameters.iter().map(parameter).collect();
    if !parameters.is_empty() {
        document["parameters"] = parameters.into();
    }
    if let Some(rest) = &signature.variadic {
        document["variadic_parameter"] = parameter(rest);
    }
    if let Some(instead) = &signature.deprecated {
        document["deprecation_message"] = instead.as_str().into();
    }
    document
}

fn parameter(parameter: &Parameter) -> Json {
    let mut document = json!({
        "name": parameter.name,
        "description": parameter.description,
        "type": parameter.ty.to_json(),
    });
    if parameter.allow_null {
        document["is_nullable"] = true.into();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_described() {
        fn check(path: &str, attribute: &Attribute) {
            assert!(
                attribute.description().ends_with('.'),
                "{path} has no description that is a sentence"
            );
            for (name, nested) in attribute.nested_attributes().into_iter().flat_map(|(_, nested)| nested) {
                check(&format!("{path}.{name}"), nested);
            }
        }
        let mut schemas = vec![("provider".to_owned(), Headwater.schema())];
        let named = |name: &str, schema: Schema| (name.to_owned(), schema);
        schemas.extend(Headwater.resources().iter().map(|it| named(it.name(), it.describe())));
        schemas.extend(
            Headwater
                .data_sources()
                .iter()
                .map(|it| named(it.name(), it.describe())),
        );
        schemas.extend(
            Headwater
                .ephemeral_resources()
                .iter()
                .map(|it| named(it.name(), it.describe())),
        );
        for (owner, schema) in schemas {
            assert!(!schema.description().is_empty(), "{owner} is not described");
            for (name, attribute) in schema.attributes() {
                check(&format!("{owner}.{name}"), attribute);
            }
            assert_eq!(schema.problems(&owner).iter().next(), None, "{owner}");
        }
        for function in Headwater.functions() {
            let (name, signature) = (function.name(), function.signature());
            assert!(
                !signature.summary.is_empty() && signature.description.ends_with('.'),
                "{name} is not described"
            );
            for parameter in signature.parameters {
                assert!(
                    parameter.description.ends_with('.'),
                    "{name}: {} is not described",
                    parameter.name
                );
            }
        }
    }

    #[test]
    fn secrets_are_write_only() {
        let document = document(false);
        let connection = document
            .pointer("/provider_schemas/registry.terraform.io~1headwater-data~1headwater/resource_schemas/headwater_salesforce_connection/block/attributes")
            .expect("the connection");
        for pointer in [
            "/client_credentials/nested_type/attributes/client_secret_wo",
            "/jwt_bearer/nested_type/attributes/private_key_wo",
        ] {
            let secret = connection.pointer(pointer).expect(pointer);
            assert!(
                secret["write_only"] == true && secret["sensitive"] == true,
                "{pointer}: {secret}"
            );
        }
    }
}
