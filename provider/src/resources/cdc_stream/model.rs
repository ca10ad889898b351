//! The state of a stream.

use std::collections::BTreeMap;

use headwater_spec::{BigQueryType, Column, LakeLayout, Mode};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Diagnostic, Path};

use crate::environment::Environment;
use crate::labels::Labels;
use crate::network::VpcAccess;

/// The state of a stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) name: Attr<String>,
    pub(super) lake: Attr<String>,
    pub(super) dataset: Attr<String>,
    pub(super) region: Attr<String>,
    pub(super) salesforce: Attr<SalesforceModel>,
    pub(super) subscription: Attr<SubscriptionModel>,
    pub(super) entities: Attr<BTreeMap<String, Attr<EntityModel>>>,
    pub(super) engine: Attr<String>,
    pub(super) dataflow: Attr<DataflowModel>,
    pub(super) drift: Attr<String>,
    pub(super) batching: Attr<BatchingModel>,
    pub(super) parallelism: Attr<i64>,
    pub(super) workers: Attr<i64>,
    pub(super) autoscaling: Attr<AutoscalingModel>,
    pub(super) image: Attr<String>,
    pub(super) cpu: Attr<String>,
    pub(super) memory: Attr<String>,
    pub(super) service_account: Attr<String>,
    pub(super) vpc_access: Attr<VpcAccess>,
    pub(super) kms_key_name: Attr<String>,
    pub(super) env: Attr<Environment>,
    pub(super) labels: Attr<Labels>,
    pub(super) status_topic: Attr<String>,
    pub(super) alert_topic: Attr<String>,
    pub(super) delete_tables_on_destroy: Attr<bool>,
    pub(super) schemas: Attr<Schemas>,
    pub(super) topic: Attr<String>,
    pub(super) pull_subscription: Attr<String>,
    pub(super) dead_letter_topic: Attr<String>,
    pub(super) dead_letter_subscription: Attr<String>,
    pub(super) worker_pool: Attr<String>,
    pub(super) job_id: Attr<String>,
    pub(super) spec_hash: Attr<String>,
    pub(super) spec_url: Attr<String>,
    pub(super) id: Attr<String>,
}

/// Columns by entity.
pub(super) type Schemas = BTreeMap<String, Vec<ColumnModel>>;

/// Salesforce as the source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SalesforceModel {
    pub(super) connection: Attr<String>,
    pub(super) channel: Attr<String>,
    pub(super) initial_snapshot: Attr<bool>,
}

/// Somebody else's subscription as the source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionModel {
    pub(super) id: Attr<String>,
    pub(super) format: Attr<String>,
    pub(super) keys: Attr<BTreeMap<String, Attr<Vec<Attr<String>>>>>,
    pub(super) mapping: Attr<MappingModel>,
}

/// Where the parts of a change are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MappingModel {
    pub(super) key: Attr<String>,
    pub(super) operation: Attr<String>,
    pub(super) operations: Attr<BTreeMap<String, Attr<String>>>,
    pub(super) order: Attr<String>,
    pub(super) sequence: Attr<String>,
    pub(super) payload: Attr<String>,
    pub(super) entity: Attr<String>,
    pub(super) timestamp: Attr<String>,
}

/// One entity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EntityModel {
    pub(super) changelog: Attr<String>,
    pub(super) current: Attr<String>,
    pub(super) keep_current: Attr<bool>,
    pub(super) deletes: Attr<String>,
    pub(super) exclude: Attr<Vec<Attr<String>>>,
    pub(super) columns: Attr<BTreeMap<String, Attr<String>>>,
    pub(super) retention_days: Attr<i64>,
}

/// When a batch is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchingModel {
    pub(super) rows: Attr<i64>,
    pub(super) bytes: Attr<i64>,
    pub(super) milliseconds: Attr<i64>,
}

/// How many workers there are by what waits before them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AutoscalingModel {
    pub(super) min_workers: Attr<i64>,
    pub(super) max_workers: Attr<i64>,
    pub(super) target_backlog: Attr<i64>,
    pub(super) scale_down_seconds: Attr<i64>,
}

/// How jobs of Dataflow are launched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataflowModel {
    pub(super) template: Attr<String>,
    pub(super) machine_type: Attr<String>,
    pub(super) network: Attr<String>,
    pub(super) subnetwork: Attr<String>,
    pub(super) private_addresses: Attr<bool>,
}

/// A column as the state shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnModel {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) field: String,
    pub(super) salesforce_type: String,
    pub(super) description: String,
}

impl From<&Column> for ColumnModel {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            r#type: column.data_type.sql().to_owned(),
            field: column.field.clone(),
            salesforce_type: column.salesforce_type.clone(),
            description: column.description.clone(),
        }
    }
}

impl ColumnModel {
    /// The column; a type that nobody knows cannot come out of a plan of ours.
    fn column(&self) -> Result<Column, Diagnostic> {
        let data_type = BigQueryType::parse(&self.r#type)
            .ok_or_else(|| Diagnostic::invalid("schemas", format!("`{}` is not a type of BigQuery", self.r#type)))?;
        Ok(Column {
            name: self.name.clone(),
            field: self.field.clone(),
            salesforce_type: self.salesforce_type.clone(),
            data_type,
            mode: Mode::Nullable,
            description: self.description.clone(),
        })
    }
}

/// Columns by entity.
pub(super) type Columns = BTreeMap<String, Vec<Column>>;

pub(super) fn columns_of(schemas: &Schemas) -> Result<Columns, Diagnostic> {
    let entities = schemas.iter().map(|(entity, columns)| {
        let columns = columns.iter().map(ColumnModel::column).collect::<Result<_, _>>()?;
        Ok((entity.clone(), columns))
    });
    entities.collect()
}

pub(super) fn schemas_of(columns: &Columns) -> Schemas {
    columns
        .iter()
        .map(|(entity, columns)| (entity.clone(), columns.iter().map(ColumnModel::from).collect()))
        .collect()
}

impl Model {
    /// Where its documents lie, once lake and name are known.
    pub(super) fn layout(&self) -> Option<LakeLayout> {
        Some(LakeLayout::new(
            &self.lake.as_deref()?.parse().ok()?,
            self.name.as_deref()?,
        ))
    }

    /// Whether Dataflow executes it.
    pub(super) fn on_dataflow(&self) -> bool {
        self.engine.as_deref() == Some("dataflow")
    }

    /// Whether the workers themselves say how many there are.
    pub(super) fn scales(&self) -> bool {
        self.autoscaling.known().is_some()
    }

    /// The entities that are known.
    pub(super) fn known_entities(&self) -> impl Iterator<Item = (&String, &EntityModel)> {
        let entities = self.entities.known().into_iter().flatten();
        entities.filter_map(|(name, entity)| Some((name, entity.known()?)))
    }
}

/// The known texts of a list.
pub(super) fn texts(list: &Attr<Vec<Attr<String>>>) -> Vec<String> {
    let elements = list.known().into_iter().flatten();
    elements.filter_map(|element| element.known().cloned()).collect()
}

/// `entities["Account"]`
pub(super) fn entity_path(entity: &str) -> Path {
    Path::attr("entities").key(entity)
}
