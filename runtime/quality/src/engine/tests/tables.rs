//! Aggregates, checks of the schema, row conditions and whole suites.

use super::{check, run, table, written};

#[test]
fn aggregates() {
    check(&[
        (
            "a int: 1, 2, null",
            r#"{"statistic":{"column":"a","statistic":"min","bounds":{"ints":{"min":1}}}}"#,
            "pass 1",
        ),
        (
            "a date: 2026-01-02, 2026-01-01",
            r#"{"statistic":{"column":"a","statistic":"max","bounds":{"dates":{"max":"2026-01-01"}}}}"#,
            "fail \"2026-01-02\"",
        ),
        (
            "a text: b, a",
            r#"{"statistic":{"column":"a","statistic":"max","bounds":{"strings":{"max":"b"}}}}"#,
            "pass \"b\"",
        ),
        (
            "a float: 1, NaN",
            r#"{"statistic":{"column":"a","statistic":"max","bounds":{"floats":{"max":2}}}}"#,
            "fail null",
        ),
        (
            "a int: 1, 2, null",
            r#"{"statistic":{"column":"a","statistic":"mean","bounds":{"floats":{"min":1.5,"max":1.5}}}}"#,
            "pass 1.5",
        ),
        (
            "a dec: 0.10, 0.20",
            r#"{"statistic":{"column":"a","statistic":"sum","bounds":{"decimals":{"min":"0.3","max":"0.30"}}}}"#,
            "pass \"0.30\"",
        ),
        (
            "a uint: 18446744073709551615, 1",
            r#"{"statistic":{"column":"a","statistic":"sum","bounds":{"ints":{"min":1}}}}"#,
            "pass \"18446744073709551616\"",
        ),
        (
            "a int: 2, 4",
            r#"{"statistic":{"column":"a","statistic":"stdev","bounds":{"floats":{"max":1.5}}}}"#,
            "pass 1.4142135623730951",
        ),
        (
            "a int: 2",
            r#"{"statistic":{"column":"a","statistic":"stdev","bounds":{"floats":{"max":1.5}}}}"#,
            "error no_data",
        ),
        (
            "a int: 1, 2, 9, 4",
            r#"{"statistic":{"column":"a","statistic":"median","bounds":{"floats":{"min":3,"max":3}}}}"#,
            "pass 3.0",
        ),
        (
            "a dec: 1.50, 0.10, 2.25",
            r#"{"statistic":{"column":"a","statistic":"median","bounds":{"floats":{"min":1,"max":2}}}}"#,
            "pass 1.5",
        ),
        // One that 64 bits do not hold, among others that they do.
        (
            "a dec: 1.50, 999999999999999999.99, 2.25, 0.10, -999999999999999999.99",
            r#"{"statistic":{"column":"a","statistic":"median","bounds":{"floats":{"min":1,"max":2}}}}"#,
            "pass 1.5",
        ),
        (
            "a int: 1, 1, 2, null",
            r#"{"statistic":{"column":"a","statistic":"distinct_count","bounds":{"ints":{"max":1}}}}"#,
            "fail 2",
        ),
        (
            "a text: x, x, y, null",
            r#"{"statistic":{"column":"a","statistic":"distinct_ratio","bounds":{"floats":{"min":0.7}}}}"#,
            "fail 0.6666666666666666",
        ),
        (
            "a int: 1, null",
            r#"{"statistic":{"column":"a","statistic":"non_null_ratio","bounds":{"floats":{"min":0.5}}}}"#,
            "pass 0.5",
        ),
        (
            "a int: null",
            r#"{"statistic":{"column":"a","statistic":"sum","bounds":{"ints":{"min":0}}}}"#,
            "error no_data",
        ),
        (
            "a int: null",
            r#"{"statistic":{"column":"a","statistic":"sum","bounds":{"ints":{"min":0}},"no_data":"zero"}}"#,
            "pass 0",
        ),
        (
            "a int: null",
            r#"{"statistic":{"column":"a","statistic":"mean","bounds":{"floats":{}},"no_data":"zero"}}"#,
            "fail null",
        ),
        (
            "a text: x",
            r#"{"statistic":{"column":"a","statistic":"mean","bounds":{"floats":{}}}}"#,
            "error wrong_type",
        ),
        (
            "a int: 1,2,3,4",
            r#"{"quantile":{"column":"a","quantiles":[{"p":0.5,"max":2},{"p":1,"min":5}]}}"#,
            "fail {\"quantiles\":[0.5,1.0],\"values\":[2.0,4.0]}",
        ),
        (
            "a int: 1,2,3",
            r#"{"distinct_set":{"column":"a","mode":"in","values":{"ints":[1,2]}}}"#,
            "fail",
        ),
        (
            "a int: 1,2",
            r#"{"distinct_set":{"column":"a","mode":"contain","values":{"ints":[1]}}}"#,
            "pass",
        ),
        (
            "a dict: x,y,null",
            r#"{"distinct_set":{"column":"a","mode":"equal","values":{"strings":["y","x"]}}}"#,
            "pass",
        ),
        (
            "a text: x,y,x",
            r#"{"most_common":{"column":"a","values":{"strings":["x"]}}}"#,
            "pass [\"x\"]",
        ),
        (
            "a text: x,y",
            r#"{"most_common":{"column":"a","values":{"strings":["x"]}}}"#,
            "fail [\"x\",\"y\"]",
        ),
        (
            "a text: x,y",
            r#"{"most_common":{"column":"a","values":{"strings":["x"]},"ties_ok":true}}"#,
            "pass [\"x\",\"y\"]",
        ),
        (
            "a text: x,y",
            r#"{"distribution":{"column":"a","expected":{"categories":{"values":["x","y"],"weights":[0.5,0.5]}},"threshold":0.01}}"#,
            "pass 0.0",
        ),
        (
            "a text: x,z",
            r#"{"distribution":{"column":"a","expected":{"categories":{"values":["x","y"],"weights":[0.5,0.5]}},"threshold":9}}"#,
            "fail null",
        ),
        (
            "a float: 0,1,2,3",
            r#"{"distribution":{"column":"a","expected":{"bins":{"edges":[0,2,3],"weights":[0.5,0.5]}},"threshold":0.01}}"#,
            "pass 0.0",
        ),
        ("a int: 1, 2, 3", r#"{"row_count":{"min":3,"max":3}}"#, "pass 3"),
        (
            "a int: 1, 2, 3",
            r#"{"check":{"row_count":{"min":3}},"where":{"compare":{"column":"a","op":">","value":{"ints":[1]}}}}"#,
            "fail 2",
        ),
        ("a int:", r#"{"row_count":{"min":1}}"#, "fail 0"),
        ("a int: 1", r#"{"row_count_equals":{"table":"t"}}"#, "error unsupported"),
        (
            "a int: 1",
            r#"{"foreign_key":{"columns":["a"],"references":{"table":"t","columns":["a"]}}}"#,
            "error unsupported",
        ),
        (
            "a int: 1",
            r#"{"reconcile":{"with":{"table":"t"}}}"#,
            "error unsupported",
        ),
        (
            "a int: 1",
            r#"{"sql_condition":{"condition":"a = 1"}}"#,
            "error unsupported",
        ),
        (
            "a int: 1",
            r#"{"sql_aggregate":{"expression":"SUM(a)","min":1}}"#,
            "error unsupported",
        ),
        // Nobody has said what time it is, or what was before.
        (
            "a date: 2026-01-01",
            r#"{"freshness":{"column":"a","max_age":"6h"}}"#,
            "error no_clock",
        ),
        (
            "a int: 1",
            r#"{"freshness":{"column":"a","max_age":"6h"}}"#,
            "error wrong_type",
        ),
        (
            "a date:",
            r#"{"freshness":{"column":"a","max_age":"6h"}}"#,
            "error no_data",
        ),
        (
            "a date:",
            r#"{"freshness":{"column":"a","max_age":"6h","no_data":"fail"}}"#,
            "error no_clock",
        ),
        (
            "a int: 1",
            r#"{"anomaly":{"metric":"row_count","threshold":1}}"#,
            "error no_clock",
        ),
        (
            "a text: x",
            r#"{"anomaly":{"metric":"max","column":"a","threshold":1}}"#,
            "error wrong_type",
        ),
        ("a int: 1", r#"{"schema_change":{}}"#, "error no_history"),
        (
            "a int: 1; b text: x",
            r#"{"schema_change":{"baseline":[{"name":"a","type":"INT64"},{"name":"c","type":"DATE"}],"allow":["remove"]}}"#,
            "fail {\"columns\":{\"a\":\"INT64\",\"b\":\"STRING\"},\"compared_with\":\"baseline\",\"changes\":{\"add\":[\"b STRING\"],\"remove\":[\"c DATE\"]}}",
        ),
    ]);
}

#[test]
fn shapes() {
    check(&[
        ("a int: 1; b text: x", r#"{"column_count":{"min":2,"max":2}}"#, "pass 2"),
        (
            "a int: 1; b text: x",
            r#"{"columns":{"names":["b","a"]}}"#,
            "pass [\"a\",\"b\"]",
        ),
        (
            "a int: 1; b text: x",
            r#"{"columns":{"names":["b","a"],"mode":"ordered"}}"#,
            "fail [\"a\",\"b\"]",
        ),
        (
            "a int: 1; b text: x",
            r#"{"columns":{"names":["a"],"mode":"contain"}}"#,
            "pass [\"a\",\"b\"]",
        ),
        (
            "a int: 1; b text: x",
            r#"{"columns":{"names":["a","c"],"mode":"contain"}}"#,
            "fail [\"a\",\"b\"]",
        ),
        (
            "a int: 1; b text: x",
            r#"{"column_exists":{"column":"b","position":1}}"#,
            "pass",
        ),
        (
            "a int: 1; b text: x",
            r#"{"column_exists":{"column":"b","position":0}}"#,
            "fail",
        ),
        ("a int: 1", r#"{"column_exists":{"column":"c"}}"#, "fail"),
        (
            "a int: 1",
            r#"{"type":{"column":"a","types":["string","integer"]}}"#,
            "pass \"INT64\"",
        ),
        (
            "a tsz: 2026-01-01",
            r#"{"type":{"column":"a","types":["DATETIME"]}}"#,
            "fail \"TIMESTAMP\"",
        ),
        (
            "a int: 1, null",
            r#"{"type":{"column":"a","types":["int64"],"names":"pandas"}}"#,
            "fail \"float64\"",
        ),
        (
            "a int: 1",
            r#"{"type":{"column":"c","types":["INT64"]}}"#,
            "error missing_column",
        ),
        ("a int: 1", r#"{"sql_rows":{"query":"SELECT 1"}}"#, "error unsupported"),
    ]);
}

#[test]
fn row_conditions() {
    let a = |condition: &str| format!(r#"{{"check":{{"not_null":{{"column":"a"}}}},"where":{condition}}}"#);
    let rows = "a int: null,null,null,null; n int: 1,2,null,3; t dict: x,null,y,x; f float: 0.5,NaN,1,null";
    for (condition, expected) in [
        (r#"{"compare":{"column":"n","op":">=","value":{"ints":[2]}}}"#, 2),
        (r#"{"compare":{"column":"n","op":"<","value":{"floats":[2.5]}}}"#, 2),
        (r#"{"compare":{"column":"n","op":"!=","value":{"ints":[2]}}}"#, 2),
        (r#"{"compare":{"column":"t","op":"=","value":{"strings":["x"]}}}"#, 2),
        (r#"{"compare":{"column":"t","op":">","value":{"strings":["x"]}}}"#, 1),
        (r#"{"in":{"column":"n","values":{"ints":[1,3]}}}"#, 2),
        (r#"{"in":{"column":"n","values":{"ints":[1,3]},"negated":true}}"#, 1),
        (r#"{"is_null":{"column":"n"}}"#, 1),
        (r#"{"is_null":{"column":"t","negated":true}}"#, 3),
        (r#"{"is_null":{"column":"f"}}"#, 1),
        (r#"{"compare":{"column":"f","op":"<=","value":{"floats":[1]}}}"#, 2),
        (
            r#"{"all":[{"compare":{"column":"n","op":">","value":{"ints":[0]}}},{"compare":{"column":"t","op":"=","value":{"strings":["x"]}}}]}"#,
            2,
        ),
        (r#"{"any":[{"is_null":{"column":"n"}},{"is_null":{"column":"t"}}]}"#, 2),
    ] {
        let batch = table(rows);
        for size in [usize::MAX, 1] {
            let result = run(&batch, size, &a(condition));
            let counts = result.results[0].rows.expect(condition);
            assert_eq!(
                (counts.elements, counts.unexpected),
                (expected, expected),
                "{condition}"
            );
        }
    }
    let missing = run(&table(rows), 9, &a(r#"{"is_null":{"column":"x"}}"#));
    assert_eq!(written(&missing), "error missing_column");
}

#[test]
fn a_suite_stands_as_its_worst_expectation() {
    let batch = table("a int: 1, null");
    for (expectations, state) in [
        ("", "pass"),
        (r#"{"check":{"row_count":{"min":1}}}"#, "pass"),
        (
            r#"{"check":{"row_count":{"min":1}}},{"check":{"not_null":{"column":"a"}},"on_fail":"record"}"#,
            "warn",
        ),
        (
            r#"{"check":{"row_count":{"min":9}}},{"check":{"not_null":{"column":"a"}},"on_fail":"record"}"#,
            "fail",
        ),
        (
            r#"{"check":{"row_count":{"min":9}}},{"check":{"not_null":{"column":"b"}},"on_fail":"record"}"#,
            "error",
        ),
    ] {
        let result = run(&batch, 9, expectations);
        assert_eq!(
            serde_json::to_value(result.state).expect("state"),
            state,
            "{expectations}"
        );
    }
}
