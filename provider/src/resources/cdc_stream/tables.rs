//! The tables of a stream: what is there, what is missing, and bringing them to the planned columns. Rows are never touched.

use std::collections::BTreeMap;

use headwater_cloud::{BigQuery, Cloud, DatasetRef, Document, Kind, OptionalExt as _, TableRef};
use headwater_spec::{CdcStreamSpec, Column, EntitySpec, PipelineSpec, entity_columns, entity_field};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Diagnostic, Diagnostics, Result};

use super::model::{Model, entity_path};
use crate::problems::{Explain as _, cloud_problem};

/// The pipeline that a table belongs to.
const PIPELINE: &str = "headwater_pipeline";

/// A table of an entity: where it is, what it is called in the configuration, and the document that makes it.
struct Table<'a> {
    entity: &'a str,
    attribute: &'static str,
    table: TableRef,
    document: Json,
}

impl Table<'_> {
    fn is_view(&self) -> bool {
        self.document["view"].is_object()
    }
}

fn dataset(stream: &CdcStreamSpec) -> DatasetRef {
    DatasetRef::new(&stream.dataset.project, &stream.dataset.dataset)
}

fn tables(stream: &CdcStreamSpec) -> Vec<Table<'_>> {
    let dataset = dataset(stream);
    let mut all = Vec::new();
    for (name, entity) in &stream.entities {
        all.push(Table {
            entity: name,
            attribute: "changelog",
            table: dataset.table(&entity.changelog),
            document: entity.changelog_document(),
        });
        if let Some(current) = &entity.current {
            all.push(Table {
                entity: name,
                attribute: "current",
                table: dataset.table(current),
                document: match stream.engine.dataflow() {
                    Some(_) => entity.current_view_document(&stream.dataset),
                    None => entity.current_document(),
                },
            });
        }
    }
    all
}

async fn present(bigquery: &BigQuery, table: &TableRef) -> Result<Option<Document>, Diagnostic> {
    bigquery
        .get_table(table)
        .await
        .optional()
        .explain(format!("cannot read the table `{table}`"))
}

/// The columns of the changelogs that exist, by entity; refuses tables of others, and such as have another key.
pub(super) async fn existing(
    bigquery: &BigQuery,
    pipeline: &str,
    stream: &CdcStreamSpec,
) -> Result<BTreeMap<String, Vec<Column>>> {
    let mut found = BTreeMap::new();
    let mut problems = Diagnostics::new();
    for table in tables(stream) {
        let Some(document) = present(bigquery, &table.table).await? else {
            continue;
        };
        let path = entity_path(table.entity).child(table.attribute);
        let owner = document["labels"][PIPELINE].as_str();
        if owner != Some(pipeline) {
            let whose = owner.map_or_else(
                || "was not made by a stream".to_owned(),
                |owner| format!("belongs to the pipeline `{owner}`"),
            );
            problems.push(
                Diagnostic::invalid(path, format!("the table `{}` {whose}", table.table))
                    .hint("Give the table another name, or use another `dataset`."),
            );
            continue;
        }
        if document["view"].is_object() != table.is_view() {
            let (is, wanted) = match table.is_view() {
                true => ("a table, which a stream of the engine `runtime` made", "a view"),
                false => ("a view, which a stream of the engine `dataflow` made", "a table"),
            };
            problems.push(
                Diagnostic::invalid(
                    path,
                    format!("`{}` is {is}, and would have to be {wanted}", table.table),
                )
                .hint("Give it another name, or drop it: all that it says is in the changelog."),
            );
            continue;
        }
        let key = &document["tableConstraints"]["primaryKey"]["columns"];
        let wanted = &table.document["tableConstraints"]["primaryKey"]["columns"];
        if key != wanted {
            problems.push(
                Diagnostic::invalid(path, format!("the table `{}` lacks the key {wanted}", table.table))
                    .detail("Changes are told apart by it.")
                    .hint(
                        "Declare it: `ALTER TABLE … ADD PRIMARY KEY (…) NOT ENFORCED`, or give the table another name.",
                    ),
            );
            continue;
        }
        if table.attribute == "changelog" {
            found.insert(table.entity.to_owned(), entity_columns(&document));
        }
    }
    problems.into_result()?;
    Ok(found)
}

fn labels(spec: &PipelineSpec) -> Map<String, Json> {
    let mut labels: Map<String, Json> = spec
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    labels.insert(PIPELINE.into(), spec.name.as_str().into());
    labels
}

/// Creates what is missing and adds columns that are. Repeating it changes nothing.
pub(super) async fn deploy(bigquery: &BigQuery, spec: &PipelineSpec, stream: &CdcStreamSpec) -> Result<()> {
    existing(bigquery, &spec.name, stream).await?;
    for table in tables(stream) {
        let path = entity_path(table.entity).child(table.attribute);
        let mut document = table.document.clone();
        document["labels"] = Json::Object(labels(spec));
        let what = if table.attribute == "changelog" {
            "Changes"
        } else {
            "Records"
        };
        document["description"] = format!("{what} of {}, by the Headwater stream {}", table.entity, spec.name).into();
        match present(bigquery, &table.table).await? {
            Some(found) => change(bigquery, &table, stream.entities.get(table.entity), &found, &document)
                .await
                .map_err(|problem| problem.at(path))?,
            None => match bigquery.create_table(&table.table, &document).await {
                Ok(_) => tracing::info!(table = %table.table, "table created"),
                Err(error) if error.kind() == Kind::AlreadyExists => {}
                Err(error) => {
                    return Err(
                        cloud_problem(format!("cannot create the table `{}`", table.table), &error)
                            .at(path)
                            .into(),
                    );
                }
            },
        }
    }
    Ok(())
}

async fn change(
    bigquery: &BigQuery,
    table: &Table<'_>,
    entity: Option<&EntitySpec>,
    found: &Document,
    wanted: &Json,
) -> Result<(), Diagnostic> {
    let mut change = json!({});
    if table.is_view() && found["view"]["query"] != wanted["view"]["query"] {
        change["view"] = wanted["view"].clone();
    }
    let mut fields = found["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let before = fields.len();
    for column in entity
        .into_iter()
        .filter(|_| !table.is_view())
        .flat_map(|entity| &entity.columns)
    {
        let there = fields.iter().any(|field| {
            field["name"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
        });
        if !there {
            fields.push(entity_field(column));
        }
    }
    if fields.len() > before {
        change["schema"] = json!({"fields": fields});
    }
    if wanted["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .any(|(key, value)| found["labels"][key] != *value)
    {
        change["labels"] = wanted["labels"].clone();
    }
    let expiration = |document: &Json| document["timePartitioning"]["expirationMs"].as_str().map(str::to_owned);
    if expiration(found) != expiration(wanted) {
        change["timePartitioning"] = wanted["timePartitioning"].clone();
        change["timePartitioning"]["expirationMs"] = expiration(wanted).into();
    }
    if change.as_object().is_some_and(Map::is_empty) {
        return Ok(());
    }
    let summary = format!("cannot change the table `{}`", table.table);
    bigquery
        .patch_table(&table.table, &change, found["etag"].as_str())
        .await
        .explain(summary)?;
    tracing::info!(table = %table.table, "table changed");
    Ok(())
}

/// Takes out of `schemas` what is not there: entities of which a table is missing, and columns that were dropped.
pub(super) async fn hide_missing(cloud: &Cloud, stream: &CdcStreamSpec, state: &mut Model) -> Result<(), Diagnostic> {
    let bigquery = cloud.bigquery();
    let Some(schemas) = state.schemas.known_mut() else {
        return Ok(());
    };
    for table in tables(stream) {
        match present(&bigquery, &table.table).await? {
            Some(document) => {
                let columns = entity_columns(&document);
                if let Some(shown) = schemas.get_mut(table.entity) {
                    shown.retain(|column| columns.iter().any(|have| have.name.eq_ignore_ascii_case(&column.name)));
                }
            }
            None => drop(schemas.remove(table.entity)),
        }
    }
    Ok(())
}

/// Deletes tables that this stream made. Others stay.
pub(super) async fn delete(bigquery: &BigQuery, pipeline: &str, stream: &CdcStreamSpec) -> Result<(), Diagnostic> {
    for table in tables(stream) {
        let Some(document) = present(bigquery, &table.table).await? else {
            continue;
        };
        if document["labels"][PIPELINE].as_str() == Some(pipeline) {
            let summary = format!("cannot delete the table `{}`", table.table);
            bigquery.delete_table(&table.table).await.explain(summary)?;
        }
    }
    Ok(())
}
