//! Running a plan: a list of the locations of the rows that it selects, which is also its snapshot.

use std::cmp::Ordering;

use super::bind::{Output, Plan, Selected};
use super::eval::{Evaluator, order};
use crate::store::Org;
use crate::store::row::Layout;
use crate::store::table::Location;

/// The rows that a plan selects, in order. `deleted` says whether deleted rows are among them (queryAll).
pub(crate) fn select(org: &Org, plan: &Plan, deleted: bool) -> std::io::Result<Vec<Location>> {
    let with_deleted = deleted || plan.all_rows;
    let sorts = matches!(plan.selected, Selected::Records(_)) && !plan.order_by.is_empty();
    let end = if sorts || matches!(plan.selected, Selected::Aggregates(_)) {
        usize::MAX
    } else {
        plan.limit.map_or(usize::MAX, |l| {
            usize::try_from(l.saturating_add(plan.offset)).unwrap_or(usize::MAX)
        })
    };
    let mut found = candidates(org, plan, with_deleted);
    if let Some(predicate) = &plan.predicate {
        let mut evaluator = Evaluator::new(org);
        let mut reader = org.reader(plan.object);
        let mut layout = Layout::default();
        let mut kept = vec![];
        for location in found {
            if kept.len() >= end {
                break;
            }
            let row = reader.row(location)?;
            layout.parse(row);
            if evaluator.holds(predicate, row, &layout) {
                kept.push(location);
            }
        }
        found = kept;
    }
    if sorts {
        sort(org, plan, &mut found)?;
    }
    if !matches!(plan.selected, Selected::Aggregates(_)) {
        let skip = usize::try_from(plan.offset).unwrap_or(usize::MAX).min(found.len());
        found.drain(..skip);
        if let Some(limit) = plan.limit {
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
    }
    Ok(found)
}

/// What the index alone can tell.
fn candidates(org: &Org, plan: &Plan, with_deleted: bool) -> Vec<Location> {
    let bounds = &plan.bounds;
    let table = org.table(plan.object);
    let fits = |deleted: bool| (with_deleted || !deleted) && bounds.deleted.is_none_or(|wanted| wanted == deleted);
    let (first, last) = bounds.slot;
    // A slot range is usually narrow; entries outside it need not be looked at.
    table
        .entries_from(first, last)
        .filter(|(_, e)| e.stamp >= bounds.stamp.0 && e.stamp < bounds.stamp.1 && fits(e.location.is_deleted()))
        .map(|(_, e)| e.location)
        .collect()
}

fn sort(org: &Org, plan: &Plan, rows: &mut Vec<Location>) -> std::io::Result<()> {
    let mut evaluator = Evaluator::new(org);
    let mut reader = org.reader(plan.object);
    let mut layout = Layout::default();
    let mut keyed = Vec::with_capacity(rows.len());
    for &location in rows.iter() {
        let row = reader.row(location)?;
        layout.parse(row);
        let key: Vec<Vec<u8>> = plan
            .order_by
            .iter()
            .map(|s| evaluator.value(&s.field, row, &layout).into_owned())
            .collect();
        keyed.push((key, location));
    }
    // Stable: rows that are equal stay in the order of their ids.
    keyed.sort_by(|a, b| {
        for (at, sort) in plan.order_by.iter().enumerate() {
            let by = compare(
                sort.field.field().kind,
                &a.0[at],
                &b.0[at],
                sort.descending,
                sort.nulls_last,
            );
            if by != Ordering::Equal {
                return by;
            }
        }
        Ordering::Equal
    });
    *rows = keyed.into_iter().map(|(_, location)| location).collect();
    Ok(())
}

/// The order of two sort keys; null's place does not depend on the direction.
pub(crate) fn compare(kind: crate::schema::Kind, a: &[u8], b: &[u8], descending: bool, nulls_last: bool) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_last => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) if nulls_last => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => {
            let by = order(kind, a, b);
            if descending { by.reverse() } else { by }
        }
    }
}

/// The values of the only field of a query, for semi-joins.
pub(crate) fn column(org: &Org, plan: &Plan) -> Result<Vec<Vec<u8>>, String> {
    let field = match &plan.selected {
        Selected::Records(outputs) => match &outputs[..] {
            [Output::Field(field)] => field.clone(),
            _ => return Err("a semi-join selects exactly one field".into()),
        },
        _ => return Err("a semi-join cannot select aggregates".into()),
    };
    let read = || {
        let rows = select(org, plan, false)?;
        let mut evaluator = Evaluator::new(org);
        let mut reader = org.reader(plan.object);
        let mut layout = Layout::default();
        let mut out = Vec::with_capacity(rows.len());
        for location in rows {
            let row = reader.row(location)?;
            layout.parse(row);
            out.push(evaluator.value(&field, row, &layout).into_owned());
        }
        Ok::<_, std::io::Error>(out)
    };
    read().map_err(|e| e.to_string())
}
