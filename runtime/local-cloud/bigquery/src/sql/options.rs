//! What DDL says about tables besides their columns: OPTIONS, primary keys, partitioning.

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTableOptions, Expr, FunctionArguments, SqlOption, TableConstraint,
};

use super::scope::Scope;
use super::{Literal, Result, Translator, literal, unsupported};
use crate::error::Fault;

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
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            };
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
        let ex = self.expr(value, &Scope::root())?;
        match &ex.literal {
            Some(Literal::Null) => return Ok(Value::Null),
            Some(Literal::Text(text)) => return Ok(json!(text)),
            _ => {}
        }
        let one = |sql: &str| -> Result<String> {
            let rows = self.tx.query(&format!("SELECT CAST({sql} AS VARCHAR)"), &[])?;
            Ok(rows.first().map_or_else(String::new, |r| r[0].text().to_owned()))
        };
        if key == "labels" {
            let Expr::Array(array) = value else {
                return Err(unsupported("labels of this form", value));
            };
            let mut labels = Map::new();
            for pair in &array.elem {
                let Expr::Tuple(pair) = pair else {
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

pub(super) fn days(value: &Value) -> Result<Value> {
    let days: f64 = value
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|_| Fault::query("an option in days must be a number"))?;
    #[allow(clippy::cast_possible_truncation)]
    Ok(json!(((days * 86_400_000.0) as i64).to_string()))
}

pub(super) fn primary_key(constraints: &[TableConstraint], columns: &[ColumnDef]) -> Option<Vec<String>> {
    let table = constraints.iter().find_map(|c| match c {
        TableConstraint::PrimaryKey(key) => Some(
            key.columns
                .iter()
                .map(|c| c.column.expr.to_string().replace('`', ""))
                .collect(),
        ),
        _ => None,
    });
    table.or_else(|| {
        let own = |c: &&ColumnDef| {
            c.options
                .iter()
                .any(|o| matches!(o.option, ColumnOption::PrimaryKey(_)))
        };
        columns.iter().find(own).map(|c| vec![c.name.value.clone()])
    })
}

/// PARTITION BY as `timePartitioning` or `rangePartitioning`.
pub(super) fn partitioning(expr: &Expr) -> Result<(&'static str, Value)> {
    let field = |e: &Expr| e.to_string().replace('`', "");
    match expr {
        Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case("_PARTITIONDATE") => {
            Ok(("timePartitioning", json!({"type": "DAY"})))
        }
        Expr::Identifier(ident) => Ok(("timePartitioning", json!({"type": "DAY", "field": ident.value}))),
        Expr::Function(call) => {
            let FunctionArguments::List(list) = &call.args else {
                return Err(unsupported("this PARTITION BY", expr));
            };
            let args: Vec<String> = list.args.iter().map(|a| a.to_string().replace('`', "")).collect();
            match (call.name.to_string().to_ascii_uppercase().as_str(), args.as_slice()) {
                ("DATE", [column]) => Ok(("timePartitioning", json!({"type": "DAY", "field": column}))),
                ("DATE_TRUNC" | "TIMESTAMP_TRUNC" | "DATETIME_TRUNC", [column, part]) => Ok((
                    "timePartitioning",
                    json!({"type": part.to_ascii_uppercase(), "field": column}),
                )),
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
