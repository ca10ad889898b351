//! What a transaction changed, as the events that it becomes: changes that are alike share one, as the platform merges them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ChangeType;
use super::encode::{Content, difference};
use crate::check::coerce;
use crate::id;
use crate::schema::{Field, Kind, Object, Schema};
use crate::store::row::Row;

/// The most records that share an event.
const MOST_ALIKE: usize = 200;
/// A shorter text is always sent whole.
const LONG_TEXT: usize = 1000;

/// An event to be.
#[derive(Debug)]
pub(crate) struct Group {
    pub object: usize,
    pub kind: ChangeType,
    pub ids: Vec<String>,
    pub content: Content,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub user: String,
    pub origin: String,
    groups: Vec<Group>,
    alike: HashMap<(usize, ChangeType, Content), usize>,
    seen: HashSet<(usize, u64)>,
}

/// A row before and after a change.
pub(crate) struct Versions<'a> {
    /// `None` for a new row.
    pub before: Option<&'a Row>,
    pub after: &'a Row,
    /// Whether a user did it: then who and when is part of the change.
    pub by_user: bool,
}

impl Transaction {
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// Notes a change of a row.
    pub(crate) fn note(
        &mut self,
        schema: &Schema,
        object: usize,
        slot: u64,
        kind: ChangeType,
        versions: &Versions<'_>,
    ) {
        let content = content(&schema.objects[object], kind, versions);
        let id = id::make_string(&schema.objects[object].prefix, slot);
        // A record's second change in a transaction must not slip before its first.
        let first = self.seen.insert((object, slot));
        let key = (object, kind, content);
        if first
            && let Some(&at) = self.alike.get(&key)
            && self.groups[at].ids.len() < MOST_ALIKE
        {
            self.groups[at].ids.push(id);
            return;
        }
        self.groups.push(Group {
            object,
            kind,
            ids: vec![id],
            content: key.2.clone(),
        });
        self.alike.insert(key, self.groups.len() - 1);
    }

    /// An event without values, as a test orders it.
    pub(crate) fn order(&mut self, object: usize, kind: ChangeType, ids: Vec<String>) {
        self.groups.push(Group {
            object,
            kind,
            ids,
            content: Content::default(),
        });
    }
}

fn content(object: &Object, kind: ChangeType, versions: &Versions<'_>) -> Content {
    let mut content = Content::default();
    let fields = object.fields.iter().filter_map(|f| f.column.map(|c| (f, c)));
    match kind {
        ChangeType::Create | ChangeType::Undelete => {
            for (field, column) in fields {
                put(&mut content.cells, field, column, &versions.after.cells[column]);
            }
        }
        ChangeType::Update => {
            for (field, column) in fields {
                let after = &versions.after.cells[column];
                let before = versions.before.map_or("", |row| row.cells[column].as_str());
                let by_user =
                    versions.by_user && matches!(field.name.as_str(), "LastModifiedDate" | "LastModifiedById");
                if before == after && !by_user {
                    continue;
                }
                content.changed.push(column);
                let long = field.kind == Kind::Textarea && before.len() >= LONG_TEXT && after.len() >= LONG_TEXT;
                match long.then(|| difference(before, after)).flatten() {
                    Some(diff) => {
                        content.diffs.push(column);
                        content.cells.insert(column, diff);
                    }
                    None => put(&mut content.cells, field, column, after),
                }
            }
        }
        _ => {}
    }
    content
}

fn put(cells: &mut BTreeMap<usize, String>, field: &Field, column: usize, cell: &str) {
    let bytes = if field.altered {
        coerce(field, cell.as_bytes())
    } else {
        cell.as_bytes()
    };
    if !bytes.is_empty() {
        cells.insert(column, String::from_utf8_lossy(bytes).into_owned());
    }
}
