//! Approximate aggregates. APPROX_* answer exactly, which is within their promise; the sketches of HLL_COUNT and
//! KLL_QUANTILES are bytes of our own, made and read in Rust.

use sqlparser::ast::Function;

use super::{Clauses, no_aggregate};
use crate::sql::{Ex, Literal, Result, Translator};
use crate::types::{Field, Ty};

/// Whether the name is one of this module's.
pub(super) fn knows(name: &str) -> bool {
    name.starts_with("APPROX_")
        || matches!(
            name,
            "HLL_COUNT.INIT" | "HLL_COUNT.MERGE" | "HLL_COUNT.MERGE_PARTIAL" | "HLL_COUNT.EXTRACT"
        )
        || name.strip_prefix("KLL_QUANTILES.").is_some_and(|n| {
            matches!(
                n,
                "INIT_INT64"
                    | "INIT_FLOAT64"
                    | "MERGE_PARTIAL"
                    | "MERGE_INT64"
                    | "MERGE_FLOAT64"
                    | "MERGE_POINT_INT64"
                    | "MERGE_POINT_FLOAT64"
                    | "EXTRACT_INT64"
                    | "EXTRACT_FLOAT64"
                    | "EXTRACT_POINT_INT64"
                    | "EXTRACT_POINT_FLOAT64"
            )
        })
}

/// The precision of a KLL sketch where none is said.
const KLL_PRECISION: u32 = 1000;

/// Takes the weight of a KLL sketch's values as their third argument.
pub(super) fn weigh(args: &mut Vec<Ex>, weight: Ex) {
    if args.len() == 1 {
        args.push(Ex {
            literal: Some(Literal::Number(KLL_PRECISION.to_string())),
            ..Ex::new(KLL_PRECISION.to_string(), Ty::Int64)
        });
    }
    args.push(weight);
}

/// A whole number that is written as such.
fn constant(ex: &Ex) -> Option<u32> {
    match &ex.literal {
        Some(Literal::Number(n)) => n.parse().ok(),
        _ => None,
    }
}

fn pairs(value: &Ty, count: &str, count_type: Ty) -> Ty {
    let field = |name: &str, ty: Ty| Field { name: name.into(), ty };
    Ty::Array(Box::new(Ty::Struct(vec![
        field("value", value.clone()),
        field(count, count_type),
    ])))
}

impl Translator<'_> {
    pub(super) fn approximate(&self, name: &str, args: &[Ex], c: &Clauses, call: &Function) -> Result<Ex> {
        let Some(first) = args.first() else {
            return Err(no_aggregate(name, args, call));
        };
        let (v, over) = (&first.sql, &c.over);
        let distinct = if c.distinct { "DISTINCT " } else { "" };
        Ok(match (name, &args[1..]) {
            ("APPROX_COUNT_DISTINCT", []) => Ex::new(format!("count(DISTINCT {v}){over}"), Ty::Int64),
            ("APPROX_QUANTILES", [number]) => {
                let number = constant(number).filter(|n| (1..=100_000).contains(n));
                let number = number.ok_or_else(|| no_aggregate(name, args, call))?;
                let ty = Ty::Array(Box::new(first.ty.clone()));
                if c.respect_nulls {
                    let all = format!("list({distinct}{v} ORDER BY {v} NULLS FIRST){over}");
                    return Ok(Ex::new(format!("_headwater.quantiles({all}, {number})"), ty));
                }
                let steps: Vec<String> = (0..=number)
                    .map(|i| format!("{:?}", f64::from(i) / f64::from(number)))
                    .collect();
                Ex::new(
                    format!("quantile_disc({distinct}{v}, [{}]){over}", steps.join(", ")),
                    ty,
                )
            }
            ("APPROX_TOP_COUNT", [number]) => {
                // In a struct NULL is a value to be counted.
                let counted = format!("map_entries(histogram(struct_pack(v := {v})){over})");
                Ex::new(
                    format!("_headwater.top_counts({counted}, {})", number.sql),
                    pairs(&first.ty, "count", Ty::Int64),
                )
            }
            ("APPROX_TOP_SUM", [weight, number]) => {
                let all = format!("list(struct_pack(v := {v}, w := {})){over}", weight.sql);
                Ex::new(
                    format!("_headwater.top_sums({all}, {})", number.sql),
                    pairs(&first.ty, "sum", weight.ty.clone()),
                )
            }
            _ if name.starts_with("HLL_COUNT.") => self.hll(name, first, &args[1..], over, call)?,
            _ if name.starts_with("KLL_QUANTILES.") => self.kll(name, first, &args[1..], over, call)?,
            _ => return Err(no_aggregate(name, args, call)),
        })
    }

    fn hll(&self, name: &str, first: &Ex, rest: &[Ex], over: &str, call: &Function) -> Result<Ex> {
        let refused = || no_aggregate(name, std::slice::from_ref(first), call);
        let v = &first.sql;
        let all = |v: &str| format!("list({v}) FILTER (WHERE {v} IS NOT NULL){over}");
        let sketch = matches!(first.ty, Ty::Bytes | Ty::Unknown);
        Ok(match (name, rest) {
            ("HLL_COUNT.INIT", [] | [_]) => {
                let precision = rest.first().map_or(Some(15), constant);
                let precision = precision.filter(|p| (10..=24).contains(p)).ok_or_else(refused)?;
                let value = match first.ty {
                    Ty::Int64 | Ty::String | Ty::Bytes | Ty::Unknown => v.clone(),
                    Ty::Numeric | Ty::BigNumeric => format!("CAST({v} AS VARCHAR)"),
                    _ => return Err(refused()),
                };
                Ex::new(format!("_hw_hll_init({}, {precision}::BIGINT)", all(&value)), Ty::Bytes)
            }
            ("HLL_COUNT.MERGE", []) if sketch => Ex::new(
                format!("coalesce(_hw_hll_count(_hw_hll_merge({})), 0)", all(v)),
                Ty::Int64,
            ),
            ("HLL_COUNT.MERGE_PARTIAL", []) if sketch => Ex::new(format!("_hw_hll_merge({})", all(v)), Ty::Bytes),
            ("HLL_COUNT.EXTRACT", []) if sketch => Ex::new(format!("coalesce(_hw_hll_count({v}), 0)"), Ty::Int64),
            _ => return Err(refused()),
        })
    }

    fn kll(&self, name: &str, first: &Ex, rest: &[Ex], over: &str, call: &Function) -> Result<Ex> {
        let refused = || no_aggregate(name, std::slice::from_ref(first), call);
        let v = &first.sql;
        let all = |v: &str| format!("list({v}) FILTER (WHERE {v} IS NOT NULL){over}");
        let whole = name.ends_with("INT64");
        let ty = if whole { Ty::Int64 } else { Ty::Float64 };
        let kind = if whole { "ints" } else { "floats" };
        let short = name.trim_start_matches("KLL_QUANTILES.");
        if short.starts_with("INIT") {
            let (precision, weight) = match rest {
                [] => (Some(KLL_PRECISION), None),
                [precision] => (constant(precision), None),
                [precision, weight] => (constant(precision), Some(weight)),
                _ => return Err(refused()),
            };
            let precision = precision.filter(|p| (1..=100_000).contains(p)).ok_or_else(refused)?;
            if first.ty != Ty::Unknown && !(first.ty == Ty::Int64 || !whole && first.ty.is_number()) {
                return Err(refused());
            }
            if weight.is_some_and(|w| !matches!(w.ty, Ty::Int64 | Ty::Unknown)) {
                return Err(refused());
            }
            let value = format!("CAST({v} AS {})", ty.duck());
            let weight = weight.map_or("1", |w| w.sql.as_str());
            return Ok(Ex::new(
                format!(
                    "_hw_kll_init(list({value}) FILTER (WHERE {v} IS NOT NULL AND {weight} IS NOT NULL){over}, \
                     list(CAST({weight} AS BIGINT)) FILTER (WHERE {v} IS NOT NULL AND {weight} IS NOT NULL){over}, {precision}::BIGINT)"
                ),
                Ty::Bytes,
            ));
        }
        let sketch = if short.starts_with("MERGE") {
            format!("_hw_kll_merge({})", all(v))
        } else {
            v.clone()
        };
        Ok(match (short.contains("POINT"), rest) {
            _ if short == "MERGE_PARTIAL" => Ex::new(sketch, Ty::Bytes),
            (true, [at]) => Ex::new(
                format!("_hw_kll_point_{kind}({sketch}, CAST({} AS DOUBLE))", at.sql),
                ty,
            ),
            (false, [number]) => Ex::new(
                format!("_hw_kll_{kind}({sketch}, CAST({} AS BIGINT))", number.sql),
                Ty::Array(Box::new(ty)),
            ),
            _ => return Err(refused()),
        })
    }
}
