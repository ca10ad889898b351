//! Validators, checks, durations and the mistakes that a schema can have.

use std::time::Duration;

use tfplugin_proto::{Refinements, Type, Value};

use super::timeouts::spell;
use super::{
    Check, Validator, at_least_one_of, conflicts_with, exactly_one_of, parse_duration, required_with, validate,
};
use crate::{Attribute, Path, Schema};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap_or_default())
}

#[test]
fn validators_say_what_is_wrong_and_where() {
    let refined = |known: Refinements| Value::Unknown(Some(Box::new(known)));
    let unknown = |prefix: &str| refined(Refinements::default().starting_with(prefix));
    let between = |least, most| refined(Refinements::default().of_length(least, most));
    let named = |names: &[&str]| Value::list(names.iter().map(|name| Value::object([("name", Value::from(*name))])));
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
            map.clone(),
            &["v[\"NO\"]: the key must be lower case, got \"NO\""],
        ),
        (
            validate::json(),
            "{".into(),
            &["v: must be JSON: EOF while parsing an object at line 1 column 1"],
        ),
        (validate::length(2..=3), unknown("abc"), &[]),
        (
            validate::length(2..=3),
            unknown("abcd"),
            &["v: must be 2 to 3 characters long, has 4 or more"],
        ),
        (validate::one_of(["plain", "fancy"]), unknown("pl"), &[]),
        (
            validate::one_of(["plain", "fancy"]),
            unknown("x"),
            &["v: must be one of `plain`, `fancy`, starts with \"x\""],
        ),
        (
            validate::one_of(["plain", "fancy"]),
            "Plian".into(),
            &["v: must be one of `plain`, `fancy`, got \"Plian\""],
        ),
        (
            validate::one_of(["plain", "fancy"]),
            "Plain".into(),
            &["v: must be one of `plain`, `fancy`, got \"Plain\"; did you mean `plain`?"],
        ),
        (validate::range(1..=9), refined(Refinements::default().at_least(9)), &[]),
        (
            validate::range(1..=9),
            refined(Refinements::default().at_least(10)),
            &["v: must be 1 to 9, and is known to be greater"],
        ),
        (
            validate::range(1..=9),
            refined(Refinements::default().at_most(0)),
            &["v: must be 1 to 9, and is known to be smaller"],
        ),
        (validate::size(1..=2), between(Some(0), Some(9)), &[]),
        (
            validate::size(1..=2),
            between(Some(3), None),
            &["v: must hold 1 to 2 element(s), has 3 or more"],
        ),
        (
            validate::size(1..=2),
            between(None, Some(0)),
            &["v: must hold 1 to 2 element(s), has 0 at most"],
        ),
        (validate::pattern("^[a-z]+$", "must be letters"), "abc".into(), &[]),
        (
            validate::pattern("^[a-z]+$", "must be letters"),
            "ab1".into(),
            &["v: must be letters, got \"ab1\""],
        ),
        (
            validate::each_value(validate::pattern("^.b$", "must end with b")),
            map.clone(),
            &["v[\"NO\"]: must end with b, got \"x\""],
        ),
        (
            validate::byte_length(..=3),
            "äö".into(),
            &["v: must be at most 3 bytes long, has 4"],
        ),
        (
            validate::suffix(".sql"),
            "a.txt".into(),
            &["v: must end with `.sql`, got \"a.txt\""],
        ),
        (
            validate::none_of(["goog"]),
            "goog".into(),
            &["v: must be none of `goog`, got \"goog\""],
        ),
        (validate::multiple_of(60), 120.into(), &[]),
        (
            validate::multiple_of(60),
            90.into(),
            &["v: must be a multiple of 60, got 90"],
        ),
        (validate::unique_by("name"), named(&["a", "b"]), &[]),
        (
            validate::unique_by("name"),
            named(&["a", "b", "a"]),
            &["v[2].name: another element has the same `name` \"a\""],
        ),
        (
            validate::json_object(),
            "[]".into(),
            &["v: must be a JSON object such as `{\"key\": \"value\"}`"],
        ),
        (
            validate::duration_in(Duration::from_secs(10)..=Duration::from_secs(600)),
            "11m".into(),
            &["v: must be a duration of `10s` to `10m`, got \"11m\""],
        ),
        (
            validate::any_of("must be a date or a moment", [validate::date(), validate::instant()]),
            "2026-1-1".into(),
            &["v: must be a date or a moment, got \"2026-1-1\""],
        ),
        (
            validate::url(["https", "http"]),
            unknown("ftp:"),
            &["v: must be a URL that starts with `https://` or `http://`, starts with \"ftp:\""],
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
        (
            exactly_one_of(["c", "x"]).inside("b"),
            config(null(), null(), null()),
            1,
        ),
        (exactly_one_of(["c", "x"]).inside("b"), config(null(), set(), null()), 0),
        (exactly_one_of(["c", "x"]).inside("b"), unknown(), 0),
    ];
    for (check, config, wanted) in cases {
        let found = check.run(&config);
        assert_eq!(found.iter().count(), wanted, "{} {config:?}", check.description());
    }
}

#[test]
fn checks_go_through_collections() {
    let element = |a: Value, b: Value| Value::object([("a", a), ("b", Value::object([("c", b)]))]);
    let (set, null, unknown) = (|| Value::from("x"), || Value::Null, Value::unknown);
    let list = Value::list([
        element(set(), null()),
        element(set(), set()),
        element(null(), null()),
        element(unknown(), set()),
        unknown(),
        null(),
    ]);
    let map = Value::map([("good", element(set(), null())), ("bad", element(set(), set()))]);
    let config = Value::object([("list", list), ("map", Value::object([("inner", map)]))]);
    let cases: Vec<(Check, &str, &[&str])> = vec![
        (
            conflicts_with(["list[*].a", "list[*].b.c"]),
            "In `list[*]`: At most one of `a`, `b.c` may be set.",
            &["list[1].b.c: `b.c` conflicts with `a`"],
        ),
        (
            exactly_one_of(["list[*].a", "list[*].b.c"]),
            "In `list[*]`: Exactly one of `a`, `b.c` must be set.",
            &["list[1].b.c: `b.c` conflicts with `a`", "list[2]: a setting is missing"],
        ),
        (
            required_with("map.inner[*].a", ["map.inner[*].b.c"]),
            "In `map.inner[*]`: `a` needs `b.c`.",
            &["map.inner[\"good\"].a: `a` needs `b.c`"],
        ),
        (
            at_least_one_of(["list[*].b.c"]).inside("nothing"),
            "In `nothing`: In `list[*]`: At least one of `b.c` must be set.",
            &[],
        ),
    ];
    for (check, description, wanted) in cases {
        let found: Vec<String> = check
            .run(&config)
            .into_iter()
            .map(|found| format!("{}: {}", found.path, found.summary))
            .collect();
        assert_eq!(
            (check.description(), found),
            (description, wanted.iter().map(|text| (*text).to_owned()).collect())
        );
    }
}

#[test]
fn texts_of_known_formats() {
    let cases: &[(Validator, &[&str], &[&str])] = &[
        (
            validate::url(["https", "http"]),
            &[
                "https://example.com",
                "http://127.0.0.1:8650/a?b#c",
                "https://[::1]:443/",
                "https://u:p@h_1.example/",
            ],
            &[
                "https://",
                "https:///x",
                "ftp://x",
                "https://a b",
                "https://x:99999",
                "https://x:",
                "https://-x",
                "https://[::g]",
                "",
            ],
        ),
        (
            validate::email(),
            &["a@b.co", "first.last+tag@sub.example.com"],
            &["a", "a@b", "@b.co", "a b@c.de", "a@b..co", "a@@b.co", "a@-b.co"],
        ),
        (
            validate::cidr(),
            &[
                "10.0.0.0/8",
                "0.0.0.0/0",
                "192.168.1.1/32",
                "2001:db8::/32",
                "::/0",
                "::1/128",
            ],
            &[
                "10.0.0.1/8",
                "10.0.0.0",
                "10.0.0.0/33",
                "2001:db8::1/32",
                "x/8",
                "1.2.3.4/-1",
                "/",
                "",
            ],
        ),
        (
            validate::instant(),
            &["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"],
            &["2026-02-30T12:00:00Z", "2026-01-31 12:00", "2026-01-31T12:00:00", ""],
        ),
        (
            validate::date(),
            &["2026-01-31", "2024-02-29"],
            &["2026-02-29", "2026-1-31", "31.01.2026", ""],
        ),
        (
            validate::json_object(),
            &["{}", " {\"a\": 1}"],
            &["[]", "\"{}\"", "{", ""],
        ),
    ];
    for (rule, right, wrong) in cases {
        let fits = |text: &&str| rule.check(&(*text).into(), &Path::root()).is_empty();
        assert_eq!(
            right.iter().filter(|text| !fits(text)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{rule:?}"
        );
        assert_eq!(
            wrong.iter().filter(|text| fits(text)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{rule:?}"
        );
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
        (".5s", Some(500)),
        ("1.s", Some(1_000)),
        (".s", None),
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
