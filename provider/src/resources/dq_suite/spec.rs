//! Between the state and the PipelineSpec: what is written to the lake, and what the state says about what lies there.

use std::collections::BTreeMap;

use headwater_spec::{API_VERSION, DatasetRef, DqExecution, DqResults, DqSuiteSpec, DqTarget, PipelineSpec};
use tfplugin_framework::Attr;

use super::expectation;
use super::kinds::KINDS;
use super::model::{AlertModel, Model, ResultsModel, Wanted};
use super::node::Block;
use super::reads::{FilesModel, IncrementalModel, SamplesModel};
use crate::labels::Labels;

/// What a spec says that the user does not set here.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub project: String,
    /// The target's.
    pub location: String,
    pub results_location: String,
    pub deployed_by: Option<String>,
}

impl Wanted {
    /// The document.
    pub fn spec(&self, facts: &Facts) -> PipelineSpec {
        PipelineSpec {
            api_version: API_VERSION.to_owned(),
            name: self.name.clone(),
            project: facts.project.clone(),
            region: self.region.clone(),
            labels: self.labels.clone(),
            deployed_by: facts.deployed_by.clone(),
            salesforce_extract: None,
            cdc_stream: None,
            dq_suite: Some(DqSuiteSpec {
                lake: self.lake.clone(),
                target: self.target(facts),
                suite: self.suite.clone(),
                results: DqResults {
                    dataset: DatasetRef {
                        project: self.results.project.clone(),
                        dataset: self.results.dataset.clone(),
                        location: facts.results_location.clone(),
                    },
                    run_table: self.run_table.clone(),
                    result_table: self.result_table.clone(),
                    samples: self.samples.clone(),
                },
                max_bytes_billed: self.max_bytes_billed,
                alert: self.alert.clone(),
                execution: match &self.scan {
                    None => DqExecution::Bigquery,
                    Some(scan) => DqExecution::Dataplex {
                        scan: scan.name(&facts.project),
                    },
                },
            }),
        }
    }
}

impl Wanted {
    fn target(&self, facts: &Facts) -> DqTarget {
        let Some(table) = &self.table else {
            return DqTarget {
                files: self.files.clone(),
                ..DqTarget::default()
            };
        };
        DqTarget {
            project: table.dataset.project.clone(),
            dataset: table.dataset.dataset.clone(),
            table: table.table.clone(),
            location: facts.location.clone(),
            partition_filter: self.partition_filter.clone(),
            incremental: self.incremental.clone(),
            sample_percent: self.sample_percent,
            files: None,
        }
    }
}

/// A value as the suite's JSON spells it.
fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

impl Model {
    /// The state with what a document says, in the spelling of the state before where that means the same. What a
    /// document does not say stays: runtime, schedule, and what happens on destroy.
    pub(super) fn with_spec(&self, spec: &PipelineSpec, suite: &DqSuiteSpec) -> Model {
        let same_lake = self
            .lake
            .as_deref()
            .is_some_and(|lake| lake.parse() == Ok(suite.lake.clone()));
        let labels: Labels = spec
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        let same = self.known_expectations().as_ref() == Some(&suite.suite.expectations);
        let target = &suite.target;
        let dataset = &suite.results.dataset;
        Model {
            name: spec.name.as_str().into(),
            lake: if same_lake {
                self.lake.clone()
            } else {
                suite.lake.to_string().into()
            },
            table: match &target.files {
                Some(_) => Attr::Null,
                None => format!(
                    "projects/{}/datasets/{}/tables/{}",
                    target.project, target.dataset, target.table
                )
                .into(),
            },
            files: target.files.as_ref().map(FilesModel::of).into(),
            partition_filter: target.partition_filter.clone().into(),
            incremental: target
                .incremental
                .as_ref()
                .map(|spec| IncrementalModel::of(self.incremental.known(), spec))
                .into(),
            sample_percent: target.sample_percent.into(),
            description: suite.suite.description.clone().into(),
            expectations: if same {
                self.expectations.clone()
            } else {
                expectations(suite).into()
            },
            results: Attr::Known(ResultsModel {
                dataset: format!("projects/{}/datasets/{}", dataset.project, dataset.dataset).into(),
                run_table: suite.results.run_table.as_str().into(),
                result_table: suite.results.result_table.as_str().into(),
                samples: suite
                    .results
                    .samples
                    .as_ref()
                    .map(|spec| {
                        SamplesModel::of(self.results.known().and_then(|results| results.samples.known()), spec)
                    })
                    .into(),
            }),
            alert: suite
                .alert
                .as_ref()
                .map(|alert| AlertModel {
                    topic: alert.topic.as_str().into(),
                    on: alert.on.iter().map(|on| word(on).into()).collect::<Vec<_>>().into(),
                    min_severity: word(alert.min_severity).into(),
                })
                .into(),
            max_bytes_billed: suite
                .max_bytes_billed
                .and_then(|bytes| i64::try_from(bytes).ok())
                .into(),
            labels: match &self.labels {
                Attr::Known(state) if state.is_empty() && labels.is_empty() => self.labels.clone(),
                _ if labels.is_empty() => Attr::Null,
                _ => labels.into(),
            },
            spec_hash: spec.hash().into(),
            ..self.clone()
        }
    }
}

/// The expectations by kind.
fn expectations(suite: &DqSuiteSpec) -> BTreeMap<String, Attr<Vec<Attr<Block>>>> {
    let mut kinds: BTreeMap<String, Attr<Vec<Attr<Block>>>> = KINDS
        .iter()
        .map(|(kind, ..)| ((*kind).to_owned(), Attr::Null))
        .collect();
    for one in &suite.suite.expectations {
        let (kind, block) = expectation::write(one);
        let blocks = kinds.entry(kind.to_owned()).or_default();
        match blocks.known_mut() {
            Some(blocks) => blocks.push(Attr::Known(block)),
            None => *blocks = Attr::Known(vec![Attr::Known(block)]),
        }
    }
    kinds
}
