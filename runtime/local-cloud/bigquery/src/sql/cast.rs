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
            (Ty::String, Ty::Range(_)) | (Ty::Range(_), Ty::String) => false,
            (Ty::Range(_), _) | (_, Ty::Range(_)) => true,
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
            let name = self.fresh("c");
            let inner = self.cast_within(&name, from, to)?;
            let inner = if safe { format!("TRY({inner})") } else { inner };
            // The value is computed once, however many fields it has.
            let sql = format!("list_transform([{}], lambda {name}: {inner})[1]", value.sql);
            return Ok(Ex::new(sql, to.clone()));
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
            (Ty::Float64, Ty::Int64) => tried(safe, "float_int64", v),
            (Ty::String, Ty::Int64) => tried(safe, "text_int64", v),
            (Ty::String, Ty::Bool) => tried(safe, "text_bool", v),
            (Ty::Time, Ty::String) => tried(safe, "time_cast", v),
            (Ty::Datetime, Ty::String) => tried(safe, "datetime_cast", v),
            (Ty::Timestamp, Ty::String) => tried(safe, "timestamp_cast", v),
            (Ty::Numeric | Ty::BigNumeric, Ty::Int64) => format!("{cast}(round({v}, 0) AS BIGINT)"),
            (Ty::String, Ty::Range(item)) => {
                let bound = |n: u8| format!("CAST(_headwater.range_text({v}, {n}) AS {})", item.duck());
                let range = format!("_headwater.range_of({}, {})", bound(1), bound(2));
                let range = if safe { format!("TRY({range})") } else { range };
                format!("(CASE WHEN {v} IS NULL THEN NULL ELSE {range} END)")
            }
            (Ty::Range(_), Ty::String) => range_text(v),
            (Ty::Interval, Ty::String) => format!("_headwater.interval_text({v})"),
            (Ty::Float64, Ty::String) => format!("_hw_float_text({v})"),
            (Ty::Numeric | Ty::BigNumeric, Ty::String) => format!("_headwater.decimal_text({v})"),
            (Ty::Bytes, Ty::String) => tried(safe, "bytes_text", v),
            (Ty::String, Ty::Bytes) => format!("encode({v})"),
            // What DuckDB would round away is more than this BIGNUMERIC holds: say so.
            (Ty::String, Ty::BigNumeric) if !safe => format!("CAST(_headwater.exact_text({v}) AS {duck})"),
            (Ty::Timestamp, Ty::Time) => format!("CAST(CAST({v} AS TIMESTAMP) AS TIME)"),
            _ => format!("{cast}({v} AS {duck})"),
        };
        Ok(Ex::new(sql, to.clone()))
    }

    /// A nested value whose fields are cast one by one, by their places.
    fn cast_within(&self, sql: &str, from: &Ty, to: &Ty) -> Result<String> {
        match (from, to) {
            (from, to) if from == to => Ok(sql.to_owned()),
            (Ty::Struct(a), Ty::Struct(b)) if a.len() == b.len() => {
                let mut fields = Vec::with_capacity(a.len());
                for (a, b) in a.iter().zip(b) {
                    let inner = format!("({sql}).{}", quoted(&a.name));
                    let inner = self.cast_within(&inner, &a.ty, &b.ty)?;
                    fields.push(format!("{} := {inner}", quoted(&b.name)));
                }
                Ok(format!(
                    "(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({}) END)",
                    fields.join(", ")
                ))
            }
            (Ty::Array(a), Ty::Array(b)) if **a != Ty::Unknown => {
                let item = self.fresh("c");
                let inner = self.cast_within(&item, a, b)?;
                Ok(format!("list_transform({sql}, lambda {item}: {inner})"))
            }
            (Ty::Array(_), Ty::Array(_)) => Ok(format!("CAST({sql} AS {})", to.duck())),
            _ => Ok(self.cast(&Ex::new(sql, from.clone()), to, false)?.sql),
        }
    }
}

/// A call of a function of ours, whose error is NULL where the cast is a safe one.
fn tried(safe: bool, native: &str, value: &str) -> String {
    if safe {
        format!("TRY(_hw_{native}({value}))")
    } else {
        format!("_hw_{native}({value})")
    }
}

/// A range as text; unbounded where a bound is NULL.
pub(super) fn range_text(range: &str) -> String {
    let bound = |name: &str| format!("coalesce(CAST(({range}).{name} AS VARCHAR), 'UNBOUNDED')");
    format!(
        "(CASE WHEN {range} IS NULL THEN NULL ELSE '[' || {} || ', ' || {} || ')' END)",
        bound("_lo"),
        bound("_hi")
    )
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
