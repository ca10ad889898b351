//! Between the state and the PipelineSpec.

use std::collections::BTreeMap;

use headwater_spec::{
    API_VERSION, Batching, CdcStreamSpec, Dataflow, DatasetRef, Debezium, DriftPolicy, Engine, EntitySpec, JsonPath,
    Mapping, MessageFormat, Operation, PipelineSpec, SalesforceConnection, SalesforceSource, Scaling, SpecError,
    StreamDeletes, StreamSource, SubscriptionSource, Transport, worker_pool,
};
use tfplugin_framework::{Attr, Diagnostic, Path};

use super::job::template;
use super::model::{
    AutoscalingModel, BatchingModel, Columns, DataflowModel, EntityModel, MappingModel, Model, SalesforceModel,
    SubscriptionModel, entity_path, schemas_of, texts,
};
use crate::labels::Labels;
use crate::names::parse_dataset_path;

/// What a spec says that the user does not set here.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub project: String,
    pub connection: Option<SalesforceConnection>,
    /// The dataset's.
    pub location: String,
    /// The topic of the subscription that somebody else fills.
    pub topic: Option<String>,
    pub deployed_by: Option<String>,
}

/// Topics, subscriptions and pool of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub topic: String,
    pub subscription: String,
    pub dead_letter_topic: String,
    pub dead_letter_subscription: String,
    pub pool: String,
}

impl Names {
    pub fn of(project: &str, region: &str, name: &str) -> Self {
        Self {
            topic: format!("projects/{project}/topics/headwater-{name}"),
            subscription: format!("projects/{project}/subscriptions/headwater-{name}"),
            dead_letter_topic: format!("projects/{project}/topics/headwater-{name}-dead"),
            dead_letter_subscription: format!("projects/{project}/subscriptions/headwater-{name}-dead"),
            pool: worker_pool(project, region, name),
        }
    }
}

/// What a model says when all of it is known; `None` while something is not.
pub(super) fn spec(model: &Model, columns: &Columns, facts: &Facts) -> Option<PipelineSpec> {
    let name = model.name.as_deref()?;
    let region = model.region.as_deref()?;
    let (project, dataset) = parse_dataset_path(model.dataset.as_deref()?)?;
    let names = Names::of(&facts.project, region, name);
    let unknown = [
        model.labels.is_unknown(),
        model.status_topic.is_unknown(),
        model.alert_topic.is_unknown(),
        model.batching.is_unknown(),
        model.autoscaling.is_unknown(),
        model.dataflow.is_unknown(),
    ];
    if unknown.contains(&true) {
        return None;
    }
    let mut entities = BTreeMap::new();
    for (entity, settings) in model.entities.known()? {
        entities.insert(
            entity.clone(),
            entity_spec(settings.known()?, columns.get(entity)?.clone())?,
        );
    }
    let labels = crate::labels::user_labels(&model.labels);
    Some(PipelineSpec {
        api_version: API_VERSION.to_owned(),
        name: name.to_owned(),
        project: facts.project.clone(),
        region: region.to_owned(),
        labels: labels
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
            .collect(),
        deployed_by: facts.deployed_by.clone(),
        salesforce_extract: None,
        dq_suite: None,
        cdc_stream: Some(CdcStreamSpec {
            source: source(model, facts)?,
            transport: Transport {
                topic: facts.topic.clone().unwrap_or(names.topic),
                subscription: match model.subscription.known() {
                    Some(subscription) => subscription.id.known()?.clone(),
                    None => names.subscription,
                },
                dead_letter_topic: names.dead_letter_topic,
                dead_letter_subscription: names.dead_letter_subscription,
            },
            lake: model.lake.as_deref()?.parse().ok()?,
            dataset: DatasetRef {
                project: project.to_owned(),
                dataset: dataset.to_owned(),
                location: facts.location.clone(),
            },
            entities,
            batching: batching(&model.batching)?,
            parallelism: u32::try_from(*model.parallelism.known()?).ok()?,
            drift: match model.drift.as_deref()? {
                "freeze" => DriftPolicy::Freeze,
                "quarantine" => DriftPolicy::Quarantine,
                _ => DriftPolicy::Evolve,
            },
            engine: engine(model)?,
            scaling: match model.autoscaling.known() {
                Some(model) => Some(scaling(model)?),
                None => None,
            },
            status_topic: model.status_topic.known().cloned(),
            alert_topic: model.alert_topic.known().cloned(),
        }),
    })
}

fn engine(model: &Model) -> Option<Engine> {
    if model.engine.as_deref()? != "dataflow" {
        return Some(Engine::Runtime);
    }
    let settings = model.dataflow.known().cloned().unwrap_or_default();
    let unknown = [
        &settings.template,
        &settings.machine_type,
        &settings.network,
        &settings.subnetwork,
        &model.service_account,
    ];
    if unknown.iter().any(|attribute| attribute.is_unknown()) || settings.private_addresses.is_unknown() {
        return None;
    }
    Some(Engine::Dataflow(Dataflow {
        template: match settings.template.known() {
            Some(template) => template.clone(),
            None => template(model.region.as_deref()?),
        },
        workers: u32::try_from(*model.workers.known()?).ok()?,
        machine_type: settings.machine_type.known().cloned(),
        service_account: model.service_account.known().cloned(),
        network: settings.network.known().cloned(),
        subnetwork: settings.subnetwork.known().cloned(),
        private_addresses: settings.private_addresses == Attr::Known(true),
    }))
}

fn entity_spec(settings: &EntityModel, columns: Vec<headwater_spec::Column>) -> Option<EntitySpec> {
    let unknown =
        settings.retention_days.is_unknown() || settings.exclude.is_unknown() || settings.columns.is_unknown();
    if unknown {
        return None;
    }
    Some(EntitySpec {
        changelog: settings.changelog.known()?.clone(),
        current: match settings.keep_current.known()? {
            true => Some(settings.current.known()?.clone()),
            false => None,
        },
        deletes: if settings.deletes.as_deref()? == "soft" {
            StreamDeletes::Soft
        } else {
            StreamDeletes::Hard
        },
        columns,
        retention_days: settings
            .retention_days
            .known()
            .and_then(|days| u32::try_from(*days).ok()),
    })
}

fn source(model: &Model, facts: &Facts) -> Option<StreamSource> {
    if let Some(salesforce) = model.salesforce.known() {
        if salesforce.channel.is_unknown() {
            return None;
        }
        return Some(StreamSource::Salesforce(SalesforceSource {
            connection: facts.connection.clone()?,
            channel: salesforce.channel.known().cloned(),
            initial_snapshot: *salesforce.initial_snapshot.known()?,
        }));
    }
    let subscription = model.subscription.known()?;
    let format = match subscription.format.as_deref()? {
        "debezium" => MessageFormat::Debezium(Debezium {
            keys: subscription
                .keys
                .known()?
                .iter()
                .map(|(entity, keys)| (entity.clone(), texts(keys)))
                .collect(),
        }),
        "mapping" => MessageFormat::Mapping(Box::new(mapping(subscription.mapping.known()?)?)),
        _ => MessageFormat::Salesforce,
    };
    Some(StreamSource::Subscription(SubscriptionSource { format }))
}

fn mapping(model: &MappingModel) -> Option<Mapping> {
    let path = |attribute: &Attr<String>| -> Option<Option<JsonPath>> {
        match attribute {
            Attr::Known(text) => Some(Some(text.parse().ok()?)),
            Attr::Null => Some(None),
            Attr::Unknown => None,
        }
    };
    let mut operations = BTreeMap::new();
    for (text, meaning) in model.operations.known().into_iter().flatten() {
        let operation = match meaning.as_deref()? {
            "create" => Operation::Create,
            "delete" => Operation::Delete,
            "undelete" => Operation::Undelete,
            "snapshot" => Operation::Snapshot,
            _ => Operation::Update,
        };
        operations.insert(text.clone(), operation);
    }
    Some(Mapping {
        key: path(&model.key)??,
        operation: path(&model.operation)?,
        operations,
        order: path(&model.order)??,
        sequence: path(&model.sequence)?,
        payload: path(&model.payload)?,
        entity: path(&model.entity)?,
        timestamp: path(&model.timestamp)?,
    })
}

fn batching(model: &Attr<BatchingModel>) -> Option<Batching> {
    let Some(model) = model.known() else {
        return Some(Batching::default());
    };
    Some(Batching {
        rows: u32::try_from(*model.rows.known()?).ok()?,
        bytes: u64::try_from(*model.bytes.known()?).ok()?,
        milliseconds: u32::try_from(*model.milliseconds.known()?).ok()?,
    })
}

fn scaling(model: &AutoscalingModel) -> Option<Scaling> {
    Some(Scaling {
        min_workers: u32::try_from(*model.min_workers.known()?).ok()?,
        max_workers: u32::try_from(*model.max_workers.known()?).ok()?,
        target_backlog: u64::try_from(*model.target_backlog.known()?).ok()?,
        scale_down_seconds: u32::try_from(*model.scale_down_seconds.known()?).ok()?,
    })
}

fn autoscaling_model(scaling: &Scaling) -> AutoscalingModel {
    AutoscalingModel {
        min_workers: i64::from(scaling.min_workers).into(),
        max_workers: i64::from(scaling.max_workers).into(),
        target_backlog: i64::try_from(scaling.target_backlog).unwrap_or(i64::MAX).into(),
        scale_down_seconds: i64::from(scaling.scale_down_seconds).into(),
    }
}

/// What a spec is refused for, at the attribute that it comes from.
pub(super) fn problem(error: &SpecError) -> Diagnostic {
    let SpecError::Field { field, reason } = error else {
        return Diagnostic::from_error("the stream cannot be", error);
    };
    let tail = field.strip_prefix("cdc_stream.").unwrap_or(field);
    let path = match tail.split_once('.') {
        Some(("entities", rest)) => match rest.split_once('.') {
            Some((entity, attribute)) => entity_path(entity).child(attribute),
            None => entity_path(rest),
        },
        Some(("batching", attribute)) => Path::attr("batching").child(attribute),
        Some(("scaling", attribute)) => Path::attr("autoscaling").child(attribute),
        Some(("engine", rest)) => Path::attr("dataflow").child(rest.rsplit('.').next().unwrap_or(rest)),
        Some(("source", _)) => Path::attr("subscription"),
        _ => Path::attr(tail),
    };
    Diagnostic::invalid(path.clone(), format!("`{path}` is not usable: {reason}"))
}

impl Model {
    /// The state with what a document says, in the spelling of the state before where that means the same. What a
    /// document does not say stays: the workers, and what happens on destroy.
    pub(super) fn with_spec(&self, spec: &PipelineSpec, stream: &CdcStreamSpec) -> Model {
        let same_lake = self
            .lake
            .as_deref()
            .is_some_and(|lake| lake.parse() == Ok(stream.lake.clone()));
        let before = |name: &str| {
            self.entities
                .known()
                .and_then(|entities| entities.get(name)?.known().cloned())
        };
        let entities = stream
            .entities
            .iter()
            .map(|(name, entity)| (name.clone(), Attr::Known(entity_model(entity, before(name), stream))));
        let columns: Columns = stream
            .entities
            .iter()
            .map(|(name, entity)| (name.clone(), entity.columns.clone()))
            .collect();
        let labels: Labels = spec
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        let names = Names::of(&spec.project, &spec.region, &spec.name);
        let url = spec.layout().spec_url();
        let dataflow = stream.engine.dataflow();
        let unpooled = dataflow.is_some() && matches!(stream.source, StreamSource::Subscription(_));
        Model {
            name: spec.name.as_str().into(),
            lake: if same_lake {
                self.lake.clone()
            } else {
                stream.lake.to_string().into()
            },
            dataset: format!(
                "projects/{}/datasets/{}",
                stream.dataset.project, stream.dataset.dataset
            )
            .into(),
            region: spec.region.as_str().into(),
            salesforce: salesforce_model(&stream.source),
            subscription: subscription_model(stream, self.subscription.known()),
            entities: entities.collect::<BTreeMap<_, _>>().into(),
            engine: if dataflow.is_some() { "dataflow" } else { "runtime" }.into(),
            dataflow: dataflow.map_or(Attr::Null, |dataflow| {
                dataflow_model(dataflow, &spec.region, self.dataflow.known())
            }),
            workers: dataflow.map_or_else(|| self.workers, |dataflow| i64::from(dataflow.workers).into()),
            autoscaling: stream.scaling.as_ref().map(autoscaling_model).into(),
            service_account: dataflow.map_or_else(
                || self.service_account.clone(),
                |dataflow| dataflow.service_account.clone().into(),
            ),
            drift: match stream.drift {
                DriftPolicy::Evolve => "evolve",
                DriftPolicy::Freeze => "freeze",
                DriftPolicy::Quarantine => "quarantine",
            }
            .into(),
            batching: if self.batching.is_null() && stream.batching == Batching::default() {
                Attr::Null
            } else {
                Attr::Known(BatchingModel {
                    rows: i64::from(stream.batching.rows).into(),
                    bytes: i64::try_from(stream.batching.bytes).unwrap_or(i64::MAX).into(),
                    milliseconds: i64::from(stream.batching.milliseconds).into(),
                })
            },
            parallelism: i64::from(stream.parallelism).into(),
            labels: match &self.labels {
                Attr::Known(state) if state.is_empty() && labels.is_empty() => self.labels.clone(),
                _ if labels.is_empty() => Attr::Null,
                _ => labels.into(),
            },
            status_topic: stream.status_topic.clone().into(),
            alert_topic: stream.alert_topic.clone().into(),
            schemas: schemas_of(&columns).into(),
            topic: stream.transport.topic.as_str().into(),
            pull_subscription: stream.transport.subscription.as_str().into(),
            dead_letter_topic: stream.transport.dead_letter_topic.as_str().into(),
            dead_letter_subscription: stream.transport.dead_letter_subscription.as_str().into(),
            worker_pool: if unpooled { Attr::Null } else { names.pool.into() },
            spec_hash: spec.hash().into(),
            spec_url: url.as_str().into(),
            id: url.into(),
            ..self.clone()
        }
    }
}

/// Settings that are what they are by default are not shown unless they were stated.
fn dataflow_model(dataflow: &Dataflow, region: &str, before: Option<&DataflowModel>) -> Attr<DataflowModel> {
    let usual = before.is_none_or(|before| before.template.is_null()) && dataflow.template == template(region);
    let model = DataflowModel {
        template: if usual {
            Attr::Null
        } else {
            dataflow.template.as_str().into()
        },
        machine_type: dataflow.machine_type.clone().into(),
        network: dataflow.network.clone().into(),
        subnetwork: dataflow.subnetwork.clone().into(),
        private_addresses: dataflow.private_addresses.into(),
    };
    let default = DataflowModel {
        private_addresses: false.into(),
        ..DataflowModel::default()
    };
    if before.is_none() && model == default {
        Attr::Null
    } else {
        Attr::Known(model)
    }
}

fn salesforce_model(source: &StreamSource) -> Attr<SalesforceModel> {
    let StreamSource::Salesforce(source) = source else {
        return Attr::Null;
    };
    Attr::Known(SalesforceModel {
        connection: source.connection.id.as_str().into(),
        channel: source.channel.clone().into(),
        initial_snapshot: source.initial_snapshot.into(),
    })
}

fn subscription_model(stream: &CdcStreamSpec, before: Option<&SubscriptionModel>) -> Attr<SubscriptionModel> {
    let StreamSource::Subscription(source) = &stream.source else {
        return Attr::Null;
    };
    let path = |path: &Option<JsonPath>| Attr::from(path.as_ref().map(ToString::to_string));
    let (format, keys, mapping) = match &source.format {
        MessageFormat::Salesforce => ("salesforce", Attr::Null, Attr::Null),
        MessageFormat::Debezium(debezium) => {
            let lists = debezium.keys.iter().map(|(entity, keys)| {
                let keys: Vec<Attr<String>> = keys.iter().map(|key| key.as_str().into()).collect();
                (entity.clone(), Attr::Known(keys))
            });
            ("debezium", Attr::Known(lists.collect()), Attr::Null)
        }
        MessageFormat::Mapping(mapping) => {
            let operations: BTreeMap<String, Attr<String>> = mapping
                .operations
                .iter()
                .map(|(text, operation)| {
                    let word = match operation {
                        Operation::Create => "create",
                        Operation::Update => "update",
                        Operation::Delete => "delete",
                        Operation::Undelete => "undelete",
                        Operation::Snapshot => "snapshot",
                    };
                    (text.clone(), word.into())
                })
                .collect();
            let stated = before
                .and_then(|before| before.mapping.known())
                .map(|mapping| &mapping.operations);
            let model = MappingModel {
                key: mapping.key.to_string().into(),
                operation: path(&mapping.operation),
                operations: match stated {
                    // None and an empty map mean the same.
                    Some(Attr::Known(stated)) if stated.is_empty() && operations.is_empty() => {
                        Attr::Known(BTreeMap::new())
                    }
                    _ if operations.is_empty() => Attr::Null,
                    _ => operations.into(),
                },
                order: mapping.order.to_string().into(),
                sequence: path(&mapping.sequence),
                payload: path(&mapping.payload),
                entity: path(&mapping.entity),
                timestamp: path(&mapping.timestamp),
            };
            ("mapping", Attr::Null, Attr::Known(model))
        }
    };
    Attr::Known(SubscriptionModel {
        id: stream.transport.subscription.as_str().into(),
        format: format.into(),
        keys,
        mapping,
    })
}

fn entity_model(entity: &EntitySpec, before: Option<EntityModel>, stream: &CdcStreamSpec) -> EntityModel {
    let configured = matches!(stream.source, StreamSource::Subscription(_));
    let columns: BTreeMap<String, Attr<String>> = entity
        .columns
        .iter()
        .map(|column| (column.name.clone(), column.data_type.sql().into()))
        .collect();
    EntityModel {
        changelog: entity.changelog.as_str().into(),
        current: entity.current.clone().into(),
        keep_current: entity.current.is_some().into(),
        deletes: match entity.deletes {
            StreamDeletes::Hard => "hard".into(),
            StreamDeletes::Soft => "soft".into(),
        },
        // What is left out is not in the spec.
        exclude: before.map_or(Attr::Null, |before| before.exclude),
        columns: if configured { columns.into() } else { Attr::Null },
        retention_days: entity.retention_days.map(i64::from).into(),
    }
}
