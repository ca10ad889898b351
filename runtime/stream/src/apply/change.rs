//! An event bound to the columns of its entity.

use std::borrow::Cow;
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
pub(crate) struct Change<'m> {
    pub record: Cow<'m, str>,
    pub happened: Happened,
    pub position: Position,
    pub at: i64,
    pub transaction: Cow<'m, str>,
    pub origin: Cow<'m, str>,
    pub user: Cow<'m, str>,
    /// The columns that it sets, each once; `None` is NULL.
    pub cells: Vec<(usize, Option<Cell<'m>>)>,
}

impl Change<'_> {
    /// What the current table needs of it, without the message.
    pub fn into_owned(self) -> Change<'static> {
        let cells = self.cells.into_iter();
        Change {
            record: self.record.into_owned().into(),
            happened: self.happened,
            position: self.position,
            at: self.at,
            transaction: Cow::default(),
            origin: Cow::default(),
            user: Cow::default(),
            cells: cells.map(|(place, cell)| (place, cell.map(Cell::into_owned))).collect(),
        }
    }
}

/// What binding an event came to.
#[derive(Debug)]
pub(crate) enum Bound<'m> {
    Change(Change<'m>),
    /// Fields that no column is for, with the types that their values ask for; the columns have to change first.
    Unknown(Vec<(String, BigQueryType)>),
    Poison(Poison),
}

/// Binds an event; `dropped` counts fields that were left out.
pub(crate) fn bind<'m>(event: Event<'m>, columns: &Columns, drift: DriftPolicy, dropped: &mut u64) -> Bound<'m> {
    let mut cells: Vec<(usize, Option<Cell<'m>>)> = Vec::with_capacity(event.fields.len() + 2);
    let mut dropped_here = 0;
    let mut unknown = Vec::new();
    for (field, value) in &event.fields {
        let Some(place) = columns.find(field) else {
            match drift {
                DriftPolicy::Quarantine => {
                    return Bound::Poison(Poison::new("unknown_field", format!("the field {field} has no column")));
                }
                DriftPolicy::Freeze => dropped_here += 1,
                // Of null no type is known, and a missing column reads NULL.
                DriftPolicy::Evolve => {
                    unknown.extend(type_of(value.get()).map(|kind| (field.clone().into_owned(), kind)));
                }
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
        // In the same order, whatever message brings them.
        unknown.sort_by(|(a, _), (b, _)| a.cmp(b));
        return Bound::Unknown(unknown);
    }
    set_once(&mut cells, columns.list.len());
    for place in event.nulled.iter().filter_map(|field| columns.find(field)) {
        if !cells.iter().any(|(set, _)| *set == place) {
            cells.push((place, None));
        }
    }
    *dropped += dropped_here;
    let mut set = |place: Option<usize>, cell: Cell<'m>| {
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
        record: event.record,
        happened: event.happened,
        position: event.position,
        at: event.at,
        transaction: event.transaction,
        origin: event.origin,
        user: event.user,
        cells,
    })
}

/// Of a column that is set more than once, as JSON allows, the last time counts.
fn set_once(cells: &mut Vec<(usize, Option<Cell<'_>>)>, columns: usize) {
    // Mostly they come in the order of the columns, or there are few.
    if cells.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    let mut last = vec![usize::MAX; columns];
    for (at, (place, _)) in cells.iter().enumerate() {
        last[*place] = at;
    }
    let mut at = 0;
    cells.retain(|(place, _)| {
        at += 1;
        last[*place] == at - 1
    });
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

#[cfg(test)]
mod tests {
    use headwater_spec::Mode;

    use super::*;

    fn columns(names: &[&str]) -> Columns {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            field: (*name).to_owned(),
            salesforce_type: String::new(),
            data_type: BigQueryType::String,
            mode: Mode::Nullable,
            description: String::new(),
        };
        Columns::new(names.iter().map(column).collect())
    }

    /// What an update with these fields comes to: `B=2 A=1`, or the fields that have no column.
    fn bound(fields: &str) -> String {
        let fields: Vec<(&str, Box<serde_json::value::RawValue>)> = fields
            .split(' ')
            .filter_map(|field| field.split_once('='))
            .map(|(name, json)| (name, serde_json::from_str(json).expect("json")))
            .collect();
        let event = Event {
            entity: "E".into(),
            record: "r".into(),
            happened: Happened::Update,
            position: Position { commit: 1, sequence: 1 },
            at: 0,
            transaction: Cow::default(),
            origin: Cow::default(),
            user: Cow::default(),
            fields: fields.iter().map(|(name, json)| ((*name).into(), &**json)).collect(),
            nulled: Vec::new(),
        };
        let names = ["A", "B", "C"];
        match bind(event, &columns(&names), DriftPolicy::Evolve, &mut 0) {
            Bound::Change(change) => {
                let cells = change.cells.iter().map(|(place, cell)| {
                    let text = cell.as_ref().map_or("null".into(), Cell::text);
                    format!("{}={text}", names[*place])
                });
                cells.collect::<Vec<_>>().join(" ")
            }
            Bound::Unknown(fields) => {
                let fields: Vec<String> = fields.iter().map(|(field, kind)| format!("{field}:{kind}")).collect();
                format!("unknown {}", fields.join(" "))
            }
            Bound::Poison(poison) => poison.reason,
        }
    }

    #[test]
    fn each_column_is_set_once() {
        for (fields, expected) in [
            ("A=1 C=3", "A=1 C=3"),
            ("C=3 A=1", "C=3 A=1"),
            ("A=1 A=2", "A=2"),
            ("B=1 A=1 B=null C=3", "A=1 B=null C=3"),
            ("Z=1 A=1 Y=true", "unknown Y:BOOL Z:BIGNUMERIC"),
        ] {
            assert_eq!(bound(fields), expected, "{fields}");
        }
    }
}
