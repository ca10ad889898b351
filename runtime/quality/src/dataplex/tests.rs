//! Which rules a suite becomes, what cannot be one, and what results mean.

use arrow::datatypes::SchemaRef;
use serde_json::{Value, json};

use super::{Scan, Settings};
use crate::engine::State;
use crate::sql::schema;
use crate::suite::{API_VERSION, Suite};

fn suite(expectations: &Value) -> Suite {
    let document = json!({"api_version": API_VERSION, "name": "orders", "expectations": expectations});
    Suite::from_json(document.to_string().as_bytes()).expect("a suite")
}

fn columns() -> SchemaRef {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    schema(&json!({"fields": [
        field("id", "INTEGER"), field("status", "STRING"), field("score", "FLOAT"), field("price", "NUMERIC"),
        field("day", "DATE"), field("at", "TIMESTAMP"), field("civil", "DATETIME"), field("paid", "BOOLEAN"),
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    ]}))
}

/// The one rule of a check.
fn rule(expectation: &Value) -> Value {
    let suite = suite(&json!([expectation]));
    let scan = Scan::new(&suite, &columns());
    let refused: Vec<_> = scan.refused().collect();
    assert!(refused.is_empty(), "{expectation}: {refused:?}");
    scan.rules().remove(0)
}

#[track_caller]
fn assert_rule(expectation: &Value, kind: &str, arguments: &Value) -> Value {
    let rule = rule(expectation);
    assert_eq!(&rule[kind], arguments, "{rule:#}");
    rule
}

#[test]
fn what_dataplex_has_is_used() {
    let check = |check: Value| json!({ "check": check });
    let rule = assert_rule(
        &check(json!({"not_null": {"column": "id"}})),
        "nonNullExpectation",
        &json!({}),
    );
    assert_eq!(rule["name"], "not-null-id");
    assert_eq!(rule["dimension"], "COMPLETENESS");
    assert!(rule.get("ignoreNull").is_none() && rule.get("threshold").is_none() && rule.get("debugQueries").is_none());
    let rule = assert_rule(
        &json!({"check": {"in_set": {"column": "status", "values": {"strings": ["a", "b"]}}}, "mostly": 0.9}),
        "setExpectation",
        &json!({"values": ["a", "b"]}),
    );
    assert_eq!((&rule["ignoreNull"], &rule["threshold"]), (&json!(true), &json!(0.9)));
    assert_rule(
        &check(json!({"in_set": {"column": "id", "values": {"floats": [1.0, 1.5]}}})),
        "setExpectation",
        &json!({"values": ["1"]}),
    );
    assert_rule(
        &check(json!({"between": {"column": "id", "bounds": {"ints": {"min": 1, "max": 9, "strict_max": true}}}})),
        "rangeExpectation",
        &json!({"minValue": "1", "maxValue": "8"}),
    );
    assert_rule(
        &check(json!({"between": {"column": "score", "bounds": {"floats": {"min": 0.5, "strict_min": true}}}})),
        "rangeExpectation",
        &json!({"minValue": "5e-1", "strictMinEnabled": true}),
    );
    assert_rule(
        &check(json!({"between": {"column": "price", "bounds": {"decimals": {"max": "10.25"}}}})),
        "rangeExpectation",
        &json!({"maxValue": "10.250000000"}),
    );
    assert_rule(
        &check(json!({"between": {"column": "day", "bounds": {"dates": {"min": "2024-02-29"}}}})),
        "rangeExpectation",
        &json!({"minValue": "2024-02-29"}),
    );
    assert_rule(
        &check(json!({"between": {"column": "at", "bounds": {"timestamps": {"min": "2024-02-29T12:00:00Z"}}}})),
        "rangeExpectation",
        &json!({"minValue": "2024-02-29 12:00:00.000000+00:00"}),
    );
    assert_rule(
        &check(json!({"matches": {"column": "status", "patterns": ["^[a-z]+$"]}})),
        "regexExpectation",
        &json!({"regex": "^[a-z]+$"}),
    );
    assert_rule(
        &check(json!({"unique": {"columns": ["status"]}})),
        "uniquenessExpectation",
        &json!({}),
    );
    let rule = assert_rule(
        &check(json!({"statistic": {"column": "score", "statistic": "mean", "bounds": {"floats": {"min": 1.0}}}})),
        "statisticRangeExpectation",
        &json!({"statistic": "MEAN", "minValue": "1e0"}),
    );
    assert!(
        rule["debugQueries"][0]["sqlStatement"]
            .as_str()
            .is_some_and(|sql| sql.contains("FROM ${data()}"))
    );
}

#[test]
fn the_rest_is_sql() {
    let expression = |kind: &str, expectation: Value| {
        let rule = rule(&expectation);
        rule[kind]["sqlExpression"]
            .as_str()
            .unwrap_or_else(|| panic!("{rule:#}"))
            .to_owned()
    };
    let row = |expectation| expression("rowConditionExpectation", expectation);
    let table = |expectation| expression("tableConditionExpectation", expectation);
    assert_eq!(
        row(json!({"check": {"is_null": {"column": "tags"}}})),
        "IFNULL(NOT (`tags` IS NOT NULL), FALSE)"
    );
    assert_eq!(
        row(json!({"check": {"length": {"column": "status", "min": 2}}})),
        "`status` IS NULL OR IFNULL(CHAR_LENGTH(`status`) >= 2, FALSE)"
    );
    // A rule has no condition on rows of its own.
    let only_paid = json!({"check": {"not_null": {"column": "id"}},
        "where": {"compare": {"column": "status", "op": "=", "value": {"strings": ["it's ${data()}"]}}}});
    assert_eq!(
        row(only_paid.clone()),
        "NOT ((`status` IS NOT NULL AND (`status` IN ('it\\'s \\x24{data()}')))) OR IFNULL(`id` IS NOT NULL, FALSE)"
    );
    let debug = rule(&only_paid)["debugQueries"][0]["sqlStatement"].clone();
    assert!(
        debug
            .as_str()
            .is_some_and(|sql| sql.ends_with("AS evaluated FROM ${data()}")),
        "{debug}"
    );
    // A threshold of 0 is one of 1 to Dataplex, and a part is of all rows.
    assert!(table(json!({"check": {"not_null": {"column": "id"}}, "mostly": 0.0})).contains(">= 0e0, TRUE)"));
    assert_eq!(
        table(json!({"check": {"length": {"column": "status", "min": 2}}, "mostly": 0.5})),
        "IFNULL(SAFE_DIVIDE(COUNTIF(`status` IS NOT NULL AND IFNULL(CHAR_LENGTH(`status`) >= 2, FALSE)), \
         COUNTIF(`status` IS NOT NULL)) >= 5e-1, TRUE)"
    );
    // Dataplex knows of no NaN that is missing.
    assert_eq!(
        row(json!({"check": {"not_null": {"column": "score"}}, "nan": "null"})),
        "IFNULL(IFNULL(NOT IS_NAN(`score`), FALSE), FALSE)"
    );
    assert_eq!(
        table(json!({"check": {"row_count": {"min": 1, "max": 9}}})),
        "COUNT(*) >= 1 AND COUNT(*) <= 9"
    );
    assert_eq!(
        table(json!({"check": {"row_count_equals": {"table": "p.d.other"}}})),
        "(SELECT COUNT(*) FROM `p`.`d`.`other`) = COUNT(*)"
    );
    assert_eq!(
        table(
            json!({"check": {"statistic": {"column": "price", "statistic": "sum", "no_data": "zero",
            "bounds": {"decimals": {"max": "5"}}}}})
        ),
        "IFNULL((IFNULL(SUM(`price`), 0) <= NUMERIC '5.000000000'), FALSE)"
    );
    let statement = |expectation: Value| {
        let rule = rule(&expectation);
        rule["sqlAssertion"]["sqlStatement"]
            .as_str()
            .unwrap_or_else(|| panic!("{rule:#}"))
            .to_owned()
    };
    assert_eq!(
        statement(json!({"check": {"sql_rows": {"query": "SELECT id FROM {batch} WHERE id < 0;"}}})),
        "SELECT id FROM ${data()} WHERE id < 0"
    );
    for (check, words) in [
        (json!({"unique": {"columns": ["id", "status"]}}), "'$.unexpected'"),
        (
            json!({"quantile": {"column": "score", "quantiles": [{"p": 0.5, "min": 1.0}]}}),
            "'$.l0'",
        ),
        (
            json!({"distinct_set": {"column": "status", "mode": "equal", "values": {"strings": ["a;b"]}}}),
            "a\\x3bb",
        ),
        (
            json!({"most_common": {"column": "status", "values": {"strings": ["a"]}, "ties_ok": true}}),
            "'$.known'",
        ),
        (
            json!({"z_score": {"column": "score", "threshold": 3.0, "double_sided": true}}),
            "STDDEV_SAMP",
        ),
        (
            json!({"statistic": {"column": "score", "statistic": "median", "bounds": {"floats": {"max": 2.0}}}}),
            "/ 2) <= 2e0",
        ),
    ] {
        let sql = statement(json!({ "check": check }));
        assert!(
            sql.contains(words) && sql.contains("FROM ${data()}") && !sql.contains(';'),
            "{sql}"
        );
        assert!(!sql.contains("sample"), "no value of a row is shown: {sql}");
    }
}

#[test]
fn what_is_no_rule_says_why() {
    let refused = |expectations: Value| -> Vec<String> {
        let suite = suite(&expectations);
        let scan = Scan::new(&suite, &columns());
        scan.refused()
            .map(|(at, reason)| format!("{at} {}", reason.message))
            .collect()
    };
    for (check, words) in [
        (
            json!({"ordered": {"column": "id", "direction": "increasing"}}),
            "no order",
        ),
        (json!({"column_exists": {"column": "id"}}), "about the table's columns"),
        (
            json!({"distribution": {"column": "status", "expected": {"categories": {"values": ["a"], "weights": [1.0]}}}}),
            "distributions",
        ),
        (json!({"not_null": {"column": "absent"}}), "no column absent"),
        (json!({"sql_rows": {"query": "SELECT ';' FROM {batch}"}}), "semicolon"),
    ] {
        let found = refused(json!([{ "check": check }]));
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    }
    let same_name = refused(json!([
        {"id": "a.b", "check": {"not_null": {"column": "id"}}},
        {"id": "a_b", "check": {"not_null": {"column": "status"}}},
    ]));
    assert!(
        same_name.len() == 1 && same_name[0].starts_with("1 its id \"a_b\""),
        "{same_name:?}"
    );
    assert!(refused(json!([{"enabled": false, "check": {"column_exists": {"column": "id"}}}])).is_empty());
}

#[test]
fn a_specification_is_compared_by_what_it_means() {
    let suite = suite(&json!([
        {"check": {"not_null": {"column": "id"}}},
        {"check": {"in_set": {"column": "status", "values": {"strings": ["a"]}}}, "enabled": false},
    ]));
    let scan = Scan::new(&suite, &columns());
    let settings = Settings {
        row_filter: Some("id > 1".into()),
        sampling_percent: Some(12.5),
        publish: true,
    };
    let spec = scan.specification(&settings);
    assert_eq!(
        (
            &spec["rowFilter"],
            &spec["samplingPercent"],
            &spec["catalogPublishingEnabled"]
        ),
        (&json!("id > 1"), &json!(12.5), &json!(true))
    );
    assert_eq!(spec["rules"][1]["suspended"], true);
    let mut served = spec.clone();
    served["rules"][0]["ruleSource"] = json!({});
    served["rules"][0]["ignoreNull"] = json!(false);
    served["rules"].as_array_mut().expect("rules").reverse();
    assert_eq!(scan.difference(&served), None);
    served["rules"][1]["threshold"] = json!(0.5);
    assert!(
        scan.difference(&served)
            .is_some_and(|why| why.contains("not-null-id is another"))
    );
    served["rules"].as_array_mut().expect("rules").pop();
    assert!(
        scan.difference(&served)
            .is_some_and(|why| why.contains("not-null-id is not there"))
    );
}

#[test]
fn results_are_concluded_from() {
    let suite = suite(&json!([
        {"check": {"not_null": {"column": "id"}}, "mostly": 0.5, "on_fail": "record"},
        {"check": {"in_set": {"column": "status", "values": {"strings": ["a"]}}}},
        {"check": {"length": {"column": "status", "min": 2}}},
        {"check": {"statistic": {"column": "score", "statistic": "min", "bounds": {"floats": {"min": 0.0}}}}},
        {"check": {"row_count": {"min": 1}}},
        {"check": {"sql_rows": {"query": "SELECT 1 FROM {batch}"}}},
        {"check": {"unique": {"columns": ["id"]}}},
        {"check": {"column_exists": {"column": "id"}}},
        {"check": {"is_null": {"column": "paid"}}},
    ]));
    let scan = Scan::new(&suite, &columns());
    let found = |name: &str, more: Value| {
        let mut found = more;
        found["rule"] = json!({"name": name});
        found
    };
    let debug = |values: &[&str]| {
        let values: Vec<Value> = values
            .iter()
            .map(|value| json!({"type": "INTEGER", "value": value}))
            .collect();
        json!([{"results": values}])
    };
    let result = scan.conclude(&json!({"rowCount": "10", "rules": [
        found("not-null-id", json!({"evaluatedCount": "10", "passedCount": "4", "nullCount": "6"})),
        found("in-set-status", json!({"passed": true, "evaluatedCount": "7", "passedCount": "7", "nullCount": "3"})),
        found("length-status", json!({"evaluatedCount": "10", "passedCount": "9", "debugQueriesResultSets": debug(&["10", "7"])})),
        found("statistic-min-score", json!({"debugQueriesResultSets": debug(&["10", "{\"n\":10,\"k\":0,\"found\":null}"])})),
        found("row-count", json!({"passed": true})),
        found("sql-rows", json!({"assertionRowCount": "2"})),
        found("unique-id", json!({"passed": true})),
    ]}));
    use State::{Error, Fail, Pass, Warn};
    let states: Vec<State> = result.results.iter().map(|result| result.state).collect();
    // The fourth has no values; the seventh counts nothing, and its word is taken; the last has no answer, which is no pass.
    assert_eq!(states, [Warn, Pass, Fail, Error, Pass, Fail, Pass, Error, Error]);
    assert_eq!(result.rows, 10);
    let rows: Vec<_> = result.results.iter().map(|result| result.rows).collect();
    let counts = |at: usize| rows[at].map(|rows| (rows.elements, rows.missing, rows.evaluated, rows.unexpected));
    assert_eq!(counts(0), Some((10, 0, 10, 6)));
    assert_eq!(counts(1), Some((10, 3, 7, 0)));
    assert_eq!(counts(2), Some((10, 3, 7, 1)));
    assert_eq!(counts(6), None);
    assert_eq!(
        result.results[3].reason.as_ref().map(|reason| reason.code),
        Some("no_data")
    );
    let unanswered = scan.unanswered("the job is FAILED");
    assert!(unanswered.results.iter().all(|result| result.state == Error));

    // What is 0 Google leaves out: of an empty table nothing is evaluated, and nothing is wrong.
    let empty = scan.conclude(&json!({"rules": [found("in-set-status", json!({"passed": true}))]}));
    assert_eq!(empty.results[1].state, Pass);
    assert_eq!(empty.results[1].rows.map(|rows| rows.evaluated), Some(0));
}
