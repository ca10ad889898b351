//! What may be set on a bucket, and what Google makes of it: <https://cloud.google.com/storage/docs/json_api/v1/buckets>.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::lifecycle;
use crate::clock::stamp_millis;
use crate::http::answer::ApiError;

/// What the caller may set.
pub(super) const SETTABLE: [&str; 19] = [
    "location",
    "storageClass",
    "labels",
    "lifecycle",
    "versioning",
    "retentionPolicy",
    "softDeletePolicy",
    "iamConfiguration",
    "cors",
    "website",
    "logging",
    "billing",
    "encryption",
    "autoclass",
    "hierarchicalNamespace",
    "rpo",
    "defaultEventBasedHold",
    "customPlacementConfig",
    "ipFilter",
];

pub(super) const CLASSES: [&str; 7] = [
    "STANDARD",
    "NEARLINE",
    "COLDLINE",
    "ARCHIVE",
    "MULTI_REGIONAL",
    "REGIONAL",
    "DURABLE_REDUCED_AVAILABILITY",
];

const DAY: i64 = 86_400;
/// A hundred years.
const LONGEST_RETENTION: i64 = 3_155_760_000;
const METHODS: [&str; 9] = ["*", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE"];

type Settings = Map<String, Value>;

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid(message)
}

/// Checks what is set, fills in what Google shows for what was not said, and drops what it does not show.
pub(super) fn normalise(mut settings: Settings, before: &Settings) -> Result<Settings, ApiError> {
    place(&mut settings)?;
    class(&mut settings)?;
    autoclass(&mut settings, before)?;
    access(&mut settings, before)?;
    namespace(&settings)?;
    soft_delete(&mut settings, before)?;
    retention(&mut settings, before)?;
    labels(&settings)?;
    cors(&settings)?;
    switches(&settings)?;
    logging(&settings)?;
    if let Some(rules) = settings.get("lifecycle") {
        lifecycle::check(rules)?;
    }
    for (name, list) in [
        ("lifecycle", "rule"),
        ("cors", ""),
        ("labels", ""),
        ("website", ""),
        ("logging", ""),
    ] {
        let value = settings
            .get(name)
            .map(|value| if list.is_empty() { value } else { &value[list] });
        let empty = value.is_some_and(|value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            other => other.is_null(),
        });
        if empty {
            settings.shift_remove(name);
        }
    }
    Ok(settings)
}

fn text<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.get(name)?.as_str()
}

/// A whole number, which JSON may carry as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn place(settings: &mut Settings) -> Result<(), ApiError> {
    let location = text(settings, "location").unwrap_or("US").to_ascii_uppercase();
    let pair = settings
        .get("customPlacementConfig")
        .map(|config| config["dataLocations"].as_array().cloned().unwrap_or_default());
    let kind = match location.as_str() {
        "US" | "EU" | "ASIA" if pair.is_some() => "dual-region",
        "US" | "EU" | "ASIA" => "multi-region",
        "NAM4" | "EUR4" | "EUR5" | "EUR7" | "EUR8" | "ASIA1" => "dual-region",
        region if is_region(region) => "region",
        _ => {
            return Err(invalid(format!(
                "The specified location constraint \"{location}\" is not valid."
            )));
        }
    };
    if let Some(pair) = pair {
        let regions: Vec<String> = pair
            .iter()
            .filter_map(|region| Some(region.as_str()?.to_ascii_uppercase()))
            .collect();
        if kind != "dual-region" || regions.len() != 2 || !regions.iter().all(|region| is_region(region)) {
            return Err(invalid(
                "customPlacementConfig.dataLocations must be two regions of the location.",
            ));
        }
        settings.insert("customPlacementConfig".into(), json!({ "dataLocations": regions }));
    }
    settings.insert("location".into(), json!(location));
    settings.insert("locationType".into(), json!(kind));
    match text(settings, "rpo") {
        None if kind != "region" => drop(settings.insert("rpo".into(), json!("DEFAULT"))),
        None | Some("DEFAULT") => {}
        Some("ASYNC_TURBO") if kind == "dual-region" => {}
        Some(other) => {
            return Err(invalid(format!(
                "The rpo \"{other}\" is not valid for a bucket in a {kind}."
            )));
        }
    }
    Ok(())
}

/// `EUROPE-WEST1`
fn is_region(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
        && text.contains('-')
        && text.ends_with(|c: char| c.is_ascii_digit())
}

fn class(settings: &mut Settings) -> Result<(), ApiError> {
    let class = text(settings, "storageClass")
        .unwrap_or("STANDARD")
        .to_ascii_uppercase();
    if !CLASSES.contains(&class.as_str()) {
        return Err(invalid(format!(
            "The specified storage class \"{class}\" is not valid."
        )));
    }
    settings.insert("storageClass".into(), json!(class));
    Ok(())
}

fn autoclass(settings: &mut Settings, before: &Settings) -> Result<(), ApiError> {
    let Some(mut config) = settings.get("autoclass").cloned() else {
        return Ok(());
    };
    let Some(enabled) = config["enabled"].as_bool() else {
        return Err(ApiError::required("autoclass.enabled"));
    };
    if !enabled {
        settings.shift_remove("autoclass");
        return Ok(());
    }
    if settings["storageClass"] != "STANDARD" {
        return Err(invalid(
            "Autoclass can only be enabled on buckets whose default storage class is STANDARD.",
        ));
    }
    let terminal = config["terminalStorageClass"].as_str().unwrap_or("NEARLINE").to_owned();
    if !matches!(terminal.as_str(), "NEARLINE" | "ARCHIVE") {
        return Err(invalid(format!(
            "The terminal storage class \"{terminal}\" is not valid."
        )));
    }
    let before = before.get("autoclass").unwrap_or(&Value::Null);
    let now = json!(stamp_millis(Utc::now()));
    let kept = |name: &str, same: bool| Some(&before[name]).filter(|value| same && !value.is_null()).cloned();
    config = json!({
        "enabled": true,
        "terminalStorageClass": terminal,
        "toggleTime": kept("toggleTime", true).unwrap_or_else(|| now.clone()),
        "terminalStorageClassUpdateTime":
            kept("terminalStorageClassUpdateTime", before["terminalStorageClass"] == terminal.as_str()).unwrap_or(now),
    });
    settings.insert("autoclass".into(), config);
    Ok(())
}

fn access(settings: &mut Settings, before: &Settings) -> Result<(), ApiError> {
    let was = before
        .get("iamConfiguration")
        .map(|config| config["uniformBucketLevelAccess"].clone());
    let was = was.unwrap_or_default();
    let config = settings.entry("iamConfiguration").or_insert_with(|| json!({}));
    let uniform = config["uniformBucketLevelAccess"]["enabled"]
        .as_bool()
        .or_else(|| config["bucketPolicyOnly"]["enabled"].as_bool())
        .unwrap_or(false);
    let locked = was["lockedTime"].as_str().filter(|_| was["enabled"] == true);
    let past = locked.and_then(time).is_some_and(|locked| locked < Utc::now());
    if !uniform && past {
        return Err(ApiError::condition_not_met());
    }
    let mut level = json!({ "enabled": uniform });
    if uniform {
        let locked = locked.map(str::to_owned);
        level["lockedTime"] = json!(locked.unwrap_or_else(|| stamp_millis(Utc::now() + TimeDelta::days(90))));
    }
    config["bucketPolicyOnly"] = level.clone();
    config["uniformBucketLevelAccess"] = level;
    match config["publicAccessPrevention"].as_str() {
        None | Some("unspecified") => config["publicAccessPrevention"] = json!("inherited"),
        Some("inherited" | "enforced") => {}
        Some(other) => {
            return Err(invalid(format!(
                "Invalid value for publicAccessPrevention: \"{other}\""
            )));
        }
    }
    Ok(())
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

fn namespace(settings: &Settings) -> Result<(), ApiError> {
    if !settings
        .get("hierarchicalNamespace")
        .is_some_and(|namespace| namespace["enabled"] == true)
    {
        return Ok(());
    }
    if settings["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] != true {
        return Err(invalid(
            "Hierarchical namespace can only be enabled on buckets with uniform bucket-level access.",
        ));
    }
    if settings
        .get("versioning")
        .is_some_and(|versioning| versioning["enabled"] == true)
    {
        return Err(invalid(
            "Object Versioning is not supported in buckets with hierarchical namespace.",
        ));
    }
    Ok(())
}

/// Seven days unless said otherwise; effective since it was last changed.
fn soft_delete(settings: &mut Settings, before: &Settings) -> Result<(), ApiError> {
    let seconds = |of: &Settings| number(of.get("softDeletePolicy")?.get("retentionDurationSeconds")?);
    let wanted = seconds(settings).unwrap_or(7 * DAY);
    if wanted != 0 && !(7 * DAY..=90 * DAY).contains(&wanted) {
        return Err(invalid(format!(
            "The soft delete retention duration of {wanted} seconds is not valid: it must be 0 or between 7 and 90 days."
        )));
    }
    if seconds(before) == Some(wanted) {
        settings.insert("softDeletePolicy".into(), before["softDeletePolicy"].clone());
        return Ok(());
    }
    let mut policy = json!({ "retentionDurationSeconds": wanted.to_string() });
    if wanted > 0 {
        policy["effectiveTime"] = json!(stamp_millis(Utc::now()));
    }
    settings.insert("softDeletePolicy".into(), policy);
    Ok(())
}

/// A locked policy can grow and nothing else.
fn retention(settings: &mut Settings, before: &Settings) -> Result<(), ApiError> {
    let seconds = |of: &Settings| number(of.get("retentionPolicy")?.get("retentionPeriod")?);
    let (was, wanted) = (seconds(before), seconds(settings));
    let locked = before
        .get("retentionPolicy")
        .is_some_and(|policy| policy["isLocked"] == true);
    if locked && wanted.unwrap_or_default() < was.unwrap_or_default() {
        return Err(ApiError::forbidden(
            "forbidden",
            "The retention policy of the bucket is locked: its period cannot be reduced and it cannot be removed.",
        ));
    }
    let Some(policy) = settings.get("retentionPolicy") else {
        return Ok(());
    };
    let Some(wanted) = wanted else {
        // A policy without a period is none.
        if policy.get("retentionPeriod").is_some_and(|period| !period.is_null()) {
            return Err(invalid("The retention period is not a whole number of seconds."));
        }
        settings.shift_remove("retentionPolicy");
        return Ok(());
    };
    if !(1..=LONGEST_RETENTION).contains(&wanted) {
        return Err(invalid(format!(
            "The retention period of {wanted} seconds is not valid: it must be between 1 and {LONGEST_RETENTION}."
        )));
    }
    let since = before.get("retentionPolicy").filter(|_| was == Some(wanted));
    let since = since.and_then(|policy| policy["effectiveTime"].as_str());
    let mut policy = json!({
        "retentionPeriod": wanted.to_string(),
        "effectiveTime": since.map_or_else(|| stamp_millis(Utc::now()), str::to_owned),
    });
    if locked {
        policy["isLocked"] = json!(true);
    }
    settings.insert("retentionPolicy".into(), policy);
    Ok(())
}

/// Locks the retention policy for ever.
pub(super) fn lock(settings: &mut Settings) -> Result<(), ApiError> {
    let Some(Value::Object(policy)) = settings.get_mut("retentionPolicy") else {
        return Err(invalid("The bucket has no retention policy to lock."));
    };
    policy.insert("isLocked".into(), json!(true));
    Ok(())
}

fn labels(settings: &Settings) -> Result<(), ApiError> {
    let Some(labels) = settings.get("labels") else {
        return Ok(());
    };
    let labels = labels.as_object().ok_or_else(|| invalid("labels is not an object"))?;
    if labels.len() > 64 {
        return Err(invalid(format!("A bucket can have 64 labels, not {}.", labels.len())));
    }
    let plain = |text: &str| {
        text.chars().count() <= 63
            && text
                .chars()
                .all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '_' | '-'))
    };
    for (key, value) in labels {
        let value = value
            .as_str()
            .ok_or_else(|| invalid(format!("The label \"{key}\" is not text.")))?;
        if !plain(key) || !key.starts_with(char::is_alphabetic) {
            return Err(invalid(format!("Invalid label key: \"{key}\"")));
        }
        if !plain(value) {
            return Err(invalid(format!("Invalid label value: \"{value}\"")));
        }
    }
    Ok(())
}

fn cors(settings: &Settings) -> Result<(), ApiError> {
    let Some(entries) = settings.get("cors") else {
        return Ok(());
    };
    let entries = entries.as_array().ok_or_else(|| invalid("cors is not a list"))?;
    for entry in entries {
        let methods = entry["method"].as_array().into_iter().flatten();
        for method in methods {
            let method = method.as_str().unwrap_or_default();
            if !METHODS.contains(&method.to_ascii_uppercase().as_str()) {
                return Err(invalid(format!("Invalid CORS method: \"{method}\"")));
            }
        }
        let age = &entry["maxAgeSeconds"];
        if !age.is_null() && number(age).is_none_or(|age| age < 0) {
            return Err(invalid("Invalid value for cors.maxAgeSeconds"));
        }
    }
    Ok(())
}

fn switches(settings: &Settings) -> Result<(), ApiError> {
    for (name, field) in [
        ("versioning", "enabled"),
        ("billing", "requesterPays"),
        ("hierarchicalNamespace", "enabled"),
    ] {
        let value = settings.get(name).map_or(&Value::Null, |value| &value[field]);
        if !value.is_null() && !value.is_boolean() {
            return Err(invalid(format!("Invalid value for {name}.{field}: {value}")));
        }
    }
    let held = settings.get("defaultEventBasedHold");
    if held.is_some_and(|held| !held.is_boolean()) {
        return Err(invalid("Invalid value for defaultEventBasedHold"));
    }
    Ok(())
}

fn logging(settings: &Settings) -> Result<(), ApiError> {
    let Some(logging) = settings.get("logging").and_then(Value::as_object) else {
        return Ok(());
    };
    let named = logging
        .get("logBucket")
        .and_then(Value::as_str)
        .is_some_and(|name| !name.is_empty());
    if !logging.is_empty() && !named {
        return Err(ApiError::required("logging.logBucket"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(settings: &Value, before: &Settings) -> Result<Settings, ApiError> {
        let settings = settings.as_object().cloned().unwrap_or_default();
        normalise(settings, before)
    }

    #[test]
    fn what_is_refused() {
        let none = Settings::new();
        for (settings, says) in [
            (json!({"location": "europe west"}), "location constraint"),
            (json!({"storageClass": "GOLD"}), "storage class"),
            (json!({"rpo": "ASYNC_TURBO"}), "rpo"),
            (
                json!({"softDeletePolicy": {"retentionDurationSeconds": 60}}),
                "soft delete",
            ),
            (json!({"retentionPolicy": {"retentionPeriod": "0"}}), "retention period"),
            (json!({"retentionPolicy": {"retentionPeriod": "long"}}), "whole number"),
            (json!({"labels": {"Team": "x"}}), "label key"),
            (json!({"labels": {"team": "X"}}), "label value"),
            (json!({"cors": [{"method": ["FETCH"]}]}), "CORS method"),
            (json!({"versioning": {"enabled": "yes"}}), "versioning.enabled"),
            (json!({"logging": {"logObjectPrefix": "x"}}), "logging.logBucket"),
            (
                json!({"autoclass": {"enabled": true}, "storageClass": "COLDLINE"}),
                "Autoclass",
            ),
            (
                json!({"autoclass": {"enabled": true, "terminalStorageClass": "COLDLINE"}}),
                "terminal",
            ),
            (json!({"hierarchicalNamespace": {"enabled": true}}), "uniform"),
            (
                json!({"iamConfiguration": {"publicAccessPrevention": "yes"}}),
                "publicAccessPrevention",
            ),
            (
                json!({"customPlacementConfig": {"dataLocations": ["us-east1"]}}),
                "dataLocations",
            ),
        ] {
            let refused = set(&settings, &none).expect_err(says);
            assert!(refused.message.contains(says), "{settings}: {}", refused.message);
        }
    }

    #[test]
    fn a_locked_retention_only_grows() {
        let mut before = set(&json!({"retentionPolicy": {"retentionPeriod": 60}}), &Settings::new()).unwrap();
        let again = set(&json!({"retentionPolicy": {"retentionPeriod": "60"}}), &before).unwrap();
        assert_eq!(again["retentionPolicy"], before["retentionPolicy"]);
        lock(&mut before).unwrap();
        for (policy, allowed) in [
            (json!({"retentionPeriod": 59}), false),
            (Value::Null, false),
            (json!({"retentionPeriod": 61}), true),
        ] {
            assert_eq!(
                set(&json!({"retentionPolicy": policy}), &before).is_ok(),
                allowed,
                "{policy}"
            );
        }
    }
}
