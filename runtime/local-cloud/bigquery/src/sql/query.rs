//! Whole queries: WITH, set operations, ORDER BY and LIMIT around a SELECT.

use sqlparser::ast::{LimitClause, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator, SetQuantifier};

use super::scope::{Alias, Cte, Origins, Scope};
use super::{Result, Translated, Translator, unsupported};
use crate::error::Fault;
use crate::types::{Ty, quoted};

impl Translator<'_> {
    pub(super) fn query(&self, query: &Query, scope: &Scope<'_>) -> Result<Translated> {
        self.deeper(|| self.query_inner(query, scope))
    }

    fn query_inner(&self, query: &Query, scope: &Scope<'_>) -> Result<Translated> {
        if !query.pipe_operators.is_empty() {
            return Err(unsupported("pipe syntax", query));
        }
        if query.fetch.is_some() || !query.locks.is_empty() || query.for_clause.is_some() {
            return Err(unsupported("FETCH and FOR clauses", query));
        }
        let mut env = Scope::child(scope);
        let mut sql = String::new();
        if let Some(with) = &query.with {
            let mut parts = Vec::new();
            for cte in &with.cte_tables {
                if !cte.alias.columns.is_empty() {
                    return Err(unsupported("column names after a WITH name", query));
                }
                let name = cte.alias.name.value.clone();
                if with.recursive
                    && let SetExpr::SetOperation { left, .. } = &*cte.query.body
                {
                    // The recursive part refers to the name that it defines: its columns are those of the first.
                    let anchor = self.body(left, &[], &env)?;
                    anchor.origins.iter().for_each(|o| self.reads_columns(o));
                    env.ctes.push(Cte {
                        name: name.clone(),
                        columns: anchor.columns,
                        origins: Vec::new(),
                    });
                }
                let inner = self.query(&cte.query, &env)?;
                parts.push(format!("{} AS ({})", quoted(&name), inner.sql));
                env.ctes.push(Cte {
                    name,
                    columns: inner.columns,
                    origins: inner.origins,
                });
            }
            sql = format!(
                "WITH {}{} ",
                if with.recursive { "RECURSIVE " } else { "" },
                parts.join(", ")
            );
        }
        let order: &[OrderByExpr] = match &query.order_by {
            None => &[],
            Some(order) => match &order.kind {
                OrderByKind::Expressions(list) => list,
                OrderByKind::All(_) => return Err(unsupported("ORDER BY ALL", query)),
            },
        };
        let body = self.body(&query.body, order, &env)?;
        sql.push_str(&body.sql);
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) if limit_by.is_empty() => {
                if let Some(limit) = limit {
                    sql.push_str(&format!(" LIMIT {}", self.expr(limit, &Scope::root())?.sql));
                }
                if let Some(offset) = offset {
                    sql.push_str(&format!(" OFFSET {}", self.expr(&offset.value, &Scope::root())?.sql));
                }
            }
            Some(_) => return Err(unsupported("this form of LIMIT", query)),
        }
        Ok(Translated {
            sql,
            columns: body.columns,
            origins: body.origins,
        })
    }

    fn body(&self, body: &SetExpr, order: &[OrderByExpr], env: &Scope<'_>) -> Result<Translated> {
        match body {
            SetExpr::Select(select) => self.select(select, order, env),
            SetExpr::Query(query) => {
                let inner = self.query(query, env)?;
                self.ordered(
                    Translated {
                        sql: format!("({})", inner.sql),
                        columns: inner.columns,
                        origins: inner.origins,
                    },
                    order,
                )
            }
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let word = match (op, set_quantifier) {
                    (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
                    (SetOperator::Union, SetQuantifier::Distinct) => "UNION",
                    (SetOperator::Intersect, SetQuantifier::Distinct) => "INTERSECT",
                    (SetOperator::Except, SetQuantifier::Distinct) => "EXCEPT",
                    (_, SetQuantifier::None) => {
                        return Err(Fault::query(format!(
                            "Syntax error: Expected keyword ALL or keyword DISTINCT after {op}{}",
                            super::at(body)
                        )));
                    }
                    (op, quantifier) => return Err(unsupported(&format!("{op} {quantifier}"), body)),
                };
                let (l, r) = (self.body(left, &[], env)?, self.body(right, &[], env)?);
                if l.columns.len() != r.columns.len() {
                    return Err(Fault::query(format!(
                        "Queries in {op} have mismatched column count; query 1 has {} columns, query 2 has {} columns",
                        l.columns.len(),
                        r.columns.len()
                    )));
                }
                let origins: Vec<Origins> = match set_quantifier {
                    SetQuantifier::All => {
                        let pairs = l.origins.iter().cloned().zip(r.origins.iter().cloned());
                        pairs
                            .map(|(mut l, r)| {
                                l.extend(r);
                                l
                            })
                            .collect()
                    }
                    _ => {
                        l.origins.iter().chain(&r.origins).for_each(|o| self.reads_columns(o));
                        Vec::new()
                    }
                };
                if origins.is_empty() {
                    // One side is computed: what the other passes through is read.
                    l.origins.iter().chain(&r.origins).for_each(|o| self.reads_columns(o));
                }
                let mut columns = l.columns;
                for (column, other) in columns.iter_mut().zip(r.columns) {
                    if column.ty == Ty::Unknown || (column.ty == Ty::Int64 && other.ty.is_number()) {
                        column.ty = other.ty;
                    } else if column.ty.is_number() && other.ty == Ty::Float64 {
                        column.ty = Ty::Float64;
                    }
                }
                self.ordered(
                    Translated {
                        sql: format!("{} {word} {}", l.sql, r.sql),
                        columns,
                        origins,
                    },
                    order,
                )
            }
            other => Err(unsupported("this statement as a query", other)),
        }
    }

    /// ORDER BY around something whose columns are all that can be named.
    fn ordered(&self, inner: Translated, order: &[OrderByExpr]) -> Result<Translated> {
        if order.is_empty() {
            return Ok(inner);
        }
        let mut scope = Scope::root();
        scope.aliases = inner
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| Alias {
                name: c.name.clone(),
                ty: c.ty.clone(),
                sql: quoted(&c.name),
                literal: None,
                origins: inner.origins.get(i).cloned().unwrap_or_default(),
            })
            .collect();
        let order = self.result_order(order, &scope)?;
        Ok(Translated {
            sql: format!("{} {order}", inner.sql),
            columns: inner.columns,
            origins: inner.origins,
        })
    }
}
