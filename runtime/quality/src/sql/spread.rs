//! Checks of rows that compare each value with numbers of the whole column: how far it lies from the others.

use super::query::Builder;
use super::rows::{Rows, Shape};
use super::schema::{Field, float};
use super::scope::Scope;
use crate::engine::{Kind, Reason};
use crate::suite::{NotOutlier, OutlierMethod, ZScore};

fn number(field: &Field) -> Result<String, Reason> {
    if !field.kind.is_number() || field.kind == Kind::Bool {
        return Err(Reason::new(
            "wrong_type",
            format!(
                "the column holds {}, and this check is about numbers",
                field.kind.name()
            ),
        ));
    }
    Ok(format!("CAST({} AS FLOAT64)", field.sql()))
}

/// Mean and deviation of a column: the name of a table of one row with `mean` and `sd`.
fn moments(field: &Field, scope: &Scope<'_>, rows: &str, query: &mut Builder) -> Result<String, Reason> {
    let meant = format!("IF(({rows}) AND {}, {}, NULL)", scope.present(field), number(field)?);
    Ok(query.side(format!(
        "SELECT AVG({meant}) AS mean, STDDEV_SAMP({meant}) AS sd FROM t"
    )))
}

/// What is compared; what is undefined, such as a distance in a column without any spread, is no reason to complain.
fn judged<'a>(field: &'a Field, good: &str, scope: &Scope<'a>) -> Rows<'a> {
    Rows {
        judged: scope.present(field),
        good: format!("IFNULL({good}, TRUE)"),
        shape: Shape::One(field),
    }
}

fn finite(number: &str) -> String {
    format!("NOT (IS_NAN({number}) OR IS_INF({number}))")
}

/// A distance from the mean in standard deviations.
pub(super) fn z_score<'a>(
    check: &ZScore,
    scope: &Scope<'a>,
    rows: &str,
    query: &mut Builder,
) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    let side = moments(field, scope, rows, query)?;
    let z = format!("({} - {side}.mean) / {side}.sd", number(field)?);
    let (distance, threshold) = if check.double_sided {
        (format!("ABS({z})"), check.threshold.abs())
    } else {
        (z, check.threshold)
    };
    let defined = format!("{side}.sd > 0 AND NOT IS_INF({side}.sd)");
    Ok(judged(
        field,
        &format!("IF({defined}, {distance} < {}, TRUE)", float(threshold)),
        scope,
    ))
}

/// A distance from the quartiles, or from the mean.
pub(super) fn outlier<'a>(
    check: &NotOutlier,
    scope: &Scope<'a>,
    rows: &str,
    query: &mut Builder,
) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    let value = number(field)?;
    let by = float(check.multiplier);
    let good = match check.method {
        OutlierMethod::Iqr => {
            let group = query.ranked(field, &format!("({rows}) AND {}", scope.present(field)));
            let quartile = |p: &str| {
                let place = format!("({p} * (total - 1))");
                let at = |place: String| format!("MIN(IF(upto > {place}, CAST(v0 AS FLOAT64), NULL))");
                let (low, high) = (at(format!("FLOOR{place}")), at(format!("CEIL{place}")));
                format!("({low} + IF({high} = {low}, 0, ({high} - {low}) * ANY_VALUE({place} - FLOOR{place})))")
            };
            let side = query.side(format!(
                "SELECT {} AS q1, {} AS q3 FROM r{group}",
                quartile("0.25"),
                quartile("0.75")
            ));
            let far = format!("({by} * ({side}.q3 - {side}.q1))");
            let inside = format!("{value} >= {side}.q1 - {far} AND {value} <= {side}.q3 + {far}");
            format!(
                "IF({} AND {}, {inside}, TRUE)",
                finite(&format!("{side}.q1")),
                finite(&format!("{side}.q3"))
            )
        }
        OutlierMethod::Std => {
            let side = moments(field, scope, rows, query)?;
            let far = format!("({by} * {side}.sd)");
            let distance = format!("ABS({value} - {side}.mean)");
            let near = format!("IF({far} <= 0, {value} = {side}.mean, {distance} < {far})");
            format!(
                "IF({} AND {}, {near}, TRUE)",
                finite(&format!("{side}.mean")),
                finite(&format!("{side}.sd"))
            )
        }
    };
    Ok(judged(field, &good, scope))
}
