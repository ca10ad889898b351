//! What is the same and what is not.

use tfplugin_proto::Value;

use super::*;

type Rule = fn(&Value, &Value) -> bool;

/// The rule, texts that are all the same, and texts that are each another.
const CASES: &[(&str, Rule, &[&str], &[&str])] = &[
    (
        "json",
        json,
        &[
            r#"{"a": [1, 2.50, "x"], "b": null}"#,
            r#"{"b":null,"a":[1.0,25e-1,"\u0078"]}"#,
            "\n{ \"a\" : [ 1 , 2.5 , \"x\" ] , \"b\" : null }\n",
        ],
        &[
            r#"{"a": [2.5, 1, "x"], "b": null}"#,
            r#"{"a": [1, 2.5, "X"], "b": null}"#,
            r#"{"a": [1, 2.5, "x"]}"#,
            r#"{"a": [1, 2.5, "x"], "b": false}"#,
            r#"{"a": [1, "2.5", "x"], "b": null}"#,
            r#"{"a": [1, 2.5000000000000000000001, "x"], "b": null}"#,
            r#"{"a": [1, 2.5, "x"], "b": null"#,
            "",
        ],
    ),
    (
        "json",
        json,
        &["1e999999999", "10e999999998"],
        &["1e999999998", "1e99999999999999999999"],
    ),
    (
        "sql",
        sql,
        &[
            "SELECT a, b FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2)",
            "select a,b\nfrom `p.d.t`\n-- where it is\nwhere name='it''s -- one' # and so\n  and x in(1,2);",
            "/* all */ Select a , b From `p.d.t` Where name = 'it''s -- one' And x in ( 1 , 2 ) ; ",
            "SELECT a, b FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2) -- /*",
        ],
        &[
            "SELECT A, b FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2)",
            "SELECT a, b FROM `p.d.T` WHERE name = 'it''s -- one' AND x IN (1, 2)",
            "SELECT a, b FROM `p.d.t` WHERE name = 'it''s  -- one' AND x IN (1, 2)",
            "SELECT a, b FROM `p.d.t` WHERE name = 'IT''S -- one' AND x IN (1, 2)",
            "SELECT a, b FROM `p.d.t` WHERE name = 'it' 's -- one' AND x IN (1, 2)",
            "SELECT a, b FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2) /* no end",
            "SELECT a b FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2)",
            "SELECT ab FROM `p.d.t` WHERE name = 'it''s -- one' AND x IN (1, 2)",
        ],
    ),
    (
        "sql with quotes in quotes",
        sql,
        &[
            "SELECT r'\\'', \"a\\\" b\", '''x ' y''', \"\"\"-- \" no\"\"\", t.Order, @From, DATE '2020-01-01'",
            "select  r'\\'' ,\"a\\\" b\",'''x ' y''',\"\"\"-- \" no\"\"\",t.Order,@From,DATE'2020-01-01'",
        ],
        &[
            "SELECT r'\\'', \"a\\\" b\", '''x ' y''', \"\"\"-- \" no\"\"\", t.ORDER, @From, DATE '2020-01-01'",
            "SELECT r'\\'', \"a\\\" b\", '''x ' y''', \"\"\"-- \" no\"\"\", t.Order, @FROM, DATE '2020-01-01'",
            "SELECT r'\\'', \"a\\\" b\", '''x '  y''', \"\"\"-- \" no\"\"\", t.Order, @From, DATE '2020-01-01'",
            "SELECT R'\\'', \"a\\\" b\", '''x ' y''', \"\"\"-- \" no\"\"\", t.Order, @From, date '2020-01-01'",
        ],
    ),
    (
        "sql hints",
        sql,
        &["SELECT /*+ fast */ 1", "select /*+ fast */ 1"],
        &["SELECT 1", "SELECT /*+ slow */ 1"],
    ),
    (
        "sql of several statements",
        sql,
        &[
            "CREATE TEMP TABLE t AS SELECT 1; INSERT t VALUES (1)",
            "create TEMP TABLE t as select 1;\ninsert t VALUES(1);;",
        ],
        &[
            "CREATE TEMP TABLE t AS SELECT 1 INSERT t VALUES (1)",
            "CREATE TEMP TABLE T AS SELECT 1; INSERT t VALUES (1)",
        ],
    ),
    (
        "duration",
        duration,
        &["3600s", "1h", "60m", "1h0m0s", "3600000ms", "0.5h30m"],
        &["1h1ns", "3601s", "1", "one hour", "-1h"],
    ),
    ("duration", duration, &["9999999h", "599999940m"], &["9999999h1ns"]),
    (
        "instant",
        instant,
        &[
            "2026-01-01T00:00:00Z",
            "2026-01-01T01:00:00+01:00",
            "2025-12-31T23:00:00.000-01:00",
            "2026-01-01t00:00:00z",
        ],
        &[
            "2026-01-01T00:00:00.0000000001Z",
            "2026-01-01T00:00:01Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
        ],
    ),
    (
        "instant",
        instant,
        &["2016-12-31T23:59:60Z"],
        &["2017-01-01T00:00:00Z", "2016-12-31T23:59:59Z"],
    ),
    (
        "time_zone",
        time_zone,
        &["UTC", "Etc/UTC", "Zulu", "Etc/UCT"],
        &["GMT", "utc", "Europe/London", "+00:00"],
    ),
    (
        "time_zone",
        time_zone,
        &["Asia/Calcutta", "Asia/Kolkata"],
        &["Asia/Colombo"],
    ),
    (
        "time_zone",
        time_zone,
        &["US/Pacific", "America/Los_Angeles"],
        &["America/Tijuana"],
    ),
    ("ignore_case", ignore_case, &["EU", "eu", "Eu"], &["US", "eu "]),
    (
        "trailing_slash",
        trailing_slash,
        &["https://x/", "https://x"],
        &["https://x/y", "http://x"],
    ),
    ("outer_space", outer_space, &["a b\n", "  a b", "a b"], &["a  b", "ab"]),
    (
        "number_text",
        number_text,
        &["100", "1e2", "+100.00", "0.1E3", "1000e-1"],
        &[
            "-100",
            "100.0000000000000000001",
            "1e3",
            "x",
            "",
            "1e99999999999999999999",
        ],
    ),
    ("number_text", number_text, &["0", "-0.00", "0e9"], &["", ".", "-"]),
];

#[test]
fn same_and_other_spellings() {
    for (name, rule, same, others) in CASES {
        for a in *same {
            for b in *same {
                assert!(rule(&(*a).into(), &(*b).into()), "{name}: {a} is {b}");
            }
            for b in *others {
                assert!(!rule(&(*a).into(), &(*b).into()), "{name}: {a} is not {b}");
                assert!(!rule(&(*b).into(), &(*a).into()), "{name}: {b} is not {a}");
            }
        }
        for other in [Value::Null, true.into(), 1.into(), Value::unknown(), Value::list([])] {
            assert!(!rule(&other, &other), "{name} is about text");
        }
    }
}

#[test]
fn normal_forms_agree_with_what_is_the_same() {
    for (_, _, same, others) in CASES.iter().filter(|(name, ..)| name.starts_with("sql")) {
        let normal = normal_sql(same[0]).expect(same[0]);
        for text in *same {
            assert_eq!(normal_sql(text).as_ref(), Some(&normal), "{text}");
        }
        for text in *others {
            assert_ne!(normal_sql(text).as_ref(), Some(&normal), "{text}");
        }
        assert!(sql(&normal.as_str().into(), &same[0].into()), "{normal}");
    }
}

#[test]
fn collections() {
    let list = |texts: &[&str]| Value::list(texts.iter().map(|text| Value::from(*text)));
    let set = |texts: &[&str]| Value::set(texts.iter().map(|text| Value::from(*text)));
    let map = |texts: &[(&str, &str)]| Value::map(texts.iter().map(|(key, text)| (*key, Value::from(*text))));
    assert!(unordered(&list(&["a", "b", "a"]), &list(&["a", "a", "b"])));
    assert!(!unordered(&list(&["a", "b", "b"]), &list(&["a", "a", "b"])));
    assert!(!unordered(&list(&["a"]), &list(&["a", "a"])));
    let any_case = unordered_by(ignore_case);
    assert!(any_case(&list(&["a", "B"]), &list(&["b", "A"])));
    assert!(!any_case(&list(&["a", "B"]), &list(&["b", "B"])));
    let each_duration = each(duration);
    assert!(each_duration(&list(&["1h", "1m"]), &list(&["60m", "60s"])));
    assert!(!each_duration(&list(&["1h", "1m"]), &list(&["60s", "60m"])));
    assert!(each_duration(&set(&["1h", "1m"]), &set(&["60s", "60m"])));
    assert!(each_duration(&map(&[("a", "1h")]), &map(&[("a", "60m")])));
    assert!(!each_duration(&map(&[("a", "1h")]), &map(&[("b", "60m")])));
    let with_null = |text: &str| Value::list([Value::Null, text.into()]);
    assert!(each_duration(&with_null("1h"), &with_null("60m")));
    assert!(!each_duration(&with_null("1h"), &list(&["1h", "60m"])));
}

#[test]
fn deep_documents_are_not_looked_into() {
    let deep = |space: &str| format!("{}{space}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(json(&deep("").into(), &deep("").into()));
    assert!(!json(&deep("").into(), &deep(" ").into()));
}
