//! A table's columns as an Avro schema, as the Storage Read API sends it:
//! <https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details>.

use serde_json::{Value, json};

use super::arrow_schema::digits;
use crate::catalog::evolve::{field_name, fields};
use crate::error::Fault;
use crate::types::{Ty, field_type};

/// The schema of a session's rows. With `display_names` a name that Avro does not allow is written in another way,
/// with the true one beside it.
pub(super) fn schema(columns: &[Value], display_names: bool) -> Result<Value, Fault> {
    let mut writer = Writer {
        display_names,
        records: 0,
    };
    Ok(json!({"type": "record", "name": "__root__", "fields": writer.fields(columns)?}))
}

struct Writer {
    display_names: bool,
    records: usize,
}

impl Writer {
    fn fields(&mut self, columns: &[Value]) -> Result<Vec<Value>, Fault> {
        columns.iter().map(|c| self.field(c)).collect()
    }

    fn field(&mut self, column: &Value) -> Result<Value, Fault> {
        let name = field_name(column);
        let item = self.item(column)?;
        let ty = match column["mode"].as_str() {
            Some("REPEATED") => json!({"type": "array", "items": item}),
            Some("REQUIRED") => item,
            _ => json!(["null", item]),
        };
        if is_avro_name(name) {
            return Ok(json!({"name": name, "type": ty}));
        }
        if !self.display_names {
            return Err(Fault::invalid(format!(
                "the name {name} is not allowed in Avro; set enable_display_name_attribute in avro_serialization_options"
            )));
        }
        let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut plain: String = name.chars().map(allowed).collect();
        if plain.starts_with(|c: char| c.is_ascii_digit()) {
            plain.insert(0, '_');
        }
        Ok(json!({"name": plain, "type": ty, "displayName": name}))
    }

    fn item(&mut self, column: &Value) -> Result<Value, Fault> {
        let item = match field_type(column)? {
            Ty::Array(item) => *item,
            other => other,
        };
        let decimal = |(precision, scale): (u8, i8)| json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale});
        let logical = |plain: &str, logical: &str| json!({"type": plain, "logicalType": logical});
        Ok(match item {
            Ty::Int64 => json!("long"),
            Ty::Float64 => json!("double"),
            Ty::Numeric => decimal(digits(column).unwrap_or((38, 9))),
            Ty::BigNumeric => decimal(digits(column).unwrap_or((77, 38))),
            Ty::String | Ty::Unknown => json!("string"),
            Ty::Bytes => json!("bytes"),
            Ty::Bool => json!("boolean"),
            Ty::Date => logical("int", "date"),
            Ty::Datetime => logical("string", "datetime"),
            Ty::Timestamp => logical("long", "timestamp-micros"),
            Ty::Time => logical("long", "time-micros"),
            Ty::Json => json!({"type": "string", "sqlType": "JSON"}),
            Ty::Interval => json!({"type": "string", "sqlType": "INTERVAL"}),
            Ty::Range(_) => return Err(Fault::not_implemented("columns of type RANGE by the Storage Read API")),
            Ty::Struct(_) => {
                let name = format!("__s_{}", self.records);
                self.records += 1;
                json!({"type": "record", "name": name, "fields": self.fields(fields(column))?})
            }
            Ty::Array(_) => return Err(Fault::invalid("an array of arrays")),
        })
    }
}

fn is_avro_name(name: &str) -> bool {
    let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    allowed && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_numbered_and_nulls_come_first() {
        let columns = [
            json!({"name": "id", "type": "INTEGER", "mode": "REQUIRED"}),
            json!({"name": "l", "type": "RECORD", "mode": "REPEATED", "fields": [
                {"name": "n", "type": "NUMERIC", "mode": "NULLABLE", "precision": "10"}]}),
            json!({"name": "r", "type": "RECORD", "mode": "NULLABLE", "fields": [
                {"name": "d", "type": "DATETIME", "mode": "NULLABLE"}]}),
        ];
        let decimal = json!({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 0});
        assert_eq!(
            schema(&columns, false).unwrap(),
            json!({"type": "record", "name": "__root__", "fields": [
                {"name": "id", "type": "long"},
                {"name": "l", "type": {"type": "array", "items": {"type": "record", "name": "__s_0", "fields": [
                    {"name": "n", "type": ["null", decimal]}]}}},
                {"name": "r", "type": ["null", {"type": "record", "name": "__s_1", "fields": [
                    {"name": "d", "type": ["null", {"type": "string", "logicalType": "datetime"}]}]}]},
            ]})
        );
    }

    #[test]
    fn a_name_that_avro_does_not_allow_needs_leave() {
        let columns = [json!({"name": "a b", "type": "STRING", "mode": "REQUIRED"})];
        assert!(schema(&columns, false).is_err());
        assert_eq!(
            schema(&columns, true).unwrap()["fields"][0],
            json!({"name": "a_b", "type": "string", "displayName": "a b"})
        );
    }
}
