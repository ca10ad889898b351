//! LIKE, LIKE ANY and LIKE ALL.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#like_operator>.

use sqlparser::ast::{Expr, Function};

use super::operators::no_signature;
use super::rewrite::{LIKE_ALL, LIKE_ALL_UNNEST};
use super::scope::Scope;
use super::{Ex, Result, Translator};
use crate::types::Ty;

/// Whether one pattern is enough, and what they are.
struct Patterns<'e> {
    any: bool,
    list: Vec<&'e Expr>,
    /// The one expression is an array of them.
    array: bool,
}

impl Translator<'_> {
    pub(super) fn like_expr(
        &self,
        value: &Expr,
        pattern: &Expr,
        any: bool,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Ex> {
        let Some(patterns) = self.patterns(pattern, any)? else {
            return self.like_one(value, pattern, negated, scope);
        };
        let operand = self.expr(value, scope)?;
        // NOT LIKE ANY is the negation of LIKE ANY.
        let not = if negated { "NOT " } else { "" };
        if patterns.array {
            let array = match patterns.list.as_slice() {
                [one] => self.expr(one, scope)?,
                _ => return Err(no_signature("LIKE", &[&operand.ty], value)),
            };
            let each = self.fresh("p");
            let hits = format!(
                "list_transform({}, lambda {each}: {} LIKE {each} ESCAPE '\\')",
                array.sql, operand.sql
            );
            let function = if patterns.any { "some_true" } else { "all_true" };
            return Ok(Ex::new(format!("({not}_headwater.{function}({hits}))"), Ty::Bool));
        }
        let mut tests = Vec::new();
        for pattern in patterns.list {
            tests.push(self.like_one(value, pattern, false, scope)?.sql);
        }
        let word = if patterns.any { " OR " } else { " AND " };
        Ok(Ex::new(format!("({not}({}))", tests.join(word)), Ty::Bool))
    }

    fn like_one(&self, value: &Expr, pattern: &Expr, negated: bool, scope: &Scope<'_>) -> Result<Ex> {
        let (v, p) = (self.expr(value, scope)?, self.expr(pattern, scope)?);
        let text = |ty: &Ty| matches!(ty, Ty::String | Ty::Unknown);
        let not = if negated { "NOT " } else { "" };
        if v.ty == Ty::Bytes && matches!(p.ty, Ty::Bytes | Ty::Unknown) {
            return Ok(Ex::new(
                format!("({not}_hw_like_bytes({}, {}))", v.sql, p.sql),
                Ty::Bool,
            ));
        }
        if !text(&v.ty) || !text(&p.ty) {
            return Err(no_signature("LIKE", &[&v.ty, &p.ty], value));
        }
        Ok(Ex::new(
            format!("({} {not}LIKE {} ESCAPE '\\')", v.sql, p.sql),
            Ty::Bool,
        ))
    }

    /// `None`: one pattern, not a list of them.
    fn patterns<'e>(&self, pattern: &'e Expr, any: bool) -> Result<Option<Patterns<'e>>> {
        let call = |call: &'e Function| self.raw_args(call);
        Ok(match pattern {
            Expr::Function(f) if f.name.to_string() == LIKE_ALL => Some(Patterns {
                any: false,
                list: call(f)?,
                array: false,
            }),
            Expr::Function(f) if f.name.to_string() == LIKE_ALL_UNNEST => Some(Patterns {
                any: false,
                list: call(f)?,
                array: true,
            }),
            Expr::Function(f) if any && f.name.to_string().eq_ignore_ascii_case("UNNEST") => Some(Patterns {
                any,
                list: call(f)?,
                array: true,
            }),
            Expr::Tuple(list) if any => Some(Patterns {
                any,
                list: list.iter().collect(),
                array: false,
            }),
            Expr::Nested(one) if any => Some(Patterns {
                any,
                list: vec![one],
                array: false,
            }),
            _ => None,
        })
    }
}
