//! What a quality scan checks, and whom it tells.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path, Type, validate};

use super::BIGQUERY;
use super::rule::{self, Rule};
use super::schema::{results_table, said, sampling_percent};
use crate::rest::fields::{flag, set_document, text, texts};

/// Settings of a quality scan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quality {
    rules: Attr<Vec<Rule>>,
    sampling_percent: Attr<f64>,
    row_filter: Attr<String>,
    filter: Attr<String>,
    catalog_publishing_enabled: Attr<bool>,
    results_table: Attr<String>,
    notification_report: Attr<Report>,
}

/// Who is told, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    emails: Attr<Vec<Attr<String>>>,
    score_threshold: Attr<f64>,
    job_failure: Attr<bool>,
    job_end: Attr<bool>,
}

pub(super) fn attribute() -> Attribute {
    Attribute::object([
        (
            "rules",
            rule::attribute().required().validate(validate::size(1..)).describe(
                "The rules. Each has exactly one of the attributes that end in `_expectation`, or `sql_assertion`.",
            ),
        ),
        ("sampling_percent", sampling_percent()),
        (
            "row_filter",
            said().describe("A condition in GoogleSQL, without the word WHERE: only rows that meet it are checked."),
        ),
        (
            "filter",
            said().describe("Which of the rules are run, by their names and attributes. Without it, all."),
        ),
        (
            "catalog_publishing_enabled",
            Attribute::bool()
                .default(false)
                .describe("Whether the latest results are shown in the catalog."),
        ),
        ("results_table", results_table()),
        ("notification_report", report()),
    ])
}

fn report() -> Attribute {
    Attribute::object([
        (
            "emails",
            Attribute::set(Type::String)
                .required()
                .validate(validate::size(1..))
                .validate(validate::each(validate::matches("must be an email address", |text| {
                    text.split_once('@')
                        .is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
                })))
                .describe("Who is told, by email."),
        ),
        (
            "score_threshold",
            Attribute::number()
                .optional()
                .validate(rule::between(0.0, 100.0, "must be above 0 and at most 100"))
                .describe("Told when a run's score, of 100, is below this."),
        ),
        (
            "job_failure",
            Attribute::bool().default(false).describe("Told when a run fails."),
        ),
        (
            "job_end",
            Attribute::bool().default(false).describe("Told when a run ends."),
        ),
    ])
    .optional()
    .describe(
        "Who is told by email, and when: at least one of `score_threshold`, `job_failure` and `job_end` must be set.",
    )
}

/// What happens after a scan, when only an export does.
pub(super) fn export(table: &Attr<String>) -> Option<Json> {
    let table = table.as_deref()?;
    Some(json!({ "bigqueryExport": { "resultsTable": format!("{BIGQUERY}{table}") } }))
}

pub(super) fn read_export(actions: &Json) -> Attr<String> {
    let table = actions["bigqueryExport"]["resultsTable"].as_str();
    table
        .map(|table| table.strip_prefix(BIGQUERY).unwrap_or(table).to_owned())
        .into()
}

impl Quality {
    pub(super) fn check(&self, at: &Path) -> Result<(), Diagnostic> {
        let mut names: Vec<&str> = Vec::new();
        for (index, rule) in self.rules.known().into_iter().flatten().enumerate() {
            let at = at.child("rules").index(index);
            rule.check(&at)?;
            let Some(name) = rule.name() else { continue };
            if names.contains(&name) {
                return Err(Diagnostic::invalid(
                    at.child("name"),
                    format!("the name `{name}` is that of an earlier rule"),
                )
                .hint("Rules are told apart by their names: give each its own."));
            }
            names.push(name);
        }
        let report = self.notification_report.known();
        let silent = report.is_some_and(|report| {
            let off = |flag: &Attr<bool>| matches!(flag, Attr::Null | Attr::Known(false));
            report.score_threshold.is_null() && off(&report.job_failure) && off(&report.job_end)
        });
        if silent {
            return Err(
                Diagnostic::invalid(at.child("notification_report"), "nothing says when to tell")
                    .hint("Set `score_threshold`, `job_failure = true` or `job_end = true`."),
            );
        }
        Ok(())
    }

    pub(super) fn document(&self) -> Json {
        let mut actions = export(&self.results_table);
        if let Some(report) = self.notification_report.known() {
            actions.get_or_insert_with(|| json!({}))["notificationReport"] = report.document();
        }
        json!({
            "rules": self.rules.known().map(|rules| rules.iter().map(Rule::document).collect::<Vec<_>>()),
            "samplingPercent": self.sampling_percent.known(),
            "rowFilter": self.row_filter.as_deref(),
            "filter": self.filter.as_deref(),
            "catalogPublishingEnabled": self.catalog_publishing_enabled.known(),
            "postScanActions": actions,
        })
    }

    pub(super) fn read(document: &Json) -> Attr<Quality> {
        let rules = document["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let read = || Quality {
            rules: rules.iter().map(Rule::read).collect::<Vec<_>>().into(),
            sampling_percent: document["samplingPercent"].as_f64().into(),
            row_filter: text(&document["rowFilter"], &Attr::Null),
            filter: text(&document["filter"], &Attr::Null),
            catalog_publishing_enabled: flag(&document["catalogPublishingEnabled"]),
            results_table: read_export(&document["postScanActions"]),
            notification_report: Report::read(&document["postScanActions"]["notificationReport"]),
        };
        document.is_object().then(read).into()
    }
}

impl Report {
    fn document(&self) -> Json {
        let on = |flag: &Attr<bool>| flag.known().filter(|on| **on).map(|_| json!({}));
        json!({
            "recipients": { "emails": set_document(&self.emails) },
            "scoreThresholdTrigger": self.score_threshold.known().map(|score| json!({ "scoreThreshold": score })),
            "jobFailureTrigger": on(&self.job_failure),
            "jobEndTrigger": on(&self.job_end),
        })
    }

    fn read(document: &Json) -> Attr<Report> {
        let on = |name: &str| document[name].is_object().into();
        let read = || Report {
            emails: texts(&document["recipients"]["emails"], &Attr::Null),
            score_threshold: document["scoreThresholdTrigger"]["scoreThreshold"].as_f64().into(),
            job_failure: on("jobFailureTrigger"),
            job_end: on("jobEndTrigger"),
        };
        document.is_object().then(read).into()
    }
}
