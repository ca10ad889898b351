//! Random types and values of them.

use bigdecimal::BigDecimal;

use super::Rng;
use crate::{Bound, Refinements, Type, Value};

/// A type, not too deep.
pub fn typed(rng: &mut Rng, depth: usize) -> Type {
    let kinds = if depth == 0 { 4 } else { 9 };
    match rng.below(kinds) {
        0 => Type::Bool,
        1 => Type::Number,
        2 => Type::String,
        3 => Type::Dynamic,
        4 => Type::list(typed(rng, depth - 1)),
        5 => Type::set(typed(rng, depth - 1)),
        6 => Type::map(typed(rng, depth - 1)),
        7 => Type::object(
            (0..rng.below(4))
                .map(|index| (format!("a{index}"), typed(rng, depth - 1)))
                .collect::<Vec<_>>(),
        ),
        _ => Type::Tuple((0..rng.below(4)).map(|_| typed(rng, depth - 1)).collect()),
    }
}

/// A value of a type, with nulls and unknowns in it.
pub fn value_of(rng: &mut Rng, ty: &Type) -> Value {
    match rng.below(16) {
        0 => return Value::Null,
        1 => return Value::unknown(),
        2 => return unknown(rng, ty),
        _ => {}
    }
    let several = |rng: &mut Rng| if rng.once_in(50) { 20 } else { rng.below(4) };
    match ty {
        Type::Bool => Value::Bool(rng.once_in(2)),
        Type::Number => Value::Number(number(rng)),
        Type::String => Value::String(rng.text()),
        Type::Dynamic => {
            let inner = match typed(rng, 1) {
                Type::Dynamic => Type::String,
                other => other,
            };
            let value = value_of(rng, &inner);
            Value::Dynamic(Box::new(inner), Box::new(value))
        }
        Type::List(element) => Value::List((0..several(rng)).map(|_| value_of(rng, element)).collect()),
        Type::Set(element) => Value::set((0..several(rng)).map(|_| value_of(rng, element)).collect::<Vec<_>>()),
        Type::Map(element) => Value::Map(
            (0..several(rng))
                .map(|_| (rng.text(), value_of(rng, element)))
                .collect(),
        ),
        Type::Object(types) => Value::Object(
            types
                .iter()
                .map(|(name, ty)| (name.clone(), value_of(rng, ty)))
                .collect(),
        ),
        Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| value_of(rng, ty)).collect()),
    }
}

pub(super) fn number(rng: &mut Rng) -> BigDecimal {
    match rng.below(6) {
        0 => BigDecimal::from(rng.next()),
        1 => BigDecimal::from(rng.next() as i64),
        2 => BigDecimal::new((rng.next() as i64).into(), rng.below(400) as i64 - 200),
        3 => BigDecimal::new(
            (i128::from(rng.next() >> 1) * i128::from(rng.next() >> 1)).into(),
            rng.below(40) as i64,
        ),
        _ => BigDecimal::from(rng.below(300) as i64 - 150),
    }
}

/// An unknown value about which something is known that suits its type.
fn unknown(rng: &mut Rng, ty: &Type) -> Value {
    let mut known = Refinements {
        null: [None, Some(false)][rng.below(2)],
        ..Refinements::default()
    };
    let bound = |rng: &mut Rng| {
        rng.once_in(2).then(|| Bound {
            number: number(rng),
            inclusive: rng.once_in(2),
        })
    };
    match ty {
        Type::String => known.prefix = Some(rng.text()),
        Type::Number => (known.min, known.max) = (bound(rng), bound(rng)),
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            known.min_length = rng.once_in(2).then(|| rng.next() >> rng.below(64));
            known.max_length = rng.once_in(2).then(|| rng.next() >> rng.below(64));
        }
        _ => {}
    }
    if known.is_empty() {
        return Value::unknown();
    }
    Value::Unknown(Some(Box::new(known)))
}
