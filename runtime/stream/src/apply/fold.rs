//! The changes of one record, put together in their order: what the MERGE does to its row.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::change::Change;
use super::event::{Happened, Position};

/// What some changes of a record come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Folded<'c> {
    /// The earliest of the changes.
    pub first: Position,
    /// The latest, at which the row stands afterwards.
    pub last: Position,
    /// When the latest happened, microseconds.
    pub at: i64,
    /// When the earliest happened.
    pub since: i64,
    /// Whether the row's columns that are not set become NULL.
    pub whole: bool,
    /// Whether the record is deleted, when the changes say.
    pub deleted: Option<bool>,
    /// The columns that are set.
    pub set: BTreeMap<usize, Option<&'c Cell<'static>>>,
}

/// Puts changes of one record together, whatever their order; the same change twice is once.
pub(crate) fn fold<'c>(changes: impl IntoIterator<Item = &'c Change<'static>>) -> Option<Folded<'c>> {
    let mut changes: Vec<&'c Change<'static>> = changes.into_iter().collect();
    // Of two that claim the same place, the one that came later counts.
    changes.sort_by_key(|change| change.position);
    let first = changes.first()?;
    let last = changes.last()?;
    let mut folded = Folded {
        first: first.position,
        last: last.position,
        at: last.at,
        since: changes.iter().map(|change| change.at).min().unwrap_or(first.at),
        whole: false,
        deleted: None,
        set: BTreeMap::new(),
    };
    for change in changes {
        match change.happened {
            Happened::Create | Happened::Snapshot => {
                folded.set.clear();
                folded.whole = true;
                folded.deleted = Some(false);
            }
            Happened::Undelete => folded.deleted = Some(false),
            Happened::Delete => folded.deleted = Some(true),
            Happened::Update => {}
        }
        for (place, cell) in &change.cells {
            folded.set.insert(*place, cell.as_ref());
        }
    }
    Some(folded)
}
