//! What a check sees of a table in a query: its columns by their names, and when a value is there.

use super::constant;
use super::schema::Field;
use crate::engine::condition::{half_open, points};
use crate::engine::{Kind, Reason, limits};
use crate::suite::{Condition, IgnoreRows, Nan, Operator};

/// The columns of a table, as one expectation sees them.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub fields: &'a [Field],
    pub nan: Nan,
}

impl<'a> Scope<'a> {
    /// A column.
    pub fn field(&self, name: &str) -> Result<&'a Field, Reason> {
        self.fields
            .iter()
            .find(|f| f.name == name)
            .ok_or_else(|| Reason::new("missing_column", format!("there is no column {name}")))
    }

    /// Columns.
    pub fn all(&self, names: &[String]) -> Result<Vec<&'a Field>, Reason> {
        names.iter().map(|name| self.field(name)).collect()
    }

    /// That a column has a value.
    pub fn present(&self, field: &Field) -> String {
        let column = field.sql();
        if field.kind == Kind::Float && self.nan == Nan::Null {
            // NULL is no NaN: the comparison with FALSE is unknown for it, and that is not true.
            format!("IFNULL(NOT IS_NAN({column}), FALSE)")
        } else {
            format!("{column} IS NOT NULL")
        }
    }

    /// A column's value, or NULL where none is there.
    pub fn or_null(&self, field: &Field) -> String {
        let column = field.sql();
        if field.kind == Kind::Float && self.nan == Nan::Null {
            format!("IF(IS_NAN({column}), NULL, {column})")
        } else {
            column
        }
    }

    /// The rows that are left when rows with missing values are ignored.
    pub fn complete(&self, fields: &[&Field], ignore: IgnoreRows) -> String {
        let present = |with: &str| {
            let parts: Vec<String> = fields.iter().map(|f| self.present(f)).collect();
            format!("({})", parts.join(with))
        };
        match ignore {
            IgnoreRows::Never => "TRUE".into(),
            IgnoreRows::AnyMissing => present(" AND "),
            IgnoreRows::AllMissing => present(" OR "),
        }
    }

    /// That two columns compare so. A missing value equals a missing value if `missing_equal`, else nothing.
    pub fn compared(&self, left: &Field, op: Operator, right: &Field, missing_equal: bool) -> String {
        let as_number = |f: &Field, other: &Field| {
            if f.kind == Kind::Bool && other.kind != Kind::Bool {
                format!("CAST({} AS INT64)", f.sql())
            } else if other.kind == Kind::Float && f.kind != Kind::Float {
                format!("CAST({} AS FLOAT64)", f.sql())
            } else {
                f.sql()
            }
        };
        let (l, r) = (as_number(left, right), as_number(right, left));
        let mut good = format!("{l} {} {r}", op.symbol());
        let accepts_equal = op.accepts(Some(std::cmp::Ordering::Equal));
        if left.kind == Kind::Float && right.kind == Kind::Float && self.nan == Nan::Value {
            let nans = format!("(IS_NAN({l}) AND IS_NAN({r}))");
            good = if accepts_equal {
                format!("({good} OR {nans})")
            } else {
                format!("({good} AND NOT {nans})")
            };
        }
        let (p, q) = (self.present(left), self.present(right));
        if missing_equal {
            format!("(({p} AND {q} AND {good}) OR NOT ({p} OR {q}))")
        } else {
            format!("({p} AND {q} AND {good})")
        }
    }

    /// A row condition. What is unknown does not hold.
    pub fn condition(&self, condition: &Condition) -> Result<String, Reason> {
        let all = |conditions: &[Condition], with: &str, none: &str| -> Result<String, Reason> {
            let parts = conditions
                .iter()
                .map(|c| self.condition(c))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(if parts.is_empty() {
                none.into()
            } else {
                format!("({})", parts.join(with))
            })
        };
        let member = |column: &str, values, negated: bool| -> Result<String, Reason> {
            let field = self.field(column)?;
            let is_in = constant::is_in(field, &points(values, &field.kind)?, self.nan);
            let not = if negated { "NOT " } else { "" };
            Ok(format!("({} AND {not}({is_in}))", self.present(field)))
        };
        match condition {
            Condition::All(conditions) => all(conditions, " AND ", "TRUE"),
            Condition::Any(conditions) => all(conditions, " OR ", "FALSE"),
            Condition::IsNull(n) => {
                let present = self.present(self.field(&n.column)?);
                Ok(if n.negated { present } else { format!("NOT ({present})") })
            }
            Condition::In(m) => member(&m.column, &m.values, m.negated),
            Condition::Compare(c) => match c.op {
                Operator::Equal => member(&c.column, &c.value, false),
                Operator::NotEqual => member(&c.column, &c.value, true),
                op => {
                    let field = self.field(&c.column)?;
                    let within = constant::within(field, &limits(&half_open(&c.value, op)?, &field.kind)?);
                    Ok(format!("({} AND {within})", self.present(field)))
                }
            },
        }
    }
}
