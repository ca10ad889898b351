//! No equivalent spelling is ever a change, wherever it stands; a real change leaves everything else alone.

use proptest::prelude::*;
use tfplugin_proto::{Type, Value};

use super::walk::{Attributes, counterpart, get, objects};
use super::{check_plan, keep_equivalent, propose, settle};
use crate::schema::{Kind, Nesting};
use crate::{Attribute, Schema, equal};

/// Texts that mean the same, kind by kind.
const JSON: &[&[&str]] = &[
    &[
        "{\"a\":1,\"b\":[2]}",
        "{ \"b\": [2.0], \"a\": 1 }",
        "\n{\"a\":1e0,\"b\":[2]}",
    ],
    &["[]", "[ ]"],
    &["\"x\"", "\"\\u0078\" "],
];
const SQL: &[&[&str]] = &[
    &["SELECT 1", "select 1;", "-- one\nSELECT  1"],
    &["SELECT 'x' FROM t", "select 'x'\nfrom t"],
    &["SELECT 'X' FROM t"],
];
const DURATION: &[&[&str]] = &[&["1h", "60m", "3600s"], &["1m", "60s"], &["0s", "0"]];
const INSTANT: &[&[&str]] = &[
    &["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"],
    &["2026-06-01T00:00:00Z", "2026-06-01T00:00:00.0Z"],
];
const ZONE: &[&[&str]] = &[&["UTC", "Etc/UTC"], &["Asia/Calcutta", "Asia/Kolkata"]];
const CASE: &[&[&str]] = &[&["eu", "EU", "Eu"], &["us", "US"]];
const NUMBER: &[&[&str]] = &[&["1", "1.0", "10e-1"], &["2", "2.00"]];

fn schema() -> Schema {
    let text = || Attribute::string().optional();
    let inner = || {
        [
            ("ttl", text().equivalent(equal::duration)),
            ("document", text().equivalent(equal::json)),
            ("query", text().equivalent(equal::sql)),
            ("mode", Attribute::string().default("fast")),
        ]
    };
    let with_computed = || inner().into_iter().chain([("made", Attribute::string().computed())]);
    let deep = Attribute::object([("many", Attribute::map_of(with_computed()).optional())]).optional();
    Schema::new([
        ("document", text().equivalent(equal::json)),
        ("query", text().equivalent(equal::sql)),
        ("at", text().equivalent(equal::instant)),
        ("zone", text().equivalent(equal::time_zone)),
        ("region", text().equivalent(equal::ignore_case)),
        ("single", Attribute::object(with_computed()).optional()),
        (
            "list",
            Attribute::list_of(with_computed().chain([("deep", deep)])).optional(),
        ),
        ("map", Attribute::map_of(with_computed()).optional()),
        (
            "set",
            Attribute::set_of(inner().into_iter().chain([("name", Attribute::string().required())])).optional(),
        ),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .equivalent(equal::each(equal::ignore_case)),
        ),
        (
            "numbers",
            Attribute::set(Type::String)
                .optional()
                .equivalent(equal::each(equal::number_text)),
        ),
        (
            "tags",
            Attribute::list(Type::String).optional().equivalent(equal::unordered),
        ),
        ("revision", Attribute::number().computed()),
    ])
}

/// Two spellings of a text or null.
fn text(kind: &'static [&'static [&'static str]]) -> BoxedStrategy<(Value, Value)> {
    let spelled = prop::sample::select(kind).prop_flat_map(|same| {
        let spelling = || prop::sample::select(same).prop_map(Value::from);
        (spelling(), spelling())
    });
    prop_oneof![4 => spelled, 1 => Just((Value::Null, Value::Null))].boxed()
}

type Pairs = Vec<(&'static str, BoxedStrategy<(Value, Value)>)>;

/// An object of pairs.
fn object(parts: Pairs) -> BoxedStrategy<(Value, Value)> {
    let (names, strategies): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    strategies
        .prop_map(move |pairs| {
            let side = |pick: fn(&(Value, Value)) -> &Value| {
                Value::object(names.iter().zip(&pairs).map(|(name, pair)| (*name, pick(pair).clone())))
            };
            (side(|pair| &pair.0), side(|pair| &pair.1))
        })
        .boxed()
}

fn null() -> BoxedStrategy<(Value, Value)> {
    Just((Value::Null, Value::Null)).boxed()
}

fn inner() -> Pairs {
    let mode = prop_oneof![Just(Value::Null), Just("slow".into())].prop_map(|mode| (mode.clone(), mode));
    vec![
        ("ttl", text(DURATION)),
        ("document", text(JSON)),
        ("query", text(SQL)),
        ("mode", mode.boxed()),
    ]
}

fn with_computed() -> Pairs {
    inner().into_iter().chain([("made", null())]).collect()
}

/// Several pairs as two collections; `collect` makes one of them.
fn several(element: BoxedStrategy<(Value, Value)>, collect: fn(Vec<Value>) -> Value) -> BoxedStrategy<(Value, Value)> {
    let pairs = prop::collection::vec(element, 0..5);
    let all = pairs.prop_map(move |pairs| {
        let (a, b) = pairs.into_iter().unzip();
        (collect(a), collect(b))
    });
    prop_oneof![6 => all, 1 => null()].boxed()
}

fn keyed(values: Vec<Value>) -> Value {
    Value::map(
        values
            .into_iter()
            .enumerate()
            .map(|(index, value)| (format!("k{index}"), value)),
    )
}

/// Elements that differ in more than spelling: a set may hold one element or two where two spellings meet.
fn named(values: Vec<Value>) -> Value {
    Value::set(values.into_iter().enumerate().map(|(index, mut value)| {
        if let Some(entries) = value.as_entries_mut() {
            entries.insert("name".to_owned(), index.to_string().into());
        }
        value
    }))
}

/// A configuration in two spellings.
fn configurations() -> BoxedStrategy<(Value, Value)> {
    let known = |kind| text(kind).prop_filter("known", |(a, _)| !a.is_null()).boxed();
    let deep = object(vec![("many", several(object(with_computed()), keyed))]);
    let list = with_computed()
        .into_iter()
        .chain([("deep", prop_oneof![deep, null()].boxed())])
        .collect();
    let tags = prop::collection::vec("[ab]", 0..5).prop_flat_map(|tags| {
        let list = |tags: Vec<String>| Value::list(tags.into_iter().map(Value::from));
        (
            Just(tags.clone()).prop_map(list),
            Just(tags).prop_shuffle().prop_map(list),
        )
    });
    object(vec![
        ("document", text(JSON)),
        ("query", text(SQL)),
        ("at", text(INSTANT)),
        ("zone", text(ZONE)),
        ("region", text(CASE)),
        ("single", prop_oneof![object(with_computed()), null()].boxed()),
        ("list", several(object(list), Value::List)),
        ("map", several(object(with_computed()), keyed)),
        ("set", several(object(inner()), named)),
        ("labels", several(known(CASE), keyed)),
        // One spelling of each number: two of one would be two elements in one configuration and one in the other.
        ("numbers", several_numbers()),
        ("tags", tags.boxed()),
        ("revision", null()),
    ])
}

fn several_numbers() -> BoxedStrategy<(Value, Value)> {
    let spelled = |same: &'static [&'static str]| {
        let spelling = || prop::sample::select(same).prop_map(Value::from);
        (spelling(), spelling())
    };
    (spelled(NUMBER[0]), spelled(NUMBER[1]))
        .prop_map(|((a, b), (c, d))| (Value::set([a, c]), Value::set([b, d])))
        .boxed()
}

/// What core proposes: the configuration, and what is computed from the state before at the same key or place.
fn core(attributes: &Attributes, prior: &Value, config: &Value) -> Value {
    Value::object(attributes.iter().map(|(name, attribute)| {
        let (prior, config) = (get(prior, name), get(config, name));
        let value = match &attribute.kind {
            _ if config.is_null() => {
                if attribute.computed {
                    prior.clone()
                } else {
                    Value::Null
                }
            }
            Kind::Nested(nesting, nested) if *nesting != Nesting::Set => {
                let mut value = config.clone();
                super::walk::change_objects(*nesting, &mut value, |step, object| {
                    let prior = counterpart(prior, step).unwrap_or(&Value::Null);
                    *object = core(nested, prior, object);
                });
                value
            }
            _ => config.clone(),
        };
        (name.clone(), value)
    }))
}

/// The state after such a plan was applied.
fn applied(value: Value) -> Value {
    match value {
        Value::Unknown(_) => "made".into(),
        Value::List(elements) => Value::List(elements.into_iter().map(applied).collect()),
        Value::Set(elements) => Value::set(elements.into_iter().map(applied)),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, applied(value))).collect()),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key, applied(value))).collect())
        }
        known => known,
    }
}

fn create(schema: &Schema, config: &Value) -> Value {
    let mut state = applied(propose(
        schema,
        &Value::Null,
        config,
        core(&schema.attributes, &Value::Null, config),
    ));
    if let Some(entries) = state.as_entries_mut() {
        entries.insert("revision".to_owned(), 1.into());
    }
    settle(state)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_spelling_is_no_change((first, second) in configurations()) {
        let schema = schema();
        let state = create(&schema, &first);
        let planned = propose(&schema, &state, &second, core(&schema.attributes, &state, &second));
        prop_assert!(planned == state, "planned {planned:#?}\n\nafter {state:#?}");
        let found = check_plan("thing", &schema, &state, &second, &planned);
        prop_assert!(found.is_empty(), "{found:?}");
        // What the service answers in its own spelling is no drift either.
        let mut read = second.clone();
        if let Some(entries) = read.as_entries_mut() {
            for (name, value) in entries {
                if !value.is_null() && schema.attribute(name).is_some_and(|rules| rules.nested_attributes().is_none()) {
                    let mut one = Value::object([(name.clone(), value.clone())]);
                    keep_equivalent(&schema.attributes, &state, &mut one);
                    prop_assert_eq!(one.get(name), state.get(name));
                }
            }
        }
    }

    #[test]
    fn a_change_touches_nothing_else((first, second) in configurations(), other in configurations(), which in any::<prop::sample::Index>()) {
        let schema = schema();
        let state = create(&schema, &first);
        let names: Vec<&str> = schema.attributes().map(|(name, _)| name).filter(|name| *name != "revision").collect();
        let changed = *which.get(&names);
        let mut config = second;
        if let Some(entries) = config.as_entries_mut() {
            entries.insert(changed.to_owned(), get(&other.0, changed).clone());
        }
        let planned = propose(&schema, &state, &config, core(&schema.attributes, &state, &config));
        let found = check_plan("thing", &schema, &state, &config, &planned);
        prop_assert!(found.is_empty(), "{found:?}");
        for (name, rules) in schema.attributes() {
            let (before, after) = (get(&state, name), get(&planned, name));
            if name == changed || name == "revision" {
                continue;
            }
            // Elsewhere only what the provider computes may be open again.
            let known = |value: &Value| match rules.nested_attributes() {
                Some((nesting, _)) => objects(nesting, value).into_iter().map(|(_, object)| strip(object)).collect(),
                None => vec![value.clone()],
            };
            prop_assert_eq!(known(before), known(after), "{} changed with {}", name, changed);
        }
    }
}

/// Without what is computed.
fn strip(object: &Value) -> Value {
    match object {
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .filter(|(name, _)| *name != "made")
                .map(|(name, value)| (name.clone(), strip(value)))
                .collect(),
        ),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, value)| (key.clone(), strip(value))).collect()),
        other => other.clone(),
    }
}
