//! Conditions bound to columns, and what they say of a row.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::ast::Op;
use crate::check;
use crate::decimal::Decimal;
use crate::id;
use crate::schema::{Field, Kind};
use crate::store::Org;
use crate::store::row::Layout;
use crate::store::table::Reader;

/// A field of the queried object, or of one that it refers to.
#[derive(Clone, Debug)]
pub(crate) struct FieldRef {
    /// The columns of the references to follow.
    pub hops: Vec<usize>,
    /// The field at the end, per object that the last reference may lead to; one without hops.
    pub ends: Vec<(usize, Field)>,
    /// `Account.Owner.Name`, as the metadata spells it.
    pub shown: String,
}

impl FieldRef {
    pub(crate) fn field(&self) -> &Field {
        &self.ends[0].1
    }
}

/// A literal in the form in which its field is compared.
#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    /// Compared without case.
    Text(String),
    Number(Decimal),
    /// Compared byte by byte: ids, booleans, and dates, whose stored form sorts like time.
    Exact(Vec<u8>),
    /// From and (exclusive) to.
    Range(Vec<u8>, Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare(FieldRef, Op, Literal),
    /// Values folded by [`fold`]; null among them as the empty value.
    In(FieldRef, bool, HashSet<Vec<u8>>),
    /// Groups of values that must be selected together.
    Includes(FieldRef, bool, Vec<Vec<String>>),
}

/// The value under which equal values meet: without case for text, normalised for numbers.
pub(crate) fn fold(kind: Kind, cell: &[u8]) -> Vec<u8> {
    match kind {
        k if k.is_number() => number(cell).map_or_else(Vec::new, |d| d.plain().into_bytes()),
        Kind::Id | Kind::Reference | Kind::Boolean | Kind::Date | Kind::Datetime | Kind::Time => cell.to_vec(),
        _ => String::from_utf8_lossy(cell).to_lowercase().into_bytes(),
    }
}

fn number(cell: &[u8]) -> Option<Decimal> {
    std::str::from_utf8(cell).ok().and_then(Decimal::parse)
}

/// A cell as its field reads it.
pub(crate) fn read<'a>(field: &'a Field, bytes: &'a [u8], layout: &Layout) -> &'a [u8] {
    let Some(column) = field.column else { return b"" };
    if !layout.has(column) {
        return field.default.as_deref().unwrap_or("").as_bytes();
    }
    let cell = layout.cell(bytes, column);
    if field.altered {
        check::coerce(field, cell)
    } else {
        cell
    }
}

/// Reads values of rows, following references.
pub(crate) struct Evaluator<'a> {
    org: &'a Org,
    prefixes: Vec<String>,
    readers: HashMap<usize, Reader>,
    parents: HashMap<(usize, u64), Vec<u8>>,
    layout: Layout,
}

const CACHED_PARENTS: usize = 20_000;

impl<'a> Evaluator<'a> {
    pub(crate) fn new(org: &'a Org) -> Self {
        let prefixes = org.schema().objects.iter().map(|o| o.prefix.clone()).collect();
        Self {
            org,
            prefixes,
            readers: HashMap::new(),
            parents: HashMap::new(),
            layout: Layout::default(),
        }
    }

    /// The encoded row that an id belongs to, deleted or not, and its object.
    fn parent(&mut self, id: &[u8]) -> Option<(usize, &[u8])> {
        let object = self.prefixes.iter().position(|p| id.starts_with(p.as_bytes()))?;
        let slot = id::slot(&self.prefixes[object], id)?;
        let key = (object, slot);
        if !self.parents.contains_key(&key) {
            let entry = self.org.table(object).entry(slot)?;
            let reader = self.readers.entry(object).or_insert_with(|| self.org.reader(object));
            let row = reader.row(entry.location).ok()?.to_vec();
            if self.parents.len() >= CACHED_PARENTS {
                self.parents.clear();
            }
            self.parents.insert(key, row);
        }
        self.parents.get(&key).map(|row| (object, row.as_slice()))
    }

    /// The value of a field of a row; empty for null.
    pub(crate) fn value<'r>(&mut self, of: &'r FieldRef, bytes: &'r [u8], layout: &Layout) -> Cow<'r, [u8]> {
        if of.hops.is_empty() {
            return Cow::Borrowed(read(of.field(), bytes, layout));
        }
        Cow::Owned(self.follow(of, layout.cell(bytes, of.hops[0])))
    }

    fn follow(&mut self, of: &FieldRef, first: &[u8]) -> Vec<u8> {
        let mut id = first.to_vec();
        let mut walker = std::mem::take(&mut self.layout);
        let mut value = vec![];
        for hop in 1..=of.hops.len() {
            let Some((object, row)) = self.parent(&id) else { break };
            walker.parse(row);
            if hop < of.hops.len() {
                id = walker.cell(row, of.hops[hop]).to_vec();
            } else if let Some((_, field)) = of.ends.iter().find(|(o, _)| *o == object) {
                value = read(field, row, &walker).to_vec();
            }
        }
        self.layout = walker;
        value
    }

    /// Whether a row meets a condition.
    pub(crate) fn holds(&mut self, predicate: &Predicate, bytes: &[u8], layout: &Layout) -> bool {
        match predicate {
            Predicate::And(all) => all.iter().all(|p| self.holds(p, bytes, layout)),
            Predicate::Or(any) => any.iter().any(|p| self.holds(p, bytes, layout)),
            Predicate::Not(inner) => !self.holds(inner, bytes, layout),
            Predicate::Compare(field, op, literal) => {
                let cell = self.value(field, bytes, layout);
                compare(field.field().kind, &cell, *op, literal)
            }
            Predicate::In(field, negated, set) => {
                let cell = self.value(field, bytes, layout);
                set.contains(&fold(field.field().kind, &cell)) != *negated
            }
            Predicate::Includes(field, negated, groups) => {
                let cell = self.value(field, bytes, layout);
                let text = String::from_utf8_lossy(&cell);
                let chosen: Vec<&str> = text.split(';').collect();
                let has = |v: &String| chosen.iter().any(|c| c.eq_ignore_ascii_case(v));
                groups.iter().any(|group| group.iter().all(has)) != *negated
            }
        }
    }
}

/// Compares a value with a literal. Null equals null only, differs from everything else, and has no order.
pub(crate) fn compare(kind: Kind, cell: &[u8], op: Op, literal: &Literal) -> bool {
    let is_null = cell.is_empty();
    let ordering = match literal {
        Literal::Null => {
            return match op {
                Op::Eq => is_null,
                Op::Ne => !is_null,
                _ => false,
            };
        }
        _ if is_null => return op == Op::Ne,
        Literal::Text(pattern) if op == Op::Like => {
            return like(&String::from_utf8_lossy(cell).to_lowercase(), pattern);
        }
        Literal::Text(text) => order_text(cell, text),
        Literal::Number(n) => match number(cell) {
            Some(own) => own.compare(*n),
            None => return op == Op::Ne,
        },
        Literal::Exact(value) => cell.cmp(value.as_slice()),
        Literal::Range(from, to) => {
            if cell < from.as_slice() {
                Ordering::Less
            } else if cell >= to.as_slice() {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        }
    };
    debug_assert!(
        kind != Kind::Address,
        "compound fields are refused when the query is bound"
    );
    match op {
        Op::Eq => ordering == Ordering::Equal,
        Op::Ne => ordering != Ordering::Equal,
        Op::Lt => ordering == Ordering::Less,
        Op::Le => ordering != Ordering::Greater,
        Op::Gt => ordering == Ordering::Greater,
        Op::Ge => ordering != Ordering::Less,
        Op::Like => false,
    }
}

/// `literal` is lower case already.
fn order_text(cell: &[u8], literal: &str) -> Ordering {
    if cell.is_ascii() {
        return cell.iter().map(u8::to_ascii_lowercase).cmp(literal.bytes());
    }
    String::from_utf8_lossy(cell).to_lowercase().as_str().cmp(literal)
}

/// `%` is any text, `_` any character, `\%` and `\_` themselves.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut parts: Vec<(char, bool)> = vec![];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('%' | '_')) => parts.push((escaped, false)),
                Some(other) => parts.extend([('\\', false), (other, false)]),
                None => parts.push(('\\', false)),
            },
            c => parts.push((c, matches!(c, '%' | '_'))),
        }
    }
    // Greedy with one point to return to: the last `%`.
    let (mut t, mut p, mut back) = (0, 0, None);
    while t < text.len() {
        match parts.get(p) {
            Some(('%', true)) => {
                back = Some((p, t));
                p += 1;
            }
            Some(('_', true)) => {
                t += 1;
                p += 1;
            }
            Some((c, false)) if *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match back {
                Some((at, from)) => {
                    back = Some((at, from + 1));
                    t = from + 1;
                    p = at + 1;
                }
                None => return false,
            },
        }
    }
    parts[p..].iter().all(|part| *part == ('%', true))
}

/// The order of two values of a field, without nulls.
pub(crate) fn order(kind: Kind, a: &[u8], b: &[u8]) -> Ordering {
    if kind.is_number() {
        return match (number(a), number(b)) {
            (Some(a), Some(b)) => a.compare(b),
            _ => a.cmp(b),
        };
    }
    match kind {
        Kind::Id | Kind::Reference | Kind::Boolean | Kind::Date | Kind::Datetime | Kind::Time => a.cmp(b),
        _ => fold(kind, a).cmp(&fold(kind, b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("acme inc", "acme%", true),
            ("acme inc", "%inc", true),
            ("acme inc", "a%e%c", true),
            ("acme inc", "acme", false),
            ("acme", "a_m_", true),
            ("acme", "a_m", false),
            ("50% off", "50\\% off", true),
            ("50x off", "50\\% off", false),
            ("a_b", "a\\_b", true),
            ("axb", "a\\_b", false),
            ("", "%", true),
            ("aaab", "%ab", true),
            ("é", "_", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text:?} like {pattern:?}");
        }
    }
}
