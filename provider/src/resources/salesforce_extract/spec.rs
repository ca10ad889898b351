//! Between the state and the PipelineSpec: what is written to the lake, and what the state says about what lies there.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_salesforce::Selection;
use headwater_spec::{
    API_VERSION, Column, DatasetRef, Deletes, ObjectSpec, PipelineSpec, ReadMode, SalesforceConnection,
    SalesforceExtractSpec,
};
use tfplugin_framework::{Attr, parse_duration};

use super::model::{BudgetModel, Model, ObjectModel, Wanted, schemas_of};
use crate::labels::Labels;

/// What a spec says that the user does not set here.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub project: String,
    pub connection: SalesforceConnection,
    /// The dataset's.
    pub location: String,
    pub deployed_by: Option<String>,
}

impl Wanted {
    /// The document.
    pub fn spec(&self, columns: &BTreeMap<String, Vec<Column>>, facts: &Facts) -> PipelineSpec {
        let objects = self.objects.iter().map(|(name, object)| {
            let object = ObjectSpec {
                table: object.table.clone(),
                columns: columns.get(name).cloned().unwrap_or_default(),
                include: object.selection.include.clone(),
                exclude: object.selection.exclude.clone(),
                condition: object.condition.clone(),
                mode: object.mode,
            };
            (name.clone(), object)
        });
        PipelineSpec {
            api_version: API_VERSION.to_owned(),
            name: self.name.clone(),
            project: facts.project.clone(),
            region: self.region.clone(),
            labels: self.labels.clone(),
            deployed_by: facts.deployed_by.clone(),
            cdc_stream: None,
            dq_suite: None,
            salesforce_extract: Some(SalesforceExtractSpec {
                connection: facts.connection.clone(),
                lake: self.lake.clone(),
                dataset: DatasetRef {
                    project: self.dataset_project.clone(),
                    dataset: self.dataset.clone(),
                    location: facts.location.clone(),
                },
                objects: objects.collect(),
                safety_lag_seconds: self.safety_lag_seconds,
                bulk_threshold_rows: self.bulk_threshold_rows,
                part_target_bytes: self.part_target_bytes,
                deletes: self.deletes,
                api_budget: self.api_budget,
                quality_gate: self.quality_gate.clone(),
            }),
        }
    }
}

impl Model {
    /// The state with what a document says, in the spelling of the state before where that means the same. What a
    /// document does not say stays: runtime, schedule, tasks, and what happens on apply and destroy.
    pub(super) fn with_spec(&self, spec: &PipelineSpec, extract: &SalesforceExtractSpec) -> Model {
        let dataset = format!(
            "projects/{}/datasets/{}",
            extract.dataset.project, extract.dataset.dataset
        );
        let same_lake = self
            .lake
            .as_deref()
            .is_some_and(|lake| lake.parse() == Ok(extract.lake.clone()));
        let objects = extract.objects.iter().map(|(name, object)| {
            let before = self
                .objects
                .known()
                .and_then(|objects| objects.get(name))
                .and_then(Attr::known);
            (name.clone(), Attr::Known(object_model(object, before)))
        });
        let columns = extract
            .objects
            .iter()
            .map(|(name, object)| (name.clone(), object.columns.clone()))
            .collect();
        let labels: Labels = spec
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Model {
            name: spec.name.as_str().into(),
            connection: extract.connection.id.as_str().into(),
            lake: if same_lake {
                self.lake.clone()
            } else {
                extract.lake.to_string().into()
            },
            dataset: dataset.into(),
            objects: objects.collect::<BTreeMap<_, _>>().into(),
            deletes: match extract.deletes {
                Deletes::Remove => "remove".into(),
                Deletes::Flag => "flag".into(),
            },
            safety_lag: duration(&self.safety_lag, extract.safety_lag_seconds),
            bulk_threshold_rows: whole(extract.bulk_threshold_rows).into(),
            part_size_mb: whole(extract.part_target_bytes >> 20).into(),
            api_budget: extract
                .api_budget
                .map(|budget| BudgetModel {
                    max_daily_percent: i64::from(budget.max_daily_percent).into(),
                })
                .into(),
            quality_gate: match &self.quality_gate {
                Attr::Known(state) if state.is_empty() && extract.quality_gate.is_empty() => self.quality_gate.clone(),
                _ if extract.quality_gate.is_empty() => Attr::Null,
                _ => extract
                    .quality_gate
                    .iter()
                    .map(|url| Attr::from(url.to_string()))
                    .collect::<Vec<_>>()
                    .into(),
            },
            labels: match &self.labels {
                Attr::Known(state) if state.is_empty() && labels.is_empty() => self.labels.clone(),
                _ if labels.is_empty() => Attr::Null,
                _ => labels.into(),
            },
            schemas: schemas_of(&columns).into(),
            spec_hash: spec.hash().into(),
            ..self.clone()
        }
    }
}

fn object_model(object: &ObjectSpec, before: Option<&ObjectModel>) -> ObjectModel {
    let list = |fields: &[String]| {
        fields
            .iter()
            .map(|field| Attr::from(field.as_str()))
            .collect::<Vec<_>>()
    };
    // No condition and an empty one mean the same.
    let condition = match (&object.condition, before.map(|before| &before.condition)) {
        (Some(text), _) => text.as_str().into(),
        (None, _) => Attr::Null,
    };
    ObjectModel {
        table: object.table.as_str().into(),
        include: object.include.as_deref().map(list).into(),
        exclude: list(&object.exclude).into(),
        condition,
        mode: match object.mode {
            ReadMode::Incremental => "incremental".into(),
            ReadMode::Full => "full".into(),
        },
    }
}

/// Seconds, as the state spells them if it means the same.
fn duration(state: &Attr<String>, seconds: u32) -> Attr<String> {
    let found = Duration::from_secs(u64::from(seconds));
    if state.as_deref().is_some_and(|text| parse_duration(text) == Ok(found)) {
        return state.clone();
    }
    match seconds {
        0 => "0s".into(),
        s if s.is_multiple_of(3600) => format!("{}h", s / 3600).into(),
        s if s.is_multiple_of(60) => format!("{}m", s / 60).into(),
        s => format!("{s}s").into(),
    }
}

/// Who deploys, as far as the environment tells: a person or a commit. No credential is looked at.
pub(crate) fn deployer(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let get = |name: &str| {
        env(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let github = || Some(format!("github:{}@{}", get("GITHUB_ACTOR")?, get("GITHUB_SHA")?));
    get("HEADWATER_DEPLOYED_BY")
        .or_else(github)
        .or_else(|| get("USER"))
        .map(|text| text.chars().take(200).collect())
}

/// An object of a spec as it is wanted: for what a spec in the lake says besides the state.
pub(super) fn object_of(spec: &ObjectSpec) -> super::model::Object {
    super::model::Object {
        table: spec.table.clone(),
        selection: Selection {
            include: spec.include.clone(),
            exclude: spec.exclude.clone(),
        },
        condition: spec.condition.clone(),
        mode: spec.mode,
    }
}
