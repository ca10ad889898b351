//! CREATE and DROP of tables and schemas, ALTER of schemas: executed on the catalogue.

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    CreateTable, CreateTableLikeKind, Expr, ObjectName, ObjectType, SchemaName, SqlOption, Statement, WrappedCollection,
};

use super::options::partitioning;
use super::scope::Scope;
use super::{Result, Translator, literal, path, unsupported};
use crate::catalog::names::{ANONYMOUS, TableName};
use crate::catalog::{datasets, now_ms, tables};
use crate::error::Fault;
use crate::types::{columns, quoted, rest_schema};

/// What a DDL statement did, for the job's statistics.
#[derive(Debug, Clone)]
pub(crate) struct Performed {
    pub(crate) operation: &'static str,
    pub(crate) table: Option<TableName>,
    pub(crate) dataset: Option<(String, String)>,
    pub(crate) routine: Option<TableName>,
}

impl Performed {
    pub(super) fn nothing(operation: &'static str) -> Self {
        Self {
            operation,
            table: None,
            dataset: None,
            routine: None,
        }
    }

    pub(super) fn table(operation: &'static str, table: TableName) -> Self {
        Self {
            table: Some(table),
            ..Self::nothing(operation)
        }
    }

    pub(super) fn routine(operation: &'static str, routine: TableName) -> Self {
        Self {
            routine: Some(routine),
            ..Self::nothing(operation)
        }
    }

    fn dataset(operation: &'static str, name: &(String, String)) -> Self {
        Self {
            dataset: Some(name.clone()),
            ..Self::nothing(operation)
        }
    }
}

/// How long a temporary table lives at most; it ends with its script.
const TEMPORARY_MS: i64 = 24 * 3_600_000;

impl Translator<'_> {
    /// The hidden name of a temporary table.
    fn temporary_table(&self, create: &CreateTable) -> Result<TableName> {
        let parts = path(&create.name)?;
        match parts.as_slice() {
            [name] => {
                let job: String = self
                    .state
                    .owner()
                    .chars()
                    .map(|c| if c == '-' { '_' } else { c })
                    .collect();
                Ok(TableName::new(
                    &self.project,
                    ANONYMOUS,
                    &format!("script_{job}_{name}"),
                ))
            }
            _ => Err(Fault::query(format!(
                "A temporary table has a name without a dataset: {}",
                parts.join(".")
            ))),
        }
    }

    /// The schema of another table, and its partitioning, clustering and description where none are given.
    fn like(&self, like: &CreateTableLikeKind, settings: &mut Map<String, Value>) -> Result<Value> {
        let (CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) = like;
        let other = self.table_name(&like.name)?;
        let doc = tables::load(self.tx, &other)?;
        tables::must_be_table(&other, &doc)?;
        for key in [
            "timePartitioning",
            "rangePartitioning",
            "clustering",
            "description",
            "labels",
        ] {
            if !doc[key].is_null() {
                settings.entry(key).or_insert_with(|| doc[key].clone());
            }
        }
        Ok(doc["schema"].clone())
    }

    pub(crate) fn create_table(&self, create: &CreateTable) -> Result<Performed> {
        if create.external || create.snapshot {
            return Err(unsupported("this kind of CREATE TABLE", create));
        }
        let table = if create.temporary {
            self.temporary_table(create)?
        } else {
            self.table_name(&create.name)?
        };
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
        let schema = match &create.like {
            Some(like) => self.like(like, &mut settings)?,
            None => schema,
        };
        settings.insert("schema".into(), schema);
        if let Some(constraints) = self.constraints(&create.constraints, &create.columns)? {
            settings.insert("tableConstraints".into(), constraints);
        }
        if create.temporary {
            settings.insert("expirationTime".into(), json!((now_ms() + TEMPORARY_MS).to_string()));
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
        let doc = tables::create(self.tx, &table, &settings)?;
        self.apply_defaults(&table, &Value::Null, &doc)?;
        if create.temporary
            && let Some(name) = path(&create.name)?.last()
        {
            self.state.add_table(name, table.clone());
        }
        if query.is_some() {
            let names: Vec<String> = columns(&doc["schema"]["fields"])?
                .iter()
                .map(|c| quoted(&c.name))
                .collect();
            let (to, names) = (table.duck(), names.join(", "));
            self.tx
                .execute(&format!("INSERT INTO {to} ({names}) SELECT * FROM {work}"), &[])?;
            self.tx.run(&format!("DROP TABLE {work}"))?;
        }
        Ok(Performed::table(operation, table))
    }

    pub(crate) fn create_schema(
        &self,
        name: &SchemaName,
        if_not_exists: bool,
        options: &[SqlOption],
        collation: Option<&Expr>,
    ) -> Result<Performed> {
        let SchemaName::Simple(name) = name else {
            return Err(Fault::query("CREATE SCHEMA takes a name"));
        };
        let dataset = self.dataset_name(name)?;
        if if_not_exists && datasets::load(self.tx, &dataset.0, &dataset.1).is_ok() {
            return Ok(Performed::dataset("SKIP", &dataset));
        }
        let mut body = json!({"datasetReference": {"datasetId": dataset.1}});
        for (key, value) in self.schema_options(options)? {
            body[key] = value;
        }
        if let Some(collation) = collation {
            let text = self.expr(collation, &Scope::root())?;
            body["defaultCollation"] = json!(literal::text(&text).unwrap_or_default());
        }
        datasets::insert(self.tx, &dataset.0, &body)?;
        Ok(Performed::dataset("CREATE", &dataset))
    }

    pub(crate) fn alter_schema(&self, name: &ObjectName, if_exists: bool, options: &[SqlOption]) -> Result<Performed> {
        let dataset = self.dataset_name(name)?;
        if if_exists && datasets::load(self.tx, &dataset.0, &dataset.1).is_err() {
            return Ok(Performed::dataset("SKIP", &dataset));
        }
        let changes = Value::Object(self.schema_options(options)?);
        datasets::change(self.tx, &dataset.0, &dataset.1, &changes, false, None)?;
        Ok(Performed::dataset("ALTER", &dataset))
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
                let dataset = self.dataset_name(name)?;
                if *if_exists && datasets::load(self.tx, &dataset.0, &dataset.1).is_err() {
                    return Ok(Performed::dataset("SKIP", &dataset));
                }
                datasets::delete(self.tx, &dataset.0, &dataset.1, *cascade)?;
                Ok(Performed::dataset("DROP", &dataset))
            }
            ObjectType::Table | ObjectType::View => {
                let table = self.table_name(name)?;
                let Some(doc) = tables::find(self.tx, &table)? else {
                    if *if_exists {
                        return Ok(Performed::table("SKIP", table));
                    }
                    return Err(tables::not_found(&table));
                };
                let kind = doc["type"].as_str().unwrap_or_default();
                if kind != object_type.to_string() {
                    return Err(wrong_kind(&table, &object_type.to_string(), kind));
                }
                if let Some(single) = path(name)?.last() {
                    self.state.remove_table(single);
                }
                tables::drop_table(self.tx, &table, &doc)?;
                Ok(Performed::table("DROP", table))
            }
            _ => Err(unsupported("dropping this kind of object", statement)),
        }
    }

    pub(super) fn dataset_name(&self, name: &ObjectName) -> Result<(String, String)> {
        match path(name)?.as_slice() {
            [dataset] => Ok((self.project.clone(), dataset.clone())),
            [project, dataset] => Ok((project.clone(), dataset.clone())),
            parts => Err(Fault::query(format!("Invalid dataset name: {}", parts.join(".")))),
        }
    }
}

pub(super) fn wrong_kind(name: &TableName, wanted: &str, kind: &str) -> Fault {
    Fault::query(format!("Cannot drop {} as a {wanted}, it is a {kind}", name.id()))
}
