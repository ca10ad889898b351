//! Checks that are GoogleSQL of the suite's own. It is put into the query as it is written; a line break behind it ends a comment.

use super::Asked;
use super::aggregates::Reader;
use super::conclude::Shown;
use super::query::Builder;
use super::rows::Shape;
use super::sample;
use super::schema::real;
use super::scope::Scope;
use crate::engine::{Cell, Observed, Reason, Said};
use crate::suite::{NoData, SqlAggregate, SqlCondition};

/// A condition on rows. It is computed where the columns are read, so that only those are read that it names. What is NULL does
/// not satisfy it, as in Dataplex.
pub(super) fn condition(at: usize, check: &SqlCondition, scope: &Scope<'_>, meant: &str, query: &mut Builder) -> Asked {
    let good = query.computed(format!("IFNULL(({}\n), FALSE)", check.condition));
    let unexpected = format!("{meant} AND NOT {good}");
    let mut values = vec![
        ("elements".into(), format!("COUNTIF({meant})")),
        ("evaluated".into(), format!("COUNTIF({meant})")),
        ("unexpected".into(), format!("COUNTIF({unexpected})")),
    ];
    // Which columns it is about is not known: rows are shown by their keys.
    let keys: Vec<_> = scope.fields.iter().filter(|f| query.keys.contains(f)).collect();
    let shown = if keys.is_empty() || query.samples == 0 {
        Shown::Many(Vec::new())
    } else {
        let shape = Shape::Many(keys);
        values.push((
            "sample".into(),
            sample(&unexpected, &shape.sql(scope, &query.keys), query.samples),
        ));
        shape.shown()
    };
    query.over_rows(at, values);
    query.reads_keys();
    Asked::Rows(shown)
}

/// A number of the rows.
pub(super) fn aggregate(at: usize, check: &SqlAggregate, meant: &str, table: &str, query: &mut Builder) -> Reader {
    query.over(
        at,
        format!("{table} AS t WHERE {meant}"),
        vec![
            ("found".into(), format!("CAST(({}\n) AS FLOAT64)", check.expression)),
            // Beside a count, what is no aggregate is an error.
            ("n".into(), "COUNT(*)".into()),
        ],
    );
    let check = check.clone();
    Box::new(move |answer| {
        let zero = (check.no_data == NoData::Zero).then_some(0.0);
        match answer.get("found").and_then(real).or(zero) {
            Some(value) => Ok(Said::new(
                !value.is_nan() && check.range().holds(&value),
                Observed::Cell(Cell::Float(value)),
            )),
            None if check.no_data == NoData::Error => Err(Reason::new(
                "no_data",
                "the expression is NULL; say by no_data what that is to mean".into(),
            )),
            None => Ok(Said::new(false, Observed::Cell(Cell::Null))),
        }
    })
}
