//! A suite as HCL: the blocks that `headwater_dq_suite` has, one for each expectation, in the words of the JSON form.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::literal;
use crate::suite::{Expectation, Nan, OnFail, Severity, Suite};

/// The resource. `target` becomes the table that it names.
#[must_use]
pub fn hcl(suite: &Suite, resource: &str) -> String {
    let mut text = format!("resource \"headwater_dq_suite\" {} {{\n", quoted(&label(resource)));
    writeln!(text, "  name = {}", quoted(&suite.name)).ok();
    if let Some(description) = &suite.description {
        writeln!(text, "  description = {}", quoted(description)).ok();
    }
    for expectation in &suite.expectations {
        text.push('\n');
        block(expectation, &mut text);
    }
    text.push_str("}\n");
    text
}

/// A name that HCL takes for a resource.
fn label(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        label.insert(0, '_');
    }
    label
}

fn block(expectation: &Expectation, text: &mut String) {
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut remarks = Vec::new();
    if let Some(id) = &expectation.id {
        attributes.push(("id".into(), quoted(id)));
    }
    let check = serde_json::to_value(&expectation.check).unwrap_or_default();
    if let Some(Value::Object(arguments)) = check.get(expectation.check.name()) {
        for (name, value) in arguments {
            match (name.as_str(), value) {
                // A set or an interval names its family of types, which is an attribute of its own.
                ("bounds" | "values", Value::Object(families)) => {
                    for (family, value) in families {
                        let (family, remark) = named_family(family, value);
                        remarks.extend(remark);
                        attributes.push((family.into(), expression(value)));
                    }
                }
                (name, value) => attributes.push((name.into(), expression(value))),
            }
        }
    }
    if expectation.mostly != 1.0 {
        attributes.push(("mostly".into(), expectation.mostly.to_string()));
    }
    if let Some(condition) = &expectation.row_condition {
        let condition = serde_json::to_value(condition).unwrap_or_default();
        attributes.push(("where".into(), expression(&condition)));
    }
    let mut word = |name: &str, value: Value, default: &Value| {
        if value != *default {
            attributes.push((name.into(), expression(&value)));
        }
    };
    word("nan", json(&expectation.nan), &json(&Nan::default()));
    word("severity", json(&expectation.severity), &json(&Severity::default()));
    word("on_fail", json(&expectation.on_fail), &json(&OnFail::default()));
    word("dimension", json(&expectation.dimension), &Value::Null);
    for (name, value) in [("description", &expectation.description), ("owner", &expectation.owner)] {
        if let Some(value) = value {
            attributes.push((name.into(), quoted(value)));
        }
    }
    if !expectation.tags.is_empty() {
        attributes.push(("tags".into(), expression(&Value::from(expectation.tags.clone()))));
    }
    if !expectation.enabled {
        attributes.push(("enabled".into(), "false".into()));
    }
    for remark in remarks {
        writeln!(text, "  # {remark}").ok();
    }
    writeln!(text, "  {} {{", expectation.check.name()).ok();
    let width = attributes.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in attributes {
        writeln!(text, "    {name:<width$} = {value}").ok();
    }
    text.push_str("  }\n");
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The family that untyped values are of, judged by how they look, and what to say where looks may deceive.
fn named_family<'a>(family: &'a str, value: &Value) -> (&'a str, Option<String>) {
    if family != "any" {
        return (family, None);
    }
    let values: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(range) => ["min", "max"].iter().filter_map(|end| range.get(*end)).collect(),
        _ => Vec::new(),
    };
    let all = |test: &dyn Fn(&Value) -> bool| !values.is_empty() && values.iter().all(|v| test(v));
    let text = |test: fn(&str) -> bool| move |v: &Value| v.as_str().is_some_and(test);
    if all(&|v| v.is_i64()) {
        ("ints", None)
    } else if all(&Value::is_number) {
        ("floats", None)
    } else if all(&Value::is_boolean) {
        ("bools", None)
    } else if all(&text(|t| literal::date(t).is_ok())) {
        (
            "dates",
            Some(
                "The suite does not say whether these are days or texts: write strings if the column holds text."
                    .into(),
            ),
        )
    } else if all(&text(|t| literal::timestamp(t).is_ok())) {
        (
            "timestamps",
            Some(
                "The suite does not say whether these are times or texts: write strings if the column holds text."
                    .into(),
            ),
        )
    } else if all(&Value::is_string) {
        ("strings", None)
    } else {
        (
            "any",
            (!values.is_empty()).then(|| "These values are of several types.".into()),
        )
    }
}

fn expression(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => quoted(s),
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(expression).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Object(map) => object(map),
    }
}

fn object(map: &Map<String, Value>) -> String {
    if map.is_empty() {
        return "{}".into();
    }
    let parts: Vec<String> = map.iter().map(|(k, v)| format!("{k} = {}", expression(v))).collect();
    format!("{{ {} }}", parts.join(", "))
}

/// Text as HCL quotes it: nothing in it is a template.
fn quoted(text: &str) -> String {
    let mut hcl = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => hcl.push_str("\\\""),
            '\\' => hcl.push_str("\\\\"),
            '\n' => hcl.push_str("\\n"),
            '\r' => hcl.push_str("\\r"),
            '\t' => hcl.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                hcl.push(c);
                hcl.push(c);
            }
            c if c.is_control() => write!(hcl, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => hcl.push(c),
        }
    }
    hcl.push('"');
    hcl
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::hcl;
    use crate::gx::import;

    #[test]
    fn a_suite_is_printed_with_typed_bounds() {
        let suite = json!({"name": "1 orders", "expectations": [
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "q", "min_value": 1, "max_value": 100, "mostly": 0.99,
                "row_condition": "col(\"s\")==\"x\"", "condition_parser": "great_expectations"}},
            {"type": "expect_column_values_to_be_between", "severity": "warning", "kwargs": {"column": "d", "min_value": "2026-01-31"}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "e", "regex": "^\\d[${]\"$"}},
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["new", 1]}},
        ]});
        let imported = import(suite.to_string().as_bytes(), &Map::new())
            .expect("imports")
            .suite;
        let expected = r#"resource "headwater_dq_suite" "_1_orders" {
  name = "1 orders"

  between {
    column = "q"
    ints   = { min = 1, max = 100 }
    mostly = 0.99
    where  = { compare = { column = "s", op = "=", value = { any = ["x"] } } }
    nan    = "null"
  }

  # The suite does not say whether these are days or texts: write strings if the column holds text.
  between {
    column   = "d"
    dates    = { min = "2026-01-31" }
    nan      = "null"
    severity = "warn"
  }

  matches {
    column   = "e"
    patterns = ["^\\d[$${]\"$"]
    match_on = "any"
    as_text  = true
    nan      = "null"
  }

  # These values are of several types.
  in_set {
    column = "s"
    any    = ["new", 1]
    nan    = "null"
  }
}
"#;
        assert_eq!(hcl(&imported, &imported.name), expected);
    }
}
