//! Conditional functions (what they answer has the type that all alternatives become together), and errors.

use super::Call;
use super::signature::Scalar;
use crate::sql::literal::coerce;
use crate::sql::operators::{agree, unify};
use crate::sql::{Ex, Result, Translator};
use crate::types::Ty;

pub(super) const SCALARS: &[Scalar] = &[];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("COALESCE" | "IFNULL" | "GREATEST" | "LEAST", [_, ..]) => {
            let (items, ty) = unify(call.args.to_vec());
            agree(&items, &ty).map_err(|_| call.no_match(&[]))?;
            let joined = items.iter().map(|i| i.sql.as_str()).collect::<Vec<_>>().join(", ");
            if call.name.ends_with("ST") {
                // BigQuery answers NULL when any argument is NULL.
                let nulls: Vec<String> = items.iter().map(|i| format!("{} IS NULL", i.sql)).collect();
                // NaN is the least and the greatest of all.
                let nan = if ty == Ty::Float64 {
                    let nans: Vec<String> = items.iter().map(|i| format!("isnan({})", i.sql)).collect();
                    format!("WHEN {} THEN 'nan'::DOUBLE ", nans.join(" OR "))
                } else {
                    String::new()
                };
                let sql = format!(
                    "(CASE WHEN {} THEN NULL {nan}ELSE {}({joined}) END)",
                    nulls.join(" OR "),
                    call.name.to_lowercase()
                );
                return Ok(Some(Ex::new(sql, ty)));
            }
            Ex::new(format!("coalesce({joined})"), ty)
        }
        ("IF", [condition, yes, no]) => {
            let (items, ty) = unify(vec![yes.clone(), no.clone()]);
            agree(&items, &ty).map_err(|_| call.no_match(&[]))?;
            if !matches!(condition.ty, Ty::Bool | Ty::Unknown) {
                return Err(call.no_match(&[]));
            }
            let sql = format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                condition.sql, items[0].sql, items[1].sql
            );
            Ex::new(sql, ty)
        }
        ("NULLIF", [a, b]) => {
            let b = coerce(b.clone(), &a.ty);
            agree(std::slice::from_ref(&b), &a.ty).map_err(|_| call.no_match(&[]))?;
            Ex::new(format!("nullif({}, {})", a.sql, b.sql), a.ty.clone())
        }
        ("ERROR", [message]) if matches!(message.ty, Ty::String | Ty::Unknown) => Ex::new(
            format!("_hw_error(coalesce(CAST({} AS VARCHAR), 'NULL'))", message.sql),
            Ty::Unknown,
        ),
        ("ISERROR", [value]) => Ex::new(format!("({} IS NULL)", tried(&value.sql)), Ty::Bool),
        ("NULLIFERROR", [value]) => Ex::new(format!("TRY({})", value.sql), value.ty.clone()),
        ("IFERROR", [value, instead]) => {
            let (items, ty) = unify(vec![value.clone(), instead.clone()]);
            let sql = format!(
                "(coalesce({}, struct_pack(v := {}))).v",
                tried(&items[0].sql),
                items[1].sql
            );
            Ex::new(sql, ty)
        }
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// NULL where the value is an error, and only there.
fn tried(sql: &str) -> String {
    format!("TRY(struct_pack(v := {sql}))")
}
