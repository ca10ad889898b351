//! What a policy watches for, to and from Google's conditions.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::Attr;

use crate::durations::to_google;
use crate::labels::Labels;
use crate::rest::changes::stripped;
use crate::rest::fields::{map, map_document, text, texts};

/// One condition: one of its four kinds is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Condition {
    pub display_name: Attr<String>,
    pub threshold: Attr<Threshold>,
    pub absence: Attr<Absence>,
    pub promql: Attr<PromQl>,
    pub log_match: Attr<LogMatch>,
}

/// Time series that are above or below a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Threshold {
    pub filter: Attr<String>,
    pub comparison: Attr<String>,
    pub value: Attr<f64>,
    pub duration: Attr<String>,
    pub alignment_period: Attr<String>,
    pub per_series_aligner: Attr<String>,
    pub cross_series_reducer: Attr<String>,
    pub group_by_fields: Attr<Vec<Attr<String>>>,
    pub evaluation_missing_data: Attr<String>,
}

/// Time series without points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Absence {
    pub filter: Attr<String>,
    pub duration: Attr<String>,
    pub alignment_period: Attr<String>,
    pub per_series_aligner: Attr<String>,
    pub cross_series_reducer: Attr<String>,
    pub group_by_fields: Attr<Vec<Attr<String>>>,
}

/// A query of Prometheus whose result is not empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PromQl {
    pub query: Attr<String>,
    pub duration: Attr<String>,
    pub evaluation_interval: Attr<String>,
}

/// Log entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LogMatch {
    pub filter: Attr<String>,
    pub label_extractors: Attr<Labels>,
}

/// How points become one for each period, and series become fewer.
pub(super) struct Aggregation<'a> {
    pub alignment_period: &'a Attr<String>,
    pub per_series_aligner: &'a Attr<String>,
    pub cross_series_reducer: &'a Attr<String>,
    pub group_by_fields: &'a Attr<Vec<Attr<String>>>,
}

impl Aggregation<'_> {
    /// One or none: Google takes a list.
    fn document(&self) -> Json {
        let fields = self.group_by_fields.known().filter(|fields| !fields.is_empty());
        let fields = fields.map(|fields| fields.iter().filter_map(Attr::as_deref).collect::<Vec<_>>());
        let one = stripped(&json!({
            "alignmentPeriod": self.alignment_period.as_deref().map(to_google),
            "perSeriesAligner": self.per_series_aligner.as_deref(),
            "crossSeriesReducer": self.cross_series_reducer.as_deref(),
            "groupByFields": fields,
        }));
        if one == json!({}) { Json::Null } else { json!([one]) }
    }
}

/// A word of Google's, null where it says that nothing is said.
fn word(field: &Json, nothing: &str) -> Attr<String> {
    field.as_str().filter(|word| *word != nothing).map(str::to_owned).into()
}

impl Condition {
    pub(super) fn document(&self) -> Json {
        stripped(&json!({
            "displayName": self.display_name.as_deref(),
            "conditionThreshold": self.threshold.known().map(Threshold::document),
            "conditionAbsent": self.absence.known().map(Absence::document),
            "conditionPrometheusQueryLanguage": self.promql.known().map(PromQl::document),
            "conditionMatchedLog": self.log_match.known().map(LogMatch::document),
        }))
    }

    pub(super) fn read(condition: &Json, state: &Condition) -> Condition {
        let found = |name: &str| Some(&condition[name]).filter(|found| found.is_object());
        Condition {
            display_name: text(&condition["displayName"], &Attr::Null),
            threshold: found("conditionThreshold")
                .map(|found| Threshold::read(found, state.threshold.known()))
                .into(),
            absence: found("conditionAbsent")
                .map(|found| Absence::read(found, state.absence.known()))
                .into(),
            promql: found("conditionPrometheusQueryLanguage").map(PromQl::read).into(),
            log_match: found("conditionMatchedLog")
                .map(|found| LogMatch::read(found, state.log_match.known()))
                .into(),
        }
    }
}

impl Threshold {
    pub(super) fn aggregation(&self) -> Aggregation<'_> {
        Aggregation {
            alignment_period: &self.alignment_period,
            per_series_aligner: &self.per_series_aligner,
            cross_series_reducer: &self.cross_series_reducer,
            group_by_fields: &self.group_by_fields,
        }
    }

    fn document(&self) -> Json {
        json!({
            "filter": self.filter.as_deref(),
            "comparison": self.comparison.as_deref(),
            "thresholdValue": self.value.known(),
            "duration": self.duration.as_deref().map(to_google),
            "aggregations": self.aggregation().document(),
            "evaluationMissingData": self.evaluation_missing_data.as_deref(),
        })
    }

    fn read(found: &Json, state: Option<&Threshold>) -> Threshold {
        let aggregation = &found["aggregations"][0];
        let groups = state.map_or(Attr::Null, |state| state.group_by_fields.clone());
        Threshold {
            filter: text(&found["filter"], &Attr::Null),
            comparison: text(&found["comparison"], &Attr::Null),
            // Google leaves out what is 0.
            value: found["thresholdValue"].as_f64().unwrap_or_default().into(),
            duration: found["duration"].as_str().unwrap_or("0s").into(),
            alignment_period: text(&aggregation["alignmentPeriod"], &Attr::Null),
            per_series_aligner: word(&aggregation["perSeriesAligner"], "ALIGN_NONE"),
            cross_series_reducer: word(&aggregation["crossSeriesReducer"], "REDUCE_NONE"),
            group_by_fields: texts(&aggregation["groupByFields"], &groups),
            evaluation_missing_data: word(&found["evaluationMissingData"], "EVALUATION_MISSING_DATA_UNSPECIFIED"),
        }
    }
}

impl Absence {
    pub(super) fn aggregation(&self) -> Aggregation<'_> {
        Aggregation {
            alignment_period: &self.alignment_period,
            per_series_aligner: &self.per_series_aligner,
            cross_series_reducer: &self.cross_series_reducer,
            group_by_fields: &self.group_by_fields,
        }
    }

    fn document(&self) -> Json {
        json!({
            "filter": self.filter.as_deref(),
            "duration": self.duration.as_deref().map(to_google),
            "aggregations": self.aggregation().document(),
        })
    }

    fn read(found: &Json, state: Option<&Absence>) -> Absence {
        let aggregation = &found["aggregations"][0];
        let groups = state.map_or(Attr::Null, |state| state.group_by_fields.clone());
        Absence {
            filter: text(&found["filter"], &Attr::Null),
            duration: text(&found["duration"], &Attr::Null),
            alignment_period: text(&aggregation["alignmentPeriod"], &Attr::Null),
            per_series_aligner: word(&aggregation["perSeriesAligner"], "ALIGN_NONE"),
            cross_series_reducer: word(&aggregation["crossSeriesReducer"], "REDUCE_NONE"),
            group_by_fields: texts(&aggregation["groupByFields"], &groups),
        }
    }
}

impl PromQl {
    fn document(&self) -> Json {
        json!({
            "query": self.query.as_deref(),
            "duration": self.duration.as_deref().map(to_google),
            "evaluationInterval": self.evaluation_interval.as_deref().map(to_google),
            // A metric of what has not happened yet is not there yet: the policy is made in the same apply.
            "disableMetricValidation": true,
        })
    }

    fn read(found: &Json) -> PromQl {
        PromQl {
            query: text(&found["query"], &Attr::Null),
            duration: found["duration"].as_str().unwrap_or("0s").into(),
            evaluation_interval: found["evaluationInterval"].as_str().unwrap_or("30s").into(),
        }
    }
}

impl LogMatch {
    fn document(&self) -> Json {
        json!({
            "filter": self.filter.as_deref(),
            "labelExtractors": map_document(&self.label_extractors),
        })
    }

    fn read(found: &Json, state: Option<&LogMatch>) -> LogMatch {
        let labels = state.map_or(Attr::Null, |state| state.label_extractors.clone());
        LogMatch {
            filter: text(&found["filter"], &Attr::Null),
            label_extractors: map(&found["labelExtractors"], &labels, |_| true),
        }
    }
}
