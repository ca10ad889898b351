//! The provider's schemas as `terraform-provider-headwater schema --rules` prints them. Not how they are shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::shell::{Error, Result, output};

/// All that the provider offers.
#[derive(Debug, Deserialize)]
pub struct Provider {
    pub provider: Schema,
    #[serde(default)]
    pub resource_schemas: BTreeMap<String, Schema>,
    #[serde(default)]
    pub data_source_schemas: BTreeMap<String, Schema>,
    #[serde(default)]
    pub ephemeral_resource_schemas: BTreeMap<String, Schema>,
    #[serde(default)]
    pub functions: BTreeMap<String, Function>,
}

#[derive(Debug, Deserialize)]
pub struct Schema {
    pub block: Block,
}

#[derive(Debug, Deserialize)]
pub struct Block {
    pub description: String,
    pub attributes: BTreeMap<String, Attribute>,
    pub rules: BlockRules,
}

#[derive(Debug, Default, Deserialize)]
pub struct BlockRules {
    pub checks: Vec<String>,
    pub order: Vec<String>,
    pub deprecated: Option<String>,
    #[serde(default)]
    pub identity: Vec<Identity>,
}

/// A part of what identifies a resource to Terraform 1.12 and newer.
#[derive(Debug, Deserialize)]
pub struct Identity {
    pub name: String,
    pub description: String,
    #[serde(default)]
    pub required_for_import: bool,
}

#[derive(Debug, Deserialize)]
pub struct Attribute {
    #[serde(rename = "type")]
    pub ty: Option<Value>,
    pub nested_type: Option<Nested>,
    pub description: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub computed: bool,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub write_only: bool,
    pub rules: Rules,
}

#[derive(Debug, Deserialize)]
pub struct Nested {
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    pub nesting_mode: String,
}

#[derive(Debug, Deserialize)]
pub struct Rules {
    pub allowed: Vec<String>,
    pub replaces: Vec<String>,
    pub default: Option<Value>,
    pub deprecated: Option<String>,
    #[serde(default)]
    pub order: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Function {
    pub summary: String,
    pub description: String,
    pub return_type: Value,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    pub variadic_parameter: Option<Parameter>,
    pub deprecation_message: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub description: String,
    #[serde(rename = "type")]
    pub ty: Value,
    #[serde(default)]
    pub is_nullable: bool,
}

impl Attribute {
    /// Whether the user has nothing to say about it.
    pub fn is_read_only(&self) -> bool {
        self.computed && !self.optional && !self.required
    }
}

/// In the order of the declaration, which Terraform's shape does not keep.
pub fn in_order<'a>(
    order: &'a [String],
    attributes: &'a BTreeMap<String, Attribute>,
) -> impl Iterator<Item = (&'a str, &'a Attribute)> {
    order
        .iter()
        .filter_map(|name| Some((name.as_str(), attributes.get(name)?)))
}

/// Asks the provider.
pub fn read(provider: &Path) -> Result<Provider> {
    let printed = output(Command::new(provider).args(["schema", "--rules"]))?;
    let mut document: Value = serde_json::from_str(&printed)?;
    let schemas = document["provider_schemas"]
        .as_object_mut()
        .and_then(|all| all.values_mut().next())
        .ok_or_else(|| Error("the provider printed no schemas".into()))?;
    Ok(serde_json::from_value(schemas.take())?)
}
