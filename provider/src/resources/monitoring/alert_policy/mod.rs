//! `headwater_monitoring_alert_policy`: <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies>

mod check;
mod condition;
mod schema;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Result, Schema};

use self::condition::Condition;
use crate::durations::to_google;
use crate::labels::{self, Labels};
use crate::rest::changes::stripped;
use crate::rest::fields::{set_document, text, texts};
use crate::rest::{Api, Assigned, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlertPolicy;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    display_name: Attr<String>,
    enabled: Attr<bool>,
    severity: Attr<String>,
    combiner: Attr<String>,
    conditions: Attr<Vec<Attr<Condition>>>,
    documentation: Attr<String>,
    subject: Attr<String>,
    notification_channels: Attr<Vec<Attr<String>>>,
    notification_period: Attr<String>,
    auto_close: Attr<String>,
    user_labels: Attr<Labels>,
    project: Attr<String>,
    name: Attr<String>,
    id: Attr<String>,
}

#[async_trait]
impl Described for AlertPolicy {
    type Model = Policy;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_monitoring_alert_policy",
            noun: "alert policy",
            service: Service::Monitoring,
            name: Pattern("projects/{project}/alertPolicies/{name}"),
            create: CreateBy::Body,
            patch: PatchBy::Query,
            listing: Some(Listing::of("alertPolicies")),
            labelled: true,
            operations: false,
        }
    }

    fn assigned(&self) -> Option<Assigned> {
        Some(Assigned {
            field: "displayName",
            attribute: "display_name",
            labels: "userLabels",
            listing: Listing::of("alertPolicies"),
        })
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn parts<'a>(&self, model: &'a mut Policy) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Policy) -> Result<()> {
        check::problems(config).into_result()
    }

    fn document(&self, model: &Policy) -> Json {
        let content = model.documentation.as_deref();
        let subject = model.subject.as_deref();
        let documentation = json!({
            "content": content,
            // The only one that there is.
            "mimeType": content.map(|_| "text/markdown"),
            "subject": subject,
        });
        let period = model.notification_period.as_deref().map(to_google);
        let strategy = json!({
            "autoClose": model.auto_close.as_deref().map(to_google),
            "notificationRateLimit": period.map(|period| json!({ "period": period })),
        });
        let said = |part: Json| Some(stripped(&part)).filter(|part| *part != json!({}));
        let conditions = model.conditions.known().into_iter().flatten().filter_map(Attr::known);
        json!({
            "displayName": model.display_name.as_deref(),
            "enabled": model.enabled.known(),
            "severity": model.severity.as_deref(),
            "combiner": model.combiner.as_deref(),
            "conditions": conditions.map(Condition::document).collect::<Vec<_>>(),
            "documentation": said(documentation),
            "notificationChannels": set_document(&model.notification_channels),
            "alertStrategy": said(strategy),
            "userLabels": labels::wanted(&model.user_labels, false),
        })
    }

    fn read(&self, state: &Policy, document: &Json) -> Policy {
        let (documentation, strategy) = (&document["documentation"], &document["alertStrategy"]);
        let field = |name: &str| text(&document[name], &Attr::Null);
        let before = state.conditions.known().map(Vec::as_slice).unwrap_or_default();
        let conditions = document["conditions"].as_array().into_iter().flatten().enumerate();
        let conditions = conditions.map(|(index, condition)| {
            let before = before.get(index).and_then(Attr::known).cloned().unwrap_or_default();
            Attr::Known(Condition::read(condition, &before))
        });
        let severity = field("severity");
        Policy {
            display_name: field("displayName"),
            enabled: document["enabled"].as_bool().unwrap_or(true).into(),
            severity: if severity.as_deref() == Some("SEVERITY_UNSPECIFIED") {
                Attr::Null
            } else {
                severity
            },
            combiner: field("combiner"),
            conditions: conditions.collect::<Vec<_>>().into(),
            documentation: text(&documentation["content"], &state.documentation),
            subject: text(&documentation["subject"], &state.subject),
            notification_channels: texts(&document["notificationChannels"], &state.notification_channels),
            notification_period: text(&strategy["notificationRateLimit"]["period"], &Attr::Null),
            auto_close: text(&strategy["autoClose"], &Attr::Null),
            user_labels: labels::read(&document["userLabels"], &state.user_labels),
            ..state.clone()
        }
    }

    /// A condition that keeps its name stays the same one to Google, with its incidents.
    async fn change(&self, at: &Target, planned: &Policy, present: &Json, fields: &[&str]) -> Result<Json, Error> {
        let mut document = stripped(&self.document(planned));
        let named = present["conditions"].as_array().cloned().unwrap_or_default();
        for condition in document["conditions"].as_array_mut().into_iter().flatten() {
            let same = named
                .iter()
                .find(|other| other["displayName"] == condition["displayName"]);
            if let Some(name) = same.map(|same| &same["name"]).filter(|name| name.is_string()) {
                condition["name"] = name.clone();
            }
        }
        if let Json::Object(members) = &mut document {
            members.retain(|name, _| fields.contains(&name.as_str()));
        }
        at.documents.patch(&at.name, at.api.patch, &document, fields).await
    }
}
