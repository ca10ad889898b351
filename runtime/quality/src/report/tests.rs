//! One outcome in each of its forms.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use serde_json::{Map, Value, json};

use super::{junit, sarif, text};
use crate::engine::{Detail, InMemory, Options, State, SuiteResult, evaluate};
use crate::gx::{ResultFormat, RunInfo, import, restore, validation_result};
use crate::suite::{API_VERSION, Suite};

fn judged(detail: Detail) -> (Suite, SuiteResult) {
    let suite = json!({"api_version": API_VERSION, "name": "orders <1>", "expectations": [
        {"check": {"in_set": {"column": "s", "values": {"strings": ["x"]}}}},
        {"check": {"not_null": {"column": "n"}}, "mostly": 0.5},
        {"check": {"row_count": {"min": 9}}, "on_fail": "record", "severity": "info", "description": "enough of them"},
        {"check": {"between": {"column": "absent", "bounds": {"ints": {"min": 0}}}}},
        {"check": {"not_null": {"column": "s"}}, "enabled": false},
    ]});
    let suite = Suite::from_json(suite.to_string().as_bytes()).expect("a suite");
    let s: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some("y"), None, Some("y")]));
    let n: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)]));
    let batch = RecordBatch::try_from_iter([("s", s), ("n", n)]).expect("a batch");
    let mut source = InMemory {
        schema: batch.schema(),
        batches: vec![batch],
    };
    let options = Options {
        samples: 20,
        detail,
        rows: false,
        ..Options::default()
    };
    let outcome = evaluate(&suite, &mut source, options).expect("evaluates");
    (suite, outcome)
}

#[test]
fn for_people() {
    let (_, outcome) = judged(Detail::Samples);
    let expected = "\
error    between.absent  missing_column: there is no column \"absent\"; there are s, n
fail     in_set.s        2 of 3 rows against it, 1 not judged: \"y\", \"y\"
warn     row_count       observed 4
pass     not_null.n      1 of 4 rows against it: null
skipped  not_null.s
orders <1>: error (4 rows; 1 error, 1 fail, 1 warn, 1 pass, 1 skipped)";
    assert_eq!(text(&outcome), expected);
}

#[test]
fn for_continuous_integration() {
    let (suite, outcome) = judged(Detail::Samples);
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="orders &lt;1&gt;" tests="5" failures="1" errors="1" skipped="1">
    <testcase classname="orders &lt;1&gt;" name="in_set.s"><failure message="2 of 3 rows against it, 1 not judged: &quot;y&quot;, &quot;y&quot;"/></testcase>
    <testcase classname="orders &lt;1&gt;" name="not_null.n"/>
    <testcase classname="orders &lt;1&gt;" name="row_count"><system-out>warning: observed 4</system-out></testcase>
    <testcase classname="orders &lt;1&gt;" name="between.absent"><error message="missing_column: there is no column &quot;absent&quot;; there are s, n"/></testcase>
    <testcase classname="orders &lt;1&gt;" name="not_null.s"><skipped/></testcase>
  </testsuite>
</testsuites>
"#;
    assert_eq!(junit(&outcome), expected);

    let log = sarif(&suite, &outcome, "suites/orders.json");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let levels: Vec<(&str, &str)> = results
        .iter()
        .map(|r| (r["ruleId"].as_str().expect("rule"), r["level"].as_str().expect("level")))
        .collect();
    assert_eq!(
        levels,
        [
            ("in_set.s", "error"),
            ("row_count", "note"),
            ("between.absent", "error")
        ]
    );
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("index")).expect("small");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}

#[test]
fn as_great_expectations_writes_it() {
    let run = RunInfo {
        time: "2026-01-31T12:00:00+00:00".into(),
        name: None,
        asset: "orders.parquet".into(),
        samples: 20,
    };
    let result = |format, detail| {
        let (suite, outcome) = judged(detail);
        validation_result(&suite, &outcome, format, &run)
    };
    let summary = result(ResultFormat::Summary, Detail::Counts);
    assert_eq!(
        summary["statistics"],
        json!({"evaluated_expectations": 4, "successful_expectations": 1, "unsuccessful_expectations": 3, "success_percent": 25.0})
    );
    let set = &summary["results"][0];
    assert_eq!(
        set["expectation_config"],
        json!({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["x"]}, "meta": {"headwater_id": "in_set.s"},
            "id": null, "severity": "critical"})
    );
    let third = 2.0 / 3.0 * 100.0;
    let mut expected = json!({
        "element_count": 4, "unexpected_count": 2, "unexpected_percent": third,
        "partial_unexpected_list": ["y", "y"],
        "missing_count": 1, "missing_percent": 25.0,
        "unexpected_percent_total": 50.0, "unexpected_percent_nonmissing": third,
        "partial_unexpected_counts": [{"value": "y", "count": 2}],
        "partial_unexpected_index_list": [1, 3],
    });
    assert_eq!(set["result"], expected);
    let complete = result(ResultFormat::Complete, Detail::Complete);
    expected["unexpected_list"] = json!(["y", "y"]);
    expected["unexpected_index_list"] = json!([1, 3]);
    assert_eq!(complete["results"][0]["result"], expected);

    // Of presence nothing is missing.
    assert_eq!(summary["results"][1]["success"], true);
    assert_eq!(summary["results"][1]["result"]["missing_count"], Value::Null);
    assert_eq!(summary["results"][2]["result"], json!({"observed_value": 4}));
    assert_eq!(summary["results"][2]["success"], false);
    assert_eq!(summary["results"][3]["result"], json!({}));
    assert_eq!(summary["results"][3]["exception_info"]["raised_exception"], true);
    let least = result(ResultFormat::BooleanOnly, Detail::Samples);
    assert_eq!(least["results"][0]["result"], json!({}));
}

#[test]
fn what_was_refused_has_no_verdict_and_its_place() {
    let foreign = json!({"name": "s", "expectations": [
        {"type": "expect_column_values_to_be_prime", "id": "first", "kwargs": {"column": "n"}},
        {"type": "expect_table_row_count_to_equal", "id": "second", "kwargs": {"value": 0}},
        {"type": "expect_column_values_to_not_be_null", "id": "third", "kwargs": {}},
    ]});
    let imported = import(foreign.to_string().as_bytes(), &Map::new()).expect("imports");
    let mut source = InMemory {
        schema: Arc::new(Schema::empty()),
        batches: Vec::new(),
    };
    let mut suite = imported.suite;
    let mut outcome = evaluate(&suite, &mut source, Options::default()).expect("evaluates");
    assert_eq!(outcome.state, State::Pass);
    restore(&mut suite, &mut outcome, imported.refused);
    assert_eq!(outcome.state, State::Error);
    let run = RunInfo {
        time: String::new(),
        name: None,
        asset: String::new(),
        samples: 20,
    };
    let written = validation_result(&suite, &outcome, ResultFormat::Summary, &run);
    assert_eq!(written["success"], false);
    let ids: Vec<&Value> = written["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|r| &r["expectation_config"]["id"])
        .collect();
    assert_eq!(ids, ["first", "second", "third"]);
    assert_eq!(written["results"][0]["exception_info"]["raised_exception"], true);
    assert_eq!(written["results"][1]["success"], true);
}
