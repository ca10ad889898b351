//! The condition of a query, bound: literals in the form of their field, and what the index can answer taken out.

use std::collections::HashSet;

use super::SoqlError;
use super::ast::{Condition, Function, Op, Path, Value};
use super::bind::{Binder, Bounds, bind};
use super::eval::{FieldRef, Literal, Predicate, fold};
use super::literal::range;
use crate::decimal::Decimal;
use crate::id;
use crate::schema::Kind;
use crate::time::{self, DAY};

impl Binder<'_> {
    /// The condition without what the index answers; `None` when nothing is left.
    pub(super) fn top(&mut self, condition: &Condition, bounds: &mut Bounds) -> Result<Option<Predicate>, SoqlError> {
        let all: &[Condition] = match condition {
            Condition::And(all) => all,
            one => std::slice::from_ref(one),
        };
        let mut rest = vec![];
        for one in all {
            if let Condition::And(_) = one {
                rest.extend(self.top(one, bounds)?);
                continue;
            }
            let predicate = self.condition(one)?;
            if !narrow(&predicate, &self.schema.objects[self.object].prefix, bounds) {
                rest.push(predicate);
            }
        }
        Ok(match rest.len() {
            0 => None,
            1 => rest.pop(),
            _ => Some(Predicate::And(rest)),
        })
    }

    fn filterable(&self, path: &Path, function: Option<Function>) -> Result<FieldRef, SoqlError> {
        if function.is_some() {
            return Err(SoqlError::at(
                "MALFORMED_QUERY",
                self.soql,
                path.position,
                "aggregates belong into HAVING",
            ));
        }
        let field = self.field(path)?;
        if !field.field().is_filterable() || field.field().kind.is_compound() {
            let message = format!("field '{}' can not be filtered in a query call", field.shown);
            return Err(SoqlError::at("INVALID_FIELD", self.soql, path.position, &message));
        }
        Ok(field)
    }

    fn condition(&mut self, condition: &Condition) -> Result<Predicate, SoqlError> {
        Ok(match condition {
            Condition::And(all) => Predicate::And(all.iter().map(|c| self.condition(c)).collect::<Result<_, _>>()?),
            Condition::Or(any) => Predicate::Or(any.iter().map(|c| self.condition(c)).collect::<Result<_, _>>()?),
            Condition::Not(inner) => Predicate::Not(Box::new(self.condition(inner)?)),
            Condition::Compare {
                path,
                function,
                op,
                value,
                position,
            } => {
                let field = self.filterable(path, *function)?;
                if *op == Op::Like && (field.field().kind.is_number() || !matches!(value, Value::Text(_))) {
                    return Err(SoqlError::at(
                        "INVALID_QUERY_FILTER_OPERATOR",
                        self.soql,
                        *position,
                        "invalid operator",
                    ));
                }
                let literal = self.literal(&field, value, *position)?;
                Predicate::Compare(field, *op, literal)
            }
            Condition::In {
                path,
                negated,
                values,
                position,
            } => {
                let field = self.filterable(path, None)?;
                let kind = field.field().kind;
                let mut set = HashSet::new();
                for value in values {
                    set.insert(match self.literal(&field, value, *position)? {
                        Literal::Null => vec![],
                        Literal::Text(text) => text.into_bytes(),
                        Literal::Number(d) => d.plain().into_bytes(),
                        Literal::Exact(bytes) => fold(kind, &bytes),
                        Literal::Range(..) => {
                            return Err(SoqlError::at(
                                "MALFORMED_QUERY",
                                self.soql,
                                *position,
                                "a date literal stands for a range",
                            ));
                        }
                    });
                }
                Predicate::In(field, *negated, set)
            }
            Condition::InQuery { path, negated, query } => {
                let field = self.filterable(path, None)?;
                let plan = bind(self.org, self.soql, query)?;
                let values = super::run::column(self.org, &plan).map_err(|m| SoqlError::new("MALFORMED_QUERY", m))?;
                let kind = field.field().kind;
                Predicate::In(
                    field,
                    *negated,
                    values.iter().filter(|v| !v.is_empty()).map(|v| fold(kind, v)).collect(),
                )
            }
            Condition::Includes { path, negated, values } => {
                let field = self.filterable(path, None)?;
                if field.field().kind != Kind::Multipicklist {
                    let message = format!("{} is not a multi-select picklist", field.shown);
                    return Err(SoqlError::at(
                        "INVALID_QUERY_FILTER_OPERATOR",
                        self.soql,
                        path.position,
                        &message,
                    ));
                }
                let groups = values
                    .iter()
                    .map(|v| v.split(';').map(str::to_owned).collect())
                    .collect();
                Predicate::Includes(field, *negated, groups)
            }
        })
    }

    fn literal(&self, field: &FieldRef, value: &Value, position: usize) -> Result<Literal, SoqlError> {
        let kind = field.field().kind;
        let mismatch = |wanted: &str| {
            let message = format!(
                "value of filter criterion for field '{}' must be of type {wanted} and should {}be enclosed in quotes",
                field.shown,
                if wanted == "string" { "" } else { "not " }
            );
            Err(SoqlError::at("INVALID_FIELD", self.soql, position, &message))
        };
        if *value == Value::Null {
            return Ok(Literal::Null);
        }
        let exact = |push: fn(&mut Vec<u8>, i64), n: i64| {
            let mut out = vec![];
            push(&mut out, n);
            out
        };
        if let Value::Named(name, n) = value {
            let Some((from, to)) = range(name, *n, self.now) else {
                return Err(SoqlError::at(
                    "MALFORMED_QUERY",
                    self.soql,
                    position,
                    &format!("invalid date literal: {name}"),
                ));
            };
            return match kind {
                Kind::Date => Ok(Literal::Range(exact(time::push_date, from), exact(time::push_date, to))),
                Kind::Datetime => Ok(Literal::Range(
                    exact(time::push_datetime, from * DAY),
                    exact(time::push_datetime, to * DAY),
                )),
                _ => mismatch(kind.name()),
            };
        }
        match (kind, value) {
            (k, Value::Number(text)) if k.is_number() => match Decimal::parse(text) {
                Some(d) => Ok(Literal::Number(d)),
                None => mismatch(k.name()),
            },
            (k, _) if k.is_number() => mismatch(if k == Kind::Int { "int" } else { "double" }),
            (Kind::Boolean, Value::Boolean(b)) => Ok(Literal::Exact(b.to_string().into_bytes())),
            (Kind::Boolean, _) => mismatch("boolean"),
            (Kind::Date, Value::Date(day)) => Ok(Literal::Exact(exact(time::push_date, *day))),
            (Kind::Date, _) => mismatch("date"),
            (Kind::Datetime, Value::Datetime(ms)) => Ok(Literal::Exact(exact(time::push_datetime, *ms))),
            (Kind::Datetime, _) => mismatch("dateTime"),
            (Kind::Time, Value::Time(ms)) => Ok(Literal::Exact(exact(time::push_time, *ms))),
            (Kind::Time, _) => mismatch("time"),
            (Kind::Id | Kind::Reference, Value::Text(text)) if text.is_empty() => Ok(Literal::Null),
            (Kind::Id | Kind::Reference, Value::Text(text)) => match id::normalize(text) {
                Some(id) => Ok(Literal::Exact(id.into_bytes())),
                None => Err(SoqlError::at(
                    "INVALID_QUERY_FILTER_OPERATOR",
                    self.soql,
                    position,
                    &format!("invalid ID field: {text}"),
                )),
            },
            (_, Value::Text(text)) if text.is_empty() => Ok(Literal::Null),
            (_, Value::Text(text)) => Ok(Literal::Text(text.to_lowercase())),
            _ => mismatch("string"),
        }
    }
}

/// Takes a comparison into the bounds; false when it has to be checked row by row all the same.
fn narrow(predicate: &Predicate, prefix: &str, bounds: &mut Bounds) -> bool {
    let Predicate::Compare(field, op, Literal::Exact(value)) = predicate else {
        return false;
    };
    if !field.hops.is_empty() {
        return false;
    }
    let text = String::from_utf8_lossy(value);
    match field.field().name.as_str() {
        "IsDeleted" if matches!(op, Op::Eq | Op::Ne) => {
            let wanted = (text == "true") == (*op == Op::Eq);
            if bounds.deleted.is_some_and(|before| before != wanted) {
                return false;
            }
            bounds.deleted = Some(wanted);
            true
        }
        name @ ("SystemModstamp" | "LastModifiedDate" | "CreatedDate") => {
            let Some(ms) = time::parse_datetime(&text) else {
                return false;
            };
            let (from, to) = match op {
                Op::Eq => (ms, ms + 1),
                Op::Gt => (ms + 1, i64::MAX),
                Op::Ge => (ms, i64::MAX),
                Op::Lt => (i64::MIN, ms),
                Op::Le => (i64::MIN, ms + 1),
                Op::Ne | Op::Like => return false,
            };
            bounds.stamp.0 = bounds.stamp.0.max(from);
            if name != "SystemModstamp" {
                // A row is never stamped before it was made or modified: the lower bound holds for the stamp too.
                return false;
            }
            bounds.stamp.1 = bounds.stamp.1.min(to);
            true
        }
        "Id" => {
            let Some(slot) = id::slot(prefix, value) else {
                return false;
            };
            let (from, to) = match op {
                Op::Eq => (slot, slot + 1),
                Op::Gt => (slot + 1, u64::MAX),
                Op::Ge => (slot, u64::MAX),
                Op::Lt => (0, slot),
                Op::Le => (0, slot + 1),
                Op::Ne | Op::Like => return false,
            };
            bounds.slot = (bounds.slot.0.max(from), bounds.slot.1.min(to));
            true
        }
        _ => false,
    }
}
