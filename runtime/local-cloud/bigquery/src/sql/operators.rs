//! Operators: their types, BigQuery's promotions of numbers, and literals that take the other side's type.

use sqlparser::ast::{BinaryOperator as Op, Expr, UnaryOperator};

use super::cast::reshape;
use super::literal::{coerce, number_literal};
use super::scope::Scope;
use super::{Ex, Result, Translator, at, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty};

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
        if matches!(op, UnaryOperator::Not) && !matches!(value.ty, Ty::Bool | Ty::Unknown) {
            return Err(no_signature("NOT", &[&value.ty], whole));
        }
        if matches!(op, UnaryOperator::Minus) && matches!(value.ty, Ty::String | Ty::Bool | Ty::Bytes) {
            return Err(no_signature("-", &[&value.ty], whole));
        }
        Ok(Ex::new(format!("({sign}{})", value.sql), ty))
    }

    pub(super) fn comparison(&self, a: &Expr, op: &str, b: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let (left, right) = meet(self.expr(a, scope)?, self.expr(b, scope)?);
        comparable(&left.ty, &right.ty, op, a)?;
        Ok(Ex::new(compared(&left, op, &right), Ty::Bool))
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
                let truths = [&left.ty, &right.ty];
                if truths.iter().any(|t| !matches!(t, Ty::Bool | Ty::Unknown)) {
                    return Err(no_signature(&op.to_string(), &truths, a));
                }
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
            Op::PGBitwiseShiftLeft => Ok(shift("left", &left, &right)),
            Op::PGBitwiseShiftRight => Ok(shift("right", &left, &right)),
            Op::Plus | Op::Minus => {
                let symbol = if *op == Op::Plus { "+" } else { "-" };
                if let Some(ex) = moment_arithmetic(&left, *op == Op::Plus, &right) {
                    return Ok(ex);
                }
                match arithmetic(&both, &name, a)? {
                    Ty::Float64 if symbol == "+" => Ok(floats("_hw_float_sum", &left, &right)),
                    Ty::Float64 => Ok(floats("_hw_float_difference", &left, &right)),
                    ty => plain(symbol, ty),
                }
            }
            Op::Multiply if matches!(both, [Ty::Interval, Ty::Int64] | [Ty::Int64, Ty::Interval]) => {
                plain("*", Ty::Interval)
            }
            Op::Divide if matches!(both, [Ty::Interval, Ty::Int64]) => Ok(Ex::new(
                format!("_headwater.interval_part({}, {})", left.sql, right.sql),
                Ty::Interval,
            )),
            Op::Multiply => {
                let ty = arithmetic(&both, "*", a)?;
                Ok(product(&left, &right, &ty))
            }
            Op::Divide => {
                let ty = arithmetic(&both, "/", a)?;
                Ok(quotient(&left, &right, &ty))
            }
            other => Err(unsupported(&format!("the operator {other}"), a)),
        }
    }
}

fn floats(function: &str, left: &Ex, right: &Ex) -> Ex {
    Ex::new(format!("{function}({}, {})", left.sql, right.sql), Ty::Float64)
}

/// A comparison. NaN is neither equal to anything nor above or below it; DuckDB has it equal to itself and above all.
fn compared(left: &Ex, op: &str, right: &Ex) -> String {
    let (l, r) = (&left.sql, &right.sql);
    let plain = format!("{l} {op} {r}");
    let may_be_nan = |ex: &Ex| ex.ty == Ty::Float64 && ex.literal.is_none();
    let both = may_be_nan(left) && may_be_nan(right);
    let above = |ex: &Ex, other: &str| match may_be_nan(ex) {
        true => format!("({plain} AND NOT (isnan({}) AND {other} IS NOT NULL))", ex.sql),
        false => format!("({plain})"),
    };
    match op {
        "=" if both => format!("({plain} AND NOT (isnan({l}) AND isnan({r})))"),
        "<>" if both => format!("({plain} OR (isnan({l}) AND isnan({r})))"),
        "<" | "<=" => above(right, l),
        ">" | ">=" => above(left, r),
        _ => format!("({plain})"),
    }
}

/// A shift within 64 bits: what leaves them is lost, and zeros come in.
fn shift(way: &str, left: &Ex, right: &Ex) -> Ex {
    Ex::new(format!("_hw_shift_{way}({}, {})", left.sql, right.sql), Ty::Int64)
}

/// Sums and differences with dates and times; `None` where neither side is one.
fn moment_arithmetic(left: &Ex, plus: bool, right: &Ex) -> Option<Ex> {
    let symbol = if plus { "+" } else { "-" };
    let (a, b) = (&left.sql, &right.sql);
    let plain = |ty: Ty| Some(Ex::new(format!("({a} {symbol} {b})"), ty));
    match (&left.ty, &right.ty) {
        (Ty::Date, Ty::Int64) => Some(Ex::new(
            format!("_headwater.calendar_date({a} {symbol} CAST({b} AS INTEGER))"),
            Ty::Date,
        )),
        (Ty::Int64, Ty::Date) if plus => moment_arithmetic(right, true, left),
        (Ty::Date, Ty::Date) if !plus => Some(Ex::new(format!("to_days(CAST({a} - {b} AS INTEGER))"), Ty::Interval)),
        (Ty::Date | Ty::Datetime, Ty::Interval) => plain(Ty::Datetime),
        (Ty::Timestamp | Ty::Interval, Ty::Interval) => plain(left.ty.clone()),
        (Ty::Interval, Ty::Date | Ty::Datetime | Ty::Timestamp) if plus => moment_arithmetic(right, true, left),
        (Ty::Timestamp, Ty::Timestamp) | (Ty::Datetime, Ty::Datetime) | (Ty::Time, Ty::Time) if !plus => Some(Ex::new(
            format!("to_microseconds(epoch_us({a}) - epoch_us({b}))"),
            Ty::Interval,
        )),
        _ => None,
    }
}

/// A product; of decimals it is exact, and rounded to the decimals that the type has.
pub(super) fn product(left: &Ex, right: &Ex, ty: &Ty) -> Ex {
    let (l, r, duck) = (&left.sql, &right.sql, ty.duck());
    let sql = match ty {
        Ty::Numeric => format!("_headwater.numeric_product(CAST({l} AS {duck}), CAST({r} AS {duck}))"),
        Ty::BigNumeric => format!(
            "CAST(_hw_bignumeric_product(CAST(CAST({l} AS {duck}) AS VARCHAR), CAST(CAST({r} AS {duck}) AS VARCHAR)) AS {duck})"
        ),
        Ty::Float64 => return floats("_hw_float_product", left, right),
        _ => format!("({l} * {r})"),
    };
    Ex::new(sql, ty.clone())
}

/// A quotient: FLOAT64 unless a decimal is involved, and zero is an error.
pub(super) fn quotient(left: &Ex, right: &Ex, ty: &Ty) -> Ex {
    let (l, r, duck) = (&left.sql, &right.sql, ty.duck());
    match ty {
        Ty::Numeric => Ex::new(
            format!("_headwater.numeric_div(CAST({l} AS {duck}), CAST({r} AS {duck}))"),
            Ty::Numeric,
        ),
        Ty::BigNumeric => Ex::new(
            format!("_headwater.bignumeric_div(CAST({l} AS {duck}), CAST({r} AS {duck}))"),
            Ty::BigNumeric,
        ),
        _ => Ex::new(format!("_headwater.div({l}, {r})"), Ty::Float64),
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

/// The supertype of two types; nothing where they have none.
pub(super) fn supertype(a: &Ty, b: &Ty) -> Option<Ty> {
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Ty::Unknown, other) | (other, Ty::Unknown) => Some(other.clone()),
        (a, b) if a.is_number() && b.is_number() => Some(common([a, b].into_iter())),
        (Ty::Array(a), Ty::Array(b)) => supertype(a, b).map(|t| Ty::Array(Box::new(t))),
        (Ty::Struct(a), Ty::Struct(b)) if a.len() == b.len() => {
            let fields: Option<Vec<Field>> = a
                .iter()
                .zip(b)
                .map(|(x, y)| {
                    Some(Field {
                        name: x.name.clone(),
                        ty: supertype(&x.ty, &y.ty)?,
                    })
                })
                .collect();
            fields.map(Ty::Struct)
        }
        _ => None,
    }
}

/// Refuses values that have no type together; the types that they have, for a message.
pub(super) fn agree(items: &[Ex], ty: &Ty) -> std::result::Result<(), String> {
    if items.iter().all(|i| supertype(&i.ty, ty).is_some()) {
        return Ok(());
    }
    let mut types: Vec<String> = items.iter().map(|i| i.ty.sql()).collect();
    types.sort();
    types.dedup();
    Err(types.join(", "))
}

/// A condition, which must be a BOOL.
pub(super) fn condition(ex: Ex, place: &str, node: &impl sqlparser::ast::Spanned) -> Result<String> {
    match ex.ty {
        Ty::Bool | Ty::Unknown => Ok(ex.sql),
        other => Err(Fault::query(format!(
            "{place} should return type BOOL, but returns {}{}",
            other.sql(),
            at(node)
        ))),
    }
}

/// Gives the branches of a CASE or the elements of an array one type.
pub(super) fn unify(items: Vec<Ex>) -> (Vec<Ex>, Ty) {
    let firm = common(items.iter().filter(|i| i.literal.is_none()).map(|i| &i.ty));
    let all = common(items.iter().map(|i| &i.ty));
    let nested = |t: &Ty| matches!(t, Ty::Struct(_) | Ty::Array(_));
    let ty = if nested(&all) {
        // Fields that are NULL in one value have their type from another.
        items
            .iter()
            .fold(all, |ty, item| supertype(&ty, &item.ty).unwrap_or(ty))
    } else if firm == Ty::Unknown || (firm == Ty::Int64 && all == Ty::Float64) {
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
