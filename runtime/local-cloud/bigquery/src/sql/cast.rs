//! CAST and SAFE_CAST between BigQuery's types.

use super::literal::coerce;
use super::{Ex, Literal, Result, Translator};
use crate::error::Fault;
use crate::types::{Ty, quoted};

impl Translator<'_> {
    pub(super) fn cast(&self, value: &Ex, to: &Ty, safe: bool) -> Result<Ex> {
        if matches!(value.literal, Some(Literal::Null)) {
            return Ok(Ex::new(format!("CAST(NULL AS {})", to.duck()), to.clone()));
        }
        if value.ty == *to {
            return Ok(Ex {
                literal: None,
                ..value.clone()
            });
        }
        let from = &value.ty;
        let refused = match (from, to) {
            (Ty::Unknown, _) => false,
            (Ty::Array(a), Ty::Array(b)) => {
                !matches!((&**a, &**b), (Ty::Unknown, _) | (Ty::Struct(_), Ty::Struct(_))) && a != b
            }
            (Ty::Struct(a), Ty::Struct(b)) => a.len() != b.len(),
            (Ty::Array(_) | Ty::Struct(_), _) | (_, Ty::Array(_) | Ty::Struct(_)) => true,
            (Ty::Json, _) | (_, Ty::Json) => true,
            (Ty::Bytes, to) => *to != Ty::String,
            (from, Ty::Bytes) => *from != Ty::String,
            (Ty::Bool, to) => !matches!(to, Ty::Int64 | Ty::String),
            (from, Ty::Bool) => !matches!(from, Ty::Int64 | Ty::String),
            (Ty::Date, to) => !matches!(to, Ty::String | Ty::Datetime | Ty::Timestamp),
            (Ty::Datetime | Ty::Timestamp, to) => {
                !matches!(to, Ty::String | Ty::Date | Ty::Time | Ty::Datetime | Ty::Timestamp)
            }
            (Ty::Time, to) => *to != Ty::String,
            (Ty::Interval, to) => *to != Ty::String,
            (from, Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp | Ty::Interval) => *from != Ty::String,
            _ => false,
        };
        if refused {
            return Err(Fault::query(format!(
                "Invalid cast from {} to {}",
                from.sql(),
                to.sql()
            )));
        }
        if matches!(to, Ty::Struct(_) | Ty::Array(_)) && *from != Ty::Unknown {
            if safe {
                return Err(Fault::query(
                    "the local BigQuery does not support SAFE_CAST of arrays and structs",
                ));
            }
            return Ok(Ex::new(reshape(&value.sql, from, to, 0), to.clone()));
        }
        if to.is_decimal()
            && let Some(Literal::Number(_)) = value.literal
        {
            return Ok(Ex {
                literal: None,
                ..coerce(value.clone(), to)
            });
        }
        let v = &value.sql;
        let cast = if safe { "TRY_CAST" } else { "CAST" };
        let duck = to.duck();
        let sql = match (from, to) {
            (Ty::Float64, Ty::Int64) if safe => format!("TRY_CAST(round({v}) AS BIGINT)"),
            (Ty::Float64, Ty::Int64) => format!("_headwater.int_of_float({v})"),
            (Ty::Numeric | Ty::BigNumeric, Ty::Int64) => format!("{cast}(round({v}, 0) AS BIGINT)"),
            (Ty::Interval, Ty::String) => format!("_headwater.interval_text({v})"),
            (Ty::Float64, Ty::String) => format!("_hw_float_text({v})"),
            (Ty::Numeric | Ty::BigNumeric, Ty::String) => format!("_headwater.decimal_text({v})"),
            (Ty::Bytes, Ty::String) if safe => format!("TRY(_hw_bytes_text({v}))"),
            (Ty::Bytes, Ty::String) => format!("_hw_bytes_text({v})"),
            (Ty::String, Ty::Bytes) => format!("encode({v})"),
            // What DuckDB would round away is more than this BIGNUMERIC holds: say so.
            (Ty::String, Ty::BigNumeric) if !safe => format!("CAST(_headwater.exact_text({v}) AS {duck})"),
            (Ty::Timestamp, Ty::Time) => format!("CAST(CAST({v} AS TIMESTAMP) AS TIME)"),
            _ => format!("{cast}({v} AS {duck})"),
        };
        Ok(Ex::new(sql, to.clone()))
    }
}

/// A nested value under another type's names: BigQuery matches the fields of a STRUCT by position, DuckDB by name.
pub(super) fn reshape(sql: &str, from: &Ty, to: &Ty, depth: usize) -> String {
    match (from, to) {
        (from, to) if from == to => sql.to_owned(),
        (Ty::Struct(a), Ty::Struct(b)) if a.len() == b.len() => {
            let fields: Vec<String> = a
                .iter()
                .zip(b)
                .map(|(a, b)| {
                    let inner = format!("({sql}).{}", quoted(&a.name));
                    format!("{} := {}", quoted(&b.name), reshape(&inner, &a.ty, &b.ty, depth))
                })
                .collect();
            format!(
                "(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({}) END)",
                fields.join(", ")
            )
        }
        (Ty::Array(a), Ty::Array(b)) if **a != Ty::Unknown => {
            let item = format!("_hw_e{depth}");
            format!(
                "list_transform({sql}, lambda {item}: {})",
                reshape(&item, a, b, depth + 1)
            )
        }
        _ => format!("CAST({sql} AS {})", to.duck()),
    }
}
