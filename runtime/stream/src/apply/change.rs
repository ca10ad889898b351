//! An event bound to the columns of its entity.

use std::collections::HashMap;

use headwater_spec::{BigQueryType, Column, DriftPolicy};

use super::cell::Cell;
use super::decode::Poison;
use super::event::{Event, Happened, Position};

/// The columns of an entity as its tables have them now.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    list: Vec<Column>,
    by_field: HashMap<String, usize>,
    id: Option<usize>,
    deleted: Option<usize>,
}

impl Columns {
    pub fn new(list: Vec<Column>) -> Self {
        let by_field: HashMap<String, usize> = list
            .iter()
            .enumerate()
            .map(|(place, column)| (column.field.clone(), place))
            .collect();
        // Salesforce's events have neither of the two among their fields, and say both otherwise.
        let salesforce = |name: &str| {
            by_field
                .get(name)
                .copied()
                .filter(|place| !list[*place].salesforce_type.is_empty())
        };
        Self {
            id: salesforce("Id"),
            deleted: salesforce("IsDeleted"),
            by_field,
            list,
        }
    }

    pub fn list(&self) -> &[Column] {
        &self.list
    }

    fn find(&self, field: &str) -> Option<usize> {
        self.by_field.get(field).copied()
    }
}

/// A change of one record, its values in the columns' types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub record: String,
    pub happened: Happened,
    pub position: Position,
    pub at: i64,
    pub transaction: String,
    pub origin: String,
    pub user: String,
    /// The columns that it sets, each once; `None` is NULL.
    pub cells: Vec<(usize, Option<Cell>)>,
}

/// What binding an event came to.
#[derive(Debug)]
pub(crate) enum Bound {
    Change(Change),
    /// Fields that no column is for, with the types that their values ask for; the columns have to change first.
    Unknown(Vec<(String, BigQueryType)>),
    Poison(Poison),
}

/// Binds an event; `dropped` counts fields that were left out.
pub(crate) fn bind(event: &Event, columns: &Columns, drift: DriftPolicy, dropped: &mut u64) -> Bound {
    let mut cells: Vec<(usize, Option<Cell>)> = Vec::with_capacity(event.fields.len() + 2);
    let mut unknown = Vec::new();
    for (field, value) in &event.fields {
        let Some(place) = columns.find(field) else {
            match drift {
                DriftPolicy::Quarantine => {
                    return Bound::Poison(Poison::new("unknown_field", format!("the field {field} has no column")));
                }
                DriftPolicy::Freeze => *dropped += 1,
                // Of null no type is known, and a missing column reads NULL.
                DriftPolicy::Evolve => unknown.extend(type_of(value.get()).map(|kind| (field.clone(), kind))),
            }
            continue;
        };
        match Cell::read(value.get(), columns.list[place].data_type) {
            // In a whole record, what is not set is null.
            Ok(None) if event.happened.is_whole() => {}
            Ok(cell) => cells.push((place, cell)),
            Err(why) => {
                let data_type = columns.list[place].data_type;
                let reason = format!("the value of {field} cannot be {data_type}: {why}");
                return Bound::Poison(Poison::new("value", reason));
            }
        }
    }
    if !unknown.is_empty() {
        return Bound::Unknown(unknown);
    }
    for place in event.nulled.iter().filter_map(|field| columns.find(field)) {
        if !cells.iter().any(|(set, _)| *set == place) {
            cells.push((place, None));
        }
    }
    let mut set = |place: Option<usize>, cell: Cell| {
        if let Some(place) = place.filter(|place| !cells.iter().any(|(set, _)| set == place)) {
            cells.push((place, Some(cell)));
        }
    };
    set(columns.id, Cell::Text(event.record.clone()));
    match event.happened {
        Happened::Create | Happened::Snapshot | Happened::Undelete => set(columns.deleted, Cell::Bool(false)),
        Happened::Delete => set(columns.deleted, Cell::Bool(true)),
        Happened::Update => {}
    }
    Bound::Change(Change {
        record: event.record.clone(),
        happened: event.happened,
        position: event.position,
        at: event.at,
        transaction: event.transaction.clone(),
        origin: event.origin.clone(),
        user: event.user.clone(),
        cells,
    })
}

/// The type of a new column by a value of it: the widest of its kind, because one value does not tell.
fn type_of(json: &str) -> Option<BigQueryType> {
    match json.trim().bytes().next()? {
        b'n' => None,
        b't' | b'f' => Some(BigQueryType::Bool),
        b'-' | b'0'..=b'9' => Some(BigQueryType::BigNumeric),
        _ => Some(BigQueryType::String),
    }
}
