//! `headwater_monitoring_notification_channel`: <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels>
//!
//! Only kinds of channels that need no secret: a token or a password in a channel's labels would be in the state.

use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Path, Result, Schema, Type, Validator, validate};

use super::{assigned_name, user_labels};
use crate::labels::{self, Labels};
use crate::names;
use crate::rest::fields::{map, map_document, text};
use crate::rest::{Api, Assigned, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotificationChannel;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    display_name: Attr<String>,
    r#type: Attr<String>,
    labels: Attr<Labels>,
    description: Attr<String>,
    enabled: Attr<bool>,
    user_labels: Attr<Labels>,
    project: Attr<String>,
    name: Attr<String>,
    id: Attr<String>,
}

/// The types, each with the label that says where it leads.
/// <https://cloud.google.com/monitoring/alerts/using-channels-api#ncd>
const TYPES: [(&str, &str); 4] = [
    ("email", "email_address"),
    ("pubsub", "topic"),
    ("google_chat", "space"),
    ("sms", "number"),
];

/// Labels that hold secrets.
const SECRET: [&str; 3] = ["auth_token", "password", "service_key"];

/// The id of a channel.
pub(super) fn id() -> Validator {
    validate::matches(
        "must be the id of a notification channel, `projects/PROJECT/notificationChannels/NUMBER`: write `headwater_monitoring_notification_channel.NAME.id`",
        |text| match text.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "notificationChannels", name] => names::is_project(project) && !name.is_empty(),
            _ => false,
        },
    )
}

impl Described for NotificationChannel {
    type Model = Channel;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_monitoring_notification_channel",
            noun: "notification channel",
            service: Service::Monitoring,
            name: Pattern("projects/{project}/notificationChannels/{name}"),
            create: CreateBy::Body,
            patch: PatchBy::Query,
            listing: Some(Listing::of("notificationChannels")),
            labelled: true,
            operations: false,
        }
    }

    fn assigned(&self) -> Option<Assigned> {
        Some(Assigned {
            field: "displayName",
            attribute: "display_name",
            labels: "userLabels",
            listing: Listing::of("notificationChannels"),
        })
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "display_name",
                Attribute::string().required().validate(validate::length(1..=512)).describe("What the channel is called, unique among those that Headwater makes in the project: by it an apply that was cut off finds what it made."),
            ),
            (
                "type",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::one_of(TYPES.map(|(name, _)| name)))
                    .describe("What kind of channel it is. Kinds that need a token or a password (`slack`, `pagerduty`, webhooks) are made in the console, so that no secret is in the state: name their ids in `notification_channels`."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .required()
                    .describe("Where it leads, by its type: `email_address` of `email`; `topic` of `pubsub`, the id of a topic; `space` of `google_chat`, such as `spaces/AAAA`; `number` of `sms`, such as `+4930123456`."),
            ),
            ("description", Attribute::string().optional().validate(validate::length(1..=1024)).describe("What it is for.")),
            ("enabled", Attribute::bool().default(true).describe("Whether anything is sent.")),
            ("user_labels", user_labels()),
            ("name", assigned_name()),
        ])
        .describe("A Cloud Monitoring notification channel: who is told of an incident. A channel that an alert policy names cannot be deleted before the policy is changed.")
    }

    fn parts<'a>(&self, model: &'a mut Channel) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Channel) -> Result<()> {
        problems(config).into_result()
    }

    fn document(&self, model: &Channel) -> Json {
        json!({
            "displayName": model.display_name.as_deref(),
            "type": model.r#type.as_deref(),
            "labels": map_document(&model.labels),
            "description": model.description.as_deref(),
            "enabled": model.enabled.known(),
            "userLabels": labels::wanted(&model.user_labels, false),
        })
    }

    fn read(&self, state: &Channel, document: &Json) -> Channel {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let secret = |label: &str| SECRET.contains(&label);
        Channel {
            display_name: field("displayName"),
            r#type: field("type"),
            // An imported channel may have what Google shows only in part: it is no value.
            labels: map(&document["labels"], &state.labels, |label| !secret(label)),
            description: field("description"),
            enabled: document["enabled"].as_bool().unwrap_or(true).into(),
            user_labels: labels::read(&document["userLabels"], &state.user_labels),
            ..state.clone()
        }
    }
}

fn problems(config: &Channel) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let Some(given) = config.labels.known() else {
        return problems;
    };
    for label in given.keys().filter(|label| SECRET.contains(&label.as_str())) {
        let path = Path::attr("labels").key(label);
        problems.push(
            Diagnostic::invalid(
                path.clone(),
                format!("`{path}` is a secret, which would be in the state"),
            )
            .hint("Make this channel in the console, and name its id in `notification_channels`."),
        );
    }
    let known = config.r#type.as_deref();
    let Some((kind, needed)) = known.and_then(|kind| TYPES.iter().find(|(name, _)| *name == kind)) else {
        return problems;
    };
    if !given.contains_key(*needed) {
        problems.push(
            Diagnostic::invalid("labels", format!("`labels` of the type `{kind}` must have `{needed}`"))
                .hint(format!("Write `labels = {{ {needed} = \"…\" }}`.")),
        );
    }
    let wrong = |value: &str| match *needed {
        "topic" => match value.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "topics", topic] if names::is_project(project) && !topic.is_empty() => None,
            _ => Some("the id of a topic, `projects/PROJECT/topics/TOPIC`"),
        },
        "email_address" if !value.contains('@') => Some("an email address"),
        "space" if !value.starts_with("spaces/") => Some("a space of Google Chat, `spaces/SPACE`"),
        "number" if !value.starts_with('+') => Some("a number with its country's code, such as `+4930123456`"),
        _ => None,
    };
    let value = given.get(*needed).and_then(Attr::as_deref);
    if let Some(right) = value.and_then(wrong) {
        let path = Path::attr("labels").key(*needed);
        problems.push(Diagnostic::invalid(
            path.clone(),
            format!("`{path}` must be {right}, got `{}`", value.unwrap_or_default()),
        ));
    }
    for label in given
        .keys()
        .filter(|label| label.as_str() != *needed && !SECRET.contains(&label.as_str()))
    {
        problems.push(
            Diagnostic::invalid(
                Path::attr("labels").key(label),
                format!("`labels` of the type `{kind}` have no `{label}`"),
            )
            .hint(format!(
                "The type has `{needed}` alone. Labels of your own are `user_labels`."
            )),
        );
    }
    problems
}
