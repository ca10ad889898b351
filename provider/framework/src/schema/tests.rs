//! Validators, checks, durations and the mistakes that a schema can have.

use std::time::Duration;

use tfplugin_proto::{Refinements, Type, Value};

use super::timeouts::spell;
use super::{
    Check, Validator, at_least_one_of, conflicts_with, equal, exactly_one_of, parse_duration, required_with, validate,
};
use crate::{Attribute, Path, Schema};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap_or_default())
}

#[test]
fn validators_say_what_is_wrong_and_where() {
    let unknown = |prefix: &str| {
        Value::Unknown(Some(Box::new(Refinements {
            prefix: Some(prefix.into()),
            ..Refinements::default()
        })))
    };
    let list = Value::list(["ab".into(), "x".into(), "ab".into()]);
    let map = Value::map([("ok", "ab".into()), ("NO", "x".into())]);
    let lower = || validate::matches("must be lower case", |text| text.chars().all(char::is_lowercase));
    let cases: Vec<(Validator, Value, &[&str])> = vec![
        (validate::length(2..=3), "ab".into(), &[]),
        (validate::length(2..=3), "äöü".into(), &[]),
        (
            validate::length(2..=3),
            "abcd".into(),
            &["v: must be 2 to 3 characters long, has 4"],
        ),
        (
            validate::length(..3),
            "abc".into(),
            &["v: must be at most 2 characters long, has 3"],
        ),
        (
            validate::length(5..=5),
            "abc".into(),
            &["v: must be exactly 5 characters long, has 3"],
        ),
        (validate::length(1..), Value::Null, &[]),
        (validate::length(1..), Value::unknown(), &[]),
        (
            validate::prefix("gs://"),
            "s3://b".into(),
            &["v: must start with `gs://`, got \"s3://b\""],
        ),
        (validate::prefix("gs://"), unknown("gs://bucket-"), &[]),
        (validate::prefix("gs://"), unknown("gs"), &[]),
        (
            validate::prefix("gs://"),
            unknown("s3"),
            &["v: must start with `gs://`, starts with \"s3\""],
        ),
        (
            validate::one_of(["a", "b"]),
            "c".into(),
            &["v: must be one of `a`, `b`, got \"c\""],
        ),
        (validate::range(1..=100), 100.into(), &[]),
        (
            validate::range(1..=100),
            number("100.5"),
            &["v: must be 1 to 100, got 100.5"],
        ),
        (validate::range(1..), 0.into(), &["v: must be at least 1, got 0"]),
        (
            validate::whole_number(),
            number("1.5"),
            &["v: must be a whole number, got 1.5"],
        ),
        (
            validate::size(1..),
            Value::list([]),
            &["v: must hold at least 1 element(s), has 0"],
        ),
        (validate::unique(), list.clone(), &["v[2]: is here twice"]),
        (
            validate::each(validate::length(2..)),
            list,
            &["v[1]: must be at least 2 characters long, has 1"],
        ),
        (
            validate::each(validate::length(2..)),
            map.clone(),
            &["v[\"NO\"]: must be at least 2 characters long, has 1"],
        ),
        (
            validate::keys(lower()),
            map,
            &["v[\"NO\"]: the key must be lower case, got \"NO\""],
        ),
        (
            validate::json(),
            "{".into(),
            &["v: must be JSON: EOF while parsing an object at line 1 column 1"],
        ),
        (
            validate::duration(),
            "5x".into(),
            &["v: `5x` is not a duration such as `30s`, `20m` or `1h30m`"],
        ),
    ];
    for (validator, value, wanted) in cases {
        let found = validator.check(&value, &Path::attr("v"));
        let found: Vec<String> = found
            .into_iter()
            .map(|(path, text)| format!("{path}: {text}"))
            .collect();
        assert_eq!(found, wanted, "{value:?}");
    }
}

#[test]
fn checks_wait_for_what_is_unknown() {
    let config = |a: Value, b: Value, c: Value| Value::object([("a", a), ("b", Value::object([("c", b)])), ("d", c)]);
    let (set, null, unknown) = (|| Value::from("x"), || Value::Null, Value::unknown);
    let cases: Vec<(Check, Value, usize)> = vec![
        (conflicts_with(["a", "b.c"]), config(set(), set(), null()), 1),
        (conflicts_with(["a", "b.c"]), config(set(), null(), set()), 0),
        (conflicts_with(["a", "b.c"]), config(set(), unknown(), null()), 0),
        (exactly_one_of(["a", "d"]), config(null(), set(), null()), 1),
        (exactly_one_of(["a", "d"]), config(set(), null(), set()), 1),
        (exactly_one_of(["a", "d"]), config(unknown(), null(), null()), 0),
        (at_least_one_of(["a", "d"]), config(null(), null(), null()), 1),
        (at_least_one_of(["a", "d"]), config(set(), null(), set()), 0),
        (required_with("a", ["b.c", "d"]), config(set(), null(), null()), 2),
        (required_with("a", ["b.c", "d"]), config(set(), unknown(), set()), 0),
        (required_with("a", ["b.c", "d"]), config(null(), null(), null()), 0),
    ];
    for (check, config, wanted) in cases {
        let found = check.run(&config);
        assert_eq!(found.iter().count(), wanted, "{} {config:?}", check.description());
    }
}

#[test]
fn durations_are_gos() {
    let cases = [
        ("30s", Some(30_000)),
        ("20m", Some(1_200_000)),
        ("1h30m", Some(5_400_000)),
        ("1.5h", Some(5_400_000)),
        ("300ms", Some(300)),
        ("0", Some(0)),
        ("+1s", Some(1_000)),
        ("", None),
        ("5", None),
        ("s", None),
        ("-1s", None),
        ("1s ", None),
        ("1.2.3s", None),
        ("99999999999999999999999h", None),
    ];
    for (text, wanted) in cases {
        assert_eq!(parse_duration(text).ok(), wanted.map(Duration::from_millis), "{text}");
    }
    assert_eq!(
        [90, 120, 7200].map(|seconds| spell(Duration::from_secs(seconds))),
        ["90s", "2m", "2h"]
    );
}

#[test]
fn equivalences() {
    let same = [
        (
            equal::json as fn(&Value, &Value) -> bool,
            "{\"a\": [1]}",
            "{ \"a\":[1] }",
        ),
        (equal::ignore_case, "US", "us"),
        (equal::duration, "60s", "1m"),
        (equal::trailing_slash, "https://x/", "https://x"),
    ];
    for (hook, a, b) in same {
        assert!(hook(&a.into(), &b.into()), "{a} {b}");
        assert!(!hook(&a.into(), &"other".into()), "{a}");
    }
}

#[test]
fn mistakes_in_schemas_are_named() {
    let bare = Attribute::string;
    let cases: Vec<(&str, Attribute, &str)> = vec![
        ("Name", bare().optional(), "`Name` is not a lowercase identifier"),
        (
            "count",
            bare().optional(),
            "`count` is a name that Terraform keeps for itself",
        ),
        ("a", bare(), "`a` is neither required, optional nor computed"),
        (
            "a",
            bare().required().computed(),
            "`a` is required and something else, too",
        ),
        (
            "a",
            bare().optional_computed().write_only(),
            "`a` is write-only and computed or inside a set",
        ),
        (
            "a",
            Attribute::set_of([("b", bare().computed())]).optional(),
            "`a.b` is computed inside a set",
        ),
        (
            "a",
            Attribute::set_of([("b", bare().optional().write_only())]).optional(),
            "`a.b` is write-only",
        ),
        (
            "a",
            Attribute::list(Type::Dynamic).optional(),
            "`a` has `dynamic` inside a collection",
        ),
    ];
    for (name, attribute, text) in cases {
        let problems = Schema::new([(name, attribute)]).problems("thing");
        assert!(
            problems.iter().any(|problem| problem.detail.contains(text)),
            "{text}: {problems:?}"
        );
    }
    let good = Schema::new([
        ("a", bare().required()),
        ("b", Attribute::set_of([("c", bare().default("x"))]).optional()),
    ]);
    assert!(good.problems("thing").is_empty());
    assert!(
        !Schema::new([("a", bare().optional()), ("a", bare().optional())])
            .problems("thing")
            .is_empty()
    );
}
