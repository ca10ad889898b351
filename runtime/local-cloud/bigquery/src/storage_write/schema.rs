//! A table's schema as write streams announce it.

use serde_json::Value;

use crate::catalog::evolve::fields;
use crate::catalog::int;
use crate::wire::storage::table_field_schema::{Mode, Type};
use crate::wire::storage::{TableFieldSchema, TableSchema};

pub(super) fn announced(schema: &Value) -> TableSchema {
    TableSchema {
        fields: fields(schema).iter().map(field).collect(),
    }
}

fn field(field: &Value) -> TableFieldSchema {
    let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| int(&field[key]).unwrap_or_default();
    let ty = match text("type").as_str() {
        "STRING" => Type::String,
        "INTEGER" => Type::Int64,
        "FLOAT" => Type::Double,
        "RECORD" => Type::Struct,
        "BYTES" => Type::Bytes,
        "BOOLEAN" => Type::Bool,
        "TIMESTAMP" => Type::Timestamp,
        "DATE" => Type::Date,
        "TIME" => Type::Time,
        "DATETIME" => Type::Datetime,
        "GEOGRAPHY" => Type::Geography,
        "NUMERIC" => Type::Numeric,
        "BIGNUMERIC" => Type::Bignumeric,
        "INTERVAL" => Type::Interval,
        "JSON" => Type::Json,
        "RANGE" => Type::Range,
        _ => Type::Unspecified,
    };
    let mode = match text("mode").as_str() {
        "REQUIRED" => Mode::Required,
        "REPEATED" => Mode::Repeated,
        _ => Mode::Nullable,
    };
    TableFieldSchema {
        name: text("name"),
        r#type: ty.into(),
        mode: mode.into(),
        fields: announced(field).fields,
        description: text("description"),
        max_length: number("maxLength"),
        precision: number("precision"),
        scale: number("scale"),
        default_value_expression: text("defaultValueExpression"),
        ..TableFieldSchema::default()
    }
}
