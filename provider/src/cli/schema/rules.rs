//! What an attribute's rules say, which Terraform's own shape of a schema has no place for.

use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attribute, Identity, Schema, Value};

/// Rules across attributes, time limits, what to use instead; and the order of the attributes, which Terraform loses.
pub(super) fn of_schema(schema: &Schema) -> Json {
    let checks: Vec<&str> = schema
        .checks()
        .iter()
        .map(tfplugin_framework::Check::description)
        .collect();
    let mut rules = json!({"checks": checks, "order": schema.attributes().map(|(name, _)| name).collect::<Vec<_>>()});
    if let Some(instead) = schema.deprecation() {
        rules["deprecated"] = instead.into();
    }
    if let Some(timeouts) = schema.default_timeouts() {
        let limits = [
            ("create", timeouts.create),
            ("read", timeouts.read),
            ("update", timeouts.update),
            ("delete", timeouts.delete),
        ];
        let limits = limits.iter().filter_map(|(name, limit)| Some((*name, limit.as_ref()?)));
        rules["timeouts"] = limits
            .map(|(name, limit)| (name.to_owned(), limit.as_secs().into()))
            .collect::<Map<_, _>>()
            .into();
    }
    rules
}

/// The attributes that identify a resource.
pub(super) fn of_identity(identity: &Identity, schema: &Schema) -> Json {
    let described = |name: &str| {
        schema
            .attribute(name)
            .map(|attribute| attribute.description().to_owned())
    };
    identity
        .attributes()
        .map(|(name, required)| json!({"name": name, "description": described(name), "required_for_import": required}))
        .collect()
}

/// Default, allowed values, when a change replaces, what to use instead.
pub(super) fn of_attribute(attribute: &Attribute) -> Json {
    let allowed: Vec<&str> = attribute
        .validators()
        .iter()
        .map(tfplugin_framework::Validator::description)
        .collect();
    let replaces: Vec<&str> = attribute
        .replace_rules()
        .iter()
        .map(tfplugin_framework::schema::ReplaceRule::description)
        .collect();
    let mut rules = json!({"allowed": allowed, "replaces": replaces});
    if let Some(default) = attribute.default_value() {
        rules["default"] = plain(default);
    }
    if let Some(instead) = attribute.deprecation() {
        rules["deprecated"] = instead.into();
    }
    if let Some((_, nested)) = attribute.nested_attributes() {
        rules["order"] = nested.iter().map(|(name, _)| name.as_str()).collect();
    }
    rules
}

/// A value as JSON; defaults are always known.
fn plain(value: &Value) -> Json {
    match value.plain() {
        Value::Bool(it) => (*it).into(),
        Value::Number(number) => number
            .normalized()
            .to_plain_string()
            .parse::<serde_json::Number>()
            .map_or(Json::Null, Json::Number),
        Value::String(text) => text.as_str().into(),
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => elements.iter().map(plain).collect(),
        Value::Map(entries) | Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Unknown(_) | Value::Dynamic(..) => Json::Null,
    }
}
