//! Ranges of dates and times: from a start, which belongs to it, to an end, which does not; NULL is unbounded.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions>.

use super::Call;
use crate::sql::literal::coerce;
use crate::sql::{Ex, Literal, Result, Translator};
use crate::types::Ty;

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("RANGE", [from, to]) => {
            let item = [from, to].into_iter().map(|e| &e.ty).find(|t| bounds(t)).cloned();
            let item = item.ok_or_else(|| call.no_match(&[]))?;
            let (from, to) = (coerce(from.clone(), &item), coerce(to.clone(), &item));
            if from.ty != item || to.ty != item {
                return Err(call.no_match(&[]));
            }
            let duck = item.duck();
            Ex::new(
                format!(
                    "_headwater.range_of(CAST({} AS {duck}), CAST({} AS {duck}))",
                    from.sql, to.sql
                ),
                Ty::Range(Box::new(item)),
            )
        }
        ("RANGE_START" | "RANGE_END", [range]) => {
            let bound = if call.name == "RANGE_START" { "_lo" } else { "_hi" };
            Ex::new(format!("({}).{bound}", range.sql), item(call, range)?)
        }
        ("RANGE_CONTAINS", [range, value]) => {
            let item = item(call, range)?;
            let value = coerce(value.clone(), &item);
            let function = if value.ty == range.ty {
                "range_covers"
            } else if value.ty == item {
                "range_contains"
            } else {
                return Err(call.no_match(&[]));
            };
            Ex::new(format!("_headwater.{function}({}, {})", range.sql, value.sql), Ty::Bool)
        }
        ("RANGE_OVERLAPS" | "RANGE_INTERSECT", [a, b]) => {
            let known = if matches!(a.ty, Ty::Range(_)) { a } else { b };
            let ty = known.ty.clone();
            item(call, known)?;
            let (a, b) = (null_as(a, &ty), null_as(b, &ty));
            if a.ty != b.ty {
                return Err(call.no_match(&[]));
            }
            let function = call.name.to_lowercase();
            let answer = if call.name == "RANGE_OVERLAPS" { Ty::Bool } else { ty };
            Ex::new(format!("_headwater.{function}({}, {})", a.sql, b.sql), answer)
        }
        ("GENERATE_RANGE_ARRAY", [range, step, rest @ ..]) if rest.len() <= 1 => {
            let item = item(call, range)?;
            if step.ty != Ty::Interval {
                return Err(call.no_match(&[]));
            }
            let series = match item {
                Ty::Date => "date_series",
                _ => "timestamp_series",
            };
            let partial = rest.first().map_or("TRUE", |p| p.sql.as_str());
            let (r, duck, s) = (&range.sql, item.duck(), &step.sql);
            let next = format!("CAST(e + {s} AS {duck})");
            let starts = format!(
                "list_filter(_headwater.{series}(_headwater.bounded(({r})._lo), _headwater.bounded(({r})._hi), {s}), \
                 lambda e: e < ({r})._hi AND ({partial} OR {next} <= ({r})._hi))"
            );
            Ex::new(
                format!("list_transform({starts}, lambda e: struct_pack(_lo := e, _hi := least({next}, ({r})._hi)))"),
                Ty::Array(Box::new(range.ty.clone())),
            )
        }
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

fn bounds(ty: &Ty) -> bool {
    matches!(ty, Ty::Date | Ty::Datetime | Ty::Timestamp)
}

/// What the range is one of.
fn item(call: &Call<'_>, range: &Ex) -> Result<Ty> {
    match &range.ty {
        Ty::Range(item) => Ok((**item).clone()),
        _ => Err(call.no_match(&[])),
    }
}

fn null_as(ex: &Ex, ty: &Ty) -> Ex {
    match ex.literal {
        Some(Literal::Null) => Ex::new(format!("CAST(NULL AS {})", ty.duck()), ty.clone()),
        _ => ex.clone(),
    }
}
