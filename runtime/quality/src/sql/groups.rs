//! Rows that are counted group by group of equal keys: those that occur twice, those that another table has not.

use super::query::Builder;
use super::rows::Shape;
use super::schema::{Field, shown};
use super::scope::Scope;
use super::{Asked, sample};
use crate::suite::IgnoreRows;

/// The different keys of the rows that are judged.
pub(super) fn of(fields: &[&Field], ignore: IgnoreRows, scope: &Scope<'_>, meant: &str, query: &mut Builder) -> usize {
    let judged = format!("{meant} AND {}", scope.complete(fields, ignore));
    // A missing value equals a missing value, also one that is a NaN.
    let keys: Vec<String> = fields.iter().map(|f| scope.or_null(f)).collect();
    query.group(&keys, &judged)
}

/// Counts the rows of the groups of a table `t` with `n`, `v0`, `v1` …, and those of the groups for which a condition holds.
pub(super) fn count(
    at: usize,
    fields: &[&Field],
    from: String,
    against: &str,
    meant: &str,
    query: &mut Builder,
) -> Asked {
    let shape = match fields {
        [one] => Shape::One(one),
        _ => Shape::Many(fields.to_vec()),
    };
    let of_group = fields.iter().enumerate().map(|(i, f)| Field {
        name: format!("v{i}"),
        kind: f.kind.clone(),
    });
    let shown: Vec<String> = of_group
        .map(|f| format!("{} AS {}", shown(&f.kind, &f.sql()), f.name))
        .collect();
    query.over_rows(at, vec![("elements".into(), format!("COUNTIF({meant})"))]);
    let mut values = vec![
        ("evaluated".into(), "SUM(n)".into()),
        ("unexpected".into(), format!("SUM(IF({against}, n, 0))")),
    ];
    if query.shows_columns(fields.iter().map(|field| field.name.as_str())) {
        let shown = format!("STRUCT({}, n AS n)", shown.join(", "));
        values.push(("sample".into(), sample(against, &shown, query.samples)));
    }
    query.over(at, from, values);
    Asked::Rows(shape.shown())
}
