//! A stream as a Beam YAML pipeline, and the launch of it on Dataflow by Google's flex template.
//! <https://beam.apache.org/documentation/sdks/yaml/>
//!
//! The pipeline reads the subscription, makes rows of its messages, and writes them to the changelogs; what is no change goes to
//! the dead-letter topic. It shuffles nothing, so that Dataflow acknowledges a message when its row is durable. Reading and
//! writing Pub/Sub are Beam's own transforms; the two between are Python in the document, with the spec's settings as data.
//! Their names do not depend on the spec: a job with one spec can be updated by a job with any other.

mod yaml;

use serde_json::{Value, json};

use self::yaml::{Node, map};
use crate::{
    BigQueryType as T, CHANGELOG_COLUMNS, CdcStreamSpec, Dataflow, DriftPolicy, EntitySpec, MessageFormat, Operation,
    PipelineSpec, StreamSource,
};

/// The label of a job that says whose it is.
const PIPELINE: &str = "headwater-pipeline";
/// The label of a job that says which spec it executes.
const SPEC: &str = "headwater-spec";

/// The name of a stream's job; jobs that follow each other have the same.
#[must_use]
pub fn dataflow_job(pipeline: &str) -> String {
    format!("headwater-{pipeline}")
}

/// The body of `projects.locations.flexTemplates:launch`; see
/// <https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch>. `update`: of the job
/// that is there.
#[must_use]
pub fn dataflow_launch(spec: &PipelineSpec, dataflow: &Dataflow, update: bool) -> Value {
    let layout = spec.layout();
    let at = |name: String| format!("gs://{}/{name}", layout.bucket());
    let mut labels: serde_json::Map<String, Value> = spec
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    labels.extend(spec.dataflow_labels());
    let mut environment = json!({
        "maxWorkers": dataflow.workers,
        "enableStreamingEngine": true,
        // What is processed twice is in the changelog once: the price of "exactly once" buys nothing here.
        "streamingMode": "STREAMING_MODE_AT_LEAST_ONCE",
        "tempLocation": at(format!("{}temp", layout.dataflow())),
        "stagingLocation": at(format!("{}staging", layout.dataflow())),
        "additionalUserLabels": labels,
    });
    for (name, value) in [
        ("machineType", &dataflow.machine_type),
        ("serviceAccountEmail", &dataflow.service_account),
        ("network", &dataflow.network),
        ("subnetwork", &dataflow.subnetwork),
    ] {
        if let Some(value) = value {
            environment[name] = value.as_str().into();
        }
    }
    if dataflow.private_addresses {
        environment["ipConfiguration"] = "WORKER_IP_PRIVATE".into();
    }
    let mut parameter = json!({
        "jobName": dataflow_job(&spec.name),
        "containerSpecGcsPath": dataflow.template,
        "parameters": {"yaml_pipeline_file": at(layout.pipeline())},
        "environment": environment,
    });
    if update {
        parameter["update"] = true.into();
    }
    json!({"launchParameter": parameter})
}

impl PipelineSpec {
    /// The labels by which a job is known: whose it is, and which spec it executes.
    #[must_use]
    pub fn dataflow_labels(&self) -> [(String, Value); 2] {
        // A label holds 63 characters.
        let hash = self.hash()[..40].to_owned();
        [(PIPELINE.into(), self.name.as_str().into()), (SPEC.into(), hash.into())]
    }
}

impl CdcStreamSpec {
    /// The pipeline, the same bytes for the same spec.
    #[must_use]
    pub fn beam_pipeline(&self) -> String {
        let transport = &self.transport;
        let entities: serde_json::Map<String, Value> = self
            .entities
            .iter()
            .map(|(name, entity)| (name.clone(), json!({"columns": columns(entity, false)})))
            .collect();
        let tables: serde_json::Map<String, Value> = self
            .entities
            .iter()
            .map(|(name, entity)| {
                let dataset = &self.dataset;
                let table = format!(
                    "projects/{}/datasets/{}/tables/{}",
                    dataset.project, dataset.dataset, entity.changelog
                );
                (name.clone(), json!({"table": table, "columns": columns(entity, true)}))
            })
            .collect();
        let (format, settings) = self.beam_format();
        let drift = match self.drift {
            DriftPolicy::Quarantine => "quarantine",
            DriftPolicy::Freeze | DriftPolicy::Evolve => "freeze",
        };
        let document = map([
            (
                "pipeline",
                map([(
                    "transforms",
                    Node::List(vec![
                        map([
                            ("type", "ReadFromPubSub".into()),
                            ("name", "Messages".into()),
                            (
                                "config",
                                map([
                                    ("subscription", transport.subscription.as_str().into()),
                                    ("format", "RAW".into()),
                                    ("attributes_map", "attributes".into()),
                                ]),
                            ),
                        ]),
                        python(
                            "Decode",
                            "Messages",
                            vec![
                                ("subscription", transport.subscription.as_str().into()),
                                ("format", format.into()),
                                ("settings", settings.into()),
                                ("drift", drift.into()),
                                ("entities", Value::Object(entities).into()),
                            ],
                            include_str!("decode.py"),
                        ),
                        python(
                            "Write",
                            "Decode.changes",
                            vec![
                                ("subscription", transport.subscription.as_str().into()),
                                ("entities", Value::Object(tables).into()),
                            ],
                            include_str!("write.py"),
                        ),
                        dead_letters("DeadLetters", "Decode.dead_letters", &transport.dead_letter_topic),
                        // Two steps, because a flattened input loses its maps.
                        dead_letters("Refused", "Write", &transport.dead_letter_topic),
                    ]),
                )]),
            ),
            ("options", map([("streaming", true.into())])),
        ]);
        document.to_yaml()
    }

    /// The format of the messages, and what it needs to be read.
    fn beam_format(&self) -> (&'static str, Value) {
        let format = match &self.source {
            StreamSource::Salesforce(_) => return ("salesforce", json!({})),
            StreamSource::Subscription(source) => &source.format,
        };
        match format {
            MessageFormat::Salesforce => ("salesforce", json!({})),
            MessageFormat::Debezium(debezium) => ("debezium", json!({"keys": debezium.keys})),
            MessageFormat::Mapping(mapping) => {
                let operations: serde_json::Map<String, Value> = mapping
                    .operations
                    .iter()
                    .map(|(text, operation)| (text.clone(), word(*operation).into()))
                    .collect();
                let mut settings = json!({"operations": operations, "only": self.entities.keys().next()});
                let paths = [
                    ("key", Some(&mapping.key)),
                    ("order", Some(&mapping.order)),
                    ("operation", mapping.operation.as_ref()),
                    ("sequence", mapping.sequence.as_ref()),
                    ("payload", mapping.payload.as_ref()),
                    ("entity", mapping.entity.as_ref()),
                    ("timestamp", mapping.timestamp.as_ref()),
                ];
                for (name, path) in paths {
                    if let Some(path) = path {
                        settings[name] = json!({"path": path.to_string(), "steps": path.steps()});
                    }
                }
                ("mapping", settings)
            }
        }
    }
}

/// A step that is Python in the document.
fn python(name: &str, input: &str, settings: Vec<(&str, Node)>, source: &'static str) -> Node {
    let settings = settings.into_iter().map(|(name, node)| (name.to_owned(), node));
    let arguments = settings.chain([("source".to_owned(), Node::Block(source))]);
    map([
        ("type", "PyTransform".into()),
        ("name", name.into()),
        ("input", input.into()),
        (
            "config",
            map([
                ("constructor", "__callable__".into()),
                ("kwargs", Node::Map(arguments.collect())),
            ]),
        ),
    ])
}

/// Rows that are messages, into a topic.
fn dead_letters(name: &str, input: &str, topic: &str) -> Node {
    map([
        ("type", "WriteToPubSub".into()),
        ("name", name.into()),
        ("input", input.into()),
        (
            "config",
            map([
                ("topic", topic.into()),
                ("format", "RAW".into()),
                ("attributes_map", "attributes".into()),
            ]),
        ),
    ])
}

/// The columns of an entity, with those that every changelog has when they are to be written.
fn columns(entity: &EntitySpec, whole: bool) -> Value {
    let system = CHANGELOG_COLUMNS.iter().filter(|_| whole).map(|column| {
        let mut shown = json!({"name": column.name, "type": column.data_type.sql()});
        if column.mode == "REPEATED" {
            shown["repeated"] = true.into();
        }
        shown
    });
    let own = entity.columns.iter().map(|column| {
        let kind: T = column.data_type;
        let mut shown = json!({"name": column.name, "type": kind.sql()});
        if !whole {
            shown["field"] = column.field.as_str().into();
            shown["salesforce"] = (!column.salesforce_type.is_empty()).into();
        }
        shown
    });
    system.chain(own).collect()
}

fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Undelete => "undelete",
        Operation::Snapshot => "snapshot",
    }
}

#[cfg(test)]
mod tests;
