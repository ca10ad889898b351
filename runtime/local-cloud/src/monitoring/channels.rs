//! Notification channels. <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels>

use serde_json::{Map, Value, json};

use super::{check_labels, collection, enabled, invalid, policies, record, shapes::CHANNEL, unfiltered};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{read, updated};
use crate::page::page;
use crate::store::{View, key, under};

const KIND: &str = "notificationChannels";

/// Types of channels, with the labels of each: those that it must have, and those that are secret.
/// <https://cloud.google.com/monitoring/alerts/using-channels-api#ncd>
const TYPES: [(&str, &[&str], &[&str]); 9] = [
    ("email", &["email_address"], &[]),
    ("google_chat", &["space"], &[]),
    ("pagerduty", &["service_key"], &["service_key"]),
    ("pubsub", &["topic"], &[]),
    ("slack", &["channel_name", "auth_token"], &["auth_token"]),
    ("sms", &["number"], &[]),
    ("webhook_basicauth", &["url", "username", "password"], &["password"]),
    ("webhook_tokenauth", &["url"], &["url"]),
    ("mobile_app", &[], &[]),
];

pub(super) fn key_of(name: &str) -> Vec<u8> {
    key(&["monitoring", KIND, name])
}

fn name_of(call: &Call) -> String {
    format!("{}{}", collection(call, KIND), call.param("channel"))
}

fn found(view: &impl View, name: &str) -> Result<Map<String, Value>, ApiError> {
    view.get(&key_of(name))?
        .ok_or_else(|| ApiError::not_found(format!("Cannot find notification channel {name}.")))
}

fn message(mut body: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let enabled = enabled(&mut body, "notification_channel")?;
    let mut message = read(body, CHANNEL, "notification_channel")?;
    message.insert("enabled".into(), enabled);
    Ok(message)
}

fn check(channel: &Map<String, Value>) -> Result<(), ApiError> {
    let text = |name: &str| channel.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = text("type");
    let Some((_, required, secret)) = TYPES.iter().find(|(name, ..)| *name == kind) else {
        return Err(invalid(
            "notification_channel.type",
            kind,
            "there is no such type of notification channel.",
        ));
    };
    for (name, most) in [("displayName", 512), ("description", 1024)] {
        if text(name).chars().count() > most {
            return Err(ApiError::invalid(format!(
                "Field notification_channel.{name} has more than {most} characters."
            )));
        }
    }
    check_labels(channel, "userLabels", "notification_channel.user_labels")?;
    let none = Map::new();
    let labels = channel.get("labels").and_then(Value::as_object).unwrap_or(&none);
    if let Some(missing) = required.iter().find(|label| !labels.contains_key(**label)) {
        return Err(ApiError::invalid(format!(
            "Field notification_channel.labels: \"{missing}\" is required for channels of type \"{kind}\"."
        )));
    }
    let unknown = labels
        .keys()
        .find(|label| !required.contains(&label.as_str()) && !secret.contains(&label.as_str()));
    if let Some(unknown) = unknown {
        return Err(ApiError::invalid(format!(
            "Field notification_channel.labels: channels of type \"{kind}\" have no \"{unknown}\"."
        )));
    }
    let value = |label: &str| labels.get(label).and_then(Value::as_str).unwrap_or_default();
    let is_wrong = match kind {
        "email" => !value("email_address").contains('@'),
        "pubsub" => !matches!(
            value("topic").split('/').collect::<Vec<_>>()[..],
            ["projects", _, "topics", _]
        ),
        _ => false,
    };
    if is_wrong {
        let label = required.first().copied().unwrap_or_default();
        return Err(invalid(
            &format!("notification_channel.labels[\"{label}\"]"),
            value(label),
            "it is not valid.",
        ));
    }
    Ok(())
}

/// As it is shown: secrets are not.
fn shown(mut channel: Map<String, Value>) -> Value {
    let kind = channel.get("type").and_then(Value::as_str).unwrap_or_default();
    let secret = TYPES
        .iter()
        .find(|(name, ..)| *name == kind)
        .map_or(&[][..], |(_, _, secret)| secret);
    if let Some(Value::Object(labels)) = channel.get_mut("labels") {
        for (_, value) in labels.iter_mut().filter(|(label, _)| secret.contains(&label.as_str())) {
            *value = json!("**********");
        }
    }
    Value::Object(channel)
}

pub(super) async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (prefix, record) = (collection(&call, KIND), record(&call));
    let mut channel = message(body)?;
    check(&channel)?;
    let made = call.cloud.store.write(move |txn| {
        let name = format!("{prefix}{}", txn.next_generation()?);
        channel.insert("name".into(), json!(name));
        channel.insert("creationRecord".into(), record.clone());
        channel.insert("mutationRecords".into(), json!([record]));
        txn.put(key_of(&name), &channel)?;
        Ok::<_, ApiError>(channel)
    });
    ok(&shown(made.await?))
}

pub(super) async fn list(call: Call) -> Answer {
    unfiltered(&call)?;
    let prefix = collection(&call, KIND);
    let all: Vec<Map<String, Value>> = call.cloud.store.snapshot()?.all(&under(&["monitoring", KIND]))?;
    let of_project = |channel: &Map<String, Value>| {
        channel
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.starts_with(&prefix))
    };
    let all = all.into_iter().filter(of_project).map(shown).collect();
    ok(&page(&call.query, KIND, all, 1000)?)
}

pub(super) async fn get(call: Call) -> Answer {
    ok(&shown(found(&call.cloud.store.snapshot()?, &name_of(&call))?))
}

pub(super) async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (name, record) = (name_of(&call), record(&call));
    let mask = call.query.get("updateMask").map(str::to_owned);
    let given = message(body)?;
    let changed = call.cloud.store.write(move |txn| {
        let present = found(txn, &name)?;
        let mut channel = updated(&present, &given, mask.as_deref(), CHANNEL)?;
        channel.entry("enabled").or_insert(json!(true));
        if channel.get("type") != present.get("type") {
            return Err(ApiError::invalid("Field notification_channel.type cannot be changed."));
        }
        check(&channel)?;
        let mut records = present
            .get("mutationRecords")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        records.insert(0, record);
        records.truncate(10);
        channel.insert("name".into(), json!(name));
        channel.insert(
            "creationRecord".into(),
            present.get("creationRecord").cloned().unwrap_or_default(),
        );
        channel.insert("mutationRecords".into(), Value::Array(records));
        txn.put(key_of(&name), &channel)?;
        Ok::<_, ApiError>(channel)
    });
    ok(&shown(changed.await?))
}

/// With `force` a channel goes from the policies that name it; without, such a channel stays.
pub(super) async fn delete(call: Call) -> Answer {
    let (name, force) = (name_of(&call), call.query.flag("force"));
    let prefix = collection(&call, "alertPolicies");
    let deleted = call.cloud.store.write(move |txn| {
        found(txn, &name)?;
        for mut policy in policies::all(txn, &prefix)? {
            let Some(Value::Array(channels)) = policy.get_mut("notificationChannels") else {
                continue;
            };
            let before = channels.len();
            channels.retain(|channel| *channel != json!(name));
            let (left, is_named) = (channels.len(), channels.len() < before);
            if !is_named {
                continue;
            }
            if left == 0 {
                policy.shift_remove("notificationChannels");
            }
            let policy_name = policy
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if !force {
                return Err(ApiError::failed_precondition(format!(
                    "Cannot delete notification channel {name}: it is used by alert policy {policy_name}."
                )));
            }
            txn.put(policies::key_of(&policy_name), &policy)?;
        }
        txn.remove(key_of(&name));
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}
