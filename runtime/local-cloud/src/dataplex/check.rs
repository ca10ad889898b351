//! What Dataplex refuses in a data scan.

use serde_json::{Map, Value};

use super::rules;
use crate::http::answer::ApiError;
use crate::ids;
use crate::labels;
use crate::scheduler::Schedule;

type Message = Map<String, Value>;

/// A field's text, empty when absent.
pub(super) fn text<'a>(fields: &'a Message, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn message<'a>(fields: &'a Message, name: &str) -> Option<&'a Message> {
    fields.get(name).and_then(Value::as_object)
}

/// At most so many characters.
pub(super) fn at_most(fields: &Message, name: &str, most: usize, at: &str) -> Result<(), ApiError> {
    if text(fields, name).chars().count() <= most {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{at}.{name} must have at most {most} characters."
    )))
}

pub(super) fn id(id: &str) -> Result<(), ApiError> {
    if ids::is_hyphenated(id, 63) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "data_scan_id '{id}' must contain only lowercase letters, numbers and hyphens, start with a letter, end with a number \
         or a letter, and have 1 to 63 characters."
    )))
}

/// The whole scan.
pub(super) fn scan(scan: &Message) -> Result<(), ApiError> {
    labels::check(scan)?;
    at_most(scan, "description", 1024, "data_scan")?;
    at_most(scan, "displayName", 256, "data_scan")?;
    let data = message(scan, "data").ok_or_else(|| ApiError::invalid("data_scan.data is required."))?;
    match (text(data, "entity"), text(data, "resource")) {
        ("", "") => return Err(ApiError::invalid("data_scan.data must have an entity or a resource.")),
        ("", resource) => table(resource, "data_scan.data.resource")?,
        (_, "") => return Err(ApiError::unimplemented("a data scan of an entity of a lake")),
        _ => {
            return Err(ApiError::invalid(
                "data_scan.data must have only one of entity and resource.",
            ));
        }
    }
    if let Some(identity) = message(scan, "executionIdentity") {
        match message(identity, "serviceAccount") {
            _ if identity.len() > 1 => {
                return Err(ApiError::invalid(
                    "data_scan.execution_identity must have one kind of identity.",
                ));
            }
            Some(account) if !text(account, "email").contains('@') => {
                return Err(ApiError::invalid(
                    "data_scan.execution_identity.service_account.email is required.",
                ));
            }
            _ => {}
        }
    }
    schedule(scan)?;
    match (message(scan, "dataQualitySpec"), message(scan, "dataProfileSpec")) {
        (Some(spec), None) => quality(spec),
        (None, Some(spec)) => profile(spec),
        _ => Err(ApiError::invalid(
            "data_scan must have exactly one of data_quality_spec, data_profile_spec, data_discovery_spec and \
             data_documentation_spec.",
        )),
    }
}

/// The full resource name of a BigQuery table, with or without the service.
fn table(name: &str, at: &str) -> Result<(), ApiError> {
    match parts(name) {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid(format!(
            "{at} '{name}' must be of the form //bigquery.googleapis.com/projects/PROJECT_ID/datasets/DATASET_ID/tables/TABLE_ID."
        ))),
    }
}

/// When a scan is due, if it has a schedule.
pub(super) fn schedule(scan: &Message) -> Result<Option<Schedule>, ApiError> {
    message(scan, "executionSpec").map_or(Ok(None), trigger)
}

fn trigger(spec: &Message) -> Result<Option<Schedule>, ApiError> {
    let Some(trigger) = message(spec, "trigger") else {
        return Ok(None);
    };
    if trigger.len() > 1 {
        return Err(ApiError::invalid(
            "execution_spec.trigger must be one of on_demand, schedule and one_time.",
        ));
    }
    let Some(schedule) = message(trigger, "schedule") else {
        return Ok(None);
    };
    let cron = text(schedule, "cron");
    let (zone, cron) = match cron.strip_prefix("CRON_TZ=").or_else(|| cron.strip_prefix("TZ=")) {
        Some(zoned) => zoned.split_once(' ').unwrap_or((zoned, "")),
        None => ("UTC", cron),
    };
    Schedule::parse(cron.trim(), zone)
        .map(Some)
        .map_err(|why| ApiError::invalid(format!("execution_spec.trigger.schedule.cron: {why}")))
}

/// Project, dataset and id in the full resource name of a table.
pub(super) fn parts(name: &str) -> Option<[&str; 3]> {
    let path = name.strip_prefix("//bigquery.googleapis.com/")?;
    match path.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "datasets", dataset, "tables", table] => {
            let parts = [project, dataset, table];
            parts.iter().all(|part| !part.is_empty()).then_some(parts)
        }
        _ => None,
    }
}

fn quality(spec: &Message) -> Result<(), ApiError> {
    sampling(spec, "data_quality_spec")?;
    let rules = spec
        .get("rules")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if rules.is_empty() {
        return Err(ApiError::invalid(
            "data_quality_spec.rules: at least one rule is required.",
        ));
    }
    let mut names: Vec<&str> = Vec::new();
    for (index, rule) in rules.iter().filter_map(Value::as_object).enumerate() {
        rules::check(rule, &format!("data_quality_spec.rules[{index}]"))?;
        let name = text(rule, "name");
        if !name.is_empty() && names.contains(&name) {
            return Err(ApiError::invalid(format!(
                "data_quality_spec.rules: the name '{name}' is used twice."
            )));
        }
        names.push(name);
    }
    let Some(actions) = message(spec, "postScanActions") else {
        return Ok(());
    };
    export(actions)?;
    let Some(report) = message(actions, "notificationReport") else {
        return Ok(());
    };
    let emails = message(report, "recipients").and_then(|to| to.get("emails")?.as_array());
    if emails.is_none_or(|emails| {
        emails.is_empty() || !emails.iter().all(|to| to.as_str().is_some_and(|to| to.contains('@')))
    }) {
        return Err(ApiError::invalid(
            "notification_report.recipients needs the email address of each recipient.",
        ));
    }
    let score = message(report, "scoreThresholdTrigger").and_then(|trigger| trigger.get("scoreThreshold")?.as_f64());
    if score.is_some_and(|score| !(0.0..=100.0).contains(&score)) {
        return Err(ApiError::invalid(
            "notification_report.score_threshold_trigger.score_threshold must be in [0, 100].",
        ));
    }
    let triggers = ["scoreThresholdTrigger", "jobFailureTrigger", "jobEndTrigger"];
    if !triggers.into_iter().any(|trigger| report.contains_key(trigger)) {
        return Err(ApiError::invalid("notification_report needs at least one trigger."));
    }
    Ok(())
}

fn profile(spec: &Message) -> Result<(), ApiError> {
    sampling(spec, "data_profile_spec")?;
    message(spec, "postScanActions").map_or(Ok(()), export)
}

fn sampling(spec: &Message, at: &str) -> Result<(), ApiError> {
    let percent = spec.get("samplingPercent").and_then(Value::as_f64).unwrap_or(0.0);
    let thousandths = percent * 1000.0;
    // A float of 32 bits that was three decimals is off by a little.
    if (0.0..=100.0).contains(&percent) && (thousandths - thousandths.round()).abs() < 0.01 {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{at}.sampling_percent {percent} must be in [0, 100] with at most 3 decimal digits."
    )))
}

fn export(actions: &Message) -> Result<(), ApiError> {
    let Some(export) = message(actions, "bigqueryExport") else {
        return Ok(());
    };
    let name = text(export, "resultsTable");
    let full = format!("//bigquery.googleapis.com/{name}");
    table(
        if name.starts_with("//") { name } else { &full },
        "bigquery_export.results_table",
    )
}
