//! Calls that answer NULL instead of an error. DuckDB's TRY takes no aggregates, analytic functions, subqueries and nothing
//! random: where the arguments hold one, they are computed outside of it and reached as the fields of a STRUCT; an error
//! in such an argument itself is then not caught.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, Query, Visit, Visitor};

use super::super::{Ex, aggregates};
use super::keys;

/// Whether a function catches the errors of what it does.
pub(super) fn catches(name: &str) -> bool {
    name.starts_with("SAFE_") || matches!(name, "IFERROR" | "ISERROR" | "NULLIFERROR")
}

/// Whether the arguments of a call hold what TRY does not take.
pub(super) fn holds_rows(call: &Function) -> bool {
    call.args.visit(&mut Rows).is_break()
}

/// Besides those of keysets.
const RANDOM: &[&str] = &["RAND", "GENERATE_UUID"];

struct Rows;

impl Visitor for Rows {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(call) if call.over.is_some() => ControlFlow::Break(()),
            Expr::Function(call) => {
                let name = call.name.to_string().replace('`', "").to_ascii_uppercase();
                let name = name.strip_prefix("SAFE.").unwrap_or(&name);
                if aggregates::knows(name) || keys::draws(name) || RANDOM.contains(&name) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Arguments that are computed before the call.
#[derive(Default)]
pub(super) struct Settled(Vec<String>);

impl Settled {
    /// Takes an argument's computation, and gives what stands for it in the call. A literal stays what it is.
    pub(super) fn take(&mut self, ex: &Ex) -> Ex {
        if ex.literal.is_some() {
            return ex.clone();
        }
        let name = format!("a{}", self.0.len());
        self.0.push(format!("{name} := {}", ex.sql));
        Ex::new(format!("_hw_settled.{name}"), ex.ty.clone())
    }

    /// The call with its arguments.
    pub(super) fn around(self, call: Ex) -> Ex {
        if self.0.is_empty() {
            return call;
        }
        let sql = format!(
            "list_transform([struct_pack({})], lambda _hw_settled: {})[1]",
            self.0.join(", "),
            call.sql
        );
        Ex::new(sql, call.ty)
    }
}
