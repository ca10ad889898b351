//! The configuration that Great Expectations would have for an expectation of ours: its type and arguments.

use serde_json::{Map, Value, json};

use crate::suite::{
    Check, ColumnsMode, Condition, Direction, Expectation, IgnoreRows, MatchOn, Membership, Operator, Origin,
    Partition, QuantileMethod, Range, Scalar, SetMode, StatisticKind, float_to_json,
};

/// A type and its arguments.
pub type Config = Origin;

/// Great Expectations' own loader takes no other ids.
fn is_uuid(id: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// How an expectation is called there. An imported one keeps its own words; one that has no equivalent keeps ours, with a
/// type of its own, so that a result can name it.
#[must_use]
pub fn config(expectation: &Expectation) -> Config {
    if let Some(origin) = &expectation.origin {
        return origin.clone();
    }
    let (kind, arguments) = of(&expectation.check);
    let mut kwargs = match arguments {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    if let Check::Like(c) | Check::NotLike(c) = &expectation.check {
        kwargs.insert("escape".into(), json!(c.escape));
    }
    kwargs.retain(|_, v| !v.is_null());
    if expectation.mostly != 1.0 {
        kwargs.insert("mostly".into(), float_to_json(expectation.mostly));
    }
    if let Some(condition) = &expectation.row_condition {
        kwargs.insert("row_condition".into(), row_condition(condition));
    }
    let name = expectation.identity();
    let (id, meta) = if is_uuid(&name) {
        (Some(name), Map::new())
    } else {
        (None, Map::from_iter([("headwater_id".to_owned(), name.into())]))
    };
    Config {
        r#type: kind,
        kwargs,
        meta,
        id,
        notes: expectation.description.clone().map_or(Value::Null, Value::String),
        severity: Some(
            match expectation.severity {
                crate::suite::Severity::Info => "info",
                crate::suite::Severity::Warn => "warning",
                crate::suite::Severity::Error => "critical",
            }
            .into(),
        ),
    }
}

fn expect(short: &str) -> String {
    format!("expect_{short}")
}

fn of(check: &Check) -> (String, Value) {
    let (short, arguments) = match check {
        Check::NotNull(c) => ("column_values_to_not_be_null", json!({"column": c.column})),
        Check::IsNull(c) => ("column_values_to_be_null", json!({"column": c.column})),
        Check::Json(c) => ("column_values_to_be_json_parseable", json!({"column": c.column})),
        Check::Unique(c) => match c.columns.as_slice() {
            [column] => ("column_values_to_be_unique", json!({"column": column})),
            columns => (
                "compound_columns_to_be_unique",
                json!({"column_list": columns, "ignore_row_if": of_many(c.ignore_rows)}),
            ),
        },
        Check::DistinctWithinRow(c) => (
            "select_column_values_to_be_unique_within_record",
            json!({"column_list": c.columns, "ignore_row_if": of_many(c.ignore_rows)}),
        ),
        Check::EqualWithinRow(c) => (
            "multicolumn_values_to_be_equal",
            json!({"column_list": c.columns, "ignore_row_if": of_many(c.ignore_rows)}),
        ),
        Check::RowSum(c) => (
            "multicolumn_sum_to_equal",
            json!({"column_list": c.columns, "sum_total": c.total, "ignore_row_if": of_many(c.ignore_rows)}),
        ),
        Check::InSet(c) => (
            "column_values_to_be_in_set",
            json!({"column": c.column, "value_set": c.values.to_json()}),
        ),
        Check::NotInSet(c) => (
            "column_values_to_not_be_in_set",
            json!({"column": c.column, "value_set": c.values.to_json()}),
        ),
        Check::Between(c) => (
            "column_values_to_be_between",
            ends(&c.column, &c.bounds.literals().map(|l| l.value.to_json())),
        ),
        Check::Length(c) => match (c.min, c.max, c.strict_min || c.strict_max) {
            (Some(min), Some(max), false) if min == max => (
                "column_value_lengths_to_equal",
                json!({"column": c.column, "value": min}),
            ),
            _ => (
                "column_value_lengths_to_be_between",
                ends(
                    &c.column,
                    &Range {
                        min: c.min.map(Value::from),
                        max: c.max.map(Value::from),
                        strict_min: c.strict_min,
                        strict_max: c.strict_max,
                    },
                ),
            ),
        },
        Check::Matches(c) => patterns(
            ["column_values_to_match_regex", "column_values_to_match_regex_list"],
            ["regex", "regex_list"],
            &c.column,
            &c.patterns,
            Some(c.match_on),
        ),
        Check::NotMatches(c) => patterns(
            [
                "column_values_to_not_match_regex",
                "column_values_to_not_match_regex_list",
            ],
            ["regex", "regex_list"],
            &c.column,
            &c.patterns,
            None,
        ),
        Check::Like(c) => patterns(
            [
                "column_values_to_match_like_pattern",
                "column_values_to_match_like_pattern_list",
            ],
            ["like_pattern", "like_pattern_list"],
            &c.column,
            &c.patterns,
            Some(c.match_on),
        ),
        Check::NotLike(c) => patterns(
            [
                "column_values_to_not_match_like_pattern",
                "column_values_to_not_match_like_pattern_list",
            ],
            ["like_pattern", "like_pattern_list"],
            &c.column,
            &c.patterns,
            None,
        ),
        Check::TimeFormat(c) => (
            "column_values_to_match_strftime_format",
            json!({"column": c.column, "strftime_format": c.format}),
        ),
        Check::Ordered(c) => (
            match c.direction {
                Direction::Increasing => "column_values_to_be_increasing",
                Direction::Decreasing => "column_values_to_be_decreasing",
            },
            json!({"column": c.column, "strictly": c.strictly}),
        ),
        Check::ZScore(c) => (
            "column_value_z_scores_to_be_less_than",
            json!({"column": c.column, "threshold": c.threshold, "double_sided": c.double_sided}),
        ),
        Check::NotOutlier(c) => (
            "column_values_to_not_be_outliers",
            json!({"column": c.column, "method": c.method, "multiplier": c.multiplier}),
        ),
        Check::Compare(c) => return compare(check, c.op),
        Check::PairInSet(c) => (
            "column_pair_values_to_be_in_set",
            json!({"column_A": c.left, "column_B": c.right, "value_pairs_set": c.pairs, "ignore_row_if": of_two(c.ignore_rows)}),
        ),
        _ => return aggregate(check),
    };
    (expect(short), arguments)
}

fn compare(check: &Check, op: Operator) -> (String, Value) {
    let Check::Compare(c) = check else {
        return (String::new(), Value::Null);
    };
    let ignore = of_two(c.ignore_rows);
    let greater = |a: &str, b: &str, or_equal: bool| {
        (
            expect("column_pair_values_a_to_be_greater_than_b"),
            json!({"column_A": a, "column_B": b, "or_equal": or_equal, "ignore_row_if": ignore}),
        )
    };
    match op {
        Operator::Greater => greater(&c.left, &c.right, false),
        Operator::GreaterOrEqual => greater(&c.left, &c.right, true),
        Operator::Less => greater(&c.right, &c.left, false),
        Operator::LessOrEqual => greater(&c.right, &c.left, true),
        Operator::Equal => (
            expect("column_pair_values_to_be_equal"),
            json!({"column_A": c.left, "column_B": c.right, "ignore_row_if": ignore}),
        ),
        Operator::NotEqual => (
            expect("select_column_values_to_be_unique_within_record"),
            json!({"column_list": [c.left, c.right], "ignore_row_if": of_many(c.ignore_rows)}),
        ),
    }
}

fn aggregate(check: &Check) -> (String, Value) {
    let (short, arguments) = match check {
        Check::Statistic(c) => (
            match c.statistic {
                StatisticKind::Min => "column_min_to_be_between",
                StatisticKind::Max => "column_max_to_be_between",
                StatisticKind::Mean => "column_mean_to_be_between",
                StatisticKind::Sum => "column_sum_to_be_between",
                StatisticKind::Stdev => "column_stdev_to_be_between",
                StatisticKind::Median => "column_median_to_be_between",
                StatisticKind::DistinctCount => "column_unique_value_count_to_be_between",
                StatisticKind::DistinctRatio => "column_proportion_of_unique_values_to_be_between",
                StatisticKind::NonNullRatio => "column_proportion_of_non_null_values_to_be_between",
            },
            ends(&c.column, &c.bounds.literals().map(|l| l.value.to_json())),
        ),
        Check::Quantile(c) => (
            "column_quantile_values_to_be_between",
            json!({
                "column": c.column,
                "quantile_ranges": {
                    "quantiles": c.quantiles.iter().map(|q| q.p).collect::<Vec<_>>(),
                    "value_ranges": c.quantiles.iter().map(|q| json!([q.min, q.max])).collect::<Vec<_>>(),
                },
                "allow_relative_error": match c.method {
                    QuantileMethod::Nearest | QuantileMethod::Discrete => Value::Bool(false),
                    other => json!(other),
                },
            }),
        ),
        Check::DistinctSet(c) => (
            match c.mode {
                SetMode::In => "column_distinct_values_to_be_in_set",
                SetMode::Contain => "column_distinct_values_to_contain_set",
                SetMode::Equal => "column_distinct_values_to_equal_set",
            },
            json!({"column": c.column, "value_set": c.values.to_json()}),
        ),
        Check::MostCommon(c) => (
            "column_most_common_value_to_be_in_set",
            json!({"column": c.column, "value_set": c.values.to_json(), "ties_okay": c.ties_ok}),
        ),
        Check::Distribution(c) => (
            "column_kl_divergence_to_be_less_than",
            json!({
                "column": c.column,
                "partition_object": match &c.expected {
                    Partition::Categories(p) => json!({"values": p.values, "weights": p.weights}),
                    Partition::Bins(p) => match p.tail_weights {
                        Some(tails) => json!({"bins": p.edges, "weights": p.weights, "tail_weights": tails}),
                        None => json!({"bins": p.edges, "weights": p.weights}),
                    },
                },
                "threshold": c.threshold,
                "tail_weight_holdout": c.tail_weight_holdout,
                "internal_weight_holdout": c.internal_weight_holdout,
            }),
        ),
        Check::RowCount(r) => count("table_row_count", r),
        Check::ColumnCount(r) => count("table_column_count", r),
        Check::RowCountEquals(c) => (
            "table_row_count_to_equal_other_table",
            json!({"other_table_name": c.table}),
        ),
        Check::Columns(c) => match c.mode {
            ColumnsMode::Ordered => ("table_columns_to_match_ordered_list", json!({"column_list": c.names})),
            mode => (
                "table_columns_to_match_set",
                json!({"column_set": c.names, "exact_match": mode == ColumnsMode::Exact}),
            ),
        },
        Check::ColumnExists(c) => (
            "column_to_exist",
            json!({"column": c.column, "column_index": c.position}),
        ),
        Check::Type(c) => match c.types.as_slice() {
            [one] => ("column_values_to_be_of_type", json!({"column": c.column, "type_": one})),
            types => (
                "column_values_to_be_in_type_list",
                json!({"column": c.column, "type_list": types}),
            ),
        },
        Check::SqlRows(c) => {
            return (
                "unexpected_rows_expectation".into(),
                json!({"unexpected_rows_query": c.query}),
            );
        }
        Check::SqlEquals(c) => (
            "query_results_to_match_comparison",
            json!({"base_query": c.query, "comparison_data_source_name": c.other_source, "comparison_query": c.other_query}),
        ),
        other => {
            return (
                format!("headwater_{}", other.name()),
                json!({"columns": other.columns()}),
            );
        }
    };
    (expect(short), arguments)
}

fn count(table: &str, range: &Range<u64>) -> (&'static str, Value) {
    let rows = table == "table_row_count";
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max && !range.strict_min && !range.strict_max => (
            if rows {
                "table_row_count_to_equal"
            } else {
                "table_column_count_to_equal"
            },
            json!({"value": min}),
        ),
        (min, max) => (
            if rows {
                "table_row_count_to_be_between"
            } else {
                "table_column_count_to_be_between"
            },
            json!({"min_value": min, "max_value": max, "strict_min": range.strict_min, "strict_max": range.strict_max}),
        ),
    }
}

fn ends(column: &str, range: &Range<Value>) -> Value {
    json!({
        "column": column,
        "min_value": range.min,
        "max_value": range.max,
        "strict_min": range.strict_min,
        "strict_max": range.strict_max,
    })
}

/// A type for one pattern and one for several.
fn patterns(
    types: [&'static str; 2],
    arguments: [&'static str; 2],
    column: &str,
    patterns: &[String],
    match_on: Option<MatchOn>,
) -> (&'static str, Value) {
    if let [pattern] = patterns {
        let mut kwargs = Map::new();
        kwargs.insert("column".into(), column.into());
        kwargs.insert(arguments[0].into(), pattern.as_str().into());
        return (types[0], Value::Object(kwargs));
    }
    let mut kwargs = Map::new();
    kwargs.insert("column".into(), column.into());
    kwargs.insert(arguments[1].into(), json!(patterns));
    if let Some(match_on) = match_on {
        kwargs.insert("match_on".into(), json!(match_on));
    }
    (types[1], Value::Object(kwargs))
}

const fn of_many(ignore: IgnoreRows) -> &'static str {
    match ignore {
        IgnoreRows::AnyMissing => "any_value_is_missing",
        IgnoreRows::AllMissing => "all_values_are_missing",
        IgnoreRows::Never => "never",
    }
}

const fn of_two(ignore: IgnoreRows) -> &'static str {
    match ignore {
        IgnoreRows::AnyMissing => "either_value_is_missing",
        IgnoreRows::AllMissing => "both_values_are_missing",
        IgnoreRows::Never => "neither",
    }
}

fn row_condition(condition: &Condition) -> Value {
    let comparison = |column: &str, operator: &str, parameter: Value| json!({"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter});
    match condition {
        Condition::All(all) => {
            json!({"type": "and", "conditions": all.iter().map(row_condition).collect::<Vec<_>>()})
        }
        Condition::Any(any) => {
            json!({"type": "or", "conditions": any.iter().map(row_condition).collect::<Vec<_>>()})
        }
        Condition::IsNull(n) => json!({"type": "nullity", "column": {"name": n.column}, "is_null": !n.negated}),
        Condition::In(Membership {
            column,
            values,
            negated,
        }) => comparison(column, if *negated { "NOT_IN" } else { "IN" }, values.to_json()),
        Condition::Compare(c) => {
            let operator = match c.op {
                Operator::Equal => "==",
                other => other.symbol(),
            };
            let value = c.literal().map_or(Scalar::Null, |l| l.value);
            comparison(&c.column, operator, value.to_json())
        }
    }
}
