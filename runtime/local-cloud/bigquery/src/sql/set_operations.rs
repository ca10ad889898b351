//! UNION, INTERSECT and EXCEPT: columns matched by position or by name, and the types that they take together.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#set_operators>.

use sqlparser::ast::{Expr, SetExpr, SetOperator, SetQuantifier, Value};

use super::cast::reshape;
use super::operators::supertype;
use super::rewrite::COLUMNS;
use super::scope::{Origins, Scope};
use super::{Result, Translated, Translator, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// How the columns of the two sides are matched.
#[derive(Debug, Clone)]
pub(super) struct Matching {
    mode: Mode,
    /// Only these, in this order; all where empty.
    only: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Strict,
    Inner,
    Left,
    Full,
}

impl Matching {
    /// From the words of a marker: the mode, then the columns.
    pub(super) fn read(words: &[String]) -> Result<Self> {
        let (mode, only) = words.split_first().map_or(("", &[][..]), |(m, o)| (m.as_str(), o));
        let mode = match mode {
            "STRICT" => Mode::Strict,
            "INNER" => Mode::Inner,
            "LEFT" => Mode::Left,
            "FULL" => Mode::Full,
            other => {
                let kind = other.split(' ').next().unwrap_or(other);
                return Err(Fault::query(format!(
                    "Syntax error: {kind} in a set operation needs BY NAME or CORRESPONDING"
                )));
            }
        };
        Ok(Self {
            mode,
            only: only.to_vec(),
        })
    }

    /// The names of the result's columns.
    fn names(&self, left: &[Field], right: &[Field], op: SetOperator) -> Result<Vec<String>> {
        let has = |side: &[Field], name: &str| side.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        let missing = |name: &str, side: &str| {
            Fault::query(format!(
                "BY NAME in {op}: column {name} does not appear in the {side} input query"
            ))
        };
        let mut names: Vec<String> = if self.only.is_empty() {
            left.iter().map(|c| c.name.clone()).collect()
        } else {
            self.only.clone()
        };
        match self.mode {
            Mode::Strict => {
                let extra = right.iter().map(|c| &c.name).filter(|_| self.only.is_empty());
                for name in names.iter().chain(extra) {
                    if !has(left, name) {
                        return Err(missing(name, "left"));
                    }
                    if !has(right, name) {
                        return Err(missing(name, "right"));
                    }
                }
            }
            Mode::Inner => names.retain(|n| has(left, n) && has(right, n)),
            Mode::Left => names.retain(|n| has(left, n)),
            Mode::Full if self.only.is_empty() => {
                names.extend(right.iter().filter(|c| !has(left, &c.name)).map(|c| c.name.clone()));
            }
            Mode::Full => {}
        }
        let common = left.iter().any(|c| has(right, &c.name));
        if names.is_empty() || (self.mode != Mode::Full && !common) {
            return Err(Fault::query(format!(
                "There is no column with a matching name on both sides of {op}"
            )));
        }
        Ok(names)
    }
}

/// The marker that stands for a matching by name.
fn marker(body: &SetExpr) -> Option<Vec<String>> {
    let SetExpr::Values(values) = body else {
        return None;
    };
    let [row] = values.rows.as_slice() else {
        return None;
    };
    let texts: Option<Vec<String>> = row
        .iter()
        .map(|e| match e {
            Expr::Value(v) => match &v.value {
                Value::SingleQuotedString(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let mut texts = texts?;
    (texts.first().is_some_and(|t| t == COLUMNS)).then(|| texts.split_off(1))
}

/// One column on the way to the type of the result.
fn fit(sql: &str, from: &Ty, to: &Ty) -> String {
    match (from, to) {
        (from, to) if from == to => sql.to_owned(),
        (Ty::Struct(_), Ty::Struct(_)) | (Ty::Array(_), Ty::Array(_)) => reshape(sql, from, to, 0),
        _ => format!("CAST({sql} AS {})", to.duck()),
    }
}

impl Translator<'_> {
    /// The two sides of a set operation, and what stands between them.
    pub(super) fn set_operation(
        &self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        env: &Scope<'_>,
    ) -> Result<Translated> {
        let mut left = left;
        let mut matching = None;
        if let SetExpr::SetOperation {
            left: inner,
            right: marked,
            ..
        } = left
            && let Some(words) = marker(marked)
        {
            matching = Some(Matching::read(&words)?);
            left = inner;
        }
        let (l, r) = (self.body(left, &[], env)?, self.body(right, &[], env)?);
        self.set_of(l, op, quantifier, r, matching.as_ref(), right)
    }

    pub(super) fn set_of(
        &self,
        mut l: Translated,
        op: SetOperator,
        quantifier: SetQuantifier,
        mut r: Translated,
        matching: Option<&Matching>,
        node: &impl sqlparser::ast::Spanned,
    ) -> Result<Translated> {
        let word = match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
            (SetOperator::Union, SetQuantifier::Distinct) => "UNION",
            (SetOperator::Intersect, SetQuantifier::All) => "INTERSECT ALL",
            (SetOperator::Intersect, SetQuantifier::Distinct) => "INTERSECT",
            (SetOperator::Except, SetQuantifier::All) => "EXCEPT ALL",
            (SetOperator::Except, SetQuantifier::Distinct) => "EXCEPT",
            (_, SetQuantifier::None) => {
                return Err(Fault::query(format!(
                    "Syntax error: Expected keyword ALL or keyword DISTINCT after {op}{}",
                    super::at(node)
                )));
            }
            (op, quantifier) => return Err(unsupported(&format!("{op} {quantifier}"), node)),
        };
        if let Some(matching) = matching {
            let names = matching.names(&l.columns, &r.columns, op)?;
            l = self.picked(&l, &names);
            r = self.picked(&r, &names);
        }
        if l.columns.len() != r.columns.len() {
            return Err(Fault::query(format!(
                "Queries in {op} {quantifier} have mismatched column count; query 1 has {} column{}, query 2 has {} column{}{}",
                l.columns.len(),
                if l.columns.len() == 1 { "" } else { "s" },
                r.columns.len(),
                if r.columns.len() == 1 { "" } else { "s" },
                super::at(node)
            )));
        }
        let mut columns = Vec::new();
        for (i, (a, b)) in l.columns.iter().zip(&r.columns).enumerate() {
            let Some(ty) = supertype(&a.ty, &b.ty) else {
                return Err(Fault::query(format!(
                    "Column {} in {op} {quantifier} has incompatible types: {}, {}{}",
                    i + 1,
                    a.ty.sql(),
                    b.ty.sql(),
                    super::at(node)
                )));
            };
            columns.push(Field {
                name: a.name.clone(),
                ty,
            });
        }
        let origins: Vec<Origins> = if quantifier == SetQuantifier::All && op == SetOperator::Union {
            let pairs = l.origins.iter().cloned().zip(r.origins.iter().cloned());
            pairs
                .map(|(mut l, r)| {
                    l.extend(r);
                    l
                })
                .collect()
        } else {
            Vec::new()
        };
        if origins.is_empty() {
            // One side is computed, or rows are compared: what is passed through is read.
            l.origins.iter().chain(&r.origins).for_each(|o| self.reads_columns(o));
        }
        let (l, r) = (self.under(l, &columns), self.under(r, &columns));
        Ok(Translated {
            sql: format!("{l} {word} {r}"),
            columns,
            origins,
        })
    }

    /// These columns of a query; NULL where it has none of the name.
    fn picked(&self, side: &Translated, names: &[String]) -> Translated {
        let mut list = Vec::new();
        let mut columns = Vec::new();
        let mut origins = Vec::new();
        for name in names {
            let at = side.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
            let (sql, ty) = match at {
                Some(at) => (quoted(&side.columns[at].name), side.columns[at].ty.clone()),
                None => ("NULL".to_owned(), Ty::Unknown),
            };
            list.push(format!("{sql} AS {}", quoted(name)));
            columns.push(Field { name: name.clone(), ty });
            origins.push(at.and_then(|at| side.origins.get(at)).cloned().unwrap_or_default());
        }
        if side.origins.is_empty() {
            origins.clear();
        }
        let alias = self.fresh("s");
        Translated {
            sql: format!("SELECT {} FROM ({}) AS {alias}", list.join(", "), side.sql),
            columns,
            origins,
        }
    }

    /// One side with its columns as the result has them, where DuckDB would not find the way by itself.
    fn under(&self, side: Translated, columns: &[Field]) -> String {
        let nested = |ty: &Ty| matches!(ty, Ty::Struct(_) | Ty::Array(_));
        let differs = side
            .columns
            .iter()
            .zip(columns)
            .any(|(a, b)| a.ty != b.ty && nested(&b.ty));
        if !differs {
            return side.sql;
        }
        let list: Vec<String> = side
            .columns
            .iter()
            .zip(columns)
            .map(|(a, b)| format!("{} AS {}", fit(&quoted(&a.name), &a.ty, &b.ty), quoted(&b.name)))
            .collect();
        format!("SELECT {} FROM ({}) AS {}", list.join(", "), side.sql, self.fresh("s"))
    }
}
