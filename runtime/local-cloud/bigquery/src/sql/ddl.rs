//! CREATE, ALTER and DROP of tables, views and schemas: executed on the catalogue.

use serde_json::{Value, json};
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, CreateTable, CreateTableOptions,
    CreateView, ObjectName, ObjectType, SchemaName, SqlOption, Statement, WrappedCollection,
};

use super::options::{days, partitioning, primary_key};
use super::{Result, Translator, literal, path, unsupported};
use crate::catalog::names::TableName;
use crate::catalog::{datasets, now_ms, tables};
use crate::error::{Fault, Reason};
use crate::types::{quoted, rest_field, rest_schema, storage_type};

/// What a DDL statement did, for the job's statistics.
#[derive(Debug, Clone)]
pub(crate) struct Performed {
    pub(crate) operation: &'static str,
    pub(crate) table: Option<TableName>,
    pub(crate) dataset: Option<(String, String)>,
}

impl Performed {
    fn table(operation: &'static str, table: TableName) -> Self {
        Self {
            operation,
            table: Some(table),
            dataset: None,
        }
    }
}

impl Translator<'_> {
    pub(crate) fn create_table(&self, create: &CreateTable) -> Result<Performed> {
        if create.temporary || create.external || create.snapshot {
            return Err(unsupported("this kind of CREATE TABLE", create));
        }
        if create.like.is_some() || create.clone.is_some() {
            return Err(unsupported("CREATE TABLE LIKE, COPY and CLONE", create));
        }
        let table = self.table_name(&create.name)?;
        let old = tables::find(self.tx, &table)?;
        if old.is_some() && create.if_not_exists {
            return Ok(Performed::table("SKIP", table));
        }
        let mut settings = self.table_options(&create.table_options)?;
        let query = create.query.as_ref().map(|q| self.top_query(q)).transpose()?;
        let schema = if create.columns.is_empty() {
            match &query {
                Some(query) => rest_schema(&self.tx.describe(&query.sql)?),
                None => json!({"fields": []}),
            }
        } else {
            json!({"fields": create.columns.iter().map(|c| self.column(c)).collect::<Result<Vec<_>>>()?})
        };
        settings.insert("schema".into(), schema);
        if let Some(key) = primary_key(&create.constraints, &create.columns) {
            settings.insert("tableConstraints".into(), json!({"primaryKey": {"columns": key}}));
        }
        if let Some(partition) = &create.partition_by {
            let (key, value) = partitioning(partition)?;
            settings.insert(key.into(), value);
        }
        if let Some(cluster) = &create.cluster_by {
            let (WrappedCollection::NoWrapping(list) | WrappedCollection::Parentheses(list)) = cluster;
            let fields: Vec<String> = list.iter().map(|e| e.to_string().replace('`', "")).collect();
            settings.insert("clustering".into(), json!({"fields": fields}));
        }
        if let Some(days) = settings.remove("partitionExpirationMs") {
            settings.entry("timePartitioning").or_insert(json!({"type": "DAY"}))["expirationMs"] = days;
        }
        // The rows are read before the old table goes: they may come out of it.
        let work = "_hw_create";
        if let Some(query) = &query {
            self.tx
                .run(&format!("CREATE OR REPLACE TEMP TABLE {work} AS {}", query.sql))?;
        }
        let operation = match (&old, create.or_replace) {
            (Some(doc), true) => {
                tables::must_be_table(&table, doc)?;
                tables::drop_table(self.tx, &table, doc)?;
                "REPLACE"
            }
            _ => "CREATE",
        };
        tables::create(self.tx, &table, &settings)?;
        if query.is_some() {
            self.tx
                .execute(&format!("INSERT INTO {} SELECT * FROM {work}", table.duck()), &[])?;
            self.tx.run(&format!("DROP TABLE {work}"))?;
        }
        Ok(Performed::table(operation, table))
    }

    pub(crate) fn create_view(&self, create: &CreateView, text: &str) -> Result<Performed> {
        if create.materialized || create.temporary {
            return Err(unsupported("this kind of CREATE VIEW", &create.name));
        }
        let view = self.table_name(&create.name)?;
        let old = tables::find(self.tx, &view)?;
        if old.is_some() && create.if_not_exists {
            return Ok(Performed::table("SKIP", view));
        }
        let mut query = self.top_query(&create.query)?;
        if !create.columns.is_empty() {
            return Err(unsupported("column names after a view's name", &create.name));
        }
        query.columns = self.tx.describe(&query.sql)?;
        let mut settings = self.table_options(&create.options)?;
        settings.insert("view".into(), json!({"query": text, "useLegacySql": false}));
        settings.insert("schema".into(), rest_schema(&query.columns));
        let operation = match (&old, create.or_replace) {
            (Some(doc), true) if tables::is_view(doc) => {
                tables::drop_table(self.tx, &view, doc)?;
                "REPLACE"
            }
            _ => "CREATE",
        };
        tables::create(self.tx, &view, &settings)?;
        Ok(Performed::table(operation, view))
    }

    pub(crate) fn create_schema(
        &self,
        name: &SchemaName,
        if_not_exists: bool,
        options: &[SqlOption],
    ) -> Result<Performed> {
        let SchemaName::Simple(name) = name else {
            return Err(Fault::query("CREATE SCHEMA takes a name"));
        };
        let (project, dataset) = self.dataset_name(name)?;
        let done = |operation| Performed {
            operation,
            table: None,
            dataset: Some((project.clone(), dataset.clone())),
        };
        if if_not_exists && datasets::load(self.tx, &project, &dataset).is_ok() {
            return Ok(done("SKIP"));
        }
        let mut body = json!({"datasetReference": {"datasetId": dataset}});
        for (key, value) in self.options(options)? {
            match key.as_str() {
                "description" | "friendly_name" | "location" | "labels" => {
                    let key = if key == "friendly_name" { "friendlyName" } else { &key };
                    body[key] = value;
                }
                "default_table_expiration_days" => body["defaultTableExpirationMs"] = days(&value)?,
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            }
        }
        datasets::insert(self.tx, &project, &body)?;
        Ok(done("CREATE"))
    }

    pub(crate) fn drop_object(&self, statement: &Statement) -> Result<Performed> {
        let Statement::Drop {
            object_type,
            if_exists,
            names,
            cascade,
            ..
        } = statement
        else {
            return Err(unsupported("this statement", statement));
        };
        let [name] = names.as_slice() else {
            return Err(unsupported("dropping several things at once", statement));
        };
        match object_type {
            ObjectType::Schema => {
                let (project, dataset) = self.dataset_name(name)?;
                let done = |operation| Performed {
                    operation,
                    table: None,
                    dataset: Some((project.clone(), dataset.clone())),
                };
                if *if_exists && datasets::load(self.tx, &project, &dataset).is_err() {
                    return Ok(done("SKIP"));
                }
                datasets::delete(self.tx, &project, &dataset, *cascade)?;
                Ok(done("DROP"))
            }
            ObjectType::Table | ObjectType::View => {
                let table = self.table_name(name)?;
                let Some(doc) = tables::find(self.tx, &table)? else {
                    if *if_exists {
                        return Ok(Performed::table("SKIP", table));
                    }
                    return Err(tables::not_found(&table));
                };
                if tables::is_view(&doc) != (*object_type == ObjectType::View) {
                    let kind = if tables::is_view(&doc) { "VIEW" } else { "TABLE" };
                    return Err(Fault::query(format!(
                        "Cannot drop {} as a {object_type}, it is a {kind}",
                        table.id()
                    )));
                }
                tables::drop_table(self.tx, &table, &doc)?;
                Ok(Performed::table("DROP", table))
            }
            _ => Err(unsupported("dropping this kind of object", statement)),
        }
    }

    pub(crate) fn alter_table(&self, alter: &AlterTable) -> Result<Performed> {
        let table = self.table_name(&alter.name)?;
        let Some(mut doc) = tables::find(self.tx, &table)? else {
            if alter.if_exists {
                return Ok(Performed::table("SKIP", table));
            }
            return Err(tables::not_found(&table));
        };
        for operation in &alter.operations {
            self.alter(&table, &mut doc, operation)?;
        }
        doc["lastModifiedTime"] = json!(now_ms().to_string());
        tables::save(self.tx, &table, &doc)?;
        Ok(Performed::table("ALTER", table))
    }

    fn alter(&self, table: &TableName, doc: &mut Value, operation: &AlterTableOperation) -> Result<()> {
        let mut fields = doc["schema"]["fields"].as_array().cloned().unwrap_or_default();
        let position = |fields: &[Value], name: &str| {
            fields
                .iter()
                .position(|f| f["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        };
        let missing = |name: &str| Fault::query(format!("Column not found: {name} in table {}", table.id()));
        match operation {
            AlterTableOperation::AddColumn {
                if_not_exists,
                column_def,
                ..
            } => {
                tables::must_be_table(table, doc)?;
                if position(&fields, &column_def.name.value).is_some() {
                    if *if_not_exists {
                        return Ok(());
                    }
                    return Err(Fault::query(format!(
                        "Column already exists: {} in table {}",
                        column_def.name.value,
                        table.id()
                    )));
                }
                fields.push(self.column(column_def)?);
                let new = crate::types::normalise_schema(&json!({"fields": fields}))?;
                tables::evolve(self.tx, table, &doc["schema"], &new)?;
                doc["schema"] = new;
            }
            AlterTableOperation::DropColumn {
                column_names,
                if_exists,
                ..
            } => {
                for name in column_names {
                    let Some(at) = position(&fields, &name.value) else {
                        if *if_exists {
                            continue;
                        }
                        return Err(missing(&name.value));
                    };
                    if fields.len() == 1 {
                        return Err(Fault::query("A table must keep at least one column"));
                    }
                    fields.remove(at);
                    self.tx.run(&format!(
                        "ALTER TABLE {} DROP COLUMN {}",
                        table.duck(),
                        quoted(&name.value)
                    ))?;
                }
                doc["schema"]["fields"] = Value::Array(fields);
            }
            AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => {
                let at = position(&fields, &old_column_name.value).ok_or_else(|| missing(&old_column_name.value))?;
                fields[at]["name"] = json!(new_column_name.value);
                let new = crate::types::normalise_schema(&json!({"fields": fields}))?;
                let (old, name) = (quoted(&old_column_name.value), quoted(&new_column_name.value));
                self.tx
                    .run(&format!("ALTER TABLE {} RENAME COLUMN {old} TO {name}", table.duck()))?;
                doc["schema"] = new;
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let at = position(&fields, &column_name.value).ok_or_else(|| missing(&column_name.value))?;
                let column = quoted(&column_name.value);
                match op {
                    AlterColumnOperation::DropNotNull => {
                        fields[at]["mode"] = json!("NULLABLE");
                        self.tx.run(&format!(
                            "ALTER TABLE {} ALTER COLUMN {column} DROP NOT NULL",
                            table.duck()
                        ))?;
                    }
                    AlterColumnOperation::SetDataType { data_type, .. } => {
                        let to = literal::data_type(data_type)?;
                        let from = crate::types::field_type(&fields[at])?;
                        if !super::dml::assignable(&from, &to) {
                            return Err(Fault::query(format!(
                                "ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({}) is \
                                 assignable to the new type ({})",
                                from.sql(),
                                to.sql()
                            )));
                        }
                        let mut field = rest_field(&column_name.value, &to);
                        field["mode"] = fields[at]["mode"].clone();
                        if !fields[at]["description"].is_null() {
                            field["description"] = fields[at]["description"].clone();
                        }
                        let duck = storage_type(&field)?;
                        fields[at] = field;
                        self.tx.run(&format!(
                            "ALTER TABLE {} ALTER COLUMN {column} SET DATA TYPE {duck}",
                            table.duck()
                        ))?;
                    }
                    other => {
                        return Err(Fault::query(format!(
                            "the local BigQuery does not support ALTER COLUMN {other}"
                        )));
                    }
                }
                doc["schema"]["fields"] = Value::Array(fields);
            }
            AlterTableOperation::SetOptionsParens { options } => {
                let settings = self.table_options(&CreateTableOptions::Options(options.clone()))?;
                for (key, value) in settings {
                    if value.is_null() {
                        doc.as_object_mut().map(|map| map.remove(&key));
                    } else {
                        doc[key] = value;
                    }
                }
            }
            AlterTableOperation::RenameTable { table_name } => {
                tables::must_be_table(table, doc)?;
                let new = table_name.to_string();
                let new = new.rsplit(' ').next().unwrap_or_default().replace('`', "");
                return Err(Fault::new(
                    Reason::NotImplemented,
                    format!("the local BigQuery does not rename tables (to {new})"),
                ));
            }
            other => {
                return Err(Fault::query(format!(
                    "the local BigQuery does not support ALTER TABLE {other}"
                )));
            }
        }
        Ok(())
    }

    fn dataset_name(&self, name: &ObjectName) -> Result<(String, String)> {
        match path(name)?.as_slice() {
            [dataset] => Ok((self.project.clone(), dataset.clone())),
            [project, dataset] => Ok((project.clone(), dataset.clone())),
            parts => Err(Fault::query(format!("Invalid dataset name: {}", parts.join(".")))),
        }
    }

    /// A column definition as a REST schema's field.
    fn column(&self, column: &ColumnDef) -> Result<Value> {
        let ty = literal::data_type(&column.data_type)?;
        let mut field = rest_field(&column.name.value, &ty);
        if let Some((precision, scale)) = literal::precision(&column.data_type) {
            field["precision"] = json!(precision.to_string());
            field["scale"] = json!(scale.to_string());
        }
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull if field["mode"] == "NULLABLE" => field["mode"] = json!("REQUIRED"),
                ColumnOption::Null | ColumnOption::NotNull | ColumnOption::PrimaryKey(_) => {}
                ColumnOption::Options(options) => {
                    for (key, value) in self.options(options)? {
                        if key == "description" {
                            field["description"] = value;
                        }
                    }
                }
                other => {
                    return Err(Fault::query(format!(
                        "the local BigQuery does not support the column option {other}"
                    )));
                }
            }
        }
        Ok(field)
    }

    /// The columns of a view, for the catalogue.
    pub(crate) fn view_columns(&self, text: &str) -> Result<Value> {
        let query = super::from::view_query(text)?;
        let translated = self.top_query(&query)?;
        Ok(rest_schema(&self.tx.describe(&translated.sql)?))
    }
}
