//! The state of a suite, and the same when everything in it is known.

use std::collections::BTreeMap;

use headwater_cloud::{DatasetRef, TableRef};
use headwater_spec::{AlertOn, DqAlert, DqFiles, DqIncremental, DqSamples, GcsUrl, LakeLayout, Schedule};
use headwater_suite::{API_VERSION, Expectation, Suite};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Diagnostic, Diagnostics};

use super::expectation::{self, Failure};
use super::kinds::KINDS;
use super::node::Block;
use super::reads::{FilesModel, IncrementalModel, SamplesModel};
use super::scan::{ScanModel, WantedScan};
use crate::labels::{self, Labels};
use crate::names::{RuntimeId, parse_dataset_path, parse_table_path};
use crate::resources::pipeline::schedule::{ScheduleModel, Started};

/// The state of a suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) name: Attr<String>,
    pub(super) lake: Attr<String>,
    pub(super) runtime: Attr<String>,
    pub(super) table: Attr<String>,
    pub(super) files: Attr<FilesModel>,
    pub(super) partition_filter: Attr<String>,
    pub(super) incremental: Attr<IncrementalModel>,
    pub(super) sample_percent: Attr<f64>,
    pub(super) description: Attr<String>,
    pub(super) expectations: Attr<BTreeMap<String, Attr<Vec<Attr<Block>>>>>,
    pub(super) results: Attr<ResultsModel>,
    pub(super) alert: Attr<AlertModel>,
    pub(super) schedule: Attr<ScheduleModel>,
    pub(super) max_bytes_billed: Attr<i64>,
    pub(super) dataplex: Attr<ScanModel>,
    pub(super) labels: Attr<Labels>,
    pub(super) delete_results_on_destroy: Attr<bool>,
    pub(super) spec_hash: Attr<String>,
    pub(super) spec_url: Attr<String>,
    pub(super) id: Attr<String>,
}

/// Where verdicts are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultsModel {
    pub(super) dataset: Attr<String>,
    pub(super) run_table: Attr<String>,
    pub(super) result_table: Attr<String>,
    pub(super) samples: Attr<SamplesModel>,
}

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertModel {
    pub(super) topic: Attr<String>,
    pub(super) on: Attr<Vec<Attr<String>>>,
    pub(super) min_severity: Attr<String>,
}

/// A suite of which everything is known that the user sets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub name: String,
    pub lake: GcsUrl,
    pub runtime: String,
    pub region: String,
    /// What is judged; `None`: files are.
    pub table: Option<TableRef>,
    pub files: Option<DqFiles>,
    pub partition_filter: Option<String>,
    pub incremental: Option<DqIncremental>,
    pub sample_percent: Option<f64>,
    pub suite: Suite,
    pub results: DatasetRef,
    pub run_table: String,
    pub result_table: String,
    pub samples: Option<DqSamples>,
    pub alert: Option<DqAlert>,
    pub schedule: Option<Schedule>,
    pub max_bytes_billed: Option<u64>,
    pub scan: Option<WantedScan>,
    pub labels: BTreeMap<String, String>,
    pub delete_results: bool,
}

impl Wanted {
    pub fn layout(&self) -> LakeLayout {
        LakeLayout::new(&self.lake, &self.name)
    }

    pub fn started<'a>(&'a self, layout: &'a LakeLayout) -> Started<'a> {
        Started {
            name: &self.name,
            runtime: &self.runtime,
            layout,
            task_count: 1,
            schedule: self.schedule.as_ref(),
        }
    }
}

/// An expectation and where it stands.
pub(super) struct Placed<'a> {
    pub kind: &'static str,
    pub index: usize,
    pub block: &'a Block,
    pub read: Result<Expectation, Failure>,
}

/// A setting that need not be there: `None` while it is not known.
#[allow(clippy::option_option)]
pub(super) fn perhaps<T: Clone>(attr: &Attr<T>) -> Option<Option<T>> {
    match attr {
        Attr::Null => Some(None),
        Attr::Unknown => None,
        Attr::Known(value) => Some(Some(value.clone())),
    }
}

impl Model {
    /// Where its documents lie, once lake and name are known.
    pub(super) fn layout(&self) -> Option<LakeLayout> {
        let lake: GcsUrl = self.lake.as_deref()?.parse().ok()?;
        Some(LakeLayout::new(&lake, self.name.as_deref()?))
    }

    /// The expectations in the order of the documentation, as far as they are known to be there.
    pub(super) fn placed(&self) -> Vec<Placed<'_>> {
        let Some(kinds) = self.expectations.known() else {
            return Vec::new();
        };
        let blocks = KINDS.iter().flat_map(|(kind, ..)| {
            let blocks = kinds.get(*kind).and_then(Attr::known).into_iter().flatten();
            blocks.enumerate().map(move |(index, block)| (*kind, index, block))
        });
        blocks
            .filter_map(|(kind, index, block)| {
                let block = block.known()?;
                Some(Placed {
                    kind,
                    index,
                    block,
                    read: expectation::read(kind, index, block),
                })
            })
            .collect()
    }

    /// The expectations; `None` while something of them is not known.
    pub(super) fn known_expectations(&self) -> Option<Vec<Expectation>> {
        let kinds = self.expectations.known()?;
        let hidden = kinds.values().any(|blocks| {
            blocks.is_unknown()
                || blocks
                    .known()
                    .into_iter()
                    .flatten()
                    .any(|block| !matches!(block, Attr::Known(_)))
        });
        if hidden {
            return None;
        }
        self.placed().into_iter().map(|placed| placed.read.ok()).collect()
    }

    fn known_alert(&self) -> Option<Option<DqAlert>> {
        let Some(alert) = perhaps(&self.alert)? else {
            return Some(None);
        };
        let on = alert.on.known()?.iter().map(|on| on.known().cloned());
        Some(Some(DqAlert {
            topic: alert.topic.known()?.clone(),
            on: alerts(&on.collect::<Option<Vec<_>>>()?),
            min_severity: serde_json::from_value(alert.min_severity.as_deref()?.into()).ok()?,
        }))
    }

    /// Everything that the user sets; `None` while something of it is not known.
    pub(super) fn known(&self) -> Option<Wanted> {
        let runtime = self.runtime.as_deref()?;
        let results = self.results.known()?;
        let (project, dataset) = parse_dataset_path(results.dataset.as_deref()?)?;
        let schedule = match perhaps(&self.schedule)? {
            None => None,
            Some(schedule) => Some(schedule.known()?),
        };
        let labels = labels::user_labels(&self.labels);
        if self.labels.is_unknown() || labels.len() != self.labels.known().map_or(0, BTreeMap::len) {
            return None;
        }
        let name = self.name.known()?.clone();
        let region = RuntimeId::parse(runtime)?.region.to_owned();
        let scan = match perhaps(&self.dataplex)? {
            None => None,
            Some(scan) => Some(scan.known(&name, &region)?),
        };
        Some(Wanted {
            lake: self.lake.as_deref()?.parse().ok()?,
            runtime: runtime.to_owned(),
            region,
            scan,
            table: match perhaps(&self.table)? {
                None => None,
                Some(table) => Some(parse_table_path(&table)?),
            },
            files: match perhaps(&self.files)? {
                None => None,
                Some(files) => Some(files.known()?),
            },
            partition_filter: perhaps(&self.partition_filter)?,
            incremental: match perhaps(&self.incremental)? {
                None => None,
                Some(incremental) => Some(incremental.known()?),
            },
            sample_percent: perhaps(&self.sample_percent)?,
            suite: Suite {
                api_version: API_VERSION.to_owned(),
                name: name.clone(),
                description: perhaps(&self.description)?,
                expectations: self.known_expectations()?,
            },
            results: DatasetRef::new(project, dataset),
            run_table: results.run_table.known()?.clone(),
            result_table: results.result_table.known()?.clone(),
            samples: match perhaps(&results.samples)? {
                None => None,
                Some(samples) => Some(samples.known()?),
            },
            alert: self.known_alert()?,
            schedule,
            max_bytes_billed: match perhaps(&self.max_bytes_billed)? {
                None => None,
                Some(bytes) => Some(u64::try_from(bytes).ok()?),
            },
            labels: labels
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect(),
            delete_results: *self.delete_results_on_destroy.known()?,
            name,
        })
    }

    /// The same at apply, when all of it must be known.
    pub(super) fn require_known(&self) -> Result<Wanted, Diagnostics> {
        let wrong = self.placed().into_iter().filter_map(|placed| match placed.read {
            Err(Failure::Wrong(problem)) => Some(*problem),
            _ => None,
        });
        wrong.collect::<Diagnostics>().into_result()?;
        self.known().ok_or_else(|| {
            Diagnostic::error("the suite is not known completely at apply")
                .detail("This is a bug in the provider.")
                .into()
        })
    }
}

/// The verdicts that are told, in one order whatever the user's.
fn alerts(on: &[String]) -> Vec<AlertOn> {
    let mut on: Vec<AlertOn> = on
        .iter()
        .filter_map(|on| serde_json::from_value(on.as_str().into()).ok())
        .collect();
    on.sort();
    on
}
