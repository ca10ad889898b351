//! Lifecycle rules: <https://cloud.google.com/storage/docs/lifecycle>.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Path, Type, Validator, validate};

use super::schema::CLASSES;
use crate::rest::changes::stripped;
use crate::rest::fields::{number, texts};

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub action: Attr<String>,
    pub storage_class: Attr<String>,
    pub condition: Attr<Condition>,
}

/// What must all hold of an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Condition {
    pub age: Attr<i64>,
    pub created_before: Attr<String>,
    pub custom_time_before: Attr<String>,
    pub days_since_custom_time: Attr<i64>,
    pub days_since_noncurrent_time: Attr<i64>,
    pub is_live: Attr<bool>,
    pub matches_prefix: Attr<Vec<Attr<String>>>,
    pub matches_storage_class: Attr<Vec<Attr<String>>>,
    pub matches_suffix: Attr<Vec<Attr<String>>>,
    pub noncurrent_time_before: Attr<String>,
    pub num_newer_versions: Attr<i64>,
}

fn list(texts: &Attr<Vec<Attr<String>>>) -> Json {
    let known = texts.known().filter(|texts| !texts.is_empty());
    known.map_or(Json::Null, |texts| texts.iter().filter_map(Attr::as_deref).collect())
}

impl Condition {
    fn document(&self) -> Json {
        json!({
            "age": self.age.known(),
            "createdBefore": self.created_before.as_deref(),
            "customTimeBefore": self.custom_time_before.as_deref(),
            "daysSinceCustomTime": self.days_since_custom_time.known(),
            "daysSinceNoncurrentTime": self.days_since_noncurrent_time.known(),
            "isLive": self.is_live.known(),
            "matchesPrefix": list(&self.matches_prefix),
            "matchesStorageClass": list(&self.matches_storage_class),
            "matchesSuffix": list(&self.matches_suffix),
            "noncurrentTimeBefore": self.noncurrent_time_before.as_deref(),
            "numNewerVersions": self.num_newer_versions.known(),
        })
    }

    fn read(document: &Json, state: &Condition) -> Condition {
        let text = |name: &str| Attr::from(document[name].as_str().map(str::to_owned));
        Condition {
            age: number(&document["age"]),
            created_before: text("createdBefore"),
            custom_time_before: text("customTimeBefore"),
            days_since_custom_time: number(&document["daysSinceCustomTime"]),
            days_since_noncurrent_time: number(&document["daysSinceNoncurrentTime"]),
            is_live: document["isLive"].as_bool().into(),
            matches_prefix: texts(&document["matchesPrefix"], &state.matches_prefix),
            matches_storage_class: texts(&document["matchesStorageClass"], &state.matches_storage_class),
            matches_suffix: texts(&document["matchesSuffix"], &state.matches_suffix),
            noncurrent_time_before: text("noncurrentTimeBefore"),
            num_newer_versions: number(&document["numNewerVersions"]),
        }
    }
}

impl Rule {
    fn document(&self) -> Json {
        json!({
            "action": { "type": self.action.as_deref(), "storageClass": self.storage_class.as_deref() },
            "condition": self.condition.known().map(Condition::document),
        })
    }

    fn read(document: &Json, state: &Rule) -> Rule {
        let action = &document["action"];
        let before = state.condition.known().cloned().unwrap_or_default();
        Rule {
            action: action["type"].as_str().unwrap_or_default().into(),
            storage_class: action["storageClass"].as_str().map(str::to_owned).into(),
            condition: Condition::read(&document["condition"], &before).into(),
        }
    }
}

/// The `lifecycle` of a bucket: of the rules, or of the one short form of a rule.
pub(super) fn document(rules: &Attr<Vec<Attr<Rule>>>, delete_after_days: &Attr<i64>) -> Json {
    if let Some(days) = delete_after_days.known() {
        return json!({ "rule": [{ "action": { "type": "Delete" }, "condition": { "age": days } }] });
    }
    match rules.known().filter(|rules| !rules.is_empty()) {
        Some(rules) => {
            let rules = rules.iter().filter_map(Attr::known);
            json!({ "rule": rules.map(|rule| stripped(&rule.document())).collect::<Vec<_>>() })
        }
        None => Json::Null,
    }
}

/// The age of the one rule that deletes by age alone: it has no other spelling than `delete_after_days`. Deleting at once
/// is not what anybody means by a number of days.
pub(super) fn delete_after(lifecycle: &Json) -> Option<i64> {
    let [rule] = lifecycle["rule"].as_array()?.as_slice() else {
        return None;
    };
    let condition = rule["condition"].as_object()?;
    (rule["action"]["type"] == "Delete" && condition.len() == 1)
        .then(|| condition.get("age")?.as_i64())
        .flatten()
        .filter(|days| *days > 0)
}

/// The rules of a bucket. None and an empty list are the same: what the state says stays.
pub(super) fn read(lifecycle: &Json, state: &Attr<Vec<Attr<Rule>>>) -> Attr<Vec<Attr<Rule>>> {
    let rules = lifecycle["rule"].as_array().filter(|rules| !rules.is_empty());
    let Some(rules) = rules.filter(|_| delete_after(lifecycle).is_none()) else {
        return match state {
            Attr::Known(rules) if rules.is_empty() => state.clone(),
            _ => Attr::Null,
        };
    };
    let before = state.known().map(Vec::as_slice).unwrap_or_default();
    let rules = rules.iter().enumerate().map(|(index, rule)| {
        let before = before.get(index).and_then(Attr::known).cloned().unwrap_or_default();
        Attr::Known(Rule::read(rule, &before))
    });
    rules.collect::<Vec<_>>().into()
}

/// What is wrong with rules that the schema cannot say.
pub(super) fn problems(rules: &Attr<Vec<Attr<Rule>>>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let rules = rules.known().map(Vec::as_slice).unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        let Some(rule) = rule.known() else { continue };
        let here = Path::attr("lifecycle_rules").index(index);
        problems.extend(rule.problems(&here));
    }
    if let [Attr::Known(only)] = rules
        && let Some(days) = delete_after(&json!({ "rule": [stripped(&only.document())] }))
    {
        problems.push(
            Diagnostic::invalid(
                "lifecycle_rules",
                "one rule that deletes by age alone has a spelling of its own",
            )
            .hint(format!(
                "Write `delete_after_days = {days}` in place of `lifecycle_rules`."
            )),
        );
    }
    problems
}

impl Rule {
    fn problems(&self, here: &Path) -> Diagnostics {
        let mut problems = Diagnostics::new();
        match self.action.as_deref() {
            Some("SetStorageClass") if self.storage_class.is_null() => problems.push(
                Diagnostic::invalid(here.child("storage_class"), "the action `SetStorageClass` needs a `storage_class`")
                    .hint("Say which class objects shall get, such as `NEARLINE`."),
            ),
            Some(other) if other != "SetStorageClass" && !self.storage_class.is_null() => problems.push(
                Diagnostic::invalid(
                    here.child("storage_class"),
                    format!("the action `{other}` has no `storage_class`"),
                )
                .hint("Leave it out, or write `action = \"SetStorageClass\"`. To choose objects by their class, use `condition.matches_storage_class`."),
            ),
            _ => {}
        }
        let Some(condition) = self.condition.known() else {
            return problems;
        };
        if *condition == Condition::default() {
            problems.push(
                Diagnostic::invalid(here.child("condition"), "a lifecycle rule needs at least one condition")
                    .hint("Without one it would be about every object. Say for example `age = 30`."),
            );
        }
        let uploads = Condition {
            age: condition.age,
            matches_prefix: condition.matches_prefix.clone(),
            matches_suffix: condition.matches_suffix.clone(),
            ..Condition::default()
        };
        if self.action.as_deref() == Some("AbortIncompleteMultipartUpload") && uploads != *condition {
            problems.push(
                Diagnostic::invalid(
                    here.child("condition"),
                    "`AbortIncompleteMultipartUpload` knows the conditions `age`, `matches_prefix` and `matches_suffix` only",
                )
                .hint("Leave the others out: they are about objects, which an upload is not yet."),
            );
        }
        problems
    }
}

fn days(text: &str) -> Attribute {
    Attribute::number()
        .optional()
        .validate(validate::whole_number())
        .validate(validate::range(0..=36_500))
        .describe(text)
}

fn date() -> Validator {
    validate::matches("must be a date such as `2026-01-31`", |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |text: &str, digits: usize, most: u32| {
            text.len() == digits && text.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
        };
        matches!(*parts, [year, month, day] if number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31))
    })
}

pub(super) fn attribute() -> Attribute {
    let before = |text: &str| Attribute::string().optional().validate(date()).describe(text);
    let names = |text: &str| {
        Attribute::list(Type::String)
            .optional()
            .validate(validate::size(1..))
            .describe(text)
    };
    let condition = Attribute::object([
        ("age", days("Days since the object was made.")),
        ("created_before", before("The object was made before this day (UTC).")),
        (
            "custom_time_before",
            before("The object's custom time is before this day (UTC)."),
        ),
        ("days_since_custom_time", days("Days since the object's custom time.")),
        (
            "days_since_noncurrent_time",
            days("Days since the version was replaced or deleted."),
        ),
        (
            "is_live",
            Attribute::bool()
                .optional()
                .describe("`true`: live objects only; `false`: noncurrent versions only."),
        ),
        ("matches_prefix", names("The object's name begins with one of these.")),
        (
            "matches_storage_class",
            names("The object's class is one of these.").validate(validate::each(validate::one_of(CLASSES))),
        ),
        ("matches_suffix", names("The object's name ends with one of these.")),
        (
            "noncurrent_time_before",
            before("The version was replaced or deleted before this day (UTC)."),
        ),
        (
            "num_newer_versions",
            days("There are at least so many newer versions of the object."),
        ),
    ]);
    Attribute::list_of([
        (
            "action",
            Attribute::string()
                .required()
                .validate(validate::one_of(["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]))
                .describe("What is done with the object."),
        ),
        (
            "storage_class",
            Attribute::string()
                .optional()
                .validate(validate::one_of(CLASSES))
                .describe("The class that `SetStorageClass` gives to the object."),
        ),
        (
            "condition",
            condition.required().describe("What must hold of an object; all of it at once."),
        ),
    ])
    .optional()
    .validate(validate::size(..=100))
    .describe("What happens to objects by themselves. The rule that deletes by age alone is written as `delete_after_days`. Terraform keeps the name `lifecycle` for itself.")
}
