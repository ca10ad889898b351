//! What Google refuses in labels, for services that do not have rules of their own.

use serde_json::{Map, Value};

use crate::http::answer::ApiError;

/// Labels, by Google's rules for all services.
pub(crate) fn check(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(Value::Object(labels)) = fields.get("labels") else {
        return Ok(());
    };
    if labels.len() > 64 {
        return Err(ApiError::invalid("A resource must have no more than 64 labels."));
    }
    let plain = |c: char| c.is_numeric() || matches!(c, '-' | '_') || (c.is_alphabetic() && !c.is_uppercase());
    for (key, value) in labels {
        let value = value.as_str().unwrap_or_default();
        let starts = key.chars().next().is_some_and(char::is_alphabetic);
        let short = key.chars().count() <= 63 && value.chars().count() <= 63;
        if !starts || !short || !key.chars().all(plain) || !value.chars().all(plain) {
            return Err(ApiError::invalid(format!(
                "Label '{key}' with value '{value}' is invalid: keys and values have at most 63 lowercase letters, digits, \
                 underscores and hyphens, and a key begins with a letter."
            )));
        }
    }
    Ok(())
}
