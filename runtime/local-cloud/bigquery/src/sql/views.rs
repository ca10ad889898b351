//! CREATE, ALTER and DROP of views and materialized views.

use serde_json::{Value, json};
use sqlparser::ast::{CreateView, Expr, ObjectName, Query, ViewColumnDef};

use super::ddl::{Performed, wrong_kind};
use super::materialized;
use super::options::partitioning;
use super::scope::Scope;
use super::{Result, Translator, from};
use crate::catalog::names::TableName;
use crate::catalog::{evolve, tables};
use crate::error::Fault;
use crate::types::rest_schema;

impl Translator<'_> {
    /// `text` is the view's query as it was written.
    pub(crate) fn create_view(&self, create: &CreateView, text: &str, partition: Option<&Expr>) -> Result<Performed> {
        if create.temporary {
            return Err(super::unsupported("temporary views", &create.name));
        }
        let view = self.table_name(&create.name)?;
        let old = tables::find(self.tx, &view)?;
        if old.is_some() && create.if_not_exists {
            return Ok(Performed::table("SKIP", view));
        }
        let kind = if create.materialized {
            "MATERIALIZED_VIEW"
        } else {
            "VIEW"
        };
        let mut settings = self.table_options(&create.options)?;
        let mut schema = self.view_columns(&view, &create.query)?;
        let named = !create.columns.is_empty();
        if named {
            self.name_columns(&mut schema, &create.columns)?;
        }
        if create.materialized {
            let mut definition = json!({"query": text});
            for (key, to) in [
                ("enableRefresh", "enableRefresh"),
                ("refreshIntervalMs", "refreshIntervalMs"),
                ("allowNonIncrementalDefinition", "allowNonIncrementalDefinition"),
            ] {
                if let Some(value) = settings.remove(key) {
                    definition[to] = value;
                }
            }
            let free = definition["allowNonIncrementalDefinition"] == true;
            materialized::check(&create.query, free)?;
            if !create.cluster_by.is_empty() {
                let fields: Vec<&str> = create.cluster_by.iter().map(|c| c.value.as_str()).collect();
                settings.insert("clustering".into(), json!({"fields": fields}));
            }
            if let Some(partition) = partition {
                let (key, value) = partitioning(partition)?;
                settings.insert(key.into(), value);
            }
            settings.insert("materializedView".into(), definition);
        } else {
            let mut definition = json!({"query": text, "useLegacySql": false});
            if named {
                definition["useExplicitColumnNames"] = json!(true);
            }
            settings.insert("view".into(), definition);
        }
        settings.insert("schema".into(), schema);
        let operation = match (&old, create.or_replace) {
            (Some(doc), true) if doc["type"] == kind => {
                tables::drop_table(self.tx, &view, doc)?;
                "REPLACE"
            }
            (Some(doc), true) => {
                return Err(Fault::query(format!(
                    "Cannot replace {} by a {kind}, it is a {}",
                    view.id(),
                    doc["type"].as_str().unwrap_or_default()
                )));
            }
            _ => "CREATE",
        };
        tables::create(self.tx, &view, &settings)?;
        Ok(Performed::table(operation, view))
    }

    /// The columns of a view's query. A view cannot read itself.
    fn view_columns(&self, view: &TableName, query: &Query) -> Result<Value> {
        let translated = self.elsewhere(&view.project, &view.id(), |t| t.top_query(query))?;
        let columns = self.tx.describe(&translated.sql)?;
        Ok(rest_schema(&columns))
    }

    /// Checks a view's query that came as text and answers its schema.
    pub(crate) fn view_schema(&self, view: &TableName, text: &str, materialized: Option<bool>) -> Result<Value> {
        let query = from::view_query(text)?;
        if let Some(free) = materialized {
            materialized::check(&query, free)?;
        }
        self.view_columns(view, &query)
    }

    fn name_columns(&self, schema: &mut Value, columns: &[ViewColumnDef]) -> Result<()> {
        let fields = evolve::fields(schema).len();
        if fields != columns.len() {
            return Err(Fault::query(format!(
                "The number of columns in the view's column list is {}, its query has {fields}",
                columns.len()
            )));
        }
        for (i, column) in columns.iter().enumerate() {
            schema["fields"][i]["name"] = json!(column.name.value);
            for option in column.options.iter().flat_map(column_options) {
                if let sqlparser::ast::ColumnOption::Options(options) = option {
                    for (key, value) in self.options(options)? {
                        if key == "description" {
                            schema["fields"][i]["description"] = value;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn drop_materialized_view(&self, name: &ObjectName, if_exists: bool) -> Result<Performed> {
        let view = self.table_name(name)?;
        let Some(doc) = tables::load_if(self.tx, &view, if_exists)? else {
            return Ok(Performed::table("SKIP", view));
        };
        if doc["type"] != "MATERIALIZED_VIEW" {
            let kind = doc["type"].as_str().unwrap_or_default();
            return Err(wrong_kind(&view, "MATERIALIZED VIEW", kind));
        }
        tables::drop_table(self.tx, &view, &doc)?;
        Ok(Performed::table("DROP", view))
    }

    /// A constant of a statement, for what stands outside of queries.
    pub(crate) fn constant(&self, expr: &Expr) -> Result<super::Ex> {
        self.expr(expr, &Scope::root())
    }
}

fn column_options(options: &sqlparser::ast::ColumnOptions) -> &[sqlparser::ast::ColumnOption] {
    match options {
        sqlparser::ast::ColumnOptions::CommaSeparated(list) | sqlparser::ast::ColumnOptions::SpaceSeparated(list) => {
            list
        }
    }
}
