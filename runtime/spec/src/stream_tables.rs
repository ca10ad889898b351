//! The tables of a stream: the columns that each has beside its entity's, and the documents that make them.

use serde_json::{Value, json};

use crate::{BigQueryType as T, Column, EntitySpec, Mode};

/// A column that is not an entity's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub data_type: T,
    /// `REQUIRED`, `NULLABLE` or `REPEATED`.
    pub mode: &'static str,
    /// What it holds.
    pub description: &'static str,
}

const fn column(name: &'static str, data_type: T, mode: &'static str, description: &'static str) -> SystemColumn {
    SystemColumn {
        name,
        data_type,
        mode,
        description,
    }
}

const RECORD_ID: SystemColumn = column("_record_id", T::String, "REQUIRED", "The record.");
const COMMIT_NUMBER: SystemColumn = column(
    "_commit_number",
    T::Int64,
    "REQUIRED",
    "Orders the changes of the source: the commit.",
);
const SEQUENCE_NUMBER: SystemColumn = column(
    "_sequence_number",
    T::Int64,
    "REQUIRED",
    "Orders the changes of one commit.",
);
const COMMIT_TIMESTAMP: SystemColumn = column(
    "_commit_timestamp",
    T::Timestamp,
    "REQUIRED",
    "When the change was committed in the source.",
);

// `_CHANGE_TYPE` and `_CHANGE_SEQUENCE_NUMBER` are BigQuery's own, whatever the case.
/// The columns that every changelog begins with. Record, commit and sequence number are its key.
pub const CHANGELOG_COLUMNS: &[SystemColumn] = &[
    RECORD_ID,
    COMMIT_NUMBER,
    SEQUENCE_NUMBER,
    COMMIT_TIMESTAMP,
    column(
        "_operation",
        T::String,
        "REQUIRED",
        "CREATE, UPDATE, DELETE, UNDELETE or SNAPSHOT.",
    ),
    column(
        "_changed_fields",
        T::String,
        "REPEATED",
        "The columns that the change set.",
    ),
    column(
        "_nulled_fields",
        T::String,
        "REPEATED",
        "Those of them that it set to NULL.",
    ),
    column(
        "_transaction_key",
        T::String,
        "NULLABLE",
        "The transaction in the source.",
    ),
    column("_origin", T::String, "NULLABLE", "What made the change."),
    column("_commit_user", T::String, "NULLABLE", "Who made the change."),
];

/// The columns that every current table begins with. The record is its key; commit and sequence number say which change
/// the row stands at.
pub const CURRENT_COLUMNS: &[SystemColumn] = &[
    RECORD_ID,
    COMMIT_NUMBER,
    SEQUENCE_NUMBER,
    COMMIT_TIMESTAMP,
    column(
        "_deleted",
        T::Bool,
        "REQUIRED",
        "Whether the record is deleted in the source.",
    ),
];

/// How many columns of [`CHANGELOG_COLUMNS`] are the key.
pub const CHANGELOG_KEY: usize = 3;

/// Whether a name is one of a stream's own columns.
pub(crate) fn is_system(name: &str) -> bool {
    let mut all = CHANGELOG_COLUMNS.iter().chain(CURRENT_COLUMNS);
    all.any(|column| column.name.eq_ignore_ascii_case(name))
}

impl EntitySpec {
    /// The document that makes the changelog; see
    /// <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>.
    #[must_use]
    pub fn changelog_document(&self) -> Value {
        let keys: Vec<&str> = CHANGELOG_COLUMNS[..CHANGELOG_KEY].iter().map(|key| key.name).collect();
        let mut partitioning = json!({"type": "DAY", "field": COMMIT_TIMESTAMP.name});
        if let Some(days) = self.retention_days {
            partitioning["expirationMs"] = (u64::from(days) * 86_400_000).to_string().into();
        }
        json!({
            "schema": {"fields": fields(CHANGELOG_COLUMNS, &self.columns)},
            "tableConstraints": {"primaryKey": {"columns": keys}},
            "timePartitioning": partitioning,
            "clustering": {"fields": keys},
        })
    }

    /// The document that makes the current table.
    #[must_use]
    pub fn current_document(&self) -> Value {
        json!({
            "schema": {"fields": fields(CURRENT_COLUMNS, &self.columns)},
            "tableConstraints": {"primaryKey": {"columns": [RECORD_ID.name]}},
            "clustering": {"fields": [RECORD_ID.name]},
        })
    }
}

/// The fields of a table's schema. A change need not set a field, so every column of an entity is nullable.
fn fields(system: &[SystemColumn], columns: &[Column]) -> Vec<Value> {
    let system = system.iter().map(|column| {
        json!({"name": column.name, "type": column.data_type.api(), "mode": column.mode, "description": column.description})
    });
    system.chain(columns.iter().map(entity_field)).collect()
}

/// The columns of a table's document that are an entity's.
#[must_use]
pub fn entity_columns(document: &Value) -> Vec<Column> {
    let fields = document["schema"]["fields"].as_array().into_iter().flatten();
    fields
        .filter(|field| field["mode"] != "REPEATED")
        .filter_map(|field| {
            let name = field["name"].as_str().filter(|name| !is_system(name))?;
            Some(Column {
                name: name.to_owned(),
                field: name.to_owned(),
                salesforce_type: String::new(),
                data_type: T::parse(field["type"].as_str()?)?,
                mode: Mode::Nullable,
                description: String::new(),
            })
        })
        .collect()
}

/// A column of an entity as a field of a table's schema.
#[must_use]
pub fn entity_field(column: &Column) -> Value {
    let mut field = json!({"name": column.name, "type": column.data_type.api(), "mode": "NULLABLE"});
    if !column.description.is_empty() {
        field["description"] = column.description.as_str().into();
    }
    field
}
