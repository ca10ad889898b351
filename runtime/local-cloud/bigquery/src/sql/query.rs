//! Whole queries: WITH, set operations, ORDER BY and LIMIT around a SELECT.

use sqlparser::ast::{LimitClause, OrderByExpr, OrderByKind, Query, SetExpr};

use super::forward;
use super::pipe;
use super::scope::{Alias, Cte, Scope};
use super::{Result, Translated, Translator, unsupported};
use crate::types::quoted;

impl Translator<'_> {
    pub(super) fn query(&self, query: &Query, scope: &Scope<'_>) -> Result<Translated> {
        self.deeper(|| self.query_inner(query, scope))
    }

    fn query_inner(&self, query: &Query, scope: &Scope<'_>) -> Result<Translated> {
        if !query.pipe_operators.is_empty() {
            return self.query(&pipe::standard(query)?, scope);
        }
        if query.fetch.is_some() || !query.locks.is_empty() || query.for_clause.is_some() {
            return Err(unsupported("FETCH and FOR clauses", query));
        }
        let mut env = Scope::child(scope);
        let mut sql = String::new();
        if let Some(with) = &query.with {
            let mut parts = Vec::new();
            for cte in forward::in_order(with) {
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
                let inner = self.value_table(&cte.query, inner, &name);
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

    pub(super) fn body(&self, body: &SetExpr, order: &[OrderByExpr], env: &Scope<'_>) -> Result<Translated> {
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
                let both = self.set_operation(left, *op, *set_quantifier, right, env)?;
                self.ordered(both, order)
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
