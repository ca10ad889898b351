//! The target tables: what is there, what is missing, and bringing them to the planned schema. Rows are never touched.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use headwater_cloud::{BigQuery, DatasetRef, Document, Kind, OptionalExt as _, TableRef};
use headwater_spec::{BigQueryType, Change, Column, Mode, evolve};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Diagnostic, Diagnostics, Result};

use super::model::{Object, Wanted, object_path};
use crate::problems::{Explain as _, cloud_problem, sentence};

/// Requests at the same time; BigQuery allows 5 metadata updates per 10 s and table, so tables side by side are fine.
const PARALLEL: usize = 8;

/// The pipeline that a table belongs to.
const PIPELINE: &str = "headwater_pipeline";

/// A table that exists.
#[derive(Debug, Clone)]
pub(super) struct Existing {
    /// Its columns, as far as our types know them.
    pub columns: Vec<Column>,
    document: Document,
}

impl Existing {
    fn of(document: Document) -> Self {
        let fields = document["schema"]["fields"].as_array().into_iter().flatten();
        let columns = fields.filter_map(|field| {
            let name = field["name"].as_str()?.to_owned();
            Some(Column {
                field: name.clone(),
                name,
                salesforce_type: String::new(),
                data_type: BigQueryType::parse(field["type"].as_str()?)?,
                mode: if field["mode"].as_str() == Some(Mode::Required.api()) {
                    Mode::Required
                } else {
                    Mode::Nullable
                },
                description: field["description"].as_str().unwrap_or_default().to_owned(),
            })
        });
        Self {
            columns: columns.collect(),
            document,
        }
    }

    /// The pipeline that made it, when a pipeline did.
    fn pipeline(&self) -> Option<&str> {
        self.document["labels"][PIPELINE].as_str()
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// The tables that exist, by object. A dataset that does not exist has none.
pub(super) async fn existing(
    bigquery: &BigQuery,
    dataset: &DatasetRef,
    objects: &BTreeMap<String, Object>,
) -> Result<BTreeMap<String, Existing>, Diagnostic> {
    let reads = objects.iter().map(|(object, known)| async move {
        let table = dataset.table(&known.table);
        let document = bigquery
            .get_table(&table)
            .await
            .optional()
            .explain(format!("cannot read the table `{table}`"))?;
        Ok::<_, Diagnostic>(document.map(|document| (object.clone(), Existing::of(document))))
    });
    let found = side_by_side(reads).await?;
    Ok(found.into_iter().flatten().collect())
}

/// Refuses to write into tables of other pipelines, and tells of tables that no pipeline made.
pub(super) fn check_owners(
    pipeline: &str,
    dataset: &DatasetRef,
    objects: &BTreeMap<String, Object>,
    existing: &BTreeMap<String, Existing>,
) -> (Diagnostics, Diagnostics) {
    let (mut problems, mut notes) = (Diagnostics::new(), Diagnostics::new());
    for (object, table) in existing {
        let name = dataset.table(objects.get(object).map_or(object, |known| &known.table));
        match table.pipeline() {
            Some(owner) if owner == pipeline => {}
            Some(owner) => problems.push(
                Diagnostic::invalid(object_path(object).child("table"), format!("the table `{name}` belongs to the pipeline `{owner}`"))
                    .hint("Give the object another `table`, or use another `dataset`."),
            ),
            None => notes.push(
                Diagnostic::warning(format!("the table `{name}` was not made by a pipeline"))
                    .detail(format!("The rows of `{object}` are merged into it by `Id`. It will not be deleted by `delete_tables_on_destroy`."))
                    .at(object_path(object).child("table")),
            ),
        }
    }
    (problems, notes)
}

/// What happened to the tables.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Objects whose table was made.
    pub created: BTreeSet<String>,
}

/// Creates what is missing and changes what differs. Repeating it changes nothing.
pub(super) async fn deploy(
    bigquery: &BigQuery,
    wanted: &Wanted,
    columns: &BTreeMap<String, Vec<Column>>,
) -> Result<Outcome> {
    let existing = existing(bigquery, &wanted.dataset(), &wanted.objects).await?;
    check_owners(&wanted.name, &wanted.dataset(), &wanted.objects, &existing)
        .0
        .into_result()?;
    let none = Vec::new();
    let steps = wanted.objects.keys().map(|object| {
        let (columns, existing) = (columns.get(object).unwrap_or(&none), existing.get(object));
        async move {
            match existing {
                Some(table) => change(bigquery, wanted, object, columns, table).await.map(|()| None),
                None => create(bigquery, wanted, object, columns)
                    .await
                    .map(|()| Some(object.clone())),
            }
        }
    });
    let created = side_by_side(steps).await?;
    Ok(Outcome {
        created: created.into_iter().flatten().collect(),
    })
}

async fn create(bigquery: &BigQuery, wanted: &Wanted, object: &str, columns: &[Column]) -> Result<(), Diagnostic> {
    let table = wanted.table(object);
    let document = json!({
        "schema": {"fields": columns.iter().map(field).collect::<Vec<_>>()},
        "description": format!("Salesforce {object}, extracted by the Headwater pipeline {}", wanted.name),
        "labels": labels(wanted),
    });
    match bigquery.create_table(&table, &document).await {
        Ok(_) => tracing::info!(table = %table, columns = columns.len(), "table created"),
        // The runtime, or another task of it, was faster.
        Err(error) if error.kind() == Kind::AlreadyExists => tracing::info!(table = %table, "table exists already"),
        Err(error) => {
            return Err(cloud_problem(format!("cannot create the table `{table}`"), &error).at(object_path(object)));
        }
    }
    Ok(())
}

async fn change(
    bigquery: &BigQuery,
    wanted: &Wanted,
    object: &str,
    columns: &[Column],
    present: &Existing,
) -> Result<(), Diagnostic> {
    let table = wanted.table(object);
    let evolution = evolve(columns, &present.columns).map_err(|errors| {
        let text: Vec<String> = errors.iter().map(|error| sentence(&error.to_string())).collect();
        Diagnostic::invalid(
            object_path(object),
            format!("the table `{table}` cannot follow Salesforce"),
        )
        .detail(text.join("\n"))
    })?;
    let described = describe(&present.document["schema"]["fields"], columns);
    let owned = present.pipeline() == Some(wanted.name.as_str());
    let wants_labels = owned
        && labels(wanted)
            .iter()
            .any(|(key, value)| present.document["labels"][key] != *value);
    if evolution.changes.is_empty() && !described.1 && !wants_labels {
        return Ok(());
    }
    let mut change = json!({"schema": {"fields": apply(described.0, &evolution.changes)}});
    if wants_labels {
        change["labels"] = Json::Object(labels(wanted));
    }
    let summary = format!("cannot change the table `{table}`");
    bigquery
        .patch_table(&table, &change, present.document["etag"].as_str())
        .await
        .explain_at(object_path(object), &*summary)?;
    for step in &evolution.changes {
        if let Some(sql) = widening(&table, step) {
            let location = present.document["location"].as_str();
            bigquery
                .query(&sql, location)
                .await
                .explain_at(object_path(object), &*summary)?;
        }
        tracing::info!(table = %table, change = %step, "table changed");
    }
    Ok(())
}

/// The API cannot change a column's type; only GoogleSQL can.
fn widening(table: &TableRef, change: &Change) -> Option<String> {
    let Change::Widen { name, to, .. } = change else {
        return None;
    };
    Some(format!(
        "ALTER TABLE {} ALTER COLUMN `{name}` SET DATA TYPE {}",
        table.sql(),
        to.sql()
    ))
}

/// The fields with new descriptions, and whether any is new.
fn describe(fields: &Json, columns: &[Column]) -> (Vec<Json>, bool) {
    let mut changed = false;
    let mut fields: Vec<Json> = fields.as_array().cloned().unwrap_or_default();
    for field in &mut fields {
        let name = field["name"].as_str().unwrap_or_default().to_owned();
        let Some(column) = columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name)) else {
            continue;
        };
        if field["description"].as_str().unwrap_or_default() != column.description {
            field["description"] = column.description.as_str().into();
            changed = true;
        }
    }
    (fields, changed)
}

/// The fields of a table after these changes, types aside. What else a field says (policy tags, defaults) stays.
fn apply(mut fields: Vec<Json>, changes: &[Change]) -> Vec<Json> {
    for change in changes {
        match change {
            Change::Add(column) => fields.push(field(column)),
            Change::Widen { .. } => {}
            Change::Relax { name } => {
                if let Some(field) = named(&mut fields, name) {
                    field["mode"] = Mode::Nullable.api().into();
                }
            }
        }
    }
    fields
}

fn named<'a>(fields: &'a mut [Json], name: &str) -> Option<&'a mut Json> {
    fields.iter_mut().find(|field| {
        field["name"]
            .as_str()
            .is_some_and(|other| other.eq_ignore_ascii_case(name))
    })
}

fn field(column: &Column) -> Json {
    let mut field = json!({"name": column.name, "type": column.data_type.api(), "mode": column.mode.api()});
    if !column.description.is_empty() {
        field["description"] = column.description.as_str().into();
    }
    field
}

fn labels(wanted: &Wanted) -> Map<String, Json> {
    let mut labels: Map<String, Json> = wanted
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    labels.insert(PIPELINE.into(), wanted.name.as_str().into());
    labels
}

/// Deletes tables that this pipeline made. Others stay.
pub(super) async fn delete(bigquery: &BigQuery, pipeline: &str, tables: Vec<TableRef>) -> Result<(), Diagnostic> {
    let deletions = tables.into_iter().map(|table| async move {
        let summary = format!("cannot delete the table `{table}`");
        let Some(document) = bigquery.get_table(&table).await.optional().explain(&*summary)? else {
            return Ok(());
        };
        if Existing::of(document).pipeline() != Some(pipeline) {
            tracing::info!(table = %table, "table stays: another made it");
            return Ok(());
        }
        bigquery.delete_table(&table).await.explain(summary)?;
        tracing::info!(table = %table, "table deleted");
        Ok::<_, Diagnostic>(())
    });
    side_by_side(deletions).await.map(drop)
}

/// Awaits some of these at a time. They are all made first: a closure inside the stream would have to hold for every
/// lifetime, which the compiler cannot prove.
async fn side_by_side<T>(
    futures: impl Iterator<Item = impl Future<Output = Result<T, Diagnostic>>>,
) -> Result<Vec<T>, Diagnostic> {
    let futures: Vec<_> = futures.collect();
    stream::iter(futures).buffer_unordered(PARALLEL).try_collect().await
}

/// Deletes what batches that were never finished left in the dataset. They would expire within a day anyway.
pub(super) async fn delete_staging(bigquery: &BigQuery, wanted: &Wanted) -> Result<(), Diagnostic> {
    let dataset = wanted.dataset();
    let tables = bigquery
        .list_tables(&dataset)
        .await
        .optional()
        .explain(format!("cannot list the tables of `{dataset}`"))?;
    let prefixes: Vec<String> = wanted
        .objects
        .keys()
        .map(|object| headwater_spec::staging_table(&wanted.name, object, ""))
        .collect();
    for table in tables.unwrap_or_default() {
        if prefixes.iter().any(|prefix| table.starts_with(prefix.as_str())) {
            let table = dataset.table(table);
            bigquery
                .delete_table(&table)
                .await
                .explain(format!("cannot delete the table `{table}`"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(fields: &Json) -> Existing {
        Existing::of(json!({"schema": {"fields": fields}, "labels": {"headwater_pipeline": "crm"}}))
    }

    fn column(name: &str, data_type: BigQueryType, mode: Mode) -> Column {
        Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: "x".into(),
            data_type,
            mode,
            description: String::new(),
        }
    }

    #[test]
    fn columns_are_read_in_either_spelling() {
        let table = table(&json!([
            {"name": "Id", "type": "STRING", "mode": "REQUIRED"},
            {"name": "Amount", "type": "BIGNUMERIC"},
            {"name": "Won", "type": "BOOLEAN", "mode": "NULLABLE"},
            {"name": "Nested", "type": "RECORD", "fields": []},
        ]));
        let read: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{} {} {}", c.name, c.data_type, c.mode.api()))
            .collect();
        assert_eq!(
            read,
            ["Id STRING REQUIRED", "Amount BIGNUMERIC NULLABLE", "Won BOOL NULLABLE"]
        );
        assert!(table.has_column("amount") && !table.has_column("Nested"));
        assert_eq!(table.pipeline(), Some("crm"));
    }

    #[test]
    fn changes_keep_what_a_field_says_besides() {
        let fields = vec![
            json!({"name": "Id", "type": "STRING", "mode": "REQUIRED", "policyTags": {"names": ["t"]}}),
            json!({"name": "n", "type": "INTEGER"}),
        ];
        let changes = [
            Change::Relax { name: "id".into() },
            Change::Widen {
                name: "n".into(),
                from: BigQueryType::Int64,
                to: BigQueryType::Numeric,
            },
            Change::Add(column("New__c", BigQueryType::Date, Mode::Nullable)),
        ];
        let expected = json!([
            {"name": "Id", "type": "STRING", "mode": "NULLABLE", "policyTags": {"names": ["t"]}},
            {"name": "n", "type": "INTEGER"},
            {"name": "New__c", "type": "DATE", "mode": "NULLABLE"},
        ]);
        assert_eq!(Json::Array(apply(fields, &changes)), expected);
        let table = DatasetRef::new("p", "d").table("t");
        let sql: Vec<String> = changes.iter().filter_map(|change| widening(&table, change)).collect();
        assert_eq!(sql, ["ALTER TABLE `p.d.t` ALTER COLUMN `n` SET DATA TYPE NUMERIC"]);
    }

    #[test]
    fn a_new_label_in_salesforce_is_a_new_description() {
        let mut id = column("Id", BigQueryType::String, Mode::Required);
        id.description = "Record ID".into();
        let (fields, changed) = describe(&json!([{"name": "Id", "type": "STRING"}]), &[id]);
        assert!(changed);
        assert_eq!(fields[0]["description"], "Record ID");
    }
}
