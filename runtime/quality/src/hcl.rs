//! A suite as HCL: the resource `headwater_dq_suite`, whose expectations are lists by kind. What a suite does not know (the
//! table, where the suite lies and runs, where verdicts go) is left to variables.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

use crate::literal;
use crate::suite::{Check, Expectation, Kind, Nan, OnFail, Scalar, Severity, Suite};

/// The resource under this name.
#[must_use]
pub fn hcl(suite: &Suite, resource: &str) -> String {
    let mut text = format!("resource \"headwater_dq_suite\" {} {{\n", quoted(&label(resource, '_')));
    let mut attributes = vec![("name", quoted(&label(&suite.name, '-').to_lowercase()))];
    attributes.extend(["lake", "runtime", "table"].map(|name| (name, format!("var.{name}"))));
    if let Some(description) = &suite.description {
        attributes.push(("description", quoted(description)));
    }
    let width = attributes.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in attributes {
        writeln!(text, "  {name:<width$} = {value}").ok();
    }
    text.push_str("\n  results = { dataset = var.results_dataset }\n\n");
    let (written, empty): (Vec<&Expectation>, Vec<&Expectation>) =
        suite.expectations.iter().partition(|one| holds_something(one));
    for expectation in empty {
        writeln!(
            text,
            "  # Left out, as every pair of its set misses a value: {}",
            expectation.identity()
        )
        .ok();
    }
    text.push_str("  expectations = {\n");
    for kind in kinds(&written) {
        writeln!(text, "    {kind} = [").ok();
        for expectation in written.iter().filter(|one| one.check.name() == kind) {
            element(expectation, &mut text);
        }
        text.push_str("    ]\n");
    }
    text.push_str("  }\n}\n");
    text
}

/// Whether its set has a pair that can be written.
fn holds_something(expectation: &Expectation) -> bool {
    match &expectation.check {
        Check::PairInSet(c) => c
            .pairs
            .iter()
            .any(|(left, right)| *left != Scalar::Null && *right != Scalar::Null),
        _ => true,
    }
}

/// The kinds in the order of their first expectations.
fn kinds(expectations: &[&Expectation]) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for expectation in expectations {
        let kind = expectation.check.name();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// A name of letters, digits and `joint`, which begins with a letter.
fn label(name: &str, joint: char) -> String {
    let mut label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { joint })
        .collect();
    label = label.trim_matches(joint).to_owned();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label = format!("suite{joint}{label}").trim_end_matches(joint).to_owned();
    }
    label
}

/// Attributes in the order in which they are written, and remarks on them.
#[derive(Default)]
struct Element {
    attributes: Vec<(String, String)>,
    remarks: Vec<String>,
}

impl Element {
    fn put(&mut self, name: &str, value: &Value) {
        self.attributes.push((name.to_owned(), expression(value)));
    }

    /// A set or an interval stands under the name of its family of types.
    fn typed(&mut self, families: &Map<String, Value>) {
        for (family, value) in families {
            if family != "any" {
                self.put(family, value);
                continue;
            }
            let (family, value, remark) = named_family(value);
            self.remarks.extend(remark);
            self.put(family, &value);
        }
    }

    fn pairs(&mut self, pairs: &[Value]) {
        let side = |value: &Value| match value {
            Value::String(text) => (text.clone(), None),
            Value::Bool(value) => (value.to_string(), Some("bool")),
            Value::Number(number) if number.is_i64() => (number.to_string(), Some("int")),
            other => (other.to_string(), Some("float")),
        };
        let (whole, partial): (Vec<&Value>, Vec<&Value>) =
            pairs.iter().partition(|pair| !pair[0].is_null() && !pair[1].is_null());
        if !partial.is_empty() {
            let partial: Vec<String> = partial.into_iter().map(ToString::to_string).collect();
            let remark = "Pairs with a missing value, and left out";
            self.remarks.push(format!("{remark}: {}", partial.join(", ")));
        }
        let pairs = whole.into_iter().map(|pair| {
            let mut element = Map::new();
            for (index, name) in ["left", "right"].into_iter().enumerate() {
                let (text, of) = side(&pair[index]);
                element.insert(name.into(), text.into());
                if let Some(of) = of {
                    element.insert(format!("{name}_type"), of.into());
                }
            }
            Value::Object(element)
        });
        self.put("pairs", &pairs.collect());
    }

    fn expected(&mut self, expected: &Value) {
        if let Some(categories) = expected.get("categories") {
            let (family, values, remark) = named_family(&categories["values"]);
            self.remarks.extend(remark);
            self.put("categories", &json!({family: values, "weights": categories["weights"]}));
        } else {
            self.put("bins", &expected["bins"]);
        }
    }
}

fn element(expectation: &Expectation, text: &mut String) {
    let mut element = Element::default();
    if let Some(id) = &expectation.id {
        element.put("id", &json!(id));
    }
    let check = json(&expectation.check);
    if let Some(Value::Object(arguments)) = check.get(expectation.check.name()) {
        for (name, value) in arguments {
            match (name.as_str(), value) {
                ("bounds" | "values", Value::Object(families)) => element.typed(families),
                ("pairs", Value::Array(pairs)) => element.pairs(pairs),
                ("expected", expected) => element.expected(expected),
                // The resource has neither, and Terraform drops without a word what an object's type has not.
                ("relative_tolerance", tolerance) => {
                    let remark = format!(
                        "The suite tolerates a part of {tolerance} more at each end: widen the intervals for it."
                    );
                    element.remarks.push(remark);
                }
                ("names", names @ Value::String(_)) => {
                    if names == "pandas" {
                        element
                            .remarks
                            .push("These are pandas' names of types: write BigQuery's.".into());
                    }
                }
                (name, value) => element.put(name, value),
            }
        }
    }
    if expectation.mostly != 1.0 {
        element.put("mostly", &json!(expectation.mostly));
    }
    if let Some(condition) = &expectation.row_condition {
        element.put("where", &json!(condition.to_string()));
    }
    let mut word = |name: &str, value: Value, default: &Value| {
        if value != *default {
            element.put(name, &value);
        }
    };
    // What is said of a table's shape, or asked by a query, takes no NaN for anything.
    if matches!(expectation.check.kind(), Kind::Row | Kind::Aggregate) {
        word("nan", json(&expectation.nan), &json(&Nan::default()));
    }
    word("severity", json(&expectation.severity), &json(&Severity::default()));
    word("on_fail", json(&expectation.on_fail), &json(&OnFail::default()));
    word("dimension", json(&expectation.dimension), &Value::Null);
    word("description", json(&expectation.description), &Value::Null);
    word("owner", json(&expectation.owner), &Value::Null);
    word("tags", json(&expectation.tags), &json!([]));
    word("enabled", json(&expectation.enabled), &json!(true));
    text.push_str("      {\n");
    for remark in element.remarks {
        writeln!(text, "        # {remark}").ok();
    }
    let width = element
        .attributes
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    for (name, value) in element.attributes {
        writeln!(text, "        {name:<width$} = {value}").ok();
    }
    text.push_str("      },\n");
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The family that untyped values are of, judged by how they look, and what to say where looks may deceive. A column has one
/// type, so of values of several types those count that are like the first; to the others no value was ever equal.
fn named_family(value: &Value) -> (&'static str, Value, Option<String>) {
    let values: Vec<&Value> = match value {
        Value::Array(list) => list.iter().filter(|value| !value.is_null()).collect(),
        Value::Object(range) => ["min", "max"].iter().filter_map(|end| range.get(*end)).collect(),
        _ => Vec::new(),
    };
    let family = values.first().map_or("strings", |first| family(first, &values));
    let deceiving = |what: &str| {
        format!("The suite does not say whether these are {what} or texts: write strings if the column holds text.")
    };
    match (family, value) {
        ("dates", Value::Array(_)) => (family, json(&once(values)), Some(deceiving("days"))),
        ("timestamps", Value::Array(_)) => (family, json(&once(values)), Some(deceiving("times"))),
        ("dates", _) => (family, value.clone(), Some(deceiving("days"))),
        ("timestamps", _) => (family, value.clone(), Some(deceiving("times"))),
        (_, Value::Array(_)) => {
            let (same, others): (Vec<&Value>, Vec<&Value>) = values.into_iter().partition(|value| is_of(family, value));
            let others: Vec<String> = others.into_iter().map(ToString::to_string).collect();
            let alike = once(same);
            let remark = format!(
                "Of other types than a column of {family}, and left out: {}",
                others.join(", ")
            );
            (family, json(&alike), (!others.is_empty()).then_some(remark))
        }
        (_, value) => (family, value.clone(), None),
    }
}

/// Each value once: a set may be written with repetitions, and the resource takes them for mistakes. Terraform composes
/// characters (NFC), by which two texts may become one.
fn once(values: Vec<&Value>) -> Vec<&Value> {
    let mut kept: Vec<&Value> = Vec::new();
    for value in values {
        if !kept.iter().any(|other| equal(other, value)) {
            kept.push(value);
        }
    }
    kept
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.nfc().eq(b.nfc()),
        (Value::Number(_), Value::Number(_)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn is_of(family: &str, value: &Value) -> bool {
    match family {
        "ints" => value.is_i64(),
        "floats" => value.is_number(),
        "bools" => value.is_boolean(),
        _ => value.is_string(),
    }
}

fn family(first: &Value, values: &[&Value]) -> &'static str {
    let all = |test: fn(&str) -> bool| values.iter().all(|value| value.as_str().is_some_and(test));
    match first {
        Value::Bool(_) => "bools",
        Value::Number(_) if values.iter().any(|value| value.is_number() && !value.is_i64()) => "floats",
        Value::Number(_) => "ints",
        _ if all(|text| literal::date(text).is_ok()) => "dates",
        _ if all(|text| literal::timestamp(text).is_ok()) => "timestamps",
        _ => "strings",
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
    use crate::suite::{API_VERSION, Suite};

    #[test]
    fn a_suite_is_printed_with_typed_bounds() {
        let suite = json!({"name": "1 Orders", "expectations": [
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "q", "min_value": 1, "max_value": 100, "mostly": 0.99,
                "row_condition": "col(\"s\")==\"x\"", "condition_parser": "great_expectations"}},
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "e", "regex": "^\\d[${]\"$"}},
            {"type": "expect_column_values_to_be_between", "severity": "warning", "kwargs": {"column": "d", "min_value": "2026-01-31"}},
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["new", 1]}},
            {"type": "expect_column_values_to_be_of_type", "kwargs": {"column": "q", "type_": "int64"}},
            {"type": "expect_column_quantile_values_to_be_between", "kwargs": {"column": "q", "allow_relative_error": "nearest",
                "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]}}},
            {"type": "expect_column_pair_values_to_be_in_set", "kwargs": {"column_A": "s", "column_B": "q", "value_pairs_set": [["x", 1]]}},
        ]});
        let imported = import(suite.to_string().as_bytes(), &Map::new())
            .expect("imports")
            .suite;
        let expected = r#"resource "headwater_dq_suite" "suite_1_Orders" {
  name    = "suite-1-orders"
  lake    = var.lake
  runtime = var.runtime
  table   = var.table

  results = { dataset = var.results_dataset }

  expectations = {
    between = [
      {
        column = "q"
        ints   = { min = 1, max = 100 }
        mostly = 0.99
        where  = "s = 'x'"
        nan    = "null"
      },
      {
        # The suite does not say whether these are days or texts: write strings if the column holds text.
        column   = "d"
        dates    = { min = "2026-01-31" }
        nan      = "null"
        severity = "warn"
      },
    ]
    matches = [
      {
        column   = "e"
        patterns = ["^\\d[$${]\"$"]
        match_on = "any"
        as_text  = true
        nan      = "null"
      },
    ]
    in_set = [
      {
        # Of other types than a column of strings, and left out: 1
        column  = "s"
        strings = ["new"]
        nan     = "null"
      },
    ]
    type = [
      {
        # These are pandas' names of types: write BigQuery's.
        column = "q"
        types  = ["int64"]
      },
    ]
    quantile = [
      {
        # The suite tolerates a part of 0.0001 more at each end: widen the intervals for it.
        column    = "q"
        quantiles = [{ p = 0.5, min = 1.0, max = 2.0 }]
        method    = "nearest"
        no_data   = "fail"
        nan       = "null"
      },
    ]
    pair_in_set = [
      {
        left        = "s"
        right       = "q"
        pairs       = [{ left = "x", right = "1", right_type = "int" }]
        ignore_rows = "all_missing"
        nan         = "null"
      },
    ]
  }
}
"#;
        assert_eq!(hcl(&imported, &imported.name), expected);
    }

    #[test]
    fn what_looks_beyond_the_rows_is_printed() {
        let suite = json!({"api_version": API_VERSION, "name": "orders", "expectations": [
            {"check": {"foreign_key": {"columns": ["customer"], "references": {"table": "p.d.customers", "columns": ["id"]}}}},
            {"check": {"anomaly": {"metric": "mean", "column": "price", "threshold": 3.5}}},
            {"check": {"schema_change": {"allow": ["add"], "baseline": [{"name": "id", "type": "INT64", "mode": "REQUIRED"}]}}},
            {"check": {"reconcile": {"with": {"table": "p.d.mirror", "filter": "a > 1"}, "keys": ["id"], "count_tolerance": 0.1}}},
        ]});
        let suite = Suite::from_json(suite.to_string().as_bytes()).expect("a suite");
        let printed = hcl(&suite, "orders");
        for expected in [
            r#"references  = { table = "p.d.customers", columns = ["id"] }"#,
            r#"metric     = "mean""#,
            "threshold  = 3.5",
            r#"allow    = ["add"]"#,
            r#"baseline = [{ name = "id", type = "INT64", mode = "REQUIRED" }]"#,
            r#"with            = { table = "p.d.mirror", filter = "a > 1" }"#,
            "count_tolerance = 0.1",
        ] {
            assert!(printed.contains(expected), "{expected}: {printed}");
        }
    }
}
