//! The tables of an entity as they are, and the columns that they get when fields appear.

use headwater_cloud::{BigQuery, Document, Kind, TableRef};
use headwater_spec::{BigQueryType, Column, EntitySpec, Mode, entity_columns, entity_field};
use serde_json::json;

use super::change::Columns;
use crate::errors::{Error, Result};

/// Both tables of an entity.
#[derive(Clone)]
pub(crate) struct Tables {
    pub bigquery: BigQuery,
    pub changelog: TableRef,
    pub current: Option<TableRef>,
}

impl Tables {
    /// The entity's columns: those of the spec and those that a worker has added since. What the spec has and a table
    /// lacks is added.
    pub async fn open(&self, entity: &EntitySpec) -> Result<Columns> {
        let document = self.read(&self.changelog).await?;
        let mut columns = entity.columns.clone();
        for column in entity_columns(&document) {
            match columns
                .iter_mut()
                .find(|known| known.name.eq_ignore_ascii_case(&column.name))
            {
                // What the table has decides how values travel.
                Some(known) => known.data_type = column.data_type,
                None => columns.push(column),
            }
        }
        self.widen(&columns).await?;
        Ok(Columns::new(columns))
    }

    /// The columns with more of them, in both tables first.
    pub async fn add(&self, columns: &Columns, fields: &[(String, BigQueryType)]) -> Result<Columns> {
        let mut list = columns.list().to_vec();
        for (field, data_type) in fields {
            if list.iter().any(|column| column.name.eq_ignore_ascii_case(field)) {
                continue;
            }
            list.push(Column {
                name: field.clone(),
                field: field.clone(),
                salesforce_type: String::new(),
                data_type: *data_type,
                mode: Mode::Nullable,
                description: String::new(),
            });
        }
        self.widen(&list).await?;
        // Another worker may have added one of them with another type.
        let document = self.read(&self.changelog).await?;
        for column in entity_columns(&document) {
            if let Some(known) = list
                .iter_mut()
                .find(|known| known.name.eq_ignore_ascii_case(&column.name))
            {
                known.data_type = column.data_type;
            }
        }
        Ok(Columns::new(list))
    }

    async fn widen(&self, columns: &[Column]) -> Result<()> {
        for table in [Some(&self.changelog), self.current.as_ref()].into_iter().flatten() {
            loop {
                let document = self.read(table).await?;
                let mut fields = document["schema"]["fields"].as_array().cloned().unwrap_or_default();
                let has = |name: &str, fields: &[Document]| {
                    fields
                        .iter()
                        .any(|field| field["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
                };
                let missing: Vec<&Column> = columns.iter().filter(|column| !has(&column.name, &fields)).collect();
                if missing.is_empty() {
                    break;
                }
                fields.extend(missing.iter().map(|column| entity_field(column)));
                let names: Vec<&str> = missing.iter().map(|column| column.name.as_str()).collect();
                let change = json!({"schema": {"fields": fields}});
                match self
                    .bigquery
                    .patch_table(table, &change, document["etag"].as_str())
                    .await
                {
                    Ok(_) => {
                        tracing::info!(table = %table, columns = names.join(","), "columns were added");
                        break;
                    }
                    // Another worker was first: look again.
                    Err(error) if matches!(error.kind(), Kind::PreconditionFailed | Kind::Conflict) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    async fn read(&self, table: &TableRef) -> Result<Document> {
        match self.bigquery.get_table(table).await {
            Err(error) if error.is_not_found() => Err(Error::Table {
                table: table.to_string(),
                reason: "it does not exist".into(),
            }),
            other => Ok(other?),
        }
    }

    /// What tells this current table from one of the same name before or after it.
    pub async fn identity(&self, current: &TableRef) -> Result<String> {
        let document = self.read(current).await?;
        let created = document["creationTime"]
            .as_str()
            .and_then(|text| text.parse::<u64>().ok());
        Ok(format!("{:x}", created.unwrap_or_default()))
    }
}
