//! What DDL says about tables besides their columns: OPTIONS, primary keys, partitioning.

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTableOptions, Expr, FunctionArguments, Ident, ObjectName, SqlOption, TableConstraint,
};

use super::scope::Scope;
use super::{Ex, Literal, Result, Translator, literal, unsupported};
use crate::catalog::partitions::{DATE, TIME};
use crate::error::Fault;
use crate::types::{Field, Ty};

impl Translator<'_> {
    /// OPTIONS(…) of a table or view, as the settable part of its resource.
    pub(super) fn table_options(&self, options: &CreateTableOptions) -> Result<Map<String, Value>> {
        let mut out = Map::new();
        let (CreateTableOptions::Options(options)
        | CreateTableOptions::With(options)
        | CreateTableOptions::Plain(options)) = options
        else {
            return Ok(out);
        };
        for (key, value) in self.options(options)? {
            match key.as_str() {
                "description" | "labels" => out.insert(key, value),
                "friendly_name" => out.insert("friendlyName".into(), value),
                "require_partition_filter" => out.insert("requirePartitionFilter".into(), value),
                "partition_expiration_days" => out.insert("partitionExpirationMs".into(), days(&value)?),
                "expiration_timestamp" => out.insert("expirationTime".into(), value),
                "max_staleness" => out.insert("maxStaleness".into(), value),
                "default_rounding_mode" => out.insert("defaultRoundingMode".into(), value),
                "kms_key_name" => out.insert("encryptionConfiguration".into(), json!({"kmsKeyName": value})),
                "tags" => out.insert("resourceTags".into(), value),
                "enable_refresh" => out.insert("enableRefresh".into(), value),
                "allow_non_incremental_definition" => out.insert("allowNonIncrementalDefinition".into(), value),
                "refresh_interval_minutes" => {
                    let ms = number(&value)? * 60_000.0;
                    out.insert("refreshIntervalMs".into(), json!(whole(ms)))
                }
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            };
        }
        Ok(out)
    }

    /// OPTIONS(…) of a schema, as the settable part of its resource; NULL takes a setting away.
    pub(super) fn schema_options(&self, options: &[SqlOption]) -> Result<Map<String, Value>> {
        let mut out = Map::new();
        for (key, value) in self.options(options)? {
            let (name, value) = match key.as_str() {
                "description" | "labels" | "location" => (key.as_str(), value),
                "friendly_name" => ("friendlyName", value),
                "default_table_expiration_days" => ("defaultTableExpirationMs", days(&value)?),
                "default_partition_expiration_days" => ("defaultPartitionExpirationMs", days(&value)?),
                "max_time_travel_hours" => ("maxTimeTravelHours", value),
                "storage_billing_model" => ("storageBillingModel", value),
                "is_case_insensitive" => ("isCaseInsensitive", value),
                "default_rounding_mode" => ("defaultRoundingMode", value),
                "default_kms_key_name" => ("defaultEncryptionConfiguration", json!({"kmsKeyName": value})),
                "tags" => ("resourceTags", value),
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            };
            out.insert(name.into(), value);
        }
        Ok(out)
    }

    /// Options with constant values; labels become an object, timestamps milliseconds.
    pub(super) fn options(&self, options: &[SqlOption]) -> Result<Vec<(String, Value)>> {
        let mut out = Vec::new();
        for option in options {
            let SqlOption::KeyValue { key, value } = option else {
                return Err(Fault::query(format!("Syntax error: unexpected option {option}")));
            };
            let key = key.value.to_ascii_lowercase();
            out.push((key.clone(), self.option(&key, value)?));
        }
        Ok(out)
    }

    fn option(&self, key: &str, value: &Expr) -> Result<Value> {
        let array = matches!(value, Expr::Array(_));
        let ex = if array {
            Ex::new("NULL", Ty::Unknown)
        } else {
            self.expr(value, &Scope::root())?
        };
        match &ex.literal {
            Some(Literal::Null) => return Ok(Value::Null),
            Some(Literal::Text(text)) => return Ok(json!(text)),
            _ => {}
        }
        if ex.ty == Ty::Interval {
            // As the API writes it: Y-M D H:M:S.
            let cells = self.tx.query(&format!("SELECT {}", ex.sql), &[])?;
            let field = Field {
                name: "v".into(),
                ty: Ty::Interval,
            };
            let row = crate::encode::row(&cells[0], &[field], crate::encode::Format::default());
            return Ok(row["f"][0]["v"].clone());
        }
        let one = |sql: &str| -> Result<String> {
            let rows = self.tx.query(&format!("SELECT CAST({sql} AS VARCHAR)"), &[])?;
            Ok(rows.first().map_or_else(String::new, |r| r[0].text().to_owned()))
        };
        if key == "labels" || key == "tags" {
            let Expr::Array(array) = value else {
                return Err(unsupported("labels of this form", value));
            };
            let mut labels = Map::new();
            for pair in &array.elem {
                let (Expr::Tuple(pair) | Expr::Struct { values: pair, .. }) = pair else {
                    return Err(unsupported("labels of this form", value));
                };
                let texts: Vec<String> = pair
                    .iter()
                    .map(|e| {
                        Ok(literal::text(&self.expr(e, &Scope::root())?)
                            .unwrap_or_default()
                            .to_owned())
                    })
                    .collect::<Result<_>>()?;
                if let [key, value] = texts.as_slice() {
                    labels.insert(key.clone(), json!(value));
                }
            }
            return Ok(Value::Object(labels));
        }
        if let Expr::Array(array) = value {
            let items = array.elem.iter().map(|e| self.option("", e));
            return Ok(Value::Array(items.collect::<Result<_>>()?));
        }
        if key == "expiration_timestamp" {
            return Ok(json!(one(&format!("epoch_ms({})", ex.sql))?));
        }
        let text = one(&ex.sql)?;
        Ok(match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            _ => json!(text),
        })
    }
}

/// A number of days in milliseconds; NULL stays NULL.
pub(super) fn days(value: &Value) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    Ok(json!(whole(number(value)? * 86_400_000.0)))
}

fn number(value: &Value) -> Result<f64> {
    let number = value.as_str().and_then(|t| t.parse::<f64>().ok());
    number.ok_or_else(|| Fault::query("the option must be a number"))
}

#[allow(clippy::cast_possible_truncation)]
fn whole(number: f64) -> String {
    (number as i64).to_string()
}

impl Translator<'_> {
    /// Primary and foreign keys, as the resource's `tableConstraints`. Only keys that are not enforced exist.
    pub(super) fn constraints(&self, constraints: &[TableConstraint], columns: &[ColumnDef]) -> Result<Option<Value>> {
        let mut out = Map::new();
        let mut keys = Vec::new();
        let own = |c: &&ColumnDef| {
            let mut options = c.options.iter();
            options.any(|o| matches!(o.option, ColumnOption::PrimaryKey(_)))
        };
        if let Some(column) = columns.iter().find(own) {
            out.insert("primaryKey".into(), json!({"columns": [column.name.value]}));
        }
        for column in columns {
            for option in &column.options {
                if let ColumnOption::ForeignKey(key) = &option.option {
                    let from = vec![column.name.value.clone()];
                    keys.push(self.foreign_key(None, &from, &key.foreign_table, &key.referred_columns)?);
                }
            }
        }
        for constraint in constraints {
            match constraint {
                TableConstraint::PrimaryKey(key) => {
                    if out.contains_key("primaryKey") {
                        return Err(Fault::query("Multiple primary keys are defined for one table"));
                    }
                    let columns: Vec<String> = key
                        .columns
                        .iter()
                        .map(|c| c.column.expr.to_string().replace('`', ""))
                        .collect();
                    out.insert("primaryKey".into(), json!({"columns": columns}));
                }
                TableConstraint::ForeignKey(key) => {
                    let from: Vec<String> = key.columns.iter().map(|c| c.value.clone()).collect();
                    let name = key.name.as_ref().map(|n| n.value.as_str());
                    keys.push(self.foreign_key(name, &from, &key.foreign_table, &key.referred_columns)?);
                }
                other => {
                    return Err(Fault::query(format!(
                        "the local BigQuery does not support the constraint {other}"
                    )));
                }
            }
        }
        if !keys.is_empty() {
            out.insert("foreignKeys".into(), Value::Array(keys));
        }
        Ok((!out.is_empty()).then_some(Value::Object(out)))
    }

    fn foreign_key(&self, name: Option<&str>, from: &[String], table: &ObjectName, to: &[Ident]) -> Result<Value> {
        if from.len() != to.len() {
            return Err(Fault::query("A foreign key must name as many columns as it refers to"));
        }
        let pairs: Vec<Value> = from
            .iter()
            .zip(to)
            .map(|(from, to)| json!({"referencingColumn": from, "referencedColumn": to.value}))
            .collect();
        let mut out = json!({"referencedTable": self.table_name(table)?.reference(), "columnReferences": pairs});
        if let Some(name) = name {
            out["name"] = json!(name);
        }
        Ok(out)
    }
}

/// PARTITION BY as `timePartitioning` or `rangePartitioning`.
pub(super) fn partitioning(expr: &Expr) -> Result<(&'static str, Value)> {
    let field = |e: &Expr| e.to_string().replace('`', "");
    let by_time = |kind: &str, column: &str| {
        let pseudo = [TIME, DATE].iter().any(|name| name.eq_ignore_ascii_case(column));
        let mut value = json!({"type": kind.to_ascii_uppercase()});
        if !pseudo {
            value["field"] = json!(column);
        }
        Ok(("timePartitioning", value))
    };
    match expr {
        Expr::Identifier(ident) => by_time("DAY", &ident.value),
        Expr::Function(call) => {
            let FunctionArguments::List(list) = &call.args else {
                return Err(unsupported("this PARTITION BY", expr));
            };
            let args: Vec<String> = list.args.iter().map(|a| a.to_string().replace('`', "")).collect();
            match (call.name.to_string().to_ascii_uppercase().as_str(), args.as_slice()) {
                ("DATE", [column]) => by_time("DAY", column),
                ("DATE_TRUNC" | "TIMESTAMP_TRUNC" | "DATETIME_TRUNC", [column, part]) => by_time(part, column),
                ("RANGE_BUCKET", [column, array]) => {
                    let numbers: Vec<&str> = array
                        .trim_start_matches(|c: char| c != '(')
                        .trim_matches(['(', ')'])
                        .split(',')
                        .map(str::trim)
                        .collect();
                    let [start, end, interval] = numbers.as_slice() else {
                        return Err(unsupported("this PARTITION BY", expr));
                    };
                    let range = json!({"start": start, "end": end, "interval": interval});
                    Ok(("rangePartitioning", json!({"field": column, "range": range})))
                }
                _ => Err(unsupported(&format!("PARTITION BY {}", field(expr)), expr)),
            }
        }
        _ => Err(unsupported(&format!("PARTITION BY {}", field(expr)), expr)),
    }
}
