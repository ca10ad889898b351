//! Arrays: their scalar functions.

use super::Call;
use super::signature::{Ret, Scalar};
use crate::sql::literal::coerce;
use crate::sql::{Ex, Result, Translator};
use crate::types::Ty;

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("ARRAY_LENGTH", "A", "len($1)", Ret::Int),
    ("ARRAY_REVERSE", "A", "list_reverse($1)", Ret::Arg(0)),
    ("ARRAY_TO_STRING", "AA", "array_to_string(list_filter($1, lambda e: e IS NOT NULL), $2)", Ret::Str),
    ("ARRAY_TO_STRING", "AAA", "array_to_string(list_transform($1, lambda e: coalesce(e, $3)), $2)", Ret::Str),
    ("ARRAY_FIRST", "A", "_headwater.offset_of($1, 0)", Ret::Element),
    ("ARRAY_LAST", "A", "_headwater.offset_of($1, len($1) - 1)", Ret::Element),
    ("ARRAY_SLICE", "AAA", "list_slice($1, CASE WHEN $2 < 0 THEN $2 ELSE $2 + 1 END, CASE WHEN $3 < 0 THEN $3 ELSE $3 + 1 END)", Ret::Arg(0)),
    ("ARRAY_IS_DISTINCT", "A", "(len(list_distinct($1)) + CASE WHEN len(list_filter($1, lambda e: e IS NULL)) > 0 THEN 1 ELSE 0 END = len($1))", Ret::Bool),
    ("ARRAY_INCLUDES", "AA", "list_contains($1, $2)", Ret::Bool),
    ("ARRAY_MAX", "A", "list_max($1)", Ret::Element),
    ("ARRAY_MIN", "A", "list_min($1)", Ret::Element),
    ("ARRAY_SUM", "A", "list_sum($1)", Ret::Element),
    ("ARRAY_AVG", "A", "list_avg($1)", Ret::Float),
    ("GENERATE_ARRAY", "AA", "generate_series($1, $2)", Ret::Numbers),
    ("GENERATE_ARRAY", "AAA", "generate_series($1, $2, $3)", Ret::Numbers),
];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let array = |ty: Ty| Ty::Array(Box::new(ty));
    let ex = match (call.name, call.args) {
        ("ARRAY_CONCAT", [first, ..]) => {
            let all: Vec<&str> = call.args.iter().map(|a| a.sql.as_str()).collect();
            Ex::new(format!("list_concat({})", all.join(", ")), first.ty.clone())
        }
        ("GENERATE_DATE_ARRAY", [from, to, step @ ..]) if step.len() <= 1 => {
            let step = step.first().map_or("to_days(1)", |s| s.sql.as_str());
            let (from, to) = (coerce(from.clone(), &Ty::Date).sql, coerce(to.clone(), &Ty::Date).sql);
            let sql =
                format!("CAST(generate_series(CAST({from} AS TIMESTAMP), CAST({to} AS TIMESTAMP), {step}) AS DATE[])");
            Ex::new(sql, array(Ty::Date))
        }
        ("GENERATE_TIMESTAMP_ARRAY", [from, to, step]) => Ex::new(
            format!(
                "generate_series({}, {}, {})",
                coerce(from.clone(), &Ty::Timestamp).sql,
                coerce(to.clone(), &Ty::Timestamp).sql,
                step.sql
            ),
            array(Ty::Timestamp),
        ),
        _ => return Ok(None),
    };
    Ok(Some(ex))
}
