//! ALTER TABLE: columns, constraints, options, names; and the columns' default values.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_table_add_column_statement>.

use serde_json::{Value, json};
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, CreateTableOptions, DataType,
    Ident, ObjectName, RenameTableNameKind, SqlOption,
};

use super::ddl::Performed;
use super::literal::coerce;
use super::scope::Scope;
use super::{Result, Translator, literal, parse, unsupported};
use crate::catalog::evolve::{evolve, field_name, fields, loosened, position};
use crate::catalog::names::TableName;
use crate::catalog::{history, settings, tables};
use crate::error::Fault;
use crate::schema::normalise_schema;
use crate::types::{Ty, field_type, quoted, rest_field, storage_type};

impl Translator<'_> {
    pub(crate) fn alter_table(&self, alter: &AlterTable) -> Result<Performed> {
        let mut table = self.table_name(&alter.name)?;
        let Some(old) = tables::load_if(self.tx, &table, alter.if_exists)? else {
            return Ok(Performed::table("SKIP", table));
        };
        tables::must_be_table(&table, &old)?;
        history::keep(self.tx, &table, &old)?;
        let mut doc = old.clone();
        for operation in &alter.operations {
            if let AlterTableOperation::RenameTable { table_name } = operation {
                let (RenameTableNameKind::As(new) | RenameTableNameKind::To(new)) = table_name;
                let new = super::path(new)?;
                let [new] = new.as_slice() else {
                    return Err(Fault::query(format!(
                        "A table keeps its dataset when it is renamed: give a name without a dataset, not {}",
                        new.join(".")
                    )));
                };
                table = tables::rename(self.tx, &table, new)?;
                continue;
            }
            self.alter(&table, &mut doc, operation)?;
        }
        tables::save_checked(self.tx, &table, &old, &mut doc)?;
        self.apply_defaults(&table, &old, &doc)?;
        Ok(Performed::table("ALTER", table))
    }

    /// `ALTER TABLE … ALTER COLUMN … SET OPTIONS`.
    pub(crate) fn alter_column_options(
        &self,
        name: &ObjectName,
        if_exists: bool,
        columns: &[(Ident, Vec<SqlOption>)],
    ) -> Result<Performed> {
        let table = self.table_name(name)?;
        let Some(old) = tables::load_if(self.tx, &table, if_exists)? else {
            return Ok(Performed::table("SKIP", table));
        };
        let mut doc = old.clone();
        for (column, options) in columns {
            let at = position(fields(&doc["schema"]), &column.value).ok_or_else(|| missing(&table, &column.value))?;
            self.column_options(&mut doc["schema"]["fields"][at], options)?;
        }
        tables::save_checked(self.tx, &table, &old, &mut doc)?;
        Ok(Performed::table("ALTER", table))
    }

    /// `ALTER {TABLE | [MATERIALIZED] VIEW} … SET OPTIONS`.
    pub(crate) fn alter_options(
        &self,
        kind: &'static str,
        name: &ObjectName,
        if_exists: bool,
        options: &[SqlOption],
    ) -> Result<Performed> {
        let table = self.table_name(name)?;
        let Some(old) = tables::load_if(self.tx, &table, if_exists)? else {
            return Ok(Performed::table("SKIP", table));
        };
        if old["type"] != kind {
            let found = old["type"].as_str().unwrap_or_default().replace('_', " ");
            return Err(Fault::query(format!(
                "Cannot alter {} as a {}, it is a {found}: use ALTER {found}",
                table.id(),
                kind.replace('_', " ")
            )));
        }
        let mut doc = old.clone();
        let mut settings = self.table_options(&CreateTableOptions::Options(options.to_vec()))?;
        for (key, option) in [
            ("enableRefresh", "enable_refresh"),
            ("refreshIntervalMs", "refresh_interval_minutes"),
        ] {
            let Some(value) = settings.remove(key) else { continue };
            if kind != "MATERIALIZED_VIEW" {
                return Err(Fault::query(format!(
                    "Unknown option: {option}: only a materialized view has it, and {} is a {kind}",
                    table.id()
                )));
            }
            doc["materializedView"][key] = value;
        }
        set_options(&mut doc, settings);
        tables::save_checked(self.tx, &table, &old, &mut doc)?;
        Ok(Performed::table("ALTER", table))
    }

    fn alter(&self, table: &TableName, doc: &mut Value, operation: &AlterTableOperation) -> Result<()> {
        match operation {
            AlterTableOperation::AddColumn {
                if_not_exists,
                column_def,
                ..
            } => self.add_column(table, doc, column_def, *if_not_exists),
            AlterTableOperation::DropColumn {
                column_names,
                if_exists,
                ..
            } => {
                for name in column_names {
                    self.drop_column(table, doc, &name.value, *if_exists)?;
                }
                Ok(())
            }
            AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => self.rename_column(table, doc, old_column_name, new_column_name),
            AlterTableOperation::AlterColumn { column_name, op } => {
                self.alter_column(table, doc, &column_name.value, op)
            }
            AlterTableOperation::AddConstraint { constraint, .. } => {
                let added = self
                    .constraints(std::slice::from_ref(constraint), &[])?
                    .unwrap_or_default();
                let constraints = &mut doc["tableConstraints"];
                if added["primaryKey"].is_object() {
                    if constraints["primaryKey"].is_object() {
                        return Err(Fault::query(format!("Table {} has a primary key already", table.id())));
                    }
                    constraints["primaryKey"] = added["primaryKey"].clone();
                }
                let mut keys = constraints["foreignKeys"].as_array().cloned().unwrap_or_default();
                keys.extend(added["foreignKeys"].as_array().into_iter().flatten().cloned());
                constraints["foreignKeys"] = Value::Array(keys);
                Ok(())
            }
            AlterTableOperation::DropPrimaryKey { .. } => {
                let constraints = doc["tableConstraints"].as_object_mut();
                match constraints.and_then(|c| c.remove("primaryKey")) {
                    Some(_) => Ok(()),
                    None => Err(Fault::query(format!("Table {} has no primary key", table.id()))),
                }
            }
            AlterTableOperation::DropConstraint { if_exists, name, .. } => {
                let mut keys = doc["tableConstraints"]["foreignKeys"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let before = keys.len();
                keys.retain(|k| !k["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&name.value)));
                if keys.len() == before && !if_exists {
                    return Err(Fault::query(format!(
                        "Constraint {} not found in table {}",
                        name.value,
                        table.id()
                    )));
                }
                if doc["tableConstraints"].is_object() {
                    doc["tableConstraints"]["foreignKeys"] = Value::Array(keys);
                }
                Ok(())
            }
            other => Err(Fault::query(format!(
                "the local BigQuery does not support ALTER TABLE {other}"
            ))),
        }
    }

    fn add_column(&self, table: &TableName, doc: &mut Value, column: &ColumnDef, if_not_exists: bool) -> Result<()> {
        let mut list = fields(&doc["schema"]).to_vec();
        let name = &column.name.value;
        if position(&list, name).is_some() {
            if if_not_exists {
                return Ok(());
            }
            return Err(Fault::query(format!(
                "Column already exists: {name} in table {}",
                table.id()
            )));
        }
        let field = self.column(column)?;
        if field["mode"] == "REQUIRED" {
            return Err(Fault::query(format!(
                "Cannot add required fields to an existing schema. (field: {name})"
            )));
        }
        if !field["defaultValueExpression"].is_null() {
            return Err(Fault::query(format!(
                "Cannot add a column with a default value to an existing table; add {name} and then use ALTER COLUMN {name} \
                 SET DEFAULT"
            )));
        }
        list.push(field);
        let new = normalise_schema(&json!({"fields": list}))?;
        evolve(self.tx, table, &doc["schema"], &new)?;
        doc["schema"] = new;
        Ok(())
    }

    fn drop_column(&self, table: &TableName, doc: &mut Value, name: &str, if_exists: bool) -> Result<()> {
        let mut list = fields(&doc["schema"]).to_vec();
        let Some(at) = position(&list, name) else {
            if if_exists {
                return Ok(());
            }
            return Err(missing(table, name));
        };
        if let Some(role) = settings::role(doc, name) {
            return Err(Fault::query(format!(
                "Cannot drop column {name}: it is {role} of {}",
                table.id()
            )));
        }
        if list.len() == 1 {
            return Err(Fault::query("A table must keep at least one column"));
        }
        let stored = field_name(&list.remove(at)).to_owned();
        self.tx
            .run(&format!("ALTER TABLE {} DROP COLUMN {}", table.duck(), quoted(&stored)))?;
        doc["schema"]["fields"] = Value::Array(list);
        Ok(())
    }

    fn rename_column(&self, table: &TableName, doc: &mut Value, old: &Ident, new: &Ident) -> Result<()> {
        let mut list = fields(&doc["schema"]).to_vec();
        let at = position(&list, &old.value).ok_or_else(|| missing(table, &old.value))?;
        if let Some(role) = settings::role(doc, &old.value) {
            return Err(Fault::query(format!(
                "Cannot rename column {}: it is {role} of {}",
                old.value,
                table.id()
            )));
        }
        list[at]["name"] = json!(new.value);
        let schema = normalise_schema(&json!({"fields": list}))?;
        self.tx.run(&format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            table.duck(),
            quoted(&old.value),
            quoted(&new.value)
        ))?;
        doc["schema"] = schema;
        Ok(())
    }

    fn alter_column(&self, table: &TableName, doc: &mut Value, name: &str, op: &AlterColumnOperation) -> Result<()> {
        let mut list = fields(&doc["schema"]).to_vec();
        let at = position(&list, name).ok_or_else(|| missing(table, name))?;
        let column = quoted(field_name(&list[at]));
        match op {
            AlterColumnOperation::DropNotNull => {
                if list[at]["mode"] == "REPEATED" {
                    return Err(Fault::query(format!(
                        "Column {name} is repeated and has no NOT NULL constraint"
                    )));
                }
                list[at]["mode"] = json!("NULLABLE");
                self.tx.run(&format!(
                    "ALTER TABLE {} ALTER COLUMN {column} DROP NOT NULL",
                    table.duck()
                ))?;
            }
            AlterColumnOperation::SetDataType { data_type, .. } => {
                if let Some(role) = settings::role(doc, name).filter(|r| r.starts_with("the partitioning")) {
                    return Err(Fault::query(format!(
                        "Cannot change the type of column {name}: it is {role}"
                    )));
                }
                let field = retyped(&list[at], data_type)?;
                let duck = storage_type(&field)?;
                list[at] = field;
                self.tx.run(&format!(
                    "ALTER TABLE {} ALTER COLUMN {column} SET DATA TYPE {duck}",
                    table.duck()
                ))?;
            }
            AlterColumnOperation::SetDefault { value } => {
                list[at]["defaultValueExpression"] = json!(value.to_string());
            }
            AlterColumnOperation::DropDefault => {
                if let Some(field) = list[at].as_object_mut() {
                    field.remove("defaultValueExpression");
                }
            }
            other => {
                return Err(Fault::query(format!(
                    "the local BigQuery does not support ALTER COLUMN {other}"
                )));
            }
        }
        doc["schema"] = normalise_schema(&json!({"fields": list}))?;
        Ok(())
    }

    /// A column definition as a REST schema's field.
    pub(super) fn column(&self, column: &ColumnDef) -> Result<Value> {
        let ty = literal::data_type(&column.data_type)?;
        let mut field = rest_field(&column.name.value, &ty);
        limits(&mut field, &column.data_type);
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull if field["mode"] == "NULLABLE" => field["mode"] = json!("REQUIRED"),
                ColumnOption::Null
                | ColumnOption::NotNull
                | ColumnOption::PrimaryKey(_)
                | ColumnOption::ForeignKey(_) => {}
                ColumnOption::Default(value) => field["defaultValueExpression"] = json!(value.to_string()),
                ColumnOption::Options(options) => self.column_options(&mut field, options)?,
                ColumnOption::Collation(name) => field["collation"] = json!(super::path(name)?.join(".")),
                other => return Err(unsupported(&format!("the column option {other}"), column)),
            }
        }
        Ok(field)
    }

    fn column_options(&self, field: &mut Value, options: &[SqlOption]) -> Result<()> {
        for (key, value) in self.options(options)? {
            match key.as_str() {
                "description" => field["description"] = value,
                "rounding_mode" => field["roundingMode"] = value,
                "policy_tags" => field["policyTags"] = json!({"names": value}),
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            }
        }
        Ok(())
    }

    /// Gives DuckDB's columns the default values that have changed between two documents.
    pub(crate) fn apply_defaults(&self, table: &TableName, old: &Value, new: &Value) -> Result<()> {
        for field in fields(&new["schema"]) {
            let old = position(fields(&old["schema"]), field_name(field)).map(|at| &fields(&old["schema"])[at]);
            let before = old.map_or(&Value::Null, |o| &o["defaultValueExpression"]);
            let after = &field["defaultValueExpression"];
            if before == after {
                continue;
            }
            let column = quoted(field_name(field));
            let change = match after.as_str() {
                None => "DROP DEFAULT".to_owned(),
                Some(text) => format!("SET DEFAULT {}", self.default_value(field, text)?),
            };
            self.tx
                .run(&format!("ALTER TABLE {} ALTER COLUMN {column} {change}", table.duck()))?;
        }
        Ok(())
    }

    /// A default value in DuckDB's SQL: an expression of constants and of functions that read the clock.
    pub(crate) fn default_value(&self, field: &Value, text: &str) -> Result<String> {
        let expr = parse::expression_text(text)?;
        let ty = field_type(field)?;
        let name = field_name(field);
        let value = self.elsewhere(&self.project, name, |t| t.expr(&expr, &Scope::root()))?;
        let value = coerce(value, &ty);
        if !super::dml::assignable(&value.ty, &ty) {
            return Err(Fault::query(format!(
                "Default value of type {} cannot be assigned to column {name}, which has type {}",
                value.ty.sql(),
                ty.sql()
            )));
        }
        Ok(format!("CAST({} AS {})", value.sql, ty.duck()))
    }
}

/// Options in a document; NULL takes one away.
fn set_options(doc: &mut Value, mut settings: serde_json::Map<String, Value>) {
    if let Some(expiration) = settings.remove("partitionExpirationMs") {
        doc["timePartitioning"]["expirationMs"] = expiration;
    }
    for (key, value) in settings {
        if value.is_null() {
            doc.as_object_mut().map(|map| map.remove(&key));
        } else {
            doc[key] = value;
        }
    }
    if doc["timePartitioning"]["expirationMs"].is_null()
        && let Some(map) = doc["timePartitioning"].as_object_mut()
    {
        map.remove("expirationMs");
    }
    if doc["timePartitioning"].is_null() {
        doc.as_object_mut().map(|map| map.remove("timePartitioning"));
    }
}

fn missing(table: &TableName, name: &str) -> Fault {
    Fault::query(format!("Column not found: {name} in table {}", table.id()))
}

/// The limits that a type in a statement declares.
fn limits(field: &mut Value, ty: &DataType) {
    if let Some((precision, scale)) = literal::precision(ty) {
        field["precision"] = json!(precision.to_string());
        if scale != 0 {
            field["scale"] = json!(scale.to_string());
        }
    }
    if let Some(length) = literal::max_length(ty) {
        field["maxLength"] = json!(length.to_string());
    }
    match ty {
        DataType::Array(sqlparser::ast::ArrayElemTypeDef::AngleBracket(inner)) => limits(field, inner),
        DataType::Struct(inner, _) => {
            for (i, part) in inner.iter().enumerate() {
                limits(&mut field["fields"][i], &part.field_type);
            }
        }
        _ => {}
    }
}

/// A field under another type, if every value of the old type is one of the new.
fn retyped(old: &Value, data_type: &DataType) -> Result<Value> {
    let to = literal::data_type(data_type)?;
    let from = field_type(old)?;
    let mut field = rest_field(field_name(old), &to);
    limits(&mut field, data_type);
    let same = from == to;
    if !widens(&from, &to) || (same && !loosened(old, &field)) {
        return Err(Fault::query(format!(
            "ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({}) is assignable to the new \
             type ({})",
            from.sql(),
            to.sql()
        )));
    }
    for key in [
        "mode",
        "description",
        "policyTags",
        "collation",
        "defaultValueExpression",
        "roundingMode",
    ] {
        if !old[key].is_null() {
            field[key] = old[key].clone();
        }
    }
    Ok(field)
}

/// Whether a column may change its type: BigQuery widens numbers, and the fields of records alike. New fields may
/// come at a record's end.
fn widens(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Int64, Ty::Numeric | Ty::BigNumeric | Ty::Float64)
        | (Ty::Numeric, Ty::BigNumeric | Ty::Float64)
        | (Ty::BigNumeric, Ty::Float64) => true,
        (Ty::Array(a), Ty::Array(b)) => widens(a, b),
        (Ty::Struct(a), Ty::Struct(b)) => {
            a.len() <= b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name.eq_ignore_ascii_case(&b.name) && widens(&a.ty, &b.ty))
        }
        _ => from == to,
    }
}
