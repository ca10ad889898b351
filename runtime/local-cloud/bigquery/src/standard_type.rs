//! Types as routines write them (`StandardSqlDataType`): read and written.

use serde_json::{Value, json};

use crate::error::Fault;
use crate::types::{Field, Ty};

/// Reads a `StandardSqlDataType`.
pub(crate) fn read(value: &Value) -> Result<Ty, Fault> {
    let kind = value["typeKind"].as_str().unwrap_or_default();
    match kind {
        "ARRAY" => Ok(Ty::Array(Box::new(read(&value["arrayElementType"])?))),
        "RANGE" => {
            let item = read(&value["rangeElementType"])?;
            Ty::scalar(&format!("RANGE<{}>", item.sql()))
                .ok_or_else(|| Fault::invalid("Invalid value for rangeElementType"))
        }
        "STRUCT" => Ok(Ty::Struct(read_fields(&value["structType"]["fields"])?)),
        other => Ty::scalar(other)
            .ok_or_else(|| Fault::invalid(format!("Invalid value for typeKind: \"{other}\" is not a type"))),
    }
}

/// Reads the fields of a STRUCT or the columns of a table.
pub(crate) fn read_fields(list: &Value) -> Result<Vec<Field>, Fault> {
    let fields = list.as_array().into_iter().flatten().enumerate();
    fields
        .map(|(i, field)| {
            let name = field["name"].as_str().filter(|n| !n.is_empty());
            Ok(Field {
                name: name.map_or_else(|| format!("_field_{}", i + 1), str::to_owned),
                ty: read(&field["type"])?,
            })
        })
        .collect()
}

pub(crate) fn write(ty: &Ty) -> Value {
    match ty {
        Ty::Array(item) => json!({"typeKind": "ARRAY", "arrayElementType": write(item)}),
        Ty::Range(item) => json!({"typeKind": "RANGE", "rangeElementType": write(item)}),
        Ty::Struct(fields) => json!({"typeKind": "STRUCT", "structType": {"fields": write_fields(fields)}}),
        other => json!({"typeKind": other.sql()}),
    }
}

pub(crate) fn write_fields(fields: &[Field]) -> Value {
    let field = |f: &Field| json!({"name": f.name, "type": write(&f.ty)});
    Value::Array(fields.iter().map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_being_written_and_read() {
        let ty = Ty::Array(Box::new(Ty::Struct(vec![
            Field {
                name: "a".into(),
                ty: Ty::Int64,
            },
            Field {
                name: "b".into(),
                ty: Ty::Array(Box::new(Ty::BigNumeric)),
            },
        ])));
        assert_eq!(read(&write(&ty)).unwrap(), ty);
        assert!(read(&json!({"typeKind": "WIBBLE"})).is_err());
    }
}
