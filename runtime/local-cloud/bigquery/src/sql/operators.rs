//! Operators: their types, BigQuery's promotions of numbers, and literals that take the other side's type.

use sqlparser::ast::{BinaryOperator as Op, Expr, UnaryOperator};

use super::cast::reshape;
use super::literal::{coerce, number_literal};
use super::scope::Scope;
use super::{Ex, Result, Translator, at, unsupported};
use crate::error::Fault;
use crate::types::Ty;

impl Translator<'_> {
    pub(super) fn unary(&self, op: UnaryOperator, inner: &Expr, scope: &Scope<'_>, whole: &Expr) -> Result<Ex> {
        if let (UnaryOperator::Minus, Expr::Value(value)) = (op, inner)
            && let sqlparser::ast::Value::Number(number, _) = &value.value
            && !number.starts_with("0x")
            && !number.starts_with("0X")
        {
            let ex = number_literal(&format!("-{number}"))?;
            return Ok(Ex {
                sql: format!("({})", ex.sql),
                ..ex
            });
        }
        let value = self.expr(inner, scope)?;
        let (sign, ty) = match op {
            UnaryOperator::Minus => ("-", value.ty.clone()),
            UnaryOperator::Plus => ("+", value.ty.clone()),
            UnaryOperator::Not | UnaryOperator::BangNot => ("NOT ", Ty::Bool),
            UnaryOperator::BitwiseNot => ("~", Ty::Int64),
            _ => return Err(unsupported(&format!("the operator {op}"), whole)),
        };
        if matches!(op, UnaryOperator::Minus) && matches!(value.ty, Ty::String | Ty::Bool | Ty::Bytes) {
            return Err(no_signature("-", &[&value.ty], whole));
        }
        Ok(Ex::new(format!("({sign}{})", value.sql), ty))
    }

    pub(super) fn comparison(&self, a: &Expr, op: &str, b: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let (left, right) = meet(self.expr(a, scope)?, self.expr(b, scope)?);
        comparable(&left.ty, &right.ty, op, a)?;
        Ok(Ex::new(format!("({} {op} {})", left.sql, right.sql), Ty::Bool))
    }

    pub(super) fn binary(&self, a: &Expr, op: &Op, b: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let symbol = match op {
            Op::Eq => "=",
            Op::NotEq => "<>",
            Op::Lt => "<",
            Op::Gt => ">",
            Op::LtEq => "<=",
            Op::GtEq => ">=",
            Op::And | Op::Or => {
                let (left, right) = (self.expr(a, scope)?, self.expr(b, scope)?);
                return Ok(Ex::new(format!("({} {op} {})", left.sql, right.sql), Ty::Bool));
            }
            _ => "",
        };
        if !symbol.is_empty() {
            return self.comparison(a, symbol, b, scope);
        }
        let (left, right) = meet(self.expr(a, scope)?, self.expr(b, scope)?);
        let name = op.to_string();
        let both = [&left.ty, &right.ty];
        let plain = |symbol: &str, ty: Ty| Ok(Ex::new(format!("({} {symbol} {})", left.sql, right.sql), ty));
        match op {
            Op::StringConcat => {
                let ty = if left.ty == Ty::Unknown {
                    right.ty.clone()
                } else {
                    left.ty.clone()
                };
                if both.iter().any(|t| t.is_number()) {
                    return Err(no_signature("||", &both, a));
                }
                plain("||", ty)
            }
            Op::BitwiseAnd => plain("&", Ty::Int64),
            Op::BitwiseOr => plain("|", Ty::Int64),
            Op::BitwiseXor | Op::PGBitwiseXor => Ok(Ex::new(format!("xor({}, {})", left.sql, right.sql), Ty::Int64)),
            Op::PGBitwiseShiftLeft => plain("<<", Ty::Int64),
            Op::PGBitwiseShiftRight => plain(">>", Ty::Int64),
            Op::Plus | Op::Minus => {
                let symbol = if *op == Op::Plus { "+" } else { "-" };
                match (&left.ty, &right.ty) {
                    (Ty::Date, Ty::Int64) => Ok(Ex::new(
                        format!("({} {symbol} CAST({} AS INTEGER))", left.sql, right.sql),
                        Ty::Date,
                    )),
                    (Ty::Date, Ty::Date) if *op == Op::Minus => Ok(Ex::new(
                        format!("to_days(CAST({} - {} AS INTEGER))", left.sql, right.sql),
                        Ty::Interval,
                    )),
                    (Ty::Date | Ty::Datetime, Ty::Interval) => plain(symbol, Ty::Datetime),
                    (Ty::Timestamp, Ty::Interval) => plain(symbol, Ty::Timestamp),
                    (Ty::Timestamp, Ty::Timestamp) | (Ty::Datetime, Ty::Datetime) | (Ty::Interval, Ty::Interval) => {
                        plain(symbol, Ty::Interval)
                    }
                    _ => plain(symbol, arithmetic(&both, &name, a)?),
                }
            }
            Op::Multiply => {
                let ty = arithmetic(&both, "*", a)?;
                let product = format!("({} * {})", left.sql, right.sql);
                let sql = if ty.is_decimal() {
                    format!("CAST({product} AS {})", ty.duck())
                } else {
                    product
                };
                Ok(Ex::new(sql, ty))
            }
            Op::Divide => {
                let ty = arithmetic(&both, "/", a)?;
                divide(&left, &right, &ty, a)
            }
            other => Err(unsupported(&format!("the operator {other}"), a)),
        }
    }
}

/// Division as BigQuery does it: FLOAT64 unless a decimal is involved, and zero is an error.
pub(super) fn divide(left: &Ex, right: &Ex, ty: &Ty, node: &impl sqlparser::ast::Spanned) -> Result<Ex> {
    match ty {
        Ty::Numeric => Ok(Ex::new(
            format!("_headwater.numeric_div({}, {})", left.sql, right.sql),
            Ty::Numeric,
        )),
        Ty::BigNumeric => Err(unsupported(
            "dividing BIGNUMERIC values (cast them to NUMERIC or FLOAT64)",
            node,
        )),
        _ => Ok(Ex::new(
            format!("_headwater.div({}, {})", left.sql, right.sql),
            Ty::Float64,
        )),
    }
}

/// Lets a literal on either side take the other's type.
pub(super) fn meet(left: Ex, right: Ex) -> (Ex, Ex) {
    let (lty, rty) = (left.ty.clone(), right.ty.clone());
    if left.literal.is_some() && right.literal.is_none() {
        (coerce(left, &rty), right)
    } else if right.literal.is_some() && left.literal.is_none() {
        (left, coerce(right, &lty))
    } else {
        (left, right)
    }
}

pub(super) fn no_signature(op: &str, types: &[&Ty], node: &impl sqlparser::ast::Spanned) -> Fault {
    let types: Vec<String> = types.iter().map(|t| t.sql()).collect();
    Fault::query(format!(
        "No matching signature for operator {op} for argument types: {}{}",
        types.join(", "),
        at(node)
    ))
}

pub(super) fn comparable(a: &Ty, b: &Ty, op: &str, node: &impl sqlparser::ast::Spanned) -> Result<()> {
    let fine = a == b
        || *a == Ty::Unknown
        || *b == Ty::Unknown
        || (a.is_number() && b.is_number())
        || matches!((a, b), (Ty::Struct(_), Ty::Struct(_)) | (Ty::Array(_), Ty::Array(_)));
    if fine {
        Ok(())
    } else {
        Err(no_signature(op, &[a, b], node))
    }
}

/// The type of an arithmetic result.
fn arithmetic(types: &[&Ty; 2], op: &str, node: &impl sqlparser::ast::Spanned) -> Result<Ty> {
    if types.iter().any(|t| !t.is_number() && **t != Ty::Unknown) {
        return Err(no_signature(op, types, node));
    }
    Ok(common(types.iter().copied()))
}

/// The type that all of these become together.
pub(super) fn common<'t>(types: impl Iterator<Item = &'t Ty>) -> Ty {
    let rank = |t: &Ty| match t {
        Ty::Int64 => 1,
        Ty::Numeric => 2,
        Ty::BigNumeric => 3,
        Ty::Float64 => 4,
        _ => 0,
    };
    types.fold(Ty::Unknown, |best, t| {
        if best == Ty::Unknown || rank(t) > rank(&best) {
            t.clone()
        } else {
            best
        }
    })
}

/// Gives the branches of a CASE or the elements of an array one type.
pub(super) fn unify(items: Vec<Ex>) -> (Vec<Ex>, Ty) {
    let firm = common(items.iter().filter(|i| i.literal.is_none()).map(|i| &i.ty));
    let all = common(items.iter().map(|i| &i.ty));
    let ty = if firm == Ty::Unknown || (firm == Ty::Int64 && all == Ty::Float64) {
        all
    } else {
        firm
    };
    let fit = |item: Ex| {
        let item = coerce(item, &ty);
        if matches!(ty, Ty::Struct(_) | Ty::Array(_)) && item.ty != ty && item.ty != Ty::Unknown {
            return Ex::new(reshape(&item.sql, &item.ty, &ty, 0), ty.clone());
        }
        item
    };
    (items.into_iter().map(fit).collect(), ty)
}
