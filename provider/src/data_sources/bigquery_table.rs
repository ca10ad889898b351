//! `headwater_bigquery_table`: a table or view that exists: its columns, rows and bytes.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use headwater_cloud::OptionalExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Attribute, Cx, DataSource, Diagnostic, Result, Schema, Timeouts, Type};

use crate::clients::Clients;
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::Explain as _;
use crate::resources::bigquery_table::column::{Column, int};
use crate::stakes::Stakes;

/// The data source.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryTable;

/// What it is given and what it finds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    table: Attr<String>,
    r#type: Attr<String>,
    location: Attr<String>,
    friendly_name: Attr<String>,
    description: Attr<String>,
    labels: Attr<Labels>,
    columns: Attr<Vec<Shown>>,
    schema_json: Attr<String>,
    partitioned_by: Attr<String>,
    clustering: Attr<Vec<String>>,
    query: Attr<String>,
    rows: Attr<i64>,
    bytes: Attr<i64>,
    created_at: Attr<String>,
    modified_at: Attr<String>,
    sql_name: Attr<String>,
    id: Attr<String>,
}

/// A column, or a field of a record under its path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    name: String,
    r#type: String,
    mode: String,
    description: String,
}

/// Columns in their order, each record before its fields.
fn shown(columns: &[Column], above: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    for column in columns {
        let name = format!("{above}{}", column.name);
        all.push(Shown {
            name: name.clone(),
            r#type: column.spelled_type(),
            mode: column.mode.api().to_owned(),
            description: column.description.clone(),
        });
        all.extend(shown(&column.fields, &format!("{name}.")));
    }
    all
}

fn time(found: &Json) -> Attr<String> {
    int(found)
        .and_then(DateTime::<Utc>::from_timestamp_millis)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        .into()
}

#[async_trait]
impl DataSource for BigQueryTable {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_table"
    }

    fn schema(&self) -> Schema {
        let found = |attribute: Attribute, text: &str| attribute.computed().describe(text);
        let column = [
            ("name", Type::String),
            ("type", Type::String),
            ("mode", Type::String),
            ("description", Type::String),
        ];
        Schema::new([
            (
                "table",
                Attribute::string()
                    .required()
                    .validate(names::table_path())
                    .describe("Which one: `projects/PROJECT/datasets/DATASET/tables/TABLE` or `PROJECT.DATASET.TABLE`."),
            ),
            ("type", found(Attribute::string(), "`TABLE`, `VIEW`, `MATERIALIZED_VIEW`, `EXTERNAL` or `SNAPSHOT`.")),
            ("location", found(Attribute::string(), "Where its data lies.")),
            ("friendly_name", found(Attribute::string(), "Its name for people.")),
            ("description", found(Attribute::string(), "What is in it.")),
            ("labels", found(Attribute::map(Type::String), "Its labels.")),
            (
                "columns",
                found(
                    Attribute::list(Type::object(column)),
                    "The columns in their order, each with `name`, `type`, `mode` and `description`. The fields of a record follow it as `record.field`.",
                ),
            ),
            ("schema_json", found(Attribute::string(), "The columns as JSON, as BigQuery's REST API writes them.")),
            ("partitioned_by", found(Attribute::string(), "The partitioning column; `_PARTITIONTIME` where rows are partitioned by ingestion.")),
            ("clustering", found(Attribute::list(Type::String), "The columns that rows are sorted by.")),
            ("query", found(Attribute::string(), "The query of a view.")),
            ("rows", found(Attribute::number(), "Its rows, those in the streaming buffer included.")),
            ("bytes", found(Attribute::number(), "The bytes of these.")),
            ("created_at", found(Attribute::string(), "When it was created.")),
            ("modified_at", found(Attribute::string(), "When its data or its columns were last changed.")),
            ("sql_name", found(Attribute::string(), "Its name for SQL, quoted: `` `PROJECT.DATASET.TABLE` ``.")),
            ("id", found(Attribute::string(), "The full name: `projects/PROJECT/datasets/DATASET/tables/TABLE`.")),
        ])
        .describe("A BigQuery table or view that exists: its columns, rows and bytes.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, config: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let text = config.table.require("table")?;
        let table = names::parse_table_path(text)
            .ok_or_else(|| Diagnostic::invalid("table", format!("`{text}` is not the name of a table")))?;
        let found = clients.cloud()?.bigquery().get_table(&table).await.optional();
        let found = found.explain_at("table", format!("cannot read the table `{table}`"))?;
        let Some(document) = found else {
            return Err(Diagnostic::invalid("table", format!("there is no table `{table}`"))
                .hint("Check the name. If this configuration creates it, add it to `depends_on`.")
                .into());
        };
        let text = |found: &Json| found.as_str().map(str::to_owned).into();
        let stakes = Stakes::of_table(&document);
        let fields = &document["schema"]["fields"];
        let clustering = document["clustering"]["fields"].as_array().into_iter().flatten();
        let ingestion = document["timePartitioning"].is_object().then_some("_PARTITIONTIME");
        let partitioned_by = document["timePartitioning"]["field"]
            .as_str()
            .or(document["rangePartitioning"]["field"].as_str())
            .or(ingestion);
        let query = [&document["view"]["query"], &document["materializedView"]["query"]];
        Ok(Model {
            r#type: text(&document["type"]),
            location: text(&document["location"]),
            friendly_name: text(&document["friendlyName"]),
            description: text(&document["description"]),
            labels: labels::read(&document["labels"], &Attr::Null),
            columns: shown(&Column::all_of(fields), "").into(),
            schema_json: if fields.is_array() {
                fields.to_string()
            } else {
                "[]".to_owned()
            }
            .into(),
            partitioned_by: partitioned_by.map(str::to_owned).into(),
            clustering: clustering
                .filter_map(Json::as_str)
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .into(),
            query: query.iter().find_map(|query| query.as_str()).map(str::to_owned).into(),
            rows: i64::try_from(stakes.rows).unwrap_or(i64::MAX).into(),
            bytes: i64::try_from(stakes.bytes).unwrap_or(i64::MAX).into(),
            created_at: time(&document["creationTime"]),
            modified_at: time(&document["lastModifiedTime"]),
            sql_name: table.sql().into(),
            id: table.id().into(),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_follow_their_record() {
        let columns = Column::all_of(&json!([
            {"name": "a", "type": "STRING", "maxLength": "5"},
            {"name": "r", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "x", "type": "INTEGER"}]},
        ]));
        let names: Vec<String> = shown(&columns, "")
            .into_iter()
            .map(|column| format!("{} {} {}", column.name, column.r#type, column.mode))
            .collect();
        assert_eq!(
            names,
            ["a STRING(5) NULLABLE", "r STRUCT REPEATED", "r.x INT64 NULLABLE"]
        );
    }

    #[test]
    fn the_model_fits_the_schema() {
        let problems = tfplugin_framework::check_data_source(&BigQueryTable);
        assert!(problems.is_empty(), "{problems:?}");
    }
}
