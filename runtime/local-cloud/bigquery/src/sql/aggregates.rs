//! Aggregate and analytic functions, with their DISTINCT, NULLS, ORDER BY, LIMIT and OVER clauses.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    NullTreatment, OrderByExpr, WindowFrameBound, WindowSpec, WindowType,
};

use super::dates::wrong_arguments;
use super::operators::divide;
use super::scope::Scope;
use super::{Ex, Result, Translator, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// What a call says besides its arguments.
#[derive(Default)]
struct Clauses {
    distinct: bool,
    order: String,
    limit: Option<String>,
    ignore_nulls: bool,
    respect_nulls: bool,
    having: Option<(bool, String)>,
    over: String,
}

const ANALYTIC: &[(&str, &str, Ty)] = &[
    ("ROW_NUMBER", "row_number", Ty::Int64),
    ("RANK", "rank", Ty::Int64),
    ("DENSE_RANK", "dense_rank", Ty::Int64),
    ("NTILE", "ntile", Ty::Int64),
    ("PERCENT_RANK", "percent_rank", Ty::Float64),
    ("CUME_DIST", "cume_dist", Ty::Float64),
];
const NAVIGATION: &[&str] = &["FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "LAG", "LEAD"];
/// Aggregates that DuckDB names alike (or nearly) and that answer FLOAT64.
const STATISTICS: &[(&str, &str)] = &[
    ("STDDEV", "stddev_samp"),
    ("STDDEV_SAMP", "stddev_samp"),
    ("STDDEV_POP", "stddev_pop"),
    ("VARIANCE", "var_samp"),
    ("VAR_SAMP", "var_samp"),
    ("VAR_POP", "var_pop"),
    ("CORR", "corr"),
    ("COVAR_POP", "covar_pop"),
    ("COVAR_SAMP", "covar_samp"),
];

impl Translator<'_> {
    /// `None`: the name is not that of an aggregate or analytic function.
    pub(super) fn aggregate(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        let known = ANALYTIC.iter().any(|a| a.0 == name)
            || NAVIGATION.contains(&name)
            || STATISTICS.iter().any(|s| s.0 == name)
            || matches!(
                name,
                "COUNT"
                    | "COUNTIF"
                    | "SUM"
                    | "AVG"
                    | "MIN"
                    | "MAX"
                    | "ANY_VALUE"
                    | "LOGICAL_AND"
                    | "LOGICAL_OR"
                    | "STRING_AGG"
                    | "ARRAY_AGG"
                    | "ARRAY_CONCAT_AGG"
                    | "APPROX_COUNT_DISTINCT"
                    | "APPROX_QUANTILES"
                    | "APPROX_TOP_COUNT"
                    | "BIT_AND"
                    | "BIT_OR"
                    | "BIT_XOR"
                    | "PERCENTILE_CONT"
                    | "PERCENTILE_DISC"
                    | "MAX_BY"
                    | "MIN_BY"
                    | "GROUPING"
            );
        if !known {
            return Ok(None);
        }
        let clauses = self.clauses(call, scope)?;
        let star = matches!(&call.args, FunctionArguments::List(list)
            if matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]));
        if star {
            return match name {
                "COUNT" => Ok(Some(Ex::new(format!("count(*){}", clauses.over), Ty::Int64))),
                _ => Err(wrong_arguments(name, call)),
            };
        }
        let args = self.plain_args(call, scope)?;
        if let Some((_, duck, ty)) = ANALYTIC.iter().find(|a| a.0 == name) {
            if clauses.over.is_empty() {
                return Err(Fault::query(format!(
                    "Analytic function {name} cannot be called without an OVER clause"
                )));
            }
            let args: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
            return Ok(Some(Ex::new(
                format!("{duck}({}){}", args.join(", "), clauses.over),
                ty.clone(),
            )));
        }
        if NAVIGATION.contains(&name) {
            let Some(first) = args.first() else {
                return Err(wrong_arguments(name, call));
            };
            let list: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
            let nulls = if clauses.ignore_nulls { " IGNORE NULLS" } else { "" };
            let sql = format!("{}({}{nulls}){}", name.to_lowercase(), list.join(", "), clauses.over);
            return Ok(Some(Ex::new(sql, first.ty.clone())));
        }
        let Some(first) = args.first() else {
            return Err(wrong_arguments(name, call));
        };
        self.over_values(name, first, &args, &clauses, call).map(Some)
    }

    fn over_values(&self, name: &str, first: &Ex, args: &[Ex], c: &Clauses, call: &Function) -> Result<Ex> {
        let distinct = if c.distinct { "DISTINCT " } else { "" };
        let v = &first.sql;
        let over = &c.over;
        let simple = |duck: &str, ty: Ty| Ex::new(format!("{duck}({distinct}{v}){over}"), ty);
        if let Some((_, duck)) = STATISTICS.iter().find(|s| s.0 == name) {
            let list: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
            return Ok(Ex::new(
                format!("{duck}({distinct}{}){over}", list.join(", ")),
                Ty::Float64,
            ));
        }
        Ok(match (name, args.get(1)) {
            ("COUNT", None) => simple("count", Ty::Int64),
            ("COUNTIF", None) => Ex::new(format!("CAST(count_if({v}){over} AS BIGINT)"), Ty::Int64),
            ("SUM", None) => {
                let sum = format!("sum({distinct}{v}){over}");
                match first.ty {
                    Ty::Float64 | Ty::Interval => Ex::new(sum, first.ty.clone()),
                    Ty::Numeric | Ty::BigNumeric => {
                        Ex::new(format!("CAST({sum} AS {})", first.ty.duck()), first.ty.clone())
                    }
                    Ty::Int64 => Ex::new(format!("CAST({sum} AS BIGINT)"), Ty::Int64),
                    Ty::Unknown => Ex::new(sum, Ty::Unknown),
                    _ => return Err(wrong_arguments(&format!("SUM({})", first.ty.sql()), call)),
                }
            }
            ("AVG", None) if first.ty.is_decimal() => {
                let (sum, count) = (simple("sum", first.ty.clone()), simple("count", Ty::Int64));
                let count = Ex::new(format!("nullif({}, 0)", count.sql), Ty::Int64);
                divide(&sum, &count, &first.ty, call)?
            }
            ("AVG", None) => simple("avg", Ty::Float64),
            ("MIN", None) => simple("min", first.ty.clone()),
            ("MAX", None) => simple("max", first.ty.clone()),
            ("ANY_VALUE", None) => match &c.having {
                Some((max, by)) => {
                    let duck = if *max { "arg_max" } else { "arg_min" };
                    Ex::new(format!("{duck}({v}, {by}){over}"), first.ty.clone())
                }
                None => simple("any_value", first.ty.clone()),
            },
            ("MAX_BY", Some(by)) => Ex::new(format!("arg_max({v}, {}){over}", by.sql), first.ty.clone()),
            ("MIN_BY", Some(by)) => Ex::new(format!("arg_min({v}, {}){over}", by.sql), first.ty.clone()),
            ("LOGICAL_AND", None) => simple("bool_and", Ty::Bool),
            ("LOGICAL_OR", None) => simple("bool_or", Ty::Bool),
            ("BIT_AND" | "BIT_OR" | "BIT_XOR", None) => simple(&name.to_lowercase(), Ty::Int64),
            ("APPROX_COUNT_DISTINCT", None) => {
                // Exact is within the promise of approximate.
                Ex::new(format!("count(DISTINCT {v}){over}"), Ty::Int64)
            }
            ("GROUPING", None) => simple("grouping", Ty::Int64),
            ("PERCENTILE_CONT", Some(at)) => Ex::new(format!("quantile_cont({v}, {}){over}", at.sql), Ty::Float64),
            ("PERCENTILE_DISC", Some(at)) => Ex::new(format!("quantile_disc({v}, {}){over}", at.sql), first.ty.clone()),
            ("APPROX_QUANTILES", Some(number)) => {
                let Some(super::Literal::Number(n)) = &number.literal else {
                    return Err(wrong_arguments(name, call));
                };
                let n: u32 = n.parse().map_err(|_| wrong_arguments(name, call))?;
                if n == 0 || n > 100_000 {
                    return Err(wrong_arguments(name, call));
                }
                let steps: Vec<String> = (0..=n).map(|i| format!("{:?}", f64::from(i) / f64::from(n))).collect();
                let sql = format!("quantile_disc({distinct}{v}, [{}]){over}", steps.join(", "));
                Ex::new(sql, Ty::Array(Box::new(first.ty.clone())))
            }
            ("APPROX_TOP_COUNT", Some(number)) => {
                let counted = format!("map_entries(histogram({v}){over})");
                let sorted = format!(
                    "list_sort(list_transform({counted}, lambda e: struct_pack(c := e.value, v := e.key)), 'DESC')"
                );
                let sql = format!(
                    "list_transform(({sorted})[1:{}], lambda e: struct_pack(\"value\" := e.v, \"count\" := CAST(e.c AS BIGINT)))",
                    number.sql
                );
                let field = |name: &str, ty: Ty| Field { name: name.into(), ty };
                let row = Ty::Struct(vec![field("value", first.ty.clone()), field("count", Ty::Int64)]);
                Ex::new(sql, Ty::Array(Box::new(row)))
            }
            ("STRING_AGG", separator) => {
                let separator = separator.map_or("','", |s| s.sql.as_str());
                if let Some(limit) = &c.limit {
                    let list = format!("list({distinct}{v}{}) FILTER (WHERE {v} IS NOT NULL){over}", c.order);
                    Ex::new(format!("array_to_string(({list})[1:{limit}], {separator})"), Ty::String)
                } else {
                    Ex::new(
                        format!("string_agg({distinct}{v}, {separator}{}){over}", c.order),
                        Ty::String,
                    )
                }
            }
            ("ARRAY_AGG", None) => {
                let filter = if c.ignore_nulls {
                    format!(" FILTER (WHERE {v} IS NOT NULL)")
                } else {
                    String::new()
                };
                let list = format!("list({distinct}{v}{}){filter}{over}", c.order);
                let sql = c
                    .limit
                    .as_ref()
                    .map_or(list.clone(), |limit| format!("({list})[1:{limit}]"));
                Ex::new(sql, Ty::Array(Box::new(first.ty.clone())))
            }
            ("ARRAY_CONCAT_AGG", None) => Ex::new(format!("flatten(list({v}{}){over})", c.order), first.ty.clone()),
            _ => return Err(wrong_arguments(name, call)),
        })
    }

    fn clauses(&self, call: &Function, scope: &Scope<'_>) -> Result<Clauses> {
        let mut out = Clauses::default();
        if call.filter.is_some() || !call.within_group.is_empty() {
            return Err(unsupported("FILTER and WITHIN GROUP", call));
        }
        let mut nulls = |treatment: &NullTreatment| match treatment {
            NullTreatment::IgnoreNulls => out.ignore_nulls = true,
            NullTreatment::RespectNulls => out.respect_nulls = true,
        };
        if let Some(treatment) = &call.null_treatment {
            nulls(treatment);
        }
        if let FunctionArguments::List(list) = &call.args {
            for clause in &list.clauses {
                if let FunctionArgumentClause::IgnoreOrRespectNulls(treatment) = clause {
                    nulls(treatment);
                }
            }
            out.distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
            for clause in &list.clauses {
                match clause {
                    FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
                    FunctionArgumentClause::OrderBy(order) => out.order = format!(" {}", self.order(order, scope)?),
                    FunctionArgumentClause::Limit(limit) => out.limit = Some(self.expr(limit, scope)?.sql),
                    FunctionArgumentClause::Having(having) => {
                        let max = matches!(having.0, sqlparser::ast::HavingBoundKind::Max);
                        out.having = Some((max, self.expr(&having.1, scope)?.sql));
                    }
                    other => return Err(unsupported(&format!("the clause `{other}`"), call)),
                }
            }
        }
        if let Some(window) = &call.over {
            out.over = match window {
                WindowType::NamedWindow(name) => format!(" OVER {}", quoted(&name.value)),
                WindowType::WindowSpec(spec) => format!(" OVER ({})", self.window(spec, scope)?),
            };
        }
        Ok(out)
    }

    pub(super) fn window(&self, spec: &WindowSpec, scope: &Scope<'_>) -> Result<String> {
        let mut parts = Vec::new();
        if let Some(name) = &spec.window_name {
            parts.push(quoted(&name.value));
        }
        if !spec.partition_by.is_empty() {
            let keys: Vec<String> = self
                .exprs(&spec.partition_by, scope)?
                .into_iter()
                .map(|e| e.sql)
                .collect();
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        if !spec.order_by.is_empty() {
            parts.push(self.order(&spec.order_by, scope)?);
        }
        if let Some(frame) = &spec.window_frame {
            let bound = |bound: &WindowFrameBound| -> Result<String> {
                Ok(match bound {
                    WindowFrameBound::CurrentRow => "CURRENT ROW".into(),
                    WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".into(),
                    WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".into(),
                    WindowFrameBound::Preceding(Some(n)) => format!("{} PRECEDING", self.expr(n, scope)?.sql),
                    WindowFrameBound::Following(Some(n)) => format!("{} FOLLOWING", self.expr(n, scope)?.sql),
                })
            };
            let start = bound(&frame.start_bound)?;
            parts.push(match &frame.end_bound {
                Some(end) => format!("{} BETWEEN {start} AND {}", frame.units, bound(end)?),
                None => format!("{} {start}", frame.units),
            });
        }
        Ok(parts.join(" "))
    }

    /// `ORDER BY …` with BigQuery's place for NULLs: they are the smallest values.
    pub(super) fn order(&self, order: &[OrderByExpr], scope: &Scope<'_>) -> Result<String> {
        self.order_by(order, |expr| Ok(self.expr(expr, scope)?.sql))
    }

    /// The same for a whole query, where a number is a position and a name may be the SELECT list's.
    pub(super) fn result_order(&self, order: &[OrderByExpr], scope: &Scope<'_>) -> Result<String> {
        self.order_by(order, |expr| match expr {
            Expr::Value(value) => match &value.value {
                sqlparser::ast::Value::Number(n, _) if n.parse::<u32>().is_ok() => Ok(n.clone()),
                _ => Ok(self.expr(expr, scope)?.sql),
            },
            Expr::Identifier(ident) if scope.aliases.iter().any(|a| a.name.eq_ignore_ascii_case(&ident.value)) => {
                let alias = scope.aliases.iter().find(|a| a.name.eq_ignore_ascii_case(&ident.value));
                alias.iter().for_each(|a| self.reads_columns(&a.origins));
                Ok(quoted(&ident.value))
            }
            _ => Ok(self.expr(expr, scope)?.sql),
        })
    }

    fn order_by(&self, order: &[OrderByExpr], key_sql: impl Fn(&Expr) -> Result<String>) -> Result<String> {
        let mut keys = Vec::new();
        for key in order {
            let sql = key_sql(&key.expr)?;
            let descending = matches!(key.options.sort, Some(sqlparser::ast::OrderBySort::Desc));
            let nulls_first = key.options.nulls_first.unwrap_or(!descending);
            keys.push(format!(
                "{sql} {} NULLS {}",
                if descending { "DESC" } else { "ASC" },
                if nulls_first { "FIRST" } else { "LAST" }
            ));
        }
        Ok(format!("ORDER BY {}", keys.join(", ")))
    }
}
