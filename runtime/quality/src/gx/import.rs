//! A suite of Great Expectations becomes ours: defaults are filled in, parameters put in, and the switches are set that
//! reproduce its engine on pandas. What has no equivalent is named.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::condition;
use super::kwargs::Kwargs;
use crate::engine::{ExpectationResult, Reason, State, SuiteResult};
use crate::suite::{
    API_VERSION, Between, Bins, Categories, Check, ColumnExists, ColumnNames, ColumnType, Columns, ColumnsMode,
    Compare, Direction, DistinctSet, Distribution, Expectation, InSet, Kind, Length, Like, Matches, MostCommon, Nan,
    NoData, NotOutlier, OnFail, OneColumn, Operator, Ordered, Origin, OtherTable, OutlierMethod, PairInSet, Partition,
    Quantile, QuantileMethod, QuantileRange, Range, RowSum, Scalar, SetMode, Severity, SqlEquals, SqlRows, Statistic,
    StatisticKind, Suite, SuiteError, TimeFormat, TypeNames, Unique, ZScore,
};

/// Why a suite cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not JSON.
    #[error("the suite is not JSON")]
    Json(#[source] serde_json::Error),
    /// JSON, and no suite.
    #[error("this is no suite of Great Expectations: it has no list of expectations")]
    NotASuite,
    /// An expectation that has no equivalent.
    #[error("expectation {index} ({kind}): {reason}")]
    Expectation {
        /// Which, from 0.
        index: usize,
        /// Its type.
        kind: String,
        /// What is wrong or missing.
        reason: String,
    },
    /// The result cannot be meant.
    #[error(transparent)]
    Suite(#[from] SuiteError),
}

/// What an import brought.
#[derive(Debug)]
pub struct Imported {
    /// The suite, without the expectations that were refused.
    pub suite: Suite,
    /// What was left out because it changes nothing.
    pub warnings: Vec<String>,
    /// Expectations that have no equivalent, in the suite's order.
    pub refused: Vec<Refused>,
}

/// An expectation that has no equivalent.
#[derive(Debug)]
pub struct Refused {
    /// Which, from 0.
    pub index: usize,
    /// What is wrong or missing.
    pub reason: String,
    /// What it was.
    pub origin: Origin,
}

impl Imported {
    /// The suite, if all of it was understood.
    ///
    /// # Errors
    /// The first expectation that was not.
    pub fn whole(self) -> Result<Suite, ImportError> {
        match self.refused.into_iter().next() {
            None => Ok(self.suite),
            Some(refused) => Err(ImportError::Expectation {
                index: refused.index,
                kind: refused.origin.r#type,
                reason: refused.reason,
            }),
        }
    }
}

/// Puts what was refused back into its places, as expectations without a verdict, so that an outcome speaks of every
/// expectation of the suite that was given.
pub fn restore(suite: &mut Suite, outcome: &mut SuiteResult, refused: Vec<Refused>) {
    for one in refused {
        let mut expectation = Expectation::new(Check::ColumnCount(Range::between(0, 0)));
        expectation.id = Some(format!("{}.{}", one.origin.r#type, one.index));
        expectation.origin = Some(one.origin);
        let result = ExpectationResult::without_verdict(&expectation, Reason::new("not_understood", one.reason));
        suite
            .expectations
            .insert(one.index.min(suite.expectations.len()), expectation);
        outcome.results.insert(one.index.min(outcome.results.len()), result);
        outcome.state = State::Error;
    }
}

/// Whether a document is a suite of Great Expectations rather than ours.
#[must_use]
pub fn is_suite(document: &Value) -> bool {
    document["api_version"].is_null() && document["expectations"].is_array()
}

/// Imports a suite of version 1, or of those before. `parameters` are put in for its `$PARAMETER`s, before the suite's own.
///
/// # Errors
/// It is no suite. What is wrong with one expectation is in [`Imported::refused`].
pub fn import(bytes: &[u8], parameters: &Map<String, Value>) -> Result<Imported, ImportError> {
    let document: Value = serde_json::from_slice(bytes).map_err(ImportError::Json)?;
    let list = document["expectations"].as_array().ok_or(ImportError::NotASuite)?;
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    let mut known = Map::new();
    for key in ["evaluation_parameters", "suite_parameters"] {
        known.extend(document[key].as_object().cloned().unwrap_or_default());
    }
    known.extend(parameters.clone());
    let mut suite = Suite {
        api_version: API_VERSION.to_owned(),
        name: text("name")
            .or_else(|| text("expectation_suite_name"))
            .unwrap_or_default(),
        description: text("notes"),
        expectations: Vec::with_capacity(list.len()),
    };
    let mut warnings = Vec::new();
    let mut refused = Vec::new();
    for (index, written) in list.iter().enumerate() {
        let kind = written["type"]
            .as_str()
            .or_else(|| written["expectation_type"].as_str())
            .unwrap_or_default()
            .to_owned();
        let mut said = Vec::new();
        match one(&kind, written, &known, &mut said) {
            Ok(expectation) => suite.expectations.push(expectation),
            Err(reason) => refused.push(Refused {
                index,
                reason,
                origin: origin(&kind, written),
            }),
        }
        warnings.extend(said.into_iter().map(|w| format!("expectation {index} ({kind}): {w}")));
    }
    tell_apart(&mut suite.expectations);
    suite.check()?;
    Ok(Imported {
        suite,
        warnings,
        refused,
    })
}

/// Gives an id of its own to each expectation whose identity another has already.
fn tell_apart(expectations: &mut [Expectation]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for expectation in expectations {
        let identity = expectation.identity();
        let times = seen.entry(identity.clone()).or_default();
        *times += 1;
        if *times > 1 {
            expectation.id = Some(format!("{identity}.{times}"));
        }
    }
}

fn one(
    kind: &str,
    written: &Value,
    parameters: &Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Result<Expectation, String> {
    let original = written["kwargs"].as_object().cloned().unwrap_or_default();
    let mut map = Map::new();
    for (name, value) in &original {
        if !name.starts_with("$PARAMETER.") {
            map.insert(name.clone(), with_parameters(value, parameters)?);
        }
    }
    let mut kwargs = Kwargs::new(&map);
    let check = check(kind, &mut kwargs)?;
    let mostly = kwargs.optional::<f64>("mostly")?.unwrap_or(1.0);
    let row_condition = match map.get("row_condition") {
        Some(value) => condition::read(value).map_err(|e| format!("row_condition: {e}"))?,
        None => None,
    };
    kwargs.finish(warnings)?;
    let origin = origin(kind, written);
    let expectation = Expectation {
        mostly: if check.kind() == Kind::Row { mostly } else { 1.0 },
        row_condition,
        nan: Nan::Null,
        severity: match origin.severity.as_deref() {
            Some("warning") => Severity::Warn,
            Some("info") => Severity::Info,
            _ => Severity::Error,
        },
        on_fail: OnFail::Fail,
        description: written["description"]
            .as_str()
            .or_else(|| written["notes"].as_str())
            .map(str::to_owned),
        origin: Some(origin),
        ..Expectation::new(check)
    };
    match expectation.wrong() {
        Ok(()) => Ok(expectation),
        Err((attribute, reason)) => Err(format!("{attribute}: {reason}")),
    }
}

/// An expectation's own words.
fn origin(kind: &str, written: &Value) -> Origin {
    let text = |key: &str| written[key].as_str().map(str::to_owned);
    Origin {
        r#type: kind.to_owned(),
        kwargs: written["kwargs"].as_object().cloned().unwrap_or_default(),
        meta: written["meta"].as_object().cloned().unwrap_or_default(),
        id: text("id").or_else(|| text("ge_cloud_id")),
        notes: written["notes"].clone(),
        severity: text("severity"),
    }
}

/// Puts parameters in where they are asked for.
fn with_parameters(value: &Value, parameters: &Map<String, Value>) -> Result<Value, String> {
    match value {
        Value::Object(map) => {
            if let Some(asked) = map.get("$PARAMETER") {
                let name = asked.as_str().unwrap_or_default();
                let fallback = || map.get(&format!("$PARAMETER.{name}"));
                return parameters.get(name).or_else(fallback).cloned().ok_or_else(|| {
                    format!(
                        "the parameter {name:?} is not given: give it in suite_parameters or by --parameter; expressions are not computed"
                    )
                });
            }
            let pairs = map
                .iter()
                .map(|(k, v)| with_parameters(v, parameters).map(|v| (k.clone(), v)));
            Ok(Value::Object(pairs.collect::<Result<_, _>>()?))
        }
        Value::Array(list) => list.iter().map(|v| with_parameters(v, parameters)).collect(),
        other => Ok(other.clone()),
    }
}

fn check(kind: &str, k: &mut Kwargs<'_>) -> Result<Check, String> {
    let short = kind.strip_prefix("expect_").unwrap_or(kind);
    Ok(match short {
        "column_values_to_not_be_null" => Check::NotNull(OneColumn { column: k.column()? }),
        "column_values_to_be_null" => Check::IsNull(OneColumn { column: k.column()? }),
        "column_values_to_be_unique" => Check::Unique(Unique {
            columns: vec![k.column()?],
            ignore_rows: Default::default(),
        }),
        "compound_columns_to_be_unique" => Check::Unique(Unique {
            columns: k.required("column_list")?,
            ignore_rows: k.ignore_rows()?,
        }),
        "select_column_values_to_be_unique_within_record" => Check::DistinctWithinRow(columns(k)?),
        "multicolumn_values_to_be_equal" => Check::EqualWithinRow(columns(k)?),
        "multicolumn_sum_to_equal" => Check::RowSum(RowSum {
            columns: k.required("column_list")?,
            total: k.required("sum_total")?,
            ignore_rows: k.ignore_rows()?,
        }),
        "column_values_to_be_in_set" => Check::InSet(in_set(k)?),
        "column_values_to_not_be_in_set" => Check::NotInSet(in_set(k)?),
        "column_values_to_be_between" => Check::Between(Between {
            column: k.column()?,
            bounds: k.bounds()?,
        }),
        "column_value_lengths_to_be_between" => {
            let range = k.range::<f64>()?;
            Check::Length(Length {
                column: k.column()?,
                min: whole(range.min, "min_value")?,
                max: whole(range.max, "max_value")?,
                strict_min: range.strict_min,
                strict_max: range.strict_max,
                as_text: true,
            })
        }
        "column_value_lengths_to_equal" => {
            let value = whole(k.optional("value")?, "value")?.ok_or("value is missing")?;
            Check::Length(Length {
                column: k.column()?,
                min: Some(value),
                max: Some(value),
                strict_min: false,
                strict_max: false,
                as_text: true,
            })
        }
        "column_values_to_match_regex" => Check::Matches(matches(k, "regex")?),
        "column_values_to_match_regex_list" => Check::Matches(matches(k, "regex_list")?),
        "column_values_to_not_match_regex" => Check::NotMatches(matches(k, "regex")?),
        "column_values_to_not_match_regex_list" => Check::NotMatches(matches(k, "regex_list")?),
        "column_values_to_match_like_pattern" => Check::Like(like(k, "like_pattern")?),
        "column_values_to_match_like_pattern_list" => Check::Like(like(k, "like_pattern_list")?),
        "column_values_to_not_match_like_pattern" => Check::NotLike(like(k, "like_pattern")?),
        "column_values_to_not_match_like_pattern_list" => Check::NotLike(like(k, "like_pattern_list")?),
        "column_values_to_match_strftime_format" => Check::TimeFormat(TimeFormat {
            column: k.column()?,
            format: k.required("strftime_format")?,
        }),
        "column_values_to_be_json_parseable" => Check::Json(OneColumn { column: k.column()? }),
        "column_values_to_be_increasing" => Check::Ordered(ordered(k, Direction::Increasing)?),
        "column_values_to_be_decreasing" => Check::Ordered(ordered(k, Direction::Decreasing)?),
        "column_value_z_scores_to_be_less_than" => Check::ZScore(ZScore {
            column: k.column()?,
            threshold: k.required("threshold")?,
            double_sided: k.flag("double_sided")?,
        }),
        "column_values_to_not_be_outliers" => Check::NotOutlier(NotOutlier {
            column: k.column()?,
            method: k.optional::<OutlierMethod>("method")?.unwrap_or_default(),
            multiplier: k.optional("multiplier")?.unwrap_or(1.5),
        }),
        "column_pair_values_a_to_be_greater_than_b" => Check::Compare(Compare {
            left: k.required("column_A")?,
            op: if k.flag("or_equal")? {
                Operator::GreaterOrEqual
            } else {
                Operator::Greater
            },
            right: k.required("column_B")?,
            ignore_rows: k.ignore_rows()?,
        }),
        "column_pair_values_to_be_equal" => Check::Compare(Compare {
            left: k.required("column_A")?,
            op: Operator::Equal,
            right: k.required("column_B")?,
            ignore_rows: k.ignore_rows()?,
        }),
        "column_pair_values_to_be_in_set" => Check::PairInSet(PairInSet {
            left: k.required("column_A")?,
            right: k.required("column_B")?,
            pairs: k.required::<Vec<(Scalar, Scalar)>>("value_pairs_set")?,
            ignore_rows: k.ignore_rows()?,
        }),
        _ => return aggregate(short, k),
    })
}

fn aggregate(short: &str, k: &mut Kwargs<'_>) -> Result<Check, String> {
    let statistic = |k: &mut Kwargs<'_>, statistic| -> Result<Check, String> {
        Ok(Check::Statistic(Statistic {
            column: k.column()?,
            statistic,
            bounds: k.bounds()?,
            no_data: NoData::Zero,
        }))
    };
    let set = |k: &mut Kwargs<'_>, mode| -> Result<Check, String> {
        Ok(Check::DistinctSet(DistinctSet {
            column: k.column()?,
            mode,
            values: k.values("value_set")?,
        }))
    };
    Ok(match short {
        "column_min_to_be_between" => statistic(k, StatisticKind::Min)?,
        "column_max_to_be_between" => statistic(k, StatisticKind::Max)?,
        "column_mean_to_be_between" => statistic(k, StatisticKind::Mean)?,
        "column_sum_to_be_between" => statistic(k, StatisticKind::Sum)?,
        "column_stdev_to_be_between" => statistic(k, StatisticKind::Stdev)?,
        "column_median_to_be_between" => statistic(k, StatisticKind::Median)?,
        "column_unique_value_count_to_be_between" => statistic(k, StatisticKind::DistinctCount)?,
        "column_proportion_of_unique_values_to_be_between" => statistic(k, StatisticKind::DistinctRatio)?,
        "column_proportion_of_non_null_values_to_be_between" => statistic(k, StatisticKind::NonNullRatio)?,
        "column_quantile_values_to_be_between" => Check::Quantile(quantile(k)?),
        "column_distinct_values_to_be_in_set" => set(k, SetMode::In)?,
        "column_distinct_values_to_contain_set" => set(k, SetMode::Contain)?,
        "column_distinct_values_to_equal_set" => set(k, SetMode::Equal)?,
        "column_most_common_value_to_be_in_set" => Check::MostCommon(MostCommon {
            column: k.column()?,
            values: k.values("value_set")?,
            ties_ok: k.flag("ties_okay")?,
        }),
        "column_kl_divergence_to_be_less_than" => Check::Distribution(distribution(k)?),
        "table_row_count_to_be_between" => Check::RowCount(k.counts()?),
        "table_row_count_to_equal" => Check::RowCount(exactly(k.required("value")?)),
        "table_row_count_to_equal_other_table" => Check::RowCountEquals(OtherTable {
            table: k.required("other_table_name")?,
        }),
        "table_column_count_to_be_between" => Check::ColumnCount(k.counts()?),
        "table_column_count_to_equal" => Check::ColumnCount(exactly(k.required("value")?)),
        "table_columns_to_match_ordered_list" => Check::Columns(ColumnNames {
            names: k.required("column_list")?,
            mode: ColumnsMode::Ordered,
        }),
        "table_columns_to_match_set" => Check::Columns(ColumnNames {
            names: k.required("column_set")?,
            mode: if k.optional("exact_match")?.unwrap_or(true) {
                ColumnsMode::Exact
            } else {
                ColumnsMode::Contain
            },
        }),
        "column_to_exist" => Check::ColumnExists(ColumnExists {
            column: k.column()?,
            // There, position 0 means none.
            position: k.optional("column_index")?.filter(|p| *p > 0),
        }),
        "column_values_to_be_of_type" | "column_type_to_be" => Check::Type(ColumnType {
            column: k.column()?,
            types: vec![k.required("type_")?],
            names: TypeNames::Pandas,
        }),
        "column_values_to_be_in_type_list" => Check::Type(ColumnType {
            column: k.column()?,
            types: k.required("type_list")?,
            names: TypeNames::Pandas,
        }),
        "unexpected_rows_expectation" => Check::SqlRows(SqlRows {
            query: k.required("unexpected_rows_query")?,
        }),
        "query_results_to_match_comparison" => Check::SqlEquals(SqlEquals {
            query: k.required("base_query")?,
            other_source: k.required("comparison_data_source_name")?,
            other_query: k.required("comparison_query")?,
        }),
        "column_values_to_be_dateutil_parseable" => {
            return Err("has no equivalent: which texts dateutil understands is not written down; name the format with match_strftime_format".into());
        }
        "column_values_to_match_json_schema" => {
            return Err("has no equivalent yet; column_values_to_be_json_parseable has".into());
        }
        "column_bootstrapped_ks_test_p_value_to_be_greater_than"
        | "column_chisquare_test_p_value_to_be_greater_than"
        | "column_parameterized_distribution_ks_test_p_value_to_be_greater_than"
        | "column_pair_cramers_phi_value_to_be_less_than"
        | "multicolumn_values_to_be_unique" => {
            return Err("is a name only: no engine of Great Expectations evaluates it".into());
        }
        _ => return Err("is not a type of Great Expectations Core; a type of one's own has no equivalent".into()),
    })
}

fn columns(k: &mut Kwargs<'_>) -> Result<Columns, String> {
    Ok(Columns {
        columns: k.required("column_list")?,
        ignore_rows: k.ignore_rows()?,
    })
}

fn in_set(k: &mut Kwargs<'_>) -> Result<InSet, String> {
    Ok(InSet {
        column: k.column()?,
        values: k.values("value_set")?,
    })
}

fn ordered(k: &mut Kwargs<'_>, direction: Direction) -> Result<Ordered, String> {
    Ok(Ordered {
        column: k.column()?,
        direction,
        strictly: k.flag("strictly")?,
    })
}

/// One pattern or a list of them.
fn patterns(k: &mut Kwargs<'_>, name: &'static str) -> Result<Vec<String>, String> {
    match k.get(name) {
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        None if name == "regex" => Ok(vec!["(?s).*".into()]),
        _ => k.required(name),
    }
}

fn matches(k: &mut Kwargs<'_>, name: &'static str) -> Result<Matches, String> {
    Ok(Matches {
        column: k.column()?,
        patterns: patterns(k, name)?,
        match_on: k.match_on()?,
        as_text: true,
    })
}

fn like(k: &mut Kwargs<'_>, name: &'static str) -> Result<Like, String> {
    Ok(Like {
        column: k.column()?,
        patterns: patterns(k, name)?,
        match_on: k.match_on()?,
        escape: k.optional("escape")?,
    })
}

fn whole(value: Option<f64>, name: &str) -> Result<Option<i64>, String> {
    match value {
        None => Ok(None),
        Some(f) if f.fract() == 0.0 && f.abs() < 1e15 => Ok(Some(f as i64)),
        Some(f) => Err(format!("{name} is {f}: a length is a whole number")),
    }
}

const fn exactly(value: u64) -> Range<u64> {
    Range::between(value, value)
}

fn quantile(k: &mut Kwargs<'_>) -> Result<Quantile, String> {
    let ranges: Value = k.required("quantile_ranges")?;
    let points: Vec<f64> =
        serde_json::from_value(ranges["quantiles"].clone()).map_err(|e| format!("quantiles: {e}"))?;
    let intervals: Vec<(Option<f64>, Option<f64>)> =
        serde_json::from_value(ranges["value_ranges"].clone()).map_err(|e| format!("value_ranges: {e}"))?;
    if points.len() != intervals.len() {
        return Err(format!(
            "{} quantiles and {} value_ranges",
            points.len(),
            intervals.len()
        ));
    }
    let method = match k.get("allow_relative_error") {
        None | Some(Value::Bool(false)) => QuantileMethod::Nearest,
        Some(Value::String(text)) => match text.as_str() {
            "linear" => QuantileMethod::Linear,
            "lower" => QuantileMethod::Lower,
            "higher" => QuantileMethod::Higher,
            "midpoint" => QuantileMethod::Midpoint,
            "nearest" => QuantileMethod::Nearest,
            other => return Err(format!("allow_relative_error is {other:?}, which is not known")),
        },
        Some(other) => {
            return Err(format!(
                "allow_relative_error is {other}: quantiles are exact here, so give a name such as \"nearest\" or leave it out"
            ));
        }
    };
    Ok(Quantile {
        column: k.column()?,
        quantiles: points
            .into_iter()
            .zip(intervals)
            .map(|(p, (min, max))| QuantileRange { p, min, max })
            .collect(),
        method,
        relative_tolerance: 1e-4,
        no_data: NoData::Fail,
    })
}

fn distribution(k: &mut Kwargs<'_>) -> Result<Distribution, String> {
    let partition: Value = k.required("partition_object").map_err(|_| {
        "partition_object is missing: a distribution that is compared with itself says nothing".to_owned()
    })?;
    let list = |key: &str| -> Result<Vec<f64>, String> {
        serde_json::from_value(partition[key].clone()).map_err(|e| format!("partition_object.{key}: {e}"))
    };
    let tails = if partition["tail_weights"].is_null() {
        None
    } else {
        match list("tail_weights")?.as_slice() {
            [below, above] => Some((*below, *above)),
            _ => return Err("partition_object.tail_weights has not two weights".into()),
        }
    };
    let expected = if partition["bins"].is_null() {
        Partition::Categories(Categories {
            values: serde_json::from_value(partition["values"].clone())
                .map_err(|e| format!("partition_object.values: {e}"))?,
            weights: list("weights")?,
        })
    } else {
        Partition::Bins(Bins {
            edges: list("bins")?,
            weights: list("weights")?,
            tail_weights: tails,
        })
    };
    if k.optional("bucketize_data")? == Some(false) && matches!(expected, Partition::Bins(_)) {
        return Err("bucketize_data is false, and the partition has bins".into());
    }
    if k.get("min_value").is_some() || k.get("max_value").is_some() {
        return Err("min_value and max_value have no equivalent here; threshold has".into());
    }
    let distribution = Distribution {
        column: k.column()?,
        expected,
        threshold: k.optional("threshold")?,
        tail_weight_holdout: k.optional("tail_weight_holdout")?.unwrap_or_default(),
        internal_weight_holdout: k.optional("internal_weight_holdout")?.unwrap_or_default(),
    };
    match &distribution.expected {
        Partition::Categories(_) if distribution.internal_weight_holdout > 0.0 => {
            Err("internal_weight_holdout is for bins, and the partition has values".into())
        }
        Partition::Bins(b) if b.tail_weights.is_some() && distribution.tail_weight_holdout > 0.0 => {
            Err("tail_weight_holdout and tail_weights exclude each other".into())
        }
        _ => Ok(distribution),
    }
}
