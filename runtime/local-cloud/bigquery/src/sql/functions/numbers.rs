//! Numbers: their scalar functions.

use super::Call;
use super::signature::{Ret, Scalar};
use crate::sql::operators::common;
use crate::sql::{Ex, Result, Translator};
use crate::types::Ty;

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("ABS", "A", "abs($1)", Ret::Arg(0)),
    ("SIGN", "A", "sign($1)", Ret::Arg(0)),
    ("MOD", "AA", "_headwater.modulo($1, $2)", Ret::Arg(0)),
    ("DIV", "AA", "_headwater.idiv($1, $2)", Ret::Arg(0)),
    ("SAFE_DIVIDE", "AA", "_headwater.safe_div($1, $2)", Ret::Float),
    ("SAFE_ADD", "AA", "TRY($1 + $2)", Ret::Arg(0)),
    ("SAFE_SUBTRACT", "AA", "TRY($1 - $2)", Ret::Arg(0)),
    ("SAFE_MULTIPLY", "AA", "TRY($1 * $2)", Ret::Arg(0)),
    ("SAFE_NEGATE", "A", "TRY(-$1)", Ret::Arg(0)),
    ("SQRT", "A", "sqrt($1)", Ret::Float),
    ("POW", "AA", "pow($1, $2)", Ret::Float),
    ("POWER", "AA", "pow($1, $2)", Ret::Float),
    ("EXP", "A", "exp($1)", Ret::Float),
    ("LN", "A", "ln($1)", Ret::Float),
    ("LOG10", "A", "log10($1)", Ret::Float),
    ("LOG", "A", "ln($1)", Ret::Float),
    ("LOG", "AA", "(ln($1) / ln($2))", Ret::Float),
    ("SIN", "A", "sin($1)", Ret::Float),
    ("COS", "A", "cos($1)", Ret::Float),
    ("TAN", "A", "tan($1)", Ret::Float),
    ("ASIN", "A", "asin($1)", Ret::Float),
    ("ACOS", "A", "acos($1)", Ret::Float),
    ("ATAN", "A", "atan($1)", Ret::Float),
    ("ATAN2", "AA", "atan2($1, $2)", Ret::Float),
    ("CBRT", "A", "cbrt($1)", Ret::Float),
    ("IS_NAN", "A", "isnan($1)", Ret::Bool),
    ("IS_INF", "A", "isinf($1)", Ret::Bool),
    ("RAND", "", "random()", Ret::Float),
    ("SINH", "A", "sinh($1)", Ret::Float),
    ("COSH", "A", "cosh($1)", Ret::Float),
    ("TANH", "A", "tanh($1)", Ret::Float),
    ("ASINH", "A", "asinh($1)", Ret::Float),
    ("ACOSH", "A", "acosh($1)", Ret::Float),
    ("ATANH", "A", "atanh($1)", Ret::Float),
    ("COT", "A", "cot($1)", Ret::Float),
    ("CSC", "A", "(1 / sin($1))", Ret::Float),
    ("SEC", "A", "(1 / cos($1))", Ret::Float),
    ("COTH", "A", "(1 / tanh($1))", Ret::Float),
    ("CSCH", "A", "(1 / sinh($1))", Ret::Float),
    ("SECH", "A", "(1 / cosh($1))", Ret::Float),
    ("COSINE_DISTANCE", "AA", "list_cosine_distance($1, $2)", Ret::Float),
    ("EUCLIDEAN_DISTANCE", "AA", "list_distance($1, $2)", Ret::Float),
    ("PARSE_NUMERIC", "A", "CAST(regexp_replace($1, '[, ]', '', 'g') AS DECIMAL(38,9))", Ret::Numeric),
    ("RANGE_BUCKET", "AA", "CAST(len(list_filter($2, lambda e: e <= $1)) AS BIGINT)", Ret::Int),
];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("ROUND" | "TRUNC", [value, rest @ ..]) if rest.len() <= 1 => {
            let digits = rest
                .first()
                .map_or("0".to_owned(), |d| format!("CAST({} AS INTEGER)", d.sql));
            let ty = rounded(value);
            let function = call.name.to_lowercase();
            Ex::new(
                format!("CAST({function}({}, {digits}) AS {})", value.sql, number_duck(&ty)),
                ty,
            )
        }
        ("CEIL" | "CEILING" | "FLOOR", [value]) => {
            let ty = rounded(value);
            let function = if call.name == "FLOOR" { "floor" } else { "ceil" };
            Ex::new(format!("CAST({function}({}) AS {})", value.sql, number_duck(&ty)), ty)
        }
        ("IEEE_DIVIDE", [a, b]) => Ex::new(
            format!("(CAST({} AS DOUBLE) / CAST({} AS DOUBLE))", a.sql, b.sql),
            Ty::Float64,
        ),
        ("SAFE_DIVIDE", [a, b]) if common([&a.ty, &b.ty].into_iter()) == Ty::Numeric => Ex::new(
            format!("_headwater.numeric_div({}, nullif({}, 0))", a.sql, b.sql),
            Ty::Numeric,
        ),
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// Whole numbers are rounded as FLOAT64.
fn rounded(value: &Ex) -> Ty {
    if value.ty == Ty::Int64 {
        Ty::Float64
    } else {
        value.ty.clone()
    }
}

fn number_duck(ty: &Ty) -> String {
    if ty.is_number() { ty.duck() } else { "DOUBLE".into() }
}
