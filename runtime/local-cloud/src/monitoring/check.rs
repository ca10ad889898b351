//! What Google refuses in an alert policy, as its reference and its answers say it.
//! <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies>

use std::time::Duration;

use serde_json::{Map, Value};

use super::{check_labels, filter, invalid};
use crate::clock::parse_duration;
use crate::http::answer::ApiError;

const MINUTE: u64 = 60;
/// The longest time that a condition on time series may look at.
const LONGEST: u64 = 23 * 3600 + 30 * MINUTE;
const KINDS: [&str; 4] = [
    "conditionThreshold",
    "conditionAbsent",
    "conditionMatchedLog",
    "conditionPrometheusQueryLanguage",
];

/// Checks a policy; `is_channel` knows which channels there are.
pub(super) fn policy(
    policy: &Map<String, Value>,
    is_channel: impl Fn(&str) -> Result<bool, ApiError>,
) -> Result<(), ApiError> {
    let text = |name: &str| policy.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("displayName").is_empty() {
        return Err(ApiError::invalid("Field alert_policy.display_name is required."));
    }
    if text("displayName").chars().count() > 512 {
        return Err(invalid(
            "alert_policy.display_name",
            text("displayName"),
            "it has more than 512 characters.",
        ));
    }
    check_labels(policy, "userLabels", "alert_policy.user_labels")?;
    let conditions = policy
        .get("conditions")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if conditions.is_empty() || conditions.len() > 6 {
        return Err(ApiError::invalid(
            "Field alert_policy.conditions must have from one to six conditions.",
        ));
    }
    if text("combiner").is_empty() {
        return Err(ApiError::invalid("Field alert_policy.combiner must be specified."));
    }
    for (index, one) in conditions.iter().enumerate() {
        condition(one, &format!("alert_policy.conditions[{index}]"))?;
    }
    let matches_log = conditions.iter().any(|one| one["conditionMatchedLog"].is_object());
    if matches_log && conditions.len() > 1 {
        return Err(ApiError::invalid(
            "Alert policies with a LogMatch condition must have exactly one condition.",
        ));
    }
    strategy(policy.get("alertStrategy").unwrap_or(&Value::Null), matches_log)?;
    documentation(policy.get("documentation").unwrap_or(&Value::Null))?;
    let channels = policy
        .get("notificationChannels")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for channel in channels.filter_map(Value::as_str) {
        if !is_channel(channel)? {
            return Err(ApiError::not_found(format!(
                "Cannot find notification channel {channel}."
            )));
        }
    }
    Ok(())
}

fn strategy(strategy: &Value, matches_log: bool) -> Result<(), ApiError> {
    let close = duration(&strategy["autoClose"], "alertStrategy.autoClose")?;
    if let Some(close) = close.filter(|close| *close < Duration::from_secs(30 * MINUTE)) {
        return Err(invalid(
            "alertStrategy.autoClose",
            format_args!("seconds: {}", close.as_secs()),
            "the autoclose duration should be at least 30 minutes",
        ));
    }
    let period = duration(
        &strategy["notificationRateLimit"]["period"],
        "alert_policy.alert_strategy.notification_rate_limit.period",
    )?;
    match (period, matches_log) {
        (None, true) => Err(ApiError::invalid(
            "Field alert_policy.alert_strategy.notification_rate_limit is required for alert policies with a LogMatch condition.",
        )),
        (Some(_), false) => Err(ApiError::invalid(
            "Field alert_policy.alert_strategy.notification_rate_limit is only for alert policies with a LogMatch condition.",
        )),
        _ => Ok(()),
    }
}

fn documentation(documentation: &Value) -> Result<(), ApiError> {
    let content = documentation["content"].as_str().unwrap_or_default();
    if content.chars().count() > 8192 || content.len() > 10_240 {
        return Err(ApiError::invalid(
            "Field alert_policy.documentation.content has more than 8192 characters.",
        ));
    }
    match documentation["mimeType"].as_str() {
        None | Some("text/markdown") => Ok(()),
        Some(other) => Err(invalid(
            "alert_policy.documentation.mime_type",
            other,
            "only text/markdown is supported.",
        )),
    }
}

fn condition(condition: &Value, at: &str) -> Result<(), ApiError> {
    if condition["displayName"].as_str().is_none_or(str::is_empty) {
        return Err(ApiError::invalid(format!("Field {at}.display_name is required.")));
    }
    let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| condition[*kind].is_object()).collect();
    let [kind] = kinds[..] else {
        return Err(ApiError::invalid(format!(
            "Field {at} must have exactly one condition type."
        )));
    };
    let body = &condition[kind];
    match kind {
        "conditionThreshold" => threshold(body, &format!("{at}.condition_threshold")),
        "conditionAbsent" => absence(body, &format!("{at}.condition_absent")),
        "conditionMatchedLog" => match body["filter"].as_str() {
            None => Err(ApiError::invalid(format!(
                "Field {at}.condition_matched_log.filter is required."
            ))),
            Some(_) => Ok(()),
        },
        _ => promql(body, &format!("{at}.condition_prometheus_query_language")),
    }
}

fn threshold(body: &Value, at: &str) -> Result<(), ApiError> {
    series(body, at)?;
    let comparison = body["comparison"].as_str().unwrap_or("COMPARISON_UNSPECIFIED");
    if !matches!(comparison, "COMPARISON_GT" | "COMPARISON_LT") {
        return Err(invalid(
            &format!("{at}.comparison"),
            comparison,
            "only COMPARISON_GT and COMPARISON_LT are supported.",
        ));
    }
    let duration = minutes(&body["duration"], &format!("{at}.duration"))?;
    if let Some(missing) = body["evaluationMissingData"].as_str()
        && duration.is_zero()
    {
        let why = "Conditions setting evaluation_missing_data must have a non-zero duration.";
        return Err(invalid(&format!("{at}.evaluation_missing_data"), missing, why));
    }
    Ok(())
}

fn absence(body: &Value, at: &str) -> Result<(), ApiError> {
    series(body, at)?;
    let at = format!("{at}.duration");
    let duration = minutes(&body["duration"], &at)?;
    if duration < Duration::from_secs(2 * MINUTE) {
        return Err(invalid(
            &at,
            format_args!("{}s", duration.as_secs()),
            "the minimum is 120 seconds.",
        ));
    }
    Ok(())
}

fn promql(body: &Value, at: &str) -> Result<(), ApiError> {
    if body["query"].as_str().is_none() {
        return Err(ApiError::invalid(format!("Field {at}.query is required.")));
    }
    duration(&body["duration"], &format!("{at}.duration"))?;
    let at = format!("{at}.evaluation_interval");
    let interval = duration(&body["evaluationInterval"], &at)?;
    match interval
        .filter(|interval| interval.is_zero() || interval.subsec_nanos() != 0 || !interval.as_secs().is_multiple_of(30))
    {
        Some(interval) => Err(invalid(
            &at,
            format_args!("{}s", interval.as_secs_f64()),
            "must be a positive multiple of 30 seconds.",
        )),
        None => Ok(()),
    }
}

/// The filter and how its time series are put together.
fn series(body: &Value, at: &str) -> Result<(), ApiError> {
    let given = body["filter"].as_str().unwrap_or_default();
    let selected = filter::parse(given).map_err(|why| invalid(&format!("{at}.filter"), given, &why))?;
    filter::one_metric(&selected).map_err(|why| invalid(&format!("{at}.filter"), given, &why))?;
    for (index, aggregation) in body["aggregations"].as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}.aggregations[{index}]");
        let aligned = aggregation["perSeriesAligner"].is_string();
        let period = duration(&aggregation["alignmentPeriod"], &format!("{at}.alignment_period"))?;
        if aligned && period.is_none_or(|period| period < Duration::from_secs(MINUTE)) {
            let value = aggregation["alignmentPeriod"].as_str().unwrap_or_default();
            return Err(invalid(
                &format!("{at}.alignment_period"),
                value,
                "the minimum is 60 seconds where there is an aligner.",
            ));
        }
        if aggregation["crossSeriesReducer"].is_string() && !aligned {
            return Err(ApiError::invalid(format!(
                "Field {at}.per_series_aligner must be specified where there is a cross_series_reducer."
            )));
        }
        if aggregation["groupByFields"].is_array() && !aggregation["crossSeriesReducer"].is_string() {
            return Err(ApiError::invalid(format!(
                "Field {at}.cross_series_reducer must be specified where there are group_by_fields."
            )));
        }
    }
    Ok(())
}

/// A duration in whole minutes; absent is none at all.
fn minutes(value: &Value, at: &str) -> Result<Duration, ApiError> {
    let duration = duration(value, at)?.unwrap_or_default();
    if duration.subsec_nanos() != 0 || !duration.as_secs().is_multiple_of(MINUTE) {
        return Err(invalid(
            at,
            value.as_str().unwrap_or_default(),
            "only multiples of 1 minute are supported",
        ));
    }
    if duration.as_secs() > LONGEST {
        return Err(invalid(
            at,
            value.as_str().unwrap_or_default(),
            "the maximum is 23 hours and 30 minutes.",
        ));
    }
    Ok(duration)
}

fn duration(value: &Value, at: &str) -> Result<Option<Duration>, ApiError> {
    let Some(text) = value.as_str() else { return Ok(None) };
    let duration = parse_duration(text);
    duration.map(Some).ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid value at '{at}' (type.googleapis.com/google.protobuf.Duration), \"{text}\""
        ))
    })
}
