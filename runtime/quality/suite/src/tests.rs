//! Suites that are read, suites that are refused.

use serde_json::json;

use super::*;

fn suite(expectations: &str) -> Result<Suite, SuiteError> {
    Suite::from_json(
        format!(r#"{{"api_version":"{API_VERSION}","name":"orders","expectations":[{expectations}]}}"#).as_bytes(),
    )
}

fn said(error: &SuiteError) -> String {
    match error {
        SuiteError::Json(e) => e.to_string(),
        other => other.to_string(),
    }
}

#[test]
fn a_suite_is_read_and_written_as_it_was() {
    let text = r#"
        {"check":{"not_null":{"column":"order_id"}},"mostly":0.999},
        {"check":{"unique":{"columns":["order_id","line"],"ignore_rows":"all_missing"}},"nan":"null"},
        {"check":{"in_set":{"column":"status","values":{"strings":["new","paid"]}}},"on_fail":"quarantine"},
        {"check":{"between":{"column":"quantity","bounds":{"ints":{"min":1,"max":100,"strict_max":true}}}},
         "where":{"all":[{"compare":{"column":"status","op":"!=","value":{"strings":["cancelled"]}}},
                         {"is_null":{"column":"deleted","negated":true}}]}},
        {"check":{"statistic":{"column":"score","statistic":"mean","bounds":{"floats":{"min":49.5}}}},"severity":"warn"},
        {"id":"rows","check":{"row_count":{"min":10}}},
        {"check":{"in_set":{"column":"n","values":{"any":[1,2.5,"x",null,true]}}}}"#;
    let read = suite(text).expect("reads");
    assert_eq!(
        read.expectations.iter().map(Expectation::identity).collect::<Vec<_>>(),
        [
            "not_null.order_id",
            "unique.order_id.line",
            "in_set.status",
            "between.quantity",
            "statistic.mean.score",
            "rows",
            "in_set.n"
        ]
    );
    let written = serde_json::to_vec(&read).expect("writes");
    assert_eq!(Suite::from_json(&written).expect("reads again"), read);
    let Some(condition) = &read.expectations[3].row_condition else {
        panic!("no condition")
    };
    assert_eq!(condition.columns(), ["status", "deleted"]);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_place_and_the_remedy() {
    for (expectation, expected) in [
        (
            r#"{"check":{"not_null":{"column":"a","colum":"b"}}}"#,
            "unknown field `colum`",
        ),
        (r#"{"check":{"not_nul":{"column":"a"}}}"#, "unknown variant `not_nul`"),
        (
            r#"{"check":{"not_null":{"column":"a"}},"mostly":1.1}"#,
            "mostly: 1.1 is not from 0 to 1",
        ),
        (
            r#"{"check":{"row_count":{"min":1}},"mostly":0.5}"#,
            "mostly: applies to checks of rows, and row_count is none",
        ),
        (
            r#"{"check":{"row_count":{"min":1}},"on_fail":"quarantine"}"#,
            "on_fail: quarantine sets rows apart",
        ),
        (
            r#"{"check":{"between":{"column":"a","bounds":{"ints":{"min":3,"max":2}}}}}"#,
            "no value lies between 3 and 2",
        ),
        (
            r#"{"check":{"between":{"column":"a","bounds":{"ints":{"min":3,"max":3,"strict_min":true}}}}}"#,
            "no value lies between",
        ),
        (
            r#"{"check":{"between":{"column":"a","bounds":{"ints":{}}}}}"#,
            "neither min nor max",
        ),
        (
            r#"{"check":{"between":{"column":"a","bounds":{"dates":{"min":"31.1.2026"}}}}}"#,
            "bounds.min: \"31.1.2026\" is not a day",
        ),
        (
            r#"{"check":{"matches":{"column":"a","patterns":["(?=x)"]}}}"#,
            "patterns: \"(?=x)\" is not a regular expression of RE2: look-around",
        ),
        (
            r#"{"check":{"in_set":{"column":"a","values":{"ints":[]}}}}"#,
            "values: is empty",
        ),
        (
            r#"{"check":{"quantile":{"column":"a","quantiles":[{"p":1.5}]}}}"#,
            "quantiles[0].p: 1.5 is not from 0 to 1",
        ),
        (
            r#"{"check":{"distribution":{"column":"a","expected":{"categories":{"values":["x"],"weights":[0.5]}}}}}"#,
            "add up to 0.5",
        ),
        (r#"{"check":{"unique":{"columns":["a","a"]}}}"#, "names a twice"),
        (
            r#"{"check":{"not_null":{"column":"a"}},"where":{"compare":{"column":"b","op":"=","value":{"ints":[1,2]}}}}"#,
            "takes exactly one value",
        ),
        (
            r#"{"check":{"not_null":{"column":"a"}}},{"check":{"not_null":{"column":"a"}},"mostly":0.5}"#,
            "expectations 0 and 1 are both called \"not_null.a\"",
        ),
    ] {
        let error = suite(expectation).expect_err(expectation);
        assert!(said(&error).contains(expected), "{expectation}: {}", said(&error));
    }
}

#[test]
fn the_schema_names_every_check() {
    let schema = Suite::json_schema().to_string();
    for name in ["not_null", "pair_in_set", "distribution", "sql_equals", "ignore_rows"] {
        assert!(schema.contains(name), "{name}");
    }
}

#[test]
fn conditions_are_read_and_printed() {
    for (text, form) in [
        (
            "a = 'x'",
            json!({"compare": {"column": "a", "op": "=", "value": {"strings": ["x"]}}}),
        ),
        (
            "a >= -1",
            json!({"compare": {"column": "a", "op": ">=", "value": {"ints": [-1]}}}),
        ),
        (
            "a < 0.0015",
            json!({"compare": {"column": "a", "op": "<", "value": {"floats": [0.0015]}}}),
        ),
        (
            "a != NUMERIC '0.10'",
            json!({"compare": {"column": "a", "op": "!=", "value": {"decimals": ["0.10"]}}}),
        ),
        (
            "a IN (1, 2)",
            json!({"in": {"column": "a", "values": {"ints": [1, 2]}}}),
        ),
        (
            "a NOT IN (1.0, 2.5)",
            json!({"in": {"column": "a", "values": {"floats": [1.0, 2.5]}, "negated": true}}),
        ),
        ("`order id` IS NULL", json!({"is_null": {"column": "order id"}})),
        (
            "`in` IS NOT NULL",
            json!({"is_null": {"column": "in", "negated": true}}),
        ),
        (
            "a = DATE '2026-01-31'",
            json!({"compare": {"column": "a", "op": "=", "value": {"dates": ["2026-01-31"]}}}),
        ),
        (
            "a = TIMESTAMP '2026-01-31T00:00:00Z' AND b = DATETIME '2026-01-31T00:00:00'",
            json!({"all": [
                {"compare": {"column": "a", "op": "=", "value": {"timestamps": ["2026-01-31T00:00:00Z"]}}},
                {"compare": {"column": "b", "op": "=", "value": {"timestamps": ["2026-01-31T00:00:00"]}}}]}),
        ),
        (
            "a = 'it\\'s \\\\ \\n \u{e9}' OR (a IS NULL AND (b = TRUE OR b = FALSE))",
            json!({"any": [
                {"compare": {"column": "a", "op": "=", "value": {"strings": ["it's \\ \n \u{e9}"]}}},
                {"all": [{"is_null": {"column": "a"}}, {"any": [
                    {"compare": {"column": "b", "op": "=", "value": {"bools": [true]}}},
                    {"compare": {"column": "b", "op": "=", "value": {"bools": [false]}}}]}]}]}),
        ),
        (
            "a = CAST('NaN' AS FLOAT64)",
            json!({"compare": {"column": "a", "op": "=", "value": {"floats": ["NaN"]}}}),
        ),
    ] {
        let read = Condition::parse(text).expect(text);
        if !text.contains("NaN") {
            assert_eq!(serde_json::to_value(&read).expect("JSON"), form, "{text}");
        }
        assert_eq!(read.to_string(), text);
    }
    // Spellings that are printed in another way.
    for (text, printed) in [
        ("A=1 and b<>\"x\"", "A = 1 AND b != 'x'"),
        ("a or b", ""),
        ("(a = 1)", "a = 1"),
        ("a < 1.5e-3", "a < 0.0015"),
        ("a = 1 AND b = 2 OR c = 3", "(a = 1 AND b = 2) OR c = 3"),
        ("a in (1, 2.5)", "a IN (1.0, 2.5)"),
        ("a BETWEEN 1 AND 2 AND b = 3", "(a >= 1 AND a <= 2) AND b = 3"),
        ("a = CAST('-Infinity' AS float64)", "a = CAST('-inf' AS FLOAT64)"),
    ] {
        assert_eq!(
            Condition::parse(text).map_or_else(|_| String::new(), |c| c.to_string()),
            printed,
            "{text}"
        );
    }
}

#[test]
fn what_is_no_condition_is_named_with_its_place() {
    for (text, why) in [
        ("", "it ends too early: a column's name is expected"),
        ("a", "it ends too early: `a` is compared by"),
        ("a = ", "it ends too early: a literal is expected"),
        ("a == 1", "at character 3, `== 1`: `=` compares"),
        ("a = b", "at character 5, `b`: a literal is expected"),
        ("a = NULL", "write `IS NULL`"),
        ("NOT a = 1", "at character 1, `NOT a = 1`: write the opposite"),
        ("a = 1 b", "at character 7, `b`: AND, OR"),
        ("a = 'x", "at character 5, `'x`: its closing ' is missing"),
        ("a = '\\q'", "is no escape"),
        ("a IN ()", "a literal is expected"),
        ("a IN (1, 'x')", "different types"),
        ("a IN (1", "it ends too early: `)` is expected"),
        ("a = DATE '31.1.2026'", "is not a day"),
        ("a = 9223372036854775808", "NUMERIC '9223372036854775808'"),
        ("LOWER(a) = 'x'", "at character 6, `(a) = 'x'`"),
        ("a ; 1", "at character 3, `; 1`: this means nothing"),
        ("\u{e4} = 1e", "at character 5"),
        ("a IS TRUE", "compare by `=`"),
        ("a = 1 AND", "it ends too early"),
    ] {
        let said = Condition::parse(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn what_looks_beyond_the_rows_is_read_and_refused() {
    let text = r#"
        {"check":{"foreign_key":{"columns":["customer"],"references":{"table":"p.d.customers","columns":["id"]}}},"mostly":0.9},
        {"check":{"sql_condition":{"condition":"a < b"}}},
        {"check":{"freshness":{"column":"at","max_age":"6h"}}},
        {"check":{"anomaly":{"metric":"row_count","threshold":3.5}}},
        {"check":{"anomaly":{"metric":"non_null_ratio","column":"email","threshold":0.1,"method":"relative_change"}}},
        {"check":{"reconcile":{"with":{"table":"`p.d.mirror`"},"columns":["a"],"keys":["id"],"count_tolerance":0.1}}},
        {"check":{"sql_aggregate":{"expression":"SUM(a)","min":0}}},
        {"check":{"schema_change":{"allow":["add"]}}}"#;
    let read = suite(text).expect("reads");
    let found: Vec<(String, Dimension)> = read
        .expectations
        .iter()
        .map(|one| (one.identity(), one.judged_dimension()))
        .collect();
    let expected = [
        ("foreign_key.customer", Dimension::Consistency),
        ("sql_condition", Dimension::Validity),
        ("freshness.at", Dimension::Timeliness),
        ("anomaly.row_count", Dimension::Volume),
        ("anomaly.non_null_ratio.email", Dimension::Completeness),
        ("reconcile.mirror", Dimension::Consistency),
        ("sql_aggregate", Dimension::Validity),
        ("schema_change", Dimension::Validity),
    ];
    let expected: Vec<(String, Dimension)> = expected.iter().map(|(id, of)| ((*id).to_owned(), *of)).collect();
    assert_eq!(found, expected);
    let written = serde_json::to_vec(&read).expect("writes");
    assert_eq!(Suite::from_json(&written).expect("reads again"), read);

    for (expectation, expected) in [
        (
            r#"{"check":{"foreign_key":{"columns":["a"],"references":{"table":"t","columns":["x","y"]}}}}"#,
            "references.columns: has 2 columns, and the key has 1",
        ),
        (
            r#"{"check":{"sql_condition":{"condition":"TRUE"}},"on_fail":"quarantine"}"#,
            "on_fail: quarantine sets rows apart",
        ),
        (
            r#"{"check":{"freshness":{"column":"at","max_age":"0h"}}}"#,
            "max_age: \"0h\" is no time at all",
        ),
        (
            r#"{"check":{"anomaly":{"metric":"row_count","threshold":0}}}"#,
            "threshold: 0 is not above 0",
        ),
        (
            r#"{"check":{"anomaly":{"metric":"sum","threshold":1}}}"#,
            "column: is absent",
        ),
        (
            r#"{"check":{"anomaly":{"metric":"row_count","threshold":1,"min_points":2}}}"#,
            "min_points: 2 runs",
        ),
        (
            r#"{"check":{"reconcile":{"with":{"table":"t"},"columns":["a"],"count_tolerance":0.5}}}"#,
            "count_tolerance: is set beside columns without keys",
        ),
        (
            r#"{"check":{"schema_change":{"allow":["add","add"]}}}"#,
            "allow: names a change twice",
        ),
        (
            r#"{"check":{"schema_change":{"allow":["add"]}},"where":{"is_null":{"column":"a"}}}"#,
            "where: does not apply to schema_change",
        ),
    ] {
        let error = suite(expectation).expect_err(expectation);
        assert!(said(&error).contains(expected), "{}", said(&error));
    }
}
