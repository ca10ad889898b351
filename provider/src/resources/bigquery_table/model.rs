//! The state of a table, and the documents of BigQuery that it corresponds to.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use headwater_cloud::{DatasetRef, TableRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic, Result};

use super::column::{Column, int};
use super::edits::{Partitioning, Shape};
use super::fields::{Columns, Nested as _};
use crate::labels::{self, Labels};
use crate::names::{parse_dataset_path, parse_table_path};

/// Dropping columns is allowed: kept with the table so that an import finds it.
const ALLOW_COLUMN_DROP: &str = "headwater-allow-column-drop";
/// A table that never expires although its dataset has a default.
pub(super) const NEVER: &str = "never";

/// The state of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub(super) dataset: Attr<String>,
    pub(super) table_id: Attr<String>,
    pub(super) columns: Attr<Columns>,
    pub(super) time_partitioning: Attr<TimePartitioning>,
    pub(super) range_partitioning: Attr<RangePartitioning>,
    pub(super) require_partition_filter: Attr<bool>,
    pub(super) clustering: Attr<Vec<Attr<String>>>,
    pub(super) primary_key: Attr<Vec<Attr<String>>>,
    pub(super) foreign_keys: Attr<BTreeMap<String, Attr<ForeignKey>>>,
    pub(super) friendly_name: Attr<String>,
    pub(super) description: Attr<String>,
    pub(super) labels: Attr<Labels>,
    pub(super) expiration_time: Attr<String>,
    pub(super) max_staleness: Attr<String>,
    pub(super) deletion_protection: Attr<bool>,
    pub(super) allow_column_drop: Attr<bool>,
    pub(super) location: Attr<String>,
    pub(super) sql_name: Attr<String>,
    pub(super) id: Attr<String>,
}

/// Partitions by time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TimePartitioning {
    pub(super) r#type: Attr<String>,
    pub(super) field: Attr<String>,
    pub(super) expiration_ms: Attr<i64>,
}

/// Partitions by ranges of a whole number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RangePartitioning {
    pub(super) field: Attr<String>,
    pub(super) start: Attr<i64>,
    pub(super) end: Attr<i64>,
    pub(super) interval: Attr<i64>,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    pub(super) references: Attr<String>,
    pub(super) columns: Attr<BTreeMap<String, Attr<String>>>,
}

fn texts(list: &Attr<Vec<Attr<String>>>) -> Option<Vec<String>> {
    match list {
        Attr::Unknown => None,
        Attr::Null => Some(Vec::new()),
        Attr::Known(list) => list.iter().map(|text| text.known().cloned()).collect(),
    }
}

/// A list as found; none and empty are the same to BigQuery, what the state says stays.
fn found_texts(found: &Json, before: &Attr<Vec<Attr<String>>>) -> Attr<Vec<Attr<String>>> {
    let found: Vec<&str> = found
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let same = texts(before).is_some_and(|before| {
        before.len() == found.len() && before.iter().zip(&found).all(|(a, b)| a.eq_ignore_ascii_case(b))
    });
    if same {
        before.clone()
    } else if found.is_empty() {
        Attr::Null
    } else {
        found.into_iter().map(Attr::from).collect::<Vec<_>>().into()
    }
}

fn found_text(found: &Json, before: &Attr<String>) -> Attr<String> {
    match found.as_str().unwrap_or_default() {
        "" if before.as_deref() == Some("") => before.clone(),
        "" => Attr::Null,
        text => text.into(),
    }
}

/// Milliseconds since 1970 of a time in RFC 3339.
pub(super) fn millis(text: &str) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis())
}

fn spell_millis(millis: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(millis).map_or_else(
        || millis.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

impl Table {
    pub(super) fn reference(&self) -> Result<TableRef, Diagnostic> {
        let dataset = self.dataset.require("dataset")?;
        let (project, dataset) = parse_dataset_path(dataset)
            .ok_or_else(|| Diagnostic::invalid("dataset", format!("`{dataset}` is not the id of a dataset")))?;
        Ok(DatasetRef::new(project, dataset).table(self.table_id.require("table_id")?))
    }

    pub(super) fn is_protected(&self) -> bool {
        self.deletion_protection.known().copied().unwrap_or(true)
    }

    pub(super) fn allows_drop(&self) -> bool {
        self.allow_column_drop.known().copied().unwrap_or(false)
    }

    /// Sets what follows from dataset and id.
    pub(super) fn name(&mut self) {
        let known = self.reference().ok();
        self.id = known.as_ref().map_or(Attr::Unknown, |table| table.id().into());
        self.sql_name = known.as_ref().map_or(Attr::Unknown, |table| table.sql().into());
    }

    /// What decides about data; `None` while something of it is not known.
    pub(super) fn shape(&self) -> Option<Shape> {
        Some(Shape {
            columns: self.columns.known()?.known()?,
            partitioning: self.partitioning()?,
            clustering: texts(&self.clustering)?,
            primary_key: texts(&self.primary_key)?,
        })
    }

    fn partitioning(&self) -> Option<Partitioning> {
        match (&self.time_partitioning, &self.range_partitioning) {
            (Attr::Unknown, _) | (_, Attr::Unknown) => None,
            (Attr::Known(time), _) => Some(Partitioning::Time {
                kind: time.r#type.known()?.clone(),
                field: match &time.field {
                    Attr::Unknown => return None,
                    field => field.known().cloned(),
                },
                expiration_ms: match &time.expiration_ms {
                    Attr::Unknown => return None,
                    expiration => expiration.known().copied(),
                },
            }),
            (_, Attr::Known(range)) => Some(Partitioning::Range {
                field: range.field.known()?.clone(),
                start: *range.start.known()?,
                end: *range.end.known()?,
                interval: *range.interval.known()?,
            }),
            _ => Some(Partitioning::None),
        }
    }

    /// Our labels and the user's.
    pub(super) fn wanted_labels(&self) -> Map<String, Json> {
        let mut wanted = labels::wanted(&self.labels, !self.is_protected());
        if self.allows_drop() {
            wanted.insert(ALLOW_COLUMN_DROP.into(), "true".into());
        }
        wanted
    }

    /// The settings that a patch can change at any time; `null` clears. Columns are not among them.
    pub(super) fn settings(&self) -> Json {
        let mut settings = json!({
            "friendlyName": self.friendly_name.as_deref(),
            "description": self.description.as_deref(),
            "maxStaleness": self.max_staleness.as_deref(),
            "requirePartitionFilter": self.require_partition_filter.known(),
            "clustering": texts(&self.clustering).filter(|fields| !fields.is_empty()).map(|fields| json!({"fields": fields})),
            "tableConstraints": self.constraints(),
        });
        match self.expiration_time.as_deref() {
            Some(NEVER) => settings["expirationTime"] = Json::Null,
            Some(time) => settings["expirationTime"] = millis(time).map(|at| at.to_string()).into(),
            None => {}
        }
        if let Some(time) = self.time_partitioning.known() {
            let mut partitioning = json!({"type": time.r#type.as_deref()});
            if let Some(field) = time.field.as_deref() {
                partitioning["field"] = field.into();
            }
            partitioning["expirationMs"] = time.expiration_ms.known().map(ToString::to_string).into();
            settings["timePartitioning"] = partitioning;
        }
        settings
    }

    fn constraints(&self) -> Json {
        let mut constraints = json!({});
        if let Some(columns) = texts(&self.primary_key).filter(|columns| !columns.is_empty()) {
            constraints["primaryKey"] = json!({"columns": columns});
        }
        let keys: Vec<Json> = self
            .foreign_keys
            .known()
            .into_iter()
            .flatten()
            .filter_map(|(name, key)| key.known()?.to_json(name))
            .collect();
        if !keys.is_empty() {
            constraints["foreignKeys"] = keys.into();
        }
        match constraints.as_object().is_some_and(Map::is_empty) {
            true => Json::Null,
            false => constraints,
        }
    }

    /// The document that creates it.
    pub(super) fn document(&self, columns: &[Column]) -> Json {
        let mut document = self.settings();
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        if let Some(partitioning) = document.get_mut("timePartitioning").and_then(Json::as_object_mut) {
            partitioning.retain(|_, value| !value.is_null());
        }
        if let Some(range) = self.range_partitioning.known() {
            let number = |value: &Attr<i64>| value.known().map(ToString::to_string);
            document["rangePartitioning"] = json!({
                "field": range.field.as_deref(),
                "range": {"start": number(&range.start), "end": number(&range.end), "interval": number(&range.interval)},
            });
        }
        document["labels"] = Json::Object(self.wanted_labels());
        document["schema"] = json!({"fields": columns.iter().map(Column::to_json).collect::<Json>()});
        document
    }

    /// What the dataset's defaults gave a new table that it shall not have: the patch that takes it away.
    pub(super) fn against_defaults(&self, created: &Json) -> Option<Json> {
        let mut patch = json!({});
        if self.expiration_time.as_deref() == Some(NEVER) && !created["expirationTime"].is_null() {
            patch["expirationTime"] = Json::Null;
        }
        let expires = !created["timePartitioning"]["expirationMs"].is_null();
        if expires
            && self
                .time_partitioning
                .known()
                .is_some_and(|time| time.expiration_ms.is_null())
        {
            patch["timePartitioning"] = self.settings()["timePartitioning"].clone();
        }
        patch
            .as_object()
            .is_some_and(|patch| !patch.is_empty())
            .then_some(patch)
    }

    /// The state that a document amounts to, in the spelling of the state before.
    pub(super) fn read(&self, document: &Json) -> Table {
        let found = Column::all_of(&document["schema"]["fields"]);
        let mut table = Table {
            dataset: self.dataset.clone(),
            table_id: self.table_id.clone(),
            columns: Columns::found(self.columns.known(), &found).into(),
            time_partitioning: TimePartitioning::found(&document["timePartitioning"], &self.time_partitioning),
            range_partitioning: RangePartitioning::found(&document["rangePartitioning"]),
            require_partition_filter: document["requirePartitionFilter"]
                .as_bool()
                .or(document["timePartitioning"]["requirePartitionFilter"].as_bool())
                .unwrap_or(false)
                .into(),
            clustering: found_texts(&document["clustering"]["fields"], &self.clustering),
            primary_key: found_texts(
                &document["tableConstraints"]["primaryKey"]["columns"],
                &self.primary_key,
            ),
            foreign_keys: ForeignKey::all_found(&document["tableConstraints"]["foreignKeys"], &self.foreign_keys),
            friendly_name: found_text(&document["friendlyName"], &self.friendly_name),
            description: found_text(&document["description"], &self.description),
            labels: labels::read(&document["labels"], &self.labels),
            expiration_time: self.found_expiration(int(&document["expirationTime"])),
            max_staleness: found_text(&document["maxStaleness"], &self.max_staleness),
            deletion_protection: (!labels::has(&document["labels"], labels::FORCE_DESTROY)).into(),
            allow_column_drop: labels::has(&document["labels"], ALLOW_COLUMN_DROP).into(),
            location: document["location"].as_str().map(str::to_owned).into(),
            ..Table::default()
        };
        table.name();
        table
    }

    /// Whether what was found is what is planned here, as far as that is known.
    pub(super) fn fulfilled_by(&self, found: &Table) -> bool {
        let wanted = Table {
            location: found.location.clone(),
            expiration_time: match &self.expiration_time {
                Attr::Unknown => found.expiration_time.clone(),
                time => time.clone(),
            },
            ..self.clone()
        };
        wanted == *found
    }

    fn found_expiration(&self, found: Option<i64>) -> Attr<String> {
        let before = self.expiration_time.as_deref();
        match found {
            None => NEVER.into(),
            Some(found) if before.and_then(millis) == Some(found) => self.expiration_time.clone(),
            Some(found) => spell_millis(found).into(),
        }
    }

    pub(super) fn from_id(id: &str) -> Option<Table> {
        let table = parse_table_path(id)?;
        let mut state = Table {
            dataset: table.dataset.id().into(),
            table_id: table.table.into(),
            ..Table::default()
        };
        state.name();
        Some(state)
    }
}

impl TimePartitioning {
    fn found(found: &Json, before: &Attr<Self>) -> Attr<Self> {
        if !found.is_object() {
            return Attr::Null;
        }
        let before = before.known();
        let field = found["field"].as_str();
        let same = before.and_then(|before| before.field.as_deref()).zip(field);
        Self {
            r#type: found["type"].as_str().map(str::to_owned).into(),
            field: match (same, before) {
                (Some((a, b)), Some(before)) if a.eq_ignore_ascii_case(b) => before.field.clone(),
                _ => field.map(str::to_owned).into(),
            },
            expiration_ms: int(&found["expirationMs"]).filter(|ms| *ms > 0).into(),
        }
        .into()
    }
}

impl RangePartitioning {
    fn found(found: &Json) -> Attr<Self> {
        if !found.is_object() {
            return Attr::Null;
        }
        let number = |name: &str| int(&found["range"][name]).into();
        Self {
            field: found["field"].as_str().map(str::to_owned).into(),
            start: number("start"),
            end: number("end"),
            interval: number("interval"),
        }
        .into()
    }
}

impl ForeignKey {
    fn to_json(&self, name: &str) -> Option<Json> {
        let table = parse_table_path(self.references.as_deref()?)?;
        let pairs = self
            .columns
            .known()?
            .iter()
            .filter_map(|(from, to)| Some(json!({"referencingColumn": from, "referencedColumn": to.as_deref()?})));
        Some(json!({"name": name, "referencedTable": table.to_json(), "columnReferences": pairs.collect::<Json>()}))
    }

    fn found(found: &Json) -> Option<(String, Self)> {
        let table = &found["referencedTable"];
        let part = |name: &str| table[name].as_str();
        let dataset = DatasetRef::new(part("projectId")?, part("datasetId")?);
        let pairs = found["columnReferences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| {
                Some((
                    pair["referencingColumn"].as_str()?.to_owned(),
                    pair["referencedColumn"].as_str()?.into(),
                ))
            });
        // BigQuery writes the constraint's name behind the table's: `t.name`.
        let name = found["name"].as_str()?;
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        let key = Self {
            references: dataset.table(part("tableId")?).id().into(),
            columns: pairs.collect::<BTreeMap<_, _>>().into(),
        };
        Some((name.to_owned(), key))
    }

    fn all_found(found: &Json, before: &Attr<BTreeMap<String, Attr<Self>>>) -> Attr<BTreeMap<String, Attr<Self>>> {
        let mut keys: BTreeMap<String, Attr<Self>> = BTreeMap::new();
        for (name, key) in found.as_array().into_iter().flatten().filter_map(Self::found) {
            let spelled = before.known().and_then(|before| before.get(&name)).filter(|before| {
                // `P.D.T` and the full path are the same table.
                let before = before.known();
                before.is_some_and(|before| {
                    before.columns == key.columns
                        && before.references.as_deref().and_then(parse_table_path)
                            == key.references.as_deref().and_then(parse_table_path)
                })
            });
            keys.insert(name, spelled.cloned().unwrap_or_else(|| key.into()));
        }
        match before {
            Attr::Known(before) if before.is_empty() && keys.is_empty() => Attr::Known(keys),
            _ if keys.is_empty() => Attr::Null,
            _ => keys.into(),
        }
    }
}
