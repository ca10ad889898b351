//! Lifecycle rules: what they may say, which objects they are about, and acting on them.
//! <https://cloud.google.com/storage/docs/lifecycle>
//!
//! Google looks at a bucket about once a day; here it is once an hour of the local cloud's clock, and whenever that is put
//! forward.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{Bucket, Object, retire};
use super::settings::CLASSES;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::{Snapshot, Txn, View, under};

const MOST_RULES: usize = 100;
const PAUSE: TimeDelta = TimeDelta::hours(1);
/// Objects changed in one transaction.
const AT_ONCE: usize = 200;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    action: Action,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
enum Action {
    Delete,
    SetStorageClass {
        #[serde(rename = "storageClass")]
        class: String,
    },
    AbortIncompleteMultipartUpload,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Condition {
    age: Option<i64>,
    created_before: Option<NaiveDate>,
    custom_time_before: Option<NaiveDate>,
    days_since_custom_time: Option<i64>,
    days_since_noncurrent_time: Option<i64>,
    is_live: Option<bool>,
    matches_prefix: Vec<String>,
    matches_storage_class: Vec<String>,
    matches_suffix: Vec<String>,
    noncurrent_time_before: Option<NaiveDate>,
    num_newer_versions: Option<i64>,
}

/// Refuses a `lifecycle` that Google would.
pub(super) fn check(lifecycle: &Value) -> Result<(), ApiError> {
    let rules = parse(lifecycle)?;
    if rules.len() > MOST_RULES {
        return Err(ApiError::invalid(format!(
            "A bucket can have {MOST_RULES} lifecycle rules, not {}.",
            rules.len()
        )));
    }
    rules.iter().try_for_each(Rule::check)
}

fn parse(lifecycle: &Value) -> Result<Vec<Rule>, ApiError> {
    match &lifecycle["rule"] {
        Value::Null => Ok(Vec::new()),
        rules => Vec::deserialize(rules).map_err(|e| ApiError::invalid(format!("Invalid lifecycle rule: {e}"))),
    }
}

impl Rule {
    fn check(&self) -> Result<(), ApiError> {
        let condition = &self.condition;
        let classes = match &self.action {
            Action::SetStorageClass { class } => vec![class],
            _ => Vec::new(),
        };
        for class in classes.into_iter().chain(&condition.matches_storage_class) {
            if !CLASSES.contains(&class.as_str()) {
                return Err(ApiError::invalid(format!(
                    "The storage class \"{class}\" in a lifecycle rule is not valid."
                )));
            }
        }
        let counts = [
            condition.age,
            condition.days_since_custom_time,
            condition.days_since_noncurrent_time,
            condition.num_newer_versions,
        ];
        if counts.into_iter().flatten().any(|count| count < 0) {
            return Err(ApiError::invalid("A number in a lifecycle condition is negative."));
        }
        if condition.is_empty() {
            return Err(ApiError::invalid("A lifecycle rule needs at least one condition."));
        }
        let others = condition.dates().any(|date| date.is_some())
            || counts[1..].iter().any(Option::is_some)
            || condition.is_live.is_some()
            || !condition.matches_storage_class.is_empty();
        if self.action == Action::AbortIncompleteMultipartUpload && others {
            return Err(ApiError::invalid(
                "AbortIncompleteMultipartUpload takes the conditions age, matchesPrefix and matchesSuffix only.",
            ));
        }
        Ok(())
    }
}

impl Condition {
    fn dates(&self) -> impl Iterator<Item = Option<NaiveDate>> {
        [
            self.created_before,
            self.custom_time_before,
            self.noncurrent_time_before,
        ]
        .into_iter()
    }

    fn is_empty(&self) -> bool {
        let counts = [
            self.age,
            self.days_since_custom_time,
            self.days_since_noncurrent_time,
            self.num_newer_versions,
        ];
        let texts = [&self.matches_prefix, &self.matches_suffix, &self.matches_storage_class];
        self.dates().all(|date| date.is_none())
            && counts.iter().all(Option::is_none)
            && self.is_live.is_none()
            && texts.iter().all(|list| list.is_empty())
    }

    /// Whether all of it holds for an object of which there are so many newer versions.
    fn holds(&self, object: &Object, newer: i64, now: DateTime<Utc>) -> bool {
        let custom = object
            .setting("customTime")
            .and_then(|text| text.parse::<DateTime<Utc>>().ok());
        let passed = |days: Option<i64>, since: Option<DateTime<Utc>>| {
            days.is_none_or(|days| since.is_some_and(|since| now - since >= TimeDelta::days(days)))
        };
        let before = |date: Option<NaiveDate>, time: Option<DateTime<Utc>>| {
            date.is_none_or(|date| time.is_some_and(|time| time.date_naive() < date))
        };
        let any = |list: &[String], matches: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|entry| matches(entry))
        };
        let class = object.setting("storageClass").unwrap_or("STANDARD");
        passed(self.age, Some(object.created))
            && passed(self.days_since_custom_time, custom)
            && passed(self.days_since_noncurrent_time, object.deleted)
            && before(self.created_before, Some(object.created))
            && before(self.custom_time_before, custom)
            && before(self.noncurrent_time_before, object.deleted)
            && self.is_live.is_none_or(|live| live == object.deleted.is_none())
            && self.num_newer_versions.is_none_or(|most| newer >= most)
            && any(&self.matches_prefix, &|prefix| object.name.starts_with(prefix))
            && any(&self.matches_suffix, &|suffix| object.name.ends_with(suffix))
            && any(&self.matches_storage_class, &|wanted| wanted == class)
    }
}

/// What the rules want with an object: deleting goes before all else, then the coldest class; classes only grow colder.
fn wanted(rules: &[Rule], object: &Object, newer: i64, now: DateTime<Utc>) -> Option<Action> {
    let rank = |class: &str| ["NEARLINE", "COLDLINE", "ARCHIVE"].iter().position(|one| *one == class);
    let current = object.setting("storageClass").and_then(rank);
    let mut coldest = current;
    let mut wanted = None;
    for rule in rules.iter().filter(|rule| rule.condition.holds(object, newer, now)) {
        match &rule.action {
            Action::Delete => return Some(Action::Delete),
            Action::SetStorageClass { class } if rank(class) > coldest => {
                coldest = rank(class);
                wanted = Some(rule.action.clone());
            }
            // Uploads of the XML API, which is not served, are the only ones that it is about.
            Action::SetStorageClass { .. } | Action::AbortIncompleteMultipartUpload => {}
        }
    }
    wanted
}

/// Acts on the rules of all buckets until the local cloud stops.
pub(crate) async fn keep_tidying(cloud: Arc<Cloud>) {
    loop {
        if let Err(error) = tidy(&cloud).await {
            tracing::error!(error = %error.message, "lifecycle rules not acted on");
        }
        let wake = cloud.clock.now() + PAUSE;
        tokio::select! {
            () = cloud.stop.cancelled() => return,
            () = cloud.clock.sleep_until(wake) => {}
        }
    }
}

async fn tidy(cloud: &Cloud) -> Result<(), ApiError> {
    let now = cloud.clock.now();
    let snapshot = cloud.store.snapshot()?;
    let buckets: Vec<Bucket> = snapshot.all(&under(&["storage", "b"]))?;
    for bucket in buckets {
        let rules = match bucket.settings.get("lifecycle") {
            Some(lifecycle) => parse(lifecycle)?,
            None => continue,
        };
        let due = due(&snapshot, &bucket, &rules, now)?;
        if due.is_empty() {
            continue;
        }
        tracing::debug!(bucket = bucket.name, objects = due.len(), "lifecycle rules are due");
        for some in due.chunks(AT_ONCE) {
            let (name, some) = (bucket.name.clone(), some.to_vec());
            let unnamed = cloud.store.write(move |txn| act(txn, &name, &some)).await?;
            cloud.blobs.remove(&unnamed);
        }
    }
    Ok(())
}

/// The objects that rules want something with.
fn due(
    snapshot: &Snapshot,
    bucket: &Bucket,
    rules: &[Rule],
    now: DateTime<Utc>,
) -> Result<Vec<(Object, Action)>, ApiError> {
    let mut objects: Vec<Object> = snapshot.all(&under(&["storage", "o", &bucket.name]))?;
    objects.extend(snapshot.all::<Object>(&under(&["storage", "v", &bucket.name]))?);
    // The versions of each object, the newest first: a version's place is how many are newer.
    objects.sort_by(|a, b| (&a.name, b.generation).cmp(&(&b.name, a.generation)));
    let mut due = Vec::new();
    let mut place: (String, i64) = (String::new(), 0);
    for object in objects {
        place = if place.0 == object.name {
            (place.0, place.1 + 1)
        } else {
            (object.name.clone(), 0)
        };
        if let Some(action) = wanted(rules, &object, place.1, now) {
            due.push((object, action));
        }
    }
    Ok(due)
}

/// Does what is wanted with the objects that are still as they were seen. Gives the bodies that nothing names any more.
fn act(txn: &mut Txn<'_>, bucket: &str, due: &[(Object, Action)]) -> Result<Vec<String>, ApiError> {
    let mut unnamed = Vec::new();
    let Ok(home) = Bucket::read(txn, bucket) else {
        return Ok(unnamed);
    };
    for (seen, action) in due {
        let current: Option<Object> = txn.get(&seen.key())?;
        let same =
            |object: &Object| (object.generation, object.metageneration) == (seen.generation, seen.metageneration);
        let Some(mut object) = current.filter(same) else {
            continue;
        };
        match action {
            // What is held or retained stays until the next look.
            Action::Delete if home.guard(&object).is_err() => {}
            Action::Delete if object.deleted.is_none() => unnamed.extend(retire(txn, &home, object)?),
            Action::Delete => {
                txn.remove(object.key());
                unnamed.push(object.blob);
            }
            Action::SetStorageClass { class } => {
                object.settings.insert("storageClass".into(), json!(class));
                object.metageneration += 1;
                object.updated = Utc::now();
                txn.put(object.key(), &object)?;
            }
            Action::AbortIncompleteMultipartUpload => {}
        }
    }
    Ok(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(settings: &Value) -> Object {
        let created = "2026-01-10T12:00:00Z".parse().unwrap();
        Object {
            bucket: "b".into(),
            name: "logs/a.txt".into(),
            generation: 1,
            metageneration: 1,
            size: 0,
            crc32c: 0,
            md5: None,
            blob: String::new(),
            created,
            updated: created,
            deleted: settings["deleted"].as_str().map(|text| text.parse().unwrap()),
            component_count: None,
            settings: settings["settings"].as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn conditions_hold_or_not() {
        let live = json!({});
        let old = json!({"deleted": "2026-01-15T00:00:00Z"});
        let cold = json!({"settings": {"storageClass": "COLDLINE", "customTime": "2026-01-01T00:00:00Z"}});
        // The object, a condition, and whether it holds on 2026-01-20 at noon with one newer version.
        for (facts, condition, holds) in [
            (&live, json!({"age": 10}), true),
            (&live, json!({"age": 11}), false),
            (&live, json!({"createdBefore": "2026-01-11"}), true),
            (&live, json!({"createdBefore": "2026-01-10"}), false),
            (&live, json!({"matchesPrefix": ["x/", "logs/"]}), true),
            (&live, json!({"matchesPrefix": ["x/"]}), false),
            (&live, json!({"matchesSuffix": [".txt"], "age": 1}), true),
            (&live, json!({"matchesSuffix": [".txt"], "age": 99}), false),
            (&live, json!({"isLive": true}), true),
            (&old, json!({"isLive": true}), false),
            (&live, json!({"daysSinceNoncurrentTime": 0}), false),
            (&old, json!({"daysSinceNoncurrentTime": 5}), true),
            (&old, json!({"daysSinceNoncurrentTime": 6}), false),
            (&old, json!({"noncurrentTimeBefore": "2026-01-16"}), true),
            (&old, json!({"numNewerVersions": 1}), true),
            (&old, json!({"numNewerVersions": 2}), false),
            (&live, json!({"matchesStorageClass": ["STANDARD"]}), true),
            (&cold, json!({"matchesStorageClass": ["STANDARD"]}), false),
            (&live, json!({"daysSinceCustomTime": 0}), false),
            (&cold, json!({"daysSinceCustomTime": 19}), true),
            (&cold, json!({"customTimeBefore": "2026-01-02"}), true),
        ] {
            let parsed: Condition = serde_json::from_value(condition.clone()).unwrap();
            let now = "2026-01-20T12:00:00Z".parse().unwrap();
            assert_eq!(parsed.holds(&object(facts), 1, now), holds, "{facts} {condition}");
        }
    }

    #[test]
    fn deleting_goes_first_and_classes_only_grow_colder() {
        let rules = |rules: Value| parse(&json!({ "rule": rules })).unwrap();
        let set = |class: &str| json!({"action": {"type": "SetStorageClass", "storageClass": class}, "condition": {"age": 1}});
        let delete = json!({"action": {"type": "Delete"}, "condition": {"age": 1}});
        let cold = json!({"settings": {"storageClass": "COLDLINE"}});
        let class = |class: &str| Some(Action::SetStorageClass { class: class.into() });
        for (facts, rules, expected) in [
            (
                json!({}),
                rules(json!([set("NEARLINE"), set("ARCHIVE"), set("COLDLINE")])),
                class("ARCHIVE"),
            ),
            (json!({}), rules(json!([set("NEARLINE"), delete])), Some(Action::Delete)),
            (cold.clone(), rules(json!([set("NEARLINE"), set("STANDARD")])), None),
            (cold, rules(json!([set("ARCHIVE")])), class("ARCHIVE")),
        ] {
            let now = "2026-01-20T12:00:00Z".parse().unwrap();
            assert_eq!(wanted(&rules, &object(&facts), 0, now), expected);
        }
    }

    #[test]
    fn what_a_rule_may_not_say() {
        for (rule, says) in [
            (
                json!({"action": {"type": "Explode"}, "condition": {"age": 1}}),
                "Explode",
            ),
            (
                json!({"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}),
                "storageClass",
            ),
            (
                json!({"action": {"type": "SetStorageClass", "storageClass": "GOLD"}, "condition": {"age": 1}}),
                "GOLD",
            ),
            (json!({"action": {"type": "Delete"}, "condition": {}}), "at least one"),
            (json!({"action": {"type": "Delete"}}), "condition"),
            (
                json!({"action": {"type": "Delete"}, "condition": {"age": -1}}),
                "negative",
            ),
            (
                json!({"action": {"type": "Delete"}, "condition": {"createdBefore": "soon"}}),
                "Invalid",
            ),
            (
                json!({"action": {"type": "Delete"}, "condition": {"colour": "red"}}),
                "colour",
            ),
            (
                json!({"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"isLive": true}}),
                "Abort",
            ),
        ] {
            let refused = check(&json!({ "rule": [rule] })).expect_err(says);
            assert!(refused.message.contains(says), "{rule}: {}", refused.message);
        }
    }
}
