//! Suites that are read, suites that are refused.

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
            "no value lies between Some(3) and Some(2)",
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
