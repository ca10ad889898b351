//! A suite as a data quality scan of Dataplex: its rules, and what a finished job says of the suite.
//!
//! The verdict is that of the other executions. Where Dataplex has a rule of the same meaning, that is used; elsewhere a rule is
//! made of the SQL that push-down has for the check, and what the job counted is concluded from by the same code. A rule with
//! SQL brings a debug query along where its own counts are not the suite's: Dataplex counts all rows, a suite those that a check
//! judges. Without that query's answer the rule's own word is taken, which is the same verdict without counts.
//!
//! What cannot be said by a rule is a reason, as for any other engine. Nothing here reads or writes: a specification and a result
//! are JSON. <https://cloud.google.com/dataplex/docs/reference/rest/v1/DataQualityRule>

mod debug;
mod names;
mod native;
mod result;
mod rules;
mod sql;

#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value, json};

use crate::engine::{Reason, SuiteResult};
use crate::suite::Suite;
use debug::Counted;

/// The table in a rule's SQL, with the row filter, the increment and the sample of the scan.
const DATA: &str = "${data()}";

/// A suite as the rules of a scan.
pub struct Scan<'a> {
    suite: &'a Suite,
    columns: SchemaRef,
    asked: Vec<Asked>,
}

/// What becomes of an expectation.
enum Asked {
    /// It is a rule.
    Rule(Box<Rule>),
    /// It cannot be one.
    Refused(Reason),
}

/// A rule, and how its result is read.
struct Rule {
    name: String,
    document: Value,
    counted: Counted,
}

/// What a scan says beside its rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// A condition on all rows, without the word WHERE.
    pub row_filter: Option<String>,
    /// How much of the table is read; absent: all.
    pub sampling_percent: Option<f64>,
    /// Whether results are shown in the catalog.
    pub publish: bool,
}

impl<'a> Scan<'a> {
    /// Of a suite over a table of these columns.
    #[must_use]
    pub fn new(suite: &'a Suite, columns: &SchemaRef) -> Self {
        let mut taken: Vec<(String, String)> = Vec::new();
        let asked = suite.expectations.iter().map(|expectation| {
            let id = expectation.identity();
            let rule = names::named(&id, &taken).and_then(|name| rules::of(expectation, &name, columns));
            rule.map_or_else(Asked::Refused, |rule| {
                taken.push((rule.name.clone(), id));
                Asked::Rule(Box::new(rule))
            })
        });
        Self {
            asked: asked.collect(),
            suite,
            columns: columns.clone(),
        }
    }

    /// What cannot be said by a rule: the positions of expectations, and why.
    pub fn refused(&self) -> impl Iterator<Item = (usize, &Reason)> {
        let asked = self.suite.expectations.iter().zip(&self.asked).enumerate();
        asked.filter_map(|(at, (expectation, asked))| match asked {
            Asked::Refused(reason) if expectation.enabled => Some((at, reason)),
            Asked::Refused(_) | Asked::Rule(_) => None,
        })
    }

    /// The rules, in the suite's order.
    #[must_use]
    pub fn rules(&self) -> Vec<Value> {
        self.named_rules().map(|rule| rule.document.clone()).collect()
    }

    fn named_rules(&self) -> impl Iterator<Item = &Rule> {
        self.asked.iter().filter_map(|asked| match asked {
            Asked::Rule(rule) => Some(&**rule),
            Asked::Refused(_) => None,
        })
    }

    /// The `DataQualitySpec`: what `gcloud dataplex datascans create data-quality --data-quality-spec-file` reads.
    #[must_use]
    pub fn specification(&self, settings: &Settings) -> Value {
        let mut spec = Map::new();
        spec.insert("rules".into(), self.rules().into());
        if let Some(percent) = settings.sampling_percent {
            spec.insert("samplingPercent".into(), json!(percent));
        }
        if let Some(filter) = &settings.row_filter {
            spec.insert("rowFilter".into(), json!(filter));
        }
        if settings.publish {
            spec.insert("catalogPublishingEnabled".into(), json!(true));
        }
        Value::Object(spec)
    }

    /// The scan of a table, `projects/P/datasets/D/tables/T`, that is run on demand.
    #[must_use]
    pub fn document(&self, table: &str, settings: &Settings) -> Value {
        json!({
            "data": { "resource": format!("//bigquery.googleapis.com/{table}") },
            "executionSpec": { "trigger": { "onDemand": {} } },
            "dataQualitySpec": self.specification(settings),
        })
    }

    /// Where a specification has other rules than these. What a service adds to rules, and defaults that it spells out, are no
    /// difference.
    #[must_use]
    pub fn difference(&self, specification: &Value) -> Option<String> {
        let present = specification["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        for rule in self.named_rules() {
            let Some(found) = present.iter().find(|found| found["name"] == rule.name.as_str()) else {
                return Some(format!("the rule {} is not there", rule.name));
            };
            if plain(found) != plain(&rule.document) {
                return Some(format!("the rule {} is another", rule.name));
            }
        }
        let known = |rule: &Value| self.named_rules().any(|own| rule["name"] == own.name.as_str());
        let foreign = present.iter().find(|rule| !known(rule))?;
        let name = foreign["name"].as_str().unwrap_or("without a name");
        Some(format!("the rule {name} is none of the suite's"))
    }

    /// What a job's `dataQualityResult` says.
    #[must_use]
    pub fn conclude(&self, result: &Value) -> SuiteResult {
        result::suite(self, result)
    }

    /// What is said when a job came to no result: of every expectation that was to be judged, why not.
    #[must_use]
    pub fn unanswered(&self, message: &str) -> SuiteResult {
        result::unanswered(self, message)
    }
}

/// A rule without what only the service says, and without defaults.
fn plain(value: &Value) -> Value {
    let is_default =
        |value: &Value| matches!(value, Value::Null | Value::Bool(false)) || *value == "" || *value == json!([]);
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| *name != "ruleSource" && !is_default(value))
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(elements) => elements.iter().map(plain).collect(),
        other => other.clone(),
    }
}
