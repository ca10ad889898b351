//! Functions that print or read through values of any type: FORMAT, CONTAINS_SUBSTR.

use super::Call;
use crate::native::shape::Shape;
use crate::sql::cast::range_text;
use crate::sql::{Ex, Result, Translator};
use crate::types::{Ty, literal, quoted};

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("FORMAT", [pattern, values @ ..]) if matches!(pattern.ty, Ty::String | Ty::Unknown) => {
            let mut shapes = Vec::new();
            let mut packed = Vec::new();
            for (i, value) in values.iter().enumerate() {
                let name = format!("a{i}");
                packed.push(format!("{name} := {}", as_printed(&value.sql, &value.ty, 0)));
                shapes.push((name, shape_of(&value.ty)));
            }
            if packed.is_empty() {
                // A struct has at least one field.
                packed.push("a0 := 0".into());
            }
            let mut shape = String::new();
            Shape::Struct(shapes).write(&mut shape);
            let sql = format!(
                "_hw_format(CAST({} AS VARCHAR), {}, struct_pack({}))",
                pattern.sql,
                literal(&shape),
                packed.join(", ")
            );
            Ex::new(sql, Ty::String)
        }
        ("CONTAINS_SUBSTR", [value, words]) if matches!(words.ty, Ty::String | Ty::Unknown) => {
            call.only_named(&["json_scope"])?;
            if words.ty == Ty::Unknown {
                return Ok(Some(Ex::new("CAST(NULL AS BOOLEAN)", Ty::Bool)));
            }
            let sql = format!(
                "_hw_contains_substr(struct_pack(v := {}), {})",
                leaves(&value.sql, &value.ty, 0),
                words.sql
            );
            Ex::new(sql, Ty::Bool)
        }
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// A value whose parts have all become text.
fn leaves(sql: &str, ty: &Ty, depth: usize) -> String {
    match ty {
        Ty::String => sql.to_owned(),
        Ty::Array(item) => {
            let name = format!("_hw_l{depth}");
            format!(
                "list_transform({sql}, lambda {name}: {})",
                leaves(&name, item, depth + 1)
            )
        }
        Ty::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|f| {
                    let inner = format!("({sql}).{}", quoted(&f.name));
                    format!("{} := {}", quoted(&f.name), leaves(&inner, &f.ty, depth))
                })
                .collect();
            format!("struct_pack({})", fields.join(", "))
        }
        Ty::Timestamp => format!("replace(CAST({sql} AS VARCHAR), '+00', '')"),
        Ty::Bytes => "CAST(NULL AS VARCHAR)".into(),
        Ty::Float64 => format!("_hw_float_text({sql})"),
        Ty::Numeric | Ty::BigNumeric => format!("_headwater.decimal_text({sql})"),
        Ty::Json => format!("_hw_json_leaves({sql})"),
        _ => format!("CAST({sql} AS VARCHAR)"),
    }
}

/// The shape of a value, and the value as the functions that print take it.
pub(super) fn printable(value: &Ex) -> (String, String) {
    let mut shape = String::new();
    shape_of(&value.ty).write(&mut shape);
    (shape, as_printed(&value.sql, &value.ty, 0))
}

fn shape_of(ty: &Ty) -> Shape {
    match ty {
        Ty::Int64 => Shape::Int64,
        Ty::Float64 => Shape::Float64,
        Ty::Numeric => Shape::Numeric,
        Ty::BigNumeric => Shape::BigNumeric,
        Ty::String | Ty::Unknown | Ty::Range(_) => Shape::String,
        Ty::Bytes => Shape::Bytes,
        Ty::Bool => Shape::Bool,
        Ty::Date => Shape::Date,
        Ty::Datetime => Shape::Datetime,
        Ty::Time => Shape::Time,
        Ty::Timestamp => Shape::Timestamp,
        Ty::Json => Shape::Json,
        Ty::Interval => Shape::Interval,
        Ty::Array(item) => Shape::Array(Box::new(shape_of(item))),
        Ty::Struct(fields) => Shape::Struct(fields.iter().map(|f| (f.name.clone(), shape_of(&f.ty))).collect()),
    }
}

/// Whether a value has to be taken apart for its parts to become text.
fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::Numeric | Ty::BigNumeric | Ty::Interval | Ty::Range(_) | Ty::Unknown => false,
        Ty::Array(item) => is_plain(item),
        Ty::Struct(fields) => fields.iter().all(|f| is_plain(&f.ty)),
        _ => true,
    }
}

fn as_printed(sql: &str, ty: &Ty, depth: usize) -> String {
    match ty {
        ty if is_plain(ty) => sql.to_owned(),
        Ty::Array(item) if **item == Ty::Unknown => format!("CAST({sql} AS VARCHAR[])"),
        Ty::Array(item) => {
            let name = format!("_hw_p{depth}");
            format!(
                "list_transform({sql}, lambda {name}: {})",
                as_printed(&name, item, depth + 1)
            )
        }
        Ty::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|f| {
                    let inner = format!("({sql}).{}", quoted(&f.name));
                    format!("{} := {}", quoted(&f.name), as_printed(&inner, &f.ty, depth))
                })
                .collect();
            format!(
                "(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({}) END)",
                fields.join(", ")
            )
        }
        Ty::Interval => format!("_headwater.interval_text({sql})"),
        Ty::Range(_) => range_text(sql),
        _ => format!("CAST({sql} AS VARCHAR)"),
    }
}
