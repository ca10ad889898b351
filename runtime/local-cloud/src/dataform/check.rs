//! What Dataform refuses in a repository or a configuration.

use serde_json::{Map, Value};

use crate::http::answer::ApiError;
use crate::scheduler::Schedule;

/// A field's text, empty when absent.
pub(super) fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The segments of a resource name whose collections are `collections`, or an error about `field`.
pub(super) fn name_of<'a>(name: &'a str, collections: &[&str], field: &str) -> Result<Vec<&'a str>, ApiError> {
    let segments: Vec<&str> = name.split('/').collect();
    let shaped = segments.len() == 2 * collections.len()
        && segments
            .chunks(2)
            .zip(collections)
            .all(|(pair, collection)| pair[0] == *collection && !pair[1].is_empty());
    if shaped {
        return Ok(segments.chunks(2).map(|pair| pair[1]).collect());
    }
    let format: String = collections.join("/*/");
    Err(ApiError::invalid(format!(
        "{field} '{name}' must be in the format '{format}/*'."
    )))
}

/// A secret's version, if the field is set.
pub(super) fn secret_version(fields: &Map<String, Value>, name: &str) -> Result<(), ApiError> {
    match text(fields, name) {
        "" => Ok(()),
        version => name_of(version, &["projects", "secrets", "versions"], name).map(drop),
    }
}

/// The schedule and its time zone, which may stand alone.
pub(super) fn schedule(fields: &Map<String, Value>) -> Result<Schedule, ApiError> {
    let zone = match text(fields, "timeZone") {
        "" => "UTC",
        zone => zone,
    };
    let schedule = match text(fields, "cronSchedule") {
        "" => "0 0 * * *",
        schedule => schedule,
    };
    Schedule::parse(schedule, zone).map_err(ApiError::invalid)
}

/// An email address of a service account, if the field is set.
pub(super) fn service_account(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let account = text(fields, "serviceAccount");
    let shaped = account.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !account.contains(char::is_whitespace)
    });
    if account.is_empty() || shaped {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "service_account '{account}' is not the email address of a service account."
    )))
}
