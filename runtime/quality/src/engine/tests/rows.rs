//! Checks of rows.

use super::check;

#[test]
fn values_that_are_there() {
    check(&[
        (
            "a int: 1, null, 3",
            r#"{"not_null":{"column":"a"}}"#,
            "fail 3/0/1 [null]",
        ),
        (
            "a text: x, '', null",
            r#"{"not_null":{"column":"a"}}"#,
            "fail 3/0/1 [null]",
        ),
        ("a int: null, null", r#"{"is_null":{"column":"a"}}"#, "pass 2/0/0"),
        ("a int: null, 1", r#"{"is_null":{"column":"a"}}"#, "fail 2/0/1 [1]"),
        ("a int:", r#"{"not_null":{"column":"a"}}"#, "pass 0/0/0"),
        (
            "a float: 1, NaN, null",
            r#"{"not_null":{"column":"a"}}"#,
            "fail 3/0/1 [null]",
        ),
        (
            "a float: 1, NaN, null",
            r#"{"check":{"not_null":{"column":"a"}},"nan":"null"}"#,
            "fail 3/0/2 [null,null]",
        ),
        (
            "a int: 1, null, 3, 4",
            r#"{"check":{"not_null":{"column":"a"}},"mostly":0.75}"#,
            "pass 4/0/1 [null]",
        ),
        (
            "a int: 1, null, 3, 4",
            r#"{"check":{"not_null":{"column":"a"}},"mostly":0.76}"#,
            "fail 4/0/1 [null]",
        ),
        (
            "a int: 1, null",
            r#"{"check":{"not_null":{"column":"a"}},"on_fail":"record"}"#,
            "warn 2/0/1 [null]",
        ),
        (
            "a int: 1, null",
            r#"{"check":{"not_null":{"column":"a"}},"enabled":false}"#,
            "skipped",
        ),
        ("b int: 1", r#"{"not_null":{"column":"a"}}"#, "error missing_column"),
    ]);
}

#[test]
fn values_in_sets_and_intervals() {
    check(&[
        (
            "a int: 1, 2, null, 5",
            r#"{"in_set":{"column":"a","values":{"ints":[1,2]}}}"#,
            "fail 4/1/1 [5]",
        ),
        (
            "a int: 1, 2, null, 5",
            r#"{"not_in_set":{"column":"a","values":{"ints":[1,2]}}}"#,
            "fail 4/1/2 [1,2]",
        ),
        (
            "a text: x, y, null",
            r#"{"in_set":{"column":"a","values":{"strings":["x"]}}}"#,
            "fail 3/1/1 [\"y\"]",
        ),
        (
            "a dict: x, y, null, x",
            r#"{"in_set":{"column":"a","values":{"strings":["x"]}}}"#,
            "fail 4/1/1 [\"y\"]",
        ),
        (
            "a int: 1",
            r#"{"in_set":{"column":"a","values":{"strings":["1"]}}}"#,
            "error wrong_type",
        ),
        (
            "a int: 1",
            r#"{"in_set":{"column":"a","values":{"any":["1"]}}}"#,
            "fail 1/0/1 [1]",
        ),
        (
            "a int: 1",
            r#"{"in_set":{"column":"a","values":{"any":[1.0, "x", null]}}}"#,
            "pass 1/0/0",
        ),
        (
            "a dec: 1.50, 2",
            r#"{"in_set":{"column":"a","values":{"decimals":["1.5"]}}}"#,
            "fail 2/0/1 [\"2.00\"]",
        ),
        (
            "a wide: -1.50, 2",
            r#"{"in_set":{"column":"a","values":{"decimals":["2"]}}}"#,
            "fail 2/0/1 [\"-1.50\"]",
        ),
        (
            "a bool: true, false",
            r#"{"in_set":{"column":"a","values":{"bools":[true]}}}"#,
            "fail 2/0/1 [false]",
        ),
        (
            "a date: 2026-01-31, 2026-02-01",
            r#"{"in_set":{"column":"a","values":{"dates":["2026-01-31"]}}}"#,
            "fail 2/0/1 [\"2026-02-01\"]",
        ),
        (
            "a float: 0.5, NaN",
            r#"{"in_set":{"column":"a","values":{"floats":[0.5]}}}"#,
            "fail 2/0/1 [\"NaN\"]",
        ),
        (
            "a int: 1,2,3,4,5,6,7,8,9,10,11",
            r#"{"in_set":{"column":"a","values":{"ints":[1,2,3,4,5,6,7,8,9,10]}}}"#,
            "fail 11/0/1 [11]",
        ),
        (
            "a int: 1, 5, 9, null",
            r#"{"between":{"column":"a","bounds":{"ints":{"min":2,"max":9}}}}"#,
            "fail 4/1/1 [1]",
        ),
        (
            "a int: 2, 9",
            r#"{"between":{"column":"a","bounds":{"ints":{"min":2,"max":9,"strict_min":true,"strict_max":true}}}}"#,
            "fail 2/0/2 [2,9]",
        ),
        (
            "a int: 2, 3",
            r#"{"between":{"column":"a","bounds":{"floats":{"min":2.5}}}}"#,
            "fail 2/0/1 [2]",
        ),
        (
            "a int8: -128, 127",
            r#"{"between":{"column":"a","bounds":{"ints":{"max":1000}}}}"#,
            "pass 2/0/0",
        ),
        (
            "a uint: 18446744073709551615, 1",
            r#"{"between":{"column":"a","bounds":{"ints":{"min":2}}}}"#,
            "fail 2/0/1 [1]",
        ),
        (
            "a uint: 1",
            r#"{"between":{"column":"a","bounds":{"ints":{"max":-1}}}}"#,
            "fail 1/0/1 [1]",
        ),
        (
            "a float: 0.5, NaN, inf",
            r#"{"between":{"column":"a","bounds":{"floats":{"min":0,"max":1}}}}"#,
            "fail 3/0/2 [\"NaN\",\"Infinity\"]",
        ),
        (
            "a float: 1",
            r#"{"between":{"column":"a","bounds":{"ints":{"min":1,"strict_min":true}}}}"#,
            "fail 1/0/1 [1.0]",
        ),
        (
            "a dec: 0.10, 0.09",
            r#"{"between":{"column":"a","bounds":{"floats":{"min":0.1}}}}"#,
            "fail 2/0/1 [\"0.09\"]",
        ),
        (
            "a text: b, Z, é",
            r#"{"between":{"column":"a","bounds":{"strings":{"min":"a","max":"z"}}}}"#,
            "fail 3/0/2 [\"Z\",\"é\"]",
        ),
        (
            "a date: 2026-01-31",
            r#"{"between":{"column":"a","bounds":{"dates":{"min":"2026-02-01"}}}}"#,
            "fail 1/0/1 [\"2026-01-31\"]",
        ),
        (
            "a date: 2026-01-31",
            r#"{"between":{"column":"a","bounds":{"any":{"max":"2026-01-31T00:00:00"}}}}"#,
            "pass 1/0/0",
        ),
        (
            "a date: 2026-01-31",
            r#"{"between":{"column":"a","bounds":{"any":{"max":5}}}}"#,
            "error wrong_type",
        ),
        (
            "a time: 23~59~59.5",
            r#"{"between":{"column":"a","bounds":{"times":{"max":"23:59:59"}}}}"#,
            "fail 1/0/1 [\"23:59:59.500000\"]",
        ),
        (
            "a ts: 2026-01-31T12~00~00",
            r#"{"between":{"column":"a","bounds":{"timestamps":{"max":"2026-01-31 11:59:59.999999"}}}}"#,
            "fail 1/0/1 [\"2026-01-31T12:00:00\"]",
        ),
        (
            "a ts: 2026-01-31T12~00~00",
            r#"{"between":{"column":"a","bounds":{"timestamps":{"max":"2026-01-31T12:00:00Z"}}}}"#,
            "error wrong_value",
        ),
        (
            "a tsz: 2026-01-31T12~00~00Z",
            r#"{"between":{"column":"a","bounds":{"timestamps":{"max":"2026-01-31T12:00:00+01:00"}}}}"#,
            "fail 1/0/1 [\"2026-01-31T12:00:00+00:00\"]",
        ),
        (
            "a bytes: x",
            r#"{"between":{"column":"a","bounds":{"strings":{"max":"x"}}}}"#,
            "error wrong_type",
        ),
    ]);
}

#[test]
fn uniqueness() {
    check(&[
        (
            "a int: 1, 2, 1, null, null",
            r#"{"unique":{"columns":["a"]}}"#,
            "fail 5/2/2 [1,1]",
        ),
        (
            "a text: x, y, x, null",
            r#"{"unique":{"columns":["a"]}}"#,
            "fail 4/1/2 [\"x\",\"x\"]",
        ),
        (
            "a dict: x, y, x, null",
            r#"{"unique":{"columns":["a"]}}"#,
            "fail 4/1/2 [\"x\",\"x\"]",
        ),
        (
            "a float: 0, -0, NaN, NaN",
            r#"{"unique":{"columns":["a"]}}"#,
            "fail 4/0/4 [0.0,-0.0,\"NaN\"]",
        ),
        (
            "a float: 1, NaN, NaN",
            r#"{"check":{"unique":{"columns":["a"]}},"nan":"null"}"#,
            "pass 3/2/0",
        ),
        (
            "a dec: 1, 1.00, 2",
            r#"{"unique":{"columns":["a"]}}"#,
            "fail 3/0/2 [\"1.00\",\"1.00\"]",
        ),
        ("a bool: true, false", r#"{"unique":{"columns":["a"]}}"#, "pass 2/0/0"),
        (
            "a int: 1, 1, 2; b text: x, y, x",
            r#"{"unique":{"columns":["a","b"]}}"#,
            "pass 3/0/0",
        ),
        (
            "a int: 1, 1, 1; b text: x, y, x",
            r#"{"unique":{"columns":["a","b"]}}"#,
            "fail 3/0/2 [{\"a\":1,\"b\":\"x\"},{\"a\":1,\"b\":\"x\"}]",
        ),
        (
            "a int: 1, 1; b text: null, null",
            r#"{"unique":{"columns":["a","b"]}}"#,
            "pass 2/2/0",
        ),
        (
            "a int: 1, 1, null; b text: null, null, null",
            r#"{"unique":{"columns":["a","b"],"ignore_rows":"all_missing"}}"#,
            "fail 3/1/2 [{\"a\":1,\"b\":null},{\"a\":1,\"b\":null}]",
        ),
        (
            "a int: null, null; b text: null, null",
            r#"{"unique":{"columns":["a","b"],"ignore_rows":"never"}}"#,
            "fail 2/0/2 [{\"a\":null,\"b\":null},{\"a\":null,\"b\":null}]",
        ),
        (
            "a int: 1, 1, 2; b text: x, y, y",
            r#"{"check":{"unique":{"columns":["a"]}},"where":{"compare":{"column":"b","op":"=","value":{"strings":["y"]}}}}"#,
            "pass 2/0/0",
        ),
        (
            "a int: 1, 2, 1; b int: 2, 2, 1",
            r#"{"distinct_within_row":{"columns":["a","b"]}}"#,
            "fail 3/0/2 [{\"a\":2,\"b\":2},{\"a\":1,\"b\":1}]",
        ),
        (
            "a int: null, 1; b int: null, null",
            r#"{"distinct_within_row":{"columns":["a","b"],"ignore_rows":"never"}}"#,
            "fail 2/0/1 [{\"a\":null,\"b\":null}]",
        ),
    ]);
}

#[test]
fn text() {
    check(&[
        (
            "a text: ab, é, '', null",
            r#"{"length":{"column":"a","min":1,"max":1}}"#,
            "fail 4/1/2 [\"ab\",\"\"]",
        ),
        (
            "a text: ab, abc",
            r#"{"length":{"column":"a","max":3,"strict_max":true}}"#,
            "fail 2/0/1 [\"abc\"]",
        ),
        ("a int: 10", r#"{"length":{"column":"a","min":2}}"#, "error wrong_type"),
        (
            "a int: 10, -1, 7",
            r#"{"length":{"column":"a","min":2,"as_text":true}}"#,
            "fail 3/0/1 [7]",
        ),
        (
            "a float: 1, 1e20, 0.00001",
            r#"{"matches":{"column":"a","patterns":["^(1\\.0|1e\\+20|1e-05)$"],"as_text":true}}"#,
            "pass 3/0/0",
        ),
        (
            "a bool: true",
            r#"{"matches":{"column":"a","patterns":["^True$"],"as_text":true}}"#,
            "pass 1/0/0",
        ),
        (
            "a text: xay, b, null",
            r#"{"matches":{"column":"a","patterns":["a"]}}"#,
            "fail 3/1/1 [\"b\"]",
        ),
        (
            "a dict: xay, b, null",
            r#"{"matches":{"column":"a","patterns":["a"]}}"#,
            "fail 3/1/1 [\"b\"]",
        ),
        (
            "a text: xay, b",
            r#"{"matches":{"column":"a","patterns":["a","b"],"match_on":"any"}}"#,
            "pass 2/0/0",
        ),
        (
            "a text: xay, ab",
            r#"{"matches":{"column":"a","patterns":["a","b"],"match_on":"all"}}"#,
            "fail 2/0/1 [\"xay\"]",
        ),
        (
            "a text: xay, b",
            r#"{"not_matches":{"column":"a","patterns":["a","c"]}}"#,
            "fail 2/0/1 [\"xay\"]",
        ),
        (
            "a text: 50%, 50x, 5",
            r#"{"like":{"column":"a","patterns":["50\\%"]}}"#,
            "fail 3/0/2 [\"50x\",\"5\"]",
        ),
        (
            "a text: abc, a.c, ac",
            r#"{"like":{"column":"a","patterns":["a_c"]}}"#,
            "fail 3/0/1 [\"ac\"]",
        ),
        (
            "a text: abc, x%",
            r#"{"not_like":{"column":"a","patterns":["x!%"],"escape":"!"}}"#,
            "fail 2/0/1 [\"x%\"]",
        ),
        (
            "a text: 2026-01-31, 2026-02-31, x",
            r#"{"time_format":{"column":"a","format":"%Y-%m-%d"}}"#,
            "fail 3/0/2 [\"2026-02-31\",\"x\"]",
        ),
        (
            "a text: {}, [1], {, 1",
            r#"{"json":{"column":"a"}}"#,
            "fail 4/0/1 [\"{\"]",
        ),
        ("a int: 1", r#"{"json":{"column":"a"}}"#, "error wrong_type"),
    ]);
}

#[test]
fn rows_beside_each_other() {
    check(&[
        (
            "a int: 2, 1, null, 3; b int: 1, 1, 1, null",
            r#"{"compare":{"left":"a","op":">","right":"b"}}"#,
            "fail 4/2/1 [[1,1]]",
        ),
        (
            "a int: null, 3, null; b int: 1, null, null",
            r#"{"compare":{"left":"a","op":">","right":"b","ignore_rows":"all_missing"}}"#,
            "fail 3/1/2 [[null,1],[3,null]]",
        ),
        (
            "a int: 1, 2; b float: 1, 2.5",
            r#"{"compare":{"left":"a","op":"=","right":"b"}}"#,
            "fail 2/0/1 [[2,2.5]]",
        ),
        (
            "a int: 1; b dec: 1.00",
            r#"{"compare":{"left":"a","op":"=","right":"b"}}"#,
            "pass 1/0/0",
        ),
        (
            "a uint: 18446744073709551615; b int: -1",
            r#"{"compare":{"left":"a","op":">","right":"b"}}"#,
            "pass 1/0/0",
        ),
        (
            "a text: x; b int: 1",
            r#"{"compare":{"left":"a","op":"=","right":"b"}}"#,
            "error wrong_type",
        ),
        (
            "a ts: 2026-01-01; b tsz: 2026-01-01",
            r#"{"compare":{"left":"a","op":"=","right":"b"}}"#,
            "error wrong_type",
        ),
        (
            "a date: 2026-01-02; b date: 2026-01-01",
            r#"{"compare":{"left":"a","op":"<=","right":"b"}}"#,
            "fail 1/0/1 [[\"2026-01-02\",\"2026-01-01\"]]",
        ),
        (
            "a int: 1, 2, 2; b text: x, x, null",
            r#"{"pair_in_set":{"left":"a","right":"b","pairs":[[1,"x"],[2,null]],"ignore_rows":"never"}}"#,
            "fail 3/0/1 [[2,\"x\"]]",
        ),
        (
            "a int: 1, 2, null; b int: 1, 3, null",
            r#"{"equal_within_row":{"columns":["a","b"],"ignore_rows":"never"}}"#,
            "fail 3/0/1 [{\"a\":2,\"b\":3}]",
        ),
        (
            "a int: 1, 2, null; b int: 2, 2, 3",
            r#"{"row_sum":{"columns":["a","b"],"total":3}}"#,
            "fail 3/1/1 [{\"a\":2,\"b\":2}]",
        ),
        (
            "a dec: 0.10; b dec: 0.20",
            r#"{"row_sum":{"columns":["a","b"],"total":0.3}}"#,
            "pass 1/0/0",
        ),
        (
            "a int: 1, 3, 2, null, 2",
            r#"{"ordered":{"column":"a","direction":"increasing"}}"#,
            "fail 5/1/1 [2]",
        ),
        (
            "a int: 1, 1, 2",
            r#"{"ordered":{"column":"a","direction":"increasing","strictly":true}}"#,
            "fail 3/0/1 [1]",
        ),
        (
            "a date: 2026-01-02, 2026-01-01",
            r#"{"ordered":{"column":"a","direction":"decreasing"}}"#,
            "pass 2/0/0",
        ),
        (
            "a int: 1,1,1,1,1,1,1,1,1,100",
            r#"{"z_score":{"column":"a","threshold":2,"double_sided":true}}"#,
            "fail 10/0/1 [100]",
        ),
        (
            "a int: 5, 5, 5",
            r#"{"z_score":{"column":"a","threshold":1,"double_sided":true}}"#,
            "pass 3/0/0",
        ),
        (
            "a int: 1,2,3,4,5,100,null",
            r#"{"not_outlier":{"column":"a"}}"#,
            "fail 7/1/1 [100]",
        ),
        (
            "a int: 1,2,3,4,5,100",
            r#"{"not_outlier":{"column":"a","method":"std","multiplier":2}}"#,
            "fail 6/0/1 [100]",
        ),
        ("a int:", r#"{"not_outlier":{"column":"a"}}"#, "pass 0/0/0"),
    ]);
}
