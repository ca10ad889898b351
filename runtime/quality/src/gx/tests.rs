//! Suites of Great Expectations: what becomes of them, and what is refused.

use serde_json::{Map, Value, json};

use super::{config, import};
use crate::suite::{Nan, Severity};

fn imported(expectations: &Value) -> Result<super::Imported, super::ImportError> {
    import(
        json!({"name": "s", "expectations": expectations})
            .to_string()
            .as_bytes(),
        &Map::new(),
    )
}

/// Every public type: its arguments, and what its check becomes.
const TYPES: &[(&str, &str, &str)] = &[
    (
        "column_values_to_not_be_null",
        r#"{"column":"a"}"#,
        r#"{"not_null":{"column":"a"}}"#,
    ),
    (
        "column_values_to_be_null",
        r#"{"column":"a"}"#,
        r#"{"is_null":{"column":"a"}}"#,
    ),
    (
        "column_values_to_be_unique",
        r#"{"column":"a"}"#,
        r#"{"unique":{"columns":["a"],"ignore_rows":"any_missing"}}"#,
    ),
    (
        "compound_columns_to_be_unique",
        r#"{"column_list":["a","b"],"ignore_row_if":"any_value_is_missing"}"#,
        r#"{"unique":{"columns":["a","b"],"ignore_rows":"any_missing"}}"#,
    ),
    (
        "select_column_values_to_be_unique_within_record",
        r#"{"column_list":["a","b"]}"#,
        r#"{"distinct_within_row":{"columns":["a","b"],"ignore_rows":"all_missing"}}"#,
    ),
    (
        "multicolumn_values_to_be_equal",
        r#"{"column_list":["a","b"],"ignore_row_if":"never"}"#,
        r#"{"equal_within_row":{"columns":["a","b"],"ignore_rows":"never"}}"#,
    ),
    (
        "multicolumn_sum_to_equal",
        r#"{"column_list":["a","b"],"sum_total":10}"#,
        r#"{"row_sum":{"columns":["a","b"],"total":10.0,"ignore_rows":"all_missing"}}"#,
    ),
    (
        "column_values_to_be_in_set",
        r#"{"column":"a","value_set":[1,"x",null]}"#,
        r#"{"in_set":{"column":"a","values":{"any":[1,"x",null]}}}"#,
    ),
    (
        "column_values_to_not_be_in_set",
        r#"{"column":"a","value_set":[1]}"#,
        r#"{"not_in_set":{"column":"a","values":{"any":[1]}}}"#,
    ),
    (
        "column_values_to_be_between",
        r#"{"column":"a","min_value":1,"strict_min":true}"#,
        r#"{"between":{"column":"a","bounds":{"any":{"min":1,"strict_min":true}}}}"#,
    ),
    (
        "column_value_lengths_to_be_between",
        r#"{"column":"a","min_value":1,"max_value":3.0}"#,
        r#"{"length":{"column":"a","min":1,"max":3,"as_text":true}}"#,
    ),
    (
        "column_value_lengths_to_equal",
        r#"{"column":"a","value":2}"#,
        r#"{"length":{"column":"a","min":2,"max":2,"as_text":true}}"#,
    ),
    (
        "column_values_to_match_regex",
        r#"{"column":"a","regex":"^x"}"#,
        r#"{"matches":{"column":"a","patterns":["^x"],"match_on":"any","as_text":true}}"#,
    ),
    (
        "column_values_to_match_regex_list",
        r#"{"column":"a","regex_list":["x","y"],"match_on":"all"}"#,
        r#"{"matches":{"column":"a","patterns":["x","y"],"match_on":"all","as_text":true}}"#,
    ),
    (
        "column_values_to_not_match_regex",
        r#"{"column":"a","regex":"x"}"#,
        r#"{"not_matches":{"column":"a","patterns":["x"],"match_on":"any","as_text":true}}"#,
    ),
    (
        "column_values_to_not_match_regex_list",
        r#"{"column":"a","regex_list":["x","y"]}"#,
        r#"{"not_matches":{"column":"a","patterns":["x","y"],"match_on":"any","as_text":true}}"#,
    ),
    (
        "column_values_to_match_like_pattern",
        r#"{"column":"a","like_pattern":"x%"}"#,
        r#"{"like":{"column":"a","patterns":["x%"],"match_on":"any"}}"#,
    ),
    (
        "column_values_to_match_like_pattern_list",
        r#"{"column":"a","like_pattern_list":["x%","y_"],"match_on":"all","escape":"!"}"#,
        r#"{"like":{"column":"a","patterns":["x%","y_"],"match_on":"all","escape":"!"}}"#,
    ),
    (
        "column_values_to_not_match_like_pattern",
        r#"{"column":"a","like_pattern":"x%"}"#,
        r#"{"not_like":{"column":"a","patterns":["x%"],"match_on":"any"}}"#,
    ),
    (
        "column_values_to_not_match_like_pattern_list",
        r#"{"column":"a","like_pattern_list":["x%"]}"#,
        r#"{"not_like":{"column":"a","patterns":["x%"],"match_on":"any"}}"#,
    ),
    (
        "column_values_to_match_strftime_format",
        r#"{"column":"a","strftime_format":"%Y-%m-%d"}"#,
        r#"{"time_format":{"column":"a","format":"%Y-%m-%d"}}"#,
    ),
    (
        "column_value_z_scores_to_be_less_than",
        r#"{"column":"a","threshold":3,"double_sided":true}"#,
        r#"{"z_score":{"column":"a","threshold":3.0,"double_sided":true}}"#,
    ),
    (
        "column_values_to_not_be_outliers",
        r#"{"column":"a","method":"std","multiplier":2}"#,
        r#"{"not_outlier":{"column":"a","method":"std","multiplier":2.0}}"#,
    ),
    (
        "column_pair_values_a_to_be_greater_than_b",
        r#"{"column_A":"a","column_B":"b","or_equal":true,"ignore_row_if":"either_value_is_missing"}"#,
        r#"{"compare":{"left":"a","op":">=","right":"b","ignore_rows":"any_missing"}}"#,
    ),
    (
        "column_pair_values_to_be_equal",
        r#"{"column_A":"a","column_B":"b"}"#,
        r#"{"compare":{"left":"a","op":"=","right":"b","ignore_rows":"all_missing"}}"#,
    ),
    (
        "column_pair_values_to_be_in_set",
        r#"{"column_A":"a","column_B":"b","value_pairs_set":[[1,"x"],[2,null]],"ignore_row_if":"neither"}"#,
        r#"{"pair_in_set":{"left":"a","right":"b","pairs":[[1,"x"],[2,null]],"ignore_rows":"never"}}"#,
    ),
    (
        "column_min_to_be_between",
        r#"{"column":"a","min_value":"2026-01-01"}"#,
        r#"{"statistic":{"column":"a","statistic":"min","bounds":{"any":{"min":"2026-01-01"}},"no_data":"zero"}}"#,
    ),
    (
        "column_max_to_be_between",
        r#"{"column":"a","max_value":9}"#,
        r#"{"statistic":{"column":"a","statistic":"max","bounds":{"any":{"max":9}},"no_data":"zero"}}"#,
    ),
    (
        "column_mean_to_be_between",
        r#"{"column":"a","max_value":9.5}"#,
        r#"{"statistic":{"column":"a","statistic":"mean","bounds":{"any":{"max":9.5}},"no_data":"zero"}}"#,
    ),
    (
        "column_sum_to_be_between",
        r#"{"column":"a","max_value":9}"#,
        r#"{"statistic":{"column":"a","statistic":"sum","bounds":{"any":{"max":9}},"no_data":"zero"}}"#,
    ),
    (
        "column_stdev_to_be_between",
        r#"{"column":"a","max_value":9}"#,
        r#"{"statistic":{"column":"a","statistic":"stdev","bounds":{"any":{"max":9}},"no_data":"zero"}}"#,
    ),
    (
        "column_median_to_be_between",
        r#"{"column":"a","max_value":9}"#,
        r#"{"statistic":{"column":"a","statistic":"median","bounds":{"any":{"max":9}},"no_data":"zero"}}"#,
    ),
    (
        "column_unique_value_count_to_be_between",
        r#"{"column":"a","max_value":9}"#,
        r#"{"statistic":{"column":"a","statistic":"distinct_count","bounds":{"any":{"max":9}},"no_data":"zero"}}"#,
    ),
    (
        "column_proportion_of_unique_values_to_be_between",
        r#"{"column":"a","max_value":0.5}"#,
        r#"{"statistic":{"column":"a","statistic":"distinct_ratio","bounds":{"any":{"max":0.5}},"no_data":"zero"}}"#,
    ),
    (
        "column_proportion_of_non_null_values_to_be_between",
        r#"{"column":"a","max_value":0.5}"#,
        r#"{"statistic":{"column":"a","statistic":"non_null_ratio","bounds":{"any":{"max":0.5}},"no_data":"zero"}}"#,
    ),
    (
        "column_quantile_values_to_be_between",
        r#"{"column":"a","quantile_ranges":{"quantiles":[0.5,0.9],"value_ranges":[[1,null],[null,9]]}}"#,
        r#"{"quantile":{"column":"a","quantiles":[{"p":0.5,"min":1.0},{"p":0.9,"max":9.0}],"method":"nearest","relative_tolerance":0.0001,"no_data":"fail"}}"#,
    ),
    (
        "column_distinct_values_to_be_in_set",
        r#"{"column":"a","value_set":[1]}"#,
        r#"{"distinct_set":{"column":"a","mode":"in","values":{"any":[1]}}}"#,
    ),
    (
        "column_distinct_values_to_contain_set",
        r#"{"column":"a","value_set":[1]}"#,
        r#"{"distinct_set":{"column":"a","mode":"contain","values":{"any":[1]}}}"#,
    ),
    (
        "column_distinct_values_to_equal_set",
        r#"{"column":"a","value_set":[1]}"#,
        r#"{"distinct_set":{"column":"a","mode":"equal","values":{"any":[1]}}}"#,
    ),
    (
        "column_most_common_value_to_be_in_set",
        r#"{"column":"a","value_set":[1],"ties_okay":true}"#,
        r#"{"most_common":{"column":"a","values":{"any":[1]},"ties_ok":true}}"#,
    ),
    (
        "column_kl_divergence_to_be_less_than",
        r#"{"column":"a","partition_object":{"bins":[0,1,2],"weights":[0.5,0.3],"tail_weights":[0.1,0.1]},"threshold":0.1}"#,
        r#"{"distribution":{"column":"a","expected":{"bins":{"edges":[0.0,1.0,2.0],"weights":[0.5,0.3],"tail_weights":[0.1,0.1]}},"threshold":0.1}}"#,
    ),
    (
        "table_row_count_to_be_between",
        r#"{"min_value":1,"max_value":9}"#,
        r#"{"row_count":{"min":1,"max":9}}"#,
    ),
    (
        "table_row_count_to_equal",
        r#"{"value":3}"#,
        r#"{"row_count":{"min":3,"max":3}}"#,
    ),
    (
        "table_row_count_to_equal_other_table",
        r#"{"other_table_name":"t"}"#,
        r#"{"row_count_equals":{"table":"t"}}"#,
    ),
    (
        "table_column_count_to_be_between",
        r#"{"min_value":1}"#,
        r#"{"column_count":{"min":1}}"#,
    ),
    (
        "table_column_count_to_equal",
        r#"{"value":3}"#,
        r#"{"column_count":{"min":3,"max":3}}"#,
    ),
    (
        "table_columns_to_match_ordered_list",
        r#"{"column_list":["a","b"]}"#,
        r#"{"columns":{"names":["a","b"],"mode":"ordered"}}"#,
    ),
    (
        "table_columns_to_match_set",
        r#"{"column_set":["a","b"],"exact_match":false}"#,
        r#"{"columns":{"names":["a","b"],"mode":"contain"}}"#,
    ),
    (
        "column_to_exist",
        r#"{"column":"a","column_index":2}"#,
        r#"{"column_exists":{"column":"a","position":2}}"#,
    ),
    (
        "column_values_to_be_of_type",
        r#"{"column":"a","type_":"int64"}"#,
        r#"{"type":{"column":"a","types":["int64"],"names":"pandas"}}"#,
    ),
    (
        "column_type_to_be",
        r#"{"column":"a","type_":"int64"}"#,
        r#"{"type":{"column":"a","types":["int64"],"names":"pandas"}}"#,
    ),
    (
        "column_values_to_be_in_type_list",
        r#"{"column":"a","type_list":["int64","str"]}"#,
        r#"{"type":{"column":"a","types":["int64","str"],"names":"pandas"}}"#,
    ),
    (
        "query_results_to_match_comparison",
        r#"{"base_query":"q","comparison_data_source_name":"d","comparison_query":"c"}"#,
        r#"{"sql_equals":{"query":"q","other_source":"d","other_query":"c"}}"#,
    ),
];

#[test]
fn every_public_type_is_imported_and_named_again() {
    for (kind, kwargs, expected) in TYPES {
        let kind = format!("expect_{kind}");
        let kwargs: Value = serde_json::from_str(kwargs).expect("arguments");
        let suite = imported(&json!([{"type": kind, "kwargs": kwargs}]))
            .and_then(super::Imported::whole)
            .unwrap_or_else(|e| panic!("{kind}: {e}"));
        let check = serde_json::to_string(&suite.expectations[0].check).expect("writes");
        assert_eq!(&check, expected, "{kind}");
        // Ours without its origin is called by the same type, and what that is imports to the same check.
        let mut ours = suite.expectations[0].clone();
        ours.origin = None;
        let named = config(&ours);
        let again = imported(&json!([{"type": named.r#type, "kwargs": named.kwargs}]))
            .and_then(super::Imported::whole)
            .unwrap_or_else(|e| panic!("{kind}: {e}"));
        if !kind.ends_with("column_type_to_be") {
            assert_eq!(again.expectations[0].check, ours.check, "{kind}");
            assert_eq!(named.r#type.trim_end_matches("_list"), kind.trim_end_matches("_list"));
        }
    }
    // And the one whose name does not begin with expect_.
    let suite = imported(&json!([{"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "q"}}]));
    assert_eq!(suite.expect("imports").suite.expectations[0].check.name(), "sql_rows");
    assert_eq!(TYPES.len() + 1, 54);
}

#[test]
fn what_stands_around_the_arguments_is_understood() {
    let old = json!({
        "expectation_suite_name": "old",
        "evaluation_parameters": {"most": 9},
        "data_asset_type": null,
        "expectations": [
            {"expectation_type": "expect_column_values_to_be_between", "meta": {"m": 1}, "ge_cloud_id": "x",
             "kwargs": {"column": "a", "min_value": 1, "max_value": {"$PARAMETER": "most"}, "mostly": 0.9999,
                        "result_format": "SUMMARY", "parse_strings_as_datetimes": true}},
            {"expectation_type": "expect_column_values_to_be_between",
             "kwargs": {"column": "a", "min_value": {"$PARAMETER": "least", "$PARAMETER.least": 2}}},
        ]
    });
    let done = import(old.to_string().as_bytes(), &Map::new()).expect("imports");
    assert_eq!(done.suite.name, "old");
    assert_eq!(done.warnings.len(), 1, "{:?}", done.warnings);
    let [first, second] = done.suite.expectations.as_slice() else {
        panic!("not two")
    };
    assert_eq!(first.mostly, 0.9999);
    assert_eq!((first.nan, first.severity), (Nan::Null, Severity::Error));
    assert_eq!(
        serde_json::to_value(&first.check).expect("writes")["between"]["bounds"],
        json!({"any": {"min": 1, "max": 9}})
    );
    assert_eq!(second.identity(), "between.a.2");
    assert_eq!(config(first).kwargs["mostly"], json!(0.9999));
}

#[test]
fn what_has_no_equivalent_is_named() {
    for (kind, kwargs, expected) in [
        (
            "expect_column_values_to_be_prime",
            json!({"column": "a"}),
            "not a type of Great Expectations Core",
        ),
        (
            "expect_column_values_to_be_dateutil_parseable",
            json!({"column": "a"}),
            "no equivalent",
        ),
        (
            "expect_column_chisquare_test_p_value_to_be_greater_than",
            json!({}),
            "a name only",
        ),
        ("expect_column_values_to_not_be_null", json!({}), "column is missing"),
        (
            "expect_column_values_to_not_be_null",
            json!({"column": "a", "colour": "b"}),
            "colour is not an argument of this type",
        ),
        (
            "expect_column_max_to_be_between",
            json!({"column": "a", "max_value": {"$PARAMETER": "now() - timedelta(weeks=52)"}}),
            "\"now() - timedelta(weeks=52)\" is not given",
        ),
        (
            "expect_column_values_to_not_be_null",
            json!({"column": "a", "row_condition": "a.str.len() > 1"}),
            "row_condition",
        ),
        (
            "expect_column_values_to_match_regex",
            json!({"column": "a", "regex": "a(?!b)"}),
            "look-around",
        ),
    ] {
        let error = imported(&json!([{"type": kind, "kwargs": kwargs}]))
            .and_then(super::Imported::whole)
            .expect_err(kind)
            .to_string();
        assert!(error.contains(expected), "{kind}: {error}");
    }
}
