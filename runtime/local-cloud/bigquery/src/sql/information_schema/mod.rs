//! INFORMATION_SCHEMA, out of the catalogue: the views of a dataset, and SCHEMATA of a project.
//! See <https://cloud.google.com/bigquery/docs/information-schema-intro>.

mod details;
mod meta_tables;

use serde_json::Value;

use super::{Result, Translated, Translator};
use crate::catalog::{datasets, int, routines, tables};
use crate::error::Fault;
use crate::types::{Field, Ty, declared, literal, quoted};

const TABLES: &[(&str, Ty)] = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("table_type", Ty::String),
    ("is_insertable_into", Ty::String),
    ("is_typed", Ty::String),
    ("creation_time", Ty::Timestamp),
];
const COLUMNS: &[(&str, Ty)] = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("column_name", Ty::String),
    ("ordinal_position", Ty::Int64),
    ("is_nullable", Ty::String),
    ("data_type", Ty::String),
    ("is_generated", Ty::String),
    ("generation_expression", Ty::String),
    ("is_stored", Ty::String),
    ("is_hidden", Ty::String),
    ("is_updatable", Ty::String),
    ("is_system_defined", Ty::String),
    ("is_partitioning_column", Ty::String),
    ("clustering_ordinal_position", Ty::Int64),
    ("collation_name", Ty::String),
    ("column_default", Ty::String),
    ("rounding_mode", Ty::String),
];
const VIEWS: &[(&str, Ty)] = &[
    ("table_catalog", Ty::String),
    ("table_schema", Ty::String),
    ("table_name", Ty::String),
    ("view_definition", Ty::String),
    ("use_standard_sql", Ty::String),
];
const SCHEMATA: &[(&str, Ty)] = &[
    ("catalog_name", Ty::String),
    ("schema_name", Ty::String),
    ("creation_time", Ty::Timestamp),
    ("last_modified_time", Ty::Timestamp),
    ("location", Ty::String),
];

impl Translator<'_> {
    /// `None`: the path is not one of INFORMATION_SCHEMA.
    pub(super) fn information_schema(&self, parts: &[String]) -> Result<Option<Translated>> {
        let Some(at) = parts.iter().position(|p| p.eq_ignore_ascii_case("INFORMATION_SCHEMA")) else {
            return Ok(None);
        };
        let view = parts.get(at + 1..).unwrap_or_default().join(".").to_ascii_uppercase();
        let prefix = &parts[..at];
        let is_region = |p: &str| p.to_ascii_lowercase().starts_with("region-");
        let (project, dataset) = match prefix {
            [] => (self.project.clone(), None),
            [one] if is_region(one) => (self.project.clone(), None),
            [one] => (self.project.clone(), Some(one.clone())),
            [project, one] if is_region(one) => (project.clone(), None),
            [project, one] => (project.clone(), Some(one.clone())),
            _ => return Err(Fault::query(format!("Invalid table name: {}", parts.join(".")))),
        };
        let scanned = match &dataset {
            Some(dataset) => {
                datasets::load(self.tx, &project, dataset)?;
                vec![dataset.clone()]
            }
            None => datasets::list(self.tx, &project)?
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        };
        let mut rows = Vec::new();
        let columns = match view.as_str() {
            "SCHEMATA" => {
                for (name, doc) in datasets::list(self.tx, &project)? {
                    rows.push(vec![
                        literal(&project),
                        literal(&name),
                        moment(&doc["creationTime"]),
                        moment(&doc["lastModifiedTime"]),
                        literal(doc["location"].as_str().unwrap_or_default()),
                    ]);
                }
                SCHEMATA
            }
            "SCHEMATA_OPTIONS" => {
                for (name, doc) in datasets::list(self.tx, &project)? {
                    for option in details::options(&doc, true) {
                        let mut row = vec![literal(&project), literal(&name)];
                        row.extend(option);
                        rows.push(row);
                    }
                }
                details::SCHEMATA_OPTIONS
            }
            "ROUTINES" | "PARAMETERS" => {
                for dataset in &scanned {
                    for (name, doc) in routines::list(self.tx, &project, dataset)? {
                        let head = vec![literal(&project), literal(dataset), literal(&name)];
                        if view == "ROUTINES" {
                            rows.push(details::routine(&head, &doc));
                        } else {
                            details::parameters(&head, &doc, &mut rows);
                        }
                    }
                }
                if view == "ROUTINES" {
                    details::ROUTINES
                } else {
                    details::PARAMETERS
                }
            }
            _ => {
                let columns = of_tables(&view)?;
                for dataset in &scanned {
                    for (name, doc) in tables::list(self.tx, &project, dataset)? {
                        let head = vec![literal(&project), literal(dataset), literal(&name)];
                        table_rows(&view, head, &name, &doc, &mut rows)?;
                    }
                }
                columns
            }
        };
        let columns = fields(columns);
        Ok(Some(Translated {
            sql: values(&columns, &rows),
            columns,
            origins: Vec::new(),
        }))
    }
}

fn fields(columns: &[(&str, Ty)]) -> Vec<Field> {
    columns
        .iter()
        .map(|(name, ty)| Field {
            name: (*name).to_owned(),
            ty: ty.clone(),
        })
        .collect()
}

/// The columns of a view that has rows for each table.
fn of_tables(view: &str) -> Result<&'static [(&'static str, Ty)]> {
    Ok(match view {
        "TABLES" => TABLES,
        "VIEWS" => VIEWS,
        "MATERIALIZED_VIEWS" => details::MATERIALIZED_VIEWS,
        "COLUMNS" => COLUMNS,
        "COLUMN_FIELD_PATHS" => details::COLUMN_FIELD_PATHS,
        "TABLE_OPTIONS" => details::TABLE_OPTIONS,
        "TABLE_CONSTRAINTS" => details::TABLE_CONSTRAINTS,
        "KEY_COLUMN_USAGE" => details::KEY_COLUMN_USAGE,
        other => {
            return Err(Fault::query(format!(
                "the local BigQuery does not support INFORMATION_SCHEMA.{other}"
            )));
        }
    })
}

fn table_rows(view: &str, head: Vec<String>, table: &str, doc: &Value, rows: &mut Vec<Vec<String>>) -> Result<()> {
    match view {
        "TABLES" => rows.push(table_row(head, doc)),
        "VIEWS" => rows.extend(view_row(head, doc)),
        "MATERIALIZED_VIEWS" => rows.extend(details::materialized_view(head, doc)),
        "COLUMN_FIELD_PATHS" => details::field_paths(&head, doc, rows)?,
        "TABLE_CONSTRAINTS" => details::constraints(&head, table, doc, rows),
        "KEY_COLUMN_USAGE" => details::key_columns(&head, table, doc, rows),
        "TABLE_OPTIONS" => {
            for option in details::options(doc, false) {
                let mut row = head.clone();
                row.extend(option);
                rows.push(row);
            }
        }
        _ => column_rows(&head, doc, rows)?,
    }
    Ok(())
}

fn yes(yes: bool) -> String {
    literal(if yes { "YES" } else { "NO" })
}

fn values(columns: &[Field], rows: &[Vec<String>]) -> String {
    let casts: Vec<String> = columns
        .iter()
        .map(|c| format!("CAST({0} AS {1}) AS {0}", quoted(&c.name), c.ty.duck()))
        .collect();
    let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
    let (rows, filter) = if rows.is_empty() {
        (format!("({})", vec!["NULL"; columns.len()].join(", ")), " WHERE FALSE")
    } else {
        (
            rows.iter()
                .map(|r| format!("({})", r.join(", ")))
                .collect::<Vec<_>>()
                .join(", "),
            "",
        )
    };
    format!(
        "(SELECT {} FROM (VALUES {rows}) AS v({}){filter})",
        casts.join(", "),
        names.join(", ")
    )
}

fn moment(value: &Value) -> String {
    int(value).map_or_else(|| "NULL".into(), |ms| format!("make_timestamptz({})", ms * 1000))
}

fn table_row(mut row: Vec<String>, doc: &Value) -> Vec<String> {
    let view = tables::is_view(doc);
    row.push(literal(match doc["type"].as_str() {
        Some("VIEW") => "VIEW",
        Some("MATERIALIZED_VIEW") => "MATERIALIZED VIEW",
        _ => "BASE TABLE",
    }));
    row.push(literal(if view { "NO" } else { "YES" }));
    row.push(literal("NO"));
    row.push(moment(&doc["creationTime"]));
    row
}

fn view_row(mut row: Vec<String>, doc: &Value) -> Option<Vec<String>> {
    if doc["type"] != "VIEW" {
        return None;
    }
    row.push(literal(doc["view"]["query"].as_str().unwrap_or_default()));
    row.push(literal("YES"));
    Some(row)
}

fn column_rows(head: &[String], doc: &Value, rows: &mut Vec<Vec<String>>) -> Result<()> {
    for (i, field) in doc["schema"]["fields"].as_array().into_iter().flatten().enumerate() {
        let name = field["name"].as_str().unwrap_or_default();
        let clustered = doc["clustering"]["fields"].as_array().into_iter().flatten();
        let position = clustered.into_iter().position(|f| f.as_str() == Some(name));
        let mut row = head.to_vec();
        row.push(literal(name));
        row.push((i + 1).to_string());
        row.push(yes(field["mode"] != "REQUIRED"));
        row.push(literal(&declared(field)?));
        row.push(literal("NEVER"));
        row.extend(["NULL".into(), "NULL".into(), yes(false), "NULL".into(), yes(false)]);
        row.push(yes(
            doc["timePartitioning"]["field"] == name || doc["rangePartitioning"]["field"] == name
        ));
        row.push(position.map_or_else(|| "NULL".into(), |p| (p + 1).to_string()));
        for key in ["collation", "defaultValueExpression"] {
            // BigQuery writes the word here, not a missing value.
            row.push(literal(field[key].as_str().unwrap_or("NULL")));
        }
        row.push(details::text(&field["roundingMode"]));
        rows.push(row);
    }
    Ok(())
}
