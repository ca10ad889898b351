//! `schema`: what the provider offers, in the shape of `terraform providers schema -json`. Documentation is made of it.

use std::error::Error;

use serde_json::{Map, Value as Json, json};
use terraform_provider_headwater::{Headwater, SOURCE};
use tfplugin_framework::schema::Nesting;
use tfplugin_framework::{Attribute, Provider as _, Schema};

/// `schema`.
pub(super) fn run() -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string_pretty(&document())?);
    Ok(())
}

fn document() -> Json {
    let resources: Map<String, Json> = Headwater
        .resources()
        .iter()
        .map(|resource| (resource.name().to_owned(), of(&resource.describe())))
        .collect();
    let data_sources: Map<String, Json> = Headwater
        .data_sources()
        .iter()
        .map(|source| (source.name().to_owned(), of(&source.describe())))
        .collect();
    json!({
        "format_version": "1.0",
        "provider_schemas": {
            format!("registry.terraform.io/{SOURCE}"): {
                "provider": of(&Headwater.schema()),
                "resource_schemas": resources,
                "data_source_schemas": data_sources,
            }
        }
    })
}

fn of(schema: &Schema) -> Json {
    json!({
        "version": schema.state_version(),
        "block": {
            "attributes": attributes(schema.attributes()),
            "description": schema.description(),
            "description_kind": "markdown",
        }
    })
}

fn attributes<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>) -> Json {
    Json::Object(
        attributes
            .map(|(name, attribute)| (name.to_owned(), one(attribute)))
            .collect(),
    )
}

fn one(attribute: &Attribute) -> Json {
    let mut document = json!({"description": described(attribute), "description_kind": "markdown"});
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
            document["nested_type"] = json!({"attributes": attributes(nested), "nesting_mode": mode});
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
    document
}

/// The description with the rules that the schema knows: what Terraform itself is not told.
fn described(attribute: &Attribute) -> String {
    let mut text = attribute.description().to_owned();
    for rule in attribute.validators() {
        text.push_str(&format!(" It {}.", rule.description()));
    }
    if !attribute.replace_rules().is_empty() {
        text.push_str(" A change replaces the resource.");
    }
    text
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
        schemas.extend(
            Headwater
                .resources()
                .iter()
                .map(|resource| (resource.name().to_owned(), resource.describe())),
        );
        schemas.extend(
            Headwater
                .data_sources()
                .iter()
                .map(|source| (source.name().to_owned(), source.describe())),
        );
        for (owner, schema) in schemas {
            assert!(!schema.description().is_empty(), "{owner} is not described");
            for (name, attribute) in schema.attributes() {
                check(&format!("{owner}.{name}"), attribute);
            }
        }
    }

    #[test]
    fn secrets_are_write_only() {
        let document = document();
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
