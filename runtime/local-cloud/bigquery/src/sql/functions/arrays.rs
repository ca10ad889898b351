//! Arrays: their scalar functions, and those that take a function of their elements.

use sqlparser::ast::{Expr, Function, LambdaFunction, OneOrManyWithParens};

use super::Call;
use super::signature::{Ret, Scalar};
use crate::error::Fault;
use crate::sql::literal::coerce;
use crate::sql::operators::{common, unify};
use crate::sql::scope::{Alias, Origins, Scope};
use crate::sql::{Ex, Result, Translator, at};
use crate::types::{Ty, quoted};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("ARRAY_LENGTH", "L", "CAST(len($1) AS BIGINT)", Ret::Int),
    ("ARRAY_REVERSE", "L", "list_reverse($1)", Ret::Arg(0)),
    ("ARRAY_TO_STRING", "sS", "array_to_string(list_filter($1, lambda e: e IS NOT NULL), $2)", Ret::Str),
    ("ARRAY_TO_STRING", "sSS", "array_to_string(list_transform($1, lambda e: coalesce(e, $3)), $2)", Ret::Str),
    ("ARRAY_TO_STRING", "yY", "_hw_join_bytes(list_filter($1, lambda e: e IS NOT NULL), $2)", Ret::Bytes),
    ("ARRAY_TO_STRING", "yYY", "_hw_join_bytes(list_transform($1, lambda e: coalesce(e, $3)), $2)", Ret::Bytes),
    ("ARRAY_FIRST", "L", "_headwater.offset_of($1, 0)", Ret::Element),
    ("ARRAY_LAST", "L", "_headwater.offset_of($1, CAST(len($1) AS BIGINT) - 1)", Ret::Element),
    ("ARRAY_SLICE", "LII", "_headwater.array_slice($1, $2, $3)", Ret::Arg(0)),
    ("ARRAY_IS_DISTINCT", "L", "(len(list_distinct($1)) + CASE WHEN list_count($1) < len($1) THEN 1 ELSE 0 END = len($1))", Ret::Bool),
    ("ARRAY_INCLUDES", "LA", "list_contains($1, $2)", Ret::Bool),
    ("ARRAY_INCLUDES_ANY", "LL", "list_has_any($1, $2)", Ret::Bool),
    ("ARRAY_INCLUDES_ALL", "LL", "list_has_all($1, $2)", Ret::Bool),
    ("ARRAY_MAX", "L", "list_max($1)", Ret::Element),
    ("ARRAY_MIN", "L", "list_min($1)", Ret::Element),
    ("ARRAY_AVG", "L", "list_avg($1)", Ret::Float),
];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let array = |ty: Ty| Ty::Array(Box::new(ty));
    let ex = match (call.name, call.args) {
        ("ARRAY_CONCAT", [_, ..]) => {
            let all_arrays = call.args.iter().all(|a| matches!(a.ty, Ty::Array(_) | Ty::Unknown));
            if !all_arrays {
                return Err(call.no_match(&[]));
            }
            let (items, ty) = unify(call.args.to_vec());
            let nulls: Vec<String> = items.iter().map(|a| format!("{} IS NULL", a.sql)).collect();
            let all: Vec<&str> = items.iter().map(|a| a.sql.as_str()).collect();
            Ex::new(
                format!(
                    "(CASE WHEN {} THEN NULL ELSE list_concat({}) END)",
                    nulls.join(" OR "),
                    all.join(", ")
                ),
                ty,
            )
        }
        ("ARRAY_SUM", [value]) => match &value.ty {
            Ty::Array(item) => Ex::new(
                format!("CAST(list_sum({}) AS {})", value.sql, item.duck()),
                (**item).clone(),
            ),
            _ => return Err(call.no_match(&[])),
        },
        ("GENERATE_ARRAY", [from, to, step @ ..]) if step.len() <= 1 => numbers(call, from, to, step.first())?,
        ("GENERATE_DATE_ARRAY", [from, to, step @ ..]) if step.len() <= 1 => {
            let (from, to) = (coerce(from.clone(), &Ty::Date), coerce(to.clone(), &Ty::Date));
            if from.ty != Ty::Date || to.ty != Ty::Date || step.iter().any(|s| s.ty != Ty::Interval) {
                return Err(call.no_match(&[]));
            }
            let step = step.first().map_or("to_days(1)", |s| s.sql.as_str());
            Ex::new(
                format!("_headwater.date_series({}, {}, {step})", from.sql, to.sql),
                array(Ty::Date),
            )
        }
        ("GENERATE_TIMESTAMP_ARRAY", [from, to, step]) => {
            let (from, to) = (coerce(from.clone(), &Ty::Timestamp), coerce(to.clone(), &Ty::Timestamp));
            if from.ty != Ty::Timestamp || to.ty != Ty::Timestamp || step.ty != Ty::Interval {
                return Err(call.no_match(&[]));
            }
            Ex::new(
                format!("_headwater.timestamp_series({}, {}, {})", from.sql, to.sql, step.sql),
                array(Ty::Timestamp),
            )
        }
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// GENERATE_ARRAY; both ends belong to it.
fn numbers(call: &Call<'_>, from: &Ex, to: &Ex, step: Option<&Ex>) -> Result<Ex> {
    let all = [Some(from), Some(to), step];
    let all = || all.iter().flatten();
    if !all().all(|e| e.ty.is_number() || e.ty == Ty::Unknown) {
        return Err(call.no_match(&[]));
    }
    let ty = common(all().map(|e| &e.ty));
    let ty = if ty == Ty::Unknown { Ty::Int64 } else { ty };
    let cast = |e: &Ex| format!("CAST({} AS {})", coerce(e.clone(), &ty).sql, ty.duck());
    let step = step.map_or(format!("CAST(1 AS {})", ty.duck()), &cast);
    let function = if ty == Ty::Int64 {
        "whole_series"
    } else {
        "number_series"
    };
    let sql = format!("_headwater.{function}({}, {}, {step})", cast(from), cast(to));
    let ty = Ty::Array(Box::new(ty));
    Ok(Ex::new(format!("CAST({sql} AS {})", ty.duck()), ty))
}

impl Translator<'_> {
    /// Functions of an array and of a function of its elements, as `ARRAY_FILTER(a, e -> e > 1)`.
    pub(super) fn with_lambda(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        if !["ARRAY_FILTER", "ARRAY_TRANSFORM", "ARRAY_INCLUDES"].contains(&name) {
            return Ok(None);
        }
        let [array, Expr::Lambda(lambda)] = self.raw_args(call)?[..] else {
            return Ok(None);
        };
        let array = self.expr(array, scope)?;
        let item = match &array.ty {
            Ty::Array(item) => (**item).clone(),
            Ty::Unknown => Ty::Unknown,
            other => {
                return Err(Fault::query(format!(
                    "No matching signature for function {name} for argument types: {}{}",
                    other.sql(),
                    at(call)
                )));
            }
        };
        let (head, body) = self.lambda(lambda, &item, scope, call)?;
        let list = &array.sql;
        let truth = || match body.ty {
            Ty::Bool | Ty::Unknown => Ok(()),
            _ => Err(Fault::query(format!(
                "Lambda of {name} must return type BOOL{}",
                at(call)
            ))),
        };
        Ok(Some(match name {
            "ARRAY_TRANSFORM" => Ex::new(
                format!("list_transform({list}, lambda {head}: {})", body.sql),
                Ty::Array(Box::new(body.ty)),
            ),
            "ARRAY_FILTER" => {
                truth()?;
                Ex::new(format!("list_filter({list}, lambda {head}: {})", body.sql), array.ty)
            }
            _ => {
                truth()?;
                Ex::new(
                    format!("(len(list_filter({list}, lambda {head}: {})) > 0)", body.sql),
                    Ty::Bool,
                )
            }
        }))
    }

    /// The parameters of a lambda as DuckDB has them, and its body.
    fn lambda(&self, lambda: &LambdaFunction, item: &Ty, scope: &Scope<'_>, call: &Function) -> Result<(String, Ex)> {
        let params = match &lambda.params {
            OneOrManyWithParens::One(one) => std::slice::from_ref(one),
            OneOrManyWithParens::Many(many) => many.as_slice(),
        };
        if params.is_empty() || params.len() > 2 {
            return Err(Fault::query(format!(
                "A lambda of an array takes an element and its offset{}",
                at(call)
            )));
        }
        let mut inner = Scope::child(scope);
        let mut names = Vec::new();
        for (param, ty) in params.iter().zip([item.clone(), Ty::Int64]) {
            let name = self.fresh("l");
            // DuckDB counts from 1.
            let sql = if names.is_empty() {
                quoted(&name)
            } else {
                format!("({} - 1)", quoted(&name))
            };
            names.push(quoted(&name));
            inner.aliases.push(Alias {
                name: param.name.value.clone(),
                ty,
                sql,
                literal: None,
                origins: Origins::new(),
            });
        }
        let body = self.expr(&lambda.body, &inner)?;
        Ok((names.join(", "), body))
    }
}
