//! Expectations that no row could satisfy together.

use bigdecimal::BigDecimal;
use headwater_suite::literal::{Parsed, parse};
use headwater_suite::{Bounds, Check, Literal, Range, Values};
use tfplugin_framework::{Diagnostic, Diagnostics};

use super::check::Known;

/// Says which expectations contradict each other: about all values of the same rows.
pub(super) fn contradictions(known: &[Known<'_>]) -> Diagnostics {
    let strict: Vec<&Known<'_>> = known
        .iter()
        .filter(|one| one.expectation.enabled && one.expectation.mostly == 1.0)
        .collect();
    let mut problems = Diagnostics::new();
    for (index, second) in strict.iter().enumerate() {
        for first in &strict[..index] {
            if first.expectation.row_condition != second.expectation.row_condition {
                continue;
            }
            if let Some((attribute, why)) = contradiction(&first.expectation.check, &second.expectation.check) {
                let at = second.at(attribute);
                problems.push(
                    Diagnostic::invalid(at.clone(), format!("`{at}` contradicts `{}`", first.path()))
                        .detail(why)
                        .hint("Take one of them out, or give them different `where`."),
                );
            }
        }
    }
    problems
}

/// The attribute of the second check, and why no row satisfies both.
fn contradiction(first: &Check, second: &Check) -> Option<(&'static str, String)> {
    match (first, second) {
        (Check::NotNull(a), Check::IsNull(b)) | (Check::IsNull(a), Check::NotNull(b)) if a.column == b.column => {
            let why = format!("No row has and has not a value in `{}`.", a.column);
            Some(("column", why))
        }
        (Check::InSet(a), Check::NotInSet(b)) | (Check::NotInSet(a), Check::InSet(b)) if a.column == b.column => {
            let value = shared(&a.values, &b.values)?;
            Some(("values", format!("Both name {value}, which is demanded and forbidden.")))
        }
        (Check::InSet(a), Check::InSet(b)) if a.column == b.column => {
            let disjoint = same_family(&a.values, &b.values) && shared(&a.values, &b.values).is_none();
            disjoint.then(|| ("values", "No value is in both sets.".to_owned()))
        }
        (Check::Between(a), Check::Between(b)) if a.column == b.column => {
            let why = format!("No value of `{}` lies in both intervals.", a.column);
            disjoint(&a.bounds, &b.bounds).then_some(("bounds", why))
        }
        (Check::Statistic(a), Check::Statistic(b)) if a.column == b.column && a.statistic == b.statistic => {
            disjoint(&a.bounds, &b.bounds).then(|| ("bounds", "No number lies in both intervals.".to_owned()))
        }
        (Check::RowCount(a), Check::RowCount(b)) | (Check::ColumnCount(a), Check::ColumnCount(b)) => {
            let apart = before(a, b) || before(b, a);
            apart.then(|| ("min", "No number lies in both intervals.".to_owned()))
        }
        _ => None,
    }
}

fn same_family(a: &Values, b: &Values) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn shared(a: &Values, b: &Values) -> Option<String> {
    let a = a.literals();
    let both = b.literals().into_iter().find(|literal| a.contains(literal))?;
    Some(both.value.to_json().to_string())
}

/// Whether two intervals of one family have nothing in common.
fn disjoint(a: &Bounds, b: &Bounds) -> bool {
    let one_family = std::mem::discriminant(a) == std::mem::discriminant(b);
    let (a, b) = (ends(a), ends(b));
    one_family && (before(&a, &b) || before(&b, &a))
}

/// An end that can be compared with another of its family.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum End {
    Number(BigDecimal),
    Text(String),
    Date(chrono::NaiveDate),
    Time(chrono::NaiveTime),
    Timestamp(chrono::NaiveDateTime),
}

fn ends(bounds: &Bounds) -> Range<End> {
    let range = bounds.literals();
    Range {
        min: range.min.as_ref().and_then(end),
        max: range.max.as_ref().and_then(end),
        strict_min: range.strict_min,
        strict_max: range.strict_max,
    }
}

fn end(literal: &Literal) -> Option<End> {
    Some(match parse(literal).ok()? {
        Parsed::Exact(number) => End::Number(number),
        Parsed::Float(number) => End::Number(number.to_string().parse().ok()?),
        Parsed::Text(text) => End::Text(text),
        Parsed::Date(day) => End::Date(day),
        Parsed::Time(time) => End::Time(time),
        Parsed::Timestamp(civil, offset) => {
            End::Timestamp(civil - chrono::TimeDelta::seconds(offset.unwrap_or_default().into()))
        }
        Parsed::Null | Parsed::Bool(_) => return None,
    })
}

/// Whether all of the one interval lies before the other.
fn before<T: PartialOrd>(a: &Range<T>, b: &Range<T>) -> bool {
    let (Some(max), Some(min)) = (&a.max, &b.min) else {
        return false;
    };
    match max.partial_cmp(min) {
        Some(std::cmp::Ordering::Less) => true,
        Some(std::cmp::Ordering::Equal) => a.strict_max || b.strict_min,
        _ => false,
    }
}
