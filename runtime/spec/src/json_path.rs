//! A path to one value in a JSON document: `$`, `.name`, `['name']`, `[0]`. No wildcards: it finds one value or none.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A path such as `$.payload.after['account id']`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct JsonPath {
    #[schemars(skip)]
    text: String,
    #[schemars(skip)]
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Place(usize),
}

/// Not such a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a JSON path that finds one value: {reason}")]
pub struct JsonPathError {
    text: String,
    reason: &'static str,
}

impl JsonPath {
    /// The value at this path.
    pub fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Place(place) => value.get(place),
        })
    }
}

impl JsonPath {
    /// The text of the value at this path in a document, numbers with all of their digits.
    pub fn find_text<'d>(&self, document: &'d RawValue) -> Option<&'d RawValue> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Name(name) => {
                let members: HashMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
                members.get(name).copied()
            }
            Step::Place(place) => {
                let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
                elements.get(*place).copied()
            }
        })
    }
}

impl JsonPath {
    /// The steps as JSON: a name is text, a place in a list a number.
    #[must_use]
    pub fn steps(&self) -> Value {
        let steps = self.steps.iter().map(|step| match step {
            Step::Name(name) => Value::from(name.as_str()),
            Step::Place(place) => Value::from(*place),
        });
        steps.collect()
    }
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(text: &str) -> Result<Self, JsonPathError> {
        let error = |reason| JsonPathError {
            text: text.to_owned(),
            reason,
        };
        let mut rest = text
            .strip_prefix('$')
            .ok_or_else(|| error("it begins with `$`, such as $.id"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).map_err(error)?;
            steps.push(step);
            rest = after;
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

fn step(text: &str) -> Result<(Step, &str), &'static str> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() || name == "*" {
            return Err("a name stands after each point");
        }
        return Ok((Step::Name(name.to_owned()), &rest[end..]));
    }
    let inner = text
        .strip_prefix('[')
        .ok_or("names are joined by points, other steps are in brackets")?;
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let (name, rest) = inner[1..].split_once(quote).ok_or("a quoted name has no end")?;
        let rest = rest.strip_prefix(']').ok_or("a bracket has no end")?;
        return Ok((Step::Name(name.to_owned()), rest));
    }
    let (place, rest) = inner.split_once(']').ok_or("a bracket has no end")?;
    let place = place
        .parse()
        .map_err(|_| "in brackets stands a place in a list or a quoted name")?;
    Ok((Step::Place(place), rest))
}

impl TryFrom<String> for JsonPath {
    type Error = JsonPathError;

    fn try_from(text: String) -> Result<Self, JsonPathError> {
        text.parse()
    }
}

impl From<JsonPath> for String {
    fn from(path: JsonPath) -> Self {
        path.text
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_find() {
        let document = serde_json::json!({"a": {"b c": [10, {"d": "x"}]}, "n": null});
        let cases = [
            ("$", Some(document.clone())),
            ("$.a['b c'][0]", Some(10.into())),
            (r#"$["a"]["b c"][1].d"#, Some("x".into())),
            ("$.n", Some(Value::Null)),
            ("$.a.missing", None),
            ("$.a['b c'][7]", None),
            ("$.n.x", None),
        ];
        for (path, expected) in cases {
            let path: JsonPath = path.parse().unwrap();
            assert_eq!(path.find(&document), expected.as_ref(), "{path}");
            let text: Box<RawValue> = serde_json::from_str(&document.to_string()).unwrap();
            let found = path
                .find_text(&text)
                .map(|text| serde_json::from_str::<Value>(text.get()).unwrap());
            assert_eq!(found, expected, "{path}");
        }
        for bad in [
            "", "a", "$a", "$.", "$..a", "$.*", "$[*]", "$[-1]", "$['a'", "$['a", "$[0",
        ] {
            assert!(bad.parse::<JsonPath>().is_err(), "{bad}");
        }
    }
}
