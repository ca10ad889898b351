//! What the query of a materialized view may say. BigQuery keeps such a view up to date by increments, so its query must
//! be one that increments can follow, unless `allow_non_incremental_definition` says otherwise.
//! See <https://cloud.google.com/bigquery/docs/materialized-views-create#query_limitations>.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, JoinOperator, ObjectName, Query, Select, SetExpr, Visit, Visitor};

use super::Result;
use crate::error::Fault;

/// Functions whose answer is another one each time.
const VOLATILE: &[&str] = &[
    "RAND",
    "CURRENT_TIME",
    "CURRENT_DATE",
    "CURRENT_DATETIME",
    "CURRENT_TIMESTAMP",
    "SESSION_USER",
    "GENERATE_UUID",
];

/// Refuses what a materialized view cannot hold; `free`: it need not be incremental.
pub(super) fn check(query: &Query, free: bool) -> Result<()> {
    let mut seen = Seen::default();
    // The visitor says why it stopped.
    if let ControlFlow::Break(what) = query.visit(&mut seen) {
        return Err(unsupported(&what));
    }
    if !seen.reads {
        return Err(unsupported("a query that reads no table"));
    }
    if free {
        return Ok(());
    }
    if query.order_by.is_some() {
        return Err(unsupported("ORDER BY"));
    }
    if query.limit_clause.is_some() {
        return Err(unsupported("LIMIT"));
    }
    match seen.only_without_increments {
        Some(what) => Err(unsupported(what)),
        None => Ok(()),
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::query(format!("Unsupported operator in materialized view: {what}."))
}

#[derive(Default)]
struct Seen {
    reads: bool,
    only_without_increments: Option<&'static str>,
}

impl Seen {
    fn note(&mut self, what: &'static str) {
        self.only_without_increments.get_or_insert(what);
    }

    fn call(&mut self, call: &Function) -> ControlFlow<String> {
        let name = call.name.to_string().to_ascii_uppercase();
        if VOLATILE.contains(&name.as_str()) {
            return ControlFlow::Break(format!("the function {name}, which is not deterministic"));
        }
        if call.over.is_some() {
            self.note("an analytic function");
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Seen {
    type Break = String;

    fn pre_visit_relation(&mut self, _: &ObjectName) -> ControlFlow<String> {
        self.reads = true;
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        if let SetExpr::SetOperation { .. } = &*query.body {
            self.note("a set operation");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        if select.qualify.is_some() {
            self.note("QUALIFY");
        }
        if select.distinct.is_some() {
            self.note("DISTINCT");
        }
        for join in select.from.iter().flat_map(|f| &f.joins) {
            if matches!(
                join.join_operator,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
            ) {
                self.note("a RIGHT or FULL JOIN");
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Function(call) => self.call(call),
            Expr::Exists { .. } | Expr::InSubquery { .. } | Expr::Subquery(_) => {
                self.note("a subquery in an expression");
                ControlFlow::Continue(())
            }
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && VOLATILE.iter().any(|v| ident.value.eq_ignore_ascii_case(v)) =>
            {
                ControlFlow::Break(format!("{}, which is not deterministic", ident.value))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
