//! Aggregate and analytic functions, with their DISTINCT, NULLS, HAVING, ORDER BY, LIMIT and OVER clauses.

mod approximate;
mod values;

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    NullTreatment, OrderByExpr, WindowFrameBound, WindowSpec, WindowType,
};

use super::dates::wrong_arguments;
use super::functions::text_analysis::{is_document, terms};
use super::scope::Scope;
use super::{Ex, Result, Translator, at, unsupported};
use crate::error::Fault;
use crate::types::{Ty, quoted};

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

impl Clauses {
    /// As many of the list's elements as LIMIT says.
    fn limited(&self, list: &str) -> String {
        match &self.limit {
            Some(limit) => format!("({list})[1:{limit}]"),
            None => list.to_owned(),
        }
    }
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

/// Whether a name is that of an aggregate or analytic function.
pub(super) fn knows(name: &str) -> bool {
    ANALYTIC.iter().any(|a| a.0 == name)
        || values::STATISTICS.iter().any(|s| s.0 == name)
        || NAVIGATION.contains(&name)
        || approximate::knows(name)
        || values::NAMES.contains(&name)
        || name == "TF_IDF"
}

/// Terms of a document and how much they say of it among all documents.
fn tf_idf(args: &[Ex], clauses: &Clauses, call: &Function) -> Result<Ex> {
    const MOST_TERMS: &str = "32000";
    const LEAST_DOCUMENTS: &str = "5";
    let (document, most, least) = match args {
        [document] => (document, None, None),
        [document, most] => (document, Some(most), None),
        [document, most, least] => (document, Some(most), Some(least)),
        _ => return Err(no_aggregate("TF_IDF", args, call)),
    };
    let whole = |ex: Option<&Ex>| ex.is_none_or(|ex| ex.ty == Ty::Int64);
    if !is_document(&document.ty) || !whole(most) || !whole(least) {
        return Err(no_aggregate("TF_IDF", args, call));
    }
    if clauses.over.is_empty() {
        return Err(Fault::query(format!(
            "Analytic function TF_IDF cannot be called without an OVER clause{}",
            at(call)
        )));
    }
    let f = &document.sql;
    let number = |ex: Option<&Ex>, default: &str| ex.map_or_else(|| default.to_owned(), |ex| ex.sql.clone());
    let sql = format!(
        "_headwater.tf_idf({f}, list({f}) FILTER (WHERE {f} IS NOT NULL){}, {}, {})",
        clauses.over,
        number(most, MOST_TERMS),
        number(least, LEAST_DOCUMENTS)
    );
    Ok(Ex::new(sql, terms("tf_idf", Ty::Float64)))
}

impl Translator<'_> {
    /// `None`: the name is not that of an aggregate or analytic function.
    pub(super) fn aggregate(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        if !knows(name) {
            return Ok(None);
        }
        let analytic = ANALYTIC.iter().find(|a| a.0 == name);
        let statistic = values::STATISTICS.iter().find(|s| s.0 == name);
        let navigates = NAVIGATION.contains(&name);
        let approximate = approximate::knows(name);
        let clauses = self.clauses(call, scope)?;
        let star = matches!(&call.args, FunctionArguments::List(list)
            if matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]));
        if star {
            return match name {
                "COUNT" => Ok(Some(Ex::new(format!("count(*){}", clauses.over), Ty::Int64))),
                _ => Err(wrong_arguments(name, call)),
            };
        }
        let (mut args, named) = self.scalar_args(call, scope)?;
        for (argument, value) in named {
            if argument != "weight" || !name.starts_with("KLL_QUANTILES.INIT") {
                return Err(Fault::query(format!(
                    "Named argument `{argument}` not found in signature for call to function {name}{}",
                    at(call)
                )));
            }
            approximate::weigh(&mut args, value);
        }
        if (analytic.is_some() || navigates) && clauses.over.is_empty() {
            return Err(Fault::query(format!(
                "Analytic function {name} cannot be called without an OVER clause{}",
                at(call)
            )));
        }
        let list: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
        if let Some((_, duck, ty)) = analytic {
            let fits = if name == "NTILE" {
                args.len() == 1
            } else {
                args.is_empty()
            };
            if !fits {
                return Err(no_aggregate(name, &args, call));
            }
            return Ok(Some(Ex::new(
                format!("{duck}({}){}", list.join(", "), clauses.over),
                ty.clone(),
            )));
        }
        if navigates {
            let Some(first) = args.first() else {
                return Err(wrong_arguments(name, call));
            };
            let nulls = if clauses.ignore_nulls { " IGNORE NULLS" } else { "" };
            let sql = format!("{}({}{nulls}){}", name.to_lowercase(), list.join(", "), clauses.over);
            return Ok(Some(Ex::new(sql, first.ty.clone())));
        }
        if let Some(statistic) = statistic {
            return self.statistic(*statistic, &args, &clauses, call).map(Some);
        }
        if name == "TF_IDF" {
            return tf_idf(&args, &clauses, call).map(Some);
        }
        if approximate {
            return self.approximate(name, &args, &clauses, call).map(Some);
        }
        self.over_values(name, &args, &clauses, call).map(Some)
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
            // Behind a call in the argument the parser takes the words for that call's own: `ARRAY_AGG(IF(a, b, c) IGNORE NULLS)`.
            if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(inner)))) = list.args.last()
                && let Some(treatment) = &inner.null_treatment
                && inner.over.is_none()
            {
                nulls(treatment);
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

/// The refusal of these arguments.
fn no_aggregate(name: &str, args: &[Ex], call: &Function) -> Fault {
    let types: Vec<String> = args.iter().map(|a| a.ty.sql()).collect();
    let types = if types.is_empty() {
        String::new()
    } else {
        format!(" for argument types: {}", types.join(", "))
    };
    Fault::query(format!(
        "No matching signature for aggregate function {name}{types}{}",
        at(call)
    ))
}
