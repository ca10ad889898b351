//! Models against values, both ways.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tfplugin_proto::{Refinements, Type, Value};

use super::{Number, from_value, to_value};
use crate::{Attr, Attribute, Schema, Timeouts};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Model {
    text: Attr<String>,
    plain: String,
    maybe: Option<i64>,
    exact: Attr<Number>,
    float: Attr<f64>,
    colour: Attr<Colour>,
    set: Attr<Vec<String>>,
    nested: Attr<BTreeMap<String, Attr<Inner>>>,
    any: Attr<serde_json::Value>,
    #[serde(rename = "type")]
    kind: Attr<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Colour {
    DarkRed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    list: Attr<Vec<Attr<i64>>>,
}

fn schema() -> Schema {
    Schema::new([
        ("text", Attribute::string().optional()),
        ("plain", Attribute::string().required()),
        ("maybe", Attribute::number().optional()),
        ("exact", Attribute::number().optional()),
        ("float", Attribute::number().optional()),
        ("colour", Attribute::string().optional()),
        ("set", Attribute::set(Type::String).optional()),
        (
            "nested",
            Attribute::map_of([("list", Attribute::list(Type::Number).optional())]).optional(),
        ),
        ("any", Attribute::dynamic().optional()),
        ("type", Attribute::bool().optional()),
    ])
    .timeouts(Timeouts::new().create(std::time::Duration::from_secs(60)))
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap_or_default())
}

/// A value with every attribute, some of them replaced.
fn value(changes: &[(&str, Value)]) -> Value {
    let timeouts = Value::object([("create", Value::from("5m"))]);
    let any = Value::Dynamic(
        Box::new(Type::list(Type::String)),
        Box::new(Value::list(["a".into(), "b".into()])),
    );
    let nested = Value::map([
        (
            "k",
            Value::object([("list", Value::list([1.into(), Value::unknown()]))]),
        ),
        ("u", Value::unknown()),
    ]);
    let mut attributes = BTreeMap::from([
        ("text".to_owned(), Value::unknown()),
        ("plain".to_owned(), "x".into()),
        ("maybe".to_owned(), Value::Null),
        ("exact".to_owned(), number("0.10000000000000000000000000001")),
        ("float".to_owned(), number("0.1")),
        ("colour".to_owned(), "dark_red".into()),
        ("set".to_owned(), Value::set(["b".into(), "a".into()])),
        ("nested".to_owned(), nested),
        ("any".to_owned(), any),
        ("type".to_owned(), true.into()),
        ("timeouts".to_owned(), timeouts),
    ]);
    attributes.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(attributes)
}

#[test]
fn values_survive_the_way_through_a_model() {
    let known = Refinements {
        prefix: Some("gs://".into()),
        ..Refinements::default()
    };
    let cases = [
        value(&[]),
        value(&[("text", Value::Unknown(Some(Box::new(known))))]),
        value(&[
            ("text", Value::Null),
            ("timeouts", Value::Null),
            ("any", Value::Null),
            ("nested", Value::unknown()),
        ]),
        value(&[
            ("any", Value::unknown()),
            ("set", Value::set([])),
            ("float", number("-12.5")),
        ]),
        value(&[(
            "any",
            Value::Dynamic(
                Box::new(Type::list(Type::String)),
                Box::new(Value::list(["a".into(), Value::unknown()])),
            ),
        )]),
    ];
    for case in cases {
        let model: crate::Result<Model> = from_value(&case, &schema());
        let back = model.and_then(|model| to_value(&model, &schema(), &case));
        assert_eq!(back, Ok(case));
    }
}

#[test]
fn a_changed_model_is_not_mistaken_for_the_base() {
    let base = value(&[]);
    let Ok(mut model) = from_value::<Model>(&base, &schema()) else {
        panic!("the base does not fit")
    };
    model.any = Attr::Known(serde_json::json!({ "n": 1, "l": ["x"] }));
    model.set = vec!["b".to_owned(), "b".to_owned()].into();
    let changed = to_value(&model, &schema(), &base).unwrap_or_default();
    assert_eq!(changed.get("set"), Some(&Value::set(["b".into()])));
    let ty = Type::object([("n", Type::Number), ("l", Type::Tuple(vec![Type::String]))]);
    assert!(
        matches!(changed.get("any"), Some(Value::Dynamic(found, _)) if **found == ty),
        "{changed:?}"
    );
}

#[test]
fn what_does_not_fit_says_where() {
    let nested = Value::map([("k", Value::object([("list", Value::list([number("1.5")]))]))]);
    let cases = [
        (
            value(&[("plain", Value::unknown())]),
            "plain",
            "must be known when the plan is made",
        ),
        (value(&[("plain", Value::Null)]), "plain", "does not fit"),
        (value(&[("nested", nested)]), "nested[\"k\"].list[0]", "does not fit"),
        (value(&[("colour", "blue".into())]), "colour", "does not fit"),
        (value(&[("maybe", number("1e30"))]), "maybe", "does not fit"),
    ];
    for (value, path, text) in cases {
        let found = from_value::<Model>(&value, &schema()).err().unwrap_or_default();
        let found: Vec<_> = found
            .iter()
            .map(|found| (found.path.to_string(), found.summary.contains(text)))
            .collect();
        assert_eq!(found, [(path.to_owned(), true)]);
    }
}

#[test]
fn a_model_that_does_not_match_its_schema_is_a_bug() {
    #[derive(Serialize)]
    struct Other {
        plain: Vec<i64>,
    }
    let schema = |attributes: &[&'static str]| {
        Schema::new(attributes.iter().map(|name| (*name, Attribute::string().optional())))
    };
    let detail = |schema: &Schema| {
        let found = to_value(&Other { plain: vec![1] }, schema, &Value::Null)
            .err()
            .unwrap_or_default();
        found.iter().map(|found| found.detail.clone()).collect::<String>()
    };
    assert!(detail(&schema(&["plain", "more"])).contains("the schema says string, the model has a list"));
    assert!(detail(&schema(&["more"])).contains("the model has no field `more`"));
    assert!(detail(&schema(&[])).contains("the model has a field `plain`"));
}
