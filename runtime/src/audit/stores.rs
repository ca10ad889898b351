//! Where data lies and how long it is kept: what a configuration declares of datasets, buckets, topics and subscriptions, and the
//! same out of the cloud's documents.

use serde_json::Value;

use super::access::dataset_name;
use super::declared::{Configuration, labels};
use super::model::Store;
use super::terraform::Resource;

/// The stores that a configuration declares.
pub fn declared(configuration: &Configuration<'_>) -> Vec<Store> {
    let stores = configuration.resources.iter().filter_map(|resource| {
        let mut store = store(resource)?;
        store.declared = Some(configuration.declared(resource));
        store.location = resource.text("location").map(str::to_owned);
        store.labels = labels(&resource.values["labels"]);
        Some(store)
    });
    stores.collect()
}

fn store(resource: &Resource) -> Option<Store> {
    let values = &resource.values;
    let named = |kind, name: Option<String>, retention: Vec<String>, expires| {
        Some(Store {
            kind,
            name: name?,
            retention,
            expires,
            ..Store::default()
        })
    };
    match resource.kind.as_str() {
        kind @ ("headwater_bigquery_dataset" | "google_bigquery_dataset") => {
            let (retention, expires) = of_dataset(
                &values["default_table_expiration_ms"],
                &values["default_partition_expiration_ms"],
                &values["max_time_travel_hours"],
            );
            let id = if kind.starts_with("google") { "dataset_id" } else { "id" };
            let dataset = resource
                .text(id)
                .and_then(|id| dataset_name(id, resource.text("project")));
            named("dataset", dataset, retention, expires)
        }
        "headwater_storage_bucket" => {
            let (retention, expires) = of_bucket(values);
            named("bucket", resource.text("name").map(str::to_owned), retention, expires)
        }
        // Its blocks are shown when the cloud is asked.
        "google_storage_bucket" => named("bucket", resource.text("name").map(str::to_owned), Vec::new(), false),
        "headwater_pubsub_topic" => {
            let kept = resource.text("message_retention_duration");
            let retention = kept.map_or_else(
                || "no message once its subscriptions have it".to_owned(),
                |kept| format!("messages for {}", span(kept)),
            );
            named("topic", resource.text("id").map(str::to_owned), vec![retention], true)
        }
        "headwater_pubsub_subscription" => {
            let kept = resource.text("message_retention_duration").unwrap_or("604800s");
            let acknowledged = values["retain_acked_messages"].as_bool() == Some(true);
            let which = if acknowledged {
                "all messages"
            } else {
                "messages that nobody has acknowledged"
            };
            let retention = vec![format!("{which} for {}", span(kept))];
            named("subscription", resource.text("id").map(str::to_owned), retention, true)
        }
        _ => None,
    }
}

/// A whole number that may be written as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A length of time in the largest unit that it is whole in.
pub fn spoken(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (unit, name) = units
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit))
        .unwrap_or((1, "second"));
    let many = seconds / unit;
    format!("{many} {name}{}", if many == 1 { "" } else { "s" })
}

/// `604800s`, and other spellings as they are.
fn span(text: &str) -> String {
    let seconds = text.strip_suffix('s').and_then(|digits| digits.parse().ok());
    seconds.map_or_else(|| text.to_owned(), spoken)
}

/// How long a dataset keeps what is in it, and whether anything is deleted by itself.
fn of_dataset(table: &Value, partition: &Value, travel: &Value) -> (Vec<String>, bool) {
    let (table, partition) = (number(table), number(partition));
    let mut retention = Vec::new();
    if let Some(ms) = table {
        retention.push(format!("new tables are deleted after {}", spoken(ms / 1000)));
    }
    if let Some(ms) = partition {
        retention.push(format!(
            "partitions of new tables are deleted after {}",
            spoken(ms / 1000)
        ));
    }
    if table.is_none() && partition.is_none() {
        retention.push("no default expiration: rows stay until somebody deletes them".into());
    }
    if let Some(hours) = number(travel) {
        retention.push(format!("deleted rows can be brought back for {}", spoken(hours * 3600)));
    }
    (retention, table.is_some() || partition.is_some())
}

/// The same of a dataset's document.
pub fn of_dataset_document(document: &Value) -> (Vec<String>, bool) {
    of_dataset(
        &document["defaultTableExpirationMs"],
        &document["defaultPartitionExpirationMs"],
        &document["maxTimeTravelHours"],
    )
}

/// How long a bucket keeps objects, out of a configuration.
fn of_bucket(values: &Value) -> (Vec<String>, bool) {
    let mut retention = Vec::new();
    let mut expires = false;
    if let Some(days) = number(&values["delete_after_days"]) {
        expires = true;
        retention.push(format!("objects are deleted after {days} days"));
    }
    for rule in values["lifecycle_rules"].as_array().into_iter().flatten() {
        let action = rule["action"].as_str().unwrap_or_default();
        expires |= action == "Delete";
        let class = rule["storage_class"]
            .as_str()
            .map(|class| format!(" {class}"))
            .unwrap_or_default();
        retention.push(format!("{action}{class} when {}", conditions(&rule["condition"])));
    }
    let deleted = values["soft_delete_retention"].as_str();
    ending(
        &mut retention,
        expires,
        values["retention_policy"]["period"].as_str().map(str::to_owned),
        values["versioning"].as_bool() == Some(true),
        deleted.filter(|text| *text != "0s").map(span),
    );
    (retention, expires)
}

/// The same of a bucket's document.
pub fn of_bucket_document(document: &Value) -> (Vec<String>, bool) {
    let mut retention = Vec::new();
    let mut expires = false;
    for rule in document["lifecycle"]["rule"].as_array().into_iter().flatten() {
        let (action, condition) = (rule["action"]["type"].as_str().unwrap_or_default(), &rule["condition"]);
        expires |= action == "Delete";
        let only_age = condition.as_object().is_some_and(|all| all.len() == 1);
        match number(&condition["age"]).filter(|_| action == "Delete" && only_age) {
            Some(days) => retention.push(format!("objects are deleted after {days} days")),
            None => {
                let class = rule["action"]["storageClass"]
                    .as_str()
                    .map(|class| format!(" {class}"))
                    .unwrap_or_default();
                retention.push(format!("{action}{class} when {}", conditions(condition)));
            }
        }
    }
    let seconds = |value: &Value| number(value).filter(|seconds| *seconds > 0).map(spoken);
    ending(
        &mut retention,
        expires,
        seconds(&document["retentionPolicy"]["retentionPeriod"]),
        document["versioning"]["enabled"].as_bool() == Some(true),
        seconds(&document["softDeletePolicy"]["retentionDurationSeconds"]),
    );
    (retention, expires)
}

fn ending(retention: &mut Vec<String>, expires: bool, locked: Option<String>, versions: bool, deleted: Option<String>) {
    if !expires {
        retention.push("no rule deletes objects: they stay until somebody deletes them".into());
    }
    if let Some(period) = locked {
        retention.push(format!("nothing can be deleted before {}", span(&period)));
    }
    if versions {
        retention.push("overwritten and deleted objects are kept as versions".into());
    }
    if let Some(period) = deleted {
        retention.push(format!("deleted objects can be restored for {period}"));
    }
}

/// A rule's conditions, as they are written.
fn conditions(condition: &Value) -> String {
    let all = condition.as_object().into_iter().flatten();
    let set = all.filter(|(_, value)| !value.is_null());
    let said: Vec<String> = set.map(|(name, value)| format!("{name} = {value}")).collect();
    if said.is_empty() {
        "always".into()
    } else {
        said.join(" and ")
    }
}

/// How long a table keeps rows, out of its document.
pub fn of_table_document(document: &Value) -> Vec<String> {
    let mut retention = Vec::new();
    if let Some(ms) = number(&document["expirationTime"]) {
        let at = i64::try_from(ms).ok().and_then(chrono::DateTime::from_timestamp_millis);
        retention.push(format!(
            "the table is deleted at {}",
            at.map_or_else(|| ms.to_string(), |at| at.to_rfc3339())
        ));
    }
    for partitioning in ["timePartitioning", "rangePartitioning"] {
        if let Some(ms) = number(&document[partitioning]["expirationMs"]) {
            retention.push(format!("partitions are deleted after {}", spoken(ms / 1000)));
        }
    }
    retention
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_bucket_is_said_alike_by_configuration_and_cloud() {
        let declared = of_bucket(
            &json!({"delete_after_days": 365, "versioning": false, "soft_delete_retention": "604800s",
            "lifecycle_rules": null, "retention_policy": null}),
        );
        let found = of_bucket_document(
            &json!({"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 365}}]},
            "softDeletePolicy": {"retentionDurationSeconds": "604800"}}),
        );
        assert_eq!(declared, found);
        assert_eq!(declared.0[0], "objects are deleted after 365 days");
        let (kept, expires) = of_bucket(&json!({}));
        assert!(!expires && kept[0].starts_with("no rule"), "{kept:?}");
    }

    #[test]
    fn times_are_said_in_their_largest_unit() {
        for (seconds, said) in [
            (86_400, "1 day"),
            (604_800, "7 days"),
            (5_400, "90 minutes"),
            (61, "61 seconds"),
        ] {
            assert_eq!(spoken(seconds), said);
        }
        let (kept, expires) = of_dataset(&json!("3600000"), &Value::Null, &json!(168));
        assert!(expires);
        assert_eq!(
            kept,
            [
                "new tables are deleted after 1 hour",
                "deleted rows can be brought back for 7 days"
            ]
        );
        assert_eq!(
            of_table_document(&json!({"timePartitioning": {"expirationMs": "2592000000"}})),
            ["partitions are deleted after 30 days"]
        );
    }
}
