//! Numbers: their scalar functions.

use super::Call;
use super::signature::{Ret, Scalar};
use crate::error::Fault;
use crate::sql::operators::{common, product};
use crate::sql::{Ex, Result, Translator, literal};
use crate::types::Ty;

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("COS", "F", "_hw_cos($1)", Ret::Float),
    ("COSH", "F", "_hw_cosh($1)", Ret::Float),
    ("ACOS", "F", "_hw_acos($1)", Ret::Float),
    ("ACOSH", "F", "_hw_acosh($1)", Ret::Float),
    ("SIN", "F", "_hw_sin($1)", Ret::Float),
    ("SINH", "F", "_hw_sinh($1)", Ret::Float),
    ("ASIN", "F", "_hw_asin($1)", Ret::Float),
    ("ASINH", "F", "_hw_asinh($1)", Ret::Float),
    ("TAN", "F", "_hw_tan($1)", Ret::Float),
    ("TANH", "F", "_hw_tanh($1)", Ret::Float),
    ("ATAN", "F", "_hw_atan($1)", Ret::Float),
    ("ATANH", "F", "_hw_atanh($1)", Ret::Float),
    ("ATAN2", "FF", "_hw_atan2($1, $2)", Ret::Float),
    ("CSC", "F", "_hw_csc($1)", Ret::Float),
    ("SEC", "F", "_hw_sec($1)", Ret::Float),
    ("COT", "F", "_hw_cot($1)", Ret::Float),
    ("CSCH", "F", "_hw_csch($1)", Ret::Float),
    ("SECH", "F", "_hw_sech($1)", Ret::Float),
    ("COTH", "F", "_hw_coth($1)", Ret::Float),
    ("IS_NAN", "F", "isnan($1)", Ret::Bool),
    ("IS_INF", "F", "isinf($1)", Ret::Bool),
    ("IEEE_DIVIDE", "FF", "($1 / $2)", Ret::Float),
    ("RAND", "", "random()", Ret::Float),
    ("COSINE_DISTANCE", "LL", "_hw_cosine_distance($1, $2)", Ret::Float),
    ("EUCLIDEAN_DISTANCE", "LL", "_hw_euclidean_distance($1, $2)", Ret::Float),
    ("PARSE_NUMERIC", "S", "CAST(_hw_parse_numeric($1, 'NUMERIC') AS DECIMAL(38,9))", Ret::Numeric),
    ("PARSE_BIGNUMERIC", "S", "CAST(_hw_parse_numeric($1, 'BIGNUMERIC') AS DECIMAL(38,18))", Ret::BigNumeric),
    ("RANGE_BUCKET", "AL", "_headwater.range_bucket($1, $2)", Ret::Int),
];

/// Functions of FLOAT64 that take and answer decimals as well.
const ROOTS: &[&str] = &["SQRT", "CBRT", "EXP", "LN", "LOG10"];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let number = |ex: &Ex| ex.ty.is_number() || ex.ty == Ty::Unknown;
    if !call.args.iter().take(2).all(number) {
        return Ok(None);
    }
    let together = common(call.args.iter().take(2).map(|a| &a.ty));
    let ex = match (call.name, call.args) {
        ("ROUND" | "TRUNC", [value, rest @ ..]) if rest.len() <= 2 => return rounding(call, value, rest).map(Some),
        ("CEIL" | "CEILING" | "FLOOR", [value]) => {
            let ty = rounded(value);
            let function = if call.name == "FLOOR" { "floor" } else { "ceil" };
            Ex::new(format!("CAST({function}({}) AS {})", value.sql, number_duck(&ty)), ty)
        }
        ("ABS", [value]) => Ex::new(format!("abs({})", value.sql), value.ty.clone()),
        ("SIGN", [value]) if value.ty == Ty::Float64 => Ex::new(
            format!(
                "(CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END)",
                value.sql
            ),
            Ty::Float64,
        ),
        ("SIGN", [value]) => Ex::new(
            format!("CAST(sign({}) AS {})", value.sql, number_duck(&value.ty)),
            value.ty.clone(),
        ),
        ("DIV", [a, b]) if together != Ty::Float64 => {
            let ty = whole_type(&together);
            let function = if ty.is_decimal() { "decimal_idiv" } else { "idiv" };
            Ex::new(
                format!("CAST(_headwater.{function}({}, {}) AS {})", a.sql, b.sql, ty.duck()),
                ty,
            )
        }
        ("MOD", [a, b]) if together != Ty::Float64 => {
            let ty = whole_type(&together);
            Ex::new(
                format!("CAST(_headwater.modulo({}, {}) AS {})", a.sql, b.sql, ty.duck()),
                ty,
            )
        }
        ("DIV" | "MOD", _) => return Err(call.no_match(&[])),
        ("SAFE_DIVIDE", [a, b]) if together.is_decimal() => {
            let nonzero = Ex::new(format!("nullif({}, 0)", b.sql), b.ty.clone());
            let quotient = crate::sql::operators::quotient(a, &nonzero, &together);
            Ex::new(format!("TRY({})", quotient.sql), together)
        }
        ("SAFE_DIVIDE", [a, b]) => Ex::new(
            finite(&format!("_headwater.safe_div({}, {})", a.sql, b.sql), a, b),
            Ty::Float64,
        ),
        ("SAFE_ADD" | "SAFE_SUBTRACT" | "SAFE_MULTIPLY", [a, b]) => {
            let symbol = match call.name {
                "SAFE_ADD" => "+",
                "SAFE_SUBTRACT" => "-",
                _ => "*",
            };
            let plain = format!("({} {symbol} {})", a.sql, b.sql);
            match &together {
                Ty::Float64 => Ex::new(finite(&plain, a, b), Ty::Float64),
                ty if ty.is_decimal() && symbol == "*" => {
                    Ex::new(format!("TRY({})", product(a, b, ty).sql), ty.clone())
                }
                ty => Ex::new(format!("TRY(CAST({plain} AS {}))", number_duck(ty)), ty.clone()),
            }
        }
        ("SAFE_NEGATE", [value]) => Ex::new(format!("TRY(-{})", value.sql), value.ty.clone()),
        (name, [value]) if ROOTS.contains(&name) => root(&name.to_lowercase(), &[value], &value.ty),
        ("LOG", [value]) => root("ln", &[value], &value.ty),
        ("LOG", [value, base]) => root("log", &[value, base], &together),
        ("POW" | "POWER", [value, by]) => root("pow", &[value, by], &together),
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// A function of FLOAT64, or of decimals.
fn root(function: &str, args: &[&Ex], ty: &Ty) -> Ex {
    if !ty.is_decimal() {
        let list: Vec<String> = args.iter().map(|a| format!("CAST({} AS DOUBLE)", a.sql)).collect();
        return Ex::new(format!("_hw_{function}({})", list.join(", ")), Ty::Float64);
    }
    let (duck, scale) = (ty.duck(), if *ty == Ty::Numeric { 9 } else { 18 });
    let list: Vec<String> = args
        .iter()
        .map(|a| format!("CAST(CAST({} AS {duck}) AS VARCHAR)", a.sql))
        .collect();
    let sql = format!("_hw_decimal_{function}({}, {scale}::BIGINT)", list.join(", "));
    Ex::new(format!("CAST({sql} AS {duck})"), ty.clone())
}

/// NULL where finite numbers lead to what is not finite.
fn finite(sql: &str, a: &Ex, b: &Ex) -> String {
    format!(
        "(CASE WHEN isfinite(CAST({a} AS DOUBLE)) AND isfinite(CAST({b} AS DOUBLE)) AND NOT isfinite({sql}) THEN NULL ELSE {sql} END)",
        a = a.sql,
        b = b.sql
    )
}

fn rounding(call: &Call<'_>, value: &Ex, rest: &[Ex]) -> Result<Ex> {
    let digits = rest
        .first()
        .map_or("0".to_owned(), |d| format!("CAST({} AS INTEGER)", d.sql));
    let ty = rounded(value);
    let v = &value.sql;
    let function = call.name.to_lowercase();
    let plain = format!("{function}({v}, {digits})");
    let sql = match rest.get(1) {
        None => plain,
        Some(mode) if call.name == "ROUND" && ty.is_decimal() => match literal::text(mode) {
            Some("ROUND_HALF_AWAY_FROM_ZERO") => plain,
            Some("ROUND_HALF_EVEN") => format!("_headwater.round_half_even({v}, {digits})"),
            _ => {
                return Err(Fault::query(format!(
                    "Invalid rounding mode: {}{}",
                    mode.sql, call.place
                )));
            }
        },
        Some(_) => return Err(call.no_match(&[])),
    };
    Ok(Ex::new(format!("CAST({sql} AS {})", number_duck(&ty)), ty))
}

/// Whole numbers are rounded as FLOAT64.
fn rounded(value: &Ex) -> Ty {
    if value.ty == Ty::Int64 {
        Ty::Float64
    } else {
        value.ty.clone()
    }
}

fn whole_type(ty: &Ty) -> Ty {
    if *ty == Ty::Unknown { Ty::Int64 } else { ty.clone() }
}

fn number_duck(ty: &Ty) -> String {
    if ty.is_number() { ty.duck() } else { "DOUBLE".into() }
}
