//! The state of an extract, and the same when everything in it is known.

use std::collections::BTreeMap;

use headwater_salesforce::Selection;
use headwater_spec::{ApiBudget, Column, Deletes, GcsUrl, LakeLayout, ReadMode, Schedule};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Diagnostic, Path, parse_duration};

use crate::labels::{self, Labels};
use crate::names::{RuntimeId, parse_dataset_path};
use crate::resources::pipeline::schedule::{ScheduleModel, Started};

/// The state of an extract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) name: Attr<String>,
    pub(super) connection: Attr<String>,
    pub(super) lake: Attr<String>,
    pub(super) dataset: Attr<String>,
    pub(super) runtime: Attr<String>,
    pub(super) schedule: Attr<ScheduleModel>,
    pub(super) objects: Attr<BTreeMap<String, Attr<ObjectModel>>>,
    pub(super) deletes: Attr<String>,
    pub(super) safety_lag: Attr<String>,
    pub(super) bulk_threshold_rows: Attr<i64>,
    pub(super) part_size_mb: Attr<i64>,
    pub(super) task_count: Attr<i64>,
    pub(super) api_budget: Attr<BudgetModel>,
    pub(super) quality_gate: Attr<Vec<Attr<String>>>,
    pub(super) labels: Attr<Labels>,
    pub(super) run_on_apply: Attr<bool>,
    pub(super) delete_tables_on_destroy: Attr<bool>,
    pub(super) schemas: Attr<Schemas>,
    pub(super) spec_hash: Attr<String>,
    pub(super) spec_url: Attr<String>,
    pub(super) id: Attr<String>,
}

/// Columns by object.
pub(super) type Schemas = BTreeMap<String, Vec<ColumnModel>>;

/// One object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectModel {
    pub(super) table: Attr<String>,
    pub(super) include: Attr<Vec<Attr<String>>>,
    pub(super) exclude: Attr<Vec<Attr<String>>>,
    #[serde(rename = "where")]
    pub(super) condition: Attr<String>,
    pub(super) mode: Attr<String>,
}

/// A limit below Salesforce's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetModel {
    pub(super) max_daily_percent: Attr<i64>,
}

/// A column as the state shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnModel {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) mode: String,
    pub(super) field: String,
    pub(super) salesforce_type: String,
    pub(super) description: String,
}

impl From<&Column> for ColumnModel {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            r#type: column.data_type.sql().to_owned(),
            mode: column.mode.api().to_owned(),
            field: column.field.clone(),
            salesforce_type: column.salesforce_type.clone(),
            description: column.description.clone(),
        }
    }
}

impl ColumnModel {
    /// The column; a type that nobody knows cannot come out of a plan of ours.
    pub(super) fn column(&self) -> Result<Column, Diagnostic> {
        let data_type = headwater_spec::BigQueryType::parse(&self.r#type)
            .ok_or_else(|| Diagnostic::invalid("schemas", format!("`{}` is not a type of BigQuery", self.r#type)))?;
        Ok(Column {
            name: self.name.clone(),
            field: self.field.clone(),
            salesforce_type: self.salesforce_type.clone(),
            data_type,
            mode: if self.mode == headwater_spec::Mode::Required.api() {
                headwater_spec::Mode::Required
            } else {
                headwater_spec::Mode::Nullable
            },
            description: self.description.clone(),
        })
    }
}

/// The columns of every object, as a plan has them.
pub(super) fn columns_of(schemas: &Schemas) -> Result<BTreeMap<String, Vec<Column>>, Diagnostic> {
    let objects = schemas.iter().map(|(object, columns)| {
        let columns = columns.iter().map(ColumnModel::column).collect::<Result<_, _>>()?;
        Ok((object.clone(), columns))
    });
    objects.collect()
}

/// Columns as a plan has them.
pub(super) fn schemas_of(columns: &BTreeMap<String, Vec<Column>>) -> Schemas {
    columns
        .iter()
        .map(|(object, columns)| (object.clone(), columns.iter().map(ColumnModel::from).collect()))
        .collect()
}

/// An object of which everything is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub table: String,
    pub selection: Selection,
    pub condition: Option<String>,
    pub mode: ReadMode,
}

/// An extract of which everything is known that the user sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub name: String,
    pub connection: String,
    pub lake: GcsUrl,
    pub dataset_project: String,
    pub dataset: String,
    pub runtime: String,
    pub region: String,
    pub schedule: Option<Schedule>,
    pub objects: BTreeMap<String, Object>,
    pub deletes: Deletes,
    pub safety_lag_seconds: u32,
    pub bulk_threshold_rows: u64,
    pub part_target_bytes: u64,
    pub task_count: u32,
    pub api_budget: Option<ApiBudget>,
    pub quality_gate: Vec<GcsUrl>,
    pub labels: BTreeMap<String, String>,
    pub run_on_apply: bool,
    pub delete_tables: bool,
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
            task_count: self.task_count,
            schedule: self.schedule.as_ref(),
        }
    }

    pub fn dataset(&self) -> headwater_cloud::DatasetRef {
        headwater_cloud::DatasetRef::new(&self.dataset_project, &self.dataset)
    }

    /// Every table that the pipeline may have made: an object's, and that of what a gate has kept out of it.
    pub fn tables(&self, table: &str) -> [headwater_cloud::TableRef; 2] {
        [table.to_owned(), headwater_spec::quarantine_table(table)].map(|table| self.dataset().table(table))
    }

    pub fn table(&self, object: &str) -> headwater_cloud::TableRef {
        self.dataset()
            .table(self.objects.get(object).map_or(object, |known| &known.table))
    }
}

impl Model {
    /// Where its documents lie, once lake and name are known.
    pub(super) fn layout(&self) -> Option<LakeLayout> {
        let lake: GcsUrl = self.lake.as_deref()?.parse().ok()?;
        Some(LakeLayout::new(&lake, self.name.as_deref()?))
    }

    /// The objects, when everything about them is known.
    pub(super) fn known_objects(&self) -> Option<BTreeMap<String, Object>> {
        let objects = self
            .objects
            .known()?
            .iter()
            .map(|(name, object)| Some((name.clone(), object.known()?.known(name)?)));
        objects.collect()
    }

    /// Everything that the user sets; `None` while something of it is not known.
    pub(super) fn known(&self) -> Option<Wanted> {
        let unknown = self.schedule.is_unknown() || self.api_budget.is_unknown() || self.labels.is_unknown();
        if unknown {
            return None;
        }
        let (dataset_project, dataset) = parse_dataset_path(self.dataset.as_deref()?)?;
        let runtime = self.runtime.as_deref()?;
        let schedule = match self.schedule.known() {
            None => None,
            Some(schedule) => Some(schedule.known()?),
        };
        let api_budget = match self.api_budget.known() {
            None => None,
            Some(budget) => Some(ApiBudget {
                max_daily_percent: u8::try_from(*budget.max_daily_percent.known()?).ok()?,
            }),
        };
        let gate = known_list(&self.quality_gate)?.unwrap_or_default();
        let labels = labels::user_labels(&self.labels);
        let all_labels = self.labels.known().map_or(0, BTreeMap::len);
        if labels.len() != all_labels {
            return None;
        }
        Some(Wanted {
            name: self.name.known()?.clone(),
            connection: self.connection.known()?.clone(),
            lake: self.lake.as_deref()?.parse().ok()?,
            dataset_project: dataset_project.to_owned(),
            dataset: dataset.to_owned(),
            runtime: runtime.to_owned(),
            region: RuntimeId::parse(runtime)?.region.to_owned(),
            schedule,
            objects: self.known_objects()?,
            deletes: if self.deletes.as_deref()? == "flag" {
                Deletes::Flag
            } else {
                Deletes::Remove
            },
            safety_lag_seconds: u32::try_from(parse_duration(self.safety_lag.as_deref()?).ok()?.as_secs()).ok()?,
            bulk_threshold_rows: u64::try_from(*self.bulk_threshold_rows.known()?).ok()?,
            part_target_bytes: u64::try_from(*self.part_size_mb.known()?).ok()? << 20,
            task_count: u32::try_from(*self.task_count.known()?).ok()?,
            api_budget,
            quality_gate: gate.iter().map(|url| url.parse().ok()).collect::<Option<_>>()?,
            labels: labels
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect(),
            run_on_apply: *self.run_on_apply.known()?,
            delete_tables: *self.delete_tables_on_destroy.known()?,
        })
    }

    /// The same at apply, when all of it must be known.
    pub(super) fn require_known(&self) -> Result<Wanted, Diagnostic> {
        self.known().ok_or_else(|| {
            Diagnostic::error("the extract is not known completely at apply").detail("This is a bug in the provider.")
        })
    }
}

impl ObjectModel {
    fn known(&self, name: &str) -> Option<Object> {
        Some(Object {
            table: match &self.table {
                Attr::Known(table) => table.clone(),
                Attr::Null => name.to_owned(),
                Attr::Unknown => return None,
            },
            selection: Selection {
                include: known_list(&self.include)?,
                exclude: known_list(&self.exclude)?.unwrap_or_default(),
            },
            condition: match &self.condition {
                Attr::Known(text) => Some(text.clone()),
                Attr::Null => None,
                Attr::Unknown => return None,
            },
            mode: match &self.mode {
                Attr::Known(mode) if mode == "full" => ReadMode::Full,
                Attr::Known(_) | Attr::Null => ReadMode::Incremental,
                Attr::Unknown => return None,
            },
        })
    }
}

/// `None`: not known. `Some(None)`: not set.
#[allow(clippy::option_option)]
fn known_list(list: &Attr<Vec<Attr<String>>>) -> Option<Option<Vec<String>>> {
    match list {
        Attr::Unknown => None,
        Attr::Null => Some(None),
        Attr::Known(list) => list
            .iter()
            .map(|element| element.known().cloned())
            .collect::<Option<Vec<_>>>()
            .map(Some),
    }
}

/// `objects["Account"]`
pub(super) fn object_path(object: &str) -> Path {
    Path::attr("objects").key(object)
}
