//! `headwater_logging_metric`: <https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics>

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Diagnostic, Diagnostics, Path, Result, Schema, Type, required_with, validate,
};

use super::filter;
use crate::labels::Labels;
use crate::rest::changes::stripped;
use crate::rest::fields::{flag, map, map_document, text};
use crate::rest::{Api, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoggingMetric;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metric {
    name: Attr<String>,
    description: Attr<String>,
    filter: Attr<String>,
    label_extractors: Attr<Labels>,
    value_extractor: Attr<String>,
    buckets: Attr<Vec<Attr<f64>>>,
    unit: Attr<String>,
    disabled: Attr<bool>,
    project: Attr<String>,
    id: Attr<String>,
}

#[async_trait]
impl Described for LoggingMetric {
    type Model = Metric;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_logging_metric",
            noun: "log-based metric",
            service: Service::Logging,
            name: Pattern("projects/{project}/metrics/{name}"),
            create: CreateBy::Id,
            patch: PatchBy::Whole,
            listing: Some(Listing::of("metrics")),
            labelled: false,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::matches(
                        "must be 1 to 100 letters, digits, `_`, `-` and `.`, starting with a letter or digit, such as `headwater_runs`",
                        |text| {
                            (1..=100).contains(&text.len())
                                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                                && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
                        },
                    ))
                    .describe("The metric's name, unique in the project: its type is `logging.googleapis.com/user/NAME`."),
            ),
            ("description", Attribute::string().optional().validate(validate::length(1..=8000)).describe("What it counts.")),
            (
                "filter",
                Attribute::string().required().validate(filter::of_logs()).describe("Which log entries are counted, in the language of Cloud Logging."),
            ),
            (
                "label_extractors",
                Attribute::map(Type::String)
                    .optional()
                    .validate(validate::keys(validate::matches(
                        "must be 1 to 100 letters, digits and `_`, starting with a letter",
                        |text| {
                            (1..=100).contains(&text.len())
                                && text.starts_with(|c: char| c.is_ascii_alphabetic())
                                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                        },
                    )))
                    .validate(validate::each(extractor()))
                    .describe("The metric's labels, each with what of an entry it is: `EXTRACT(FIELD)` or `REGEXP_EXTRACT(FIELD, REGEX)`. Each combination of values is a time series."),
            ),
            (
                "value_extractor",
                Attribute::string().optional().validate(extractor()).describe("A number in each entry. With it the metric is the distribution of these numbers, without it the number of entries."),
            ),
            (
                "buckets",
                Attribute::list(Type::Number)
                    .optional()
                    .validate(validate::size(1..=200))
                    .describe("The bounds between the buckets of the distribution, ascending."),
            ),
            ("unit", Attribute::string().default("1").validate(validate::length(1..=63)).describe("The unit of the numbers, in the notation of UCUM: `1`, `s`, `By`, `%`.")),
            ("disabled", Attribute::bool().default(false).describe("Whether nothing is counted.")),
        ])
        .describe("A log-based metric: how many log entries there are of a kind, or how a number in them is distributed. On the local cloud it is kept and checked, and counts nothing.")
        .check(required_with("buckets", ["value_extractor"]))
        .check(required_with("value_extractor", ["buckets"]))
    }

    fn parts<'a>(&self, model: &'a mut Metric) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Metric) -> Result<()> {
        problems(config).into_result()
    }

    fn document(&self, model: &Metric) -> Json {
        let labels = model.label_extractors.known().into_iter().flatten();
        let labels: Vec<Json> = labels.map(|(key, _)| json!({ "key": key })).collect();
        let value_type = if model.value_extractor.is_null() {
            "INT64"
        } else {
            "DISTRIBUTION"
        };
        let bounds = model.buckets.known();
        let bounds = bounds.map(|bounds| bounds.iter().filter_map(Attr::known).copied().collect::<Vec<f64>>());
        json!({
            "description": model.description.as_deref(),
            "filter": model.filter.as_deref(),
            "labelExtractors": map_document(&model.label_extractors),
            "valueExtractor": model.value_extractor.as_deref(),
            "bucketOptions": bounds.map(|bounds| json!({ "explicitBuckets": { "bounds": bounds } })),
            "metricDescriptor": {
                "metricKind": "DELTA",
                "valueType": value_type,
                "unit": model.unit.as_deref(),
                "labels": Some(labels).filter(|labels| !labels.is_empty()),
            },
            "disabled": model.disabled.known().filter(|disabled| **disabled),
        })
    }

    fn read(&self, state: &Metric, document: &Json) -> Metric {
        let bounds = document["bucketOptions"]["explicitBuckets"]["bounds"].as_array();
        let bounds = bounds.map(|bounds| {
            bounds
                .iter()
                .map(|bound| bound.as_f64().into())
                .collect::<Vec<Attr<f64>>>()
        });
        Metric {
            description: text(&document["description"], &state.description),
            filter: text(&document["filter"], &Attr::Null),
            label_extractors: map(&document["labelExtractors"], &state.label_extractors, |_| true),
            value_extractor: text(&document["valueExtractor"], &Attr::Null),
            buckets: bounds.into(),
            unit: document["metricDescriptor"]["unit"].as_str().unwrap_or("1").into(),
            disabled: flag(&document["disabled"]),
            ..state.clone()
        }
    }

    /// A metric is replaced whole.
    async fn change(&self, at: &Target, planned: &Metric, present: &Json, _fields: &[&str]) -> Result<Json, Error> {
        let mut document = stripped(&self.document(planned));
        document["name"] = present["name"].clone();
        at.documents.replace(&at.name, &document).await
    }
}

/// <https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics#LogMetric>
fn extractor() -> tfplugin_framework::Validator {
    validate::matches("must be `EXTRACT(FIELD)` or `REGEXP_EXTRACT(FIELD, REGEX)`", |text| {
        let inside = |function: &str| {
            let inside = text.trim().strip_prefix(function)?.strip_suffix(')')?;
            Some(inside.trim()).filter(|inside| !inside.is_empty())
        };
        inside("EXTRACT(").is_some() || inside("REGEXP_EXTRACT(").is_some_and(|inside| inside.contains(','))
    })
}

fn problems(config: &Metric) -> Diagnostics {
    let bounds = config.buckets.known().map(Vec::as_slice).unwrap_or_default();
    let wrong = bounds
        .windows(2)
        .position(|pair| match (pair[0].known(), pair[1].known()) {
            (Some(lower), Some(upper)) => lower >= upper,
            _ => false,
        });
    let Some(index) = wrong else {
        return Diagnostics::new();
    };
    let path = Path::attr("buckets").index(index + 1);
    Diagnostic::invalid(path.clone(), format!("`{path}` must be above the bound before it"))
        .hint("Write the bounds in ascending order.")
        .into()
}
