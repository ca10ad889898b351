//! The target table's shape: created from the described columns, then kept in step with them as `headwater_spec::evolve`
//! decides. Data is never rewritten or dropped here. The table of rows that a gate sets apart is in `quarantine`.

use headwater_cloud::{Document, JobRef, Kind, OptionalExt as _, TableRef, Wait};
use headwater_spec::{BigQueryType, Change, Column, Drift, Mode, evolve};
use serde_json::{Value, json};

use crate::errors::{Error, Result};
use crate::warehouse::Warehouse;

/// Times that a concurrent change of the table is answered by looking again.
pub(crate) const ATTEMPTS: usize = 4;

/// The table, ready for a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TablePlan {
    /// What to read and load, each with the type that the table has.
    pub columns: Vec<Column>,
    /// Columns of the table whose fields are gone.
    pub nulled: Vec<String>,
    /// What was changed or noticed, as sentences for the run record.
    pub changes: Vec<String>,
    /// This very table: its name and when it was made.
    pub identity: String,
}

/// Creates the table or brings it into step.
pub(crate) async fn prepare(warehouse: &Warehouse, object: &str, described: &[Column]) -> Result<TablePlan> {
    let mut changes = Vec::new();
    for _ in 0..ATTEMPTS {
        let found = warehouse.bigquery.get_table(&warehouse.target).await.optional()?;
        let Some(table) = found else {
            match warehouse
                .bigquery
                .create_table(&warehouse.target, &new_table(warehouse, object, described))
                .await
            {
                Ok(_) => {
                    tracing::info!(step = "table_created", table = %warehouse.target, "step");
                    continue;
                }
                Err(error) if error.kind() == Kind::AlreadyExists => continue,
                Err(error) => return Err(error.into()),
            }
        };
        let columns = read_columns(warehouse, &table, described)?;
        let evolution = evolve(described, &columns).map_err(Error::Evolution)?;
        let nulled: Vec<String> = evolution
            .drift
            .iter()
            .filter_map(|drift| match drift {
                Drift::Removed(name) => Some(name.clone()),
                Drift::Narrowed { .. } => None,
            })
            .collect();
        if evolution.changes.is_empty() {
            changes.extend(evolution.drift.iter().map(ToString::to_string));
            let made = table["creationTime"].as_str().unwrap_or_default();
            return Ok(TablePlan {
                columns: evolution.columns,
                nulled,
                changes,
                identity: format!("{}@{made}", warehouse.target),
            });
        }
        match apply(warehouse, &table, &evolution.changes).await {
            Ok(()) => {
                for change in &evolution.changes {
                    tracing::info!(step = "schema_changed", change = %change, "step");
                }
                changes.extend(evolution.changes.iter().map(ToString::to_string));
            }
            // Somebody else changed it meanwhile, perhaps in the same way: look again.
            Err(Error::Cloud(error)) if matches!(error.kind(), Kind::PreconditionFailed | Kind::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Table {
        table: warehouse.target.to_string(),
        reason: "its schema keeps changing under our hands".into(),
    })
}

fn new_table(warehouse: &Warehouse, object: &str, columns: &[Column]) -> Value {
    let key = columns
        .iter()
        .find(|column| column.field == "Id")
        .map_or("Id", |column| column.name.as_str());
    json!({
        "schema": {"fields": columns.iter().map(field).collect::<Vec<_>>()},
        "description": format!("Salesforce {object}, kept up to date by Headwater"),
        "labels": warehouse.table_labels(),
        "clustering": {"fields": [key]},
        "tableConstraints": {"primaryKey": {"columns": [key]}},
    })
}

pub(crate) fn field(column: &Column) -> Value {
    let mut field = json!({"name": column.name, "type": column.data_type.api(), "mode": column.mode.api()});
    if !column.description.is_empty() {
        field["description"] = column.description.as_str().into();
    }
    field
}

/// The table's columns. One that is no plain column does not concern us, unless a field wants its place.
fn read_columns(warehouse: &Warehouse, table: &Document, described: &[Column]) -> Result<Vec<Column>> {
    let unusable = |reason: String| Error::Table {
        table: warehouse.target.to_string(),
        reason,
    };
    let kind = table["type"].as_str().unwrap_or("TABLE");
    if kind != "TABLE" {
        return Err(unusable(format!(
            "it is a {}",
            kind.to_ascii_lowercase().replace('_', " ")
        )));
    }
    let mut columns = Vec::new();
    for field in table["schema"]["fields"].as_array().into_iter().flatten() {
        let name = field["name"].as_str().unwrap_or_default();
        let mode = field["mode"].as_str().unwrap_or("NULLABLE");
        let plain = BigQueryType::parse(field["type"].as_str().unwrap_or_default()).filter(|_| mode != "REPEATED");
        match plain {
            Some(data_type) => columns.push(Column {
                name: name.to_owned(),
                field: name.to_owned(),
                salesforce_type: String::new(),
                data_type,
                mode: if mode == "REQUIRED" {
                    Mode::Required
                } else {
                    Mode::Nullable
                },
                description: String::new(),
            }),
            None if described.iter().any(|column| column.name.eq_ignore_ascii_case(name)) => {
                let found = field["type"].as_str().unwrap_or("something else");
                return Err(unusable(format!(
                    "its column {name} is a {mode} {found}, not a plain value"
                )));
            }
            None => {}
        }
    }
    Ok(columns)
}

async fn apply(warehouse: &Warehouse, table: &Document, changes: &[Change]) -> Result<()> {
    let mut fields = table["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let mut patched = false;
    for change in changes {
        match change {
            Change::Add(column) => {
                fields.push(field(column));
                patched = true;
            }
            Change::Relax { name } => {
                let found = fields
                    .iter_mut()
                    .find(|field| field["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)));
                if let Some(field) = found {
                    field["mode"] = "NULLABLE".into();
                    patched = true;
                }
            }
            Change::Widen { .. } => {}
        }
    }
    if patched {
        let change = json!({"schema": {"fields": fields}});
        warehouse
            .bigquery
            .patch_table(&warehouse.target, &change, table["etag"].as_str())
            .await?;
    }
    for change in changes {
        if let Change::Widen { name, to, .. } = change {
            widen(warehouse, &warehouse.target, name, *to).await?;
        }
    }
    Ok(())
}

/// Changes a column's type: the API cannot, only GoogleSQL can.
pub(crate) async fn widen(warehouse: &Warehouse, table: &TableRef, name: &str, to: BigQueryType) -> Result<()> {
    let sql = format!(
        "ALTER TABLE {} ALTER COLUMN `{name}` SET DATA TYPE {}",
        table.sql(),
        to.sql()
    );
    let job = JobRef {
        project: warehouse.bigquery_project().to_owned(),
        location: Some(warehouse.location.clone()),
        id: format!("headwater_widen_{:032x}", rand::random::<u128>()),
    };
    let configuration = json!({"labels": warehouse.labels(), "query": {"query": sql, "useLegacySql": false}});
    let wait = Wait::at_most(std::time::Duration::from_secs(600));
    warehouse.bigquery.run_job(&job, &configuration, wait).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_carries_its_label_only_when_it_has_one() {
        let mut column = Column {
            name: "Amount".into(),
            field: "Amount".into(),
            salesforce_type: "currency".into(),
            data_type: BigQueryType::Numeric,
            mode: Mode::Required,
            description: String::new(),
        };
        assert_eq!(
            field(&column),
            json!({"name": "Amount", "type": "NUMERIC", "mode": "REQUIRED"})
        );
        column.description = "Amount of the deal".into();
        assert_eq!(field(&column)["description"], "Amount of the deal");
    }
}
