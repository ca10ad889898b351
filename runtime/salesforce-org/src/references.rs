//! Which rows refer to a record, so that a deletion need not look at every row. What it names may have changed since: who
//! uses it looks at the rows.

use std::collections::{BTreeSet, HashMap};

use crate::schema::{Kind, Object, Schema};
use crate::store::Org;
use crate::store::row::{Layout, Row};

/// For more rows than this it would take too much memory.
const MOST_ROWS: u64 = 400_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// Object and slot by the id that is referred to.
    rows: HashMap<String, BTreeSet<(usize, u64)>>,
}

/// The columns of an object's references to what can be deleted.
fn columns<'s>(schema: &'s Schema, object: &'s Object) -> impl Iterator<Item = usize> + 's {
    let deletable = |name: &String| schema.find(name).is_some_and(|o| schema.objects[o].deletable);
    let fields = object.fields.iter().filter(|f| f.kind == Kind::Reference);
    fields
        .filter(move |f| f.reference_to.iter().any(deletable))
        .filter_map(|f| f.column)
}

impl References {
    /// Those of all rows; `None` when they are too many.
    pub(crate) fn of(org: &Org, schema: &Schema) -> std::io::Result<Option<Self>> {
        let slots = (0..schema.objects.len()).map(|object| org.table(object).slots());
        if slots.sum::<u64>() > MOST_ROWS {
            return Ok(None);
        }
        let mut found = Self::default();
        let mut layout = Layout::default();
        for (number, object) in schema.objects.iter().enumerate() {
            let columns: Vec<usize> = columns(schema, object).collect();
            let entries: Vec<_> = org.table(number).entries().collect();
            let mut reader = org.reader(number);
            for (slot, entry) in entries {
                let bytes = reader.row(entry.location)?;
                layout.parse(bytes);
                for column in &columns {
                    found.add(layout.cell(bytes, *column), number, slot);
                }
            }
        }
        Ok(Some(found))
    }

    fn add(&mut self, target: &[u8], object: usize, slot: u64) {
        if target.is_empty() {
            return;
        }
        let target = String::from_utf8_lossy(target).into_owned();
        self.rows.entry(target).or_default().insert((object, slot));
    }

    /// A row that is written.
    pub(crate) fn note(&mut self, schema: &Schema, object: usize, slot: u64, row: &Row) {
        for column in columns(schema, &schema.objects[object]) {
            self.add(row.cells[column].as_bytes(), object, slot);
        }
    }

    /// The slots of an object's rows that may refer to one of these ids, each once, in their order.
    pub(crate) fn to<'i>(&self, object: usize, ids: impl IntoIterator<Item = &'i String>) -> BTreeSet<u64> {
        let rows = ids.into_iter().filter_map(|id| self.rows.get(id));
        rows.flat_map(|rows| rows.range((object, 0)..(object + 1, 0)).map(|(_, slot)| *slot))
            .collect()
    }
}
