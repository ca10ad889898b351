//! Aggregates of a column's values, as groups and as windows.

use sqlparser::ast::Function;

use super::{Clauses, no_aggregate};
use crate::error::Fault;
use crate::sql::operators::quotient;
use crate::sql::{Ex, Result, Translator};
use crate::types::Ty;

pub(super) const NAMES: &[&str] = &[
    "ANY_VALUE",
    "ARRAY_AGG",
    "ARRAY_CONCAT_AGG",
    "AVG",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "COUNT",
    "COUNTIF",
    "GROUPING",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAX",
    "MAX_BY",
    "MIN",
    "MIN_BY",
    "PERCENTILE_CONT",
    "PERCENTILE_DISC",
    "STRING_AGG",
    "SUM",
];

/// Statistics that DuckDB names alike (or nearly): BigQuery's name, DuckDB's, how many columns, fewest rows.
pub(super) const STATISTICS: &[(&str, &str, usize, u8)] = &[
    ("STDDEV", "stddev_samp", 1, 2),
    ("STDDEV_SAMP", "stddev_samp", 1, 2),
    ("STDDEV_POP", "stddev_pop", 1, 1),
    ("VARIANCE", "var_samp", 1, 2),
    ("VAR_SAMP", "var_samp", 1, 2),
    ("VAR_POP", "var_pop", 1, 1),
    ("CORR", "corr", 2, 2),
    ("COVAR_POP", "covar_pop", 2, 1),
    ("COVAR_SAMP", "covar_samp", 2, 2),
];

/// DuckDB has no sum of intervals: their parts are added up.
fn interval_sum(v: &str, over: &str) -> String {
    format!(
        "_headwater.interval_of(sum(_headwater.interval_months({v})){over}, sum(datepart('day', {v})){over}, \
         sum(_headwater.interval_micros({v})){over})"
    )
}

impl Translator<'_> {
    pub(super) fn statistic(
        &self,
        (name, duck, width, fewest): (&str, &str, usize, u8),
        args: &[Ex],
        c: &Clauses,
        call: &Function,
    ) -> Result<Ex> {
        let fits = args.iter().all(|a| a.ty.is_number() || a.ty == Ty::Unknown);
        if args.len() != width || !fits {
            return Err(no_aggregate(name, args, call));
        }
        let distinct = if c.distinct { "DISTINCT " } else { "" };
        let over = &c.over;
        let list: Vec<String> = args.iter().map(|a| format!("CAST({} AS DOUBLE)", a.sql)).collect();
        let joined = list.join(", ");
        let unknown: Vec<String> = args.iter().map(|a| format!("{} IS NOT NULL", a.sql)).collect();
        // DuckDB refuses what is not finite: BigQuery answers NaN.
        let floats: Vec<&Ex> = args.iter().filter(|a| a.ty == Ty::Float64).collect();
        let finite: Vec<String> = floats.iter().map(|a| format!("isfinite({})", a.sql)).collect();
        let mut filter = String::new();
        let mut cases = String::new();
        if !finite.is_empty() {
            filter = format!(" FILTER (WHERE {})", finite.join(" AND "));
            cases = format!(
                "WHEN coalesce(bool_or(NOT ({})) FILTER (WHERE {}){over}, FALSE) THEN 'nan'::DOUBLE ",
                finite.join(" AND "),
                unknown.join(" AND ")
            );
        }
        let rows = format!(
            "count({distinct}{}) FILTER (WHERE {}){over}",
            args[0].sql,
            unknown.join(" AND ")
        );
        Ok(Ex::new(
            format!("(CASE WHEN {rows} < {fewest} THEN NULL {cases}ELSE {duck}({distinct}{joined}){filter}{over} END)"),
            Ty::Float64,
        ))
    }

    pub(super) fn over_values(&self, name: &str, args: &[Ex], c: &Clauses, call: &Function) -> Result<Ex> {
        let Some(first) = args.first() else {
            return Err(no_aggregate(name, args, call));
        };
        if let Some((max, by)) = &c.having {
            return self.bound(name, first, *max, by, c, call);
        }
        let distinct = if c.distinct { "DISTINCT " } else { "" };
        let v = &first.sql;
        let over = &c.over;
        let is = |ty: &Ty| first.ty == *ty || first.ty == Ty::Unknown;
        let simple = |duck: &str, ty: Ty| Ex::new(format!("{duck}({distinct}{v}){over}"), ty);
        let refused = || no_aggregate(name, args, call);
        Ok(match (name, args.get(1)) {
            ("COUNT", None) => simple("count", Ty::Int64),
            ("COUNTIF", None) if is(&Ty::Bool) => Ex::new(
                format!("CAST(coalesce(count_if({distinct}{v}){over}, 0) AS BIGINT)"),
                Ty::Int64,
            ),
            ("SUM", None) => {
                let sum = format!("sum({distinct}{v}){over}");
                match first.ty {
                    Ty::Interval => Ex::new(interval_sum(v, over), Ty::Interval),
                    Ty::Float64 => Ex::new(sum, first.ty.clone()),
                    Ty::Numeric | Ty::BigNumeric => {
                        Ex::new(format!("CAST({sum} AS {})", first.ty.duck()), first.ty.clone())
                    }
                    Ty::Int64 => Ex::new(format!("CAST({sum} AS BIGINT)"), Ty::Int64),
                    Ty::Unknown => Ex::new(sum, Ty::Unknown),
                    _ => return Err(refused()),
                }
            }
            ("AVG", None) if first.ty.is_decimal() => {
                let (sum, count) = (simple("sum", first.ty.clone()), simple("count", Ty::Int64));
                let count = Ex::new(format!("nullif({}, 0)", count.sql), Ty::Int64);
                quotient(&sum, &count, &first.ty)
            }
            ("AVG", None) if first.ty == Ty::Interval => Ex::new(
                format!(
                    "_headwater.interval_part({}, nullif(count({v}){over}, 0))",
                    interval_sum(v, over)
                ),
                Ty::Interval,
            ),
            ("AVG", None) if first.ty.is_number() || first.ty == Ty::Unknown => simple("avg", Ty::Float64),
            // NaN is the least and the greatest of all.
            ("MIN", None) if first.ty == Ty::Float64 => Ex::new(
                format!("(CASE WHEN bool_or(isnan({v})){over} THEN 'nan'::DOUBLE ELSE min({distinct}{v}){over} END)"),
                Ty::Float64,
            ),
            ("MIN" | "MAX", None) => match first.ty {
                Ty::Json | Ty::Struct(_) | Ty::Array(_) => return Err(refused()),
                _ => simple(&name.to_lowercase(), first.ty.clone()),
            },
            ("ANY_VALUE", None) => simple("any_value", first.ty.clone()),
            ("MAX_BY", Some(by)) => Ex::new(format!("arg_max({v}, {}){over}", by.sql), first.ty.clone()),
            ("MIN_BY", Some(by)) => Ex::new(format!("arg_min({v}, {}){over}", by.sql), first.ty.clone()),
            ("LOGICAL_AND", None) if is(&Ty::Bool) => simple("bool_and", Ty::Bool),
            ("LOGICAL_OR", None) if is(&Ty::Bool) => simple("bool_or", Ty::Bool),
            ("BIT_AND" | "BIT_OR" | "BIT_XOR", None) if is(&Ty::Int64) => simple(&name.to_lowercase(), Ty::Int64),
            ("GROUPING", None) => Ex::new(format!("CAST(grouping({v}) AS BIGINT)"), Ty::Int64),
            ("PERCENTILE_CONT" | "PERCENTILE_DISC", Some(at)) => self.percentile(name, first, at, c, call)?,
            ("STRING_AGG", separator) => self.joined_texts(first, separator, c, call)?,
            ("ARRAY_AGG", None) => {
                if matches!(first.ty, Ty::Array(_)) {
                    return Err(Fault::query(format!(
                        "The argument to ARRAY_AGG must not be an array type but was {}{}",
                        first.ty.sql(),
                        crate::sql::at(call)
                    )));
                }
                let filter = if c.ignore_nulls {
                    format!(" FILTER (WHERE {v} IS NOT NULL)")
                } else {
                    String::new()
                };
                let list = format!("list({distinct}{v}{}){filter}{over}", c.order);
                Ex::new(c.limited(&list), Ty::Array(Box::new(first.ty.clone())))
            }
            ("ARRAY_CONCAT_AGG", None) if matches!(first.ty, Ty::Array(_)) => {
                let list = format!("list({v}{}) FILTER (WHERE {v} IS NOT NULL){over}", c.order);
                Ex::new(format!("flatten({})", c.limited(&list)), first.ty.clone())
            }
            _ => return Err(refused()),
        })
    }

    fn joined_texts(&self, first: &Ex, separator: Option<&Ex>, c: &Clauses, call: &Function) -> Result<Ex> {
        let distinct = if c.distinct { "DISTINCT " } else { "" };
        let (v, over) = (&first.sql, &c.over);
        let list = format!("list({distinct}{v}{}) FILTER (WHERE {v} IS NOT NULL){over}", c.order);
        Ok(match first.ty {
            Ty::Bytes => {
                let separator = separator.map_or("','::BLOB", |s| s.sql.as_str());
                Ex::new(format!("_hw_join_bytes({}, {separator})", c.limited(&list)), Ty::Bytes)
            }
            Ty::String | Ty::Unknown => {
                let separator = separator.map_or("','", |s| s.sql.as_str());
                let sql = if c.limit.is_some() {
                    format!("array_to_string({}, {separator})", c.limited(&list))
                } else {
                    format!("string_agg({distinct}{v}, {separator}{}){over}", c.order)
                };
                Ex::new(sql, Ty::String)
            }
            _ => return Err(no_aggregate("STRING_AGG", std::slice::from_ref(first), call)),
        })
    }

    fn percentile(&self, name: &str, first: &Ex, at: &Ex, c: &Clauses, call: &Function) -> Result<Ex> {
        if c.over.is_empty() {
            return Err(Fault::query(format!(
                "Analytic function {name} cannot be called without an OVER clause{}",
                crate::sql::at(call)
            )));
        }
        let continuous = name == "PERCENTILE_CONT";
        let ty = match (&first.ty, continuous) {
            (Ty::Int64 | Ty::Unknown, true) => Ty::Float64,
            (ty, true) if !ty.is_number() => return Err(no_aggregate(name, std::slice::from_ref(first), call)),
            (ty, _) => ty.clone(),
        };
        let v = if continuous {
            format!("CAST({} AS {})", first.sql, ty.duck())
        } else {
            first.sql.clone()
        };
        let over = &c.over;
        // PERCENTILE_DISC of nothing but NULLs, or with RESPECT NULLS, is a place in the sorted values.
        let function = if continuous {
            "percentile_cont"
        } else {
            "percentile_disc"
        };
        let sql = if c.respect_nulls {
            format!(
                "_headwater.{function}(list({v} ORDER BY {v} NULLS FIRST){over}, {})",
                at.sql
            )
        } else {
            let duck = if continuous { "quantile_cont" } else { "quantile_disc" };
            format!("{duck}({v}, {}){over}", at.sql)
        };
        Ok(Ex::new(format!("CAST({sql} AS {})", ty.duck()), ty))
    }

    /// An aggregate over the rows whose key is the greatest or the least.
    fn bound(&self, name: &str, first: &Ex, max: bool, by: &str, c: &Clauses, call: &Function) -> Result<Ex> {
        let (v, over) = (&first.sql, &c.over);
        if name == "ANY_VALUE" {
            let duck = if max { "arg_max" } else { "arg_min" };
            return Ok(Ex::new(format!("{duck}({v}, {by}){over}"), first.ty.clone()));
        }
        let extreme = if max { "max" } else { "min" };
        let rows =
            format!("_headwater.bound_values(list(struct_pack(k := {by}, v := {v})){over}, {extreme}({by}){over})");
        let rows = if c.distinct {
            format!("list_distinct({rows})")
        } else {
            rows
        };
        Ok(match name {
            "COUNT" => Ex::new(format!("CAST(list_count({rows}) AS BIGINT)"), Ty::Int64),
            "SUM" if first.ty.is_number() => Ex::new(
                format!("CAST(list_sum({rows}) AS {})", first.ty.duck()),
                first.ty.clone(),
            ),
            "AVG" if matches!(first.ty, Ty::Int64 | Ty::Float64) => Ex::new(format!("list_avg({rows})"), Ty::Float64),
            "MAX" => Ex::new(format!("list_max({rows})"), first.ty.clone()),
            "MIN" => Ex::new(format!("list_min({rows})"), first.ty.clone()),
            "ARRAY_AGG" => Ex::new(c.limited(&rows), Ty::Array(Box::new(first.ty.clone()))),
            _ => {
                return Err(crate::sql::unsupported(
                    &format!("HAVING MAX and HAVING MIN in {name}"),
                    call,
                ));
            }
        })
    }
}
