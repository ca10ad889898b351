//! Datasets, tables, routines, write streams and IAM policies: BigQuery's metadata, in DuckDB tables beside the data, changed in the same transaction.
//! Knows REST resources as documents; knows no HTTP and no GoogleSQL.

pub(crate) mod changes;
pub(crate) mod copies;
pub(crate) mod datasets;
pub(crate) mod evolve;
pub(crate) mod history;
pub(crate) mod names;
pub(crate) mod partitions;
pub(crate) mod policies;
pub(crate) mod routines;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod size;
pub(crate) mod streams;
pub(crate) mod tables;

use serde_json::{Map, Value};

use crate::engine::{Engine, Session};
use crate::error::Fault;

/// Creates what is missing and forgets what has expired.
pub(crate) fn prepare(engine: &Engine) -> Result<(), Fault> {
    engine.write(&[], |tx| {
        tx.run(
            "CREATE TABLE IF NOT EXISTS _headwater.datasets(project VARCHAR, dataset VARCHAR, doc VARCHAR);
             CREATE TABLE IF NOT EXISTS _headwater.tables(project VARCHAR, dataset VARCHAR, name VARCHAR, doc VARCHAR);
             CREATE TABLE IF NOT EXISTS _headwater.routines(project VARCHAR, dataset VARCHAR, name VARCHAR, doc VARCHAR);
             CREATE TABLE IF NOT EXISTS _headwater.policies(project VARCHAR, dataset VARCHAR, kind VARCHAR, name VARCHAR,
                 doc VARCHAR);
             CREATE TABLE IF NOT EXISTS _headwater.jobs(project VARCHAR, location VARCHAR, id VARCHAR, created BIGINT,
                 state VARCHAR, doc VARCHAR)",
        )?;
        tx.run(streams::TABLES)?;
        tx.run(changes::TABLES)?;
        tx.run(history::TABLES)?;
        tx.run(sessions::TABLES)
    })?;
    sweep(engine)
}

/// Forgets what has expired: tables, sessions that nobody uses, streams that nobody will commit.
pub(crate) fn sweep(engine: &Engine) -> Result<(), Fault> {
    engine.write(&[], tables::drop_expired)?;
    engine.write(&[], sessions::forget_idle)?;
    engine.write(&[], streams::forget_abandoned)
}

/// Milliseconds since 1970, as BigQuery writes times in its resources.
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A number that may have been sent as a string.
pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    }
}

/// A fingerprint of a resource's metadata; data changes (the time of modification) leave it alone.
pub(crate) fn etag(doc: &Value) -> String {
    use base64::Engine as _;
    use sha2::Digest;
    let mut doc = doc.clone();
    if let Some(map) = doc.as_object_mut() {
        map.remove("lastModifiedTime");
    }
    let digest = sha2::Sha256::digest(doc.to_string().as_bytes());
    base64::engine::general_purpose::URL_SAFE.encode(&digest[..15])
}

/// RFC 7386: null removes, objects merge, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Some(map) = target.as_object_mut() {
        for (key, value) in patch {
            if value.is_null() {
                map.remove(key);
            } else {
                merge(map.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// `If-Match` against a resource.
pub(crate) fn check_etag(expected: Option<&str>, doc: &Value) -> Result<(), Fault> {
    match expected.map(|e| e.trim_matches('"')) {
        None | Some("" | "*") => Ok(()),
        Some(expected) if expected == etag(doc) => Ok(()),
        Some(_) => Err(Fault::new(
            crate::error::Reason::ConditionNotMet,
            "Precondition Failed: the resource has changed since its etag was read",
        )
        .at("If-Match")),
    }
}

/// Drops nulls, which BigQuery takes for absent.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k.clone(), without_nulls(v)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

pub(crate) fn parse_doc(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The one document of the first row, where there is one.
pub(crate) fn one_doc(tx: &Session<'_>, sql: &str, params: &[crate::engine::Bind<'_>]) -> Result<Option<Value>, Fault> {
    Ok(tx.text(sql, params)?.map(|text| parse_doc(&text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_patch_merges_objects_and_removes_nulls() {
        let mut doc = json!({"a": 1, "labels": {"x": "1", "y": "2"}, "list": [1, 2]});
        super::merge(
            &mut doc,
            &json!({"a": null, "labels": {"x": null, "z": "3"}, "list": [3]}),
        );
        assert_eq!(doc, json!({"labels": {"y": "2", "z": "3"}, "list": [3]}));
    }

    #[test]
    fn an_etag_follows_the_metadata_and_not_the_data() {
        let etag = super::etag(&json!({"description": "a", "lastModifiedTime": "1"}));
        assert_eq!(etag, super::etag(&json!({"description": "a", "lastModifiedTime": "2"})));
        assert_ne!(etag, super::etag(&json!({"description": "b", "lastModifiedTime": "1"})));
    }
}
