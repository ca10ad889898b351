//! What Dataplex refuses in a rule of a data quality scan.

use serde_json::{Map, Value};

use super::check::{at_most, message, text};
use crate::http::answer::ApiError;

/// What kinds of rules there are: the field, whether it judges row by row, whether it is about a column, and whether it
/// may ignore nulls.
const KINDS: [(&str, bool, bool, bool); 9] = [
    ("rangeExpectation", true, true, true),
    ("nonNullExpectation", true, true, false),
    ("setExpectation", true, true, true),
    ("regexExpectation", true, true, true),
    ("uniquenessExpectation", true, true, true),
    ("statisticRangeExpectation", false, true, false),
    ("rowConditionExpectation", true, false, false),
    ("tableConditionExpectation", false, false, false),
    ("sqlAssertion", false, false, false),
];

pub(super) fn check(rule: &Map<String, Value>, at: &str) -> Result<(), ApiError> {
    let refuse = |why: &str| Err(ApiError::invalid(format!("{at}: {why}")));
    let mut kinds = KINDS.iter().filter(|(kind, ..)| rule.contains_key(*kind));
    let (Some(&(kind, by_row, of_column, nullable)), None) = (kinds.next(), kinds.next()) else {
        return refuse("a rule must have exactly one expectation.");
    };
    if of_column && text(rule, "column").is_empty() {
        return refuse(&format!("column is required for {kind}."));
    }
    if !nullable && rule.contains_key("ignoreNull") {
        return refuse(&format!("ignore_null is not valid for {kind}."));
    }
    let threshold = rule.get("threshold").and_then(Value::as_f64);
    if threshold.is_some() && !by_row {
        return refuse(&format!("threshold is only valid for row-level rules, not for {kind}."));
    }
    if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
        return refuse("threshold must be in [0, 1].");
    }
    let dimension = text(rule, "dimension");
    let spelt = dimension
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | ' ' | '-'));
    if dimension.len() > 30 || !spelt {
        return refuse(&format!(
            "dimension '{dimension}' must have at most 30 uppercase letters."
        ));
    }
    let name = text(rule, "name");
    let plain = |c: char| c.is_ascii_alphanumeric();
    let named = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(plain)
        && name.chars().all(|c| plain(c) || c == '-');
    if !name.is_empty() && !named {
        return refuse(&format!(
            "name '{name}' must contain only letters, numbers and hyphens, start with a letter, end with a number or a letter, \
             and have at most 63 characters."
        ));
    }
    at_most(rule, "description", 1024, at)?;
    let queries = rule.get("debugQueries").and_then(Value::as_array);
    if queries.is_some_and(|queries| queries.len() > 1) {
        return refuse("only one debug query is supported.");
    }
    if queries.is_some_and(|queries| queries.iter().any(|query| query["sqlStatement"].is_null())) {
        return refuse("debug_queries[0].sql_statement is required.");
    }
    let length = |query: &Value| query["sqlStatement"].as_str().unwrap_or_default().chars().count();
    if queries.is_some_and(|queries| queries.iter().any(|query| length(query) > 1024)) {
        return refuse("debug_queries[0].sql_statement must have at most 1024 characters.");
    }
    message(rule, kind).map_or(Ok(()), |body| expectation(kind, body, at))
}

fn expectation(kind: &str, body: &Map<String, Value>, at: &str) -> Result<(), ApiError> {
    let refuse = |why: &str| Err(ApiError::invalid(format!("{at}.{kind}: {why}")));
    match kind {
        "rangeExpectation" | "statisticRangeExpectation" => {
            let bounds = [text(body, "minValue"), text(body, "maxValue")];
            if bounds == ["", ""] {
                return refuse("at least one of min_value and max_value must be provided.");
            }
            if kind == "statisticRangeExpectation" && !body.contains_key("statistic") {
                return refuse("statistic must be MEAN, MIN or MAX.");
            }
            match bounds.map(str::parse::<f64>) {
                [Ok(min), Ok(max)] if min > max => refuse("min_value must not be greater than max_value."),
                _ => Ok(()),
            }
        }
        "setExpectation" if !body.contains_key("values") => refuse("values must not be empty."),
        "regexExpectation" if text(body, "regex").is_empty() => refuse("regex is required."),
        "rowConditionExpectation" | "tableConditionExpectation" if text(body, "sqlExpression").is_empty() => {
            refuse("sql_expression is required.")
        }
        "sqlAssertion" => match text(body, "sqlStatement") {
            "" => refuse("sql_statement is required."),
            statement if statement.contains(';') => refuse("sql_statement must not contain a semicolon."),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
