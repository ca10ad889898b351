//! What executes a stream, and what of a stream Dataflow cannot do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stream::default_parallelism;
use crate::{Batching, CdcStreamSpec, DriftPolicy, SpecError};

/// What executes a stream's applier. Salesforce's events are brought into the topic by the runtime, whatever the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// `headwater stream`, in a Cloud Run worker pool.
    #[default]
    Runtime,
    /// The spec rendered as a Beam pipeline, on Dataflow.
    Dataflow(Dataflow),
}

impl Engine {
    pub(crate) fn is_runtime(&self) -> bool {
        *self == Self::Runtime
    }

    /// The settings of Dataflow, when it is the engine.
    #[must_use]
    pub fn dataflow(&self) -> Option<&Dataflow> {
        match self {
            Self::Runtime => None,
            Self::Dataflow(dataflow) => Some(dataflow),
        }
    }
}

/// How a job of Dataflow is launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataflow {
    /// Google's flex template that executes a Beam YAML pipeline: `gs://dataflow-templates-REGION/latest/flex/Yaml_Template`.
    pub template: String,
    /// Workers at most; 0: the stream stands still.
    pub workers: u32,
    /// The workers' machines, such as `n2-standard-2`; absent: Dataflow's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// The workers' identity; absent: the project's default compute account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// The workers' network; absent: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The workers' subnetwork: `regions/REGION/subnetworks/NAME`, or its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnetwork: Option<String>,
    /// Whether workers have no public addresses.
    #[serde(default)]
    pub private_addresses: bool,
}

impl Dataflow {
    /// What the form of a Beam pipeline cannot express.
    pub(crate) fn check(&self, stream: &CdcStreamSpec) -> Result<(), SpecError> {
        let refuse = |field: &str, reason: &str| Err(SpecError::field(format!("cdc_stream.{field}"), reason));
        if !self.template.starts_with("gs://") {
            return refuse(
                "engine.dataflow.template",
                "it is not the gs:// path of a flex template",
            );
        }
        if stream.drift == DriftPolicy::Evolve {
            return refuse(
                "drift",
                "Dataflow's workers do not change tables: let it be freeze or quarantine, and apply to add columns",
            );
        }
        if stream.batching != Batching::default() {
            return refuse(
                "batching",
                "Dataflow decides itself what it processes together: leave it out",
            );
        }
        if stream.parallelism != default_parallelism() {
            return refuse(
                "parallelism",
                "Dataflow shares out the subscription itself: leave it out",
            );
        }
        if stream.scaling.is_some() {
            return refuse("scaling", "Dataflow scales its job itself: leave it out");
        }
        for (field, topic) in [
            ("status_topic", &stream.status_topic),
            ("alert_topic", &stream.alert_topic),
        ] {
            if topic.is_some() {
                return refuse(
                    field,
                    "a Beam pipeline sends no such messages: watch the job's state and metrics instead",
                );
            }
        }
        let keeps_less =
            |(_, entity): &(&String, &crate::EntitySpec)| entity.retention_days.is_some() && entity.current.is_some();
        if let Some((name, _)) = stream.entities.iter().find(keeps_less) {
            return refuse(
                &format!("entities.{name}.retention_days"),
                "the current table is a view of all changes here: keep them, or no current table",
            );
        }
        Ok(())
    }
}
