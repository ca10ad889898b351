//! `__TABLES__` and `__TABLES_SUMMARY__`, the tables of a dataset as they were listed before there was INFORMATION_SCHEMA.
//! See <https://cloud.google.com/bigquery/docs/reference/legacy-sql#metadata>.

use serde_json::Value;

use super::super::{Result, Translated, Translator};
use super::{fields, values};
use crate::catalog::names::TableName;
use crate::catalog::{datasets, int, size, tables};
use crate::error::Fault;
use crate::types::{Ty, literal};

const TABLES: &[(&str, Ty)] = &[
    ("project_id", Ty::String),
    ("dataset_id", Ty::String),
    ("table_id", Ty::String),
    ("creation_time", Ty::Int64),
    ("last_modified_time", Ty::Int64),
    ("row_count", Ty::Int64),
    ("size_bytes", Ty::Int64),
    ("type", Ty::Int64),
];
const SUMMARY: &[(&str, Ty)] = &[
    ("project_id", Ty::String),
    ("dataset_id", Ty::String),
    ("table_id", Ty::String),
    ("creation_time", Ty::Int64),
    ("type", Ty::Int64),
];

impl Translator<'_> {
    /// `None`: the path is not one of these.
    pub(in crate::sql) fn meta_table(&self, parts: &[String]) -> Result<Option<Translated>> {
        let Some((last, prefix)) = parts.split_last() else {
            return Ok(None);
        };
        let summary = last.eq_ignore_ascii_case("__TABLES_SUMMARY__");
        if !summary && !last.eq_ignore_ascii_case("__TABLES__") {
            return Ok(None);
        }
        let (project, dataset) = match prefix {
            [dataset] => (self.project.clone(), dataset),
            [project, dataset] => (project.clone(), dataset),
            _ => {
                return Err(Fault::query(format!(
                    "Table \"{last}\" must be qualified with a dataset (e.g. dataset.table)."
                )));
            }
        };
        datasets::load(self.tx, &project, dataset)?;
        let mut rows = Vec::new();
        for (table, doc) in tables::list(self.tx, &project, dataset)? {
            let mut row = vec![
                literal(&project),
                literal(dataset),
                literal(&table),
                number(&doc["creationTime"]),
            ];
            if !summary {
                let (count, bytes) = size::of(self.tx, &TableName::new(&project, dataset, &table), &doc)?;
                row.extend([number(&doc["lastModifiedTime"]), count.to_string(), bytes.to_string()]);
            }
            // A materialized view is not among the documented kinds; its rows come of a query.
            row.push(if tables::is_view(&doc) { "2" } else { "1" }.into());
            rows.push(row);
        }
        let columns = fields(if summary { SUMMARY } else { TABLES });
        Ok(Some(Translated {
            sql: values(&columns, &rows),
            columns,
            origins: Vec::new(),
        }))
    }
}

fn number(value: &Value) -> String {
    int(value).map_or_else(|| "NULL".into(), |n| n.to_string())
}
